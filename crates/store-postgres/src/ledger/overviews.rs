//! What all users use, counted in the background and kept while counting again would be dear.
//!
//! The report ranks users over any range of days and says how many they are, so that no sum of many
//! users can answer it: counting grows with users times days, and keeping a roll-up of it would put
//! a row that all users share into every batch. It is no part of the write path instead: an answer
//! that took long to count is given again for a while, and says when it was counted.
//!
//! Invariant: a node counts one report at a time, and counts a range again only after
//! [`KEPT_TIMES`] times what the count took, or [`KEPT_MAX_S`].
//! Invariant: who asks waits for at most [`WAIT`]; the count goes on without him, and the next one
//! who asks has it.

use futures::future::{BoxFuture, FutureExt, Shared};
use novacore_store::{
    clock::Clock,
    error::StoreError,
    ledger::{DayRange, ResourceUse, Totals},
};
use novacore_vocab::Timestamp;
use parking_lot::Mutex;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{sync::Semaphore, task::AbortHandle, time::timeout};

/// An answer is given again for as many times the time that it took.
const KEPT_TIMES: i64 = 20;
/// And not for longer than this.
const KEPT_MAX_S: i64 = 600;
/// Users of each resource that are counted at least, for whoever asks for fewer.
const TOP_MIN: usize = 100;
/// Ranges that are kept at once, and that wait to be counted at once.
const RANGES_MAX: usize = 16;
/// How long a caller waits.
const WAIT: Duration = Duration::from_secs(8);

/// First day, last day, users of each resource.
type Asked = (i64, i64, usize);
type Answer = Shared<BoxFuture<'static, Result<Arc<Counted>, StoreError>>>;

/// What was counted.
#[derive(Debug)]
struct Counted {
    totals: Totals,
    /// Until when it is given again.
    fresh_until: Timestamp,
}

/// A count that waits for its turn or is under way.
#[derive(Debug)]
struct Counting {
    answer: Answer,
    task: AbortHandle,
}

/// The reports of a node.
#[derive(Debug)]
pub(crate) struct Overviews {
    clock: Arc<dyn Clock>,
    kept: Mutex<BTreeMap<Asked, Arc<Counted>>>,
    counting: Mutex<BTreeMap<Asked, Counting>>,
    turn: Semaphore,
}

impl Overviews {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Arc<Overviews> {
        let (kept, counting, turn) = (Mutex::default(), Mutex::default(), Semaphore::new(1));
        Arc::new(Overviews { clock, kept, counting, turn })
    }

    /// Ends what is being counted: nobody will ask for it.
    pub(crate) fn end(&self) {
        self.turn.close();
        self.counting.lock().values().for_each(|counting| counting.task.abort());
    }

    /// The report of a range, from what is kept or from `count`, which is told how many users of
    /// each resource to give.
    ///
    /// Fails with [`StoreError::Unavailable`] if counting takes longer than a caller waits, and
    /// with [`StoreError::Overloaded`] if too many ranges wait to be counted.
    pub(crate) async fn totals<Count, Resources>(
        self: &Arc<Overviews>,
        range: DayRange,
        top: usize,
        count: Count,
    ) -> Result<Totals, StoreError>
    where
        Count: FnOnce(usize) -> Resources + Send + 'static,
        Resources: Future<Output = Result<Vec<ResourceUse>, StoreError>> + Send + 'static,
    {
        let asked = (range.first, range.last, top.max(TOP_MIN));
        let kept = self.kept.lock().get(&asked).cloned();
        if let Some(fresh) = kept.as_ref().filter(|kept| self.clock.now() < kept.fresh_until) {
            return Ok(told(&fresh.totals, top));
        }
        match timeout(WAIT, self.join(asked, count)?).await {
            Ok(counted) => Ok(told(&counted?.totals, top)),
            // An old answer that says how old it is, is better than none.
            Err(_) => kept.map(|kept| told(&kept.totals, top)).ok_or(StoreError::Unavailable),
        }
    }

