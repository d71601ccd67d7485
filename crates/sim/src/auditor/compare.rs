//! A store's memory of an account against the books: counters are sums, held is the sum of the open
//! holds.

use super::{
    Audit,
    books::{Books, Sum},
    ensure,
    limits::Rules,
};
use crate::calendar;
use novacore_ledger::{AccountState, HoldStatus, Meter};
use novacore_vocab::{ResourceKind, Source, Timestamp, Window};

pub(super) fn compare(rules: &Rules, books: &Books, state: &AccountState) -> Audit {
    ensure(state.version.0 == books.version, "I12", || {
        format!("in memory is version {}, on the disk {}", state.version, books.version)
    })?;
    let last_at = Timestamp::from_micros(books.last_at);
    ensure(state.last_at == last_at, "I12", || {
        format!("last in memory is {}, on the disk {last_at}", state.last_at)
    })?;
    for (resource, (name, kind)) in rules.resources.iter().enumerate() {
        let empty = Meter::empty();
        let meter = state.meters.get(name).unwrap_or(&empty);
        let parts = Source::ALL.map(|source| meter.part(source));
        ensure(parts == books.parts[resource], "I1", || {
            format!("{name}: parts {parts:?}, entries say {:?}", books.parts[resource])
        })?;
        kept_windows(books, resource, meter)?;
        recent_windows(books, resource, *kind, meter)?;
    }
    holds(books, state)
}

/// Whatever is kept is right.
fn kept_windows(books: &Books, resource: usize, meter: &Meter) -> Audit {
    meter.windows.iter().try_for_each(|kept| {
        let at = kept.start.micros();
        let sum = books.sum(resource, kept.window, at);
        same(&sum, (kept.counter.used, kept.counter.held), || format!("{} {at}", kept.window))
    })
}

/// The current and the previous window are kept.
fn recent_windows(books: &Books, resource: usize, kind: ResourceKind, meter: &Meter) -> Audit {
    if books.version == 0 {
        return Ok(());
    }
    let windows = match kind {
        ResourceKind::Flow => &Window::ALL[..],
        ResourceKind::Level => &[Window::Lifetime],
    };
    for &window in windows {
        let current = calendar::number(window, books.last_at);
        for number in [current, current - 1] {
            let at = match calendar::start(window, number) {
                Some(at) => at,
                None => books.last_at,
            };
            let sum = books.sum(resource, window, at);
            let shown = meter.totals(window, Timestamp::from_micros(at));
            same(&sum, shown, || format!("{window} {at}"))?;
        }
    }
    Ok(())
}

fn same(sum: &Sum, (used, held): (i64, i64), place: impl Fn() -> String) -> Audit {
    ensure(sum.used == used, "I1", || {
        format!("{}: counted {used}, entries say {}", place(), sum.used)
    })?;
    ensure(sum.held == held, "I2", || {
        format!("{}: {held} is held, entries say {}", place(), sum.held)
    })
}

fn holds(books: &Books, state: &AccountState) -> Audit {
    ensure(state.open_holds() == books.due.len(), "I2", || {
        format!("{} holds are open in memory, {} on the disk", state.open_holds(), books.due.len())
    })?;
    for (end, version) in &books.due {
        let ours = &books.holds[version];
        let found = state.holds.get(&novacore_vocab::Version(*version));
        let same = found.is_some_and(|found| {
            found.status == HoldStatus::Open
                && found.expires_at.micros() == *end
                && found.reserved_at.micros() == ours.reserved_at
                && found.amounts.len() == ours.parts.len()
                && found.amounts.iter().zip(&ours.parts).all(|(theirs, ours)| {
                    theirs.held == ours.held
                        && theirs.reserved == ours.reserved
                        && theirs.charged == ours.charged
                })
        });
        ensure(same, "I2", || format!("hold {version} is {found:?}, entries say {ours:?}"))?;
    }
    Ok(())
}

/// Nothing is held any longer in any window.
pub(super) fn holds_nothing(books: &Books) -> Audit {
    let held = books.sums.iter().flatten().flat_map(|windows| windows.values());
    let left: i64 = held.map(|sum| sum.held.abs()).sum();
    ensure(left == 0 && books.due.is_empty(), "I8", || {
        format!("{left} is still held by {:?}", books.due)
    })
}
