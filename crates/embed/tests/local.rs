//! The local model itself. `make models` fetches it; without it these tests fail.

use novacore_app::memories::embedder::{EmbedError, Embedder, Embeddings};
use novacore_embed::{LocalEmbedder, LocalModel, limits};
use novacore_embed_fixture::{Paraphrase, paraphrases, unrelated};
use novacore_memory::{Embedding, Score};
use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// Where `make models` puts them. Set while compiling, as nothing reads the environment later.
fn models_dir() -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    workspace.join(option_env!("NOVACORE_MODELS_DIR").unwrap_or("models"))
}

fn embedder() -> &'static LocalEmbedder {
    static EMBEDDER: OnceLock<LocalEmbedder> = OnceLock::new();
    EMBEDDER.get_or_init(|| {
        let model = LocalModel::load(&models_dir().join("all-minilm-l6-v2")).expect("the model");
        LocalEmbedder::start(model).expect("a thread")
    })
}

async fn embed(texts: &[&str]) -> Embeddings {
    embedder().embed(texts).await.expect("embeddings")
}

async fn one(text: &str) -> Embedding {
    embed(&[text]).await.vectors.remove(0)
}

fn cosine(a: &Embedding, b: &Embedding) -> f64 {
    a.cosine(b).map_or(0.0, Score::get)
}

/// What sentence-transformers makes of the two sentences of its first example.
#[tokio::test]
async fn vectors_are_those_of_the_published_model() {
    let texts = ["This is an example sentence", "Each sentence is converted"];
    let embedded = embed(&texts).await;
    for (embedding, begins) in embedded.vectors.iter().zip([
        [0.067_656_9, 0.063_496_0, 0.048_713_1, 0.079_305_0],
        [0.086_438_6, 0.102_762_6, 0.005_394_6, 0.002_044_4],
    ]) {
        for (element, want) in embedding.as_slice().iter().zip(begins) {
            assert!((element - want).abs() < 1e-5, "{element} is not {want}");
        }
    }
    // Five and four words, and two marks around each.
    assert_eq!(embedded.tokens, Some(7 + 6));
}

#[tokio::test]
async fn company_in_a_pass_changes_nothing() {
    let long = "a memory of many words ".repeat(12);
    let texts = ["short", "a text of medium length", &long, "", "naïve café", "記憶"];
    let together = embed(&texts).await.vectors;
    for (text, embedding) in texts.iter().zip(&together) {
        let alone = one(text).await;
        assert!(cosine(&alone, embedding) > 0.999_999, "{text}");
    }
}

#[tokio::test]
async fn any_text_has_an_embedding() {
    let control: String = (0..=0x20_u8).map(char::from).collect();
    let long_word = "x".repeat(1 << 20);
    let combining = "e\u{301}".repeat(100_000);
    let texts =
        ["", " ", "\0", &control, "[SEP] [CLS] [PAD]", "\u{fffd}\u{202e}", &long_word, &combining];
    let embedded = embed(&texts).await;
    assert_eq!(embedded.vectors.len(), texts.len());
    assert!(embedded.vectors.iter().all(|embedding| embedding.dims() == embedder().dims()));
}

#[tokio::test]
async fn what_is_beyond_the_window_does_not_count() {
    let head = "we talked about sailing boats ".repeat(60);
    let with_tail = format!("{head}and about tax law");
    let embedded = embed(&[&head, &with_tail]).await;
    assert_eq!(embedded.vectors[0], embedded.vectors[1]);
    assert_eq!(embedded.tokens, Some(2 * limits::LOCAL_TOKENS_MAX as u64));
}

/// Words that mark the ends of a text for the model are words like others in a user's.
#[tokio::test]
async fn marks_in_a_text_are_words() {
    let (marked, plain) = (embed(&["no [SEP] yes"]).await, embed(&["no sep yes"]).await);
    assert!(marked.tokens > plain.tokens, "the brackets are read: {marked:?} {plain:?}");
}

#[test]
fn a_model_that_is_not_there_says_how_to_get_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = LocalModel::load(&folder.path().join("none")).expect_err("no model");
    assert!(matches!(error, EmbedError::Unavailable { .. }));
    assert!(error.to_string().ends_with("`make models` fetches the model"), "{error}");
}

/// Recall within the first five of 1,000 unrelated texts and the other memories.
#[tokio::test]
async fn a_paraphrase_finds_its_memory_among_a_thousand_others() {
    let asked = paraphrases();
    let mut texts: Vec<String> = asked.iter().map(|pair| pair.memory.to_owned()).collect();
    texts.extend(unrelated(1_000));
    let mut stored = Vec::new();
    for some in texts.chunks(limits::BATCH_TEXTS_MAX) {
        let some: Vec<_> = some.iter().map(String::as_str).collect();
        stored.extend(embed(&some).await.vectors);
    }
    let mut missed = Vec::new();
    let mut first = 0;
    for (at, Paraphrase { question, .. }) in asked.iter().enumerate() {
        let query = one(question).await;
        let mine = cosine(&query, &stored[at]);
        let better = stored.iter().filter(|other| cosine(&query, other) > mine).count();
        first += usize::from(better == 0);
        if better >= 5 {
            missed.push(format!("{question} (place {})", better + 1));
        }
    }
    let found = asked.len() - missed.len();
    println!("recall@5 {found}/{}, first {first}; missed: {missed:#?}", asked.len());
    assert!(found * 10 >= asked.len() * 9, "recall@5 {found}/{}: {missed:#?}", asked.len());
}
