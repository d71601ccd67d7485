//! On whom a load falls.

use std::sync::Arc;

/// On whom the commands fall.
#[derive(Clone, Debug)]
pub(crate) enum Crowd {
    /// On all alike.
    Uniform,
    /// On the n-th most often in proportion to 1/n: the sums of these shares, the last of them 1.
    Zipf(Arc<[f64]>),
    /// On one.
    Hot,
}

impl Crowd {
    pub(crate) fn zipf(accounts: usize) -> Crowd {
        let mut sum = 0.0;
        let mut shares: Vec<f64> = (1..=accounts)
            .map(|rank| {
                sum += 1.0 / rank as f64;
                sum
            })
            .collect();
        shares.iter_mut().for_each(|share| *share /= sum);
        Crowd::Zipf(shares.into())
    }

    /// The account on which a command falls.
    pub(crate) fn pick(&self, number: u64, accounts: usize) -> usize {
        match self {
            Crowd::Uniform => spread(number, accounts),
            Crowd::Zipf(shares) => {
                let point = spread(number, 1 << 30) as f64 / f64::from(1 << 30);
                shares.partition_point(|share| *share <= point).min(accounts - 1)
            }
            Crowd::Hot => 0,
        }
    }
}

/// Spreads numbers evenly over accounts, in no order that a disk could like.
pub(crate) fn spread(number: u64, accounts: usize) -> usize {
    (number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 20) as usize % accounts
}
