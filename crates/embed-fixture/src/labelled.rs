//! Questions as people ask them, each with the memory that answers it, and texts that answer none.
//!
//! Invariant: a question and its memory share no word that carries meaning, so whoever looks for
//! words finds nothing.

use std::collections::BTreeSet;

const PARAPHRASES: &str = include_str!("../data/paraphrases.txt");
const TEMPLATES: &str = include_str!("../data/templates.txt");

/// A question, and the memory that answers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paraphrase {
    /// As a user asks.
    pub question: &'static str,
    /// As it was stored.
    pub memory: &'static str,
}

/// All of them, written by hand.
pub fn paraphrases() -> Vec<Paraphrase> {
    let lines = PARAPHRASES.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let halves = lines.filter_map(|line| line.split_once(" | "));
    halves.map(|(question, memory)| Paraphrase { question, memory }).collect()
}

/// So many different texts that answer none of the questions, made of templates; at most some
/// thousands.
pub fn unrelated(count: usize) -> Vec<String> {
    let templates: Vec<Template> = TEMPLATES.split("\n\n").filter_map(Template::read).collect();
    let mut seen = BTreeSet::new();
    let mut texts = Vec::with_capacity(count);
    // Each round takes another text of each template, until no template has one.
    for round in 0.. {
        let before = texts.len();
        for template in templates.iter().filter(|template| round < template.variants()) {
            let text = template.fill(round);
            if texts.len() < count && seen.insert(text.clone()) {
                texts.push(text);
            }
        }
        if texts.len() == before || texts.len() == count {
            break;
        }
    }
    texts
}

/// A sentence with places `{}`, and for each place what may stand there.
struct Template {
    parts: Vec<&'static str>,
    choices: Vec<Vec<&'static str>>,
}

impl Template {
    fn read(block: &'static str) -> Option<Template> {
        let mut lines = block.lines().filter(|line| !line.starts_with('#'));
        let parts = lines.next()?.split("{}").collect();
        let choices = lines.map(|line| line.split(" / ").map(str::trim).collect()).collect();
        Some(Template { parts, choices })
    }

    /// How many texts it can make.
    fn variants(&self) -> usize {
        self.choices.iter().map(Vec::len).product()
    }

    /// One of its texts; neighbours in number differ in every place.
    fn fill(&self, variant: usize) -> String {
        let (first, rest) = self.parts.split_first().expect("a template has a sentence");
        let mut text = (*first).to_owned();
        let mut carried = variant;
        for (part, choices) in rest.iter().zip(&self.choices) {
            text.push_str(choices[(variant + carried) % choices.len()]);
            text.push_str(part);
            carried /= choices.len();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words that carry no meaning of their own.
    const PLAIN: &str = " a about again all am an and any are as at be been but by can did do does \
        every for from had has have he her his how i in is it its me my name next not of on one or \
        our out s she should t than that the them then there they this to up us was we were what \
        when where which who why will with would you your user ";

    fn words(text: &str) -> BTreeSet<String> {
        let lower = text.to_lowercase();
        let words = lower.split(|c: char| !c.is_alphanumeric());
        let words = words.filter(|word| !PLAIN.contains(&format!(" {word} ")));
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    #[test]
    fn questions_share_no_word_with_their_memories() {
        let all = paraphrases();
        assert!(all.len() >= 30, "{}", all.len());
        for Paraphrase { question, memory } in all {
            let (asked, stored) = (words(question), words(memory));
            let shared: Vec<_> = asked.intersection(&stored).collect();
            assert!(shared.is_empty(), "{question} | {memory}: {shared:?}");
        }
    }

    #[test]
    fn the_unrelated_are_many_and_different() {
        let texts = unrelated(1_000);
        assert_eq!(texts.len(), 1_000);
        assert_eq!(texts.iter().collect::<BTreeSet<_>>().len(), 1_000);
        for text in &texts {
            assert!(!text.contains("{}") && !text.contains(" / "), "{text}");
        }
        assert_eq!(unrelated(10), texts[..10]);
    }

    #[test]
    fn each_template_has_as_many_choices_as_places() {
        for template in TEMPLATES.split("\n\n").filter_map(Template::read) {
            let first = template.parts[0];
            assert_eq!(template.parts.len(), template.choices.len() + 1, "{first}");
            assert!(template.variants() >= 20, "{first}: {}", template.variants());
        }
    }
}
