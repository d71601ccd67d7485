//! One call of a model, from its hold to its settle.
//!
//! It runs in a task of its own, so that it is settled whatever becomes of the caller.
//! Invariant: one hold per call, over all providers that are tried; the caller is charged for the
//! answer that he was given.

use super::{
    account::CallHold,
    admit::Admission,
    asked::{Asked, Output},
    catalog::Target,
    open_calls::OpenCall,
    options::HoldOptions,
    refuse::Refusal,
    relay::Relay,
    send::{self, SendError, Wish},
    sink::Sink,
    state::State,
    turns::Turns,
    verdict::{Ending, Lost, Verdict},
    whole,
};
use crate::breaker::Attempt;
use axum::{
    body::Body,
    http::{HeaderMap, HeaderName, Response, header},
};
use novacore_dialects::{ErrorKind, Route};
use std::{sync::Arc, time::Instant};
use tokio::sync::oneshot;

/// Headers of a provider's answer that the caller is sent.
const SENT_BACK: [HeaderName; 3] =
    [header::CONTENT_TYPE, header::RETRY_AFTER, HeaderName::from_static("openai-processing-ms")];

/// A call that was admitted.
pub(crate) struct Call {
    pub(crate) state: Arc<State>,
    pub(crate) asked: Asked,
    pub(crate) request_id: String,
    /// What of the caller's headers a provider may see.
    pub(crate) passed_on: HeaderMap,
    pub(crate) begun: Instant,
    pub(crate) clamp: Option<u64>,
    /// Counts it among the calls that grow, while it is open.
    pub(crate) _grower: Option<OpenCall>,
}

impl Call {
    /// Makes the call and answers.
    pub(crate) async fn run(self, hold: CallHold, reply: oneshot::Sender<Response<Body>>) {
        let mut turns = Turns::new(&self.asked.targets);
        while let Some((target, attempt)) = turns.next() {
            let sent = hold.keep(self.send_to(target, attempt)).await;
            match sent {
                Ok(head) => {
                    let verdict = self.deliver(target, head, hold, reply).await;
                    return self.tell(target, &verdict);
                }
                Err(error)
                    if !turns.is_over() && error.is_worth_another() && !reply.is_closed() =>
                {
                    self.state.cx.metrics.calls.fell_back(&target.provider.name);
                }
                Err(error) => return self.fail(target, error, hold, reply).await,
            }
        }
        // There is at least one target, so that this is not reached.
        hold.release().await;
    }

    /// Sends the call to one provider, and tells its breaker.
    async fn send_to(
        &self,
        target: &Target,
        attempt: Option<Attempt<'_>>,
    ) -> Result<Response<Body>, SendError> {
        let wish = self.wish(target);
        let sent = send::send(&self.asked, target, &self.passed_on, wish).await;
        if let Err(SendError::Refused(refused)) = &sent {
            refused.log(&target.provider, &self.request_id);
        }
        let is_failure = sent.as_ref().is_err_and(SendError::is_of_provider);
        let news = attempt.and_then(|attempt| match is_failure {
            true => attempt.failed(),
            false => attempt.answered(),
        });
        if let Some(is_available) = news {
            let provider = &target.provider.name;
            self.state.cx.metrics.calls.available(provider, is_available);
            tracing::warn!(provider, available = is_available, "a provider fails or is back");
        }
        sent
    }

    /// A call that may have to be cut is streamed.
    fn wish(&self, target: &Target) -> Wish {
        let may_be_cut = match self.asked.output {
            Output::Open(_) => true,
            Output::Stated(_) => !target.provider.enforces_maximum,
        };
        let can_stream = self.asked.route != Route::Embeddings;
        Wish { stream: self.asked.stream || (may_be_cut && can_stream), clamp: self.clamp }
    }

