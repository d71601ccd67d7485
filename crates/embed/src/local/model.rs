//! What all-MiniLM-L6-v2 makes of texts: BERT's output, the mean of its output over the tokens of a
//! text, scaled to length one.
//!
//! As published: Reimers and Gurevych, "Sentence-BERT", 2019 (arXiv:1908.10084), with mean pooling.
//! Invariant: what a text becomes does not depend on what shares its pass, beyond rounding: tokens
//! that only fill up are neither attended nor counted.

use super::{
    bert::{Bert, Config},
    files::{DIMS, Files},
    worker::Encode,
};
use crate::limits::LOCAL_TOKENS_MAX;
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;
use novacore_memory::{Dims, Embedding};
use std::error::Error;
use tokenizers::{Tokenizer, TruncationParams};

/// The weights in memory, and what cuts texts into tokens.
pub(super) struct Model {
    bert: Bert,
    tokenizer: Tokenizer,
    dims: Dims,
}

type Whatever = Box<dyn Error + Send + Sync>;

impl Model {
    /// Lays out files that have been checked.
    pub(super) fn new(files: &Files) -> Result<Model, String> {
        Model::build(files).map_err(|error| format!("the model cannot be laid out: {error}"))
    }

    fn build(files: &Files) -> Result<Model, Whatever> {
        let config: Config = serde_json::from_slice(&files.config)?;
        let dims = Dims::new(DIMS)?;
        if config.hidden_size != dims.elements() {
            return Err(format!("config.json: hidden_size is {}", config.hidden_size).into());
        }
        let mut tokenizer = Tokenizer::from_bytes(&files.tokenizer)?;
        // The file says 128 tokens, always; the model was trained on 256, and padding is ours.
        let window = TruncationParams { max_length: LOCAL_TOKENS_MAX, ..Default::default() };
        tokenizer.with_truncation(Some(window))?.with_padding(None);
        // A text that holds "[SEP]" is about that word and does not end there.
        tokenizer.set_encode_special_tokens(true);
        let weights = VarBuilder::from_slice_safetensors(&files.weights, DType::F32, &Device::Cpu)?;
        Ok(Model { bert: Bert::load(&weights, &config)?, tokenizer, dims })
    }

    /// The mean over each text's tokens: `[texts, dims]`.
    fn means(&self, pass: &[Vec<u32>]) -> candle_core::Result<Tensor> {
        let longest = pass.iter().map(Vec::len).max().unwrap_or(0);
        let shape = (pass.len(), longest);
        let mut ids = Vec::with_capacity(pass.len() * longest);
        let mut mask = Vec::with_capacity(pass.len() * longest);
        for tokens in pass {
            let filling = std::iter::repeat_n(0, longest - tokens.len());
            ids.extend(tokens.iter().copied().chain(filling));
            mask.extend((0..longest).map(|at| if at < tokens.len() { 1_f32 } else { 0.0 }));
        }
        let ids = Tensor::from_vec(ids, shape, &Device::Cpu)?;
        let mask = Tensor::from_vec(mask, shape, &Device::Cpu)?;
        let output = self.bert.forward(&ids, &mask)?;
        let sums = output.broadcast_mul(&mask.unsqueeze(2)?)?.sum(1)?;
        sums.broadcast_div(&mask.sum_keepdim(1)?)
    }
}

impl Encode for Model {
    fn tokens(&self, text: &str) -> Result<Vec<u32>, String> {
        let encoding = self.tokenizer.encode_fast(text, true);
        // Its errors may show the text.
        encoding
            .map(|encoding| encoding.get_ids().to_vec())
            .map_err(|_| "a text cannot be cut into tokens".to_owned())
    }

    fn embeddings(&self, pass: &[Vec<u32>]) -> Result<Vec<Embedding>, String> {
        let means = self.means(pass).and_then(|means| means.to_vec2::<f32>());
        let means = means.map_err(|error| format!("the model failed: {error}"))?;
        let parse = |mean: &Vec<f32>| Embedding::parse(mean, self.dims);
        means.iter().map(parse).collect::<Result<_, _>>().map_err(|error| error.to_string())
    }
}
