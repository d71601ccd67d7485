//! The audit notices: sound evidence passes, and each lie in it is found and rightly named.

use super::audit;
use crate::chaos::history::{Call, Evidence, Fate, Look, Row, Standing, Verb};
use novacore_ledger::{EntryKind, Flags};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const SECOND: i64 = 1_000_000;

/// A row; its version and times follow from its place.
fn row(version: u64, kind: EntryKind, (amount, held): (i64, i64), call: Option<&str>) -> Row {
    let kind = EntryKind::ALL.iter().position(|other| *other == kind).expect("it is listed");
    Row {
        version,
        kind,
        amount,
        held,
        hold_id: None,
        flags: 0,
        call: call.map(str::to_owned),
        recorded_micros: i64::try_from(version).expect("small") * SECOND,
        expires_micros: None,
    }
}

fn with(row: Row, hold: u64, flags: Flags) -> Row {
    Row { hold_id: Some(hold), flags: flags.0, ..row }
}

fn until(row: Row, second: i64) -> Row {
    Row { expires_micros: Some(second * SECOND), ..row }
}

fn told(hold: u64, used: i64, held: i64) -> Value {
    let decision = json!({ "standings": [{ "used": used, "held": held }] });
    json!({ "reservationId": format!("res_0011_{hold}"), "decision": decision })
}

/// A call; calls follow each other.
fn call(at: u64, key: &str, verb: Verb, fate: Fate, answer: Value) -> Call {
    let answers = if fate == Fate::Unknown { vec![] } else { vec![answer.clone(), answer] };
    Call { key: key.to_owned(), verb, began: 2 * at, ended: 2 * at + 1, fate, answers }
}

fn reserve(amount: i64, charges: bool) -> Verb {
    Verb::Reserve { amount, ttl_s: 4, charges }
}

/// A hold that is settled, one that runs out, is charged and settled late, and one that is given
/// back; use, a refusal, and a call of which nobody knows.
fn sound() -> Evidence {
    let (charging, last) = (Flags::CHARGE_ON_EXPIRY, Flags::FINAL);
    let reserved = |version, amount, key, flags| {
        let end = i64::try_from(version).expect("small") + 4;
        until(with(row(version, EntryKind::Reserve, (0, amount), Some(key)), version, flags), end)
    };
    let rows = vec![
        reserved(1, 10, "a", Flags::NONE),
        with(row(2, EntryKind::Settle, (4, -10), Some("b")), 1, last),
        Row { flags: Flags::ENFORCED.0, ..row(3, EntryKind::Record, (5, 0), Some("c")) },
        reserved(4, 20, "d", charging),
        with(row(5, EntryKind::Threshold, (0, 0), None), 4, Flags::NONE),
        reserved(6, 6, "e", Flags::NONE),
        with(row(7, EntryKind::Release, (0, -6), Some("f")), 6, last),
        with(row(8, EntryKind::Expire, (20, -20), None), 4, last),
        with(row(9, EntryKind::Settle, (-8, 0), Some("g")), 4, last.with(Flags::LATE)),
    ];
    let calls = vec![
        call(1, "a", reserve(10, false), Fate::Applied, told(1, 0, 10)),
        call(2, "b", Verb::Settle { hold: 1, amount: 4 }, Fate::Applied, told(1, 4, 0)),
        call(3, "c", Verb::Record { amount: 5 }, Fate::Applied, json!({ "success": true })),
        call(4, "d", reserve(20, true), Fate::Applied, told(4, 9, 20)),
        call(5, "h", reserve(12, false), Fate::Refused, json!({ "used": 9, "held": 20 })),
        call(6, "e", reserve(6, false), Fate::Unknown, Value::Null),
        call(7, "f", Verb::Release { hold: 6 }, Fate::Applied, told(6, 9, 20)),
        call(8, "g", Verb::Settle { hold: 4, amount: 12 }, Fate::Applied, told(4, 21, 0)),
        call(9, "i", Verb::Record { amount: 1 }, Fate::Unknown, Value::Null),
    ];
    let look = |began, used, held| Look { began, standing: Standing { used, held } };
    let looks = vec![look(1, 0, 0), look(1, 4, 0), look(8, 9, 20), look(17, 29, 0)];
    Evidence { cap: 40, calls, looks, rows, shown: vec![Standing { used: 21, held: 0 }; 3] }
}

