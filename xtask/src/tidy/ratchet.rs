//! The list of old excess, `xtask/tidy-allow.toml`, which may only shrink.
//!
//! Invariant: an entry states the exact measure of today. Growth is a finding; so is an entry that
//! promises more than is needed, or that nothing needs any more.

use anyhow::Context as _;
use serde::Deserialize;

use super::finding::Finding;
use super::sizes::{FILE_LINES_MAX, FUNCTION_LINES_MAX};

pub(crate) const PATH: &str = "xtask/tidy-allow.toml";

/// Something over its limit.
#[derive(Debug)]
pub(crate) struct Excess {
    path: String,
    /// The function's name; none for a file.
    function: Option<String>,
    line: usize,
    lines: usize,
}

impl Excess {
    pub(crate) fn file(path: &str, lines: usize) -> Excess {
        Excess { path: path.to_owned(), function: None, line: lines, lines }
    }

    pub(crate) fn function(path: &str, name: &str, line: usize, lines: usize) -> Excess {
        Excess { path: path.to_owned(), function: Some(name.to_owned()), line, lines }
    }

    fn finding(&self) -> Finding {
        let (rule, lines) = (self.rule(), self.lines);
        let message = match &self.function {
            Some(name) => format!("`{name}` has {lines} lines, at most {FUNCTION_LINES_MAX}"),
            None => format!("{lines} lines, at most {FILE_LINES_MAX}"),
        };
        Finding::new(&self.path, self.line, rule, message)
    }

    fn rule(&self) -> &'static str {
        if self.function.is_some() { "function-lines" } else { "file-lines" }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AllowList {
    #[serde(default)]
    excess: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    path: String,
    /// Left out for a file as a whole.
    function: Option<String>,
    lines: usize,
    /// Why it is not mended now.
    reason: String,
}

impl Entry {
    fn covers(&self, excess: &Excess) -> bool {
        self.path == excess.path && self.function == excess.function
    }

    fn shown(&self) -> String {
        match &self.function {
            Some(name) => format!("`{name}` in {}", self.path),
            None => self.path.clone(),
        }
    }
}

impl AllowList {
    pub(crate) fn read(text: &str) -> anyhow::Result<AllowList> {
        let list: AllowList = toml::from_str(text).context(PATH)?;
        if let Some(entry) = list.excess.iter().find(|entry| entry.reason.trim().is_empty()) {
            anyhow::bail!("{PATH}: {} has no reason", entry.shown());
        }
        Ok(list)
    }

    /// The excess the list does not cover, and the entries that are wrong.
    pub(crate) fn judge(&self, found: &[Excess]) -> Vec<Finding> {
        let mut findings = Vec::new();
        for excess in found {
            let entry = self.excess.iter().find(|entry| entry.covers(excess));
            if entry.is_none_or(|entry| excess.lines > entry.lines) {
                findings.push(excess.finding());
            }
        }
        for entry in &self.excess {
            let largest = found.iter().filter(|e| entry.covers(e)).map(|e| e.lines).max();
            let message = match largest {
                None => format!("{} needs no entry any more: remove it", entry.shown()),
                Some(lines) if lines < entry.lines => {
                    format!("{} has {lines} lines now: lower its entry", entry.shown())
                }
                Some(_) => continue,
            };
            findings.push(Finding::new(PATH, 1, "allow-list", message));
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::{AllowList, Excess};
    use crate::tidy::finding::places;

    const LIST: &str = r#"
        [[excess]]
        path = "a.rs"
        function = "long"
        lines = 90
        reason = "moved here as it was"
    "#;

    fn judge(list: &str, found: &[Excess]) -> Vec<String> {
        places(&AllowList::read(list).expect("the example is a list").judge(found))
    }

    fn long(lines: usize) -> Excess {
        Excess::function("a.rs", "long", 3, lines)
    }

    #[test]
    fn excess_without_an_entry_is_found() {
        assert_eq!(judge("", &[long(90)]), ["a.rs:3: function-lines"]);
        assert_eq!(judge("", &[Excess::file("a.rs", 900)]), ["a.rs:900: file-lines"]);
    }

    #[test]
    fn an_entry_covers_exactly_its_measure() {
        assert_eq!(judge(LIST, &[long(90)]), [""; 0]);
        assert_eq!(judge(LIST, &[long(91)]), ["a.rs:3: function-lines"]);
        assert_eq!(judge(LIST, &[long(89)]), ["xtask/tidy-allow.toml:1: allow-list"]);
        assert_eq!(judge(LIST, &[]), ["xtask/tidy-allow.toml:1: allow-list"]);
    }

    #[test]
    fn an_entry_covers_only_its_own_function() {
        let other = Excess::function("a.rs", "other", 3, 80);
        assert_eq!(judge(LIST, &[long(90), other]), ["a.rs:3: function-lines"]);
    }

    #[test]
    fn an_entry_needs_a_reason_and_known_keys() {
        assert!(AllowList::read(&LIST.replace("moved here as it was", " ")).is_err());
        assert!(AllowList::read(&LIST.replace("reason", "because")).is_err());
    }
}
