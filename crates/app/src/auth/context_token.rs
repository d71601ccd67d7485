//! Tokens that tell a service behind the gateway for whom it is called: JWTs of a minute, EdDSA.
//!
//! The signing key is derived from the JWT secret, so all nodes have the same one without more
//! configuration, and who can verify a token, by the public key, can still make none.
//!
//! Invariant: a token has the audience of one service, and is no proof to us: see `access_token`.
//! Invariant: a token says what the store said of the user when the call came; one that is kept is
//! used again only for exactly that.
//! Invariant: neither the key nor a token is printed.
//! Not here: who may call a service (`novacore_access`), and how the token travels.

use super::{cache::Cache, error::AuthError};
use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, JwkSet, PublicKeyUse, ThumbprintHash},
};
use novacore_access::{Email, Forward, Permit, Role, User};
use novacore_store::clock::Clock;
use novacore_vocab::{TierName, Timestamp, UserId};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use std::{fmt, sync::Arc};
use uuid::Uuid;

/// Who signs.
pub const ISSUER: &str = "novacore";
/// Life of a token, in seconds.
pub const CONTEXT_TTL_S: i64 = 60;
/// So long a token is used for further calls, in seconds: a service gets one that still lives for
/// the rest.
const REUSED_S: i64 = 20;
const _: () = assert!(REUSED_S < CONTEXT_TTL_S);
/// Tokens that are kept for one audience.
const KEPT_MAX: usize = 4_096;
/// What the key is for; a key derived for anything else is another one.
const KEY_CONTEXT: &str = "novacore 2026-11-24 user context token signing key";
/// PKCS #8 of an Ed25519 key, up to its 32 bytes.
const PKCS8_HEAD: [u8; 16] =
    [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'static str,
    aud: &'a str,
    sub: UserId,
    email: Option<&'a str>,
    role: &'a str,
    subscription_tier: &'a str,
    iat: i64,
    exp: i64,
    jti: Uuid,
}

/// The key that signs, and what verifies.
pub(super) struct ContextKey {
    signs: EncodingKey,
    header: Header,
    jwks: String,
}

impl fmt::Debug for ContextKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ContextKey({:?})", self.header.kid)
    }
}

impl ContextKey {
    pub(super) fn derive(jwt_secret: &SecretString) -> Result<ContextKey, AuthError> {
        let internal = |error: &dyn fmt::Display| AuthError::Internal(error.to_string());
        let seed = blake3::derive_key(KEY_CONTEXT, jwt_secret.expose_secret().as_bytes());
        let signs = EncodingKey::from_ed_der(&[PKCS8_HEAD.as_slice(), &seed].concat());
        let mut key =
            Jwk::from_encoding_key(&signs, Algorithm::EdDSA).map_err(|error| internal(&error))?;
        let id = key.thumbprint(ThumbprintHash::SHA256).map_err(|error| internal(&error))?;
        key.common.public_key_use = Some(PublicKeyUse::Signature);
        key.common.key_id = Some(id.clone());
        let jwks = serde_json::to_string(&JwkSet { keys: vec![key] });
        let jwks = jwks.map_err(|error| internal(&error))?;
        let header = Header { kid: Some(id), ..Header::new(Algorithm::EdDSA) };
        Ok(ContextKey { signs, header, jwks })
    }

    pub(super) fn jwks(&self) -> &str {
        &self.jwks
    }
}

/// Issues tokens for one audience.
#[derive(Debug)]
pub struct ContextTokens {
    key: Arc<ContextKey>,
    clock: Arc<dyn Clock>,
    audience: String,
    kept: Cache<UserId, Arc<Kept>>,
}

/// A token with what it says.
#[derive(Debug)]
struct Kept {
    email: Option<Email>,
    role: Role,
    tier: TierName,
    issued_at: Timestamp,
    token: Arc<SecretString>,
}

impl ContextTokens {
    pub(super) fn new(
        key: Arc<ContextKey>,
        clock: Arc<dyn Clock>,
        audience: &str,
    ) -> ContextTokens {
        ContextTokens { key, clock, audience: audience.to_owned(), kept: Cache::new(KEPT_MAX) }
    }

    /// A token that names `user`, for whom the permit is.
    pub fn issue(
        &self,
        permit: &Permit<Forward>,
        user: &User,
    ) -> Result<Arc<SecretString>, AuthError> {
        assert_eq!(permit.account(), user.account(), "the permit is for the user who is named");
        let now = self.clock.now();
        if let Some(kept) = self.kept.get(user.id)
            && kept.says(user, now)
        {
            return Ok(kept.token.clone());
        }
        let token = Arc::new(self.sign(user, now)?);
        let kept = Kept {
            email: user.email.clone(),
            role: user.role,
            tier: user.tier.clone(),
            issued_at: now,
            token: token.clone(),
        };
        self.kept.keep(self.kept.epoch(), user.id, Arc::new(kept));
        Ok(token)
    }

