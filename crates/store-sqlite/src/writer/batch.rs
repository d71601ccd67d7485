//! One batch from queue to answer.

use super::{Ask, Fatal, Job, Results, Writer, control::Written, memories::Changes};
use crate::{
    accounts::Slot,
    failure::{self, WriteFailure},
    journal::Prepared,
    row::{Row, UserNo},
};
use novacore_ledger::Outcome;
use novacore_store::{
    book::{self, Item, Ran},
    error::StoreError,
    ledger::Posted,
};
use novacore_vocab::{Timestamp, UserId};
use std::{
    collections::HashMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Instant,
};
use tokio::sync::oneshot;

/// For each caller how many of the commands are his; sweeps, which nobody asked for, come last.
type Callers = Vec<(usize, oneshot::Sender<Results>)>;

/// What was queued, sorted out.
struct Sorted {
    asks: Vec<Ask>,
    callers: Callers,
    controls: Vec<super::Control>,
}

/// What became of the commands before the commit.
struct Judged {
    /// Per ask: an outcome, or why there is none.
    results: Results,
    prepared: Option<Prepared>,
    /// Memories that change with what was applied, be there entries or not.
    memories: Changes,
    slots: HashMap<UserId, Arc<Slot>>,
}

/// What was written and committed.
struct Committed {
    controls: Vec<Written>,
    /// What the log grew by, in rows of `entry`.
    log_rows: usize,
}

impl Writer {
    pub(super) fn run_batch(&mut self, jobs: Vec<Job>) -> Result<(), Fatal> {
        self.batches += 1;
        let now = self.setup.clock.now();
        let sorted = self.sort_out(jobs, now);
        if let Some(error) = self.standing_trouble(now) {
            sorted.refuse(&error);
            return Ok(());
        }
        let Sorted { asks, callers, controls } = sorted;
        let judged = self.judge(asks, now)?;
        if judged.prepared.is_none() && judged.memories.is_empty() && controls.is_empty() {
            tell(callers, judged.results);
            return Ok(());
        }
        let begun = Instant::now();
        match self.commit(&judged, controls) {
            Ok(Committed { controls, log_rows }) => {
                let took = begun.elapsed();
                let rows = judged.prepared.as_ref().map_or(0, |done| done.batch.rows.len());
                self.setup.observer.committed(judged.results.len(), rows, took);
                self.conclude(callers, judged, controls)?;
                self.note_written(log_rows)
            }
            Err((failure, written)) => self.abandon(callers, judged, written, failure),
        }
    }

    /// Commands and control writes apart; a sweep becomes a command for every account that has
    /// something due.
    fn sort_out(&mut self, jobs: Vec<Job>, now: Timestamp) -> Sorted {
        let (mut asks, mut callers, mut controls) = (Vec::new(), Vec::new(), Vec::new());
        let mut sweep = false;
        for job in jobs {
            match job {
                Job::Commands(his, reply) => {
                    callers.push((his.len(), reply));
                    asks.extend(his);
                }
                Job::Control(control) => controls.push(control),
                Job::Sweep => sweep = true,
            }
        }
        if sweep {
            self.tidy_up();
            asks.extend(self.due_accounts(now));
        }
        Sorted { asks, callers, controls }
    }

    fn due_accounts(&mut self, now: Timestamp) -> Vec<Ask> {
        // They stay noted until what was swept is committed: the batch may yet be refused.
        let due: Vec<_> = self.due.iter().copied().take_while(|(due, _)| *due <= now).collect();
        let mut asks = Vec::with_capacity(due.len());
        for (due, user) in due {
            let slot = self.setup.shared.accounts.get(user);
            match slot.filter(|slot| slot.next_due() == Some(due)) {
                Some(slot) => asks.push(Ask::sweep(slot)),
                None => drop(self.due.remove(&(due, user))),
            }
        }
        asks
    }

    /// What forbids writing at all right now.
    fn standing_trouble(&mut self, now: Timestamp) -> Option<StoreError> {
        let behind = now.plus_seconds(super::CLOCK_BEHIND_S_MAX) < self.head.committed_at;
        let trouble = if behind {
            Some(StoreError::ClockBehind)
        } else if self.disk_is_full() {
            Some(StoreError::StorageFull)
        } else {
            None
        };
        let mut known = self.setup.shared.trouble.write();
        if *known != trouble {
            match &trouble {
                Some(error) => tracing::error!("writes are refused: {error}"),
                None => tracing::info!("writes are accepted again"),
            }
            known.clone_from(&trouble);
        }
        trouble
    }

