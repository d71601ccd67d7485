//! What all users use, counted in the background and kept while counting again would be dear.
//!
//! The report ranks users over any range of days and says how many they are, so that no sum of many
//! users can answer it: counting grows with users times days, and keeping a roll-up of it would put
//! a row that all users share into every batch. It is no part of the write path instead: an answer
//! that took long to count is given again for a while, and says when it was counted.
//!
//! Invariant: a node counts one report of whatever kind at a time, and counts one again only after
//! [`KEPT_TIMES`] times what the count took, or [`KEPT_MAX_S`].
//! Invariant: who asks waits for at most [`WAIT`]; the count goes on without him, and the next one
//! who asks has it.

use super::reports::AllUse;
use futures::future::{BoxFuture, FutureExt, Shared};
use novacore_store::{
    clock::Clock,
    error::StoreError,
    ledger::{DayRange, DayUse},
};
use novacore_vocab::{ResourceName, Timestamp};
use parking_lot::Mutex;
use std::{collections::BTreeMap, fmt::Debug, sync::Arc, time::Duration};
use tokio::{sync::Semaphore, task::AbortHandle, time::timeout};

/// An answer is given again for as many times the time that it took.
const KEPT_TIMES: i64 = 20;
/// And not for longer than this.
const KEPT_MAX_S: i64 = 600;
/// Users of each resource that are counted at least, for whoever asks for fewer.
const TOP_MIN: usize = 100;
/// Reports of a kind that are kept at once, and that wait to be counted at once.
const RANGES_MAX: usize = 16;
/// How long a caller waits.
const WAIT: Duration = Duration::from_secs(8);

/// What all use over a range: first day, last day, users of each resource.
pub(crate) type Totals = Overviews<(i64, i64, usize), AllUse>;
/// What all use day by day: resource, first day, last day.
pub(crate) type DaySeries = Overviews<(ResourceName, i64, i64), Vec<DayUse>>;

type Answer<V> = Shared<BoxFuture<'static, Result<Arc<Counted<V>>, StoreError>>>;

/// What was counted.
#[derive(Debug)]
struct Counted<V> {
    counted_at: Timestamp,
    value: V,
    /// Until when it is given again.
    fresh_until: Timestamp,
}

/// A count that waits for its turn or is under way.
#[derive(Debug)]
struct Counting<V> {
    answer: Answer<V>,
    task: AbortHandle,
}

/// The reports of one kind of a node.
#[derive(Debug)]
pub(crate) struct Overviews<K, V> {
    clock: Arc<dyn Clock>,
    kept: Mutex<BTreeMap<K, Arc<Counted<V>>>>,
    counting: Mutex<BTreeMap<K, Counting<V>>>,
    turn: Arc<Semaphore>,
}

/// The turn to count, which reports of all kinds share.
pub(crate) fn turn() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(1))
}

impl Totals {
    /// What all use over a range, from what is kept or from `count`, which is told how many users
    /// of each resource to give at least; as [`Overviews::get`].
    pub(crate) async fn totals<Count, Counts>(
        self: &Arc<Totals>,
        range: DayRange,
        top: usize,
        count: Count,
    ) -> Result<(Timestamp, AllUse), StoreError>
    where
        Count: FnOnce(usize) -> Counts + Send + 'static,
        Counts: Future<Output = Result<AllUse, StoreError>> + Send + 'static,
    {
        let top = top.max(TOP_MIN);
        self.get((range.first, range.last, top), count(top)).await
    }
}

