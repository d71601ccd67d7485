//! The queue before the model, with a model that does as it is told.

use super::{
    super::{embedder::nothing, limits},
    LocalEmbedder,
    worker::Encode,
};
use novacore_app::memories::embedder::{EmbedError, Embedder, Embeddings};
use novacore_memory::{Dims, Embedding};
use std::sync::mpsc;

/// Cuts a text at spaces; its embedding points where its length says. Each pass is told to the test
/// and waits for it.
struct Told {
    passes: mpsc::Sender<Vec<usize>>,
    go: mpsc::Receiver<()>,
}

impl Encode for Told {
    fn tokens(&self, text: &str) -> Result<Vec<u32>, String> {
        assert_ne!(text, "panic while cutting");
        if text == "uncut" { Err("uncut".into()) } else { Ok(vec![0; text.split(' ').count()]) }
    }

    fn embeddings(&self, pass: &[Vec<u32>]) -> Result<Vec<Embedding>, String> {
        self.passes.send(pass.iter().map(Vec::len).collect()).expect("a test");
        self.go.recv().map_err(|_| "the test has ended".to_owned())?;
        match pass[0].len() {
            13 => panic!("as the test wants it"),
            14 => Err("as the test wants it".into()),
            15 => Ok(Vec::new()),
            _ => Ok(pass.iter().map(|tokens| pointing(tokens.len())).collect()),
        }
    }
}

fn pointing(count: usize) -> Embedding {
    Embedding::parse(&[1.0, count as f32], Dims::new(2).expect("dims")).expect("a direction")
}

struct Stage {
    embedder: std::sync::Arc<LocalEmbedder>,
    passes: mpsc::Receiver<Vec<usize>>,
    go: mpsc::Sender<()>,
}

type Came = tokio::task::JoinHandle<Result<Embeddings, EmbedError>>;

impl Stage {
    fn new() -> Stage {
        let ((told, passes), (go, wait)) = (mpsc::channel(), mpsc::channel());
        let model = Told { passes: told, go: wait };
        let embedder = LocalEmbedder::run(model).expect("a thread").into();
        Stage { embedder, passes, go }
    }

    /// Starts a call, of texts of so many words. It is in the queue when this returns.
    async fn call(&self, words: &[usize]) -> Came {
        self.call_texts(words.iter().map(|count| vec!["w"; *count].join(" ")).collect()).await
    }

    async fn call_texts(&self, texts: Vec<String>) -> Came {
        let embedder = self.embedder.clone();
        let came = tokio::spawn(async move {
            let texts: Vec<_> = texts.iter().map(String::as_str).collect();
            embedder.embed(&texts).await
        });
        // The task of a runtime of one thread runs until it waits for its answer.
        tokio::task::yield_now().await;
        came
    }

    /// The next pass, by the words of its texts, which then goes on.
    fn pass(&self) -> Vec<usize> {
        let pass = self.passes.recv().expect("a pass");
        self.go.send(()).expect("a model");
        pass
    }
}

async fn pointed(came: Came) -> Vec<Embedding> {
    came.await.expect("no panic").expect("embeddings").vectors
}

async fn refused(came: Came) -> String {
    came.await.expect("no panic").expect_err("no embeddings").to_string()
}

#[tokio::test]
async fn texts_come_back_in_their_order_with_their_tokens() {
    let stage = Stage::new();
    let came = stage.call(&[3, 1, 2]).await;
    assert_eq!(stage.pass(), [3, 1, 2]);
    let embedded = came.await.expect("no panic").expect("embeddings");
    assert_eq!(embedded.vectors, [3, 1, 2].map(pointing));
    assert_eq!(embedded.tokens, Some(6));
}

#[tokio::test]
async fn calls_take_turns_and_passes_keep_their_bounds() {
    let stage = Stage::new();
    let first = stage.call(&[1]).await;
    let running = stage.passes.recv().expect("a pass");
    // These wait while the first is in the model.
    let long = stage.call(&[200, 200, 100, 100]).await;
    let short = stage.call(&[5, 6]).await;
    stage.go.send(()).expect("a model");
    assert_eq!(running, [1]);
    // 200 and 5 would fill up to 400.
    assert_eq!(stage.pass(), [200]);
    assert_eq!(stage.pass(), [5]);
    assert_eq!(stage.pass(), [200]);
    assert_eq!(stage.pass(), [6, 100]);
    assert_eq!(pointed(short).await, [5, 6].map(pointing));
    assert_eq!(stage.pass(), [100]);
    assert_eq!(pointed(long).await, [200, 200, 100, 100].map(pointing));
    assert_eq!(pointed(first).await, [pointing(1)]);
    let many = stage.call(&[1; 40]).await;
    assert_eq!((stage.pass().len(), stage.pass().len()), (limits::PASS_TEXTS_MAX, 8));
    assert_eq!(pointed(many).await.len(), 40);
}

#[tokio::test]
async fn a_full_queue_and_too_large_a_call_are_refused_at_once() {
    let stage = Stage::new();
    let mut calls = Vec::new();
    for _ in 0..limits::LOCAL_TEXTS_MAX / limits::BATCH_TEXTS_MAX {
        calls.push(stage.call(&[1; limits::BATCH_TEXTS_MAX]).await);
    }
    assert_eq!(refused(stage.call(&[1]).await).await, "too many texts wait for the embedder");
    let too_many = stage.call(&[1; limits::BATCH_TEXTS_MAX + 1]).await;
    assert_eq!(refused(too_many).await, "65 texts in a call are too many");
    assert_eq!(stage.call(&[]).await.await.expect("no panic"), Ok(nothing()));
    // Whoever leaves makes room, once his turn comes.
    for call in calls.drain(1..) {
        call.abort();
        assert!(call.await.expect_err("aborted").is_cancelled());
    }
    let first = calls.remove(0);
    while !first.is_finished() {
        // Whether another pass comes is not known before the last one is told.
        if stage.passes.try_recv().is_ok() {
            stage.go.send(()).expect("a model");
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(pointed(first).await.len(), limits::BATCH_TEXTS_MAX);
}

#[tokio::test]
async fn what_goes_wrong_in_a_pass_ends_its_calls_alone() {
    let stage = Stage::new();
    for (words, why) in [
        (13, "the model panicked"),
        (14, "as the test wants it"),
        (15, "not one embedding for each text"),
    ] {
        let came = stage.call(&[words]).await;
        stage.pass();
        let want = format!("the embedder's answer cannot be used: {why}");
        assert_eq!(refused(came).await, want);
    }
    for (text, why) in [("uncut", "uncut"), ("panic while cutting", "the model panicked")] {
        let came = stage.call_texts(vec![text.to_owned()]).await;
        assert!(refused(came).await.ends_with(why), "{text}");
    }
    let came = stage.call(&[2]).await;
    stage.pass();
    assert_eq!(pointed(came).await, [pointing(2)]);
}

#[tokio::test]
async fn long_texts_are_cut_before_they_are_tokens() {
    let stage = Stage::new();
    let words = limits::LOCAL_TEXT_BYTES_MAX;
    let came = stage.call(&[words]).await;
    assert_eq!(stage.pass(), [words / 2 + 1]);
    assert_eq!(pointed(came).await, [pointing(words / 2 + 1)]);
}
