//! The text of a script, line by line.

use novacore_vocab::Timestamp;

/// Scripts begin on Tuesday 2026-03-10.
pub(crate) const FIRST_DAY: i64 = 1_773_100_800_000_000;

pub(crate) struct Line {
    pub(crate) number: usize,
    pub(crate) text: String,
    /// The command's words, without times, `name=value` options and the clock.
    words: Vec<String>,
    options: Vec<(String, String)>,
    pub(crate) at: Option<String>,
    pub(crate) times: usize,
    pub(crate) expects: Vec<String>,
}

/// The lines that say something; `#` begins a comment.
pub(crate) fn lines(text: &str) -> Vec<Line> {
    let numbered = text.lines().enumerate();
    let spoken = numbered.map(|(index, line)| (index + 1, line.split('#').next().unwrap().trim()));
    spoken.filter(|(_, line)| !line.is_empty()).map(|(number, line)| read(number, line)).collect()
}

fn read(number: usize, text: &str) -> Line {
    let (command, expects) = text.split_once("->").unwrap_or((text, ""));
    let mut line = Line {
        number,
        text: text.into(),
        words: Vec::new(),
        options: Vec::new(),
        at: None,
        times: 1,
        expects: expects.split(',').map(|one| one.trim().to_owned()).collect(),
    };
    line.expects.retain(|one| !one.is_empty());
    for word in command.split_whitespace() {
        if let Some(at) = word.strip_prefix('@') {
            line.at = Some(at.into());
        } else if let Some(times) = word.strip_suffix('x').and_then(|count| count.parse().ok()) {
            line.times = times;
        } else if let Some((name, value)) = word.split_once('=') {
            line.options.push((name.into(), value.into()));
        } else {
            line.words.push(word.into());
        }
    }
    line
}

impl Line {
    pub(crate) fn verb(&self) -> &str {
        self.word(0)
    }

    pub(crate) fn word(&self, index: usize) -> &str {
        match self.words.get(index) {
            Some(word) => word,
            None => self.fail("a word is missing"),
        }
    }

    pub(crate) fn has(&self, word: &str) -> bool {
        self.words.iter().any(|one| one == word)
    }

    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        let found = self.options.iter().find(|(option, _)| option == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn number_option(&self, name: &str) -> Option<i64> {
        self.option(name).map(|value| self.parse(value))
    }

    pub(crate) fn words_from(&self, index: usize) -> &[String] {
        self.words.get(index..).unwrap_or_default()
    }

    /// A whole number; `max` is the largest amount.
    pub(crate) fn parse(&self, text: &str) -> i64 {
        let max = novacore_vocab::AMOUNT_ABS_MAX;
        match (text, text.strip_prefix("max-")) {
            ("max", _) => max,
            (_, Some(less)) => max - self.parse(less),
            _ => text.replace('_', "").parse().unwrap_or_else(|_| self.fail("not a number")),
        }
    }

    /// `resource amount` pairs from a word on, until a word that is no resource's amount.
    pub(crate) fn pairs(&self, from: usize) -> Vec<(&str, i64)> {
        let words = self.words_from(from);
        let pairs = words.chunks(2).take_while(|pair| pair.len() == 2);
        pairs.map(|pair| (pair[0].as_str(), self.parse(&pair[1]))).collect()
    }

    pub(crate) fn same(&self, what: &str, got: &str, want: &str) {
        assert!(got == want, "line {}: `{}`\n  {what}: {got}, not {want}", self.number, self.text);
    }

    pub(crate) fn fail(&self, why: &str) -> ! {
        panic!("line {}: `{}`\n  {why}", self.number, self.text)
    }
}

/// `09:00`, `09:00:30` on the day of `near`; `03-11T09:00` in its year; or a whole date and time.
pub(crate) fn time(text: &str, near: Timestamp) -> Timestamp {
    let date = near.date();
    let full = match text.split_once('T') {
        None => format!("{date}T{text}"),
        Some((day, _)) if day.len() == 5 => format!("{}-{text}", &date[..4]),
        Some(_) => text.into(),
    };
    let seconds = if full.matches(':').count() == 1 { ":00Z" } else { "Z" };
    format!("{full}{seconds}").parse().unwrap_or_else(|_| panic!("no time: {text}"))
}