    fn judge(&mut self, asks: Vec<Ask>, now: Timestamp) -> Result<Judged, Fatal> {
        let mut slots = HashMap::with_capacity(asks.len());
        let mut items = Vec::with_capacity(asks.len());
        let mut results: Vec<Option<Result<Outcome, StoreError>>> = Vec::new();
        let mut memories = Changes::default();
        for (index, mut ask) in asks.into_iter().enumerate() {
            slots.entry(ask.slot.account.user).or_insert_with(|| ask.slot.clone());
            let connection = &self.setup.connection;
            let let_through = match ask.memories.take() {
                Some(write) => memories.let_through(connection, index, &ask.slot, write),
                None => Ok(()),
            };
            match let_through.and_then(|()| self.complete(ask)) {
                Ok(item) => {
                    items.push(item);
                    results.push(None);
                }
                Err(error) => results.push(Some(Err(error))),
            }
        }
        let (ran, mut outcomes) = self.run_book(&items, &slots, now)?;
        let mut next = outcomes.drain(..);
        let results = results
            .into_iter()
            .map(|result| result.unwrap_or_else(|| next.next().expect("one per item")))
            .collect();
        memories.keep_applied(&results);
        let prepared = self.prepare(ran, &slots)?;
        Ok(Judged { results, prepared, memories, slots })
    }

    /// Runs the book. If a command panics the batch is taken back and judged again without those
    /// that do.
    fn run_book(
        &mut self,
        items: &[Item],
        slots: &HashMap<UserId, Arc<Slot>>,
        now: Timestamp,
    ) -> Result<(Ran, Results), Fatal> {
        if let Some(mut ran) = self.try_run(items, slots, now)? {
            let outcomes = std::mem::take(&mut ran.outcomes);
            return Ok((ran, outcomes.into_iter().map(Ok).collect()));
        }
        tracing::error!("a batch of {} commands panicked; they are tried singly", items.len());
        let mut sound = Vec::with_capacity(items.len());
        let mut is_sound = Vec::with_capacity(items.len());
        for item in items {
            // What cannot be read again is no more fit to be judged than what panics.
            let runs = self.provide_again(std::slice::from_ref(item), slots).is_ok()
                && self.try_run(std::slice::from_ref(item), slots, now)?.is_some();
            self.take_back(slots)?;
            is_sound.push(runs);
            if runs {
                sound.push(item.clone());
            }
        }
        self.provide_again(&sound, slots).map_err(|error| Fatal(error.to_string()))?;
        let ran = self.try_run(&sound, slots, now)?;
        let mut ran = ran.ok_or_else(|| Fatal("commands panic together but not singly".into()))?;
        let mut outcomes = std::mem::take(&mut ran.outcomes).into_iter();
        let panicked = || Err(StoreError::Internal("the command could not be judged".into()));
        let results = is_sound
            .into_iter()
            .map(|sound| if sound { outcomes.next().map(Ok) } else { None })
            .map(|outcome| outcome.unwrap_or_else(panicked))
            .collect();
        Ok((ran, results))
    }

    /// Runs the book; a panic is caught, and what it left behind taken back.
    fn try_run(
        &mut self,
        items: &[Item],
        slots: &HashMap<UserId, Arc<Slot>>,
        now: Timestamp,
    ) -> Result<Option<Ran>, Fatal> {
        let book = &mut self.book;
        let ran = catch_unwind(AssertUnwindSafe(|| book.run(items, now))).ok();
        if ran.is_none() {
            self.take_back(slots)?;
        }
        Ok(ran)
    }

    /// After a batch was taken back its accounts lack what was loaded for its commands.
    fn provide_again(
        &mut self,
        items: &[Item],
        slots: &HashMap<UserId, Arc<Slot>>,
    ) -> Result<(), StoreError> {
        for item in items {
            if let Some(slot) = slots.get(&item.user) {
                self.provide(slot, &item.command.verb)?;
            }
        }
        Ok(())
    }

    /// Takes the batch in hand back, and loads the accounts that it changed again.
    fn take_back(&mut self, slots: &HashMap<UserId, Arc<Slot>>) -> Result<(), Fatal> {
        for user in self.book.revert() {
            if let Some(slot) = slots.get(&user) {
                self.reload(slot)?;
            }
        }
        Ok(())
    }

    fn prepare(
        &self,
        ran: Ran,
        slots: &HashMap<UserId, Arc<Slot>>,
    ) -> Result<Option<Prepared>, Fatal> {
        if ran.postings.is_empty() {
            return Ok(None);
        }
        let user_no = |user: UserId| -> UserNo { slots[&user].user_no };
        let (connection, names) = (&self.setup.connection, &self.setup.shared.names);
        let prepared = self.head.prepare(connection, names, ran.postings, user_no);
        prepared.map(Some).map_err(|error| Fatal(error.to_string()))
    }

