//! What is asked of models.

use super::client::Call;
use bytes::Bytes;

const CHAT: &str = "/v1/chat/completions";
const ENGLISH: &str = "The quick brown fox jumps over the lazy dog while it was raining in March. ";

/// A model that is called by every row but the paced ones.
pub(super) const MODEL: &str = "mock";
/// Its twin, whose streams are paced.
pub(super) const PACED: &str = "paced";

/// A chat with this prompt and these members besides.
pub(super) fn chat(model: &str, members: &str, prompt: &str) -> Call {
    let messages = format!(r#"[{{"role":"user","content":"{prompt}"}}]"#);
    let body = format!(r#"{{"model":"{model}",{members}"messages":{messages}}}"#);
    Call { path: CHAT, body: Bytes::from(body) }
}

pub(super) fn embeddings() -> Call {
    let body = format!(r#"{{"model":"{MODEL}","input":"{}"}}"#, ENGLISH.repeat(4));
    Call { path: "/v1/embeddings", body: Bytes::from(body) }
}

/// So many bytes of English.
pub(super) fn english(bytes: usize) -> String {
    ENGLISH.repeat(bytes.div_ceil(ENGLISH.len()))
}

/// So many bytes of letters of any script in no order: the worst that a tokenizer can be asked.
pub(super) fn random_unicode(bytes: usize) -> String {
    let (mut text, mut state) = (String::with_capacity(bytes + 4), 0x9E37_79B9_7F4A_7C15_u64);
    while text.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let letter = char::from_u32((state >> 20) as u32 % 0x11_0000);
        text.extend(letter.filter(|letter| letter.is_alphanumeric()));
    }
    text
}
