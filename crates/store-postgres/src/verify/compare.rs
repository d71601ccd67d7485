//! A recounted account beside what is stored of it.

use super::{VerifyReport, Wrong, opened, recount};
use crate::{
    column::At,
    ledger::{entry, hold, place::Place, text::read_head},
    pool::Client,
};
use novacore_ledger::{AccountState, Hold, HoldStatus, Meter};
use novacore_vocab::{ResourceName, Timestamp, Version, Window};
use recount::{Day, Recount, compare_ended};
use std::collections::BTreeMap;
use tokio_postgres::types::ToSql;

const ACCOUNT: &str = "SELECT version, last_at, open_holds, next_due, head::text FROM account \
     WHERE bucket = $1 AND user_id = $2";
const OPEN: &str = "SELECT version, reserved_at, expires_at, on_expiry, amounts::text, 0::smallint \
     FROM hold WHERE bucket = $1 AND user_id = $2 ORDER BY version";
const ENDED_COUNT: &str = "SELECT count(*) FROM ended_hold WHERE bucket = $1 AND user_id = $2";
const DAYS: &str = "SELECT resource_type, day, amount, closing FROM usage_day \
     WHERE bucket = $1 AND user_id = $2";
const CORRECTIONS: &str = "SELECT version, corrected FROM correction \
     WHERE bucket = $1 AND user_id = $2";

pub(super) async fn compare(
    client: &Client,
    place: Place,
    recount: &Recount,
    report: &mut VerifyReport,
) -> Result<(), Wrong> {
    let mut differ = |what: &str| report.note(format!("{}: {what}", place.user));
    let key: [&(dyn ToSql + Sync); 2] = [&place.bucket, &place.user.0];
    let (open, expired): (Vec<&Hold>, Vec<&Hold>) =
        recount.state.holds.values().partition(|hold| hold.status == HoldStatus::Open);
    let account = client.query_one(&client.prepare_cached(ACCOUNT).await?, &key).await?;
    let stored_head = read_head(account.get(4))?;
    for what in account_differences(&account, &stored_head, &recount.state, &open) {
        differ(what);
    }
    let rows = client.query(&client.prepare_cached(OPEN).await?, &key).await?;
    let stored = rows.iter().map(|row| hold::read(row, 0)).collect::<Result<Vec<_>, _>>()?;
    if !stored.iter().eq(open.iter().copied()) {
        differ("the open holds are not those that its entries leave open");
    }
    if !holds_add_up(&stored_head, &stored) {
        differ("what its counters hold is not the sum of its open holds");
    }
    let rows = client.query(&client.prepare_cached(ENDED_COUNT).await?, &key).await?;
    let ended_count: i64 = rows.first().map_or(0, |row| row.get(0));
    if ended_count != recount.ended_count + expired.len() as i64 {
        differ("the number of ended holds is not that of its entries");
    }
    let rows = client.query(&client.prepare_cached(DAYS).await?, &key).await?;
    if !opened::days_agree(&days(&rows)?, recount) {
        differ("its days are not the sums of its entries");
    }
    let rows = client.query(&client.prepare_cached(CORRECTIONS).await?, &key).await?;
    let stored = rows.iter().map(|row| (Version(row.get::<_, i64>(0) as u64), row.get(1)));
    if stored.collect::<BTreeMap<Version, i64>>() != recount.corrections {
        differ("what was corrected is not the sum of its corrections");
    }
    let expired: Vec<Hold> = expired.into_iter().cloned().collect();
    compare_ended(client, place, &expired, report).await
}

fn account_differences(
    row: &tokio_postgres::Row,
    head: &BTreeMap<ResourceName, Meter>,
    counted: &AccountState,
    open: &[&Hold],
) -> Vec<&'static str> {
    let next_due = row.get::<_, Option<At>>(3).map(|at| at.0);
    let first_end: Option<Timestamp> = open.iter().map(|hold| hold.expires_at).min();
    let is_bound = match (next_due, first_end) {
        (Some(bound), Some(first)) => bound <= first,
        (None, Some(_)) => false,
        (_, None) => true,
    };
    let checks = [
        (row.get::<_, i64>(0) == entry::version_no(counted.version), "its version is not its last"),
        (row.get::<_, At>(1).0 == counted.last_at, "its time is not that of its last entry"),
        (row.get::<_, i32>(2) as usize == open.len(), "its open holds are miscounted"),
        (is_bound, "a hold runs out before its bound"),
        (sorted(head) == sorted(&counted.meters), "its counters are not the sums of its entries"),
    ];
    checks.into_iter().filter(|(holds, _)| !holds).map(|(_, what)| what).collect()
}

/// The order of counters within a meter means nothing.
fn sorted(meters: &BTreeMap<ResourceName, Meter>) -> BTreeMap<ResourceName, Meter> {
    let mut meters = meters.clone();
    for meter in meters.values_mut() {
        meter.windows.sort_by_key(|kept| (kept.window, kept.start));
    }
    meters
}

/// All-time counters hold what the open holds hold.
fn holds_add_up(head: &BTreeMap<ResourceName, Meter>, open: &[Hold]) -> bool {
    let mut held: BTreeMap<&ResourceName, i64> = BTreeMap::new();
    for amount in open.iter().flat_map(|hold| &hold.amounts) {
        *held.entry(&amount.resource).or_default() += amount.held;
    }
    let all_time = |meter: &Meter| meter.totals(Window::Lifetime, Timestamp::MIN).1;
    head.iter().all(|(name, meter)| all_time(meter) == held.get(name).copied().unwrap_or(0))
        && held.keys().all(|name| head.contains_key(*name))
}

fn days(rows: &[tokio_postgres::Row]) -> Result<BTreeMap<(ResourceName, i64), Day>, Wrong> {
    let read = |row: &tokio_postgres::Row| {
        let name = entry::resource(row.get(0))?;
        Ok(((name, i64::from(row.get::<_, i32>(1))), (row.get(2), row.get(3))))
    };
    rows.iter().map(read).collect()
}
