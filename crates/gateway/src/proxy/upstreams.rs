//! The upstreams of a route: whose turn it is, and who is left alone.
//!
//! Not here: when one is left alone (`breaker`).

use crate::breaker::{self, BreakerLimits, Health, Watch};
use axum::http::{
    Uri,
    uri::{Authority, InvalidUriParts, Parts, PathAndQuery, Scheme},
};
use novacore_app::metrics::RouteMeter;
use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

/// Where an upstream is.
#[derive(Clone, Debug)]
pub(super) struct Base {
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
    /// In front of every path; without a slash at the end.
    pub(super) path: String,
}

impl Base {
    /// The address of a path there.
    pub(super) fn join(&self, path: &str, query: Option<&str>) -> Result<Uri, InvalidUriParts> {
        let slash = if path.starts_with('/') { "" } else { "/" };
        let text = match query {
            Some(query) => format!("{}{slash}{path}?{query}", self.path),
            None => format!("{}{slash}{path}", self.path),
        };
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = PathAndQuery::try_from(text).ok();
        Uri::from_parts(parts)
    }
}

/// All upstreams of a route.
#[derive(Debug)]
pub(super) struct Upstreams {
    all: Vec<Upstream>,
    turn: AtomicUsize,
    meter: RouteMeter,
}

#[derive(Debug)]
struct Upstream {
    base: Base,
    watch: Watch,
}

impl Upstreams {
    pub(super) fn new(bases: Vec<Base>, limits: BreakerLimits, meter: RouteMeter) -> Upstreams {
        for index in 0..bases.len() {
            meter.available(index + 1, true);
        }
        let upstream = |base| Upstream { base, watch: Watch::new(limits) };
        Upstreams {
            all: bases.into_iter().map(upstream).collect(),
            turn: AtomicUsize::new(0),
            meter,
        }
    }

    /// The next one that lets a call through, or after what time there may be one. One that has
    /// just failed comes last.
    pub(super) fn next(&self, failed: Option<usize>) -> Result<Attempt<'_>, Duration> {
        let count = self.all.len();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let in_turn = (0..count).map(|step| turn.wrapping_add(step) % count);
        let order = in_turn.filter(|index| Some(*index) != failed).chain(failed);
        let mut wait = Duration::MAX;
        for index in order {
            match self.all[index].watch.admit() {
                Ok(inner) => return Ok(Attempt { upstreams: self, index, inner }),
                Err(after) => wait = wait.min(after),
            }
        }
        Err(wait)
    }

    fn tell(&self, index: usize, available: Option<bool>) {
        if let Some(available) = available {
            self.meter.available(index + 1, available);
        }
    }

    /// What calls have shown of each.
    pub(super) fn health(&self) -> Vec<Health> {
        self.all.iter().map(|upstream| upstream.watch.health()).collect()
    }
}

/// A call to one upstream.
#[derive(Debug)]
pub(super) struct Attempt<'a> {
    upstreams: &'a Upstreams,
    index: usize,
    inner: breaker::Attempt<'a>,
}

impl Attempt<'_> {
    pub(super) fn index(&self) -> usize {
        self.index
    }

    pub(super) fn base(&self) -> &Base {
        &self.upstreams.all[self.index].base
    }

    /// The upstream answered.
    pub(super) fn answered(self) {
        self.upstreams.tell(self.index, self.inner.answered());
    }

    /// The upstream could not be reached, broke off, or took too long.
    pub(super) fn failed(self) {
        self.upstreams.tell(self.index, self.inner.failed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use novacore_app::metrics::Metrics;

    fn upstreams(count: usize) -> Upstreams {
        let base = |index| Base {
            scheme: Scheme::HTTP,
            authority: format!("host{index}").parse().unwrap(),
            path: String::new(),
        };
        let limits = BreakerLimits { failures_max: 2, pause: Duration::from_secs(3_600) };
        let meter = Metrics::new().routes.of("/x");
        Upstreams::new((0..count).map(base).collect(), limits, meter)
    }

    #[test]
    fn they_take_turns_and_those_that_failed_are_left_alone() {
        let all = upstreams(3);
        let turns: Vec<_> = (0..6).map(|_| all.next(None).unwrap().index()).collect();
        assert_eq!(turns, [0, 1, 2, 0, 1, 2]);
        for _ in 0..2 {
            // 0 has its turn, 1 is asked since 0 is what failed just now, and fails.
            all.turn.store(0, Ordering::Relaxed);
            let attempt = all.next(Some(0)).unwrap();
            assert_eq!(attempt.index(), 1);
            attempt.failed();
        }
        let turns: Vec<_> = (0..4).map(|_| all.next(None).unwrap().index()).collect();
        assert!(!turns.contains(&1), "{turns:?}");
        assert_eq!(all.health(), [Health::Unknown, Health::Down, Health::Unknown]);
    }

    #[test]
    fn the_only_one_is_asked_again_and_then_left_alone() {
        let all = upstreams(1);
        all.next(None).unwrap().failed();
        all.next(Some(0)).unwrap().failed();
        let wait = all.next(Some(0)).expect_err("it is left alone");
        assert!(wait > Duration::from_secs(3_000));
    }

    #[test]
    fn paths_are_joined_with_one_slash() {
        for (base, path, query, want) in [
            ("", "/a", None, "http://h/a"),
            ("", "", None, "http://h/"),
            ("/base", "/a", Some("q=1?2"), "http://h/base/a?q=1?2"),
            ("/base", "", Some(""), "http://h/base/?"),
            ("", "/a;b", None, "http://h/a;b"),
        ] {
            let authority = "h".parse().unwrap();
            let base = Base { scheme: Scheme::HTTP, authority, path: base.to_owned() };
            assert_eq!(base.join(path, query).unwrap().to_string(), want);
        }
    }
}
