//! The web app beside the API: who gets a page, who a file, and who a problem as before.

use crate::stage::{Answer, As, SERVICE_TOKEN, Stage, user};
use axum::body::{Body, Bytes};
use futures::{FutureExt, future::BoxFuture};
use novacore_api::{ApiOptions, SiteFile, SiteFiles};
use novacore_edge::DataPlane;
use novacore_wire::health::Upstream;
use std::{collections::BTreeMap, sync::Arc};

/// What a browser sends where a person goes to an address.
const BROWSER: (&str, &str) =
    ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");

/// Files in memory; the digest is made of what is in them.
#[derive(Debug)]
struct Files(BTreeMap<&'static str, &'static str>);

impl SiteFiles for Files {
    fn find(&self, path: &str) -> Option<SiteFile> {
        let text = *self.0.get(path)?;
        let mut digest = [0; 32];
        for (index, byte) in text.bytes().enumerate() {
            digest[index % 16] ^= byte;
        }
        Some(SiteFile { bytes: Bytes::from_static(text.as_bytes()), digest })
    }
}

/// Forwards what is under `/agents`.
#[derive(Debug)]
struct Agents;

impl DataPlane for Agents {
    fn serves(&self, path: &str) -> bool {
        path.starts_with("/agents")
    }

    fn answer(
        self: Arc<Self>,
        _: axum::http::Request<Body>,
    ) -> BoxFuture<'static, axum::response::Response> {
        async { axum::response::Response::new(Body::from("forwarded")) }.boxed()
    }

    fn upstreams(&self) -> Vec<Upstream> {
        Vec::new()
    }
}

fn stage_of(files: &[(&'static str, &'static str)]) -> Stage {
    let site = Arc::new(Files(files.iter().copied().collect()));
    let data_plane = Some(Arc::new(Agents) as Arc<dyn DataPlane>);
    Stage::with(ApiOptions { site: Some(site), data_plane, ..ApiOptions::default() })
}

fn stage() -> Stage {
    stage_of(&[
        ("index.html", "<!doctype html>the page"),
        ("index.html.br", "page, br"),
        ("theme.js", "theme()"),
        ("favicon.svg", "<svg/>"),
        ("assets/index-1a2b.js", "script()"),
        ("assets/index-1a2b.js.br", "js, br"),
        ("assets/index-1a2b.js.gz", "js, gz"),
        ("assets/plain-3c4d.css", "css"),
        ("assets/gone-5e6f.js.br", "left over"),
    ])
}

async fn ask(stage: &Stage, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    stage.call_with((method, path), As::Nobody, headers, Body::empty()).await
}

fn header<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.headers.get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_browser_gets_the_page_wherever_it_goes() {
    let stage = stage();
    for path in ["/", "/usage", "/admin/users", "/usage/stats", "/login?next=%2Fusage", "/healthy"]
    {
        let answer = ask(&stage, "GET", path, &[BROWSER]).await;
        assert_eq!(
            (answer.status, answer.text.as_str()),
            (200, "<!doctype html>the page"),
            "{path}"
        );
        assert_eq!(header(&answer, "content-type"), "text/html; charset=utf-8");
        assert_eq!(header(&answer, "cache-control"), "no-cache");
        assert_eq!(header(&answer, "vary"), "accept, accept-encoding");
        assert_eq!(header(&answer, "x-frame-options"), "DENY");
        assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
        assert_eq!(header(&answer, "referrer-policy"), "same-origin");
        assert_eq!(
            header(&answer, "content-security-policy"),
            "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
             connect-src 'self'; font-src 'self'; object-src 'none'; base-uri 'self'; \
             form-action 'self'; frame-ancestors 'none'"
        );
    }
    let named = ask(&stage, "GET", "/index.html", &[]).await;
    assert_eq!((named.status, header(&named, "cache-control")), (200, "no-cache"));
}