    fn sign(&self, user: &User, now: Timestamp) -> Result<SecretString, AuthError> {
        let claims = Claims {
            iss: ISSUER,
            aud: &self.audience,
            sub: user.id,
            email: user.email.as_ref().map(Email::as_str),
            role: user.role.as_str(),
            subscription_tier: user.tier.as_str(),
            iat: now.seconds(),
            exp: now.seconds() + CONTEXT_TTL_S,
            jti: Uuid::new_v4(),
        };
        jsonwebtoken::encode(&self.key.header, &claims, &self.key.signs)
            .map(SecretString::from)
            .map_err(|error| AuthError::Internal(error.to_string()))
    }
}

impl Kept {
    /// Whether this is what would be said of `user` at `now`.
    fn says(&self, user: &User, now: Timestamp) -> bool {
        // A clock that was set back makes it look young for ever.
        let is_young = now >= self.issued_at && now < self.issued_at.plus_seconds(REUSED_S);
        is_young && self.role == user.role && self.tier == user.tier && self.email == user.email
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::testing::{Stage, secrets, user};
    use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
    use novacore_access::{Credential, Principal};
    use serde_json::Value;

    fn permit(user: &User) -> Permit<Forward> {
        let principal = Principal::of_user(Arc::new(user.clone()), Credential::Token).unwrap();
        principal.forward(user).unwrap()
    }

    fn issue(tokens: &ContextTokens, user: &User) -> String {
        tokens.issue(&permit(user), user).unwrap().expose_secret().to_owned()
    }

    /// What a service makes of a token that it takes for its own.
    fn read(stage: &Stage, token: &str, audience: &str) -> Option<Value> {
        let jwks: JwkSet = serde_json::from_str(stage.auth.context_jwks()).unwrap();
        let kid = decode_header(token).ok()?.kid?;
        let key = DecodingKey::from_jwk(jwks.find(&kid)?).unwrap();
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[audience]);
        validation.set_issuer(&[ISSUER]);
        validation.validate_exp = false;
        decode::<Value>(token, &key, &validation).ok().map(|data| data.claims)
    }

    #[tokio::test]
    async fn a_service_verifies_its_own_token_and_no_other() {
        let stage = Stage::new();
        let chat = stage.auth.context_tokens("/chat");
        let ada = user(1);
        let token = issue(&chat, &ada);
        let said = read(&stage, &token, "/chat").unwrap();
        let now_s = stage.clock.now().seconds();
        assert_eq!(said["sub"], ada.id.to_string());
        assert_eq!(said["email"], "u1@example.com");
        assert_eq!(
            (&said["role"], &said["subscription_tier"]),
            (&"student".into(), &"free_trial".into())
        );
        assert_eq!((&said["iat"], &said["exp"]), (&now_s.into(), &(now_s + 60).into()));
        assert!(said["jti"].as_str().unwrap().parse::<Uuid>().is_ok());
        assert_eq!(read(&stage, &token, "/other"), None);
        // Neither is it a proof to us.
        assert!(stage.auth.authenticate(&token).await.is_err());
        // Another deployment's key is another one.
        let other = ContextKey::derive(&SecretString::from("x".repeat(32))).unwrap();
        assert_ne!(other.jwks(), stage.auth.context_jwks());
        // Every node derives the same.
        let again = ContextKey::derive(&secrets().jwt).unwrap();
        assert_eq!(again.jwks(), stage.auth.context_jwks());
    }

    #[test]
    fn a_token_is_kept_for_a_while_and_while_it_is_true() {
        let stage = Stage::new();
        let tokens = stage.auth.context_tokens("/chat");
        let ada = user(1);
        let first = issue(&tokens, &ada);
        stage.clock.advance_s(REUSED_S - 1);
        assert_eq!(issue(&tokens, &ada), first);
        assert_ne!(issue(&tokens, &user(2)), first);
        assert_eq!(issue(&tokens, &ada), first);
        let changes: [fn(&mut User); 3] = [
            |user| user.tier = TierName::parse("pro").unwrap(),
            |user| user.role = Role::Subscriber,
            |user| user.email = None,
        ];
        let mut known = vec![first];
        let mut changed = ada;
        for change in changes {
            change(&mut changed);
            let token = issue(&tokens, &changed);
            assert!(!known.contains(&token));
            known.push(token);
        }
        stage.clock.advance_s(REUSED_S);
        assert!(!known.contains(&issue(&tokens, &changed)));
    }

    #[test]
    fn the_key_is_not_printed_and_not_published() {
        let stage = Stage::new();
        let seed = blake3::derive_key(KEY_CONTEXT, secrets().jwt.expose_secret().as_bytes());
        let hex: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();
        let tokens = stage.auth.context_tokens("/chat");
        let token = issue(&tokens, &user(1));
        let shown = format!("{:?} {tokens:?} {}", stage.auth, stage.auth.context_jwks());
        assert!(!shown.contains(&hex) && !shown.contains(&format!("{seed:?}")));
        assert!(!shown.contains(&token), "{shown}");
        let published: Value = serde_json::from_str(stage.auth.context_jwks()).unwrap();
        let key = published["keys"][0].as_object().unwrap();
        let members: std::collections::BTreeSet<_> = key.keys().map(String::as_str).collect();
        assert_eq!(members, ["alg", "crv", "kid", "kty", "use", "x"].into());
    }
}