    /// The count of a range that is under way, or one that begins.
    fn join<Count, Resources>(
        self: &Arc<Overviews>,
        asked: Asked,
        count: Count,
    ) -> Result<Answer, StoreError>
    where
        Count: FnOnce(usize) -> Resources + Send + 'static,
        Resources: Future<Output = Result<Vec<ResourceUse>, StoreError>> + Send + 'static,
    {
        let mut counting = self.counting.lock();
        if let Some(under_way) = counting.get(&asked) {
            return Ok(under_way.answer.clone());
        }
        if counting.len() >= RANGES_MAX {
            return Err(StoreError::Overloaded);
        }
        let own = self.clone();
        // It cannot end before it is in the list: the list is locked until then.
        let task = tokio::spawn(async move {
            let counted = own.count(asked, count).await;
            own.counting.lock().remove(&asked);
            counted
        });
        let abort = task.abort_handle();
        // One that panicked has said so already.
        let ended = task.map(|ended| ended.unwrap_or(Err(StoreError::Unavailable)));
        let answer = ended.boxed().shared();
        counting.insert(asked, Counting { answer: answer.clone(), task: abort });
        Ok(answer)
    }

    async fn count<Count, Resources>(
        &self,
        asked: Asked,
        count: Count,
    ) -> Result<Arc<Counted>, StoreError>
    where
        Count: FnOnce(usize) -> Resources,
        Resources: Future<Output = Result<Vec<ResourceUse>, StoreError>>,
    {
        let _turn = self.turn.acquire().await.map_err(|_| StoreError::Unavailable)?;
        let counted_at = self.clock.now();
        let resources = count(asked.2).await?;
        let fresh_until = fresh_until(counted_at, self.clock.now());
        let totals = Totals { counted_at, resources };
        let counted = Arc::new(Counted { totals, fresh_until });
        self.keep(asked, &counted);
        Ok(counted)
    }

    /// Keeps an answer, instead of the oldest if there are many.
    fn keep(&self, asked: Asked, counted: &Arc<Counted>) {
        let mut kept = self.kept.lock();
        kept.insert(asked, counted.clone());
        if kept.len() > RANGES_MAX {
            let oldest = kept.iter().min_by_key(|(_, counted)| counted.totals.counted_at);
            let oldest = oldest.map(|(asked, _)| *asked);
            kept.retain(|asked, _| Some(*asked) != oldest);
        }
    }
}

/// Until when an answer is given again that was counted between these times.
fn fresh_until(begun: Timestamp, ended: Timestamp) -> Timestamp {
    let took_us = (ended.micros() - begun.micros()).clamp(0, KEPT_MAX_S * 1_000_000);
    let kept_us = (took_us * KEPT_TIMES).min(KEPT_MAX_S * 1_000_000);
    Timestamp::from_micros(ended.micros() + kept_us)
}

