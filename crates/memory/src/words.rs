//! Texts as words, for finding memories by them.
//!
//! Words are found by the Unicode rules for word boundaries, which know scripts that put no spaces
//! between them and marks that belong to the letter before; then parted at the punctuation that
//! those rules allow within a word, so that `example` finds `example.com`, `store` finds
//! `store_suite`, and `dog` finds `dog's`. Letters that look alike in compatible forms and in upper
//! and lower case are one.
//!
//! Invariant: query and text go through the same function, so equal words meet.
//! Not here: stems. `dogs` does not find `dog`; meaning is the embedding's task.

use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// Words that say nothing about what is looked for: in English, and what is left of contractions.
/// Sorted.
const STOP_WORDS: &[&str] = &[
    "a", "about", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by", "can",
    "could", "d", "did", "do", "does", "for", "from", "had", "has", "have", "he", "her", "him",
    "his", "how", "i", "if", "in", "is", "it", "its", "ll", "m", "me", "my", "of", "on", "or",
    "our", "re", "s", "she", "should", "so", "t", "than", "that", "the", "their", "them", "then",
    "there", "these", "they", "this", "those", "to", "us", "ve", "was", "we", "were", "what",
    "when", "where", "which", "who", "why", "will", "with", "would", "you", "your",
];

/// Whether a word, as [`each_word`] gives it, says nothing about what is looked for.
pub(crate) fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.binary_search(&word).is_ok()
}

/// Calls `visit` with each word of `text` in its one spelling, in order.
pub(crate) fn each_word(text: &str, mut visit: impl FnMut(&str)) {
    let mut spelling = String::new();
    for word in text.unicode_words() {
        spelling.clear();
        if word.is_ascii() {
            spelling.push_str(word);
            spelling.make_ascii_lowercase();
        } else {
            spelling.extend(word.nfkc().flat_map(char::to_lowercase).map(one_sigma));
        }
        spelling.split(is_joiner).filter(|part| !part.is_empty()).for_each(&mut visit);
    }
}

/// Greek writes sigma in another way at the end of a word; upper case does not say which it was.
const fn one_sigma(c: char) -> char {
    if c == 'ς' { 'σ' } else { c }
}

/// Punctuation within what Unicode's rules call a word.
const fn is_joiner(c: char) -> bool {
    (c.is_ascii() && !c.is_ascii_alphanumeric()) || matches!(c, '‘' | '’' | '·' | '‧' | '‿' | '⁀')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, want: &[&str]) {
        let mut words = Vec::new();
        each_word(text, |word| words.push(word.to_owned()));
        assert_eq!(words, want, "{text:?}");
    }

    #[test]
    fn stop_words_are_sorted_and_spelled_as_words_are() {
        assert!(STOP_WORDS.is_sorted());
        for stop_word in STOP_WORDS {
            check(stop_word, &[stop_word]);
            assert!(is_stop_word(stop_word));
        }
        assert!(!is_stop_word("dog"));
    }

    #[test]
    fn words_are_found_in_many_scripts() {
        check("", &[]);
        check(" .,;:!? -- \n", &[]);
        check(
            "The quick (“brown”) fox can’t jump 32.3 feet, right?",
            &["the", "quick", "brown", "fox", "can", "t", "jump", "32", "3", "feet", "right"],
        );
        check(
            "dog's store_suite example.com E-1234",
            &["dog", "s", "store", "suite", "example", "com", "e", "1234"],
        );
        check("Größe ΟΔΟΣ οδος Ёж", &["größe", "οδοσ", "οδοσ", "ёж"]);
        check("我爱狗", &["我", "爱", "狗"]);
        check("नमस्ते दुनिया", &["नमस्ते", "दुनिया"]);
        check("🎉 party 🎉", &["party"]);
    }

    #[test]
    fn letters_that_look_alike_are_one() {
        check("e\u{301}te\u{301}", &["été"]);
        check("ＡＢＣ ﬁn", &["abc", "fin"]);
        check("\u{1100}\u{1161}\u{11a8}", &["각"]);
    }
}
