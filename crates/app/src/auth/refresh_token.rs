//! Refresh tokens: `nvr_<session>_<account>_<generation>_<mac>`.
//!
//! The mac is BLAKE3 keyed with a secret of this server over session, account and generation. So
//! the token of a generation is a function of what the store holds: nothing of a token is stored, a
//! stolen database signs nobody in, and whoever presents the direct predecessor is told the very
//! successor that the first answer named, which random tokens could give only by keeping one in
//! plain. The price is that the secret must stay: with another one all sessions end.
//!
//! Invariant: a token that was tampered with does not reach the store.
//! Not here: which generation is accepted; `novacore_access::Session::refresh` says so.

use super::{
    error::TokenFault,
    routing::{read_account, read_uuid, write_account},
};
use novacore_access::{Generation, Session};
use novacore_vocab::{Account, SessionId};
use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};
use subtle::ConstantTimeEq;

const PREFIX: &str = "nvr";
const KEY_CONTEXT: &str = "novacore 2026-11-24 refresh token v1";
const TOKEN_BYTES_MAX: usize = 256;

/// What a genuine refresh token names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RefreshToken {
    pub(super) session: SessionId,
    pub(super) account: Account,
    pub(super) generation: Generation,
}

/// Makes and verifies refresh tokens.
pub(super) struct RefreshTokens {
    key: Zeroizing<[u8; 32]>,
}

impl std::fmt::Debug for RefreshTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefreshTokens")
    }
}

impl RefreshTokens {
    /// Tokens made with `secret`.
    pub(super) fn new(secret: &SecretString) -> RefreshTokens {
        let key = blake3::derive_key(KEY_CONTEXT, secret.expose_secret().as_bytes());
        RefreshTokens { key: Zeroizing::new(key) }
    }

    /// The token of a session's current generation.
    pub(super) fn issue(&self, session: &Session) -> SecretString {
        let token = RefreshToken {
            session: session.id,
            account: session.account,
            generation: session.generation,
        };
        let text = format!(
            "{PREFIX}_{}_{}_{}_{}",
            token.session.0.simple(),
            write_account(token.account),
            token.generation.0,
            self.mac(&token).to_hex(),
        );
        SecretString::from(text)
    }

    /// What `text` names, if it was made here.
    pub(super) fn verify(&self, text: &str) -> Result<RefreshToken, TokenFault> {
        if text.len() > TOKEN_BYTES_MAX {
            return Err(TokenFault::Malformed);
        }
        let (token, mac) = parse(text).ok_or(TokenFault::Malformed)?;
        let genuine: bool = self.mac(&token).as_bytes().ct_eq(mac.as_bytes()).into();
        if genuine { Ok(token) } else { Err(TokenFault::Invalid) }
    }

    fn mac(&self, token: &RefreshToken) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher.update(token.session.0.as_bytes());
        hasher.update(token.account.org.0.as_bytes());
        hasher.update(token.account.user.0.as_bytes());
        hasher.update(&token.generation.0.to_be_bytes());
        hasher.finalize()
    }
}

fn parse(text: &str) -> Option<(RefreshToken, blake3::Hash)> {
    let parts: [&str; 5] = text.split('_').collect::<Vec<_>>().try_into().ok()?;
    let [prefix, session, account, generation, mac] = parts;
    let decimal = generation.bytes().all(|byte| byte.is_ascii_digit());
    if prefix != PREFIX || !decimal || mac.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let token = RefreshToken {
        session: SessionId(read_uuid(session)?),
        account: read_account(account)?,
        generation: Generation(generation.parse().ok()?),
    };
    Some((token, blake3::Hash::from_hex(mac).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::testing::{secrets, user};
    use novacore_vocab::{OrgId, Timestamp, UserId};
    use uuid::Uuid;

    fn session(account: Account, generation: u32) -> Session {
        let id = SessionId(Uuid::from_u128(7));
        Session {
            generation: Generation(generation),
            ..Session::start(id, account, Timestamp::from_seconds(0))
        }
    }

    #[test]
    fn a_token_names_its_session_and_is_the_same_each_time() {
        let tokens = RefreshTokens::new(&secrets().refresh);
        let org = OrgId(Uuid::from_u128(9));
        let personal = user(1).account();
        for account in [personal, Account { org, ..personal }] {
            let session = session(account, 41);
            let text = tokens.issue(&session);
            assert_eq!(text.expose_secret(), tokens.issue(&session).expose_secret());
            let named = tokens.verify(text.expose_secret()).unwrap();
            assert_eq!(named.session, session.id);
            assert_eq!(named.account, account);
            assert_eq!(named.generation, Generation(41));
        }
    }

    #[test]
    fn every_part_is_under_the_mac() {
        let tokens = RefreshTokens::new(&secrets().refresh);
        let good = tokens.issue(&session(user(1).account(), 4));
        let good = good.expose_secret();
        let parts: Vec<&str> = good.split('_').collect();
        let next = tokens.issue(&session(user(1).account(), 5));
        let next_mac = next.expose_secret().rsplit('_').next().unwrap();
        let foreign = write_account(user(2).account());
        for (index, replacement) in [
            (1, "00000000000000000000000000000008"),
            (2, foreign.as_str()),
            (3, "5"),
            (4, next_mac),
            (4, &"0".repeat(64)),
        ] {
            let mut changed = parts.clone();
            changed[index] = replacement;
            let verdict = tokens.verify(&changed.join("_"));
            assert_eq!(verdict, Err(TokenFault::Invalid), "{index} {replacement}");
        }
        let other = RefreshTokens::new(&secrets().jwt);
        assert_eq!(other.verify(good), Err(TokenFault::Invalid));
    }

    #[test]
    fn neither_user_nor_organisation_can_be_swapped_alone() {
        let tokens = RefreshTokens::new(&secrets().refresh);
        let member = |org: u128, user: u128| Account {
            org: OrgId(Uuid::from_u128(org)),
            user: UserId(Uuid::from_u128(user)),
        };
        let good = tokens.issue(&session(member(1, 2), 4));
        let named = write_account(member(1, 2));
        for other in [member(1, 3), member(3, 2), member(2, 1)] {
            let swapped = good.expose_secret().replace(&named, &write_account(other));
            assert_eq!(tokens.verify(&swapped), Err(TokenFault::Invalid), "{other:?}");
        }
    }

    #[test]
    fn what_is_no_token_is_malformed() {
        let tokens = RefreshTokens::new(&secrets().refresh);
        let good = tokens.issue(&session(user(1).account(), 4));
        let good = good.expose_secret();
        for bad in [
            "",
            "nvr",
            "nvr____",
            &good.replace("nvr", "nvc"),
            &good.replace("_4_", "_+4_"),
            &good.replace("_4_", "_-4_"),
            &good.replace("_4_", "_99999999999_"),
            &good.to_uppercase(),
            &format!("{good}_"),
            &good[..good.len() - 1],
            &good.repeat(9),
        ] {
            assert_eq!(tokens.verify(bad), Err(TokenFault::Malformed), "{bad}");
        }
    }
}
