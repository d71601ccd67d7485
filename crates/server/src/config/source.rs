//! Where the configuration comes from, and what is said when it is wrong.
//!
//! Invariant: a message names the key and who set it, and never shows the value of a secret.

use super::Config;
use anyhow::{Context, anyhow, bail};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
};
use toml::{Table, Value};

/// The file that is read if it is there and no other is named.
const DEFAULT_FILE: &str = "novacore.toml";
/// What the names of our environment begin with.
const PREFIX: &str = "NOVACORE_";
/// Names of the environment that need no section.
const SHORT: [(&str, &str, &str); 10] = [
    ("NOVACORE_DATA_DIR", "store", "data_dir"),
    ("NOVACORE_LISTEN", "server", "listen"),
    ("NOVACORE_DATABASE_URL", "store", "database_url"),
    ("NOVACORE_JWT_SECRET", "auth", "jwt_secret"),
    ("NOVACORE_REFRESH_SECRET", "auth", "refresh_secret"),
    ("NOVACORE_SERVICE_TOKEN", "auth", "service_token"),
    ("NOVACORE_ADMIN_EMAIL", "auth", "admin_email"),
    ("NOVACORE_ADMIN_PASSWORD", "auth", "admin_password"),
    ("NOVACORE_MODELS_DIR", "embedder", "models_dir"),
    ("NOVACORE_EMBEDDER_KEY", "embedder", "key"),
];
/// So near to one of those a name is a slip. Others may be meant for somebody else: a cluster sets
/// `NOVACORE_PORT` and the like for a service that is called novacore.
const SLIP_LETTERS_MAX: usize = 2;
/// Keys whose values are never shown.
pub(super) const SECRETS: [&str; 6] = [
    "store.database_url",
    "auth.jwt_secret",
    "auth.refresh_secret",
    "auth.service_token",
    "auth.admin_password",
    "embedder.key",
];

/// What flags of the command line may set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flags {
    pub(crate) config: Option<PathBuf>,
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) listen: Option<String>,
    pub(crate) database_url: Option<String>,
    pub(crate) require_embedder: bool,
}

/// Reads file, environment and flags, the later ones before the earlier ones.
pub(crate) fn load(flags: &Flags) -> anyhow::Result<Config> {
    let default = Path::new(DEFAULT_FILE);
    let path = flags.config.as_deref().or_else(|| default.exists().then_some(default));
    let text = match path {
        Some(path) => std::fs::read_to_string(path).with_context(|| path.display().to_string())?,
        None => String::new(),
    };
    let name = path.unwrap_or(default).display().to_string();
    merge(&name, &text, std::env::vars_os(), flags)
}

/// A variable whose name an operator has configured.
pub(super) fn variable(name: &str) -> Option<String> {
    std::env::vars_os().find_map(|(known, value)| {
        (known.to_str() == Some(name)).then(|| value.into_string().ok()).flatten()
    })
}

/// The configuration of these sources.
fn merge(
    name: &str,
    text: &str,
    environment: impl Iterator<Item = (OsString, OsString)>,
    flags: &Flags,
) -> anyhow::Result<Config> {
    let table = parse(text).map_err(|why| anyhow!("{name}: {why}"))?;
    let mut layers = Layers { file: name.to_owned(), table, origins: BTreeMap::new() };
    for (name, value) in environment {
        // A name that is not text is none of ours.
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        if let Some((section, key)) = key_of(name)? {
            let Ok(value) = value.into_string() else { bail!("{name}: must be UTF-8") };
            layers.set(name, &section, &key, typed(&section, &key, value))?;
        }
    }
    let data_dir = flags.data_dir.as_ref().map(|path| path.to_string_lossy().into_owned());
    for (flag, section, key, value) in [
        ("--data-dir", "store", "data_dir", &data_dir),
        ("--listen", "server", "listen", &flags.listen),
        ("--database-url", "store", "database_url", &flags.database_url),
    ] {
        if let Some(value) = value {
            layers.set(flag, section, key, Value::String(value.clone()))?;
        }
    }
    if flags.require_embedder {
        layers.set("--require-embedder", "embedder", "required", Value::Boolean(true))?;
    }
    layers.read()
}

/// The table of a file. The parser's own message would show the line, and with it a secret.
fn parse(text: &str) -> Result<Table, String> {
    text.parse::<Table>().map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        format!("line {line}: {}", error.message())
    })
}

/// The section and key that a name of the environment stands for, if it is one of ours.
fn key_of(name: &str) -> anyhow::Result<Option<(String, String)>> {
    if let Some((_, section, key)) = SHORT.iter().find(|(short, ..)| *short == name) {
        return Ok(Some(((*section).to_owned(), (*key).to_owned())));
    }
    if let Some(path) = name.strip_prefix("NOVACORE__") {
        let both = path.to_ascii_lowercase();
        let (section, key) = both
            .split_once("__")
            .with_context(|| format!("{name}: must be NOVACORE__SECTION__KEY"))?;
        return Ok(Some((section.to_owned(), key.to_owned())));
    }
    let near = SHORT.iter().map(|(short, ..)| (strsim::damerau_levenshtein(name, short), short));
    match near.min() {
        Some((letters, short)) if letters <= SLIP_LETTERS_MAX => {
            bail!("unknown variable {name}; did you mean {short}?")
        }
        _ => Ok(None),
    }
}

