//! The reverse proxy, in front of a service of our own that says what it was told.

mod client;
mod headers;
mod http2;
mod limits;
mod outage;
mod streams;
mod tokens;
mod upstream;

use crate::binary::{Folder, Server};
use serde_json::json;
use upstream::Upstream;

/// A server that forwards `/svc` to `upstream`, with more keys of that route.
fn serve(folder: &Folder, upstream: &Upstream, more: &str) -> Server {
    let url = upstream.url();
    folder.configure(&format!("[[upstreams]]\nprefix = \"/svc\"\nurl = \"{url}\"\n{more}\n"));
    folder.serve()
}

/// Sets a user's tier, as an administrator does.
fn set_tier(server: &Server, user: &str, tier: &str) {
    let body = json!({ "tier": tier, "reason": "a test" });
    administer(server, &format!("/api/admin/users/{user}/tier"), &body);
}

fn administer(server: &Server, path: &str, body: &serde_json::Value) {
    let bearer = format!("Bearer {}", server.admin());
    let answer = server.send("PUT", path, &[("authorization", &bearer)], &body.to_string());
    let answer = answer.expect("the server answers");
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// How `/api/status` says that an upstream is.
fn health(server: &Server, name: &str) -> String {
    let status = server.send("GET", "/api/status", &[], "").expect("the server answers");
    let all = status.body["upstreams"].as_array().expect("a list");
    let found = all.iter().find(|upstream| upstream["name"] == name).expect("it is listed");
    found["status"].as_str().expect("text").to_owned()
}