impl<K, V> Overviews<K, V>
where
    K: Ord + Clone + Send + Sync + 'static,
    V: Clone + Debug + Send + Sync + 'static,
{
    pub(crate) fn new(clock: Arc<dyn Clock>, turn: Arc<Semaphore>) -> Arc<Overviews<K, V>> {
        let (kept, counting) = (Mutex::default(), Mutex::default());
        Arc::new(Overviews { clock, kept, counting, turn })
    }

    /// Ends what is being counted: nobody will ask for it.
    pub(crate) fn end(&self) {
        self.turn.close();
        self.counting.lock().values().for_each(|counting| counting.task.abort());
    }

    /// A report and when it was counted, from what is kept or from `count`.
    ///
    /// Fails with [`StoreError::Unavailable`] if counting takes longer than a caller waits, and
    /// with [`StoreError::Overloaded`] if too many wait to be counted.
    pub(crate) async fn get<Count>(
        self: &Arc<Overviews<K, V>>,
        asked: K,
        count: Count,
    ) -> Result<(Timestamp, V), StoreError>
    where
        Count: Future<Output = Result<V, StoreError>> + Send + 'static,
    {
        let told = |counted: &Counted<V>| (counted.counted_at, counted.value.clone());
        let kept = self.kept.lock().get(&asked).cloned();
        if let Some(fresh) = kept.as_ref().filter(|kept| self.clock.now() < kept.fresh_until) {
            return Ok(told(fresh));
        }
        match timeout(WAIT, self.join(asked, count)?).await {
            Ok(counted) => Ok(told(&*counted?)),
            // An old answer that says how old it is, is better than none.
            Err(_) => kept.map(|kept| told(&kept)).ok_or(StoreError::Unavailable),
        }
    }

    /// The count of a report that is under way, or one that begins.
    fn join<Count>(
        self: &Arc<Overviews<K, V>>,
        asked: K,
        count: Count,
    ) -> Result<Answer<V>, StoreError>
    where
        Count: Future<Output = Result<V, StoreError>> + Send + 'static,
    {
        let mut counting = self.counting.lock();
        if let Some(under_way) = counting.get(&asked) {
            return Ok(under_way.answer.clone());
        }
        if counting.len() >= RANGES_MAX {
            return Err(StoreError::Overloaded);
        }
        let (own, key) = (self.clone(), asked.clone());
        // It cannot end before it is in the list: the list is locked until then.
        let task = tokio::spawn(async move {
            let counted = own.count(&key, count).await;
            own.counting.lock().remove(&key);
            counted
        });
        let abort = task.abort_handle();
        // One that panicked has said so already.
        let ended = task.map(|ended| ended.unwrap_or(Err(StoreError::Unavailable)));
        let answer = ended.boxed().shared();
        counting.insert(asked, Counting { answer: answer.clone(), task: abort });
        Ok(answer)
    }

    async fn count<Count>(&self, asked: &K, count: Count) -> Result<Arc<Counted<V>>, StoreError>
    where
        Count: Future<Output = Result<V, StoreError>>,
    {
        let _turn = self.turn.acquire().await.map_err(|_| StoreError::Unavailable)?;
        let counted_at = self.clock.now();
        let value = count.await?;
        let fresh_until = fresh_until(counted_at, self.clock.now());
        let counted = Arc::new(Counted { counted_at, value, fresh_until });
        self.keep(asked, &counted);
        Ok(counted)
    }

    /// Keeps an answer, instead of the oldest if there are many.
    fn keep(&self, asked: &K, counted: &Arc<Counted<V>>) {
        let mut kept = self.kept.lock();
        kept.insert(asked.clone(), counted.clone());
        if kept.len() > RANGES_MAX {
            let oldest = kept.iter().min_by_key(|(_, counted)| counted.counted_at);
            let oldest = oldest.map(|(asked, _)| asked.clone());
            kept.retain(|asked, _| Some(asked) != oldest.as_ref());
        }
    }
}

/// Until when an answer is given again that was counted between these times.
fn fresh_until(begun: Timestamp, ended: Timestamp) -> Timestamp {
    let took_us = (ended.micros() - begun.micros()).clamp(0, KEPT_MAX_S * 1_000_000);
    let kept_us = (took_us * KEPT_TIMES).min(KEPT_MAX_S * 1_000_000);
    Timestamp::from_micros(ended.micros() + kept_us)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::join_all;
    use novacore_store::ledger::{ResourceUse, UserAmount};
    use novacore_vocab::UserId;
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
        fn overviews(&self) -> Arc<Totals> {
            Overviews::new(self.clock.clone(), turn())
        }

        async fn ask(&self, overviews: &Arc<Totals>, range: DayRange) -> Result<i64, StoreError> {
            let (go, counts) = (self.go.clone(), self.counts.clone());
            let count = move |top: usize| async move {
                go.notified().await;
                let nth = counts.fetch_add(1, Ordering::Relaxed) as i64 + 1;
                Ok(AllUse { active_users: 300, resources: vec![used(nth, top)] })
            };
            let (counted_at, all) = overviews.totals(range, 2, count).await?;
            let totals = all.told(counted_at, 2);
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
