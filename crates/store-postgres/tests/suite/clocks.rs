//! Two nodes of which one has a wrong clock: it neither writes nor expires, and the other goes on.

use crate::{
    ask::{command, is_applied, record, reserve, user},
    fixture::{Fixture, options},
};
use novacore_store::{clock::Clock, error::StoreError, ledger::Ledger};
use novacore_store_postgres::{CLOCK_OFFSET_MAX, Options, PostgresStore};
use novacore_vocab::Timestamp;
use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

const PATIENCE: Duration = Duration::from_secs(60);
/// So far off that no slow machine hides it: only an offset that is certain counts.
const OFF_S: i64 = 3_600;

/// The machine's clock, and so the database's, but for an offset.
#[derive(Debug, Default)]
struct OffsetClock {
    offset_s: AtomicI64,
}

impl OffsetClock {
    fn set(&self, offset_s: i64) {
        self.offset_s.store(offset_s, Ordering::SeqCst);
    }
}

impl Clock for OffsetClock {
    #[expect(clippy::disallowed_methods, reason = "it is compared with the database's clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        let micros = i64::try_from(since.as_micros()).expect("before the year 290000");
        Timestamp::from_micros(micros).plus_seconds(self.offset_s.load(Ordering::SeqCst))
    }
}

async fn node(fixture: &Fixture, clock: &Arc<OffsetClock>) -> PostgresStore {
    let options = Options {
        clock: clock.clone(),
        clock_offset_max: Some(CLOCK_OFFSET_MAX),
        tick: Duration::from_millis(20),
        ..options(fixture.url(), fixture.hand_clock())
    };
    PostgresStore::open(options).await.expect("it opens")
}

/// Waits until a node says by itself whether it writes.
async fn says(node: &PostgresStore, writable: bool) {
    let saying = tokio::time::timeout(PATIENCE, async {
        while node.health().writable != writable {
            tokio::task::yield_now().await;
        }
    });
    saying.await.expect("it notices in time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_clock_neither_writes_nor_expires_and_comes_back_by_itself() {
    let fixture = Fixture::new();
    let user = user(&fixture, 1, "pro").await;
    let clock = Arc::new(OffsetClock::default());
    let right = node(&fixture, &Arc::new(OffsetClock::default())).await;
    let wrong = node(&fixture, &clock).await;
    for (round, offset_s) in [OFF_S, -OFF_S].into_iter().enumerate() {
        assert!(is_applied(&right.submit(user, command(reserve(5, 600))).await));
        clock.set(offset_s);
        says(&wrong, false).await;
        for _ in 0..5 {
            let refused = wrong.submit(user, command(record(1))).await;
            assert_eq!(refused, Err(StoreError::ClockBehind), "{offset_s} s");
            assert!(is_applied(&right.submit(user, command(record(1))).await));
            // By its clock the hold may have run out long ago; reading goes on, sweeping does not.
            wrong.account(user).await.expect("an account");
        }
        let view = right.account(user).await.expect("an account");
        // A hold and five uses, and of the round before two more.
        let written = (view.state.version.0, view.open_holds);
        assert_eq!(written, (6 + 8 * round as u64, 1 + round), "{offset_s} s");

        clock.set(0);
        says(&wrong, true).await;
        assert!(is_applied(&wrong.submit(user, command(record(1))).await));
        assert!(is_applied(&right.submit(user, command(record(1))).await));
    }
}
