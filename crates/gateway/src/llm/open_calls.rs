//! How many calls of an account are open on this node.
//!
//! A call without a maximum begins with a small hold. If as many of them were admitted as small
//! holds fit, none could be finished: so a new one is admitted only while there is room for one
//! step of each that is open. And nobody shall take every place.
//! Not here: other nodes, whose open calls are not known.

use novacore_vocab::UserId;
use parking_lot::Mutex;
use std::{collections::HashMap, sync::Arc};

/// Open calls by account.
#[derive(Clone, Debug, Default)]
pub(crate) struct OpenCalls(Arc<Mutex<HashMap<UserId, u64>>>);

/// One of them; ends when dropped.
#[derive(Debug)]
pub(crate) struct OpenCall {
    all: OpenCalls,
    user: UserId,
}

impl OpenCalls {
    /// Adds one. Tells how many there were.
    pub(crate) fn begin(&self, user: UserId) -> (OpenCall, u64) {
        let mut all = self.0.lock();
        let open = all.entry(user).or_insert(0);
        let before = *open;
        *open += 1;
        (OpenCall { all: self.clone(), user }, before)
    }
}

impl Drop for OpenCall {
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
        let (calls, user) = (OpenCalls::default(), UserId(uuid::Uuid::from_u128(7)));
        let (first, before) = calls.begin(user);
        assert_eq!(before, 0);
        let (second, before) = calls.begin(user);
        assert_eq!(before, 1);
        drop(first);
        assert_eq!(calls.begin(user).1, 1);
        drop(second);
        assert!(calls.0.lock().is_empty());
    }
}
