//! All of an account that its next entry may touch, in one row: counters, recent holds, the newest
//! day, and where its last entries are.
//!
//! An account's writes land on one page this way. With a table for each part they land on one page
//! per part, and pages written are what derived data cost.
//!
//! Invariant: the bytes have a format number; another one is damage, and leads to a rebuild.

use super::{day::DayBook, segment::Segment};
use crate::{
    bytes::{Put, Short, Take},
    row::window_no,
};
use novacore_ledger::{
    AccountState, Counter, Fired, HeldAmount, Hold, HoldStatus, LimitName, Meter, OnExpiry,
    Profile, WindowCounter,
};
use novacore_vocab::{Account, ResourceName, Timestamp, Version, Window};
use std::collections::BTreeSet;

const FORMAT: u8 = 1;
const HOUR_MICROS: i64 = 3_600_000_000;

/// An account's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// The newest day with its number; older ones are rows of table `day`.
    pub(crate) day: Option<(i64, DayBook)>,
    /// Counters, and those holds that are not rows of table `hold`.
    pub(crate) state: AccountState,
    /// Every open hold, in here or not.
    pub(crate) open: BTreeSet<Version>,
    /// The last segment; full ones are rows of table `segment`.
    pub(crate) tail: Segment,
}

/// From names to numbers and back.
pub(crate) trait Numbers {
    /// The name that a number stands for.
    fn name(&mut self, number: i64) -> Option<ResourceName>;
    /// The number of a name.
    fn number(&mut self, name: &ResourceName) -> Option<i64>;
}

impl Head {
    /// An account without entries.
    pub(crate) fn new(account: Account, profile: Profile) -> Head {
        Head {
            day: None,
            state: AccountState::new(account, profile),
            open: BTreeSet::new(),
            tail: Segment::EMPTY,
        }
    }

    /// Writes the row's bytes. `None` if a resource has no number.
    pub(crate) fn encode(&self, numbers: &mut impl Numbers) -> Option<Vec<u8>> {
        let mut put = Put(Vec::with_capacity(512));
        put.u8(FORMAT);
        match &self.day {
            None => put.option_i64(None),
            Some((number, day)) => {
                put.option_i64(Some(*number));
                day.put(&mut put);
            }
        }
        put.u64(self.state.version.0);
        put.i64(self.state.last_at.micros());
        put.u64(self.state.meters.len() as u64);
        for (name, meter) in &self.state.meters {
            put.i64(numbers.number(name)?);
            put_meter(&mut put, meter, self.state.last_at);
        }
        put.u64(self.open.len() as u64);
        let mut before = 0;
        for version in &self.open {
            put.u64(version.0 - before);
            before = version.0;
        }
        put.u64(self.state.holds.len() as u64);
        for hold in self.state.holds.values() {
            put.u64(hold.version.0);
            put_hold(&mut put, hold, numbers)?;
        }
        put.u64(self.tail.first);
        self.tail.put(&mut put);
        Some(put.0)
    }

    /// Reads a row for an account and its profile, which are not stored here.
    pub(crate) fn decode(
        bytes: &[u8],
        account: Account,
        profile: Profile,
        numbers: &mut impl Numbers,
    ) -> Result<Head, Short> {
        let mut take = Take(bytes);
        let mut head = Head::new(account, profile);
        head.day = take_day(&mut take)?;
        head.state.version = Version(take.u64()?);
        head.state.last_at = Timestamp::from_micros(take.i64()?);
        for _ in 0..take.count()? {
            let name = numbers.name(take.i64()?).ok_or(Short)?;
            let meter = take_meter(&mut take, head.state.last_at)?;
            head.state.meters.insert(name, meter);
        }
        let mut version: u64 = 0;
        for _ in 0..take.count()? {
            version = version.checked_add(take.u64()?).ok_or(Short)?;
            head.open.insert(Version(version));
        }
        for _ in 0..take.count()? {
            let version = Version(take.u64()?);
            head.state.insert_hold(take_hold(&mut take, version, numbers)?);
        }
        head.tail = Segment::take(take.u64()?, &mut take)?;
        take.end()?;
        Ok(head)
    }

    /// Reads only the newest day, which comes first for that purpose.
    pub(crate) fn decode_day(bytes: &[u8]) -> Result<Option<(i64, DayBook)>, Short> {
        take_day(&mut Take(bytes))
    }
}

fn take_day(take: &mut Take<'_>) -> Result<Option<(i64, DayBook)>, Short> {
    if take.u8()? != FORMAT {
        return Err(Short);
    }
    match take.option_i64()? {
        None => Ok(None),
        Some(number) => Ok(Some((number, DayBook::take(take)?))),
    }
}