/// What is found once the evidence is changed.
fn found(lie: impl Fn(&mut Evidence)) -> BTreeSet<&'static str> {
    let mut evidence = sound();
    lie(&mut evidence);
    audit(&evidence).into_iter().map(|finding| finding.invariant).collect()
}

/// Takes a row out, or puts one in, as a store would that knows nothing else.
fn renumber(evidence: &mut Evidence) {
    for (row, version) in evidence.rows.iter_mut().zip(1..) {
        row.version = version;
    }
}

#[test]
fn what_is_true_passes() {
    assert_eq!(audit(&sound()), []);
}

#[test]
fn every_lie_is_found_and_named() {
    type Lie = (&'static str, &'static str, fn(&mut Evidence));
    let lies: [Lie; 17] = [
        ("a lost acknowledged use", "I7", |e| {
            e.rows.remove(2);
            renumber(e);
        }),
        ("a lost acknowledged release", "I7", |e| e.rows[6].call = None),
        ("a doubled key", "I4", |e| {
            e.rows.push(row(10, EntryKind::Record, (5, 0), Some("c")));
        }),
        ("two answers to a key", "I4", |e| e.calls[0].answers[1] = told(2, 0, 10)),
        ("another amount than asked", "I4", |e| e.rows[2].amount = 6),
        ("an overrun cap", "I3", |e| e.cap = 28),
        ("a cap overrun in what was shown", "I3", |e| {
            e.calls[4].answers[0] = json!({ "used": 9, "held": 32 });
        }),
        ("a phantom hold", "I8", |e| {
            e.rows.remove(7);
        }),
        ("a hold that a node still shows", "I1", |e| e.shown[1].held = 20),
        ("a hold used after its end", "I8", |e| e.rows[1].recorded_micros = 5 * SECOND),
        ("a hold ended before its end", "I8", |e| e.rows[7].recorded_micros = 7 * SECOND),
        ("a hold given back twice", "I5", |e| {
            e.rows.push(with(row(10, EntryKind::Expire, (0, -6), None), 6, Flags::FINAL));
        }),
        ("use charged on top of the expiry's", "I5", |e| e.rows[8].amount = 12),
        ("a version gap", "I12", |e| e.rows[8].version = 10),
        ("a time that runs backwards", "I12", |e| e.rows[4].recorded_micros = SECOND),
        ("a refusal that was applied", "I6", |e| {
            e.rows[5].call = Some("h".to_owned());
        }),
        ("a refusal although there was room", "I6", |e| {
            e.calls[4].answers[0] = json!({ "used": 9, "held": 19 });
        }),
    ];
    for (name, invariant, lie) in lies {
        let found = found(lie);
        assert!(found.contains(invariant), "{name}: {invariant} is not in {found:?}");
    }
}

#[test]
fn more_lies_are_found() {
    let later = found(|e| {
        // The use began after the hold was acknowledged, and yet it stands before it.
        e.calls[2].began = 100;
        e.calls[2].ended = 101;
    });
    assert_eq!(later, BTreeSet::from(["I7"]));
    let unasked = found(|e| {
        e.calls.remove(5);
    });
    assert_eq!(unasked, BTreeSet::from(["I6"]));
    let stale = found(|e| e.looks[3].began = 18);
    assert_eq!(stale, BTreeSet::from(["I7"]));
    let never_so = found(|e| e.looks[1].standing.used = 3);
    assert_eq!(never_so, BTreeSet::from(["I7"]));
    let mistold = found(|e| e.calls[6].answers = vec![told(6, 10, 20)]);
    assert_eq!(mistold, BTreeSet::from(["I1"]));
}
