//! How many tokens a text has.
//!
//! Invariant: a prompt's bound is never below what a provider counts for the text, as far as the
//! model's tokenizer is known; where it is not, no tokenizer makes more tokens than bytes.

use super::options::Tokenizer;
use crate::bpe;
use std::collections::HashMap;

/// Bytes of a token of unknown making, on the average of English and code.
const BYTES_PER_TOKEN: u64 = 4;
/// From so many bytes on the beginning of a text is counted for good: the rest is counted again
/// with each piece.
const TAIL_BYTES_MAX: usize = 64;
/// A text that gives no place to split it is split here.
const LONG_TAIL_BYTES_MAX: usize = 4_096;
/// Signs that end the word before them, in any tokenizer here.
const SIGNS: &str = ".,;:!?()[]{}\"\n。、，；：！？「」（）";
/// Most texts of one answer that are counted apart.
const TEXTS_MAX: usize = 8_192;

impl Tokenizer {
    /// No text has more.
    pub(crate) fn bound(self, text: &str) -> u64 {
        match self {
            Tokenizer::Bytes => text.len() as u64,
            Tokenizer::O200k | Tokenizer::Cl100k => self.count(text),
        }
    }

    /// As many as the text is likely to have.
    pub(crate) fn count(self, text: &str) -> u64 {
        match self {
            Tokenizer::O200k => bpe::o200k().count(text),
            Tokenizer::Cl100k => bpe::cl100k().count(text),
            Tokenizer::Bytes => (text.len() as u64).div_ceil(BYTES_PER_TOKEN),
        }
    }

    /// Builds its table now, so that no call waits for that.
    pub(crate) fn load(self) {
        self.count("a");
    }

    /// Whether its counts are those of the provider.
    pub(crate) fn is_known(self) -> bool {
        self != Tokenizer::Bytes
    }
}

/// Counts texts that come in pieces, as if they had come whole.
#[derive(Debug)]
pub(crate) struct Counter {
    tokenizer: Tokenizer,
    /// What is counted for good, over all texts.
    counted: u64,
    /// The ends of the texts, which the next piece may change.
    tails: HashMap<(u64, u8), Tail>,
}

#[derive(Debug, Default)]
struct Tail {
    text: String,
    tokens: u64,
}

impl Counter {
    pub(crate) fn new(tokenizer: Tokenizer) -> Counter {
        Counter { tokenizer, counted: 0, tails: HashMap::new() }
    }

    /// Adds a piece to the text of this number.
    pub(crate) fn push(&mut self, text: (u64, u8), piece: &str) {
        if !self.tails.contains_key(&text) && self.tails.len() >= TEXTS_MAX {
            self.counted += self.tokenizer.count(piece);
            return;
        }
        let tail = self.tails.entry(text).or_default();
        tail.text.push_str(piece);
        if tail.text.len() > TAIL_BYTES_MAX
            && let Some(cut) = last_boundary(&tail.text)
        {
            self.counted += self.tokenizer.count(&tail.text[..cut]);
            tail.text.drain(..cut);
        }
        tail.tokens = self.tokenizer.count(&tail.text);
    }

    /// Adds tokens that are known by number.
    pub(crate) fn add(&mut self, tokens: u64) {
        self.counted += tokens;
    }

    /// All tokens so far.
    pub(crate) fn total(&self) -> u64 {
        self.counted + self.tails.values().map(|tail| tail.tokens).sum::<u64>()
    }
}

/// Where a text may be split without changing its tokens: after a letter or digit, before a space
/// that a word follows, or before a sign that both tokenizers take for the beginning of a new
/// piece. A text without any is split where it ends, which counts some tokens too many at most.
fn last_boundary(text: &str) -> Option<usize> {
    let mut after = None;
    let mut letters = text.char_indices().rev().peekable();
    while let Some((at, letter)) = letters.next() {
        let follows_word = letters.peek().is_some_and(|(_, before)| before.is_alphanumeric());
        let begins_word = letter == ' ' && after.is_some_and(char::is_alphabetic);
        if follows_word && (begins_word || SIGNS.contains(letter)) {
            return Some(at);
        }
        after = Some(letter);
    }
    (text.len() > LONG_TAIL_BYTES_MAX).then_some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "The quick brown fox doesn't jump over 12345 lazy dogs;\n\n  it sleeps. \
        Grüße aus München! 日本語のテキスト fn main() { println!(\"hi\"); } ";

    #[test]
    fn pieces_count_as_the_whole() {
        let whole = TEXT.repeat(20);
        for tokenizer in [Tokenizer::O200k, Tokenizer::Cl100k] {
            for size in [1, 3, 7, 50, 1_000] {
                let mut counter = Counter::new(tokenizer);
                let letters: Vec<char> = whole.chars().collect();
                for piece in letters.chunks(size) {
                    counter.push((0, 0), &piece.iter().collect::<String>());
                }
                assert_eq!(counter.total(), tokenizer.count(&whole), "{tokenizer:?} by {size}");
            }
        }
    }

    #[test]
    fn texts_are_counted_apart() {
        let mut counter = Counter::new(Tokenizer::O200k);
        for (text, piece) in [(0, "hel"), (1, "hel"), (0, "lo"), (1, "lo")] {
            counter.push((text, 0), piece);
        }
        assert_eq!(counter.total(), 2 * Tokenizer::O200k.count("hello"));
    }

    #[test]
    fn no_text_has_more_tokens_than_bytes() {
        for text in ["", "a", TEXT, "\u{10ffff}\u{0}\u{feff}", &"aé😀".repeat(100)] {
            for tokenizer in [Tokenizer::O200k, Tokenizer::Cl100k] {
                assert!(tokenizer.count(text) <= Tokenizer::Bytes.bound(text), "{text}");
            }
        }
    }

    #[test]
    fn a_text_without_spaces_keeps_memory_bounded() {
        let mut counter = Counter::new(Tokenizer::O200k);
        for _ in 0..100 {
            counter.push((0, 0), &"a".repeat(300));
        }
        assert!(counter.tails[&(0, 0)].text.len() <= LONG_TAIL_BYTES_MAX + 300);
        let (whole, splits) = (Tokenizer::O200k.count(&"a".repeat(30_000)), 30_000 / 4_096);
        assert!((whole..=whole + 8 * splits).contains(&counter.total()), "{}", counter.total());
    }
}