    /// One transaction for the batch. Control writes have a savepoint each.
    fn commit(
        &mut self,
        judged: &Judged,
        controls: Vec<super::Control>,
    ) -> Result<Committed, (rusqlite::Error, Vec<Written>)> {
        let mut written = Vec::with_capacity(controls.len());
        let mut controls = controls.into_iter();
        let connection = &mut self.setup.connection;
        let mut attempt = || {
            let mode = rusqlite::TransactionBehavior::Immediate;
            let mut tx = connection.transaction_with_behavior(mode)?;
            let before = tx.total_changes();
            for control in controls.by_ref() {
                control.write(&mut tx, &mut written)?;
            }
            let changes = tx.total_changes() - before;
            judged.memories.write(&tx)?;
            if let Some(prepared) = &judged.prepared {
                prepared.insert(&tx)?;
            }
            tx.commit()?;
            Ok(changes)
        };
        match attempt() {
            Ok(changes) => {
                let rows = judged.prepared.as_ref().map_or(0, |done| done.batch.rows.len());
                let log_rows = rows + judged.memories.log_rows() + log_rows_of(&written, changes);
                Ok(Committed { controls: written, log_rows })
            }
            Err(error) => {
                written.extend(controls.map(super::Control::unwritten));
                Err((error, written))
            }
        }
    }

    fn conclude(
        &mut self,
        callers: Callers,
        judged: Judged,
        written: Vec<Written>,
    ) -> Result<(), Fatal> {
        if let Some(prepared) = &judged.prepared {
            self.show(prepared, &judged.slots);
        }
        for write in written {
            if let Ok(touch) = write.touch {
                self.touch(touch).map_err(|error| Fatal(error.to_string()))?;
            }
            (write.tell)(Ok(()));
        }
        tell(callers, judged.results);
        if let Some(prepared) = judged.prepared {
            self.settle_down(prepared)?;
        }
        Ok(())
    }

    /// Makes a committed batch visible to readers.
    fn show(&mut self, prepared: &Prepared, slots: &HashMap<UserId, Arc<Slot>>) {
        self.head = prepared.head;
        self.book.accept();
        let shared = &self.setup.shared;
        let watermark = shared.derived.watermark();
        let posted = shared.posted.receiver_count() > 0;
        for rows in prepared.rows_by_user().chunk_by(|one, next| one.0 == next.0) {
            let user = rows[0].0;
            let (Some(slot), Some(state)) = (slots.get(&user), self.book.state(user)) else {
                continue;
            };
            let before = slot.next_due();
            let policy = self.book.policy();
            let kind = |row: &Row| book::kind_of(policy, &row.entry.resource);
            slot.show(state, rows.iter().map(|(_, row)| (*row, kind(row))), watermark);
            if state.holds.len() > state.open_holds() || !state.correctable.is_empty() {
                self.cluttered.insert(user);
            }
            if before != state.next_due() {
                before.map(|due| self.due.remove(&(due, user)));
                state.next_due().map(|due| self.due.insert((due, user)));
            }
            if posted {
                let entries = rows.iter().map(|(_, row)| row.entry.as_ref().clone()).collect();
                // Nobody listening any more is fine.
                let _ = shared.posted.send(Posted { account: slot.account, entries });
            }
        }
        shared.entries.store(self.head.last_seq, std::sync::atomic::Ordering::Release);
    }

    /// The commit failed: memory goes back to what is stored, and whoever waits is told.
    fn abandon(
        &mut self,
        callers: Callers,
        judged: Judged,
        written: Vec<Written>,
        error: rusqlite::Error,
    ) -> Result<(), Fatal> {
        self.setup.observer.commit_failed();
        let told = match failure::of_write(&error) {
            WriteFailure::Fatal(why) => return Err(Fatal(why)),
            WriteFailure::Full => {
                self.note_full();
                StoreError::StorageFull
            }
            WriteFailure::Refused(told) => {
                tracing::error!("a batch was refused: {error}");
                told
            }
        };
        self.take_back(&judged.slots)?;
        for write in written {
            (write.tell)(Err(told.clone()));
        }
        // What was refused or replayed needed no commit, but was judged beside what did.
        let results = judged.results.iter().map(|_| Err(told.clone())).collect();
        tell(callers, results);
        Ok(())
    }
}

/// What control writes added to the log, in rows of `entry`: some pages each, and more if they
/// changed many rows.
fn log_rows_of(controls: &[Written], changes: u64) -> usize {
    const OF_A_CONTROL: usize = 64;
    const OF_A_CHANGE: usize = 16;
    let changes = usize::try_from(changes).unwrap_or(usize::MAX);
    (controls.len() * OF_A_CONTROL).max(changes.saturating_mul(OF_A_CHANGE))
}

/// Answers every caller; one who has gone away needs no answer.
fn tell(callers: Callers, results: Results) {
    let mut results = results.into_iter();
    for (count, reply) in callers {
        let _ = reply.send(results.by_ref().take(count).collect());
    }
}

impl Sorted {
    fn refuse(self, error: &StoreError) {
        let results = self.asks.iter().map(|_| Err(error.clone())).collect();
        tell(self.callers, results);
        for control in self.controls {
            control.refuse(error.clone());
        }
    }
}
