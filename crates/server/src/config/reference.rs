//! The reference of all keys: what `docs/reference/config.md` is made of.

use super::{Config, gateway::Unbounded};
use secrecy::SecretString;

/// Key, and what it means.
pub(crate) const KEYS: [(&str, &str); 57] = [
    ("server.listen", "Address and port for everyone. Loopback only by default."),
    (
        "server.internal_listen",
        "Address for calls between services alone. Unset: they share `listen`.",
    ),
    ("server.trusted_proxies", "Addresses whose `X-Forwarded-For` is believed."),
    (
        "server.cors_origins",
        "Origins like `https://app.example.com` whose pages may read answers. Never `*`.",
    ),
    ("server.drain_seconds", "How long requests may take to finish after SIGTERM."),
    ("server.connections_max", "Most connections at once; more wait to be accepted."),
    (
        "server.head_seconds",
        "How long a client may take to send a request's head, and its first request at all.",
    ),
    ("server.request_seconds", "How long a request may take until its answer begins."),
    ("store.data_dir", "Folder of the ledger."),
    ("store.accounts_max", "Accounts kept in memory, and likewise users and keys."),
    (
        "store.free_bytes_min",
        "Below this many free bytes on the disk, writes are refused with 503.",
    ),
    (
        "store.key_filter_bytes_max",
        "Memory for the filters of the idempotency key index, in bytes.",
    ),
    (
        "store.database_url",
        "PostgreSQL instead of the data directory: see [PostgreSQL](../guides/postgresql.md).",
    ),
    (
        "store.connections_max",
        "PostgreSQL: most connections of a node, besides one for each lane and one that listens.",
    ),
    ("store.lanes", "PostgreSQL: transactions with usage that a node has in flight at once."),
    (
        "store.clock_offset_ms_max",
        "PostgreSQL: so far off the database's clock, a node refuses writes with 503.",
    ),
    (
        "store.distribution",
        "PostgreSQL: `citus` where `migrate` shall spread the tables over shards, see \
         [Citus](../guides/citus.md).",
    ),
    (
        "store.retain_months",
        "PostgreSQL: whole months before the present one that stay in the ledger, at least 15; older \
         ones are [detached](../guides/postgresql.md#old-months). Unset: all stay.",
    ),
    ("auth.access_ttl_seconds", "Life of an access token."),
    ("auth.trial_days", "Length of the trial that a new user is shown."),
    ("auth.first_tier", "The tier of a new user."),
    (
        "auth.jwt_secret",
        "Signs access tokens (HS256), at least 32 bytes. Unset: made once and kept; on PostgreSQL \
         it must be set, and be the same on all nodes.",
    ),
    (
        "auth.refresh_secret",
        "Makes refresh tokens; shared with no other service. Otherwise likewise.",
    ),
    ("auth.service_token", "What services show, at least 32 bytes. Otherwise likewise."),
    ("auth.admin_email", "The first administrator, made at the first start."),
    ("auth.admin_password", "His password. Unset: made and printed once."),
    ("auth.login_per_address_burst", "Logins at once from one client address."),
    ("auth.login_per_address_seconds", "Seconds until one more; 0 lifts the limit."),
    ("auth.login_per_email_burst", "Logins at once to one e-mail address, from wherever."),
    ("auth.login_per_email_seconds", "Seconds until one more; 0 lifts the limit."),
    ("auth.register_per_address_burst", "Registrations at once from one client address."),
    ("auth.register_per_address_seconds", "Seconds until one more; 0 lifts the limit."),
    (
        "gateway.hold_step",
        "By how many tokens of output a hold grows, of a call without a maximum.",
    ),
    ("gateway.hold_seconds", "Life of a call's hold that is not renewed, after a crash."),
    ("gateway.clamp", "Whether a stated maximum that does not fit is lowered to what does."),
    (
        "gateway.unbounded_input",
        "Input that is not in the body: `refuse` (422) or `hold_context_window`.",
    ),
    ("gateway.body_bytes_max", "Longest body of a call of a model."),
    (
        "gateway.bodies_bytes_max",
        "Longest bodies of all calls under way; one more is answered with 503.",
    ),
    ("gateway.body_seconds", "How long it may take to arrive."),
    (
        "gateway.stall_seconds",
        "How long a caller may read nothing of a stream before it breaks off for him.",
    ),
    (
        "gateway.hang_up_seconds",
        "How long an answer is read on, for its usage, after the caller has gone.",
    ),
    ("gateway.calls_max", "Most calls of models at once; one more is answered with 503."),
    ("gateway.calls_per_user_max", "Likewise of one user, answered with 429."),
    (
        "memory.index_bytes_max",
        "Memory for the indexes of those users who searched their memories last, in bytes.",
    ),
    (
        "embedder.kind",
        "`local`, `remote` or `none`: what [embeds memories](../guides/embedders.md).",
    ),
    ("embedder.required", "Whether the server stays down without it: `--require-embedder`."),
    ("embedder.meter", "Whether the tokens that it reads are charged as `llm_tokens`."),
    ("embedder.models_dir", "Local: the folder that `make models` fills."),
    ("embedder.url", "Remote: what `/embeddings` follows, such as `https://api.openai.com/v1`."),
    ("embedder.key", "Remote: sent as `Authorization: Bearer`."),
    ("embedder.model", "Remote: the model as the endpoint knows it."),
    ("embedder.dimensions", "Remote and none: dimensions of vectors; others are refused."),
    (
        "embedder.ask_dimensions",
        "Remote: whether vectors of these dimensions are asked for, of a model that can shorten \
         them.",
    ),
    ("embedder.text_bytes_max", "Remote: most bytes of a text that are sent; the rest is cut off."),
    ("embedder.ca_file", "Remote: whom to believe over TLS instead of the system's authorities."),
    ("log.format", "`pretty` or `json`."),
    ("log.level", "A tracing filter, such as `info` or `novacore=debug`."),
];

