//! Embeddings in a quarter of the bytes, for a first look at many.
//!
//! Each element becomes a whole multiple of a scale, the vector's largest element / 127. What that
//! loses is at most half a scale per element, so a vector of d dimensions moves by at most
//! `scale / 2 * sqrt(d)`, and the cosine of two by at most `e1 + e2 + e1 * e2` of that.
//!
//! Invariant: a ranking that is shown was computed from the full vectors. The quantised ones only
//! choose [`shortlist_rows`] candidates, whose full vectors are then read.

use crate::embedding::{DamagedVector, Dims, Embedding};
use crate::hit::Score;
use crate::similarity::dot_of_integers;
use std::fmt;

const STEPS: f32 = 127.0;
const SCALE_BYTES: usize = 4;

/// An embedding as small integers and their scale.
#[derive(Clone, PartialEq)]
pub struct Quantised {
    scale: f32,
    /// The bits of an i8 each, as they are stored.
    steps: Box<[u8]>,
}

/// How many candidates a first, cheaper ranking has to hand on so that the best `limit` are among
/// them: 50 for 10, which found all ten in every run measured, on texts as on random vectors.
pub const fn shortlist_rows(limit: usize) -> usize {
    limit.saturating_mul(3).saturating_add(20)
}

impl Quantised {
    /// Rounds every element to the nearest multiple of the scale.
    pub fn of(embedding: &Embedding) -> Quantised {
        let elements = embedding.as_slice();
        let largest = elements.iter().fold(0.0_f32, |most, element| most.max(element.abs()));
        // Of a vector of length one some element is at least 1 / sqrt(4,096), so this is not zero.
        let scale = largest / STEPS;
        let step = |element: &f32| ((element / scale).round() as i8).cast_unsigned();
        Quantised { scale, steps: elements.iter().map(step).collect() }
    }

    /// As stored: the scale as little-endian f32, then one byte per element. This layout is for
    /// ever.
    pub fn to_bytes(&self) -> Vec<u8> {
        [&self.scale.to_le_bytes(), &*self.steps].concat()
    }

    /// Reads what [`Quantised::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8], dims: Dims) -> Result<Quantised, DamagedVector> {
        let (scale, steps) = split(bytes, dims.elements())?;
        Ok(Quantised { scale, steps: steps.into() })
    }

    /// About the cosine of the angle to `other`; `None` if the dimensions differ.
    pub fn cosine(&self, other: &Quantised) -> Option<Score> {
        if self.steps.len() != other.steps.len() {
            return None;
        }
        self.scored(other.scale, &other.steps)
    }

    /// About the cosine of the angle to a stored vector, without a copy of it; to the bit what
    /// [`Quantised::cosine`] says. `None` if the bytes are no vector of this dimension.
    #[inline(always)]
    pub fn cosine_of_bytes(&self, bytes: &[u8]) -> Option<Score> {
        let (scale, steps) = split(bytes, self.steps.len()).ok()?;
        self.scored(scale, steps)
    }

    #[inline(always)]
    fn scored(&self, scale: f32, steps: &[u8]) -> Option<Score> {
        Score::of_cosine(dot_of_integers(&self.steps, steps) as f32 * (self.scale * scale))
    }
}

/// The scale and the steps of a stored vector of `dims` elements.
#[inline(always)]
fn split(bytes: &[u8], dims: usize) -> Result<(f32, &[u8]), DamagedVector> {
    let (scale, steps) = match bytes.split_first_chunk::<SCALE_BYTES>() {
        Some((scale, steps)) if steps.len() == dims => (f32::from_le_bytes(*scale), steps),
        Some(_) | None => {
            let expected = SCALE_BYTES + dims;
            return Err(DamagedVector::Length { expected, found: bytes.len() });
        }
    };
    if is_scale(scale) { Ok((scale, steps)) } else { Err(DamagedVector::NotUnit) }
}

/// Whether a scale may be that of a vector of length one.
fn is_scale(scale: f32) -> bool {
    scale > 0.0 && scale <= 1.0 / STEPS
}

impl fmt::Debug for Quantised {
    /// Its dimension only: a text can be guessed from its embedding.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quantised({} dimensions)", self.steps.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dims(raw: u16) -> Dims {
        Dims::new(raw).expect("a dimension")
    }

    fn quantised(raw: &[f32]) -> Quantised {
        let embedding = Embedding::parse(raw, dims(raw.len() as u16));
        Quantised::of(&embedding.expect("a vector"))
    }

    #[test]
    fn the_largest_element_takes_all_steps() {
        let vector = quantised(&[-127.0, 95.6, 95.4, 0.0]);
        assert_eq!(*vector.steps, [129, 96, 95, 0], "129 has the bits of -127");
        let length = (127.0_f32.powi(2) + 95.6_f32.powi(2) + 95.4_f32.powi(2)).sqrt();
        assert!((vector.scale - 1.0 / length).abs() < 1e-7);
    }

    #[test]
    fn stored_vectors_read_back_and_damaged_ones_do_not() {
        let vector = quantised(&[0.1, -0.2, 0.3]);
        let bytes = vector.to_bytes();
        assert_eq!(bytes.len(), 4 + 3);
        assert_eq!(Quantised::from_bytes(&bytes, dims(3)), Ok(vector));
        for found in [0, 3, 4, 6] {
            let damaged = Quantised::from_bytes(&bytes[..found], dims(3));
            assert_eq!(damaged, Err(DamagedVector::Length { expected: 7, found }));
        }
        for scale in [0.0, -0.001, 1.0, f32::NAN, f32::INFINITY] {
            let damaged = [&scale.to_le_bytes()[..], &bytes[4..]].concat();
            let read = Quantised::from_bytes(&damaged, dims(3));
            assert_eq!(read, Err(DamagedVector::NotUnit), "{scale}");
        }
    }

    #[test]
    fn cosines_are_of_equal_dimensions_only() {
        let (right, up) = (quantised(&[1.0, 0.0]), quantised(&[0.0, 1.0]));
        assert_eq!(right.cosine(&up).map(Score::get), Some(0.0));
        assert_eq!(right.cosine(&right).map(Score::get), Some(1.0));
        assert_eq!(right.cosine(&quantised(&[1.0])), None);
        assert_eq!(right.cosine_of_bytes(&up.to_bytes()).map(Score::get), Some(0.0));
        assert_eq!(right.cosine_of_bytes(&[0; 5]), None);
        assert_eq!(right.cosine_of_bytes(&[0xff; 6]), None);
    }

    #[test]
    fn a_shortlist_is_longer_than_what_is_wanted_of_it() {
        assert_eq!(shortlist_rows(10), 50);
        assert_eq!(shortlist_rows(0), 20);
        assert_eq!(shortlist_rows(usize::MAX), usize::MAX);
    }
}
