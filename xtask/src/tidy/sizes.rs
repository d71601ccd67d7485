//! How long a function, a file and a line may be (STYLE.md, 3.3).
//!
//! Invariant: comments and blank lines count; what cannot be read at once cannot be reviewed.
//! Not here: old excess, which the allow list holds (`ratchet`).

use super::finding::Finding;
use super::ratchet::Excess;
use super::rust::{Kind, RustFile};
use super::tree::Tree;

pub(crate) const FUNCTION_LINES_MAX: usize = 70;
pub(crate) const FILE_LINES_MAX: usize = 800;
const LINE_COLUMNS_MAX: usize = 100;

/// Endings of files that people write as code, tests included.
const CODE: &[&str] = &[".rs", ".ts", ".tsx", ".js", ".mjs", ".css", ".py", ".go", ".sh", ".sql"];

/// What the head of a file says that a generator wrote; nobody reads it line by line.
const GENERATED: &[&str] = &["do not edit", "auto-generated"];
const HEAD_LINES: usize = 5;

/// Functions and files over the limit, with their measure.
pub(crate) fn measure(tree: &Tree, sources: &[RustFile]) -> Vec<Excess> {
    let mut found = Vec::new();
    for file in tree.files.iter().filter(|f| CODE.iter().any(|end| f.path.ends_with(end))) {
        let lines = file.text.lines().count();
        if lines > FILE_LINES_MAX && !is_generated(&file.text) {
            found.push(Excess::file(&file.path, lines));
        }
    }
    for source in sources {
        for (name, line, lines) in functions(source) {
            if lines > FUNCTION_LINES_MAX {
                found.push(Excess::function(source.path, name, line, lines));
            }
        }
    }
    found
}

/// True if a program wrote the file.
fn is_generated(text: &str) -> bool {
    let mut head = text.lines().take(HEAD_LINES);
    head.any(|line| GENERATED.iter().any(|mark| line.contains(*mark)))
}

/// Name, first line and number of lines of each function with a body, `fn` to last brace.
fn functions<'s>(source: &'s RustFile) -> impl Iterator<Item = (&'s str, usize, usize)> {
    let starts = source.tokens.windows(2).enumerate().filter(|(_, pair)| {
        pair[0].text == "fn" && (pair[1].kind == Kind::Word || pair[1].text == "$")
    });
    starts.filter_map(|(at, pair)| {
        let open = body_of(source, at)?;
        let lines = source.tokens[source.close_of(open)].line - pair[0].line + 1;
        Some((pair[1].text.as_str(), pair[0].line, lines))
    })
}

/// The brace that opens the body of the function whose `fn` is at `at`; none if there is no body.
fn body_of(source: &RustFile, at: usize) -> Option<usize> {
    let mut at = at;
    loop {
        let token = source.tokens.get(at)?;
        match token.text.as_str() {
            "{" => return Some(at),
            ";" => return None,
            _ if token.kind == Kind::Open => at = source.close_of(at) + 1,
            _ if token.kind == Kind::Close => return None,
            _ => at += 1,
        }
    }
}

pub(crate) fn check_widths(sources: &[RustFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        for (index, text) in source.text.lines().enumerate() {
            let (line, columns) = (index + 1, text.chars().count());
            let is_link = text.contains("://");
            if columns > LINE_COLUMNS_MAX && !is_link && !is_within_literal(source, line) {
                let message = format!("{columns} columns, at most {LINE_COLUMNS_MAX}");
                findings.push(Finding::new(source.path, line, "line-width", message));
            }
        }
    }
    findings
}

/// A string of several lines, such as a snapshot, keeps the shape of what it quotes.
fn is_within_literal(source: &RustFile, line: usize) -> bool {
    source.tokens.iter().any(|token| {
        let is_long = token.kind == Kind::Literal && token.line_end > token.line;
        is_long && (token.line..=token.line_end).contains(&line)
    })
}

#[cfg(test)]
mod tests {
    use super::{check_widths, functions, measure};
    use crate::tidy::finding::places;
    use crate::tidy::rust::lex_all;
    use crate::tidy::tree::Tree;

    /// `name line lines` of each function.
    fn check(text: &str, expected: &[&str]) {
        let tree = Tree::of(&[("crates/a/src/lib.rs", text)]);
        let (sources, _) = lex_all(&tree.files);
        let found: Vec<String> = functions(&sources[0])
            .map(|(name, line, lines)| format!("{name} {line} {lines}"))
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn a_function_is_measured_from_its_first_word_to_its_last_brace() {
        check("fn a() {}", &["a 1 1"]);
        check("/// Doc.\npub fn a() {\n}\n", &["a 2 2"]);
        check("trait T { fn a();\nfn b() {\n} }", &["b 2 2"]);
        check("fn a<F>(f: F) -> [u8; 2]\nwhere F: Fn(fn(u8)) {\n f\n}", &["a 1 4"]);
        check("fn a() {\n fn b() {\n }\n}", &["a 1 4", "b 2 2"]);
        check("m! { fn a() {\n}\n fn b(x in 0..1) {\n\n} }", &["a 1 2", "b 3 3"]);
        check("fn a() { \"\n}\n\"; '}'; // }\n}", &["a 1 4"]);
    }

    #[test]
    fn a_function_and_a_file_of_just_the_limit_pass_and_one_more_line_does_not() {
        let function = |lines: usize| format!("fn a() {{{}}}", "\n".repeat(lines - 1));
        let file = |lines: usize| "//\n".repeat(lines);
        let found = |path: &str, text: &str| {
            let tree = Tree::of(&[(path, text)]);
            measure(&tree, &lex_all(&tree.files).0).len()
        };
        assert_eq!(found("a.rs", &function(70)), 0);
        assert_eq!(found("a.rs", &function(71)), 1);
        assert_eq!(found("a.rs", &file(800)), 0);
        assert_eq!(found("a.rs", &file(801)), 1);
        assert_eq!(found("web/a.ts", &file(801)), 1);
        assert_eq!(found("Cargo.lock", &file(801)), 0);
        assert_eq!(found("a.ts", &format!("// Made of b; do not edit.\n{}", file(801))), 0);
        assert_eq!(found("a.ts", &format!("{}// do not edit\n", file(801))), 1);
    }

    #[test]
    fn wide_lines_are_found_except_in_links_and_quotations() {
        let wide = "x".repeat(101);
        let text = format!(
            "// {wide}\n// see https://{wide}\nconst A: &str = \"\n{wide}\n\";\n// {}\n",
            "é".repeat(97)
        );
        let tree = Tree::of(&[("crates/a/src/lib.rs", &text)]);
        let (sources, _) = lex_all(&tree.files);
        assert_eq!(places(&check_widths(&sources)), ["crates/a/src/lib.rs:1: line-width"]);
    }
}
