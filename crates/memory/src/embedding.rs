//! Embeddings: texts as directions.
//!
//! Invariant: an [`Embedding`] has the configured dimension, finite elements, and length one, so
//! the cosine of two is their dot product, and no NaN enters a ranking.
//! Not here: which model made a vector (`model`). Only vectors of one model may be compared, and
//! the row says which that is.

use crate::hit::Score;
use crate::invalid::{Field, Flaw, Invalid};
use crate::limits::DIMS_MAX;
use crate::similarity::{dot, dot_of_bytes};
use std::fmt;
use thiserror::Error;

/// How far from one the length of a stored vector may be: rounding of 4,096 elements stays far
/// below.
const LENGTH_TOLERANCE: f64 = 1e-3;

/// A number of dimensions, 1..=4,096.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dims(u16);

impl Dims {
    /// Checks a number of dimensions.
    pub const fn new(raw: u16) -> Result<Dims, Invalid> {
        if raw == 0 || raw > DIMS_MAX {
            return Err(Flaw::OutOfRange { min: 1, max: DIMS_MAX as i64 }.in_field(Field::Dims));
        }
        Ok(Dims(raw))
    }

    /// The plain number.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The number of elements of a vector.
    pub const fn elements(self) -> usize {
        self.0 as usize
    }
}

/// A stored vector that cannot be what was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DamagedVector {
    /// Not as many bytes as the dimension wants.
    #[error("a stored vector has {found} bytes instead of {expected}")]
    Length {
        /// What it should have.
        expected: usize,
        /// What it has.
        found: usize,
    },
    /// Elements that are no numbers, or not of length one.
    #[error("a stored vector is not of length one")]
    NotUnit,
}

/// A vector of length one.
#[derive(Clone, PartialEq)]
pub struct Embedding(Box<[f32]>);

impl Embedding {
    /// Checks a vector as a caller or a model gave it, and scales it to length one.
    pub fn parse(raw: &[f32], dims: Dims) -> Result<Embedding, Invalid> {
        if raw.len() != dims.elements() {
            return Err(Flaw::WrongDims { expected: dims.get() }.in_field(Field::Embedding));
        }
        if let Some(index) = raw.iter().position(|element| !element.is_finite()) {
            return Err(Flaw::NotFinite { index }.in_field(Field::Embedding));
        }
        // In f64 the squares of the largest and the smallest f32 neither overflow nor vanish.
        let length = length(raw);
        if length == 0.0 {
            return Err(Flaw::ZeroLength.in_field(Field::Embedding));
        }
        let unit = raw.iter().map(|element| (f64::from(*element) / length) as f32);
        Ok(Embedding(unit.collect()))
    }

    /// How many dimensions it has.
    pub fn dims(&self) -> Dims {
        Dims(u16::try_from(self.0.len()).expect("made from a `Dims`"))
    }

    /// Its elements.
    pub fn as_slice(&self) -> &[f32] {
        &self.0
    }

    /// As stored: little-endian f32, one after the other. This layout is for ever.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|element| element.to_le_bytes()).collect()
    }

    /// Reads what [`Embedding::to_bytes`] wrote, to the bit.
    pub fn from_bytes(bytes: &[u8], dims: Dims) -> Result<Embedding, DamagedVector> {
        let (elements, rest) = bytes.as_chunks::<4>();
        if elements.len() != dims.elements() || !rest.is_empty() {
            let expected = dims.elements() * 4;
            return Err(DamagedVector::Length { expected, found: bytes.len() });
        }
        let unit: Box<[f32]> = elements.iter().map(|four| f32::from_le_bytes(*four)).collect();
        // A NaN or an infinity makes the comparison false too.
        if (length(&unit) - 1.0).abs() <= LENGTH_TOLERANCE {
            Ok(Embedding(unit))
        } else {
            Err(DamagedVector::NotUnit)
        }
    }

    /// The cosine of the angle to `other`, from -1 to 1; `None` if the dimensions differ.
    pub fn cosine(&self, other: &Embedding) -> Option<Score> {
        if self.0.len() != other.0.len() {
            return None;
        }
        Score::of_cosine(dot(&self.0, &other.0))
    }

    /// The cosine of the angle to a stored vector, without a copy of it; to the bit what
    /// [`Embedding::cosine`] says. `None` if the bytes are no vector of this dimension.
    pub fn cosine_of_bytes(&self, bytes: &[u8]) -> Option<Score> {
        if bytes.len() != self.0.len() * 4 {
            return None;
        }
        Score::of_cosine(dot_of_bytes(&self.0, bytes))
    }
}

