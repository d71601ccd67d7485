//! Embeddings over random vectors: what is stored scores as what is in memory does, and what
//! quantising loses stays within its bound and costs no result.

use novacore_memory::{Dims, Embedding, Hit, Quantised, Score, TopK, shortlist_rows};
use novacore_vocab::Timestamp;
use proptest::{collection::vec, prelude::*};

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) }
}

fn parse(raw: &[f32]) -> Embedding {
    let dims = Dims::new(u16::try_from(raw.len()).expect("few elements")).expect("a dimension");
    Embedding::parse(raw, dims).expect("a vector")
}

/// Two vectors of one dimension, of any magnitude.
fn pair() -> impl Strategy<Value = (Vec<f32>, Vec<f32>)> {
    let element = || prop_oneof![-1.0..1.0_f32, -1e30..1e30_f32, Just(0.0), -1e-30..1e-30_f32];
    (1..400_usize)
        .prop_flat_map(move |dims| (vec(element(), dims), vec(element(), dims)))
        .prop_filter("points somewhere", |(a, b)| {
            [a, b].iter().all(|vector| vector.iter().any(|element| *element != 0.0))
        })
}

/// SplitMix64: vectors by the thousand are drawn from one seed, since shrinking them says nothing.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn embedding(&mut self, dims: usize) -> Embedding {
        let element = |draw: &mut Draw| (draw.next() >> 40) as f32 / (1_u64 << 23) as f32 - 1.0;
        parse(&(0..dims).map(|_| element(self)).collect::<Vec<_>>())
    }
}

fn hit(number: usize, score: Score) -> Hit {
    let id = format!("{number:032x}").parse().expect("a UUID");
    Hit { score, created_at: Timestamp::from_seconds(0), id }
}

fn best(scores: impl Iterator<Item = (usize, Score)>, limit: usize) -> Vec<Hit> {
    let mut top = TopK::new(limit);
    top.extend(scores.map(|(number, score)| hit(number, score)));
    top.into_best_first()
}

proptest! {
    #![proptest_config(config(256))]

    #[test]
    fn vectors_have_length_one_and_are_stored_to_the_bit((raw, other) in pair()) {
        let (vector, other) = (parse(&raw), parse(&other));
        let squares = vector.as_slice().iter().map(|element| f64::from(*element).powi(2));
        prop_assert!((squares.sum::<f64>() - 1.0).abs() < 1e-5);

        let bytes = other.to_bytes();
        let read = Embedding::from_bytes(&bytes, other.dims());
        prop_assert_eq!(read.as_ref(), Ok(&other));
        prop_assert_eq!(vector.cosine_of_bytes(&bytes), vector.cosine(&other));
        prop_assert_eq!(other.cosine(&vector), vector.cosine(&other));

        let (small, other) = (Quantised::of(&vector), Quantised::of(&other));
        let bytes = other.to_bytes();
        let read = Quantised::from_bytes(&bytes, vector.dims());
        prop_assert_eq!(read.as_ref(), Ok(&other));
        prop_assert_eq!(small.cosine_of_bytes(&bytes), small.cosine(&other));
    }

    #[test]
    fn what_quantising_loses_has_a_bound((a, b) in pair()) {
        let (a, b) = (parse(&a), parse(&b));
        let exact: f64 = a.as_slice().iter().zip(b.as_slice())
            .map(|(a, b)| f64::from(*a) * f64::from(*b))
            .sum();
        let cosine = a.cosine(&b).expect("equal dimensions").get();
        prop_assert!((cosine - exact).abs() < 1e-5, "{cosine} is not {exact}");

        let quantised = Quantised::of(&a).cosine(&Quantised::of(&b)).expect("equal dimensions");
        let loss = |vector: &Embedding| {
            let largest = vector.as_slice().iter().fold(0.0_f32, |most, e| most.max(e.abs()));
            f64::from(largest) / 127.0 / 2.0 * (vector.as_slice().len() as f64).sqrt()
        };
        let (of_a, of_b) = (loss(&a), loss(&b));
        let bound = of_a + of_b + of_a * of_b + 1e-5;
        prop_assert!((quantised.get() - exact).abs() <= bound, "{quantised:?} is not {exact}");
    }
}

proptest! {
    #![proptest_config(config(4))]

    /// Random vectors are the hard case: the best lie closer together than those of texts.
    #[test]
    fn a_shortlist_by_quantised_vectors_holds_the_ten_best(seed: u64) {
        const ROWS: usize = 2_000;
        const LIMIT: usize = 10;
        let mut draw = Draw(seed);
        let rows: Vec<Embedding> = (0..ROWS).map(|_| draw.embedding(384)).collect();
        let small: Vec<Quantised> = rows.iter().map(Quantised::of).collect();
        for _ in 0..5 {
            let query = draw.embedding(384);
            let cosine = |row: usize| query.cosine(&rows[row]).expect("equal dimensions");
            let exact = best((0..ROWS).map(|row| (row, cosine(row))), LIMIT);

            let query = Quantised::of(&query);
            let about = |row: usize| query.cosine(&small[row]).expect("equal dimensions");
            let shortlist = best((0..ROWS).map(|row| (row, about(row))), shortlist_rows(LIMIT));
            let row_of = |hit: &Hit| (0..ROWS).find(|row| self::hit(*row, hit.score).id == hit.id);
            let rescored = shortlist.iter().filter_map(row_of).map(|row| (row, cosine(row)));
            prop_assert_eq!(best(rescored, LIMIT), exact);
        }
    }
}
