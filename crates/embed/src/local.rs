//! The model on this machine: all-MiniLM-L6-v2, 384 dimensions, on the processor in f32.
//!
//! [`LocalModel::load`] reads and checks the files, [`LocalEmbedder::start`] gives them a thread.
//!
//! Invariant: only files with the hashes below are believed, so an id names these weights and no
//! others, and what is damaged is found before it answers.
//! Invariant: passes run on a thread of their own, never on one of the runtime's.
//! Not here: how passes are filled (`local::passes`), the arithmetic (`local::model`).

mod bert;
mod files;
mod model;
mod passes;
mod worker;

use crate::{
    embedder::{at_once, cut, unavailable},
    limits::{LOCAL_TEXT_BYTES_MAX, LOCAL_TEXTS_MAX},
};
use async_trait::async_trait;
use model::Model;
use novacore_app::memories::embedder::{EmbedError, Embedder, Embeddings};
use novacore_memory::Dims;
use novacore_vocab::ModelId;
use passes::Call;
use std::{fmt, path::Path, sync::Arc};
use tokio::sync::{Semaphore, mpsc, oneshot};
use worker::{Encode, Worker};

/// The model's files, read and checked.
pub struct LocalModel(Model);

impl LocalModel {
    /// Names the model: the first digits of its weights' SHA-256 follow the name.
    pub fn id() -> ModelId {
        ModelId::parse(files::ID).expect("visible ASCII")
    }

    /// The dimensions of its vectors.
    pub fn dims() -> Dims {
        Dims::new(files::DIMS).expect("within the bounds")
    }

    /// Reads `model.safetensors`, `tokenizer.json` and `config.json` of this folder.
    ///
    /// Blocks for some tenths of a second: 91 MB are read, hashed and laid out. Fails with
    /// [`EmbedError::Unavailable`] if one is missing or is not what it should be.
    pub fn load(dir: &Path) -> Result<LocalModel, EmbedError> {
        files::read(dir).and_then(|files| Model::new(&files)).map(LocalModel).map_err(|why| {
            let why = format!("{}: {why}; `make models` fetches the model", dir.display());
            unavailable(why)
        })
    }
}

impl fmt::Debug for LocalModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalModel({})", files::ID)
    }
}

/// Embeds with a [`LocalModel`], on a thread that ends when this is dropped.
pub struct LocalEmbedder {
    calls: mpsc::UnboundedSender<Call>,
    /// Bounds what is in `calls`, in texts.
    room: Arc<Semaphore>,
}

impl LocalEmbedder {
    /// Gives the model a thread.
    pub fn start(model: LocalModel) -> Result<LocalEmbedder, EmbedError> {
        LocalEmbedder::run(model.0)
    }

    fn run(model: impl Encode) -> Result<LocalEmbedder, EmbedError> {
        let (calls, arriving) = mpsc::unbounded_channel();
        std::thread::Builder::new()
            .name("embedder".to_owned())
            .spawn(move || Worker::new(model, arriving).run())
            .map_err(|error| unavailable(format!("no thread: {error}")))?;
        Ok(LocalEmbedder { calls, room: Arc::new(Semaphore::new(LOCAL_TEXTS_MAX)) })
    }
}

impl fmt::Debug for LocalEmbedder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LocalEmbedder({})", files::ID)
    }
}

#[async_trait]
impl Embedder for LocalEmbedder {
    fn model(&self) -> ModelId {
        LocalModel::id()
    }

    fn dims(&self) -> Dims {
        LocalModel::dims()
    }

    async fn embed(&self, texts: &[&str]) -> Result<Embeddings, EmbedError> {
        if let Some(done) = at_once(texts) {
            return done;
        }
        let count = u32::try_from(texts.len()).expect("checked to be few");
        let room = Arc::clone(&self.room).try_acquire_many_owned(count);
        let room = room.map_err(|_| EmbedError::Overloaded)?;
        let texts = texts.iter().map(|text| cut(text, LOCAL_TEXT_BYTES_MAX).to_owned()).collect();
        let (reply, answer) = oneshot::channel();
        let gone = || unavailable("the model's thread has ended");
        self.calls.send(Call::new(texts, reply, room)).map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

#[cfg(test)]
mod tests;
