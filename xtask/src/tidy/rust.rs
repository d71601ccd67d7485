//! Rust source as a flat list of tokens that know their lines and whether they are test code.
//!
//! Tokens rather than a syntax tree: many of our calls stand inside macros (`assert!`, `select!`,
//! `proptest!`), whose bodies a parser leaves opaque, while to a lexer they are like any other
//! text. Words in strings and comments can never be taken for code.
//! Invariant: a doc comment is one literal, so words in it are not names.

mod flatten;

use std::str::FromStr as _;

use anyhow::anyhow;
use flatten::flatten;
use proc_macro2::TokenStream;

use super::tree::TextFile;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Word,
    Punct,
    Literal,
    Open,
    Close,
}

#[derive(Debug)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    /// As written; `::` is one token.
    pub(crate) text: String,
    /// Where it starts and ends, from 1. Only a literal can end on a later line.
    pub(crate) line: usize,
    pub(crate) line_end: usize,
    /// Under `#[test]`, `#[cfg(test)]`, or in a file that only tests include.
    pub(crate) in_test: bool,
}

pub(crate) struct RustFile<'a> {
    pub(crate) path: &'a str,
    pub(crate) text: &'a str,
    pub(crate) tokens: Vec<Token>,
    /// Only tests include this file.
    pub(crate) is_test: bool,
}

impl<'a> RustFile<'a> {
    /// Fails if the text is not made of Rust's tokens.
    pub(crate) fn lex(file: &'a TextFile) -> anyhow::Result<RustFile<'a>> {
        let stream = TokenStream::from_str(&file.text)
            .map_err(|error| anyhow!("not Rust: {error} at line {}", error.span().start().line))?;
        let is_test = is_test_path(&file.path);
        Ok(RustFile {
            path: &file.path,
            text: &file.text,
            tokens: flatten(stream, is_test),
            is_test,
        })
    }

    /// Positions where the tokens read as `pattern`, whose words are parted by spaces.
    pub(crate) fn find<'s>(&'s self, pattern: &'s str) -> impl Iterator<Item = &'s Token> {
        let words = pattern.split(' ').count();
        self.tokens.windows(words).filter_map(move |window| {
            let same = window.iter().map(|token| token.text.as_str()).eq(pattern.split(' '));
            same.then(|| &window[0])
        })
    }

    /// The position of the delimiter that closes the one at `open`.
    pub(crate) fn close_of(&self, open: usize) -> usize {
        let mut depth = 0_usize;
        for (at, token) in self.tokens.iter().enumerate().skip(open) {
            match token.kind {
                Kind::Open => depth += 1,
                Kind::Close if depth == 1 => return at,
                Kind::Close => depth -= 1,
                Kind::Word | Kind::Punct | Kind::Literal => {}
            }
        }
        unreachable!("the lexer only accepts balanced delimiters")
    }

    /// Paths of the files that `#[cfg(test)] mod name;` includes from this one.
    fn test_modules(&self) -> Vec<String> {
        let folder = module_folder(self.path);
        let declarations = self.tokens.windows(3).filter(|w| {
            w[0].text == "mod" && w[0].in_test && w[1].kind == Kind::Word && w[2].text == ";"
        });
        declarations.map(|w| format!("{folder}{}.rs", w[1].text)).collect()
    }

    fn mark_as_test(&mut self) {
        self.is_test = true;
        for token in &mut self.tokens {
            token.in_test = true;
        }
    }
}

/// Lexes all Rust files of a tree and carries `#[cfg(test)]` over to the files of such modules.
/// The second part are the files that cannot be read, with the reason.
pub(crate) fn lex_all(files: &[TextFile]) -> (Vec<RustFile<'_>>, Vec<(&str, String)>) {
    let mut sources = Vec::new();
    let mut unreadable = Vec::new();
    for file in files.iter().filter(|file| file.path.ends_with(".rs")) {
        match RustFile::lex(file) {
            Ok(source) => sources.push(source),
            Err(error) => unreadable.push((file.path.as_str(), error.to_string())),
        }
    }
    // A test module may hold further modules, so marking one can reveal others.
    loop {
        let declared: Vec<String> = sources.iter().flat_map(RustFile::test_modules).collect();
        let mut marked = false;
        for source in &mut sources {
            if !source.is_test && declared.iter().any(|path| path == source.path) {
                source.mark_as_test();
                marked = true;
            }
        }
        if !marked {
            return (sources, unreadable);
        }
    }
}

/// Where the modules of the file at `path` live: `src/` for `src/lib.rs`, `src/a/` for `src/a.rs`.
fn module_folder(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    match name {
        "lib.rs" | "main.rs" => format!("{folder}/"),
        other => format!("{folder}/{}/", other.trim_end_matches(".rs")),
    }
}

fn is_test_path(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    matches!(parts.as_slice(), ["crates", _, "tests" | "benches", ..] | ["tests" | "fuzz", ..])
}

#[cfg(test)]
mod tests {
    use super::{RustFile, lex_all, module_folder};
    use crate::tidy::tree::{TextFile, Tree};