#[tokio::test]
async fn what_is_the_apis_stays_the_apis() {
    let stage = stage();
    for (path, status) in [
        ("/api/usage/stats", 401),
        ("/api", 404),
        ("/api/none", 404),
        ("/docs", 200),
        ("/docs/none", 404),
        ("/openapi.json", 200),
        ("/health", 200),
        ("/health/ready", 200),
        ("/metrics", 200),
        ("/v1/models", 404),
        ("/.well-known/none", 404),
    ] {
        let answer = ask(&stage, "GET", path, &[BROWSER]).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        assert!(!answer.text.contains("the page"), "{path}");
    }
    assert_eq!(ask(&stage, "GET", "/agents/1", &[BROWSER]).await.text, "forwarded");
}

#[tokio::test]
async fn services_and_programs_are_answered_as_before() {
    let stage = stage();
    let token = ("x-service-token", SERVICE_TOKEN);
    let id = user(1).to_string();
    let named = ("x-user-id", id.as_str());
    let tier = ask(&stage, "GET", "/usage/tier", &[BROWSER, token, named]).await;
    assert_eq!((tier.status, header(&tier, "content-type")), (200, "application/json"));
    let wrong = ask(&stage, "GET", "/admin/users", &[BROWSER, ("x-service-token", "wrong")]).await;
    assert_eq!(wrong.status, 401);
    for file in ["/", "/theme.js", "/assets/index-1a2b.js", "/index.html", "/none"] {
        let answer = ask(&stage, "GET", file, &[BROWSER, token]).await;
        assert!(!answer.text.contains("script()") && !answer.text.contains("the page"), "{file}");
    }
    for (headers, path, status) in [
        (&[][..], "/admin/users", 401),
        (&[("accept", "*/*")], "/admin/users", 401),
        (&[("accept", "application/json")], "/usage/stats", 401),
        (&[("accept", "*/*")], "/none", 404),
        (&[("accept", "text/html;q=0, */*")], "/none", 404),
    ] {
        let answer = ask(&stage, "GET", path, headers).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(header(&answer, "content-type"), "application/problem+json", "{path}");
    }
    for (method, path, status) in
        [("POST", "/usage/record", 401), ("PUT", "/", 405), ("DELETE", "/none", 404)]
    {
        let answer = ask(&stage, method, path, &[BROWSER]).await;
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
    }
    let home = ask(&stage, "GET", "/", &[("accept", "*/*")]).await;
    assert!(home.text.contains("/openapi.json"), "{}", home.text);
}

#[tokio::test]
async fn files_are_served_in_the_coding_that_is_taken() {
    let stage = stage();
    let script = "/assets/index-1a2b.js";
    for (accepted, text, coding) in [
        ("gzip, deflate, br", "js, br", "br"),
        ("gzip", "js, gz", "gzip"),
        ("br;q=0.1, gzip", "js, gz", "gzip"),
        ("identity", "script()", ""),
        ("", "script()", ""),
    ] {
        let answer = ask(&stage, "GET", script, &[("accept-encoding", accepted)]).await;
        assert_eq!((answer.status, answer.text.as_str()), (200, text), "{accepted}");
        assert_eq!(header(&answer, "content-encoding"), coding);
        assert_eq!(header(&answer, "content-length"), text.len().to_string());
        assert_eq!(header(&answer, "vary"), "accept-encoding");
        assert_eq!(header(&answer, "content-type"), "text/javascript; charset=utf-8");
        assert_eq!(header(&answer, "cache-control"), "public, max-age=31536000, immutable");
    }
    let page = ask(&stage, "GET", "/usage", &[BROWSER, ("accept-encoding", "br")]).await;
    assert_eq!(page.text, "page, br");
    let plain = ask(&stage, "GET", "/assets/plain-3c4d.css", &[("accept-encoding", "br")]).await;
    assert_eq!((plain.text.as_str(), header(&plain, "content-encoding")), ("css", ""));
    for (path, kind) in
        [("/theme.js", "text/javascript; charset=utf-8"), ("/favicon.svg", "image/svg+xml")]
    {
        // A person may open it as well.
        for headers in [&[][..], &[BROWSER]] {
            let answer = ask(&stage, "GET", path, headers).await;
            assert_eq!((answer.status, header(&answer, "content-type")), (200, kind));
            assert_eq!(header(&answer, "cache-control"), "no-cache");
        }
    }
}

