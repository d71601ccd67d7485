//! Whose turn it is among the providers of a call.
//!
//! They are tried in the order of the configuration. One that failed lately is passed over while
//! another can serve; once its pause is over, a single call finds out whether it is back.
//! Invariant: every target of a call has one turn. A breaker spares time, it never is the reason
//! for which a call fails: those that were passed over are asked when nobody else is left.
//! Not here: when a breaker opens (`breaker`), and what counts as a failure (`call`).

use super::{catalog::Target, options::Dialect};
use crate::breaker::Attempt;
use std::{collections::VecDeque, slice::Iter};

/// The targets that had no turn yet.
#[derive(Debug)]
pub(crate) struct Turns<'t> {
    waiting: Iter<'t, Target>,
    passed_over: VecDeque<&'t Target>,
}

impl<'t> Turns<'t> {
    pub(crate) fn new(targets: &'t [Target]) -> Turns<'t> {
        Turns { waiting: targets.iter(), passed_over: VecDeque::new() }
    }

    /// The next one, with the attempt that is to be told what became of it. There is none for one
    /// that is asked though its breaker is open, nor for an echo, which cannot fail.
    pub(crate) fn next(&mut self) -> Option<(&'t Target, Option<Attempt<'t>>)> {
        for target in &mut self.waiting {
            if target.provider.dialect == Dialect::Echo {
                return Some((target, None));
            }
            match target.provider.watch.admit() {
                Ok(attempt) => return Some((target, Some(attempt))),
                Err(_) => self.passed_over.push_back(target),
            }
        }
        Some((self.passed_over.pop_front()?, None))
    }

    /// Whether everyone has had a turn.
    pub(crate) fn is_over(&self) -> bool {
        self.waiting.as_slice().is_empty() && self.passed_over.is_empty()
    }
}
