//! Identifiers that cannot be mixed up.

use crate::Timestamp;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr, sync::Arc};
use thiserror::Error;
use uuid::Uuid;

/// Longest idempotency key, in characters.
pub const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;
const NAME_BYTES_MAX: usize = 64;

/// Text that is not the identifier it should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum IdError {
    /// Not a UUID.
    #[error("not a UUID")]
    NotUuid,
    /// Not a reservation id as issued.
    #[error("not a reservation id")]
    NotHold,
    /// A name must be 1..=64 characters of a-z, 0-9 and _, starting with a letter.
    #[error("a name is 1 to 64 characters of a-z, 0-9 and _, starting with a letter")]
    NotName,
    /// An idempotency key must have 1..=255 characters, none of them a control character.
    #[error("an idempotency key has 1 to 255 characters and no control characters")]
    NotKey,
    /// A model's name must be 1..=128 visible ASCII characters.
    #[error("the name of a model has 1 to 128 visible ASCII characters")]
    NotModel,
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::try_parse(text).map($name).map_err(|_| IdError::NotUuid)
            }
        }
    };
}

uuid_id!(
    /// A user: the subject of every token and the owner of every entry.
    UserId
);
uuid_id!(
    /// An organisation; a personal user is its own.
    OrgId
);
uuid_id!(
    /// An API key; not secret.
    KeyId
);
uuid_id!(
    /// A session: one sign-in and the refresh tokens that follow from it.
    SessionId
);
uuid_id!(
    /// A memory that an application stored for its user.
    MemoryId
);

/// Longest name of a model of embeddings, in bytes.
pub const MODEL_BYTES_MAX: usize = 128;

/// The model that made an embedding, such as `all-minilm-l6-v2`. Only embeddings of one model are
/// compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelId(Arc<str>);

impl ModelId {
    /// Accepts 1..=128 visible ASCII characters.
    pub fn parse(text: &str) -> Result<ModelId, IdError> {
        let fits = (1..=MODEL_BYTES_MAX).contains(&text.len());
        if fits && text.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(ModelId(text.into()))
        } else {
            Err(IdError::NotModel)
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What the ledger is keyed by. The organisation is fixed when the user is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Account {
    /// The organisation.
    pub org: OrgId,
    /// The user.
    pub user: UserId,
}

impl Account {
    /// The account of a user who belongs to no other organisation.
    pub const fn personal(user: UserId) -> Account {
        Account { org: OrgId(user.0), user }
    }
}

/// The number of an entry within its account: 1, 2, 3, without gaps.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Version(pub u64);

impl Version {
    /// The version after this one.
    pub const fn next(self) -> Version {
        Version(self.0 + 1)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

const VERSION_BITS: u32 = 40;
const VERSION_MASK: u128 = (1 << VERSION_BITS) - 1;

/// The id of an entry: a UUIDv7 whose random part is 34 bits of its user's id and its 40-bit
/// version.
///
/// So an id is a function of the entry, needs no source of randomness, sorts by time, and leads to
/// the entry within its account without an index of its own. It is no secret: entries of others are
/// not readable whatever id is guessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryId(pub Uuid);

impl EntryId {
    /// Builds the id of entry `version` of `user`, recorded at `recorded_at`.
    pub fn of(user: UserId, version: Version, recorded_at: Timestamp) -> EntryId {
        let millis = u128::try_from(recorded_at.millis().max(0)).unwrap_or(0) & ((1 << 48) - 1);
        let user_bits = fold(user.0) & ((1 << 34) - 1);
        let tail = (user_bits << VERSION_BITS) | (u128::from(version.0) & VERSION_MASK);
        let (rand_a, rand_b) = (tail >> 62, tail & ((1 << 62) - 1));
        EntryId(Uuid::from_u128(
            (millis << 80) | (0x7 << 76) | (rand_a << 64) | (0b10 << 62) | rand_b,
        ))
    }

    /// The version that the id carries; meaningful only within the account that the id came from.
    pub fn version(self) -> Version {
        Version(u64::try_from(self.0.as_u128() & VERSION_MASK).unwrap_or(0))
    }
}

/// Mixes all 128 bits of a UUID into the low ones (the constant is 2^128 divided by the golden
/// ratio).
fn fold(uuid: Uuid) -> u128 {
    uuid.as_u128().wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835) >> 64
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for EntryId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<EntryId, IdError> {
        Uuid::try_parse(text).map(EntryId).map_err(|_| IdError::NotUuid)
    }
}

/// The id of a hold: its user, and the version of the first entry of its reserve.
///
/// Written as `res_<user, 32 hex digits>_<version>`, so that any node finds the account without a
/// look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HoldId {
    /// Whose hold it is.
    pub user: UserId,
    /// The version of the first entry of the reserve.
    pub version: Version,
}

impl fmt::Display for HoldId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "res_{}_{}", self.user.0.simple(), self.version)
    }
}

