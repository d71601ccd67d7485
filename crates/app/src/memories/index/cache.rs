//! Which indexes are kept: those of the users who searched last, within a bound of bytes.

use super::rows::Rows;
use novacore_vocab::UserId;
use parking_lot::{Mutex, RwLock};
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// An index that may be searched by many and is brought up to date by one.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) rows: RwLock<Rows>,
    pub(super) turn: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Kept {
    slot: Arc<Slot>,
    bytes: usize,
    searched: u64,
}

#[derive(Debug, Default)]
struct Shelf {
    kept: HashMap<UserId, Kept>,
    /// Users by when they searched last.
    order: BTreeMap<u64, UserId>,
    searches: u64,
    bytes: usize,
}

#[derive(Debug)]
pub(super) struct Cache {
    bytes_max: usize,
    shelf: Mutex<Shelf>,
}

impl Cache {
    pub(super) fn new(bytes_max: usize) -> Cache {
        Cache { bytes_max, shelf: Mutex::default() }
    }

    pub(super) const fn bytes_max(&self) -> usize {
        self.bytes_max
    }

    pub(super) fn bytes(&self) -> usize {
        self.shelf.lock().bytes
    }

    /// The slot of a user, new if there is none; he is the one who searched last.
    pub(super) fn slot(&self, user: UserId, fresh: impl FnOnce() -> Rows) -> Arc<Slot> {
        let mut shelf = self.shelf.lock();
        let Shelf { kept, order, searches, .. } = &mut *shelf;
        *searches += 1;
        let known = kept.entry(user).or_insert_with(|| Kept {
            slot: Arc::new(Slot {
                rows: RwLock::new(fresh()),
                turn: tokio::sync::Mutex::default(),
            }),
            bytes: 0,
            searched: *searches,
        });
        order.remove(&known.searched);
        known.searched = *searches;
        order.insert(*searches, user);
        known.slot.clone()
    }

    pub(super) fn find(&self, user: UserId) -> Option<Arc<Slot>> {
        self.shelf.lock().kept.get(&user).map(|kept| kept.slot.clone())
    }

    /// Notes the size of a user's index, and drops those of others until all fit.
    pub(super) fn resized(&self, user: UserId, bytes: usize) {
        let mut shelf = self.shelf.lock();
        let Some(kept) = shelf.kept.get_mut(&user) else { return };
        let before = std::mem::replace(&mut kept.bytes, bytes);
        shelf.bytes = shelf.bytes - before + bytes;
        while shelf.bytes > self.bytes_max {
            let Some((_, oldest)) = shelf.order.first_key_value() else { break };
            let oldest = *oldest;
            shelf.drop_one(oldest);
        }
    }

    pub(super) fn forget(&self, user: UserId) {
        self.shelf.lock().drop_one(user);
    }
}

impl Shelf {
    fn drop_one(&mut self, user: UserId) {
        if let Some(kept) = self.kept.remove(&user) {
            self.order.remove(&kept.searched);
            self.bytes -= kept.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use novacore_memory::Dims;
    use novacore_vocab::ModelId;

    fn user(number: u128) -> UserId {
        UserId(uuid::Uuid::from_u128(number))
    }

    fn rows() -> Rows {
        Rows::new(ModelId::parse("m").expect("a model"), Dims::new(4).expect("a dimension"))
    }

    #[test]
    fn who_searched_longest_ago_goes_first_and_the_bound_holds() {
        let cache = Cache::new(100);
        for (number, bytes) in [(1, 40), (2, 40)] {
            cache.slot(user(number), rows);
            cache.resized(user(number), bytes);
        }
        cache.slot(user(1), rows);
        cache.slot(user(3), rows);
        cache.resized(user(3), 40);
        assert_eq!(cache.bytes(), 80);
        let kept = [1, 2, 3].map(|number| cache.find(user(number)).is_some());
        assert_eq!(kept, [true, false, true]);
        cache.resized(user(3), 200);
        assert_eq!(cache.bytes(), 0, "one that is too large goes itself");
        cache.forget(user(9));
    }
}
