//! An embedder without a model: texts that share words are near each other.
//!
//! Invariant: the same text has the same vector, to the bit.

use async_trait::async_trait;
use novacore_app::memories::embedder::{BATCH_TEXTS_MAX, EmbedError, Embedder, Embeddings};
use novacore_memory::{Dims, Embedding};
use novacore_vocab::ModelId;

/// Gives each word a direction of its own and each text the sum of its words'.
#[derive(Clone, Copy, Debug)]
pub struct HashEmbedder {
    dims: Dims,
}

impl HashEmbedder {
    /// One of so many dimensions; the local model has 384.
    pub fn new(dims: Dims) -> HashEmbedder {
        HashEmbedder { dims }
    }

    /// The vector of a text; of one without words it points along the first axis.
    pub fn embedding(&self, text: &str) -> Embedding {
        let mut sum = vec![0_f32; self.dims.elements()];
        let lower = text.to_lowercase();
        for word in lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
            let mut bytes = vec![0_u8; self.dims.elements()];
            blake3::Hasher::new().update(word.as_bytes()).finalize_xof().fill(&mut bytes);
            for (element, byte) in sum.iter_mut().zip(bytes) {
                *element += f32::from(byte) - 127.5;
            }
        }
        Embedding::parse(&sum, self.dims).unwrap_or_else(|_| self.first_axis())
    }

    fn first_axis(&self) -> Embedding {
        let mut axis = vec![0.0; self.dims.elements()];
        axis[0] = 1.0;
        Embedding::parse(&axis, self.dims).expect("of length one")
    }
}

#[async_trait]
impl Embedder for HashEmbedder {
    fn model(&self) -> ModelId {
        ModelId::parse("test-hash").expect("visible ASCII")
    }

    fn dims(&self) -> Dims {
        self.dims
    }

    async fn embed(&self, texts: &[&str]) -> Result<Embeddings, EmbedError> {
        if texts.len() > BATCH_TEXTS_MAX {
            return Err(EmbedError::TooMany { count: texts.len() });
        }
        let words = texts.iter().map(|text| text.split_whitespace().count() as u64).sum();
        let embeddings = texts.iter().map(|text| self.embedding(text)).collect();
        Ok(Embeddings { vectors: embeddings, tokens: Some(words) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use novacore_memory::Score;

    #[test]
    fn texts_that_share_words_are_nearer() {
        let embedder = HashEmbedder::new(Dims::new(384).expect("dims"));
        let of = |text| embedder.embedding(text);
        let cosine = |a, b| of(a).cosine(&of(b)).map_or(0.0, Score::get);
        assert_eq!(of("The cat."), of("the CAT"));
        assert!(cosine("the cat sleeps", "the cat eats") > 0.5);
        assert!(cosine("the cat sleeps", "my dog barks").abs() < 0.3);
        assert_eq!(of(""), of("..."));
    }
}
