//! What makes the embeddings of memories.

use anyhow::{Context, anyhow};
use novacore_embed::{REMOTE_TEXT_BYTES_MAX, RemoteOptions};
use novacore_memory::Dims;
use secrecy::SecretString;
use serde::Deserialize;
use std::{
    num::NonZeroUsize,
    path::{Path, PathBuf},
};

/// The folder below `models_dir` that `make models` fills.
const LOCAL: &str = "all-minilm-l6-v2";

/// Where embeddings come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EmbedderKind {
    /// The model on this machine.
    Local,
    /// An endpoint that speaks OpenAI's dialect.
    Remote,
    /// Nowhere: callers bring their vectors, or search by words.
    None,
}

/// Section `embedder`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct EmbedderConfig {
    pub(crate) kind: EmbedderKind,
    pub(crate) required: bool,
    pub(crate) meter: bool,
    pub(crate) models_dir: PathBuf,
    pub(crate) url: Option<String>,
    pub(crate) key: Option<SecretString>,
    pub(crate) model: Option<String>,
    pub(crate) dimensions: u16,
    pub(crate) ask_dimensions: bool,
    pub(crate) text_bytes_max: NonZeroUsize,
    pub(crate) ca_file: Option<PathBuf>,
}

impl Default for EmbedderConfig {
    fn default() -> EmbedderConfig {
        EmbedderConfig {
            kind: EmbedderKind::Local,
            required: false,
            meter: false,
            models_dir: PathBuf::from("models"),
            url: None,
            key: None,
            model: None,
            dimensions: 384,
            ask_dimensions: false,
            text_bytes_max: NonZeroUsize::new(REMOTE_TEXT_BYTES_MAX).expect("not zero"),
            ca_file: None,
        }
    }
}

impl EmbedderConfig {
    /// The folder of the local model.
    pub(crate) fn local_dir(&self) -> PathBuf {
        self.models_dir.join(LOCAL)
    }

    /// How many dimensions the vectors have of everything but the local model, which has its own.
    pub(crate) fn dims(&self) -> anyhow::Result<Dims> {
        Dims::new(self.dimensions).map_err(|error| anyhow!("embedder.dimensions: {error}"))
    }

    /// The endpoint.
    pub(crate) fn remote(&self) -> anyhow::Result<RemoteOptions> {
        Ok(RemoteOptions {
            url: self.url.clone().context("embedder.url: must be set for a remote embedder")?,
            key: self.key.clone(),
            model: self
                .model
                .clone()
                .context("embedder.model: must be set for a remote embedder")?,
            dims: self.dims()?,
            ask_dims: self.ask_dimensions,
            text_bytes_max: self.text_bytes_max.get(),
            ca_file: self.ca_file.clone(),
        })
    }

    /// The value of a key of this section as shown, empty if it is unset or there is no such key.
    pub(super) fn shown(&self, key: &str) -> String {
        let text = |value: &dyn std::fmt::Display| format!("`{value}`");
        let path = |path: &Path| format!("`{}`", path.display());
        match key {
            "kind" => format!("`{:?}`", self.kind).to_lowercase(),
            "required" => text(&self.required),
            "meter" => text(&self.meter),
            "models_dir" => path(&self.models_dir),
            "url" => self.url.as_ref().map_or_else(String::new, |url| text(url)),
            "key" => self.key.as_ref().map_or_else(String::new, |_| "`***`".to_owned()),
            "model" => self.model.as_ref().map_or_else(String::new, |model| text(model)),
            "dimensions" => text(&self.dimensions),
            "ask_dimensions" => text(&self.ask_dimensions),
            "text_bytes_max" => text(&self.text_bytes_max),
            "ca_file" => self.ca_file.as_deref().map_or_else(String::new, path),
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> EmbedderConfig {
        toml::from_str(text).expect("a section")
    }

    #[test]
    fn an_endpoint_needs_an_address_and_a_model() {
        let told = |text: &str| read(text).remote().expect_err("incomplete").to_string();
        assert_eq!(told("kind = \"remote\""), "embedder.url: must be set for a remote embedder");
        let url = "url = \"https://models.example/v1\"\n";
        assert_eq!(told(url), "embedder.model: must be set for a remote embedder");
        let bad = format!("{url}model = \"small\"\ndimensions = 0");
        assert!(told(&bad).starts_with("embedder.dimensions: "), "{}", told(&bad));
        let whole = format!("{url}model = \"small\"\ndimensions = 1536\nkey = \"sesame\"");
        let options = read(&whole).remote().expect("whole");
        assert_eq!((options.dims.get(), options.ask_dims), (1536, false));
        assert_eq!(read(&whole).shown("key"), "`***`");
    }
}
