//! An endpoint that speaks OpenAI's dialect: `POST {url}/embeddings`.
//!
//! Invariant: the key is in the one header that carries it and nowhere else, and of an answer that
//! refuses nothing is told but its status and its code: the rest may repeat a text.
//! Invariant: every call ends: an attempt has a time limit, attempts are few, answers bounded.
//! Not here: what an answer has to look like (`remote::answer`).

mod answer;
mod options;

pub use options::{OptionsError, REMOTE_TEXT_BYTES_MAX, RemoteOptions};

use crate::{
    embedder::{at_once, cut, refused, unavailable},
    limits::{
        REMOTE_CALLS_MAX, REMOTE_EXTRA_BYTES_MAX, REMOTE_NUMBER_BYTES_MAX, REMOTE_RETRIES_MAX,
    },
};
use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    HeaderMap, Request, Response, StatusCode, Uri,
    body::Incoming,
    header::{self, HeaderValue},
};
use novacore_app::memories::embedder::{EmbedError, Embedder, Embeddings};
use novacore_memory::Dims;
use novacore_outbound::{Chain, Client, Clients, Protocol};
use novacore_vocab::ModelId;
use serde_json::json;
use std::{fmt, time::Duration};
use tokio::sync::Semaphore;

/// How long is waited.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// For the whole answer of an attempt.
    answer: Duration,
    /// Before each repetition.
    pauses: [Duration; REMOTE_RETRIES_MAX],
    /// The longest pause that an endpoint may ask for; one that asks for more is not asked again.
    pause_max: Duration,
}

const PATIENCE: Patience = Patience {
    answer: Duration::from_secs(10),
    pauses: [Duration::from_millis(250), Duration::from_secs(1)],
    pause_max: Duration::from_secs(5),
};

/// Embeds by an endpoint.
pub struct RemoteEmbedder {
    client: Client<Full<Bytes>>,
    uri: Uri,
    head: HeaderMap,
    /// The model as the endpoint knows it.
    model: String,
    id: ModelId,
    dims: Dims,
    ask_dims: bool,
    text_bytes_max: usize,
    places: Semaphore,
    patience: Patience,
}

/// Why an attempt came to nothing.
enum Failed {
    /// Another may do better, after this pause if the endpoint wants one.
    ForNow(String, Option<Duration>),
    /// It would not.
    ForGood(EmbedError),
}

impl RemoteEmbedder {
    /// Makes the client; the endpoint is not asked anything yet.
    pub fn new(options: RemoteOptions) -> Result<RemoteEmbedder, OptionsError> {
        RemoteEmbedder::patient(options, PATIENCE)
    }

    fn patient(options: RemoteOptions, patience: Patience) -> Result<RemoteEmbedder, OptionsError> {
        let client = Clients::default().get(Protocol::Offered, options.ca_file.as_deref());
        Ok(RemoteEmbedder {
            client: client.map_err(|why| OptionsError::new("ca_file", why))?,
            uri: options.uri()?,
            head: options.head()?,
            id: options.id()?,
            model: options.model,
            dims: options.dims,
            ask_dims: options.ask_dims,
            text_bytes_max: options.text_bytes_max,
            places: Semaphore::new(REMOTE_CALLS_MAX),
            patience,
        })
    }

    fn body(&self, texts: &[&str]) -> Bytes {
        let mut body = json!({"model": self.model, "input": texts, "encoding_format": "float"});
        if self.ask_dims {
            body["dimensions"] = self.dims.get().into();
        }
        body.to_string().into()
    }

    /// One attempt, within its time.
    async fn attempt(&self, body: Bytes, texts: &[&str]) -> Result<Embeddings, Failed> {
        let work = self.exchange(body, texts);
        match tokio::time::timeout(self.patience.answer, work).await {
            Ok(done) => done,
            // Not asked again: it may be working on the first one still.
            Err(_) => {
                let why = format!("no answer within {:?}", self.patience.answer);
                Err(Failed::ForGood(unavailable(why)))
            }
        }
    }