/// A value of the environment: a number, truth or list where the key takes one, else text. A
/// password of digits stays text.
fn typed(section: &str, key: &str, text: String) -> Value {
    let parsed = format!("value = {text}").parse::<Table>().ok();
    let Some(value) = parsed.and_then(|mut table| table.remove("value")) else {
        return Value::String(text);
    };
    let inner = Table::from_iter([(key.to_owned(), value.clone())]);
    let table = Table::from_iter([(section.to_owned(), Value::Table(inner))]);
    if Config::deserialize(table).is_ok() { value } else { Value::String(text) }
}

/// What the sources have said so far, and who has said it.
struct Layers {
    file: String,
    table: Table,
    /// Who set a key, unless the file did.
    origins: BTreeMap<String, String>,
}

impl Layers {
    fn set(&mut self, origin: &str, section: &str, key: &str, value: Value) -> anyhow::Result<()> {
        let empty = || Value::Table(Table::new());
        let entry = self.table.entry(section.to_owned()).or_insert_with(empty);
        let Value::Table(table) = entry else { bail!("{section}: must be a table") };
        table.insert(key.to_owned(), value);
        self.origins.insert(format!("{section}.{key}"), origin.to_owned());
        Ok(())
    }

    fn read(self) -> anyhow::Result<Config> {
        serde_path_to_error::deserialize(self.table).map_err(|error| {
            let path = error.path().to_string();
            let told = error.inner().to_string();
            // What follows the first line repeats the path.
            let told = told.lines().next().unwrap_or_default();
            let (key, why) = explain(&path, told);
            let set_by = self.origins.iter().find(|(set, _)| {
                // A slip in a section's name is told of the section.
                **set == key || set.starts_with(&format!("{key}."))
            });
            let origin = set_by.map_or(&self.file, |(_, origin)| origin);
            anyhow!("{origin}: {why}")
        })
    }
}

/// The key that is wrong, and what is wrong with it: with the nearest known key if it is unknown.
fn explain(path: &str, told: &str) -> (String, String) {
    if SECRETS.contains(&path) || path.ends_with(".api_key") {
        return (path.to_owned(), format!("{path}: must be text in quotes"));
    }
    let mut quoted = told.split('`').skip(1).step_by(2);
    let unknown = if told.starts_with("unknown field") { quoted.next() } else { None };
    let Some(unknown) = unknown else { return (path.to_owned(), format!("{path}: {told}")) };
    let parent = path.strip_suffix(unknown).unwrap_or(path).trim_end_matches('.');
    let within = |key: &str| match parent {
        "" => key.to_owned(),
        parent => format!("{parent}.{key}"),
    };
    let key = within(unknown);
    let near = quoted.min_by_key(|known| strsim::damerau_levenshtein(unknown, known));
    let hint = near.map(|near| format!("; did you mean {}?", within(near))).unwrap_or_default();
    let why = format!("unknown key {key}{hint}");
    (key, why)
}

#[cfg(test)]
mod tests {
    use super::{super::policy_of, *};

    fn load(file: &str, environment: &[(&str, &str)], flags: &Flags) -> Result<Config, String> {
        let pairs = environment.iter().map(|(name, value)| (name.into(), value.into()));
        merge("novacore.toml", file, pairs, flags).map_err(|error| format!("{error:#}"))
    }

    /// What is said of this file and this variable, given as `NAME=value` or not at all.
    fn check_error(file: &str, variable: &str, want: &str) {
        let environment: Vec<_> = variable.split_once('=').into_iter().collect();
        let error = load(file, &environment, &Flags::default()).expect_err(want);
        assert_eq!(error, want);
    }

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_file() {
        let file = "[server]\nlisten = \"127.0.0.1:1\"\ndrain_seconds = 5\n";
        let environment = [("NOVACORE_LISTEN", "127.0.0.1:2")];
        let none = Flags::default();
        let flags = Flags { listen: Some("127.0.0.1:3".into()), ..Flags::default() };
        let port = |config: Config| config.server.listen.port();
        assert_eq!(port(load("", &[], &none).unwrap()), 8080);
        assert_eq!(port(load(file, &[], &none).unwrap()), 1);
        assert_eq!(port(load(file, &environment, &none).unwrap()), 2);
        assert_eq!(port(load(file, &environment, &flags).unwrap()), 3);
        let sections = [("NOVACORE__SERVER__DRAIN_SECONDS", "7"), ("NOVACORE__LOG__LEVEL", "warn")];
        let config = load(file, &sections, &none).unwrap();
        assert_eq!((config.server.drain_seconds, config.log.level.as_str()), (7, "warn"));
    }

