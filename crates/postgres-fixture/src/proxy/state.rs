//! What all connections of a proxy share.

use super::{
    link::Link,
    rule::{Rule, Side, Verdict, judge},
};
use parking_lot::{Condvar, Mutex};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

#[derive(Debug, Default)]
pub(super) struct State {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    rule: Option<Rule>,
    cuts: u64,
    refuses: bool,
    ends: bool,
    links: BTreeMap<u64, Arc<Link>>,
    links_made: u64,
}

impl State {
    pub(super) fn judge(&self, link: &Link, from: Side, message: &[u8]) -> Verdict {
        let mut inner = self.inner.lock();
        // Asked under the lock that a later rule needs. What a cut connection writes goes nowhere.
        if link.is_cut() { Verdict::Pass } else { judge(&mut inner.rule, from, message) }
    }

    pub(super) fn arm(&self, rule: Rule) {
        self.inner.lock().rule = Some(rule);
    }

    pub(super) fn has_cut(&self) {
        self.inner.lock().cuts += 1;
        self.changed.notify_all();
    }

    /// Waits until so many connections have been cut by a rule; whether they have.
    pub(super) fn wait_for_cuts(&self, cuts: u64, within: Duration) -> bool {
        let mut inner = self.inner.lock();
        self.changed.wait_while_for(&mut inner, |inner| inner.cuts < cuts, within);
        inner.cuts >= cuts
    }

    pub(super) fn set_refuses(&self, refuses: bool) {
        self.inner.lock().refuses = refuses;
    }

    pub(super) fn end(&self) {
        self.inner.lock().ends = true;
    }

    pub(super) fn ends(&self) -> bool {
        self.inner.lock().ends
    }

    pub(super) fn refuses(&self) -> bool {
        self.inner.lock().refuses
    }

    /// Enters a connection; `None` if there shall be none by now.
    pub(super) fn enter(&self, link: &Arc<Link>) -> Option<u64> {
        let mut inner = self.inner.lock();
        if inner.refuses || inner.ends {
            return None;
        }
        inner.links_made += 1;
        let number = inner.links_made;
        inner.links.insert(number, link.clone());
        Some(number)
    }

    pub(super) fn leave(&self, number: u64) {
        self.inner.lock().links.remove(&number);
    }

    pub(super) fn cut_all(&self) -> usize {
        let links = std::mem::take(&mut self.inner.lock().links);
        links.values().for_each(|link| link.cut());
        links.len()
    }
}
