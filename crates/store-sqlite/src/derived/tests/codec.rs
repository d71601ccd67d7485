//! An account's row reads back as it was, and whatever is cut off it is noticed.

use crate::derived::{
    day::DayBook,
    head::{Head, Numbers},
    segment::{Place, Segment},
};
use novacore_ledger::{
    AccountState, Counter, EntryKind, Fired, HeldAmount, Hold, HoldStatus, Meter, OnExpiry,
    WindowCounter,
};
use novacore_store_suite::ops;
use novacore_vocab::{Account, ResourceName, Timestamp, Version, Window};
use proptest::{collection::vec, option, prelude::*, sample::select};

/// Resources are called `r1`, `r2` and so on here.
struct Counted;

impl Numbers for Counted {
    fn name(&mut self, number: i64) -> Option<ResourceName> {
        ResourceName::parse(&format!("r{number}")).ok()
    }

    fn number(&mut self, name: &ResourceName) -> Option<i64> {
        name.as_str()[1..].parse().ok()
    }
}

fn name(number: i64) -> ResourceName {
    ResourceName::parse(&format!("r{number}")).unwrap()
}

fn time() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_000_000_000_000_000).prop_map(Timestamp::from_micros)
}

fn fired() -> impl Strategy<Value = Fired> {
    (any::<u64>(), any::<i64>(), 1_u8..=100, option::of(any::<i64>())).prop_map(
        |(version, cap, percent, rearm_below)| Fired {
            limit: name(3),
            version,
            cap,
            percent,
            rearm_below,
        },
    )
}

fn counter() -> impl Strategy<Value = WindowCounter> {
    let fired = vec(fired(), 0..3);
    (select(&Window::ALL[..]), time(), any::<i64>(), any::<i64>(), fired).prop_map(
        |(window, at, used, held, fired)| WindowCounter {
            window,
            start: window.span_at(at).start,
            counter: Counter { used, held, fired },
        },
    )
}

fn hold() -> impl Strategy<Value = Hold> {
    let statuses = [
        HoldStatus::Open,
        HoldStatus::Settled,
        HoldStatus::Released,
        HoldStatus::Expired,
        HoldStatus::SettledLate,
    ];
    let amounts = vec((1_i64..90, any::<i64>(), any::<i64>(), any::<i64>()), 0..4);
    let on_expiry = select(vec![OnExpiry::Release, OnExpiry::Charge]);
    (1_u64..1 << 40, time(), time(), on_expiry, select(statuses.to_vec()), amounts).prop_map(
        |(version, reserved_at, expires_at, on_expiry, status, amounts)| Hold {
            version: Version(version),
            reserved_at,
            expires_at,
            on_expiry,
            status,
            amounts: amounts
                .into_iter()
                .map(|(number, reserved, held, charged)| HeldAmount {
                    resource: name(number),
                    reserved,
                    held,
                    charged,
                    charged_on_expiry: charged.wrapping_sub(held),
                })
                .collect(),
        },
    )
}

fn day() -> impl Strategy<Value = (i64, DayBook)> {
    (any::<i64>(), vec((1_i64..90, time(), -1_000_i64..1 << 53), 0..6)).prop_map(|(day, moves)| {
        let mut book = DayBook::default();
        for (number, at, amount) in moves {
            book.add(number, at, amount);
            if number % 2 == 0 {
                book.move_closing(number, amount);
            }
        }
        (day, book)
    })
}

fn head() -> impl Strategy<Value = Head> {
    let meters = vec((1_i64..90, vec(counter(), 0..6), any::<[i64; 2]>()), 0..4);
    let tail = vec((1_u64..1 << 40, select(&EntryKind::ALL[..]), 1_i64..90), 0..64);
    (option::of(day()), time(), meters, vec(hold(), 0..5), vec(1_u64..1 << 40, 0..5), tail)
        .prop_map(|(day, last_at, meters, holds, open, tail)| {
            let account = Account::personal(super::fixture::user_id(5));
            let mut state = AccountState::new(account, ops::profile());
            state.version = Version(tail.len() as u64 + 640);
            state.last_at = last_at;
            for (number, windows, parts) in meters {
                state.meters.insert(name(number), Meter { windows, parts });
            }
            for hold in holds {
                if !state.holds.contains_key(&hold.version) {
                    state.insert_hold(hold);
                }
            }
            let mut seq = 0;
            let places = tail.into_iter().map(|(step, kind, resource_no)| {
                seq += step;
                Place { seq, kind, resource_no }
            });
            let tail = Segment { first: 641, places: places.collect() };
            Head { day, state, open: open.into_iter().map(Version).collect(), tail }
        })
}

proptest! {
    #[test]
    fn a_head_reads_back(head in head()) {
        let bytes = head.encode(&mut Counted).unwrap();
        let decode = |bytes: &[u8]| {
            let (account, profile) = (head.state.account, head.state.profile.clone());
            Head::decode(bytes, account, profile, &mut Counted)
        };
        prop_assert_eq!(decode(&bytes), Ok(head.clone()));
        prop_assert_eq!(Head::decode_day(&bytes), Ok(head.day.clone()));
        for cut in 0..bytes.len() {
            prop_assert!(decode(&bytes[..cut]).is_err());
        }
    }

    #[test]
    fn whatever_is_read_does_not_panic(bytes: Vec<u8>) {
        let mut bytes = bytes;
        if let Some(first) = bytes.first_mut() {
            *first = 1;
        }
        let account = Account::personal(super::fixture::user_id(5));
        let _ = Head::decode(&bytes, account, ops::profile(), &mut Counted);
    }
}