/// The reference as Markdown.
pub(crate) fn reference() -> String {
    let defaults = Config::default();
    let mut text = String::from(
        "# Configuration\n\n\
         Made by `novacore config --reference`; do not edit.\n\n\
         Values come from `novacore.toml` (or `--config FILE`), then the environment, then flags; the later win. In the\n\
         environment a key is `NOVACORE__SECTION__KEY`. Shorter names: `NOVACORE_DATA_DIR`, `NOVACORE_LISTEN`, `NOVACORE_DATABASE_URL`,\n\
         `NOVACORE_JWT_SECRET`, `NOVACORE_REFRESH_SECRET`, `NOVACORE_SERVICE_TOKEN`, `NOVACORE_ADMIN_EMAIL`, `NOVACORE_ADMIN_PASSWORD`,\n\
         `NOVACORE_MODELS_DIR`, `NOVACORE_EMBEDDER_KEY`.\n\
         An unknown key is an error. Resources and tiers are described in [limits](../guides/limits.md),\n\
         upstreams in [gateway](../guides/gateway.md), providers and models in [calls of models](../guides/models.md).\n\n\
         | key | default | meaning |\n|---|---|---|\n",
    );
    for (key, meaning) in KEYS {
        let value = value_of(&defaults, key);
        text.push_str(&format!("| `{key}` | {value} | {meaning} |\n"));
    }
    text
}

