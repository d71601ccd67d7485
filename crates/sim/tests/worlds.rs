//! Smoke seeds, planted bugs, the long run, and the repetition of one seed.

use novacore_sim::{
    bug::Bug,
    coverage::{Coverage, SMOKE},
    world::{Report, run},
};

/// Worlds of the smoke run, and commands of each.
const SMOKE_SEEDS: u64 = 150;
const SMOKE_COMMANDS: u64 = 500;
/// Worlds within which a planted bug must show.
const BUG_SEEDS: u64 = 100;
/// Commands of the long run by default, and of each of its worlds.
const SOAK_COMMANDS: u64 = 10_000_000;
const SOAK_WORLD_COMMANDS: u64 = 5_000;

fn run_or_fail(seed: u64, commands: u64) -> Report {
    run(seed, None, commands).unwrap_or_else(|failure| {
        panic!("NOVACORE_SIM_SEED={seed} NOVACORE_SIM_COMMANDS={commands}\n{failure}")
    })
}

fn from_environment(name: &str) -> Option<u64> {
    #[expect(clippy::disallowed_methods, reason = "which seed to repeat is no configuration")]
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} must be a number")))
}

#[test]
fn smoke_seeds_keep_every_promise_and_reach_everything() {
    let mut reached = Coverage::default();
    for seed in 0..SMOKE_SEEDS {
        reached.add(&run_or_fail(seed, SMOKE_COMMANDS).coverage);
    }
    let missed: Vec<_> = SMOKE.iter().filter(|what| reached.of(what) == 0).collect();
    assert!(missed.is_empty(), "never reached: {missed:?}");
}

#[test]
fn every_planted_bug_is_noticed_and_the_canary_is_heard() {
    for bug in Bug::ALL {
        let found = (0..BUG_SEEDS).find_map(|seed| run(seed, Some(bug), SMOKE_COMMANDS).err());
        let failure = found.unwrap_or_else(|| panic!("{bug:?} goes unnoticed"));
        let (text, seed) = (failure.to_string(), failure.seed);
        println!("{bug:?}: {}", text.lines().next().unwrap_or_default());
        assert!(text.starts_with(&format!("seed {seed}, step ")), "{text}");
        assert!(failure.step > 0 && !failure.trace.is_empty(), "{text}");
    }
}

#[test]
fn a_seed_is_the_same_world_every_time() {
    let once = || run(7, None, SMOKE_COMMANDS).unwrap().coverage;
    assert_eq!(once(), once());
}

/// `NOVACORE_SIM_SEED=7 cargo nextest run -p novacore-sim replay`; as many commands as the run
/// that failed, with `NOVACORE_SIM_COMMANDS`.
#[test]
fn replay() {
    let seed = from_environment("NOVACORE_SIM_SEED").unwrap_or(1);
    let commands = from_environment("NOVACORE_SIM_COMMANDS").unwrap_or(SMOKE_COMMANDS);
    println!("{:?}", run_or_fail(seed, commands));
}

/// As many worlds as it takes, from `NOVACORE_SIM_SEED` on.
#[test]
#[ignore = "soak"]
fn soak() {
    let wanted = from_environment("NOVACORE_SIM_COMMANDS").unwrap_or(SOAK_COMMANDS);
    let mut seed = from_environment("NOVACORE_SIM_SEED").unwrap_or(1_000_000);
    let (mut judged, mut reached) = (0, Coverage::default());
    while judged < wanted {
        let report = run_or_fail(seed, SOAK_WORLD_COMMANDS);
        judged += report.commands;
        reached.add(&report.coverage);
        seed += 1;
    }
    println!("{judged} commands, seeds to {seed}");
    reached.iter().for_each(|(what, count)| println!("{count:>12} {what}"));
}