    async fn exchange(&self, body: Bytes, texts: &[&str]) -> Result<Embeddings, Failed> {
        let mut request = Request::post(self.uri.clone())
            .body(Full::new(body))
            .map_err(|_| Failed::ForGood(unavailable("the address makes no request")))?;
        *request.headers_mut() = self.head.clone();
        let answer = self.client.request(request).await;
        let answer = answer.map_err(|error| Failed::ForNow(Chain(&error).to_string(), None))?;
        if answer.status().is_success() {
            let body = self.read(answer, texts.len()).await?;
            answer::read(&body, texts, self.dims).map_err(Failed::ForGood)
        } else {
            Err(self.refusal(answer).await)
        }
    }

    async fn read(&self, answer: Response<Incoming>, texts: usize) -> Result<Bytes, Failed> {
        if is_packed(answer.headers()) {
            return Err(Failed::ForGood(refused("it is packed, which nobody asked for")));
        }
        let numbers = texts * self.dims.elements() * REMOTE_NUMBER_BYTES_MAX;
        let bytes_max = numbers + REMOTE_EXTRA_BYTES_MAX;
        match Limited::new(answer.into_body(), bytes_max).collect().await {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                let why = format!("it is longer than {bytes_max} bytes");
                Err(Failed::ForGood(refused(why)))
            }
            Err(error) => Err(Failed::ForNow(Chain(&*error).to_string(), None)),
        }
    }

    async fn refusal(&self, answer: Response<Incoming>) -> Failed {
        let (status, pause) = (answer.status(), pause_of(answer.headers()));
        let body = Limited::new(answer.into_body(), REMOTE_EXTRA_BYTES_MAX).collect().await;
        let code = body.ok().and_then(|body| answer::code(&body.to_bytes()));
        let code = code.map(|code| format!(" ({code})")).unwrap_or_default();
        let why = format!("the endpoint answers {status}{code}");
        match status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT => {
                Failed::ForNow(why, pause)
            }
            status if status.is_server_error() => Failed::ForNow(why, pause),
            StatusCode::BAD_REQUEST
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNPROCESSABLE_ENTITY => Failed::ForGood(refused(why)),
            // A key, an address or a model that the operator has to put right.
            _ => Failed::ForGood(unavailable(why)),
        }
    }
}

fn is_packed(headers: &HeaderMap) -> bool {
    let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    encodings.any(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// The pause that an answer asks for, in seconds; a date is not read.
fn pause_of(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(header::RETRY_AFTER).map(HeaderValue::to_str)?.ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

impl fmt::Debug for RemoteEmbedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RemoteEmbedder({} at {})", self.id, self.uri)
    }
}

#[async_trait]
impl Embedder for RemoteEmbedder {
    fn model(&self) -> ModelId {
        self.id.clone()
    }

    fn dims(&self) -> Dims {
        self.dims
    }

    async fn embed(&self, texts: &[&str]) -> Result<Embeddings, EmbedError> {
        if let Some(done) = at_once(texts) {
            return done;
        }
        let _place = self.places.try_acquire().map_err(|_| EmbedError::Overloaded)?;
        let texts: Vec<_> = texts.iter().map(|text| cut(text, self.text_bytes_max)).collect();
        let body = self.body(&texts);
        let mut pauses = self.patience.pauses.into_iter();
        loop {
            let (why, wanted) = match self.attempt(body.clone(), &texts).await {
                Ok(embedded) => return Ok(embedded),
                Err(Failed::ForGood(error)) => return Err(error),
                Err(Failed::ForNow(why, wanted)) => (why, wanted.unwrap_or_default()),
            };
            match pauses.next() {
                Some(pause) if wanted <= self.patience.pause_max => {
                    tracing::debug!(model.id = %self.id, "asking again: {why}");
                    tokio::time::sleep(pause.max(wanted)).await;
                }
                _ => return Err(unavailable(why)),
            }
        }
    }
}

#[cfg(test)]
mod tests;