/// The value of a key as shown: secrets masked, what is unset empty.
pub(crate) fn value_of(config: &Config, key: &str) -> String {
    let secret = |value: &Option<SecretString>| match value {
        Some(_) => "`***`".to_owned(),
        None => String::new(),
    };
    let text = |value: &dyn std::fmt::Display| format!("`{value}`");
    match key {
        "server.listen" => text(&config.server.listen),
        "server.internal_listen" => {
            config.server.internal_listen.map_or_else(String::new, |address| text(&address))
        }
        "server.trusted_proxies" => format!("`{:?}`", config.server.trusted_proxies),
        "server.cors_origins" => format!("`{:?}`", config.server.cors_origins),
        "server.drain_seconds" => text(&config.server.drain_seconds),
        "server.connections_max" => text(&config.server.connections_max),
        "server.head_seconds" => text(&config.server.head_seconds),
        "server.request_seconds" => text(&config.server.request_seconds),
        "store.data_dir" => text(&config.store.data_dir.display()),
        "store.accounts_max" => text(&config.store.accounts_max),
        "store.free_bytes_min" => text(&config.store.free_bytes_min),
        "store.key_filter_bytes_max" => text(&config.store.key_filter_bytes_max),
        "store.database_url" => secret(&config.store.database_url),
        "store.connections_max" => text(&config.store.connections_max),
        "store.lanes" => text(&config.store.lanes),
        "store.clock_offset_ms_max" => text(&config.store.clock_offset_ms_max),
        "store.distribution" => format!("`{:?}`", config.store.distribution).to_lowercase(),
        "store.retain_months" => {
            config.store.retain_months.map_or_else(String::new, |months| text(&months))
        }
        "auth.access_ttl_seconds" => text(&config.auth.access_ttl_seconds),
        "auth.trial_days" => text(&config.auth.trial_days),
        "auth.first_tier" => text(&config.auth.first_tier),
        "auth.jwt_secret" => secret(&config.auth.jwt_secret),
        "auth.refresh_secret" => secret(&config.auth.refresh_secret),
        "auth.service_token" => secret(&config.auth.service_token),
        "auth.admin_email" => text(&config.auth.admin_email),
        "auth.admin_password" => secret(&config.auth.admin_password),
        "auth.login_per_address_burst" => text(&config.auth.login_per_address_burst),
        "auth.login_per_address_seconds" => text(&config.auth.login_per_address_seconds),
        "auth.login_per_email_burst" => text(&config.auth.login_per_email_burst),
        "auth.login_per_email_seconds" => text(&config.auth.login_per_email_seconds),
        "auth.register_per_address_burst" => text(&config.auth.register_per_address_burst),
        "auth.register_per_address_seconds" => text(&config.auth.register_per_address_seconds),
        "gateway.hold_step" => text(&config.gateway.hold_step),
        "gateway.hold_seconds" => text(&config.gateway.hold_seconds),
        "gateway.clamp" => text(&config.gateway.clamp),
        "gateway.unbounded_input" => match config.gateway.unbounded_input {
            Unbounded::Refuse => text(&"refuse"),
            Unbounded::HoldContextWindow => text(&"hold_context_window"),
        },
        "gateway.body_bytes_max" => text(&config.gateway.body_bytes_max),
        "gateway.bodies_bytes_max" => text(&config.gateway.bodies_bytes_max),
        "gateway.body_seconds" => text(&config.gateway.body_seconds),
        "gateway.stall_seconds" => text(&config.gateway.stall_seconds),
        "gateway.hang_up_seconds" => text(&config.gateway.hang_up_seconds),
        "gateway.calls_max" => text(&config.gateway.calls_max),
        "gateway.calls_per_user_max" => text(&config.gateway.calls_per_user_max),
        "memory.index_bytes_max" => text(&config.memory.index_bytes_max),
        key if key.starts_with("embedder.") => {
            config.embedder.shown(key.trim_start_matches("embedder."))
        }
        "log.format" => format!("`{:?}`", config.log.format).to_lowercase(),
        "log.level" => text(&config.log.level),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::source::SECRETS, *};

    #[test]
    fn every_key_is_described_and_shown() {
        let config = Config::default();
        let unset = |key: &str| {
            [
                "server.internal_listen",
                "store.retain_months",
                "embedder.url",
                "embedder.model",
                "embedder.ca_file",
            ]
            .contains(&key)
                || SECRETS.contains(&key)
        };
        for (key, _) in KEYS {
            assert_eq!(value_of(&config, key).is_empty(), unset(key), "{key}");
        }
        for section in ["server", "store", "auth", "gateway", "memory", "embedder", "log"] {
            let error = toml::from_str::<Config>(&format!("[{section}]\nno_key = 1"));
            let error = error.expect_err("an unknown key");
            // The message lists every key that there is.
            for key in error.message().split('`').skip(1).step_by(2).skip(1) {
                let key = format!("{section}.{key}");
                assert!(KEYS.iter().any(|(described, _)| *described == key), "{key}");
            }
        }
    }

    #[test]
    fn the_reference_in_the_docs_is_this_one() {
        let kept = include_str!("../../../../docs/reference/config.md");
        assert_eq!(
            kept,
            reference(),
            "run `novacore config --reference > docs/reference/config.md`"
        );
    }
}