    async fn deliver(
        &self,
        target: &Target,
        head: Response<Body>,
        hold: CallHold,
        reply: oneshot::Sender<Response<Body>>,
    ) -> Verdict {
        let (parts, body) = head.into_parts();
        let back = sent_back(&parts.headers);
        if !is_event_stream(&parts.headers) {
            return whole::deliver(self, target, hold, (back, body), reply).await;
        }
        let sink = if self.asked.stream {
            Sink::stream(reply, back, self.holds().stall)
        } else {
            Sink::whole(self.asked.route, self.request_id.clone(), reply, back)
        };
        Relay::new(self, target, hold, body, sink).run().await
    }

    /// No provider has answered, or the last one has refused.
    async fn fail(
        &self,
        target: &Target,
        error: SendError,
        hold: CallHold,
        reply: oneshot::Sender<Response<Body>>,
    ) {
        let family = self.asked.route.family();
        let told = |kind, why: &str| Refusal::new(kind, why).answer(family, Some(&self.request_id));
        let answer = match error {
            SendError::Refused(refused) => refused.answer(family, &self.request_id),
            SendError::TimedOut => {
                told(ErrorKind::UpstreamTimeout, "the provider did not answer in time")
            }
            SendError::Packed => {
                let why = "the provider packs its answers though it is not asked to";
                told(ErrorKind::Unavailable, why)
            }
            SendError::Unreachable => {
                told(ErrorKind::Unavailable, "the provider cannot be reached")
            }
        };
        hold.release().await;
        self.tell(target, &Verdict::void());
        // Whoever has gone away needs no answer.
        let _ = reply.send(answer);
    }

    /// Logs and measures; neither what was asked nor what was answered.
    fn tell(&self, target: &Target, verdict: &Verdict) {
        let (provider, model) = (&target.provider.name, &target.model.name);
        let spent = self.begun.elapsed();
        let ending = verdict.ending.as_str();
        let calls = &self.state.cx.metrics.calls;
        calls.ended(provider, model, ending, spent);
        let tokens = (verdict.input, verdict.tokens - verdict.input);
        calls.used(provider, model, tokens, verdict.is_estimated);
        if let Some(Lost { input, output, is_estimated }) = verdict.lost {
            calls.lost(provider, model, (input, output), is_estimated);
            tracing::warn!(
                request.id = self.request_id,
                provider,
                model,
                input,
                output,
                is_estimated,
                "used for an answer that was not delivered, so that nobody pays"
            );
        }
        let tokens = verdict.tokens;
        if verdict.ending == Ending::BrokenOff {
            tracing::warn!(request.id = self.request_id, provider, model, tokens, "broken off");
        } else {
            let id = &self.request_id;
            tracing::debug!(request.id = id, provider, model, ending, tokens, "called");
        }
    }

    pub(crate) fn note_first_bytes(&self, target: &Target) {
        let calls = &self.state.cx.metrics.calls;
        calls.first_bytes(&target.provider.name, &target.model.name, self.begun.elapsed());
    }

    pub(crate) fn holds(&self) -> &HoldOptions {
        &self.state.holds
    }

    /// Returns when the server stops.
    pub(crate) async fn stopped(&self) {
        self.state.stop.cancelled().await;
    }

    pub(crate) fn now_s(&self) -> i64 {
        self.state.cx.clock.now().seconds()
    }

    pub(crate) fn metadata(&self, verdict: &Verdict, target: &Target) -> Arc<str> {
        verdict.metadata(&target.provider.name, &target.model.name, &self.request_id)
    }
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    media.is_some_and(|media| media.trim_start().starts_with("text/event-stream"))
}

fn sent_back(headers: &HeaderMap) -> HeaderMap {
    let known = SENT_BACK.into_iter();
    known.filter_map(|name| Some((name.clone(), headers.get(&name)?.clone()))).collect()
}

/// Begins a call that was admitted.
pub(crate) fn begin(
    state: Arc<State>,
    asked: Asked,
    admission: Admission,
    request_id: String,
    passed_on: HeaderMap,
    begun: Instant,
) -> (Call, CallHold) {
    let Admission { hold, grower, clamp } = admission;
    (Call { state, asked, request_id, passed_on, begun, clamp, _grower: grower }, hold)
}
