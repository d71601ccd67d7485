//! The entries of one command, one by one: that they are those that it must write, that the room
//! they take was there, and that every threshold they cross is announced once.

use super::{
    Audit, Ledger,
    books::{FiredKey, HoldBook, HoldPart, Row},
    broken,
    effects::Want,
    ensure,
    limits::InForce,
};
use crate::calendar;
use novacore_ledger::{Answer, Crossing, Entry, EntryKind, Flags, HoldStatus, Standing};
use novacore_vocab::{AMOUNT_ABS_MAX, Timestamp, Version, Window};
use std::{iter::Peekable, slice::Iter};

type Entries<'a> = Peekable<Iter<'a, Entry>>;

impl Ledger<'_> {
    pub(super) fn entries(&mut self, entries: &[Entry], wants: &[Want]) -> Audit {
        let mut entries = entries.iter().peekable();
        for want in wants {
            let mut expected = want.entry.clone();
            expected.version = Version(self.books.version + 1);
            if want.judged {
                self.room_is_there(want.resource, &expected)?;
            }
            let found = entries.next();
            ensure(found == Some(&expected), invariant_of(&expected, found), || {
                format!("expected {expected:?}, found {found:?}")
            })?;
            self.post(want.resource, &expected)?;
            self.range(want.resource)?;
            self.thresholds(want.resource, &expected, &mut entries)?;
        }
        match entries.next() {
            None => Ok(()),
            Some(entry) => broken("I6", format!("nobody asked for {entry:?}")),
        }
    }

    /// Puts an entry into the books.
    fn post(&mut self, resource: usize, entry: &Entry) -> Audit {
        let books = &mut *self.books;
        books.version += 1;
        books.last_at = self.now;
        let counted_at = entry.counted_at.micros();
        books.add(resource, counted_at, entry.amount, entry.held);
        if self.rules.is_level(resource) {
            books.parts[resource][entry.source as usize] += entry.amount;
            rearm(books, resource);
        }
        books.rows.push(Row {
            resource,
            amount: if may_be_corrected(entry.kind) { entry.amount } else { 0 },
            counted_at,
            occurred_at: entry.occurred_at.micros(),
            corrected: 0,
        });
        if let Some(version) = entry.corrects {
            books.rows[version.0 as usize - 1].corrected -= entry.amount;
        }
        match entry.hold {
            Some(hold) => self.move_hold(hold.0, resource, entry),
            None => Ok(()),
        }
    }

    fn move_hold(&mut self, version: u64, resource: usize, entry: &Entry) -> Audit {
        let books = &mut *self.books;
        let hold = books.holds.entry(version).or_insert_with(|| HoldBook {
            reserved_at: entry.recorded_at.micros(),
            expires_at: entry.expires_at.map_or(0, Timestamp::micros),
            charges: entry.flags.has(Flags::CHARGE_ON_EXPIRY),
            status: HoldStatus::Open,
            parts: Vec::new(),
        });
        if let Some(end) = entry.expires_at {
            books.due.remove(&(hold.expires_at, version));
            hold.expires_at = end.micros();
            books.due.insert((hold.expires_at, version));
        }
        let index = hold.parts.iter().position(|part| part.resource == resource);
        let part = match index {
            Some(index) => &mut hold.parts[index],
            None => {
                let (reserved, held, given_back, charged, charged_on_expiry) = (0, 0, 0, 0, 0);
                hold.parts.push(HoldPart {
                    resource,
                    reserved,
                    held,
                    given_back,
                    charged,
                    charged_on_expiry,
                });
                hold.parts.last_mut().expect("just pushed")
            }
        };
        part.held += entry.held;
        part.reserved += entry.held.max(0);
        part.given_back += -entry.held.min(0);
        part.charged += entry.amount;
        if entry.kind == EntryKind::Expire {
            part.charged_on_expiry += entry.amount;
        }
        if entry.flags.has(Flags::FINAL) {
            let hold_end = (hold.expires_at, version);
            end_hold(hold, entry.kind)?;
            books.due.remove(&hold_end);
        }
        Ok(())
    }

    /// Counters stay within the range of amounts, and flows do not fall below zero.
    fn range(&self, resource: usize) -> Audit {
        let sum = self.books.sum(resource, Window::Lifetime, self.now);
        ensure((sum.used + sum.held).abs() <= AMOUNT_ABS_MAX, "I1", || {
            format!("a counter has left its range: {sum:?}")
        })?;
        ensure(sum.used >= 0 && sum.held >= 0, "I1", || format!("below zero: {sum:?}"))
    }

    /// An admission passes no hard limit, in the windows in which it counts.
    fn room_is_there(&self, resource: usize, entry: &Entry) -> Audit {
        let more = entry.amount + entry.held;
        for limit in self.rules.in_force(&self.books.profile, resource, self.now) {
            let sum = self.books.sum(resource, limit.window, entry.counted_at.micros());
            let cap = limit.hard_cap().unwrap_or(i64::MAX);
            ensure(sum.used + sum.held + more <= cap, "I3", || {
                format!("{sum:?} of {limit:?} left no room for {entry:?}")
            })?;
        }
        Ok(())
    }

    /// The events that an entry must cause follow it, in the order of the limits.
    fn thresholds(&mut self, resource: usize, cause: &Entry, entries: &mut Entries<'_>) -> Audit {
        if cause.amount > 0 {
            let limits = self.rules.in_force(&self.books.profile, resource, self.now);
            let mut crossed = Vec::new();
            for limit in &limits {
                for percent in limit.thresholds() {
                    crossed.extend(self.crossing(resource, limit, percent, cause));
                }
            }
            for (crossing, key) in crossed {
                self.announce(resource, event(cause, crossing), key, entries.next())?;
            }
        }
        match entries.peek() {
            Some(entry) if entry.kind == EntryKind::Threshold => {
                broken("I9", format!("nothing has caused {entry:?} after {cause:?}"))
            }
            _ => Ok(()),
        }
    }

    fn announce(
        &mut self,
        resource: usize,
        due: Entry,
        key: FiredKey,
        found: Option<&Entry>,
    ) -> Audit {
        let due = Entry { version: Version(self.books.version + 1), ..due };
        ensure(found == Some(&due), "I9", || format!("expected {due:?}, found {found:?}"))?;
        self.books.fired[resource].insert(key);
        self.post(resource, &due)
    }

    /// The event of a threshold that is reached and was not announced; a closed window has none.
    fn crossing(
        &self,
        resource: usize,
        limit: &InForce<'_>,
        percent: u8,
        cause: &Entry,
    ) -> Option<(Crossing, FiredKey)> {
        let cap = limit.cap.filter(|cap| *cap > 0)?;
        let at = cause.counted_at.micros();
        let number = calendar::number(limit.window, at);
        let sum = self.books.sum(resource, limit.window, at);
        let key = (limit.version, cap, number, percent, limit.name.clone());
        let reached = i128::from(sum.used) * 100 >= i128::from(cap) * i128::from(percent);
        let closed = self.is_closed(limit.window, at, sum.held - cause.held);
        if closed || !reached || self.books.fired[resource].contains(&key) {
            return None;
        }
        let level = self.rules.is_level(resource);
        let crossing = Crossing {
            limit: limit.name.clone(),
            limit_version: limit.version,
            window: limit.window,
            percent,
            cap,
            used: sum.used,
            rearm_below: level.then(|| rearm_below(cap, percent)),
        };
        Some((crossing, key))
    }

    /// A window is closed once it is older than the previous one and nothing is held in it.
    pub(super) fn is_closed(&self, window: Window, at: i64, held: i64) -> bool {
        held == 0 && calendar::number(window, at) + 1 < calendar::number(window, self.now)
    }

    /// What a caller must be told of a command, but for where the account stands after it.
    pub(super) fn answer(&self, wants: &[Want], told: &Answer) -> Answer {
        let first = &wants[0].entry;
        let ours = matches!(first.kind, EntryKind::Reserve | EntryKind::Extend);
        let flags = wants.iter().fold(Flags::NONE, |flags, want| flags.with(want.entry.flags));
        Answer {
            version: Version(self.books.version + 1),
            recorded_at: Timestamp::from_micros(self.now),
            hold: first.hold,
            expires_at: first.expires_at.filter(|_| ours),
            flags,
            standings: told.standings.clone(),
        }
    }

    /// Where the account stands after a command, per resource it concerned.
    pub(super) fn standings_are_true(&self, wants: &[Want], answer: &Answer) -> Audit {
        let expected: Vec<Standing> =
            wants.iter().map(|want| self.standing(want.resource)).collect();
        ensure(expected == answer.standings, "I11", || {
            format!("told {:?}, true is {expected:?}", answer.standings)
        })
    }

    /// Where the account stands with a resource, by the limit that leaves least room.
    fn standing(&self, resource: usize) -> Standing {
        let limits = self.rules.in_force(&self.books.profile, resource, self.now);
        let sum = |window| self.books.sum(resource, window, self.now);
        let room = |limit: &InForce<'_>| {
            let sum = sum(limit.window);
            limit.cap.map(|cap| (cap - sum.used - sum.held).max(0))
        };
        let tightest = limits.iter().min_by_key(|limit| room(limit).unwrap_or(i64::MAX));
        let shown = if self.rules.is_level(resource) { Window::Lifetime } else { Window::Day };
        let window = tightest.map_or(shown, |limit| limit.window);
        Standing {
            resource: self.rules.resources[resource].0.clone(),
            limit: tightest.map(|limit| limit.name.clone()),
            window,
            cap: tightest.and_then(|limit| limit.cap).unwrap_or(-1),
            used: sum(window).used,
            held: sum(window).held,
            remaining: tightest.and_then(room).unwrap_or(-1),
            grantable: self.grantable(resource).unwrap_or(-1),
            resets_at: calendar::end(window, self.now),
        }
    }

    /// What would be granted now; `None` is no bound.
    pub(super) fn grantable(&self, resource: usize) -> Option<i64> {
        let limits = self.rules.in_force(&self.books.profile, resource, self.now);
        let rooms = limits.iter().filter_map(|limit| {
            let sum = self.books.sum(resource, limit.window, self.now);
            limit.hard_cap().map(|cap| (cap - sum.used - sum.held).max(0))
        });
        rooms.min()
    }
}