    fn text_file(text: &str) -> TextFile {
        TextFile { path: "crates/a/src/lib.rs".to_owned(), text: text.to_owned() }
    }

    /// The words in test code, in order, of those that start with `t_`; of the others, with `n_`.
    fn check(text: &str) {
        let file = text_file(text);
        let source = RustFile::lex(&file).expect("the example is Rust");
        for token in &source.tokens {
            if token.text.starts_with("t_") {
                assert!(token.in_test, "{} counts as test code in {text}", token.text);
            }
            if token.text.starts_with("n_") {
                assert!(!token.in_test, "{} does not count as test code in {text}", token.text);
            }
        }
    }

    #[test]
    fn test_code_ends_where_the_marked_thing_ends() {
        check("fn n_a() {} #[cfg(test)] mod tests { fn t_a() {} } fn n_b() {}");
        check("#[test] fn t_a() { t_b() } fn n_a() {}");
        check("#[tokio::test] async fn t_a() {} fn n_a() {}");
        check("#[tokio::test(flavor = \"x\")] #[ignore] async fn t_a() {} fn n_a() {}");
        check("#[cfg(test)] use t_a::t_b; use n_a;");
        check("#[cfg(test)] impl<A, B> T for t_a<A, B> { fn t_b() {} } fn n_a() {}");
        check("struct S { n_a: u8, #[cfg(test)] t_a: u8, n_b: u8 }");
        check("match x { #[cfg(test)] t_a => t_b, n_a => n_b }");
        check("#[cfg(not(test))] fn n_a() {} #[cfg(any(test, fuzzing))] fn t_a() {}");
        check("proptest! { #[test] fn t_a(x in 0..1) { t_b } } fn n_a() {}");
        check("#[test_case] fn n_a() {} #[derive(Debug)] struct n_B;");
        check("#![cfg(test)] fn t_a() {}");
    }

    #[test]
    fn strings_and_comments_are_not_code() {
        let file =
            text_file("/// a.unwrap()\nfn f() { g(\".unwrap()\", r#\".unwrap()\"#) } // .unwrap()");
        let source = RustFile::lex(&file).expect("the example is Rust");
        assert_eq!(source.find(". unwrap ( )").count(), 0);
    }

    #[test]
    fn a_pattern_is_found_on_its_line_also_in_a_macro() {
        let file = text_file("fn f() {\n    assert!(\n        a::b.unwrap());\n}");
        let source = RustFile::lex(&file).expect("the example is Rust");
        let lines: Vec<usize> = source.find(". unwrap ( )").map(|token| token.line).collect();
        assert_eq!(lines, [3]);
        assert_eq!(source.find("a :: b").count(), 1);
    }

    #[test]
    fn a_file_that_only_tests_include_is_test_code_with_its_modules() {
        let tree = Tree::of(&[
            ("crates/a/src/lib.rs", "#[cfg(test)] mod tests; mod code;"),
            ("crates/a/src/tests.rs", "mod deep; fn t() {}"),
            ("crates/a/src/tests/deep.rs", "fn t() {}"),
            ("crates/a/src/code.rs", "fn n() {}"),
            ("crates/a/tests/suite.rs", "fn t() {}"),
        ]);
        let (sources, unreadable) = lex_all(&tree.files);
        assert!(unreadable.is_empty());
        let tests: Vec<&str> = sources.iter().filter(|s| s.is_test).map(|s| s.path).collect();
        assert_eq!(
            tests,
            ["crates/a/src/tests.rs", "crates/a/src/tests/deep.rs", "crates/a/tests/suite.rs"]
        );
    }

    #[test]
    fn text_that_is_not_rust_is_reported() {
        let tree = Tree::of(&[("crates/a/src/lib.rs", "fn f() {")]);
        let (sources, unreadable) = lex_all(&tree.files);
        assert!(sources.is_empty());
        assert_eq!(unreadable[0].0, "crates/a/src/lib.rs");
    }

    #[test]
    fn modules_live_beside_a_crate_root_and_below_any_other_file() {
        assert_eq!(module_folder("crates/a/src/lib.rs"), "crates/a/src/");
        assert_eq!(module_folder("crates/a/src/hold.rs"), "crates/a/src/hold/");
    }
}