fn put_meter(put: &mut Put, meter: &Meter, last_at: Timestamp) {
    for part in meter.parts {
        put.i64(part);
    }
    put.u64(meter.windows.len() as u64);
    for kept in &meter.windows {
        put.u8(window_no(kept.window));
        // Windows start on the hour and most of them a few hours ago: one or two bytes.
        if kept.window != Window::Lifetime {
            put.i64(hour_of(last_at) - hour_of(kept.start));
        }
        put.i64(kept.counter.used);
        put.i64(kept.counter.held);
        put.u64(kept.counter.fired.len() as u64);
        for fired in &kept.counter.fired {
            put.text(fired.limit.as_str());
            put.u64(fired.version);
            put.i64(fired.cap);
            put.u8(fired.percent);
            put.option_i64(fired.rearm_below);
        }
    }
}

fn take_meter(take: &mut Take<'_>, last_at: Timestamp) -> Result<Meter, Short> {
    let parts = [take.i64()?, take.i64()?];
    let count = take.count()?;
    let mut windows = Vec::with_capacity(count);
    for _ in 0..count {
        let window = *Window::ALL.get(usize::from(take.u8()?)).ok_or(Short)?;
        let start = if window == Window::Lifetime {
            Timestamp::MIN
        } else {
            let hour = hour_of(last_at).checked_sub(take.i64()?).ok_or(Short)?;
            Timestamp::from_micros(hour.saturating_mul(HOUR_MICROS))
        };
        let (used, held) = (take.i64()?, take.i64()?);
        let fired = (0..take.count()?).map(|_| take_fired(take)).collect::<Result<_, Short>>()?;
        windows.push(WindowCounter { window, start, counter: Counter { used, held, fired } });
    }
    Ok(Meter { windows, parts })
}

fn take_fired(take: &mut Take<'_>) -> Result<Fired, Short> {
    Ok(Fired {
        limit: LimitName::parse(take.text()?).map_err(|_| Short)?,
        version: take.u64()?,
        cap: take.i64()?,
        percent: take.u8()?,
        rearm_below: take.option_i64()?,
    })
}

fn hour_of(at: Timestamp) -> i64 {
    at.micros().div_euclid(HOUR_MICROS)
}

/// Writes a hold but for its version. `None` if a resource has no number.
pub(crate) fn put_hold(put: &mut Put, hold: &Hold, numbers: &mut impl Numbers) -> Option<()> {
    put.i64(hold.reserved_at.micros());
    put.i64(hold.expires_at.micros() - hold.reserved_at.micros());
    put.u8(status_no(hold.status) << 1 | u8::from(hold.on_expiry == OnExpiry::Charge));
    put.u64(hold.amounts.len() as u64);
    for held in &hold.amounts {
        put.i64(numbers.number(&held.resource)?);
        for amount in [held.reserved, held.held, held.charged, held.charged_on_expiry] {
            put.i64(amount);
        }
    }
    Some(())
}

/// Reads a hold back.
pub(crate) fn take_hold(
    take: &mut Take<'_>,
    version: Version,
    numbers: &mut impl Numbers,
) -> Result<Hold, Short> {
    let reserved_at = Timestamp::from_micros(take.i64()?);
    let ends_at = reserved_at.micros().checked_add(take.i64()?).ok_or(Short)?;
    let marks = take.u8()?;
    let count = take.count()?;
    let mut amounts = Vec::with_capacity(count);
    for _ in 0..count {
        amounts.push(HeldAmount {
            resource: numbers.name(take.i64()?).ok_or(Short)?,
            reserved: take.i64()?,
            held: take.i64()?,
            charged: take.i64()?,
            charged_on_expiry: take.i64()?,
        });
    }
    Ok(Hold {
        version,
        reserved_at,
        expires_at: Timestamp::from_micros(ends_at),
        on_expiry: if marks & 1 == 1 { OnExpiry::Charge } else { OnExpiry::Release },
        status: *STATUSES.get(usize::from(marks >> 1)).ok_or(Short)?,
        amounts,
    })
}

/// In the order of their stored discriminants, which are only ever appended to.
const STATUSES: [HoldStatus; 5] = [
    HoldStatus::Open,
    HoldStatus::Settled,
    HoldStatus::Released,
    HoldStatus::Expired,
    HoldStatus::SettledLate,
];

fn status_no(status: HoldStatus) -> u8 {
    STATUSES.iter().position(|other| *other == status).expect("every status is listed") as u8
}
