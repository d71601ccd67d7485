//! Counts the tokens of a text as OpenAI's tokenizers do: it is split into pieces by a pattern, and
//! the bytes of each piece are merged, the pair of the lowest rank first.
//!
//! Of a tokenizer only the count is needed, for which a vocabulary with one hash table is enough:
//! 4 MB of memory, where automata that also encode and decode need ten times as much.
//! Invariant: counts are those of the original, save of a piece longer than [`PIECE_BYTES_MAX`].
//! Invariant: time is in proportion to the text, whatever it is.

mod merge;
mod split;
mod vocabulary;

use std::sync::LazyLock;

/// Longest piece that is merged as one; longer ones are cut. No word is that long, and a byte takes
/// ten times as long where the tables of a piece do not fit the processor's memory.
const PIECE_BYTES_MAX: usize = 1 << 12;

static O200K: LazyLock<Bpe> = LazyLock::new(|| {
    let vocabulary = include_bytes!(concat!(env!("OUT_DIR"), "/o200k.vocabulary"));
    Bpe::new(vocabulary, split::O200K)
});
static CL100K: LazyLock<Bpe> = LazyLock::new(|| {
    let vocabulary = include_bytes!(concat!(env!("OUT_DIR"), "/cl100k.vocabulary"));
    Bpe::new(vocabulary, split::CL100K)
});

/// A tokenizer.
#[derive(Debug)]
pub(crate) struct Bpe {
    vocabulary: vocabulary::Vocabulary,
    pieces: split::Pieces,
}

/// OpenAI's newer one.
pub(crate) fn o200k() -> &'static Bpe {
    &O200K
}

/// OpenAI's older one.
pub(crate) fn cl100k() -> &'static Bpe {
    &CL100K
}

impl Bpe {
    fn new(vocabulary: &'static [u8], pattern: &str) -> Bpe {
        Bpe {
            vocabulary: vocabulary::Vocabulary::new(vocabulary),
            pieces: split::Pieces::new(pattern),
        }
    }

    /// How many tokens a text has.
    pub(crate) fn count(&self, text: &str) -> u64 {
        let mut merger = merge::Merger::default();
        let mut tokens = 0;
        for piece in self.pieces.of(text) {
            for part in piece.as_bytes().chunks(PIECE_BYTES_MAX) {
                tokens += match self.vocabulary.rank(part) {
                    Some(_) => 1,
                    None => merger.count(part, &self.vocabulary),
                };
            }
        }
        tokens
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn agree(text: &str) {
        assert_eq!(o200k().count(text), bpe_openai::o200k_base().count(text) as u64, "{text:?}");
        assert_eq!(cl100k().count(text), bpe_openai::cl100k_base().count(text) as u64, "{text:?}");
    }

    #[test]
    fn counts_are_those_of_the_original() {
        for text in [
            "",
            " ",
            "a",
            "Hello there",
            "  two  spaces \n\n\t and   tabs\t\t",
            "don't we'LL I'm",
            "1234567890 3.14159",
            "fn main() { println!(\"{}\", 1 << 20); } // done\r\n\r\n",
            "Donaudampfschifffahrtsgesellschaftskapitän",
            "日本語のテキスト、한국어 텍스트, русский текст, עברית",
            "😀👩‍👩‍👧‍👦 é e\u{301} \u{10ffff}\u{0}\u{feff}",
            "{\"a\":[1,2,{\"b\":null}],\"c\":\"\\u00e9\"}",
        ] {
            agree(text);
            agree(&text.repeat(7));
        }
        for text in ["a", "ab", "é", "日本", " ", "\n", "a1 ", "=-"] {
            agree(&text.repeat(600));
        }
    }

    #[test]
    fn a_piece_that_is_cut_counts_about_the_same() {
        for text in ["a", "ab", "日本", "éü"] {
            let text = text.repeat(10_000);
            let (own, original) = (o200k().count(&text), bpe_openai::o200k_base().count(&*text));
            let cuts = (text.len() / PIECE_BYTES_MAX) as u64;
            assert!(own.abs_diff(original as u64) <= 2 * cuts, "{own} instead of {original}");
        }
    }

    #[test]
    fn every_token_is_one() {
        for rank in 0..bpe_openai::o200k_base().bpe.num_tokens() as u32 {
            let token = bpe_openai::o200k_base().bpe.token_bytes(rank);
            assert_eq!(o200k().vocabulary.rank(token), Some(rank));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_counted_as_by_the_original(
            text in ".{0,80}",
            words in "([a-zA-Z]{1,12}|[0-9]{1,5}|[ \\n\\t.,;'_/-]{1,4}){0,60}",
            letters in "\\p{L}{0,60}",
        ) {
            agree(&text);
            agree(&words);
            agree(&letters);
        }
    }
}
