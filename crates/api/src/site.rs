//! The web app: which requests are answered with one of its files, and how.
//!
//! A browser that goes to a page asks for `text/html`; it gets the app's one page, whatever the
//! path, unless the path is the API's or one that is forwarded. Paths like `/admin/users` are also
//! calls between services: whoever shows the service token is a service, and a program that does
//! not ask for `text/html` is refused as before.
//!
//! Invariant: no page is given to whoever shows the service token.
//! Invariant: a name that is no file of the app reaches no file system; files are found in memory.
//! Not here: the files (`server::site`).

mod negotiate;

use crate::router::ApiState;
use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, Method, StatusCode, header, response::Builder},
    middleware::Next,
    response::{Html, IntoResponse, Response},
};
use bytes::Bytes;
use negotiate::{codings, is_known, wants_page};
use novacore_edge::{DataPlane, Failure};
use novacore_wire::problem::ProblemKind;
use std::fmt::{self, Write};

/// The files of the web app, as they were built.
pub trait SiteFiles: fmt::Debug + Send + Sync {
    /// The file of this path, such as `assets/index-1a2b3c.js`. Its compressed copies have the same
    /// path with `.br` or `.gz` after it.
    fn find(&self, path: &str) -> Option<SiteFile>;
}

/// A file of the web app.
#[derive(Clone, Debug)]
pub struct SiteFile {
    /// What is in it.
    pub bytes: Bytes,
    /// A digest of that.
    pub digest: [u8; 32],
}

/// What an answer was given by, for the metrics; a path is not, of which anybody can invent more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AnsweredBy(pub(crate) &'static str);

/// The app's one page.
const PAGE: &str = "index.html";
/// Below it every name has a digest in it.
const ASSETS: &str = "/assets";
/// Paths that are never a page: each of them, and all below it.
const OWN_PATHS: [&str; 7] =
    ["/api", "/v1", "/docs", "/openapi.json", "/health", "/metrics", "/.well-known"];

/// The page loads nothing from elsewhere, and nobody shows it within a page of his.
const POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; font-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; \
     frame-ancestors 'none'";
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

/// What a request gets of the app.
#[derive(Debug, PartialEq, Eq)]
enum Wanted<'a> {
    /// Nothing: it is not for the app.
    Nothing,
    /// The page.
    Page,
    /// A file by its path, cached for ever if its name has a digest.
    File(&'a str),
    /// An asset that there is not.
    Missing,
    /// A method that no file knows.
    WrongMethod,
}

/// Answers what is for the app, and passes on the rest.
pub(crate) async fn serve(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let Some(files) = &state.options.site else { return next.run(request).await };
    let mut response = match wanted(&request, files.as_ref(), state.options.data_plane.as_deref()) {
        Wanted::Nothing => return next.run(request).await,
        Wanted::Page => match file(PAGE, files.as_ref(), &request) {
            Some(response) => response,
            None => unbuilt(request.uri().path()),
        },
        Wanted::File(path) => file(path, files.as_ref(), &request).unwrap_or_else(missing),
        Wanted::Missing => missing(),
        Wanted::WrongMethod => {
            let why = "this path has no such method";
            let mut response = Failure::new(ProblemKind::MethodNotAllowed, why).into_response();
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            response
        }
    };
    response.extensions_mut().insert(AnsweredBy("site"));
    response
}

fn wanted<'a>(
    request: &'a Request,
    files: &dyn SiteFiles,
    plane: Option<&dyn DataPlane>,
) -> Wanted<'a> {
    let (path, headers) = (request.uri().path(), request.headers());
    if headers.contains_key("x-service-token")
        || OWN_PATHS.iter().any(|own| is_under(path, own))
        || plane.is_some_and(|plane| plane.serves(path))
    {
        return Wanted::Nothing;
    }
    let reads = [Method::GET, Method::HEAD].contains(request.method());
    let name = path.strip_prefix('/').unwrap_or(path);
    let is_file = !name.ends_with(".br") && !name.ends_with(".gz") && files.find(name).is_some();
    if is_under(path, ASSETS) {
        return match (reads, is_file) {
            (false, _) => Wanted::WrongMethod,
            (true, true) => Wanted::File(name),
            (true, false) => Wanted::Missing,
        };
    }
    match reads {
        false => Wanted::Nothing,
        true if name == PAGE => Wanted::Page,
        true if is_file => Wanted::File(name),
        true if wants_page(headers) => Wanted::Page,
        true => Wanted::Nothing,
    }
}

