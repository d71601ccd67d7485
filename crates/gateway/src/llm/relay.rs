//! A stream on its way from a provider to a caller: counted, kept within its hold, cut at its end.
//!
//! Invariant: no more is passed on than the hold covers, save for what no count shows (reasoning
//! that stays hidden, or a model of unknown tokenizer behind a provider that is trusted).
//! Invariant: when the caller sees the end, the settle is on its way to the ledger before whatever
//! he asks next.
//! Invariant: a caller who goes away is charged for what the provider wrote.

use super::{
    account::{Asking, CallHold},
    asked::Output,
    call::Call,
    catalog::Target,
    fault,
    sink::Sink,
    tokens::Counter,
    verdict::{Ending, Verdict},
};
use axum::body::{Body, BodyDataStream};
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, future};
use novacore_app::{error::AppError, submit::Done};
use novacore_dialects::{Cut, ErrorBody, ErrorKind, OutputKind, StreamOptions, StreamReader};
use novacore_ledger::Refusal;
use tokio::time::{Instant, Interval, sleep_until};

/// Bytes that could not be read are taken for tokens of so many.
const UNREAD_BYTES_PER_TOKEN: u64 = 4;
/// How often a growth is asked for again with what is left.
const GROWTH_TRIES: u32 = 3;

/// A stream on its way.
pub(crate) struct Relay<'c> {
    call: &'c Call,
    target: &'c Target,
    hold: CallHold,
    body: BodyDataStream,
    reader: StreamReader,
    counter: Counter,
    sink: Sink,
    /// Output that was passed on, in tokens.
    passed: u64,
    /// Whether any bytes came.
    has_begun: bool,
    /// Whether the model has written anything.
    has_written: bool,
    /// Whether the provider told of an error.
    has_failed: bool,
    /// Whether what was passed on last is a whole event, so that another may follow it.
    is_between_events: bool,
    /// What was asked of the ledger on the way.
    pending: Option<(Op, Asking)>,
    /// Whether the ledger had nothing left to give when last asked ahead of time.
    is_dry: bool,
    /// Whether a charge on the way failed, so that there are no more.
    charges_at_end: bool,
    renew: Interval,
    idle_until: Instant,
    /// Until when an answer that nobody hears is read.
    drain_until: Option<Instant>,
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Grow(u64),
    Charge(u64),
}

/// What happened next.
enum Turn {
    Told(Result<Done, AppError>),
    Chunk(Option<Result<Bytes, axum::Error>>),
    Gone,
    Renew,
    Ended(Ending),
}

/// One event, ready to be passed on.
struct Step {
    pass: Vec<u8>,
    /// All output with this event, in tokens.
    after: u64,
    is_last: bool,
    /// Whether it says something that cannot be read.
    is_unread: bool,
    has_written: bool,
    has_failed: bool,
}

