//! What a check reports: a place, the rule that speaks, and what to do.

use std::fmt;

/// One broken rule at one place. Ordered by place, so that a report reads like a walk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// From the workspace's root, with `/` between folders.
    pub(crate) path: String,
    /// Starts at 1.
    pub(crate) line: usize,
    pub(crate) rule: &'static str,
    pub(crate) message: String,
}

impl Finding {
    pub(crate) fn new(
        path: &str,
        line: usize,
        rule: &'static str,
        message: impl Into<String>,
    ) -> Finding {
        Finding { path: path.to_owned(), line, rule, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}: {}", self.path, self.line, self.rule, self.message)
    }
}

/// The findings as `path:line: rule`, for tests that care where, not about the wording.
#[cfg(test)]
pub(crate) fn places(findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|f| format!("{}:{}: {}", f.path, f.line, f.rule)).collect()
}

#[cfg(test)]
mod tests {
    use super::Finding;

    #[test]
    fn a_finding_is_one_clickable_line() {
        let finding = Finding::new("crates/a/src/lib.rs", 7, "line-width", "101 columns");
        assert_eq!(finding.to_string(), "crates/a/src/lib.rs:7: line-width: 101 columns");
    }
}
