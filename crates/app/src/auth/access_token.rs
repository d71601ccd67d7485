//! JWTs: HS256 with the platform's shared secret.
//!
//! Invariant: the algorithm is ours to say, not the token's.
//! Invariant: time comes from the composed clock; the library's own check is off because it reads
//! the system's.
//! Invariant: a token made for an audience is not for us. Upstreams of the gateway get such tokens
//! (`context_token`), and must not be able to use them here.
//! Not here: what the bearer may do. Of the claims only `sub`, `exp` and the address of a user not
//! yet known count.

use super::error::{AuthError, TokenFault};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use novacore_access::{Email, User};
use novacore_vocab::{Timestamp, UserId};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

/// How far the clock of another signer may be off, in seconds.
const LEEWAY_S: i64 = 5;
/// Longest token that we look at, in bytes.
const TOKEN_BYTES_MAX: usize = 4_096;

#[derive(Serialize)]
struct IssuedClaims<'a> {
    sub: UserId,
    email: &'a str,
    role: &'a str,
    subscription_tier: &'a str,
    iat: i64,
    exp: i64,
}

#[derive(Deserialize)]
struct ReadClaims {
    sub: UserId,
    email: Option<String>,
    exp: i64,
    iat: Option<i64>,
    nbf: Option<i64>,
    aud: Option<serde_json::Value>,
}

/// What a verified token says.
#[derive(Debug)]
pub(super) struct Bearer {
    /// Who.
    pub(super) user: UserId,
    /// The address, if it says a valid one.
    pub(super) email: Option<Email>,
    /// Until when.
    pub(super) expires_at: Timestamp,
}

/// Issues and verifies JWTs.
pub(super) struct AccessTokens {
    signs: EncodingKey,
    verifies: DecodingKey,
    validation: Validation,
    ttl_s: i64,
}

impl std::fmt::Debug for AccessTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccessTokens(ttl {} s)", self.ttl_s)
    }
}

impl AccessTokens {
    /// Tokens signed with `secret` that live `ttl_s` seconds.
    pub(super) fn new(secret: &SecretString, ttl_s: i64) -> AccessTokens {
        let secret = secret.expose_secret().as_bytes();
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        AccessTokens {
            signs: EncodingKey::from_secret(secret),
            verifies: DecodingKey::from_secret(secret),
            validation,
            ttl_s,
        }
    }

    /// A token for `user`, from `now` on.
    pub(super) fn issue(&self, user: &User, now: Timestamp) -> Result<SecretString, AuthError> {
        let claims = IssuedClaims {
            sub: user.id,
            email: user.email.as_ref().map_or("", Email::as_str),
            role: user.role.as_str(),
            subscription_tier: user.tier.as_str(),
            iat: now.seconds(),
            exp: now.seconds() + self.ttl_s,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signs)
            .map(SecretString::from)
            .map_err(|error| AuthError::Internal(error.to_string()))
    }