#[tokio::test]
async fn a_head_has_no_body_and_a_known_tag_none_either() {
    let stage = stage();
    for path in ["/usage", "/theme.js", "/assets/index-1a2b.js"] {
        let got = ask(&stage, "GET", path, &[BROWSER]).await;
        let head = ask(&stage, "HEAD", path, &[BROWSER]).await;
        assert_eq!((head.status, head.text.as_str()), (200, ""), "{path}");
        for name in ["content-length", "content-type", "etag", "cache-control"] {
            assert_eq!(header(&head, name), header(&got, name), "{path}");
        }
        let tag = header(&got, "etag");
        let other = "\"other\"";
        for (known, status) in [(tag, 304), (&*format!("{other}, W/{tag}"), 304), (other, 200)] {
            let again = ask(&stage, "GET", path, &[BROWSER, ("if-none-match", known)]).await;
            assert_eq!(again.status, status, "{path} {known}");
            assert_eq!(again.text.is_empty(), status == 304);
            assert_eq!(header(&again, "etag"), tag);
        }
        let coded = ask(&stage, "GET", path, &[BROWSER, ("accept-encoding", "br")]).await;
        let is_coded = !header(&coded, "content-encoding").is_empty();
        assert_eq!(
            header(&coded, "etag") != tag,
            is_coded,
            "bytes of their own, a tag of their own"
        );
    }
}

#[tokio::test]
async fn what_is_no_file_is_a_problem_and_reaches_nothing() {
    let stage = stage();
    for (method, path, status) in [
        ("GET", "/assets/none.js", 404),
        ("GET", "/assets", 404),
        ("GET", "/assets/", 404),
        ("GET", "/assets/index-1a2b.js.br", 404),
        ("GET", "/assets/gone-5e6f.js", 404),
        ("GET", "/assets/../index.html", 400),
        ("GET", "/assets/%2e%2e/index.html", 400),
        ("GET", "/assets/..%2findex.html", 400),
        ("GET", "/assets/%00", 400),
        ("GET", "/assets//etc/passwd", 400),
        ("GET", "/assets/index-1a2b%2Ejs", 404),
        ("POST", "/assets/index-1a2b.js", 405),
        ("DELETE", "/assets/none.js", 405),
        ("OPTIONS", "/assets/index-1a2b.js", 405),
        ("POST", "/theme.js", 404),
    ] {
        for headers in [&[][..], &[BROWSER, ("accept-encoding", "br")]] {
            let answer = ask(&stage, method, path, headers).await;
            assert_eq!(answer.status, status, "{method} {path}");
            assert_eq!(header(&answer, "content-type"), "application/problem+json", "{path}");
            assert!(!header(&answer, "cache-control").contains("immutable"));
        }
    }
    let refused = ask(&stage, "PATCH", "/assets/index-1a2b.js", &[]).await;
    assert_eq!(header(&refused, "allow"), "GET, HEAD");
}

#[tokio::test]
async fn metrics_know_the_app_by_one_word() {
    let stage = stage();
    for path in ["/usage", "/admin/users", "/assets/none", "/invented/by/anybody"] {
        ask(&stage, "GET", path, &[BROWSER]).await;
    }
    let metrics = ask(&stage, "GET", "/metrics", &[]).await.text;
    assert!(metrics.contains("route=\"site\""), "{metrics}");
    assert!(!metrics.contains("invented") && !metrics.contains("/admin/users"), "{metrics}");
}

#[tokio::test]
async fn without_the_app_a_person_is_told_how_to_build_it() {
    let stage = stage_of(&[]);
    for (path, status) in [("/", 200), ("/usage", 404)] {
        let answer = ask(&stage, "GET", path, &[BROWSER]).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(header(&answer, "content-type"), "text/html; charset=utf-8");
        assert!(answer.text.contains("make web"), "{}", answer.text);
    }
    assert_eq!(ask(&stage, "GET", "/assets/index.js", &[]).await.status, 404);
    assert_eq!(ask(&stage, "GET", "/admin/users", &[]).await.status, 401);
}
