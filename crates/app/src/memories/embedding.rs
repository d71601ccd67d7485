//! Embeddings of texts that are stored or asked for.

use super::embedder::EmbedError;
use crate::{cx::Cx, error::AppError};
use novacore_ledger::{Command, Expect, Record, Verb};
use novacore_memory::Embedding;
use novacore_store::memories::Embedded;
use novacore_vocab::{Amount, ResourceName, Source, UserId};

/// Checks a vector that a caller brings. It is taken to be by the configured model: whoever brings
/// vectors brings them for queries too.
pub(super) fn brought(cx: &Cx, raw: &[f32]) -> Result<Embedded, AppError> {
    let embedder = &cx.memories.embedder;
    let embedding = Embedding::parse(raw, embedder.dims())?;
    Ok(Embedded { model: embedder.model(), embedding })
}

/// The embeddings of texts, in their order; `None` where none can be made now. The background makes
/// those later.
pub(super) async fn of_texts(cx: &Cx, user: UserId, texts: &[&str]) -> Vec<Option<Embedded>> {
    let mut all = Vec::with_capacity(texts.len());
    for batch in texts.chunks(cx.memories.embedder.batch_max().max(1)) {
        match embed(cx, Some(user), batch).await {
            Ok(vectors) => all.extend(vectors.into_iter().map(|embedding| {
                Some(Embedded { model: cx.memories.embedder.model(), embedding })
            })),
            Err(error) => {
                tracing::debug!("embedded later: {error}");
                all.extend(batch.iter().map(|_| None));
            }
        }
    }
    all
}

/// The embeddings of a batch; its tokens are charged to `user` if so configured.
pub(super) async fn embed(
    cx: &Cx,
    user: Option<UserId>,
    texts: &[&str],
) -> Result<Vec<Embedding>, EmbedError> {
    let made = cx.memories.embedder.embed(texts).await?;
    if made.vectors.len() != texts.len() {
        let why = format!("{} vectors for {} texts", made.vectors.len(), texts.len());
        return Err(EmbedError::Refused { why });
    }
    let dims = cx.memories.embedder.dims();
    if made.vectors.iter().any(|vector| vector.dims() != dims) {
        return Err(EmbedError::Refused { why: "a vector of another dimension".to_owned() });
    }
    cx.metrics.memories.embedded(texts.len());
    if let (Some(user), Some(tokens), true) =
        (user, made.tokens, cx.memories.options.meter_embeddings)
    {
        meter(cx, user, tokens).await;
    }
    Ok(made.vectors)
}

/// Tokens were used, whatever comes of what they were used for: a fact, never refused.
async fn meter(cx: &Cx, user: UserId, tokens: u64) {
    let amount = i64::try_from(tokens).ok().and_then(|tokens| Amount::new(tokens).ok());
    let Some(amount) = amount.filter(|amount| !amount.is_zero()) else { return };
    let model = serde_json::Value::from(cx.memories.embedder.model().as_str());
    let record = Record {
        resource: ResourceName::parse("llm_tokens").expect("a constant name"),
        amount,
        source: Source::Api,
        expect: Expect::Fact,
        corrects: None,
        occurred_at: None,
        metadata: Some(format!("{{\"embedding_model\":{model}}}").into()),
    };
    let command = Command { key: None, fingerprint: 0, verb: Verb::Record(record) };
    if let Err(error) = crate::submit::submit(cx, user, command).await {
        tracing::warn!(user.id = %user, "tokens of an embedding were not charged: {error}");
    }
}