    /// Verifies `token` at `now`.
    pub(super) fn verify(&self, token: &str, now: Timestamp) -> Result<Bearer, TokenFault> {
        if token.len() > TOKEN_BYTES_MAX || token.split('.').count() != 3 {
            return Err(TokenFault::Malformed);
        }
        let decoded = jsonwebtoken::decode::<ReadClaims>(token, &self.verifies, &self.validation);
        let claims = decoded.map_err(|_| TokenFault::Invalid)?.claims;
        if claims.aud.is_some() {
            return Err(TokenFault::Invalid);
        }
        let now_s = now.seconds();
        if now_s.saturating_sub(LEEWAY_S) >= claims.exp {
            return Err(TokenFault::Expired);
        }
        let starts = [claims.iat, claims.nbf].into_iter().flatten();
        if starts.max().is_some_and(|start| start.saturating_sub(LEEWAY_S) > now_s) {
            return Err(TokenFault::NotYet);
        }
        Ok(Bearer {
            user: claims.sub,
            email: claims.email.and_then(|raw| Email::parse(&raw).ok()),
            expires_at: Timestamp::from_seconds(claims.exp),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::testing::{secrets, user};
    use serde_json::{Value, json};

    const NOW_S: i64 = 1_800_000_000;

    fn now() -> Timestamp {
        Timestamp::from_seconds(NOW_S)
    }

    fn tokens() -> AccessTokens {
        AccessTokens::new(&secrets().jwt, 900)
    }

    fn signed(algorithm: Algorithm, claims: &Value, secret: &[u8]) -> String {
        let key = EncodingKey::from_secret(secret);
        jsonwebtoken::encode(&Header::new(algorithm), claims, &key).unwrap()
    }

    /// A platform's token with `changes` to its claims; null removes one.
    fn claims(changes: Value) -> Value {
        let mut claims = json!({
            "sub": user(1).id, "email": "u1@example.com", "role": "admin",
            "subscription_tier": "pro", "iat": NOW_S, "exp": NOW_S + 60,
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        claims
    }

    fn verdict(changes: Value) -> Result<(), TokenFault> {
        let secret = secrets().jwt;
        let token = signed(Algorithm::HS256, &claims(changes), secret.expose_secret().as_bytes());
        tokens().verify(&token, now()).map(|_| ())
    }

    #[test]
    fn an_issued_token_says_what_the_platform_expects_and_verifies() {
        let token = tokens().issue(&user(1), now()).unwrap();
        let bearer = tokens().verify(token.expose_secret(), now()).unwrap();
        assert_eq!(bearer.user, user(1).id);
        assert_eq!(bearer.email, user(1).email);
        assert_eq!(bearer.expires_at, now().plus_seconds(900));
        let said: Value = jsonwebtoken::dangerous::insecure_decode(token.expose_secret())
            .map(|data| data.claims)
            .unwrap();
        let expected = json!({
            "sub": user(1).id, "email": "u1@example.com", "role": "student",
            "subscription_tier": "free_trial", "iat": NOW_S, "exp": NOW_S + 900,
        });
        assert_eq!(said, expected);
    }

    #[test]
    fn claims_are_judged_by_the_given_time() {
        use TokenFault::{Expired, Invalid, NotYet};
        for (changes, expected) in [
            (json!({}), Ok(())),
            (json!({"role": null, "subscription_tier": null, "iat": null}), Ok(())),
            (json!({"email": null}), Ok(())),
            (json!({"email": "no address"}), Ok(())),
            (json!({"exp": NOW_S - 4}), Ok(())),
            (json!({"exp": NOW_S - 5}), Err(Expired)),
            (json!({"exp": 0}), Err(Expired)),
            (json!({"exp": -1}), Err(Expired)),
            (json!({"exp": null}), Err(Invalid)),
            (json!({"exp": "tomorrow"}), Err(Invalid)),
            (json!({"iat": NOW_S + 5}), Ok(())),
            (json!({"iat": NOW_S + 6}), Err(NotYet)),
            (json!({"nbf": NOW_S + 6}), Err(NotYet)),
            (json!({"nbf": NOW_S - 6}), Ok(())),
            (json!({"sub": "not-a-uuid"}), Err(Invalid)),
            (json!({"sub": null}), Err(Invalid)),
            (json!({"aud": "upstream"}), Err(Invalid)),
            (json!({"aud": ["upstream"]}), Err(Invalid)),
            (json!({"aud": 5}), Err(Invalid)),
        ] {
            assert_eq!(verdict(changes.clone()), expected, "{changes}");
        }
    }

    #[test]
    fn forged_and_tampered_tokens_are_refused() {
        let secret = secrets().jwt;
        let good = signed(Algorithm::HS256, &claims(json!({})), secret.expose_secret().as_bytes());
        let [header, body, signature]: [&str; 3] =
            good.split('.').collect::<Vec<_>>().try_into().unwrap();
        let other = signed(Algorithm::HS256, &claims(json!({"sub": user(2).id})), b"other secret");
        let foreign_body = other.split('.').nth(1).unwrap();
        // {"alg":"none","typ":"JWT"} and {"alg":"None"}
        let none = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0";
        let none_capital = "eyJhbGciOiJOb25lIn0";
        let bad = [
            other.clone(),
            signed(Algorithm::HS384, &claims(json!({})), secret.expose_secret().as_bytes()),
            signed(Algorithm::HS512, &claims(json!({})), secret.expose_secret().as_bytes()),
            format!("{header}.{foreign_body}.{signature}"),
            format!("{header}.{body}."),
            format!("{header}.{body}.{}", &signature[1..]),
            format!("{none}.{body}."),
            format!("{none}.{body}.{signature}"),
            format!("{none_capital}.{body}."),
            "..".to_owned(),
            "a.b.c".to_owned(),
        ];
        for token in bad {
            let verdict = tokens().verify(&token, now()).map(|_| ());
            assert_eq!(verdict, Err(TokenFault::Invalid), "{token}");
        }
        for token in ["", "x", "a.b", "a.b.c.d", &"a.b.c".repeat(1_000)] {
            let verdict = tokens().verify(token, now()).map(|_| ());
            assert_eq!(verdict, Err(TokenFault::Malformed));
        }
    }
}