/// With as many users of each resource as were asked for.
fn told(totals: &Totals, top: usize) -> Totals {
    let mut told = totals.clone();
    told.resources.iter_mut().for_each(|one| one.top.truncate(top));
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::join_all;
    use novacore_store::ledger::UserAmount;
    use novacore_vocab::{ResourceName, UserId};
    use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
    use tokio::{sync::Notify, task::yield_now};
    use uuid::Uuid;

    #[derive(Debug, Default)]
    struct Seconds(AtomicI64);

    impl Clock for Seconds {
        fn now(&self) -> Timestamp {
            Timestamp::from_seconds(self.0.load(Ordering::Relaxed))
        }
    }

    /// Reports of a ledger that takes as long as the test says, and answers a larger amount each
    /// time.
    #[derive(Default)]
    struct Bench {
        clock: Arc<Seconds>,
        go: Arc<Notify>,
        counts: Arc<AtomicUsize>,
    }

    impl Bench {
        fn overviews(&self) -> Arc<Overviews> {
            Overviews::new(self.clock.clone())
        }

        async fn ask(
            &self,
            overviews: &Arc<Overviews>,
            range: DayRange,
        ) -> Result<i64, StoreError> {
            let (go, counts) = (self.go.clone(), self.counts.clone());
            let count = move |top: usize| async move {
                go.notified().await;
                let nth = counts.fetch_add(1, Ordering::Relaxed) as i64 + 1;
                Ok(vec![used(nth, top)])
            };
            let totals = overviews.totals(range, 2, count).await?;
            assert_eq!(totals.resources[0].top.len(), 2);
            Ok(totals.resources[0].amount)
        }

        fn pass(&self, seconds: i64) {
            self.clock.0.fetch_add(seconds, Ordering::Relaxed);
        }
    }

    fn used(amount: i64, top: usize) -> ResourceUse {
        let user = |n| UserAmount { user: UserId(Uuid::from_u128(n)), amount };
        let resource = ResourceName::parse("llm_tokens").unwrap();
        ResourceUse { resource, amount, users: 300, top: (0..top as u128).map(user).collect() }
    }

    const MONTH: DayRange = DayRange { first: 1, last: 30 };

    async fn until_it_waits() {
        for _ in 0..20 {
            yield_now().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_dear_answer_is_given_again_for_a_while() {
        let (bench, seconds) = (Bench::default(), 5);
        let overviews = bench.overviews();
        let counted = async {
            until_it_waits().await;
            bench.pass(seconds);
            bench.go.notify_one();
        };
        let (first, ()) = tokio::join!(bench.ask(&overviews, MONTH), counted);
        assert_eq!(first, Ok(1));
        bench.pass(seconds * KEPT_TIMES - 1);
        assert_eq!(bench.ask(&overviews, MONTH).await, Ok(1));
        bench.pass(1);
        bench.go.notify_one();
        assert_eq!(bench.ask(&overviews, MONTH).await, Ok(2));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_leaves_the_count_to_the_next() {
        let bench = Bench::default();
        let overviews = bench.overviews();
        assert_eq!(bench.ask(&overviews, MONTH).await, Err(StoreError::Unavailable));
        bench.pass(60);
        bench.go.notify_one();
        until_it_waits().await;
        assert_eq!(bench.ask(&overviews, MONTH).await, Ok(1));
        bench.pass(KEPT_MAX_S);
        assert_eq!(bench.ask(&overviews, MONTH).await, Ok(1), "an old answer instead of none");
        assert_eq!(bench.counts.load(Ordering::Relaxed), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_ask_at_once_share_a_count_and_ranges_take_turns() {
        let bench = Bench::default();
        let overviews = bench.overviews();
        let week = DayRange { first: 24, last: 30 };
        let both = [MONTH, week, MONTH, week, MONTH];
        let asked = join_all(both.iter().map(|range| bench.ask(&overviews, *range)));
        let counted = async {
            until_it_waits().await;
            // Two may go, but the second has not had its turn: its permission waits for it.
            bench.go.notify_waiters();
            until_it_waits().await;
            assert_eq!(bench.counts.load(Ordering::Relaxed), 1);
            bench.go.notify_one();
        };
        let (answers, ()) = tokio::join!(asked, counted);
        assert_eq!(answers, [1, 2, 1, 2, 1].map(Ok));
    }

    #[tokio::test(start_paused = true)]
    async fn ranges_are_bounded_and_the_oldest_answer_goes() {
        let bench = Bench::default();
        let overviews = bench.overviews();
        let ranges: Vec<DayRange> =
            (0..=RANGES_MAX as i64).map(|first| DayRange { first, last: 100 }).collect();
        let asked = join_all(ranges.iter().map(|range| bench.ask(&overviews, *range))).await;
        let (waited, refused) = asked.split_at(RANGES_MAX);
        assert!(waited.iter().all(|one| *one == Err(StoreError::Unavailable)));
        assert_eq!(refused, [Err(StoreError::Overloaded)]);
        for _ in 0..RANGES_MAX {
            bench.pass(1);
            bench.go.notify_one();
            until_it_waits().await;
        }
        bench.pass(1);
        bench.go.notify_one();
        assert!(bench.ask(&overviews, ranges[RANGES_MAX]).await.is_ok());
        let kept = overviews.kept.lock();
        let firsts: Vec<i64> = kept.keys().map(|asked| asked.0).collect();
        assert_eq!(firsts, (1..=RANGES_MAX as i64).collect::<Vec<_>>());
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_ends_counts_no_more() {
        let bench = Bench::default();
        let overviews = bench.overviews();
        let ended = async {
            until_it_waits().await;
            overviews.end();
        };
        let (asked, ()) = tokio::join!(bench.ask(&overviews, MONTH), ended);
        assert_eq!(asked, Err(StoreError::Unavailable));
        assert_eq!(bench.ask(&overviews, MONTH).await, Err(StoreError::Unavailable));
        bench.go.notify_one();
        until_it_waits().await;
        assert_eq!(bench.counts.load(Ordering::Relaxed), 0);
    }
}
