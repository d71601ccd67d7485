//! BERT's encoder, of the layers that candle has.
//!
//! As published: Devlin et al., "BERT", 2018 (arXiv:1810.04805): learnt positions, post-norm layers
//! of multi-head attention and a feed-forward network with the exact GELU. Names of weights are
//! those of the files that are read.
//! Invariant: tokens whose mask is zero change nothing of the others.

use candle_core::{D, Result, Tensor};
use candle_nn::{
    Embedding, LayerNorm, Linear, Module, VarBuilder, embedding, layer_norm, linear, ops::softmax,
};
use serde::Deserialize;

/// What is added to the attention of a token that only fills up.
const NOT_ATTENDED: f64 = -1e9;

/// The shape of a model, by its own description.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Config {
    pub(super) hidden_size: usize,
    vocab_size: usize,
    max_position_embeddings: usize,
    type_vocab_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    layer_norm_eps: f64,
}

/// The weights, laid out.
pub(super) struct Bert {
    words: Embedding,
    positions: Tensor,
    /// Of the first kind of sentence: texts that are embedded have no second one.
    kind: Tensor,
    norm: LayerNorm,
    layers: Vec<Layer>,
}

impl Bert {
    pub(super) fn load(weights: &VarBuilder<'_>, config: &Config) -> Result<Bert> {
        let (own, hidden) = (weights.pp("embeddings"), config.hidden_size);
        let positions = (config.max_position_embeddings, hidden);
        let kinds = (config.type_vocab_size, hidden);
        let layer = |number| Layer::load(&weights.pp(format!("encoder.layer.{number}")), config);
        Ok(Bert {
            words: embedding(config.vocab_size, hidden, own.pp("word_embeddings"))?,
            positions: own.pp("position_embeddings").get(positions, "weight")?,
            kind: own.pp("token_type_embeddings").get(kinds, "weight")?.get(0)?,
            norm: layer_norm(hidden, config.layer_norm_eps, own.pp("LayerNorm"))?,
            layers: (0..config.num_hidden_layers).map(layer).collect::<Result<_>>()?,
        })
    }

    /// The output for each token, `[texts, tokens, hidden]`, of `ids` and a `mask` of ones and
    /// zeros, both `[texts, tokens]`.
    pub(super) fn forward(&self, ids: &Tensor, mask: &Tensor) -> Result<Tensor> {
        let positions = self.positions.narrow(0, 0, ids.dim(1)?)?;
        let sum = self.words.forward(ids)?.broadcast_add(&positions)?.broadcast_add(&self.kind)?;
        let mut hidden = self.norm.forward(&sum)?;
        // One row of additions for all heads and all tokens that look: `[texts, 1, 1, tokens]`.
        let added = ((1.0 - mask)? * NOT_ATTENDED)?.unsqueeze(1)?.unsqueeze(1)?;
        for layer in &self.layers {
            hidden = layer.forward(&hidden, &added)?;
        }
        Ok(hidden)
    }
}

struct Layer {
    heads: usize,
    query: Linear,
    key: Linear,
    value: Linear,
    attended: Linear,
    attended_norm: LayerNorm,
    wide: Linear,
    narrow: Linear,
    norm: LayerNorm,
}

impl Layer {
    fn load(weights: &VarBuilder<'_>, config: &Config) -> Result<Layer> {
        let (hidden, wide) = (config.hidden_size, config.intermediate_size);
        let square = |name: &str| linear(hidden, hidden, weights.pp(name));
        let norm = |name: &str| layer_norm(hidden, config.layer_norm_eps, weights.pp(name));
        Ok(Layer {
            heads: config.num_attention_heads,
            query: square("attention.self.query")?,
            key: square("attention.self.key")?,
            value: square("attention.self.value")?,
            attended: square("attention.output.dense")?,
            attended_norm: norm("attention.output.LayerNorm")?,
            wide: linear(hidden, wide, weights.pp("intermediate.dense"))?,
            narrow: linear(wide, hidden, weights.pp("output.dense"))?,
            norm: norm("output.LayerNorm")?,
        })
    }

    fn forward(&self, hidden: &Tensor, added: &Tensor) -> Result<Tensor> {
        let attended = self.attended.forward(&self.attend(hidden, added)?)?;
        let hidden = self.attended_norm.forward(&(attended + hidden)?)?;
        let wide = self.wide.forward(&hidden)?.gelu_erf()?;
        self.norm.forward(&(self.narrow.forward(&wide)? + hidden)?)
    }

    fn attend(&self, hidden: &Tensor, added: &Tensor) -> Result<Tensor> {
        let (texts, tokens, width) = hidden.dims3()?;
        let head = width / self.heads;
        let split = |of: &Linear| {
            let shape = (texts, tokens, self.heads, head);
            of.forward(hidden)?.reshape(shape)?.transpose(1, 2)?.contiguous()
        };
        let (query, key, value) = (split(&self.query)?, split(&self.key)?, split(&self.value)?);
        let scores = (query.matmul(&key.t()?)? / (head as f64).sqrt())?.broadcast_add(added)?;
        let mixed = softmax(&scores, D::Minus1)?.matmul(&value)?;
        mixed.transpose(1, 2)?.contiguous()?.reshape((texts, tokens, width))
    }
}
