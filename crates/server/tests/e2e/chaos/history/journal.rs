//! Where clients write down their calls while they make them.

use super::{Call, Look};
use std::{
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

/// How long so few calls may take that something else has to be wrong.
const PATIENCE: Duration = Duration::from_secs(120);

/// The calls of all clients.
#[derive(Debug, Default)]
pub(in crate::chaos) struct Journal {
    calls: Mutex<Vec<Call>>,
    looks: Mutex<Vec<Look>>,
    grown: Condvar,
    ticks: AtomicU64,
    is_over: AtomicBool,
    is_abandoned: AtomicBool,
}

impl Journal {
    /// A moment: later ones are higher.
    pub(in crate::chaos) fn tick(&self) -> u64 {
        self.ticks.fetch_add(1, Ordering::SeqCst)
    }

    pub(in crate::chaos) fn write(&self, call: Call) {
        self.lock().push(call);
        self.grown.notify_all();
    }

    pub(in crate::chaos) fn note(&self, look: Look) {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner).push(look);
    }

    /// Waits until so many calls are written.
    ///
    /// # Panics
    /// If that takes far too long.
    pub(in crate::chaos) fn wait_for(&self, calls: usize) {
        let waited = self.grown.wait_timeout_while(self.lock(), PATIENCE, |all| all.len() < calls);
        let (all, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
        assert!(!timeout.timed_out(), "{} of {calls} calls were answered", all.len());
    }

    /// How many calls are written.
    pub(in crate::chaos) fn len(&self) -> usize {
        self.lock().len()
    }

    /// Waits a moment, or until some call is answered: what failed may work then.
    pub(in crate::chaos) fn back_off(&self, at_most: Duration) {
        drop(self.grown.wait_timeout(self.lock(), at_most));
    }

    /// Tells clients to make no further calls.
    pub(in crate::chaos) fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }

    /// Tells clients that nobody will answer.
    pub(in crate::chaos) fn abandon(&self) {
        self.is_abandoned.store(true, Ordering::SeqCst);
    }

    pub(in crate::chaos) fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Ordering::SeqCst)
    }

    pub(in crate::chaos) fn goes_on(&self) -> bool {
        !self.is_over.load(Ordering::SeqCst)
    }

    pub(in crate::chaos) fn into_parts(self) -> (Vec<Call>, Vec<Look>) {
        let calls = self.calls.into_inner().unwrap_or_else(PoisonError::into_inner);
        (calls, self.looks.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// A client that panicked has written whole calls.
    fn lock(&self) -> MutexGuard<'_, Vec<Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
