//! Answers that come whole, and refusals of providers.

use super::{
    account::CallHold,
    call::Call,
    catalog::Target,
    refuse::Refusal,
    tokens::Counter,
    verdict::{Ending, Verdict},
};
use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Response, StatusCode, header},
};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use novacore_dialects::{Answer, ErrorKind, OutputKind};
use std::time::Duration;
use tokio::{sync::oneshot, time::timeout};

/// Longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 64 << 20;
/// Longest refusal of a provider that is sent on, in bytes.
const REFUSAL_BYTES_MAX: usize = 1 << 20;

/// Reads an answer, settles it and passes it on.
pub(super) async fn deliver(
    call: &Call,
    target: &Target,
    hold: CallHold,
    (back, body): (HeaderMap, Body),
    reply: oneshot::Sender<Response<Body>>,
) -> Verdict {
    let reading = collect(body, ANSWER_BYTES_MAX, target.provider.idle_timeout);
    let read = tokio::select! {
        read = hold.keep(reading) => read,
        () = call.stopped() => None,
    };
    let verdict = match &read {
        Some(bytes) => verdict(call, target, bytes).ok_or("the provider answered nonsense"),
        None => Err("the provider broke off"),
    };
    let (verdict, response) = match verdict {
        Ok(verdict) => {
            let mut response = Response::new(Body::from(read.unwrap_or_default()));
            *response.headers_mut() = back;
            (verdict, response)
        }
        Err(why) => {
            let id = Some(call.request_id.as_str());
            let refusal = Refusal::new(ErrorKind::Unavailable, why);
            (Verdict::void(), refusal.answer(call.asked.route.family(), id))
        }
    };
    let settling = hold.finish(verdict.tokens, Some(call.metadata(&verdict, target)));
    futures::pin_mut!(settling);
    // Asked once, it waits in the ledger's queue before anything that the caller does next.
    let is_settled = futures::poll!(&mut settling).is_ready();
    // Whoever has gone away needs no answer; he is charged for it all the same.
    let _ = reply.send(response);
    if !is_settled {
        settling.await;
    }
    verdict
}

/// What the call used; nothing if this is no answer of a model.
fn verdict(call: &Call, target: &Target, bytes: &[u8]) -> Option<Verdict> {
    let answer = Answer::read(call.asked.route, bytes).ok()?;
    if answer.error.is_some() && answer.usage.is_none() && answer.outputs.is_empty() {
        return Some(Verdict::void());
    }
    let mut counter = Counter::new(target.model.tokenizer);
    for output in &answer.outputs {
        if output.kind != OutputKind::Transcript {
            counter.push((output.index, output.kind as u8), &output.text);
        }
    }
    let counted = (call.asked.prompt_likely, counter.total());
    Some(Verdict::new(answer.usage, counted, Ending::Complete))
}

/// The whole body; nothing if it is too long, breaks off or pauses for too long.
async fn collect(body: Body, bytes_max: usize, idle: Duration) -> Option<Bytes> {
    let mut chunks = body.into_data_stream();
    let mut all = BytesMut::new();
    while let Some(chunk) = timeout(idle, chunks.next()).await.ok()? {
        let chunk = chunk.ok()?;
        if all.len() + chunk.len() > bytes_max {
            return None;
        }
        all.extend_from_slice(&chunk);
    }
    Some(all.freeze())
}

/// What the caller is told when a provider refuses: its own words, unless it is our key that it
/// does not like.
pub(super) async fn refusal(call: &Call, head: Response<Body>) -> Response<Body> {
    let (parts, body) = head.into_parts();
    let family = call.asked.route.family();
    let id = Some(call.request_id.as_str());
    if matches!(parts.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        tracing::error!(request.id = call.request_id, status = %parts.status,
            "a provider does not accept the key that is configured");
        let why = "the provider does not accept this server";
        return Refusal::new(ErrorKind::Unavailable, why).answer(family, id);
    }
    let idle = Duration::from_secs(10);
    match collect(body, REFUSAL_BYTES_MAX, idle).await {
        Some(bytes) if !parts.status.is_redirection() && !parts.status.is_informational() => {
            let mut response = Response::new(Body::from(bytes));
            *response.status_mut() = parts.status;
            let media = parts.headers.get(header::CONTENT_TYPE).cloned();
            let media = media.unwrap_or(HeaderValue::from_static("application/json"));
            response.headers_mut().insert(header::CONTENT_TYPE, media);
            for name in [header::RETRY_AFTER] {
                if let Some(value) = parts.headers.get(&name) {
                    response.headers_mut().insert(name, value.clone());
                }
            }
            response
        }
        Some(_) | None => Refusal::new(ErrorKind::Unavailable, "the provider answered nonsense")
            .answer(family, id),
    }
}
