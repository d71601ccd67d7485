//! Finding memories by the words of a query: BM25 over one user's memories.
//!
//! How much a word tells depends on how rare it is. Here that is counted over the memories of the
//! user who asks and over no others, so that neither a score nor an order tells what other users
//! have stored.
//!
//! Invariant: [`Statistics`] hold what was added and nothing else; whoever searches adds the
//! candidates of one user.
//! Invariant: memory grows with the texts that have a word of the query, not with all texts.

use crate::content::Content;
use crate::hit::{Hit, Score};
use crate::limits::QUERY_WORDS_MAX;
use crate::mode::Query;
use crate::tag::Tag;
use crate::text::Text;
use crate::top::TopK;
use crate::words::{each_word, is_stop_word};
use novacore_vocab::{MemoryId, Timestamp};

/// How soon more of the same word stops telling more.
const K1: f64 = 1.2;
/// How much a long text is held to have a word by chance.
const B: f64 = 0.75;

/// The words of a query: distinct, without those that say nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keywords(Vec<String>);

/// How often the words of a query are in a text.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Counts {
    /// All words of the text.
    length: u64,
    /// The place of a word in the query, and how often it is there; those that are there at all.
    found: Vec<(u8, u32)>,
}

/// What is known about the texts of one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statistics {
    texts: u64,
    words: u64,
    /// Of each word of the query, how many texts have it.
    texts_with: Vec<u64>,
}

impl Keywords {
    /// The words of `query`; if all of them say nothing, these. The first 64 distinct ones count.
    pub fn of(query: &Query) -> Keywords {
        let (mut telling, mut idle) = (Vec::new(), Vec::new());
        each_word(query.as_str(), |word| {
            let words = if is_stop_word(word) { &mut idle } else { &mut telling };
            if words.len() < QUERY_WORDS_MAX && !words.iter().any(|known| known == word) {
                words.push(word.to_owned());
            }
        });
        let mut words = if telling.is_empty() { idle } else { telling };
        words.sort();
        Keywords(words)
    }

    /// The words, sorted; none if the query has only signs.
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// Counts these words in input, output and tags.
    pub fn count(&self, content: &Content) -> Counts {
        let output = content.output.as_ref().map(Text::as_str);
        let tags = content.tags.as_slice().iter().map(Tag::as_str);
        self.count_in([content.input.as_str()].into_iter().chain(output).chain(tags))
    }

    /// Counts these words in texts that are one.
    pub fn count_in<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> Counts {
        let mut counts = Counts::default();
        for text in texts {
            each_word(text, |word| {
                counts.length += 1;
                if let Ok(place) = self.0.binary_search_by(|known| known.as_str().cmp(word)) {
                    counts.add(u8::try_from(place).expect("at most QUERY_WORDS_MAX words"));
                }
            });
        }
        counts.found.sort_unstable();
        counts
    }
}

impl Counts {
    fn add(&mut self, place: u8) {
        match self.found.iter_mut().find(|(known, _)| *known == place) {
            Some((_, times)) => *times = times.saturating_add(1),
            None => self.found.push((place, 1)),
        }
    }

    /// Whether the text has any of the words.
    pub fn has_any(&self) -> bool {
        !self.found.is_empty()
    }
}

impl Statistics {
    /// Nothing known yet.
    pub fn of(keywords: &Keywords) -> Statistics {
        Statistics { texts: 0, words: 0, texts_with: vec![0; keywords.0.len()] }
    }

    /// Adds a text, whether it has any of the words or none.
    pub fn add(&mut self, counts: &Counts) {
        self.texts += 1;
        self.words = self.words.saturating_add(counts.length);
        for (place, _) in &counts.found {
            if let Some(texts) = self.texts_with.get_mut(usize::from(*place)) {
                *texts += 1;
            }
        }
    }

    /// How well a text fits, above zero; `None` if it has none of the words.
    pub fn score(&self, counts: &Counts) -> Option<Score> {
        if !counts.has_any() {
            return None;
        }
        let mean_length = self.words.max(1) as f64 / self.texts.max(1) as f64;
        let length = 1.0 - B + B * counts.length as f64 / mean_length;
        let weigh = |(place, times): &(u8, u32)| {
            let times = f64::from(*times);
            self.rarity(usize::from(*place)) * times * (K1 + 1.0) / (times + K1 * length)
        };
        Score::new(counts.found.iter().map(weigh).sum())
    }

    /// How much a word tells: more the fewer texts have it, and never less than nothing.
    fn rarity(&self, place: usize) -> f64 {
        let texts_with = self.texts_with.get(place).copied().unwrap_or(0);
        let without = self.texts.saturating_sub(texts_with) as f64;
        (1.0 + (without + 0.5) / (texts_with as f64 + 0.5)).ln()
    }
}

