//! What is said of detached months, beside what the ledger holds since.
//!
//! Days before the end of an account's last detached month are compared by their sum: entries that
//! made them are gone, and usage that is reported late still adds to them.
//!
//! Not here: the months themselves, which an operator may have taken away.

use super::{
    VerifyReport,
    recount::{Day, Recount},
};
use crate::{
    column::At,
    ledger::{entry::version_no, place::Place},
    open::OpenError,
    pool::Client,
    retention::{Month, Opening, read_openings},
};
use novacore_vocab::{ResourceName, Timestamp, UserId, Window};
use std::collections::BTreeMap;

const IS_THERE: &str = "SELECT EXISTS (SELECT 1 FROM usage_ledger \
     WHERE bucket = $1 AND user_id = $2 AND version <= $3)";
const IS_MONTH: &str = "SELECT EXISTS (SELECT 1 FROM detached_month WHERE until = $1)";
/// One snapshot, which sees a month with its openings or neither.
const SUMS: &str = "SELECT (SELECT coalesce(sum(version), 0)::bigint FROM opening), \
     (SELECT coalesce(sum(entries), 0)::bigint FROM detached_month)";
const STRAYS: &str = "SELECT o.user_id FROM opening o WHERE NOT EXISTS \
     (SELECT 1 FROM account a WHERE a.bucket = o.bucket AND a.user_id = o.user_id) LIMIT 1";
const STRAY_HOLDS: &str = "SELECT h.user_id FROM opening_hold h WHERE NOT EXISTS \
     (SELECT 1 FROM opening o WHERE o.bucket = h.bucket AND o.user_id = h.user_id) LIMIT 1";

type Days = BTreeMap<(ResourceName, i64), Day>;

/// Lets a recount begin where the detached months of the account end.
pub(super) async fn begin(
    client: &Client,
    recount: &mut Recount,
    report: &mut VerifyReport,
) -> Result<(), OpenError> {
    let place = recount.place();
    let plain: &tokio_postgres::Client = client;
    let Some(opening) = read_openings(plain, &[place]).await?.remove(&place.user) else {
        return Ok(());
    };
    check(client, place, &opening, report).await?;
    recount.begin(opening);
    Ok(())
}

async fn check(
    client: &Client,
    place: Place,
    opening: &Opening,
    report: &mut VerifyReport,
) -> Result<(), OpenError> {
    let version = version_no(opening.version);
    let there = client.query_one(IS_THERE, &[&place.bucket, &place.user.0, &version]).await?;
    if there.get(0) {
        report.note(format!("{}: an entry is in a detached month and in the ledger", place.user));
    }
    let until = opening.until;
    let month = Month::at(Timestamp::from_micros(until.micros() - 1));
    let is_month: bool = client.query_one(IS_MONTH, &[&At(until)]).await?.get(0);
    if !is_month || opening.last_at < month.start() || until <= opening.last_at {
        report.note(format!("{}: its opening is of no detached month", place.user));
    }
    Ok(())
}

/// Compares what all openings say with what was detached.
pub(super) async fn compare_all(
    client: &Client,
    report: &mut VerifyReport,
) -> Result<(), OpenError> {
    let sums = client.query_one(SUMS, &[]).await?;
    let (opened, detached): (i64, i64) = (sums.get(0), sums.get(1));
    report.detached = detached as u64;
    if opened != detached {
        report.note(format!("openings are of {opened} entries, detached months have {detached}"));
    }
    for row in client.query(STRAYS, &[]).await? {
        report.note(format!("{} has an opening and no account", UserId(row.get(0))));
    }
    for row in client.query(STRAY_HOLDS, &[]).await? {
        report.note(format!("{} has holds of an opening and no opening", UserId(row.get(0))));
    }
    Ok(())
}

/// Whether stored days are what the entries since the opening add up to, on top of it.
pub(super) fn days_agree(stored: &Days, recount: &Recount) -> bool {
    let Some(opening) = &recount.opening else { return *stored == recount.days };
    // On the first day after the month it may still have counted: clocks of services run ahead.
    let last = opening.until.day_number();
    let since = |days: &Days| -> Days {
        days.iter()
            .filter(|((_, day), _)| *day > last)
            .map(|(key, sum)| (key.clone(), *sum))
            .collect()
    };
    let before = |days: &Days| -> Days {
        days.iter()
            .filter(|((_, day), _)| *day <= last)
            .map(|(key, sum)| (key.clone(), *sum))
            .collect()
    };
    let mut sums = sums_of(&before(&recount.days));
    for (resource, meter) in &opening.meters {
        let (used, _) = meter.totals(Window::Lifetime, Timestamp::MIN);
        *sums.entry(resource.clone()).or_default() += used;
    }
    sums.retain(|_, sum| *sum != 0);
    let mut stored_sums = sums_of(&before(stored));
    stored_sums.retain(|_, sum| *sum != 0);
    since(stored) == since(&recount.days) && stored_sums == sums && closes(stored, recount, last)
}

fn sums_of(days: &Days) -> BTreeMap<ResourceName, i64> {
    let mut sums: BTreeMap<ResourceName, i64> = BTreeMap::new();
    for ((resource, _), (amount, _)) in days {
        *sums.entry(resource.clone()).or_default() += amount;
    }
    sums
}

/// Whether each level closes the last day of all that were summed as the opening leaves it, or as
/// entries of that very day do.
fn closes(stored: &Days, recount: &Recount, last: i64) -> bool {
    let mut closing: BTreeMap<&ResourceName, i64> = BTreeMap::new();
    for ((resource, day), (_, level)) in stored {
        if let (true, Some(level)) = (*day <= last, level) {
            closing.insert(resource, *level);
        }
    }
    closing.into_iter().all(|(resource, level)| {
        let counted = recount.days.get(&(resource.clone(), last)).and_then(|(_, level)| *level);
        let opening = recount.opening.as_ref().and_then(|opening| opening.meters.get(resource));
        let opened = opening.map(|meter| meter.totals(Window::Lifetime, Timestamp::MIN).0);
        counted.or(opened) == Some(level)
    })
}