/// What is most likely broken if an entry is not the expected one.
fn invariant_of(expected: &Entry, found: Option<&Entry>) -> &'static str {
    let Some(found) = found else { return "I7" };
    if found.version != expected.version || found.recorded_at != expected.recorded_at {
        return "I12";
    }
    if expected.hold.is_some() { "I5" } else { "I1" }
}

fn end_hold(hold: &mut HoldBook, kind: EntryKind) -> Audit {
    let was = hold.status;
    hold.status = match (was, kind) {
        (HoldStatus::Open, EntryKind::Settle) => HoldStatus::Settled,
        (HoldStatus::Open, EntryKind::Release) => HoldStatus::Released,
        (HoldStatus::Open, EntryKind::Expire) => HoldStatus::Expired,
        (HoldStatus::Expired, EntryKind::Settle) => HoldStatus::SettledLate,
        _ => return broken("I5", format!("a hold that is {was:?} has ended again by {kind:?}")),
    };
    let balanced = hold.parts.iter().all(|part| part.held == 0 && part.reserved == part.given_back);
    ensure(balanced, "I5", || format!("not all that was held was given back: {hold:?}"))
}

/// Expiries are put right by a late settle, and never by a correction as well.
fn may_be_corrected(kind: EntryKind) -> bool {
    matches!(kind, EntryKind::Record | EntryKind::Settle)
}

/// A level's thresholds are armed again once it lies five points below them, or is empty.
fn rearm(books: &mut super::books::Books, resource: usize) {
    let used = books.sum(resource, Window::Lifetime, 0).used;
    books.fired[resource].retain(|(_, cap, _, percent, _)| used >= rearm_below(*cap, *percent));
}

fn rearm_below(cap: i64, percent: u8) -> i64 {
    let hundredfold = i128::from(cap) * i128::from(percent.saturating_sub(5));
    i64::try_from((hundredfold + 99) / 100).unwrap_or(i64::MAX).max(1)
}

fn event(cause: &Entry, crossing: Crossing) -> Entry {
    Entry {
        kind: EntryKind::Threshold,
        source: novacore_vocab::Source::Api,
        amount: 0,
        held: 0,
        occurred_at: cause.recorded_at,
        hold: None,
        corrects: None,
        expires_at: None,
        flags: Flags::NONE,
        crossing: Some(crossing),
        metadata: None,
        ..cause.clone()
    }
}