/// The best `limit` of one user's memories by the words of `keywords`; those that have none of them
/// are not found.
pub fn keyword_ranking<'c>(
    keywords: &Keywords,
    candidates: impl IntoIterator<Item = (MemoryId, Timestamp, &'c Content)>,
    limit: usize,
) -> Vec<Hit> {
    let mut statistics = Statistics::of(keywords);
    let mut found = Vec::new();
    for (id, created_at, content) in candidates {
        let counts = keywords.count(content);
        statistics.add(&counts);
        if counts.has_any() {
            found.push((id, created_at, counts));
        }
    }
    let mut top = TopK::new(limit);
    for (id, created_at, counts) in &found {
        if let Some(score) = statistics.score(counts) {
            top.push(Hit { score, created_at: *created_at, id: *id });
        }
    }
    top.into_best_first()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::Draft;

    fn keywords(query: &str) -> Keywords {
        Keywords::of(&Query::parse(query).expect("a query"))
    }

    /// Numbers of the texts found, best first; of equal ones the later is the newer.
    fn search(query: &str, texts: &[&str]) -> Vec<usize> {
        let contents: Vec<Content> = texts.iter().map(|text| content(text, &[])).collect();
        let id = |number: usize| format!("{number:032x}").parse().expect("a UUID");
        let at = |number: usize| Timestamp::from_seconds(number as i64);
        let rows = contents.iter().enumerate();
        let rows = rows.map(|(number, content)| (id(number), at(number), content));
        let hits = keyword_ranking(&keywords(query), rows, 10);
        let number = |hit: &Hit| (0..texts.len()).find(|number| id(*number) == hit.id);
        hits.iter().map(|hit| number(hit).expect("one of the texts")).collect()
    }

    fn content(input: &str, tags: &[&str]) -> Content {
        let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
        let draft = Draft { kind: "lesson".into(), input: input.into(), tags, ..Draft::default() };
        draft.check().expect("a valid draft")
    }

    #[test]
    fn a_query_is_its_telling_words() {
        assert_eq!(keywords("What is the name of my dog? The DOG!").as_slice(), ["dog", "name"]);
        assert_eq!(keywords("to be or not to be").as_slice(), ["not"]);
        assert_eq!(keywords("who are you").as_slice(), ["are", "who", "you"]);
        assert_eq!(keywords("?!").as_slice(), [""; 0]);
        let many: Vec<String> = (0..500).map(|number| format!("w{number:03}")).collect();
        assert_eq!(keywords(&many.join(" ")).as_slice(), &many[..QUERY_WORDS_MAX]);
    }

    #[test]
    fn rare_words_tell_more_than_common_ones() {
        let texts = ["the cat sat", "a dog and a cat", "my cat again", "no animals at all"];
        assert_eq!(search("cat dog", &texts), [1, 2, 0]);
        assert_eq!(search("fish", &texts), [0; 0]);
        assert_eq!(search("?!", &texts), [0; 0]);
    }

    #[test]
    fn shorter_texts_and_more_of_a_word_come_first() {
        assert_eq!(search("dog", &["dog and so much more beside it", "dog", "x"]), [1, 0]);
        assert_eq!(search("dog", &["dog cat bird", "dog dog bird", "x y z"]), [1, 0]);
    }

    #[test]
    fn equal_texts_go_by_the_newer() {
        assert_eq!(search("dog", &["my dog", "no", "my dog", "no"]), [2, 0]);
    }

    #[test]
    fn signs_of_sql_and_of_full_text_engines_are_only_signs() {
        let texts = ["drop table memory", "near and not", "nothing"];
        assert_eq!(search("'; DROP TABLE memory; --", &texts), [0]);
        assert_eq!(search("\"near* ^ NOT :", &texts), [1]);
    }

    #[test]
    fn tags_and_output_are_part_of_the_text() {
        let tagged = content("in", &["pets", "two words"]);
        assert!(keywords("pets").count(&tagged).has_any());
        assert!(keywords("words").count(&tagged).has_any());
        assert!(!keywords("cars").count(&tagged).has_any());
        assert_eq!(keywords("pets").count(&tagged).length, 4);
    }

    #[test]
    fn scores_follow_the_formula() {
        let keywords = keywords("dog");
        let mut statistics = Statistics::of(&keywords);
        let with = keywords.count_in(["dog dog cat cat"]);
        let without = keywords.count_in(["cat cat"]);
        statistics.add(&with);
        statistics.add(&without);
        let rarity = (1.0_f64 + 1.5 / 1.5).ln();
        let want = rarity * 2.0 * 2.2 / (2.0 + 1.2 * (0.25 + 0.75 * 4.0 / 3.0));
        let got = statistics.score(&with).expect("a score").get();
        assert!((got - want).abs() < 1e-12, "{got} is not {want}");
        assert_eq!(statistics.score(&without), None);

        // A ranking counts the texts that are not found too: they say how rare a word is.
        let contents = ["dog dog cat cat", "cat cat"].map(|text| content(text, &[]));
        let id = "00000000-0000-7000-8000-000000000001".parse().expect("a UUID");
        let rows = contents.iter().map(|content| (id, Timestamp::from_seconds(0), content));
        let hits = keyword_ranking(&keywords, rows, 10);
        let scores: Vec<f64> = hits.iter().map(|hit| hit.score.get()).collect();
        assert_eq!(scores, [got]);
    }

    #[test]
    fn counts_of_another_query_do_no_harm() {
        let counts = keywords("a1 b1 c1 d1").count_in(["a1 b1 c1 d1"]);
        let mut statistics = Statistics::of(&keywords("dog"));
        statistics.add(&counts);
        assert!(statistics.score(&counts).is_some_and(|score| score.get() > 0.0));
    }
}
