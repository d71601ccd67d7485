//! A call's hold in the ledger.
//!
//! Invariant: a hold that was opened is settled or released once, however the call ends; if the
//! store is out of reach then, it is asked again until it answers or the process stops.
//! Invariant: what was charged on the way is never charged again: the last settle charges the
//! rest, and what was too much is corrected.
//! Invariant: a hold does not run out while its call is waited for.

use novacore_access::{CallModels, Permit};
use novacore_app::{cx::Cx, error::AppError, holds, record, submit::Done};
use novacore_ledger::{Expect, HoldAsk, HoldStatus, OnExpiry, Record, Refusal, Reserve, Settle};
use novacore_vocab::{Amount, HoldId, IdempotencyKey, ResourceName, Source, Version};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::time::{Instant, Interval, interval_at};
use tokio_util::sync::CancellationToken;

/// First pause before the store is asked again; each is twice as long.
const PAUSE: Duration = Duration::from_millis(100);
/// Longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// How often the store is asked again: for some twenty minutes, after which the hold has run out
/// long since.
const TRIES: u32 = 250;
/// And how often once the server stops.
const TRIES_WHEN_STOPPED: u32 = 3;
/// How often a call that came to nothing may be made again under its key.
const CALLS_OF_A_KEY_MAX: u32 = 64;

/// Whose calls are held, and of what.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) cx: Cx,
    pub(crate) permit: Permit<CallModels>,
    pub(crate) resource: ResourceName,
    pub(crate) ttl_s: i64,
    /// Says that the server stops.
    pub(crate) stop: CancellationToken,
}

/// An open hold.
#[derive(Debug)]
pub(crate) struct CallHold {
    account: Account,
    id: HoldId,
    /// All that was ever set aside.
    reserved: u64,
    /// What was charged on the way, entry by entry.
    charged: Vec<(Version, u64)>,
    /// Whether a charge on the way may have been made though the store did not say so.
    in_doubt: bool,
    /// Whether it has ended, and only corrections are left.
    has_ended: bool,
}

/// What became of something that was asked on the way.
pub(crate) type Asking = std::pin::Pin<Box<dyn Future<Output = Result<Done, AppError>> + Send>>;

impl Account {
    /// Sets tokens aside, once for a key. What is left when it runs out is given back: what was
    /// used by then is charged on the way.
    pub(crate) async fn hold(
        &self,
        tokens: u64,
        key: Option<&IdempotencyKey>,
    ) -> Result<CallHold, AppError> {
        let ask = Reserve {
            amounts: vec![(self.resource.clone(), amount(tokens)?)],
            ttl_s: self.ttl_s,
            on_expiry: OnExpiry::Release,
            metadata: None,
        };
        let done = match key {
            None => holds::reserve(&self.cx, self.permit.reserve(), ask, None).await?,
            Some(key) => self.hold_once(ask, key).await?,
        };
        let version = done.answer.hold.unwrap_or(done.answer.version);
        let id = HoldId { user: done.user, version };
        Ok(CallHold {
            account: self.clone(),
            id,
            reserved: tokens,
            charged: Vec::new(),
            in_doubt: false,
            has_ended: false,
        })
    }
}

impl Account {
    /// Reserves under a key, unless a call under it is under way or has come to something.
    async fn hold_once(&self, ask: Reserve, key: &IdempotencyKey) -> Result<Done, AppError> {
        for number in 0..CALLS_OF_A_KEY_MAX {
            let key = match number {
                0 => key.clone(),
                again => IdempotencyKey::parse(&format!("{}#{again}", key.as_str()))
                    .map_err(|error| AppError::invalid("idempotency-key", error.to_string()))?,
            };
            let reserved =
                holds::reserve(&self.cx, self.permit.reserve(), ask.clone(), Some(key)).await;
            let done = match reserved {
                Ok(done) if done.replayed => done,
                // The same call may be held at another amount by now: the first one stands.
                Err(AppError::Refused(Refusal::KeyReused)) => break,
                told => return told,
            };
            let hold = HoldId { user: done.user, version: done.answer.version };
            let hold = holds::find(&self.cx, self.permit.settle(), hold).await?;
            if hold.status != HoldStatus::Released {
                break;
            }
        }
        let why = "the call with this idempotency key is under way or over";
        Err(AppError::Conflict(why.to_owned()))
    }
}

impl CallHold {
    /// All that was ever set aside.
    pub(crate) fn reserved(&self) -> u64 {
        self.reserved
    }

    /// All that was charged so far.
    pub(crate) fn charged(&self) -> u64 {
        self.charged.iter().map(|(_, tokens)| tokens).sum()
    }

    /// Ticks whenever the hold needs more time: three times in its life, so that one who waits for
    /// two things after each other is in time.
    pub(crate) fn renewals(&self) -> Interval {
        let third = Duration::from_millis(self.account.ttl_s.unsigned_abs() * 1_000 / 3);
        interval_at(Instant::now() + third, third)
    }

