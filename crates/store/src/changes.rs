//! How whoever remembers rows of the directory, or limits, hears that they are no longer so.
//!
//! Invariant: while [`Changes::is_current`], every change that was acknowledged a second ago or
//! earlier, by whatever node, has been told. A store that cannot know says that it is not current,
//! and nothing that is remembered may be used.
//! Not here: what is remembered.

use novacore_vocab::{KeyId, Timestamp, UserId};
use parking_lot::RwLock;
use std::{
    fmt,
    sync::{Arc, Weak},
};

/// What may no longer be as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outdated {
    /// A user, or what is his own in his limits.
    User(UserId),
    /// A key, which is gone.
    Key(KeyId),
    /// The tiers.
    Tiers,
    /// Whatever was read before.
    Everything,
}

/// Remembers rows, and forgets them when it is told to.
pub trait Forgets: Send + Sync {
    /// Forgets what is outdated: no answer that begins afterwards may rest on it.
    fn forget(&self, outdated: Outdated);
}

/// Hearing of changes of users, keys, overrides and tiers.
pub trait Changes: Send + Sync {
    /// Tells `listener` of changes from now on, as long as it lives; of some more than once.
    fn on_change(&self, listener: &Arc<dyn Forgets>);

    /// Whether what was acknowledged a second before `now` has been told. To be asked before what
    /// is remembered is looked at.
    fn is_current(&self, now: Timestamp) -> bool;
}

/// Those who are told of changes.
#[derive(Default)]
pub struct Listeners(RwLock<Vec<Weak<dyn Forgets>>>);

impl Listeners {
    /// Adds one, and drops those who are gone.
    pub fn add(&self, listener: &Arc<dyn Forgets>) {
        let mut listeners = self.0.write();
        listeners.retain(|known| known.strong_count() > 0);
        listeners.push(Arc::downgrade(listener));
    }

    /// Tells all of them.
    pub fn tell(&self, outdated: Outdated) {
        let alive: Vec<_> = self.0.read().iter().filter_map(Weak::upgrade).collect();
        for listener in alive {
            listener.forget(outdated);
        }
    }
}

impl fmt::Debug for Listeners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Listeners").field(&self.0.read().len()).finish()
    }
}
