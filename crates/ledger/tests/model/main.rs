//! `decide` against the reference model, over random streams of operations, with the invariants of
//! DESIGN section 3 recomputed from the entries after every step.

#[cfg(test)] // For clippy: what follows is all test code.
mod audit;
#[cfg(test)]
mod pair;

use novacore_store_suite::ops::Ops;
use pair::Pair;
use proptest::{collection::vec, prelude::*};

const CASES: u32 = 256;
const SOAK_CASES: u32 = 20_000;

fn config() -> ProptestConfig {
    let soak = option_env!("NOVACORE_SOAK").is_some();
    let cases = if soak { SOAK_CASES } else { CASES };
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

proptest! {
    #![proptest_config(config())]

    /// I1-I6, I8, I9, I11, I12; and I10 as far as the model goes.
    #[test]
    fn decide_answers_like_the_model(seeds in vec(any::<u64>(), 1..160)) {
        let mut pair = Pair::new();
        for seed in &seeds {
            let op = Ops::new(*seed).next(&pair.view);
            pair.step(&op);
        }
        pair.fall_silent();
    }
}

/// The generator reaches what it is for, so that agreement means something.
#[test]
fn the_operations_reach_every_outcome() {
    let mut seen = std::collections::BTreeMap::<String, usize>::new();
    for stream in 0..60_u64 {
        let mut pair = Pair::new();
        for step in 0..200 {
            let op = Ops::new(stream * 1_000 + step).next(&pair.view);
            for word in pair.step(&op) {
                *seen.entry(word).or_default() += 1;
            }
        }
    }
    for want in pair::WORDS {
        assert!(seen.get(want).is_some_and(|times| *times > 2), "{want} is rare in {seen:#?}");
    }
}
