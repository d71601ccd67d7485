//! What an operator says of an endpoint.
//!
//! Invariant: the address carries no secret, so that it may be shown.

use hyper::{
    HeaderMap, Uri,
    header::{self, HeaderValue},
};
use novacore_memory::Dims;
use novacore_vocab::ModelId;
use secrecy::{ExposeSecret, SecretString};
use std::path::PathBuf;
use thiserror::Error;

/// The default of [`RemoteOptions::text_bytes_max`]: OpenAI's models read 8,191 tokens, and none of
/// them is shorter than a byte.
pub const REMOTE_TEXT_BYTES_MAX: usize = 8_000;

/// An endpoint, and the model that it is asked for.
#[derive(Clone, Debug)]
pub struct RemoteOptions {
    /// What `/embeddings` follows, such as `https://api.openai.com/v1`.
    pub url: String,
    /// Sent as `Authorization: Bearer`; none is sent without.
    pub key: Option<SecretString>,
    /// The model as the endpoint knows it.
    pub model: String,
    /// The dimensions of its vectors; others are refused.
    pub dims: Dims,
    /// Whether the endpoint is asked for vectors of `dims`, where its model can shorten them. With
    /// one that cannot, the request fails.
    pub ask_dims: bool,
    /// Most bytes of a text that are sent: endpoints refuse texts that are longer than their
    /// model's window.
    pub text_bytes_max: usize,
    /// Whom to believe over TLS instead of the system's authorities: a file in PEM format.
    pub ca_file: Option<PathBuf>,
}

/// Options that make no sense; names the field, and shows no secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{field}: {why}")]
pub struct OptionsError {
    /// The field.
    pub field: &'static str,
    /// What is wrong with it.
    pub why: String,
}

impl OptionsError {
    pub(super) fn new(field: &'static str, why: impl Into<String>) -> OptionsError {
        OptionsError { field, why: why.into() }
    }
}

impl RemoteOptions {
    pub(super) fn uri(&self) -> Result<Uri, OptionsError> {
        let wrong = |why| OptionsError::new("url", why);
        let base: Uri = self.url.parse().map_err(|_| wrong("must be a URL"))?;
        if !matches!(base.scheme_str(), Some("http" | "https")) {
            return Err(wrong("must begin with http:// or https://"));
        }
        if base.authority().is_none_or(|authority| authority.as_str().contains('@')) {
            return Err(wrong("must name a host, and no user"));
        }
        if self.url.contains(['?', '#']) {
            return Err(wrong("must have no query and no fragment"));
        }
        let uri = format!("{}/embeddings", self.url.trim_end_matches('/'));
        uri.parse().map_err(|_| wrong("must be a URL"))
    }

    pub(super) fn head(&self) -> Result<HeaderMap, OptionsError> {
        let mut head = HeaderMap::new();
        head.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        head.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        head.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        head.insert(header::USER_AGENT, HeaderValue::from_static("novacore"));
        if let Some(key) = &self.key {
            let value = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret()));
            let mut value = value.map_err(|_| OptionsError::new("key", "must be visible ASCII"))?;
            value.set_sensitive(true);
            head.insert(header::AUTHORIZATION, value);
        }
        Ok(head)
    }

    /// The dimensions belong to the id: the same model shortened makes other vectors.
    pub(super) fn id(&self) -> Result<ModelId, OptionsError> {
        if self.model.is_empty() {
            return Err(OptionsError::new("model", "must name the model"));
        }
        let id = ModelId::parse(&format!("{}/{}", self.model, self.dims.get()));
        id.map_err(|_| OptionsError::new("model", "must be short and of visible ASCII"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> RemoteOptions {
        RemoteOptions {
            url: "https://models.example/v1/".to_owned(),
            key: Some("sesame".into()),
            model: "text-embedding-3-small".to_owned(),
            dims: Dims::new(384).expect("dims"),
            ask_dims: true,
            text_bytes_max: REMOTE_TEXT_BYTES_MAX,
            ca_file: None,
        }
    }

    #[test]
    fn an_address_is_a_host_and_a_path() {
        let uri = |url: &str| RemoteOptions { url: url.to_owned(), ..options() }.uri();
        for url in ["https://models.example/v1", "https://models.example/v1/"] {
            let want = "https://models.example/v1/embeddings";
            assert_eq!(uri(url).map(|uri| uri.to_string()).as_deref(), Ok(want));
        }
        for bad in [
            "",
            "models.example",
            "ftp://models.example",
            "http://a:b@models.example",
            "http://h?k=1",
            "http://h/#v1",
        ] {
            let error = uri(bad).expect_err(bad);
            assert_eq!(error.field, "url", "{error}");
            assert!(!error.to_string().contains("a:b"), "{error}");
        }
    }

    #[test]
    fn the_id_has_the_dimensions_and_the_key_is_never_shown() {
        let id = options().id().map(|id| id.to_string());
        assert_eq!(id.as_deref(), Ok("text-embedding-3-small/384"));
        for model in ["", "a b", &"m".repeat(200)] {
            let wrong = RemoteOptions { model: model.to_owned(), ..options() };
            assert_eq!(wrong.id().expect_err("no id").field, "model");
        }
        let shown = format!("{:?} {:?}", options(), options().head());
        assert!(!shown.contains("sesame"), "{shown}");
        let wrong = RemoteOptions { key: Some("open\nsesame".into()), ..options() };
        assert_eq!(wrong.head().expect_err("no key").to_string(), "key: must be visible ASCII");
    }
}