impl fmt::Debug for Embedding {
    /// Its dimension only: a text can be guessed from its embedding.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Embedding({} dimensions)", self.0.len())
    }
}

fn length(vector: &[f32]) -> f64 {
    let squares = vector.iter().map(|element| f64::from(*element) * f64::from(*element));
    squares.sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dims(raw: u16) -> Dims {
        Dims::new(raw).expect("a dimension")
    }

    fn parse(raw: &[f32]) -> Embedding {
        Embedding::parse(raw, dims(raw.len() as u16)).expect("a vector")
    }

    #[test]
    fn dimensions_have_bounds() {
        assert!(Dims::new(1).is_ok() && Dims::new(DIMS_MAX).is_ok());
        for bad in [0, DIMS_MAX + 1, u16::MAX] {
            let refusal = Dims::new(bad).expect_err("out of range");
            assert_eq!(refusal.to_string(), "must be a number from 1 to 4096");
        }
    }

    #[test]
    fn vectors_are_scaled_to_length_one() {
        assert_eq!(parse(&[3.0, 4.0]).as_slice(), [0.6, 0.8]);
        assert_eq!(parse(&[-2.0]).as_slice(), [-1.0]);
        let half = 0.5_f32.sqrt();
        for extreme in [f32::MAX, f32::MIN_POSITIVE, f32::from_bits(1)] {
            assert_eq!(parse(&[extreme, -extreme]).as_slice(), [half, -half], "{extreme}");
        }
    }

    #[test]
    fn what_is_no_direction_is_refused() {
        for (raw, flaw) in [
            (&[1.0, 2.0][..], Flaw::WrongDims { expected: 3 }),
            (&[1.0, 2.0, 3.0, 4.0], Flaw::WrongDims { expected: 3 }),
            (&[], Flaw::WrongDims { expected: 3 }),
            (&[1.0, f32::NAN, f32::INFINITY], Flaw::NotFinite { index: 1 }),
            (&[1.0, 2.0, f32::NEG_INFINITY], Flaw::NotFinite { index: 2 }),
            (&[0.0, -0.0, 0.0], Flaw::ZeroLength),
        ] {
            let refusal = Embedding::parse(raw, dims(3));
            assert_eq!(refusal, Err(flaw.in_field(Field::Embedding)), "{raw:?}");
        }
    }

    #[test]
    fn stored_vectors_read_back_and_damaged_ones_do_not() {
        let vector = parse(&[0.1, -0.2, 0.3]);
        let bytes = vector.to_bytes();
        assert_eq!(Embedding::from_bytes(&bytes, dims(3)), Ok(vector));
        let length = |found| DamagedVector::Length { expected: 12, found };
        assert_eq!(Embedding::from_bytes(&bytes[..11], dims(3)), Err(length(11)));
        assert_eq!(Embedding::from_bytes(&[0; 16], dims(3)), Err(length(16)));
        assert_eq!(Embedding::from_bytes(&[0; 12], dims(3)), Err(DamagedVector::NotUnit));
        assert_eq!(Embedding::from_bytes(&[0xff; 12], dims(3)), Err(DamagedVector::NotUnit));
    }

    #[test]
    fn cosines_are_of_equal_dimensions_only() {
        let (right, up) = (parse(&[1.0, 0.0]), parse(&[0.0, 2.0]));
        let cosine = |a: &Embedding, b: &Embedding| a.cosine(b).map(Score::get);
        assert_eq!(cosine(&right, &right), Some(1.0));
        assert_eq!(cosine(&right, &up), Some(0.0));
        assert_eq!(cosine(&right, &parse(&[-3.0, 0.0])), Some(-1.0));
        assert_eq!(cosine(&right, &parse(&[1.0])), None);
        assert_eq!(right.cosine_of_bytes(&up.to_bytes()).map(Score::get), Some(0.0));
        assert_eq!(right.cosine_of_bytes(&[0; 7]), None);
        assert_eq!(right.cosine_of_bytes(&[0xff; 8]), None);
    }
}
