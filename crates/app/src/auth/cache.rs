//! A bounded memory of rows that were read, for calls that come by the thousand.
//!
//! Invariant: after `forget(key)` no value is served that was read before it. A reader takes an
//! epoch before it reads the store and its value is kept only if nothing was forgotten meanwhile;
//! so whoever forgets after each change serves no stale row.
//! Not here: absence. Only what exists is kept, so a new row needs no forgetting.

use parking_lot::RwLock;
use std::{collections::HashMap, hash::Hash};

/// The state of a cache when a read began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Epoch(u64);

/// Rows by key.
#[derive(Debug)]
pub(super) struct Cache<K, V> {
    rows_max: usize,
    kept: RwLock<Kept<K, V>>,
}

#[derive(Debug)]
struct Kept<K, V> {
    epoch: u64,
    rows: HashMap<K, V>,
}

impl<K: Copy + Eq + Hash, V: Clone> Cache<K, V> {
    /// Keeps at most `rows_max` rows; none if 0.
    pub(super) fn new(rows_max: usize) -> Cache<K, V> {
        let kept = Kept { epoch: 0, rows: HashMap::new() };
        Cache { rows_max, kept: RwLock::new(kept) }
    }

    /// The row of `key`, if kept.
    pub(super) fn get(&self, key: K) -> Option<V> {
        self.kept.read().rows.get(&key).cloned()
    }

    /// To be taken before the store is read.
    pub(super) fn epoch(&self) -> Epoch {
        Epoch(self.kept.read().epoch)
    }

    /// Keeps what was read since `epoch`, unless something was forgotten since.
    ///
    /// A full cache starts anew: to choose a victim would cost every hit a write, and this happens
    /// once in `rows_max` misses.
    pub(super) fn keep(&self, epoch: Epoch, key: K, value: V) {
        let mut kept = self.kept.write();
        if self.rows_max == 0 || kept.epoch != epoch.0 {
            return;
        }
        if kept.rows.len() >= self.rows_max && !kept.rows.contains_key(&key) {
            kept.rows.clear();
        }
        kept.rows.insert(key, value);
    }

    /// Changes the kept row of `key`, if there is one.
    pub(super) fn amend(&self, key: K, change: impl FnOnce(&mut V)) {
        if let Some(value) = self.kept.write().rows.get_mut(&key) {
            change(value);
        }
    }

    /// Forgets `key`; to be called when its row has changed.
    pub(super) fn forget(&self, key: K) {
        let mut kept = self.kept.write();
        kept.epoch += 1;
        kept.rows.remove(&key);
    }

    /// Forgets every row; to be called when nobody knows which have changed.
    pub(super) fn forget_all(&self) {
        let mut kept = self.kept.write();
        kept.epoch += 1;
        kept.rows.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_before_a_change_is_not_kept() {
        let cache: Cache<u8, &str> = Cache::new(2);
        let before = cache.epoch();
        cache.forget(1);
        cache.keep(before, 1, "old");
        assert_eq!(cache.get(1), None);
        cache.keep(cache.epoch(), 1, "new");
        assert_eq!(cache.get(1), Some("new"));
        cache.forget(1);
        assert_eq!(cache.get(1), None);
    }

    #[test]
    fn it_holds_no_more_than_it_may() {
        let cache: Cache<u8, u8> = Cache::new(2);
        for key in 0..3 {
            cache.keep(cache.epoch(), key, key);
        }
        assert_eq!([0, 1, 2].map(|key| cache.get(key)), [None, None, Some(2)]);
        cache.keep(cache.epoch(), 1, 1);
        cache.keep(cache.epoch(), 2, 7);
        assert_eq!([1, 2].map(|key| cache.get(key)), [Some(1), Some(7)]);

        let off: Cache<u8, u8> = Cache::new(0);
        off.keep(off.epoch(), 1, 1);
        assert_eq!(off.get(1), None);
    }
}
