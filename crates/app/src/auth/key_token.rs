//! API keys as text: `nvc_<key id>_<account>_<secret>`.
//!
//! Invariant: the secret is 256 random bits, so a plain hash is enough to store; there is nothing
//! to guess.
//! Not here: what a key may do.

use super::{
    error::{AuthError, TokenFault},
    random_bytes,
    routing::{read_account, read_uuid, write_account},
};
use novacore_access::KeyHash;
use novacore_vocab::{Account, KeyId};
use secrecy::SecretString;
use subtle::ConstantTimeEq;

/// How every key begins.
pub(super) const KEY_PREFIX: &str = "nvc_";
const ID_CHARS_SHOWN: usize = 8;
const SECRET_CHARS: usize = 64;
const TOKEN_BYTES_MAX: usize = 256;
const HASH_CONTEXT: &str = "novacore 2026-11-24 api key v1";

/// What a key's text names.
#[derive(Debug)]
pub(super) struct KeyToken {
    pub(super) id: KeyId,
    pub(super) account: Account,
    hash: KeyHash,
}

/// A key that has just been made: its text, shown once, and what is stored of it.
#[derive(Debug)]
pub(super) struct FreshKey {
    pub(super) text: SecretString,
    pub(super) hash: KeyHash,
}

/// A fresh secret for key `id` of `account`.
pub(super) fn fresh(id: KeyId, account: Account) -> Result<FreshKey, AuthError> {
    let bytes: [u8; 32] = random_bytes()?;
    let secret = blake3::Hash::from_bytes(bytes).to_hex();
    let text = format!("{KEY_PREFIX}{}_{}_{secret}", id.0.simple(), write_account(account));
    Ok(FreshKey { text: SecretString::from(text), hash: hash(&secret) })
}

/// The first characters of key `id`, by which its owner knows it.
pub(super) fn prefix(id: KeyId) -> String {
    let id = id.0.simple().to_string();
    format!("{KEY_PREFIX}{}", &id[..ID_CHARS_SHOWN])
}

/// What `text` names; whether its secret is right is for [`KeyToken::matches`] to say.
pub(super) fn read(text: &str) -> Result<KeyToken, TokenFault> {
    if text.len() > TOKEN_BYTES_MAX {
        return Err(TokenFault::Malformed);
    }
    parse(text).ok_or(TokenFault::Malformed)
}

fn parse(text: &str) -> Option<KeyToken> {
    let parts: Vec<&str> = text.strip_prefix(KEY_PREFIX)?.split('_').collect();
    let [id, account, secret]: [&str; 3] = parts.try_into().ok()?;
    let is_hex = secret.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if secret.len() != SECRET_CHARS || !is_hex {
        return None;
    }
    Some(KeyToken {
        id: KeyId(read_uuid(id)?),
        account: read_account(account)?,
        hash: hash(secret),
    })
}

impl KeyToken {
    /// Whether the secret is the one that was stored, in constant time.
    pub(super) fn matches(&self, stored: &KeyHash) -> bool {
        self.hash.0.ct_eq(&stored.0).into()
    }
}

fn hash(secret: &str) -> KeyHash {
    KeyHash(blake3::derive_key(HASH_CONTEXT, secret.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::testing::user;
    use secrecy::ExposeSecret;
    use uuid::Uuid;

    #[test]
    fn a_key_names_itself_and_matches_its_own_hash_only() {
        let id = KeyId(Uuid::from_u128(0xabcd_0000_0000_0000_0000_0000_0000_0001));
        let account = user(1).account();
        let (one, two) = (fresh(id, account).unwrap(), fresh(id, account).unwrap());
        let read = read(one.text.expose_secret()).unwrap();
        assert_eq!((read.id, read.account), (id, account));
        assert!(read.matches(&one.hash));
        assert!(!read.matches(&two.hash));
        assert!(one.text.expose_secret().starts_with(&prefix(id)));
        assert_eq!(prefix(id), "nvc_abcd0000");
    }

    #[test]
    fn what_is_no_key_is_malformed() {
        let id = KeyId(Uuid::from_u128(1));
        let good = fresh(id, user(1).account()).unwrap().text;
        let good = good.expose_secret();
        for bad in [
            "",
            "nvc_",
            "nvc___",
            &good.to_uppercase(),
            &good.replace("nvc_", "nvr_"),
            &good[..good.len() - 1],
            &format!("{good}0"),
            &format!("{good}_0"),
            &good.repeat(9),
        ] {
            assert!(matches!(read(bad), Err(TokenFault::Malformed)), "{bad}");
        }
    }

    #[test]
    fn a_fresh_key_is_not_printed() {
        let key = fresh(KeyId(Uuid::from_u128(1)), user(1).account()).unwrap();
        let secret = key.text.expose_secret().rsplit('_').next().unwrap();
        assert!(!format!("{key:?}").contains(secret));
    }
}
