//! Closed sets of words, for the API's description alone.
//!
//! A field holds a word of the domain as text; its schema is one of these, so that typed clients
//! know which words there are. The API's tests compare them with the domain's own.
//!
//! Not here: what the words mean (`access`, `ledger`, `memory`, `vocab`).

use std::borrow::Cow;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, schema::Schema, schema::Type},
};

macro_rules! words {
    ($($(#[doc = $doc:literal])+ $name:ident: $($word:literal),+;)+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug)]
        pub enum $name {}

        impl $name {
            /// The words, in the domain's order.
            pub const ALL: &[&str] = &[$($word),+];
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let text = concat!($($doc),+).trim();
                let words = ObjectBuilder::new().schema_type(Type::String);
                words.enum_values(Some($name::ALL.iter().copied())).description(Some(text)).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    )+};
}

words! {
    /// What a user is.
    Role: "student", "subscriber", "admin", "service";
    /// What an API key may do.
    Scope: "usage:read", "usage:write", "memory", "llm", "admin", "act_as", "services";
    /// What an operator, or a user with his own account, did.
    AuditAction: "create_user", "set_tier", "set_role", "set_disabled", "set_password",
        "end_sessions", "create_key", "revoke_key", "put_tier", "put_override", "remove_override",
        "erase_memories";
    /// The stretch of time over which a limit sums; `lifetime` is that of levels.
    Window: "hour", "day", "week", "month", "lifetime";
    /// What an entry says.
    EntryKind: "record", "correction", "reserve", "extend", "settle", "release", "expire",
        "threshold";
    /// A mark on an entry or a decision.
    Flag: "overage", "excess", "unheld", "late", "final", "charge_on_expiry", "enforced";
    /// Where a reservation stands.
    ReservationStatus: "open", "settled", "released", "expired", "settled_late";
    /// What became of an event.
    EventStatus: "accepted", "replayed", "rejected";
    /// What became of a memory of a bulk.
    BulkStatus: "stored", "replayed", "rejected";
    /// What a memory is.
    MemoryType: "lesson", "task", "conversation", "error", "reflection", "achievement";
    /// How it went.
    Outcome: "success", "failure", "neutral";
    /// How long a memory is kept.
    MemoryTier: "stm", "itm", "ltm";
    /// How memories are looked for.
    SearchMode: "semantic", "keyword", "hybrid";
    /// Whether commands are accepted.
    HealthStatus: "ok", "read_only";
    /// What a probe finds.
    ProbeStatus: "ok", "not ready";
    /// How a service or provider is: `down` while calls fail or are refused for it, `unknown`
    /// before the first call.
    UpstreamStatus: "unknown", "up", "down";
}
