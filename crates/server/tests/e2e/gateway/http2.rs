//! HTTP/2 on both sides, with trailers.

use crate::binary::Folder;
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Request, Response, Version},
};
use hyper::body::{Body as HttpBody, Frame, Incoming};
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use std::{
    convert::Infallible,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::net::TcpListener;

/// A body of one part and a trailer.
struct WithTrailer(u8);

impl HttpBody for WithTrailer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0 += 1;
        Poll::Ready(match self.0 {
            1 => Some(Ok(Frame::data(Bytes::from_static(b"part")))),
            2 => {
                let mut trailers = HeaderMap::new();
                trailers.insert("x-sum", HeaderValue::from_static("4"));
                Some(Ok(Frame::trailers(trailers)))
            }
            _ => None,
        })
    }
}

/// A service that speaks HTTP/2 without TLS, and says how it was called.
async fn serve_http2(listener: TcpListener) {
    let (stream, _) = listener.accept().await.expect("a connection");
    let service = hyper::service::service_fn(|request: Request<Incoming>| async move {
        let text = |name: &str| {
            let value = request.headers().get(name);
            value.and_then(|value| value.to_str().ok()).unwrap_or("none").to_owned()
        };
        let answer = Response::builder()
            .header("x-version", format!("{:?}", request.version()))
            .header("x-path", request.uri().path())
            .header("x-te", text("te"))
            .header("x-user", text("x-user-id"))
            .header("x-host", text("x-forwarded-host"));
        Ok::<_, Infallible>(answer.body(WithTrailer(0)).expect("an answer"))
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    // It ends when the other side goes.
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}

#[tokio::test]
async fn both_sides_speak_it_and_trailers_pass() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let service = tokio::spawn(serve_http2(listener));
    let folder = Folder::new();
    folder.configure(&format!(
        "[[upstreams]]\nprefix = \"/svc\"\nurl = \"http://{address}\"\nhttp2 = true\n"
    ));
    let server = folder.serve();
    let (user, token) = server.register("ada@example.com");
    let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let request = Request::get(format!("{}/svc/x", server.url))
        .header("authorization", format!("Bearer {token}"))
        .header("x-user-id", "forged")
        .header("te", "trailers")
        .body(Body::empty())
        .expect("a request");
    let mut answer = client.request(request).await.expect("an answer");
    assert_eq!((answer.status().as_u16(), answer.version()), (200, Version::HTTP_2));
    for (name, want) in [
        ("x-version", "HTTP/2.0"),
        ("x-path", "/svc/x"),
        ("x-te", "trailers"),
        ("x-user", user.as_str()),
        ("x-host", server.url.strip_prefix("http://").expect("plain HTTP")),
    ] {
        assert_eq!(answer.headers()[name], want, "{name}");
    }
    let mut frames = Vec::new();
    let body = answer.body_mut();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
        let frame = frame.expect("a frame");
        let told = match frame.data_ref() {
            Some(data) => String::from_utf8_lossy(data).into_owned(),
            None => format!("{:?}", frame.trailers_ref().expect("trailers")),
        };
        frames.push(told);
    }
    assert_eq!(frames, ["part", "{\"x-sum\": \"4\"}"]);
    drop(server);
    service.await.expect("it ends");
}