fn is_under(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The answer with a file, in the best coding that the client takes, or that it has it already.
fn file(path: &str, files: &dyn SiteFiles, request: &Request) -> Option<Response> {
    let coded = codings(request.headers())
        .into_iter()
        .find_map(|(coding, end)| Some((files.find(&format!("{path}{end}"))?, Some(coding))));
    let (found, coding) = match coded {
        // A copy without its original is left over from another build.
        Some(coded) if files.find(path).is_some() => coded,
        _ => (files.find(path)?, None),
    };
    let etag = etag(&found.digest, coding);
    let is_page = path == PAGE;
    let answer = Response::builder()
        .header(header::ETAG, &etag)
        .header(header::CACHE_CONTROL, if is_hashed(path) { FOR_EVER } else { ASK_AGAIN })
        .header(header::VARY, if is_page { "accept, accept-encoding" } else { "accept-encoding" });
    let answer = if is_known(request.headers(), &etag) {
        answer.status(StatusCode::NOT_MODIFIED).body(Body::empty())
    } else {
        let answer = match coding {
            Some(coding) => answer.header(header::CONTENT_ENCODING, coding),
            None => answer,
        };
        let is_head = request.method() == Method::HEAD;
        let body = if is_head { Body::empty() } else { Body::from(found.bytes.clone()) };
        guarded(answer)
            .header(header::CONTENT_TYPE, media_type(path))
            .header(header::CONTENT_LENGTH, found.bytes.len())
            .body(body)
    };
    Some(answer.expect("every header is text of ours"))
}

/// Below the folder of assets names change with what is in the files.
fn is_hashed(path: &str) -> bool {
    path.starts_with("assets/")
}

fn guarded(answer: Builder) -> Builder {
    answer
        .header(header::CONTENT_SECURITY_POLICY, POLICY)
        .header(header::X_FRAME_OPTIONS, "DENY")
        // With `no-referrer` a browser would hide the origin from us as well.
        .header(header::REFERRER_POLICY, "same-origin")
}

/// A strong tag: each coding has bytes, and so a tag, of its own.
fn etag(digest: &[u8; 32], coding: Option<&str>) -> String {
    let mut tag = String::from("\"");
    for byte in &digest[..16] {
        write!(tag, "{byte:02x}").expect("a string takes all");
    }
    if let Some(coding) = coding {
        write!(tag, "-{coding}").expect("a string takes all");
    }
    tag.push('"');
    tag
}

fn media_type(path: &str) -> &'static str {
    let (_, end) = path.rsplit_once('.').unwrap_or_default();
    match end {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        _ => "application/octet-stream",
    }
}

fn missing() -> Response {
    let failure = Failure::new(ProblemKind::NotFound, "there is no such file").into_response();
    // After an update a page that is still open may ask for files that are there again tomorrow.
    ([(header::CACHE_CONTROL, "no-store")], failure).into_response()
}

/// What a person sees of a server that was built without the app.
fn unbuilt(path: &str) -> Response {
    let status = if path == "/" { StatusCode::OK } else { StatusCode::NOT_FOUND };
    let page = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>NovaCore</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>body{font:16px/1.5 system-ui;\
         margin:4rem auto;max-width:40rem;padding:0 1rem;color-scheme:light dark}</style></head><body>\
         <h1>NovaCore runs, without its web app</h1><p>The API works: <a href=\"/docs\">its calls</a>, \
         <a href=\"/openapi.json\">its description</a>, <a href=\"/health\">health</a>.</p><p>This binary \
         was built before the web app was. <code>make web</code> builds the app (it needs npm), and \
         <code>make run</code> both, and starts the server.</p></body></html>";
    let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; \
                  base-uri 'none'; form-action 'none'";
    let headers: [(HeaderName, &str); 4] = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "accept"),
    ];
    (status, headers, Html(page)).into_response()
}
