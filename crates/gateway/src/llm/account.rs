//! A call's hold in the ledger.
//!
//! Invariant: a hold that was opened is settled or released once, however the call ends; if the
//! store is out of reach then, it is asked again until it answers or the process stops.
//! Invariant: what was charged on the way is never charged again: the last settle charges the
//! rest, and what was too much is corrected.
//! Invariant: a hold does not run out while its call is waited for.

use novacore_access::{CallModels, Permit};
use novacore_app::{cx::Cx, error::AppError, holds, record, submit::Done};
use novacore_ledger::{Expect, HoldAsk, OnExpiry, Record, Refusal, Reserve, Settle};
use novacore_vocab::{Amount, HoldId, IdempotencyKey, ResourceName, Source, Version};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::time::{Instant, Interval, interval_at};

/// First pause before the store is asked again; each is twice as long.
const PAUSE: Duration = Duration::from_millis(100);
/// Longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(5);
/// How often the store is asked: some twenty minutes, after which the hold has run out long since.
const TRIES: u32 = 250;

/// Whose calls are held, and of what.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    pub(crate) cx: Cx,
    pub(crate) permit: Permit<CallModels>,
    pub(crate) resource: ResourceName,
    pub(crate) ttl_s: i64,
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
}

/// What became of something that was asked on the way.
pub(crate) type Asking = std::pin::Pin<Box<dyn Future<Output = Result<Done, AppError>> + Send>>;

impl Account {
    /// Sets tokens aside, once for a key. What is left when it runs out is given back: what was
    /// used by then is charged on the way.
    pub(crate) async fn hold(
        &self,
        tokens: u64,
        key: Option<IdempotencyKey>,
    ) -> Result<CallHold, AppError> {
        let ask = Reserve {
            amounts: vec![(self.resource.clone(), amount(tokens)?)],
            ttl_s: self.ttl_s,
            on_expiry: OnExpiry::Release,
            metadata: None,
        };
        let done = holds::reserve(&self.cx, self.permit.reserve(), ask, key).await?;
        if done.replayed {
            let why = "the call with this idempotency key is under way or over";
            return Err(AppError::Conflict(why.to_owned()));
        }
        let version = done.answer.hold.unwrap_or(done.answer.version);
        let id = HoldId { user: done.user, version };
        Ok(CallHold {
            account: self.clone(),
            id,
            reserved: tokens,
            charged: Vec::new(),
            in_doubt: false,
        })
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
        let Account { cx, permit, resource, ttl_s } = self.account.clone();
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
        let mut pause = PAUSE;
        for _ in 0..TRIES {
            match self.try_to_finish(tokens, metadata.clone()).await {
                Ok(()) => return,
                // An earlier try was heard though it was not answered, or there is nothing to end.
                Err(AppError::Refused(Refusal::HoldEnded(_) | Refusal::HoldUnknown)) => return,
                Err(AppError::Refused(refusal)) => {
                    tracing::error!(hold = %self.id, %refusal, "a call could not be settled");
                    return;
                }
                Err(error) => {
                    tracing::warn!(hold = %self.id, %error, "a call is settled later");
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE_MAX);
                }
            }
        }
        tracing::error!(hold = %self.id, tokens, "a call was never settled");
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
        let account = self.account.clone();
        if self.in_doubt {
            self.look_up().await?;
        }
        let charged = self.charged();
        if tokens == 0 && charged == 0 {
            holds::release(&account.cx, account.permit.settle(), self.id, None).await?;
            return Ok(());
        }
        let ask = self.settle(tokens.saturating_sub(charged), true, metadata)?;
        holds::settle(&account.cx, account.permit.settle(), ask, None).await?;
        let mut too_much = charged.saturating_sub(tokens);
        while let Some((version, tokens)) = self.charged.pop() {
            let part = tokens.min(too_much);
            if part > 0 {
                self.correct(version, part).await?;
                too_much -= part;
            }
        }
        Ok(())
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
        let Account { cx, permit, .. } = &self.account;
        record::record(cx, permit.correct(), ask, None).await.map(drop)
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
