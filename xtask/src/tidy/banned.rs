//! Calls, names and re-exports that the house does not use, each with what to use instead.
//!
//! `clippy.toml` bans some of them too; here they are also found inside macro bodies, and a
//! `#[expect]` does not silence them: an exception is a change of this file.

use super::finding::Finding;
use super::rust::{Kind, RustFile};

/// Where a ban does not hold, as path prefixes.
type Exempt = &'static [&'static str];

struct Ban {
    /// Tokens, parted by spaces.
    pattern: &'static str,
    instead: &'static str,
    exempt: Exempt,
    in_tests_too: bool,
}

const fn everywhere(pattern: &'static str, instead: &'static str) -> Ban {
    Ban { pattern, instead, exempt: &[], in_tests_too: true }
}

const fn outside_tests(pattern: &'static str, instead: &'static str, exempt: Exempt) -> Ban {
    Ban { pattern, instead, exempt, in_tests_too: false }
}

const UNWRAP: &str = "say why it holds with `expect`, or return an error (S19)";
const UNFINISHED: &str = "finish it, or leave it out";
const ENV: &str = "configuration is read once, in `server::config` (S23)";
/// The one place that reads the environment, the tools for development, and a build script, which
/// is told its folder there.
const ENV_EXEMPT: Exempt = &[
    "crates/server/src/config.rs",
    "crates/server/src/config/",
    "crates/gateway/build.rs",
    "crates/sim/",
    "benches/",
];
const CLOCK: &str = "the time is an argument, or comes from the composed clock (S1)";
const CLOCK_EXEMPT: Exempt = &["crates/server/src/clock.rs"];

const BANS: &[Ban] = &[
    everywhere("todo !", UNFINISHED),
    everywhere("unimplemented !", UNFINISHED),
    everywhere("dbg !", "remove it"),
    everywhere("# [ allow (", "use `#[expect(lint, reason = \"..\")]` (S19)"),
    everywhere("# ! [ allow (", "use `#[expect(lint, reason = \"..\")]` (S19)"),
    everywhere("thread :: sleep", "wait for an event; tests drive the clock"),
    outside_tests(". unwrap ( )", UNWRAP, &[]),
    outside_tests(":: unwrap )", UNWRAP, &[]),
    outside_tests("env :: var", ENV, ENV_EXEMPT),
    outside_tests("env :: var_os", ENV, ENV_EXEMPT),
    outside_tests("env :: vars", ENV, ENV_EXEMPT),
    outside_tests("SystemTime :: now", CLOCK, CLOCK_EXEMPT),
    outside_tests("Timestamp :: now", CLOCK, CLOCK_EXEMPT),
    outside_tests("Zoned :: now", CLOCK, CLOCK_EXEMPT),
];

const FILE_NAMES: &[(&str, &str)] = &[
    ("mod.rs", "name the file after the module: `hold.rs` beside `hold/` (3.3)"),
    ("utils.rs", "name it after what it holds"),
    ("helpers.rs", "name it after what it holds"),
    ("common.rs", "name it after what it holds"),
    ("misc.rs", "name it after what it holds"),
    ("manager.rs", "name it after what it does"),
];

pub(crate) fn check(sources: &[RustFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        check_bans(source, &mut findings);
        check_re_exports(source, &mut findings);
    }
    findings
}

/// Also for files that cannot be lexed.
pub(crate) fn check_file_names<'a>(paths: impl Iterator<Item = &'a str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for path in paths {
        let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
        if let Some((_, instead)) = FILE_NAMES.iter().find(|(banned, _)| *banned == name) {
            findings.push(Finding::new(path, 1, "file-name", *instead));
        }
    }
    findings
}

