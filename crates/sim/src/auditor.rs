//! The auditor: recomputes the books from what is on the disk and from what callers were told, and
//! finds the lie.
//!
//! It shares data types with the ledger and nothing else: it has its own calendar, its own reading
//! of the policy, its own sums, which it never forgets, and its own rules of what each command must
//! write. It is a judge and no model: it is told what was decided, and checks that this was true
//! and allowed, refusals too.
//!
//! Invariant: it believes only frames that are synced, and only those whose checksum it has checked
//! itself.
//! Not here: how the simulated store works (the simulated node).

mod books;
mod compare;
mod effects;
mod limits;
mod posting;
mod refusal;

use crate::{disk::Frame, rules::index_of};
use books::Books;
use limits::Rules;
use novacore_ledger::{AccountState, Answer, Entry, EntryKind, Outcome, Policy, Profile, Refusal};
use novacore_store::book::{Item, Posting, Ran};
use novacore_vocab::{ResourceName, Timestamp, UserId};
use std::{collections::VecDeque, iter::Peekable, slice::Iter};

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The invariant of DESIGN.md, section 3, such as `I3`.
    pub invariant: &'static str,
    /// What was found.
    pub what: String,
}

type Audit = Result<(), Violation>;

fn ensure(holds: bool, invariant: &'static str, what: impl FnOnce() -> String) -> Audit {
    if holds { Ok(()) } else { Err(Violation { invariant, what: what() }) }
}

fn broken<T>(invariant: &'static str, what: String) -> Result<T, Violation> {
    Err(Violation { invariant, what })
}

/// A batch as it was judged, until its frame is on the disk.
#[derive(Debug)]
struct Batch {
    items: Vec<Item>,
    outcomes: Vec<Outcome>,
    postings: Vec<Posting>,
    clock: i64,
}

/// The auditor of one world.
#[derive(Debug)]
pub(crate) struct Auditor {
    rules: Rules,
    accounts: Vec<Books>,
    /// Judged, written, and not yet on the disk.
    pending: VecDeque<Batch>,
    /// How many frames are audited.
    frames: usize,
    chain: u64,
}

type Postings<'a> = Peekable<Iter<'a, Posting>>;

impl Auditor {
    pub(crate) fn new(policy: &Policy, profile: &Profile, accounts: usize) -> Auditor {
        let rules = Rules::read(policy);
        let books = || Books::new(rules.resources.len(), profile.clone());
        let accounts = (0..accounts).map(|_| books()).collect();
        Auditor { accounts, rules, pending: VecDeque::new(), frames: 0, chain: 0 }
    }

    /// The operator has put another policy in force.
    pub(crate) fn set_policy(&mut self, policy: &Policy) {
        self.rules = Rules::read(policy);
    }

    /// The operator has changed a user's tier or overrides.
    pub(crate) fn set_profile(&mut self, user: UserId, profile: &Profile) {
        self.accounts[index_of(user)].profile = profile.clone();
    }

    /// The time of an account's last entry on the disk.
    pub(crate) fn last_at(&self, user: UserId) -> Timestamp {
        Timestamp::from_micros(self.accounts[index_of(user)].last_at)
    }

    /// When the account's next hold runs out.
    pub(crate) fn next_due(&self, user: UserId) -> Option<Timestamp> {
        let due = self.accounts[index_of(user)].due.first();
        due.map(|(end, _)| Timestamp::from_micros(*end))
    }

    /// A batch was judged. Returns how many frames must be on the disk before anyone may be told.
    pub(crate) fn judged(
        &mut self,
        items: &[Item],
        ran: &Ran,
        clock: Timestamp,
    ) -> Result<usize, Violation> {
        let batch = Batch {
            items: items.to_vec(),
            outcomes: ran.outcomes.clone(),
            postings: ran.postings.clone(),
            clock: clock.micros(),
        };
        if batch.postings.is_empty() {
            ensure(self.pending.is_empty(), "I7", || {
                "commands were answered from a batch that was not on the disk".into()
            })?;
            self.audit(&batch)?;
        } else {
            self.pending.push_back(batch);
        }
        Ok(self.frames + self.pending.len())
    }

    /// The last batch judged was not written, and will not be.
    pub(crate) fn withdrawn(&mut self) {
        self.pending.pop_back();
    }

    /// Reads what is new on the disk.
    pub(crate) fn read(&mut self, synced: &[Frame]) -> Audit {
        ensure(synced.len() >= self.frames, "I7", || "synced frames have gone".into())?;
        for frame in &synced[self.frames..] {
            ensure(frame.is_whole(self.chain), "I7", || {
                format!("frame {} is torn, and yet it was kept", self.frames)
            })?;
            let Some(batch) = self.pending.pop_front() else {
                return broken("I7", format!("nobody wrote frame {}", self.frames));
            };
            ensure(batch.postings == *frame.postings, "I7", || {
                format!("frame {} is not what was judged: {:?}", self.frames, frame.postings)
            })?;
            self.frames += 1;
            self.chain = frame.chain;
            self.audit(&batch)?;
        }
        Ok(())
    }

    /// The store has restarted from a disk with this many readable frames: what was written beyond
    /// them is lost.
    pub(crate) fn restarted(&mut self, readable: usize) {
        self.pending.truncate(readable.saturating_sub(self.frames));
    }

    /// Somebody is told the outcomes of a batch for which `frames` must be on the disk.
    pub(crate) fn told(&self, frames: usize) -> Audit {
        ensure(frames <= self.frames, "I7", || {
            format!("acknowledged with {} of {frames} frames on the disk", self.frames)
        })
    }