    /// Waits for something, however long that takes, while the hold lives on. What it covers would
    /// else be free for others before it is used.
    pub(crate) async fn keep<T>(&self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            biased;
            done = work => done,
            never = self.renew() => match never {},
        }
    }

    async fn renew(&self) -> Infallible {
        let mut renewals = self.renewals();
        loop {
            renewals.tick().await;
            // The next one makes up for one that failed.
            if let Err(error) = self.ask_growth(0).await {
                tracing::warn!(hold = %self.id, %error, "a hold could not be renewed");
            }
        }
    }

    /// Asks for so much more, and for more time.
    pub(crate) fn ask_growth(&self, tokens: u64) -> Asking {
        let Account { cx, permit, resource, ttl_s, .. } = self.account.clone();
        let version = self.id.version;
        Box::pin(async move {
            let amounts = match tokens {
                0 => Vec::new(),
                tokens => vec![(resource, amount(tokens)?)],
            };
            let ask = HoldAsk { hold: version, ttl_s, amounts };
            holds::extend(&cx, permit.reserve(), ask, None).await
        })
    }

    /// Takes in that it has grown.
    pub(crate) fn note_growth(&mut self, tokens: u64) {
        self.reserved += tokens;
    }

    /// Charges so much more on the way.
    pub(crate) fn ask_charge(&self, tokens: u64) -> Asking {
        let (account, ask) = (self.account.clone(), self.settle(tokens, false, None));
        Box::pin(
            async move { holds::settle(&account.cx, account.permit.settle(), ask?, None).await },
        )
    }

    /// Takes in what became of that.
    pub(crate) fn note_charge(&mut self, tokens: u64, told: &Result<Done, AppError>) {
        match told {
            Ok(done) => self.charged.push((done.answer.version, tokens)),
            Err(AppError::Refused(_)) => {}
            Err(_) => self.in_doubt = true,
        }
    }

    /// Charges what was used in all and ends the hold.
    pub(crate) async fn finish(mut self, tokens: u64, metadata: Option<Arc<str>>) {
        let (mut pause, mut tries) = (PAUSE, TRIES);
        loop {
            match self.try_to_finish(tokens, metadata.clone()).await {
                Ok(()) => return,
                Err(AppError::Refused(refusal)) => {
                    tracing::error!(hold = %self.id, %refusal, "a call could not be settled");
                    return;
                }
                Err(error) if tries == 0 => {
                    tracing::error!(hold = %self.id, tokens, %error, "a call was never settled");
                    return;
                }
                Err(error) => {
                    tracing::warn!(hold = %self.id, %error, "a call is settled later");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                // Whoever stops the server does not wait for a store that is gone.
                () = self.account.stop.cancelled() => tries = tries.min(TRIES_WHEN_STOPPED),
            }
            tries -= 1;
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    /// Ends the hold; what was charged on the way is given back.
    pub(crate) async fn release(self) {
        self.finish(0, None).await;
    }

    async fn try_to_finish(
        &mut self,
        tokens: u64,
        metadata: Option<Arc<str>>,
    ) -> Result<(), AppError> {
        if self.in_doubt {
            self.look_up().await?;
        }
        let charged = self.charged();
        if !self.has_ended {
            match self.end(tokens, charged, metadata).await {
                // An earlier try was heard though it was not answered.
                Ok(()) | Err(AppError::Refused(Refusal::HoldEnded(_))) => self.has_ended = true,
                Err(error) => return Err(error),
            }
        }
        while let Some((version, part)) = self.charged.last().copied() {
            let part = part.min(self.charged().saturating_sub(tokens));
            if part > 0 {
                self.correct(version, part).await?;
            }
            // What is left of it is right.
            self.charged.pop();
            if self.charged() < tokens {
                break;
            }
        }
        Ok(())
    }

    async fn end(
        &self,
        tokens: u64,
        charged: u64,
        metadata: Option<Arc<str>>,
    ) -> Result<(), AppError> {
        let Account { cx, permit, .. } = &self.account;
        if tokens == 0 && charged == 0 {
            return holds::release(cx, permit.settle(), self.id, None).await.map(drop);
        }
        let ask = self.settle(tokens.saturating_sub(charged), true, metadata)?;
        holds::settle(cx, permit.settle(), ask, None).await.map(drop)
    }

    /// What the ledger knows to be charged.
    async fn look_up(&mut self) -> Result<(), AppError> {
        let Account { cx, permit, resource, .. } = &self.account;
        let hold = holds::find(cx, permit.settle(), self.id).await?;
        let known = hold.amount(resource).map_or(0, |held| held.charged - held.charged_on_expiry);
        let missing = u64::try_from(known).unwrap_or(0).saturating_sub(self.charged());
        if missing > 0 {
            // Whichever entry it was: it is not to be corrected then.
            self.charged.insert(0, (Version(0), missing));
        }
        self.in_doubt = false;
        Ok(())
    }

    async fn correct(&self, version: Version, tokens: u64) -> Result<(), AppError> {
        if version == Version(0) {
            return Ok(());
        }
        let ask = Record {
            resource: self.account.resource.clone(),
            amount: Amount::new(-amount(tokens)?.get()).map_err(range)?,
            source: Source::Api,
            expect: Expect::Fact,
            corrects: Some(version),
            occurred_at: None,
            metadata: None,
        };
        // Under a key, since it may be asked for again after an answer that was lost.
        let key = format!("llm-correction:{}:{}", self.id.version.0, version.0);
        let key = IdempotencyKey::parse(&key).map_err(range)?;
        let Account { cx, permit, .. } = &self.account;
        record::record(cx, permit.correct(), ask, Some(key)).await.map(drop)
    }

    fn settle(
        &self,
        tokens: u64,
        last: bool,
        metadata: Option<Arc<str>>,
    ) -> Result<Settle, AppError> {
        let amounts = vec![(self.account.resource.clone(), amount(tokens)?)];
        Ok(Settle { hold: self.id.version, amounts, last, metadata })
    }
}

fn amount(tokens: u64) -> Result<Amount, AppError> {
    Amount::new(i64::try_from(tokens).unwrap_or(i64::MAX)).map_err(range)
}

fn range(error: impl std::fmt::Display) -> AppError {
    AppError::invalid("max_tokens", error.to_string())
}
