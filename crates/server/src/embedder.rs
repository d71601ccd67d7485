//! The embedder of this server, made once.
//!
//! Invariant: a model that is missing does not keep the server from starting, unless the operator
//! says so: memories are stored and found by their words, and embedded once it is there.
//! Invariant: options that make no sense always keep it from starting.

use crate::config::{Config, EmbedderConfig, EmbedderKind};
use anyhow::{Context, bail};
use novacore_app::memories::embedder::{EmbedError, Embedder, NoEmbedder};
use novacore_embed::{LocalEmbedder, LocalModel, RemoteEmbedder};
use novacore_vocab::ModelId;
use std::sync::Arc;

/// Makes the embedder and says which it is; one that is absent says why.
pub(crate) async fn embedding(config: &Config) -> anyhow::Result<Arc<dyn Embedder>> {
    let own = &config.embedder;
    let embedder: Arc<dyn Embedder> = match own.kind {
        EmbedderKind::Local => local(own).await?,
        EmbedderKind::Remote => remote(own).await?,
        EmbedderKind::None => {
            let model = ModelId::parse("none").expect("visible ASCII");
            Arc::new(NoEmbedder::new(model, own.dims()?, "embedder.kind is none"))
        }
    };
    if let (true, Some(why)) = (own.required, embedder.absence()) {
        bail!("embedder.required is set, and {why}");
    }
    log(&*embedder, own.meter);
    Ok(embedder)
}

async fn local(own: &EmbedderConfig) -> anyhow::Result<Arc<dyn Embedder>> {
    let dir = own.local_dir();
    let loaded = tokio::task::spawn_blocking(move || LocalModel::load(&dir)).await?;
    match loaded.and_then(LocalEmbedder::start) {
        Ok(embedder) => Ok(Arc::new(embedder)),
        Err(error) => {
            let why = match error {
                EmbedError::Unavailable { why } => why,
                EmbedError::Refused { .. }
                | EmbedError::Overloaded
                | EmbedError::TooMany { .. } => error.to_string(),
            };
            Ok(Arc::new(NoEmbedder::new(LocalModel::id(), LocalModel::dims(), why)))
        }
    }
}

async fn remote(own: &EmbedderConfig) -> anyhow::Result<Arc<dyn Embedder>> {
    let embedder = RemoteEmbedder::new(own.remote()?);
    let embedder = embedder.map_err(|error| anyhow::anyhow!("embedder.{error}"))?;
    if own.required {
        let tried = embedder.embed(&["ready"]).await;
        tried.context("embedder.required is set, and the endpoint does not embed")?;
    }
    Ok(Arc::new(embedder))
}

fn log(embedder: &dyn Embedder, meter: bool) {
    let (model, dims) = (embedder.model(), embedder.dims().get());
    match embedder.absence() {
        None => tracing::info!(
            model.id = %model,
            model.dimensions = dims,
            model.metered = meter,
            "memories are embedded by {model}"
        ),
        Some(why) => {
            tracing::warn!(model.id = %model, "memories are found by their words alone: {why}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(section: &str) -> Config {
        toml::from_str(&format!("[embedder]\n{section}")).expect("a configuration")
    }

    #[tokio::test]
    async fn a_missing_model_is_absent_unless_it_is_required() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = config("meter = true");
        config.embedder.models_dir = folder.path().to_owned();
        let embedding = embedding(&config).await.expect("absent");
        assert_eq!(embedding.model(), LocalModel::id());
        assert!(embedding.absence().is_some());
        config.embedder.required = true;
        let error = super::embedding(&config).await.expect_err("required").to_string();
        assert!(error.contains("`make models` fetches the model"), "{error}");
    }

    #[tokio::test]
    async fn none_has_dimensions_and_an_endpoint_has_to_make_sense() {
        let none = embedding(&config("kind = \"none\"\ndimensions = 8")).await.expect("none");
        assert_eq!(none.dims().get(), 8);
        let wrong = config("kind = \"remote\"\nurl = \"ftp://x\"\nmodel = \"m\"");
        let error = embedding(&wrong).await.expect_err("an odd address").to_string();
        assert_eq!(error, "embedder.url: must begin with http:// or https://");
        let whole = config("kind = \"remote\"\nurl = \"http://127.0.0.1:1/v1\"\nmodel = \"m\"");
        let remote = embedding(&whole).await.expect("an endpoint that is down is no reason");
        assert_eq!(remote.model().as_str(), "m/384");
    }
}