    #[test]
    fn a_key_decides_whether_a_variable_is_text() {
        let environment = [
            ("NOVACORE__AUTH__ADMIN_PASSWORD", "12345678"),
            ("NOVACORE__AUTH__ADMIN_EMAIL", "true"),
            ("NOVACORE__SERVER__TRUSTED_PROXIES", "[\"10.0.0.1\"]"),
            ("NOVACORE_SERVICE_HOST", "10.0.0.2"),
        ];
        let config = load("", &environment, &Flags::default()).unwrap();
        assert_eq!(config.auth.admin_email, "true");
        assert!(config.auth.admin_password.is_some());
        assert_eq!(config.server.trusted_proxies.len(), 1);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_key_and_who_set_it() {
        for (file, variable, want) in [
            (
                "[server]\nlisten_on = \"x\"",
                "",
                "novacore.toml: unknown key server.listen_on; did you mean server.listen?",
            ),
            (
                "[serve]\nlisten = \"x\"",
                "",
                "novacore.toml: unknown key serve; did you mean server?",
            ),
            (
                "",
                "NOVACORE__AUTH__TRAIL_DAYS=3",
                "NOVACORE__AUTH__TRAIL_DAYS: unknown key auth.trail_days; did you mean \
                 auth.trial_days?",
            ),
            (
                "",
                "NOVACORE__AUHT__TRIAL_DAYS=3",
                "NOVACORE__AUHT__TRIAL_DAYS: unknown key auht; did you mean auth?",
            ),
            (
                "",
                "NOVACORE_LISTN=x",
                "unknown variable NOVACORE_LISTN; did you mean NOVACORE_LISTEN?",
            ),
            ("", "NOVACORE__LISTEN=x", "NOVACORE__LISTEN: must be NOVACORE__SECTION__KEY"),
            (
                "[tiers.basic.limits.llm_tokens]\ncapp = 1",
                "",
                "novacore.toml: unknown key tiers.basic.limits.llm_tokens.capp; did you mean \
                 tiers.basic.limits.llm_tokens.cap?",
            ),
            (
                "[[upstreams]]\nprefx = \"/x\"",
                "",
                "novacore.toml: unknown key upstreams[0].prefx; did you mean upstreams[0].prefix?",
            ),
            (
                "[[upstreams]]\nprefix = \"/x\"\nurl = 5",
                "",
                "novacore.toml: upstreams[0].url: invalid type: integer `5`, expected a URL or an \
                 array of URLs",
            ),
            (
                "",
                "NOVACORE_LISTEN=here",
                "NOVACORE_LISTEN: server.listen: invalid socket address syntax",
            ),
        ] {
            check_error(file, variable, want);
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let environment =
            [("NOVACORE_JWT_SECRET", "hush-hush"), ("NOVACORE_ADMIN_PASSWORD", "hush")];
        let config = load("", &environment, &Flags::default()).unwrap();
        assert!(!format!("{config:?}").contains("hush"));
        for (file, want) in [
            ("[auth]\njwt_secret = 4711", "auth.jwt_secret: must be text in quotes"),
            ("\n[auth]\njwt_secret = hush", "line 3: "),
            ("\n[auth]\njwt_secret = \"hush", "line 3: "),
        ] {
            let error = load(file, &[], &Flags::default()).unwrap_err();
            assert!(error.starts_with(&format!("novacore.toml: {want}")), "{error}");
            assert!(!error.contains("hush") && !error.contains("4711"), "{error}");
        }
    }

    #[test]
    fn tiers_and_resources_of_the_operator_join_the_built_in_ones() {
        let file = "[[resources]]\nname = \"images\"\nkind = \"flow\"\nunit = \"images\"\n\
            [tiers.free_trial.limits.images]\ncap = 20\nwindow = \"day\"\nmode = \"hard\"\nwarn_at = [80, 100]\n\
            [[tiers.team.limits.llm_tokens]]\nname = \"burst\"\ncap = 10\nwindow = \"hour\"\n\
            [[tiers.team.limits.llm_tokens]]\nname = \"month\"\ncap = -1\nwindow = \"month\"\nmode = \"soft\"\n";
        let config = load(file, &[], &Flags::default()).unwrap();
        let policy = policy_of(&config).unwrap();
        let names: Vec<_> = policy.tiers().iter().map(|tier| tier.name.to_string()).collect();
        assert_eq!(names, ["free_trial", "basic", "pro", "team"]);
        let bad = "[tiers.basic.limits.nope]\ncap = 1\nwindow = \"day\"\n";
        let config = load(bad, &[], &Flags::default()).unwrap();
        let error = policy_of(&config).unwrap_err().to_string();
        assert_eq!(error, "tier basic: unknown resource nope");
    }
}
