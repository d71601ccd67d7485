//! Smoke seeds, planted bugs, and the long run.

use novacore_sim::{
    bug::Bug,
    world::{Coverage, Failure, run},
};

/// Worlds of the smoke run, and batches of each.
const SEEDS: u64 = 30;
const BATCHES: usize = 120;
/// Worlds in which a planted bug must show.
const BUG_SEEDS: u64 = 60;

fn fail(failure: &Failure) -> ! {
    let trace = failure.trace.join("\n  ");
    panic!(
        "seed {}, batch {}: {} broken: {}\n  {trace}",
        failure.seed, failure.step, failure.violation.invariant, failure.violation.what
    );
}

fn run_all(seeds: std::ops::Range<u64>, batches: usize) -> Coverage {
    let mut all = Coverage::new();
    for seed in seeds {
        match run(seed, None, batches) {
            Ok(coverage) => {
                for (what, count) in coverage {
                    *all.entry(what).or_default() += count;
                }
            }
            Err(failure) => fail(&failure),
        }
    }
    all
}

#[test]
fn smoke_seeds_keep_every_promise_and_reach_everything() {
    let coverage = run_all(0..SEEDS, BATCHES);
    for what in [
        "record",
        "reserve",
        "settle",
        "extend",
        "release",
        "sweep",
        "applied",
        "replayed",
        "key reused",
        "invalid",
        "hold unknown",
        "hold ended",
        "quota",
        "counter range",
        "level below zero",
        "profile change",
        "policy change",
        "crash before write",
        "crash before sync",
        "kill before sync",
        "crash after sync",
        "sync fails",
        "slow sync",
        "disk full",
    ] {
        assert!(coverage.contains_key(what), "{what} never happened: {coverage:?}");
    }
}

#[test]
fn every_planted_bug_is_noticed() {
    for bug in Bug::ALL {
        let noticed = (0..BUG_SEEDS).any(|seed| {
            // A book that refuses to go on has noticed it too.
            let ran = std::panic::catch_unwind(|| run(seed, Some(bug), BATCHES));
            !matches!(ran, Ok(Ok(_)))
        });
        assert!(noticed, "{bug:?} goes unnoticed");
    }
}

#[test]
#[ignore = "soak"]
fn many_worlds_keep_every_promise() {
    let coverage = run_all(1_000..3_000, 1_000);
    println!("{coverage:?}");
}
