//! Dot products over chunks of fixed width, in plain Rust that compilers turn into vector
//! instructions.
//!
//! Invariant: the order of additions is fixed, so a score is the same on every machine and in every
//! build, and the same for a vector in memory and for its stored bytes.
//! Not here: checks. Both sides have equal length; what is longer on one side is not looked at.

/// Additions that go on beside each other.
const LANES: usize = 16;
/// Products of bytes that are summed at once; sums of integers may be reordered freely.
const BYTE_LANES: usize = 64;

/// The dot product of two vectors.
pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    let mut lanes = [0.0_f32; LANES];
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..LANES {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    for ((lane, a), b) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
        *lane += a * b;
    }
    lanes.iter().sum()
}

/// The dot product of a vector and one stored as little-endian f32.
pub(crate) fn dot_of_bytes(a: &[f32], b: &[u8]) -> f32 {
    let (b, _) = b.as_chunks::<4>();
    let (a_chunks, a_rest) = a.as_chunks::<LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<LANES>();
    let mut lanes = [0.0_f32; LANES];
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        for lane in 0..LANES {
            lanes[lane] += a[lane] * f32::from_le_bytes(b[lane]);
        }
    }
    for ((lane, a), b) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
        *lane += a * f32::from_le_bytes(*b);
    }
    lanes.iter().sum()
}

/// The dot product of two vectors of small integers, each the bits of an i8.
///
/// Exact: 4,096 products of at most 128 * 128 reach 2^26.
///
/// Always inlined, as is what calls it: a caller that is compiled for wider vector instructions
/// takes this along.
#[inline(always)]
pub(crate) fn dot_of_integers(a: &[u8], b: &[u8]) -> i32 {
    let (a_chunks, a_rest) = a.as_chunks::<BYTE_LANES>();
    let (b_chunks, b_rest) = b.as_chunks::<BYTE_LANES>();
    let mut sum = 0;
    for (a, b) in a_chunks.iter().zip(b_chunks) {
        sum += products(a, b);
    }
    sum + products(a_rest, b_rest)
}

#[inline(always)]
fn products(a: &[u8], b: &[u8]) -> i32 {
    let pairs = a.iter().zip(b);
    pairs.map(|(a, b)| i32::from(a.cast_signed()) * i32::from(b.cast_signed())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small integers, whose sums are exact in f32 whatever the order.
    fn ramp(len: usize, step: usize) -> Vec<f32> {
        (0..len).map(|at| (at * step % 17) as f32 - 8.0).collect()
    }

    #[test]
    fn chunks_and_rest_are_all_counted_once() {
        for len in [0, 1, 15, 16, 17, 31, 32, 33, 384, 1_000] {
            let (a, b) = (ramp(len, 3), ramp(len, 5));
            let plain: f32 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
            let bytes: Vec<u8> = b.iter().flat_map(|element| element.to_le_bytes()).collect();
            assert_eq!(dot(&a, &b), plain, "{len}");
            assert_eq!(dot_of_bytes(&a, &bytes), plain, "{len}");
        }
    }

    #[test]
    fn products_of_the_largest_integers_fit() {
        let most = vec![i8::MIN.cast_unsigned(); usize::from(crate::limits::DIMS_MAX)];
        assert_eq!(dot_of_integers(&most, &most), 4_096 * 128 * 128);
        let mixed: Vec<u8> = (0..=255).collect();
        let whole = |byte: &u8| i32::from(byte.cast_signed());
        for len in [0, 1, 63, 64, 65, 200, 256] {
            let reversed: Vec<u8> = mixed[..len].iter().rev().copied().collect();
            let plain = mixed[..len].iter().zip(&reversed);
            let plain: i32 = plain.map(|(a, b)| whole(a) * whole(b)).sum();
            assert_eq!(dot_of_integers(&mixed[..len], &reversed), plain, "{len}");
        }
    }
}