    fn audit(&mut self, batch: &Batch) -> Audit {
        let mut postings = batch.postings.iter().peekable();
        let frees = |index: &usize| batch.items[*index].command.verb.frees();
        let (first, rest): (Vec<_>, Vec<_>) = (0..batch.items.len()).partition(frees);
        for index in first.into_iter().chain(rest) {
            self.item(&batch.items[index], &batch.outcomes[index], batch.clock, &mut postings)?;
        }
        match postings.next() {
            None => Ok(()),
            Some(posting) => broken("I6", format!("nobody asked for {posting:?}")),
        }
    }

    fn item(
        &mut self,
        item: &Item,
        outcome: &Outcome,
        clock: i64,
        postings: &mut Postings<'_>,
    ) -> Audit {
        let (user, books) = (item.user, &mut self.accounts[index_of(item.user)]);
        let now = books.last_at.max(clock);
        let mut ledger = Ledger { rules: &self.rules, books, now };
        let expires = |posting: &&Posting| {
            posting.user == user && posting.entries.first().is_some_and(is_expiry)
        };
        while let Some(posting) = postings.next_if(expires) {
            ledger.expiry(posting)?;
        }
        let overdue = ledger.books.due.first().filter(|(end, _)| *end <= now);
        ensure(overdue.is_none(), "I8", || format!("{user}: {overdue:?} has run out by {now}"))?;
        match outcome {
            Outcome::Applied(answer) => {
                ledger.applied(item, answer, postings)?;
            }
            Outcome::Replayed(answer) => ledger.replayed(item, answer)?,
            Outcome::Refused(Refusal::KeyReused) => ledger.key_reused(item)?,
            Outcome::Refused(refusal) => {
                ledger.new_key(item)?;
                ledger.refused(&item.command.verb, refusal)?;
            }
        }
        Ok(())
    }

    /// Compares a store's memory of an account with the books.
    pub(crate) fn compare(&self, user: UserId, state: &AccountState) -> Audit {
        compare::compare(&self.rules, &self.accounts[index_of(user)], state)
    }

    /// After the longest hold's time without traffic nothing may be held.
    pub(crate) fn idle(&self) -> Audit {
        self.accounts.iter().try_for_each(compare::holds_nothing)
    }

    /// What would be granted of a resource at `now`; `None` is no bound.
    pub(crate) fn grantable(
        &mut self,
        user: UserId,
        resource: &ResourceName,
        now: Timestamp,
    ) -> Option<i64> {
        let books = &mut self.accounts[index_of(user)];
        let ledger = Ledger { rules: &self.rules, books, now: now.micros() };
        ledger.grantable(self.rules.resource(resource)?)
    }
}

fn is_expiry(entry: &Entry) -> bool {
    entry.kind == EntryKind::Expire
}

/// One account's books, at the time of one command.
struct Ledger<'a> {
    rules: &'a Rules,
    books: &'a mut Books,
    now: i64,
}

impl Ledger<'_> {
    fn applied(&mut self, item: &Item, answer: &Answer, postings: &mut Postings<'_>) -> Audit {
        self.new_key(item)?;
        let wants = self.wants(&item.command.verb)?;
        if wants.is_empty() {
            return self.nothing_done(answer);
        }
        let Some(posting) = postings.next() else {
            return broken("I7", format!("applied without an entry: {:?}", item.command));
        };
        ensure(posting.user == item.user, "I6", || format!("not of this account: {posting:?}"))?;
        let expected = self.answer(&wants, answer);
        self.entries(&posting.entries, &wants)?;
        ensure(expected == *answer, "I4", || format!("told {answer:?}, true is {expected:?}"))?;
        self.standings_are_true(&wants, answer)?;
        self.key_is_kept(item, answer, posting)
    }

    fn nothing_done(&self, answer: &Answer) -> Audit {
        let clean = answer.version.0 == 0 && answer.standings.is_empty();
        ensure(clean, "I6", || format!("nothing was done, but {answer:?}"))
    }

    /// The key of a command that is applied or refused by itself has had no effect before.
    fn new_key(&self, item: &Item) -> Audit {
        let known = item.command.key.as_ref().and_then(|key| self.books.keys.get(key));
        ensure(known.is_none(), "I4", || {
            format!("judged again although its key has an answer: {:?} {known:?}", item.command)
        })
    }

    fn key_is_kept(&mut self, item: &Item, answer: &Answer, posting: &Posting) -> Audit {
        let Some(key) = &item.command.key else {
            return ensure(posting.key.is_none(), "I4", || {
                format!("a key from nowhere: {posting:?}")
            });
        };
        let kept = posting.key.as_ref().filter(|kept| {
            kept.key == *key
                && kept.fingerprint == item.command.fingerprint
                && kept.answer == *answer
        });
        ensure(kept.is_some(), "I4", || {
            format!("the key is not stored with its effect: {:?} {:?}", item.command, posting.key)
        })?;
        self.books.keys.insert(key.clone(), (item.command.fingerprint, answer.clone()));
        Ok(())
    }

    fn replayed(&self, item: &Item, answer: &Answer) -> Audit {
        let known = item.command.key.as_ref().and_then(|key| self.books.keys.get(key));
        let same = known.is_some_and(|(fingerprint, first)| {
            *fingerprint == item.command.fingerprint && first == answer
        });
        ensure(same, "I4", || {
            format!("replayed {answer:?} for {:?}, but on the disk is {known:?}", item.command)
        })
    }

    fn key_reused(&self, item: &Item) -> Audit {
        let known = item.command.key.as_ref().and_then(|key| self.books.keys.get(key));
        let other = known.is_some_and(|(fingerprint, _)| *fingerprint != item.command.fingerprint);
        ensure(other, "I4", || format!("the key stands for no other command: {:?}", item.command))
    }
}