fn check_bans(source: &RustFile, findings: &mut Vec<Finding>) {
    for ban in BANS {
        if ban.exempt.iter().any(|prefix| source.path.starts_with(prefix)) {
            continue;
        }
        for token in source.find(ban.pattern).filter(|token| ban.in_tests_too || !token.in_test) {
            let message = format!("`{}`: {}", ban.pattern.replace(' ', ""), ban.instead);
            findings.push(Finding::new(source.path, token.line, "banned-call", message));
        }
    }
}

/// `pub use novacore_..`: a second path to one item (S26).
fn check_re_exports(source: &RustFile, findings: &mut Vec<Finding>) {
    for window in source.tokens.windows(4) {
        let words = [0, 1].map(|at| window[at].text.as_str());
        let named = match words {
            ["pub", "use"] if window[2].text == "::" => &window[3],
            ["pub", "use"] => &window[2],
            _ => continue,
        };
        if named.kind == Kind::Word && named.text.starts_with("novacore") {
            let message = format!("`{}` has its own path (S26)", named.text);
            findings.push(Finding::new(source.path, named.line, "re-export", message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{check, check_file_names};
    use crate::tidy::finding::places;
    use crate::tidy::rust::lex_all;
    use crate::tidy::tree::Tree;

    fn found(path: &str, text: &str) -> usize {
        let tree = Tree::of(&[(path, text)]);
        let (sources, unreadable) = lex_all(&tree.files);
        assert!(unreadable.is_empty(), "{unreadable:?}");
        check(&sources).len()
    }

    fn in_code(body: &str) -> usize {
        found("crates/a/src/lib.rs", &format!("fn f() {{ {body} }}"))
    }

    fn in_test(body: &str) -> usize {
        found("crates/a/src/lib.rs", &format!("#[cfg(test)] mod tests {{ fn f() {{ {body} }} }}"))
    }

    #[test]
    fn some_calls_are_banned_everywhere() {
        for body in ["todo!()", "unimplemented!()", "dbg!(x)", "std::thread::sleep(d)"] {
            assert_eq!((in_code(body), in_test(body)), (1, 1), "{body}");
        }
        assert_eq!(in_code("#[allow(dead_code)] let x = 1;"), 1);
        assert_eq!(found("crates/a/src/lib.rs", "#![allow(dead_code)]"), 1);
        assert_eq!(in_code("#[expect(dead_code, reason = \"r\")] let x = 1;"), 0);
    }

    #[test]
    fn some_calls_are_for_tests_only() {
        for body in ["x.unwrap()", "m!(x.unwrap())", "x.map(Result::unwrap)", "env::var(\"X\")"] {
            assert_eq!((in_code(body), in_test(body)), (1, 0), "{body}");
        }
        assert_eq!(in_code("x.unwrap_or_default(); x.unwrap_or(1)"), 0);
    }

    #[test]
    fn the_environment_and_the_clock_have_one_home_each() {
        let (env, clock) = ("fn f() { std::env::var(\"X\"); }", "fn f() { SystemTime::now(); }");
        assert_eq!(found("crates/server/src/config/env.rs", env), 0);
        assert_eq!(found("crates/server/src/serve.rs", env), 1);
        assert_eq!(found("crates/server/src/clock.rs", clock), 0);
        assert_eq!(found("crates/server/src/config.rs", clock), 1);
    }

    #[test]
    fn re_exports_of_other_crates_are_found() {
        let path = "crates/app/src/lib.rs";
        assert_eq!(found(path, "pub use novacore_vocab::UserId;"), 1);
        assert_eq!(found(path, "pub use ::novacore_vocab::UserId;"), 1);
        assert_eq!(found(path, "use novacore_vocab::UserId; pub use record::record;"), 0);
    }

    #[test]
    fn names_that_say_nothing_are_found() {
        let paths = ["crates/a/src/hold/mod.rs", "crates/a/src/hold.rs", "tests/common.rs"];
        assert_eq!(
            places(&check_file_names(paths.into_iter())),
            ["crates/a/src/hold/mod.rs:1: file-name", "tests/common.rs:1: file-name"]
        );
    }
}
