//! The signed token that a service is sent, verified as a service does it.

use super::{
    client::{Answer, call, told},
    serve, set_tier,
    upstream::Upstream,
};
use crate::binary::{Folder, Server};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header, jwk::JwkSet};
use serde_json::{Value, json};

fn jwks(server: &Server) -> String {
    let answer = call(server, "GET /.well-known/jwks.json", "", "");
    assert_eq!((answer.status, answer.header("content-type")), {
        (200, vec!["application/jwk-set+json"])
    });
    answer.text
}

/// What a service called `audience` makes of a token.
fn verified(token: &str, keys: &str, audience: &str) -> Option<Value> {
    let keys: JwkSet = serde_json::from_str(keys).expect("a key set");
    let kid = decode_header(token).ok()?.kid?;
    let key = DecodingKey::from_jwk(keys.find(&kid)?).expect("a key");
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&[audience]);
    validation.set_issuer(&["novacore"]);
    decode::<Value>(token, &key, &validation).ok().map(|data| data.claims)
}

fn token_of(answer: &Answer) -> String {
    let [token] = told(answer, "x-novacore-context").try_into().expect("one token");
    token
}

#[test]
fn a_service_verifies_its_token_and_no_other_does() {
    let folder = Folder::new();
    let upstream = Upstream::start();
    let server = serve(&folder, &upstream, "audience = \"chat\"");
    let (user, bearer) = server.register("ada@example.com");
    let first = token_of(&call(&server, "GET /svc/x", &bearer, ""));
    let keys = jwks(&server);
    let said = verified(&first, &keys, "chat").expect("it verifies");
    for (claim, want) in [
        ("sub", json!(user)),
        ("email", json!("ada@example.com")),
        ("role", json!("student")),
        ("subscription_tier", json!("free_trial")),
        ("aud", json!("chat")),
        ("iss", json!("novacore")),
    ] {
        assert_eq!(said[claim], want, "{claim}");
    }
    assert_eq!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(), 60);
    assert_eq!(verified(&first, &keys, "/svc"), None);
    // It is no proof to us.
    assert_eq!(call(&server, "GET /svc/x", &first, "").status, 401);
    assert_eq!(server.get("/api/usage/tokens", &first).status, 401);

    set_tier(&server, &user, "pro");
    let second = token_of(&call(&server, "GET /svc/x", &bearer, ""));
    assert_eq!(verified(&second, &keys, "chat").expect("it verifies")["subscription_tier"], "pro");
    // The key comes of the secret, so it is there after a new start, and on other nodes.
    drop(server);
    let server = folder.serve();
    assert_eq!(jwks(&server), keys);
    let answer = call(&server, "POST /.well-known/jwks.json", "", "Content-Length: 0");
    assert_eq!(answer.status, 405);
}