impl<'c> Relay<'c> {
    pub(crate) fn new(
        call: &'c Call,
        target: &'c Target,
        hold: CallHold,
        body: Body,
        sink: Sink,
    ) -> Relay<'c> {
        let asked = &call.asked;
        let strips = asked.route.asks_for_usage() && !asked.include_usage && sink.is_stream();
        let options = StreamOptions { strip_usage: strips, ..StreamOptions::new(asked.route) };
        let renew = hold.renewals();
        Relay {
            call,
            target,
            hold,
            body: body.into_data_stream(),
            reader: StreamReader::new(options),
            counter: Counter::new(target.model.tokenizer),
            sink,
            passed: 0,
            has_begun: false,
            has_written: false,
            has_failed: false,
            is_between_events: true,
            pending: None,
            is_dry: false,
            charges_at_end: false,
            renew,
            idle_until: Instant::now() + target.provider.idle_timeout,
            drain_until: None,
        }
    }

    /// Passes the stream on and settles it.
    pub(crate) async fn run(mut self) -> Verdict {
        let (ending, last) = loop {
            match self.turn().await {
                Turn::Told(told) => self.take(told),
                Turn::Renew => self.ask(Op::Grow(0)),
                Turn::Gone => self.drain_until = Some(Instant::now() + self.call.holds().drain),
                Turn::Ended(ending) => break (ending, Vec::new()),
                Turn::Chunk(chunk) => {
                    self.idle_until = Instant::now() + self.target.provider.idle_timeout;
                    if let Some(end) = self.pass(chunk).await {
                        break end;
                    }
                }
            }
            self.look_ahead();
        };
        self.finish(ending, last).await
    }

    async fn turn(&mut self) -> Turn {
        let told = async {
            match &mut self.pending {
                Some((_, asking)) => asking.await,
                None => future::pending().await,
            }
        };
        let drained = async {
            match self.drain_until {
                Some(until) => sleep_until(until).await,
                None => future::pending().await,
            }
        };
        tokio::select! {
            biased;
            told = told => Turn::Told(told),
            () = self.call.stopped() => Turn::Ended(Ending::Stopped),
            () = drained => Turn::Ended(Ending::HangUp),
            () = self.sink.gone(), if self.drain_until.is_none() => Turn::Gone,
            _ = self.renew.tick() => Turn::Renew,
            chunk = self.body.next() => Turn::Chunk(chunk),
            () = sleep_until(self.idle_until) => Turn::Ended(Ending::BrokenOff),
        }
    }

    /// Passes a chunk on, event by event. Tells how the stream ended, if it did, and what is to be
    /// sent last.
    async fn pass(
        &mut self,
        chunk: Option<Result<Bytes, axum::Error>>,
    ) -> Option<(Ending, Vec<u8>)> {
        let is_over = match chunk {
            Some(Ok(bytes)) => {
                if !std::mem::replace(&mut self.has_begun, true) {
                    self.call.note_first_bytes(self.target);
                }
                self.reader.push(&bytes);
                false
            }
            // Whether it broke or just ended: what counts is whether the dialect's end was there.
            Some(Err(_)) | None => {
                self.reader.finish();
                true
            }
        };
        let mut out = BytesMut::new();
        while let Some(step) = self.next_step() {
            if step.after > self.allowed() && !self.make_room(step.after, &mut out).await {
                let ending = if self.drain_until.is_some() { Ending::HangUp } else { Ending::Cut };
                return Some((ending, out.to_vec()));
            }
            self.passed = step.after;
            self.has_written |= step.has_written;
            self.has_failed |= step.has_failed;
            // Half an event tells nothing, and would spoil what we say after it.
            let is_half = is_over && step.is_unread;
            if !is_half && !step.pass.is_empty() {
                self.is_between_events = ends_in_blank_line(&step.pass);
                out.extend_from_slice(&step.pass);
            }
            if step.is_last {
                return Some((Ending::Complete, out.to_vec()));
            }
        }
        if is_over {
            let ending =
                if self.reader.is_complete() { Ending::Complete } else { Ending::BrokenOff };
            return Some((ending, out.to_vec()));
        }
        self.send(out).await;
        None
    }

    fn next_step(&mut self) -> Option<Step> {
        let event = self.reader.next_event()?;
        for output in &event.outputs {
            // The tokens of speech are not those of its text.
            if output.kind != OutputKind::Transcript {
                self.counter.push((output.index, output.kind as u8), &output.text);
            }
        }
        self.counter.add(event.unread_bytes / UNREAD_BYTES_PER_TOKEN);
        Some(Step {
            has_written: !event.outputs.is_empty() || event.unread_bytes > 0,
            has_failed: event.error.is_some(),
            is_unread: event.unread_bytes > 0,
            is_last: event.is_last,
            pass: match &event.error {
                // In the provider's words it would read as the caller's own quota.
                Some(error) if fault::is_of_account(error) => {
                    let (provider, id) = (&self.target.provider.name, &self.call.request_id);
                    tracing::error!(
                        request.id = id,
                        provider,
                        "the account at a provider is used up or shut"
                    );
                    failure(self.call, fault::ACCOUNT).into_bytes()
                }
                Some(_) | None => event.pass.into_owned(),
            },
            after: self.counter.total(),
        })
    }

    async fn send(&mut self, out: BytesMut) {
        let sending = self.sink.send(out.freeze());
        if !self.hold.keep(sending).await && self.drain_until.is_none() {
            self.drain_until = Some(Instant::now() + self.call.holds().drain);
        }
    }

    /// How much output the hold covers.
    fn allowed(&self) -> u64 {
        let stated = matches!(self.call.asked.output, Output::Stated(_));
        let trusted = self.target.provider.enforces_maximum;
        if stated && trusted && !self.target.model.tokenizer.is_known() {
            return u64::MAX;
        }
        self.hold.reserved().saturating_sub(self.call.asked.prompt_max)
    }

    /// By how much the hold may grow at once; 0 if it may not.
    fn step(&self) -> u64 {
        let step = self.call.holds().step.saturating_mul(self.call.asked.outputs.max(1));
        match self.call.asked.output {
            Output::Stated(_) => 0,
            Output::Open(None) => step,
            Output::Open(Some(most)) => step.min(most.saturating_sub(self.allowed())),
        }
    }

    /// Grows the hold until it covers so much output; also for one who has gone away, since what
    /// the provider wrote by then is known only at its end.
    async fn make_room(&mut self, output: u64, out: &mut BytesMut) -> bool {
        self.send(out.split()).await;
        for _ in 0..GROWTH_TRIES {
            if let Some((_, asking)) = &mut self.pending {
                let told = asking.await;
                self.take(told);
            }
            let lacking = output.saturating_sub(self.allowed());
            let step = self.step();
            if lacking == 0 || step == 0 {
                break;
            }
            self.ask(Op::Grow(step.max(lacking)));
        }
        if let Some((_, asking)) = &mut self.pending {
            let told = asking.await;
            self.take(told);
        }
        output <= self.allowed()
    }

    /// Asks for room, or charges what was written, before there is need to wait for it.
    fn look_ahead(&mut self) {
        let step = self.step();
        let is_near = self.passed + self.call.holds().step / 2 > self.allowed();
        if is_near && step > 0 && !self.is_dry {
            return self.ask(Op::Grow(step));
        }
        let used = (self.call.asked.prompt_likely + self.passed).min(self.hold.reserved());
        let uncharged = used.saturating_sub(self.hold.charged());
        if self.passed >= self.call.holds().step
            && uncharged >= self.call.holds().step
            && !self.charges_at_end
        {
            self.ask(Op::Charge(uncharged));
        }
    }

    /// One thing at a time; what is lost here is asked for again.
    fn ask(&mut self, op: Op) {
        if self.pending.is_none() {
            let asking = match op {
                Op::Grow(tokens) => self.hold.ask_growth(tokens),
                Op::Charge(tokens) => self.hold.ask_charge(tokens),
            };
            self.pending = Some((op, asking));
        }
    }

    fn take(&mut self, told: Result<Done, AppError>) {
        match (self.pending.take(), told) {
            (Some((Op::Grow(tokens), _)), Ok(_)) => self.hold.note_growth(tokens),
            (Some((Op::Grow(tokens), _)), Err(AppError::Refused(Refusal::Quota(quota)))) => {
                let left = u64::try_from(quota.remaining).unwrap_or(0);
                self.is_dry = true;
                if (1..tokens).contains(&left) {
                    self.ask(Op::Grow(left));
                }
            }
            (Some((Op::Grow(_), _)), Err(error)) => {
                self.is_dry = true;
                // One that has run out is settled late, and only once.
                self.charges_at_end |= matches!(error, AppError::Refused(_));
            }
            (Some((Op::Charge(tokens), _)), told) => {
                self.charges_at_end = told.is_err();
                self.hold.note_charge(tokens, &told);
            }
            (None, _) => {}
        }
    }

    async fn finish(mut self, ending: Ending, last: Vec<u8>) -> Verdict {
        while let Some((_, asking)) = &mut self.pending {
            let told = asking.await;
            self.take(told);
        }
        let mut last = last;
        if !self.is_between_events && ending != Ending::Complete {
            last.extend_from_slice(b"\n\n");
        }
        let input = self.reader.usage_so_far().and_then(|usage| usage.total_input());
        let counted = (input.unwrap_or(self.call.asked.prompt_likely), self.passed);
        match ending {
            Ending::Cut => last.extend(self.reader.end(&self.cut(counted))),
            Ending::BrokenOff | Ending::Stopped => {
                last.extend(failure(self.call, "the provider broke off").into_bytes())
            }
            Ending::Complete | Ending::HangUp | Ending::Void => {}
        }
        let failed = self.has_failed || matches!(ending, Ending::BrokenOff | Ending::Stopped);
        self.sink.take(&last);
        let reported = self.reader.reported_usage();
        let used = Verdict::new(reported, counted, ending);
        let is_delivered = !((failed && !self.has_written) || self.sink.has_failed(ending));
        let verdict = match (is_delivered, self.has_written || reported.is_some()) {
            (true, _) => used,
            (false, true) => used.undelivered(),
            // Of a provider that said nothing at all nobody knows whether it used anything.
            (false, false) => Verdict::void(),
        };
        let metadata = self.call.metadata(&verdict, self.target);
        let settling = self.hold.finish(verdict.tokens, Some(metadata));
        futures::pin_mut!(settling);
        // Asked once, it waits in the ledger's queue before anything that the caller does next.
        let is_settled = futures::poll!(&mut settling).is_ready();
        self.sink.end(last, ending).await;
        if !is_settled {
            settling.await;
        }
        verdict
    }

    fn cut(&self, (input_tokens, output_tokens): (u64, u64)) -> Cut<'_> {
        Cut {
            choices: self.call.asked.outputs,
            include_usage: self.call.asked.include_usage,
            input_tokens,
            output_tokens,
            id: &self.call.request_id,
            model: &self.call.asked.model,
            created_s: self.call.now_s(),
        }
    }
}

/// The event of a stream that its provider does not bring to its end.
fn failure(call: &Call, message: &str) -> String {
    let request_id = Some(call.request_id.as_str());
    ErrorBody { kind: ErrorKind::Unavailable, message, field: None, request_id }
        .event(call.asked.route)
}

/// Whether an event ends here, however its lines end.
fn ends_in_blank_line(bytes: &[u8]) -> bool {
    let bytes = match bytes {
        [before @ .., b'\r', b'\n'] | [before @ .., b'\r' | b'\n'] => before,
        _ => return false,
    };
    matches!(bytes, [] | [.., b'\r' | b'\n'])
}
