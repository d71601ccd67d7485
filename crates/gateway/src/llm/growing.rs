//! Open holds that grow, account by account.
//!
//! A call without a maximum begins with a small hold. If as many of them were admitted as small
//! holds fit, none could be finished: so a new one is admitted only while there is room for one
//! step of each that is open.
//! Not here: other nodes, whose open calls are not known.

use novacore_vocab::UserId;
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};

/// How many of an account's open calls grow.
#[derive(Clone, Debug, Default)]
pub(crate) struct Growing(Arc<Mutex<HashMap<UserId, u64>>>);

/// One of them; ends when dropped.
#[derive(Debug)]
pub(crate) struct Grower {
    all: Growing,
    user: UserId,
}

impl Growing {
    /// Adds one. Tells how many there were.
    pub(crate) fn begin(&self, user: UserId) -> (Grower, u64) {
        let mut all = self.0.lock();
        let open = all.entry(user).or_insert(0);
        let before = *open;
        *open += 1;
        (Grower { all: self.clone(), user }, before)
    }
}

impl Drop for Grower {
    fn drop(&mut self) {
        let mut all = self.all.0.lock();
        if let Some(open) = all.get_mut(&self.user) {
            *open -= 1;
            if *open == 0 {
                all.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_while_they_are_open() {
        let (growing, user) = (Growing::default(), UserId(uuid::Uuid::from_u128(7)));
        let (first, before) = growing.begin(user);
        assert_eq!(before, 0);
        let (second, before) = growing.begin(user);
        assert_eq!(before, 1);
        drop(first);
        assert_eq!(growing.begin(user).1, 1);
        drop(second);
        assert!(growing.0.lock().is_empty());
    }
}