impl FromStr for HoldId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<HoldId, IdError> {
        let parsed = text.strip_prefix("res_").and_then(|rest| rest.split_once('_'));
        let (user, version) = parsed.ok_or(IdError::NotHold)?;
        let canonical = version.bytes().all(|b| b.is_ascii_digit()) && !version.starts_with('0');
        if user.len() != 32 || !canonical {
            return Err(IdError::NotHold);
        }
        Ok(HoldId {
            user: UserId(Uuid::try_parse(user).map_err(|_| IdError::NotHold)?),
            version: Version(version.parse().map_err(|_| IdError::NotHold)?),
        })
    }
}

/// The key under which a caller may repeat a command without repeating its effect; its scope is the
/// account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IdempotencyKey(Arc<str>);

impl IdempotencyKey {
    /// Accepts 1..=255 characters without control characters.
    pub fn parse(text: &str) -> Result<IdempotencyKey, IdError> {
        let chars = text.chars().take(IDEMPOTENCY_KEY_CHARS_MAX + 1).count();
        if chars == 0 || chars > IDEMPOTENCY_KEY_CHARS_MAX || text.chars().any(char::is_control) {
            return Err(IdError::NotKey);
        }
        Ok(IdempotencyKey(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether `text` is a name of ours: 1..=64 characters of a-z, 0-9 and _, starting with a letter.
pub(crate) fn is_name(text: &str) -> bool {
    text.len() <= NAME_BYTES_MAX
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// The name of a tier, such as `free_trial`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TierName(Arc<str>);

impl TierName {
    /// Accepts a name of a-z, 0-9 and _.
    pub fn parse(text: &str) -> Result<TierName, IdError> {
        if is_name(text) { Ok(TierName(text.into())) } else { Err(IdError::NotName) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for TierName {
    type Error = IdError;
    fn try_from(text: String) -> Result<TierName, IdError> {
        TierName::parse(&text)
    }
}

impl From<TierName> for String {
    fn from(name: TierName) -> String {
        name.0.to_string()
    }
}

impl fmt::Display for TierName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user() -> UserId {
        UserId(Uuid::from_u128(0x0123_4567_89ab_cdef_0011_2233_4455_6677))
    }

    #[test]
    fn an_entry_id_is_a_uuid_v7_that_carries_its_version() {
        let at = Timestamp::from_millis(1_790_000_000_123);
        for version in [1, 2, 77, (1 << 40) - 1] {
            let id = EntryId::of(user(), Version(version), at);
            assert_eq!(id.version(), Version(version));
            assert_eq!(id.0.get_version_num(), 7);
            assert_eq!(id.0.get_variant(), uuid::Variant::RFC4122);
        }
        let other = UserId(Uuid::from_u128(0x0123_4567_89ab_cdef_0011_2233_4455_6678));
        assert_ne!(EntryId::of(user(), Version(1), at), EntryId::of(other, Version(1), at));
    }

    #[test]
    fn a_hold_id_reads_back_and_has_one_spelling() {
        let id = HoldId { user: user(), version: Version(42) };
        assert_eq!(id.to_string(), "res_0123456789abcdef0011223344556677_42");
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in [
            "",
            "res_",
            "res_0123456789abcdef0011223344556677_",
            "res_0123456789abcdef0011223344556677_042",
            "res_0123456789abcdef0011223344556677_+42",
            "res_0123456789abcdef0011223344556677_99999999999999999999999",
            "res_01234567-89ab-cdef-0011-223344556677_42",
            "hold_0123456789abcdef0011223344556677_42",
        ] {
            assert_eq!(bad.parse::<HoldId>(), Err(IdError::NotHold), "{bad}");
        }
    }

    #[test]
    fn keys_and_names_have_bounds() {
        assert!(IdempotencyKey::parse(&"k".repeat(255)).is_ok());
        assert!(IdempotencyKey::parse(&"é".repeat(255)).is_ok());
        for bad in ["", "a\nb", &"k".repeat(256)] {
            assert_eq!(IdempotencyKey::parse(bad), Err(IdError::NotKey));
        }
        assert!(ModelId::parse("sentence-transformers/all-MiniLM-L6-v2@53aa5117").is_ok());
        for bad in ["", "a b", "ü", &"m".repeat(129)] {
            assert_eq!(ModelId::parse(bad), Err(IdError::NotModel));
        }
        assert!(TierName::parse("free_trial").is_ok());
        for bad in ["", "Pro", "1st", "a-b", &"a".repeat(65)] {
            assert_eq!(TierName::parse(bad), Err(IdError::NotName));
        }
    }
}
