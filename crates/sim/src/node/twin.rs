//! Check-then-act, planted: the last command that takes room is judged by a second writer, which
//! sees the accounts as they were before the batch.

use novacore_ledger::{Answer, KeyRecord, Outcome};
use novacore_store::book::{Book, Item, Posting, Ran, apply};
use novacore_vocab::{Timestamp, Version};
use std::sync::Arc;

pub(super) fn run(book: &mut Book, items: &[Item], clock: Timestamp) -> Ran {
    let Some(last) = items.iter().rposition(|item| !item.command.verb.frees()) else {
        return book.run(items, clock);
    };
    let before = book.state(items[last].user).expect("loaded").clone();
    // The twin would write the expiries a second time; that is another bug.
    if items.len() < 2 || before.next_due().is_some_and(|end| end <= clock.max(before.last_at)) {
        return book.run(items, clock);
    }
    let mut alone = items[last].clone();
    let key = alone.command.key.take();
    let mut twin = Book::new(book.policy().clone());
    twin.load(before.clone());
    let checked = twin.run(&[alone], clock);
    let mut ran = book.run(items, clock);
    let refused =
        matches!(ran.outcomes[last], Outcome::Refused(novacore_ledger::Refusal::Quota(_)));
    if let (true, [Outcome::Applied(answer)]) = (refused, checked.outcomes.as_slice()) {
        act(book, &mut ran, checked.postings, before.version);
        let posting = ran.postings.last_mut().expect("what was applied has entries");
        let first = &posting.entries[0];
        let answer = Answer { version: first.version, hold: first.hold, ..answer.clone() };
        let fingerprint = items[last].command.fingerprint;
        let record = |key| KeyRecord { key, fingerprint, answer: answer.clone() };
        posting.key = key.map(|key| Arc::new(record(key)));
        ran.outcomes[last] = Outcome::Applied(answer);
    }
    ran
}

/// Writes what was checked against the past, under the versions of the present.
fn act(book: &mut Book, ran: &mut Ran, postings: Vec<Posting>, seen: Version) {
    for mut posting in postings {
        let policy = book.policy().clone();
        let Some(state) = book.state_mut(posting.user) else { continue };
        let shift = state.version.0 - seen.0;
        for entry in &mut posting.entries {
            entry.version = Version(entry.version.0 + shift);
            entry.hold = entry.hold.map(|hold| match hold > seen {
                true => Version(hold.0 + shift),
                false => hold,
            });
        }
        apply(state, &policy, &posting.entries);
        ran.postings.push(posting);
    }
}
