//! An embedder for tests: a text is near another if they have words in common.

use async_trait::async_trait;
use novacore_app::memories::embedder::{EmbedError, Embedder, Embeddings};
use novacore_memory::{Dims, Embedding};
use novacore_vocab::ModelId;
use std::sync::atomic::{AtomicBool, Ordering};

/// How many dimensions its embeddings have.
pub(crate) const DIMS: u16 = 64;

/// Each word points into one of the directions. It can be taken away.
#[derive(Debug, Default)]
pub(crate) struct Words {
    is_down: AtomicBool,
}

impl Words {
    /// From now on nothing is embedded.
    pub(crate) fn take_away(&self) {
        self.is_down.store(true, Ordering::Relaxed);
    }
}

#[async_trait]
impl Embedder for Words {
    fn model(&self) -> ModelId {
        ModelId::parse("words").unwrap()
    }

    fn dims(&self) -> Dims {
        Dims::new(DIMS).unwrap()
    }

    fn batch_max(&self) -> usize {
        8
    }

    async fn embed(&self, texts: &[&str]) -> Result<Embeddings, EmbedError> {
        if self.is_down.load(Ordering::Relaxed) {
            return Err(EmbedError::Unavailable { why: "it was taken away".to_owned() });
        }
        let vectors = texts.iter().map(|text| vector(text)).collect();
        Ok(Embeddings { vectors, tokens: None })
    }
}

fn vector(text: &str) -> Embedding {
    let mut raw = [0.01_f32; DIMS as usize];
    for word in text.split_whitespace() {
        raw[direction(word)] += 1.0;
    }
    Embedding::parse(&raw, Dims::new(DIMS).unwrap()).unwrap()
}

/// FNV-1a, folded.
fn direction(word: &str) -> usize {
    let hash = word.to_lowercase().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    usize::try_from((hash ^ (hash >> 32)) % u64::from(DIMS)).unwrap()
}
