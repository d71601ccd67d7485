//! Answers that come whole.

use super::{
    account::CallHold,
    call::Call,
    catalog::Target,
    fault,
    refuse::Refusal,
    tokens::Counter,
    verdict::{Ending, Verdict},
};
use axum::{
    body::Body,
    http::{HeaderMap, Response},
};
use bytes::{Bytes, BytesMut};
use futures::StreamExt;
use novacore_dialects::{Answer, ErrorKind, OutputKind};
use std::time::Duration;
use tokio::{sync::oneshot, time::timeout};

/// Longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 64 << 20;

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
        Some(bytes) => verdict(call, target, bytes),
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

/// What the call used, or why this is no answer of a model that could be passed on.
fn verdict(call: &Call, target: &Target, bytes: &[u8]) -> Result<Verdict, &'static str> {
    let answer = Answer::read(call.asked.route, bytes);
    let answer = answer.map_err(|_| "the provider answered nonsense")?;
    if let Some(error) = &answer.error
        && answer.usage.is_none()
        && answer.outputs.is_empty()
    {
        return match fault::is_of_account(error) {
            true => Err(fault::ACCOUNT),
            false => Ok(Verdict::void()),
        };
    }
    let mut counter = Counter::new(target.model.tokenizer);
    for output in &answer.outputs {
        if output.kind != OutputKind::Transcript {
            counter.push((output.index, output.kind as u8), &output.text);
        }
    }
    let counted = (call.asked.prompt_likely, counter.total());
    Ok(Verdict::new(answer.usage, counted, Ending::Complete))
}

/// The whole body; nothing if it is too long, breaks off or pauses for too long.
pub(super) async fn collect(body: Body, bytes_max: usize, idle: Duration) -> Option<Bytes> {
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
