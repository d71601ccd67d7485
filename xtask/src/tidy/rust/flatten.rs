//! Token trees made flat, each token told whether it is test code.
//!
//! Invariant: what a `#[test]` or `#[cfg(test)]` stands on is test code to its end, and nothing
//! else is.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::{Kind, Token};

/// All tokens of `stream`; `in_test` if the whole file is test code.
pub(super) fn flatten(stream: TokenStream, in_test: bool) -> Vec<Token> {
    let mut flattener = Flattener { tokens: Vec::new() };
    flattener.stream(stream, in_test);
    flattener.tokens
}

struct Flattener {
    tokens: Vec<Token>,
}

impl Flattener {
    fn stream(&mut self, stream: TokenStream, in_test: bool) {
        let mut in_test = in_test;
        let mut marked = Marked::No;
        let mut trees = stream.into_iter().peekable();
        while let Some(tree) = trees.next() {
            if is_punct(&tree, '#') {
                let bang = trees.next_if(|next| is_punct(next, '!'));
                let attribute = trees.next_if(|next| matches!(next, TokenTree::Group(_)));
                if attribute.as_ref().is_some_and(is_test_attribute) {
                    in_test |= bang.is_some();
                    marked = Marked::Waiting;
                }
                for part in [Some(tree), bang, attribute].iter().flatten() {
                    self.tree(part, in_test || marked.is_on());
                }
            } else if is_punct(&tree, ':') && trees.next_if(|next| is_punct(next, ':')).is_some() {
                let line = tree.span().start().line;
                self.push(Kind::Punct, "::".to_owned(), line, line, in_test || marked.is_on());
                marked = marked.after(&tree);
            } else {
                self.tree(&tree, in_test || marked.is_on());
                marked = marked.after(&tree);
            }
        }
    }

    fn tree(&mut self, tree: &TokenTree, in_test: bool) {
        let (start, end) = (tree.span().start().line, tree.span().end().line);
        match tree {
            TokenTree::Group(group) => self.group(group, in_test),
            TokenTree::Ident(word) => self.push(Kind::Word, word.to_string(), start, end, in_test),
            TokenTree::Literal(literal) => {
                self.push(Kind::Literal, literal.to_string(), start, end, in_test);
            }
            TokenTree::Punct(punct) => {
                self.push(Kind::Punct, punct.as_char().to_string(), start, end, in_test);
            }
        }
    }

    fn group(&mut self, group: &Group, in_test: bool) {
        let (open, close) = match group.delimiter() {
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::Brace => ("{", "}"),
            Delimiter::Bracket => ("[", "]"),
            Delimiter::None => ("", ""),
        };
        let (start, end) = (group.span_open().start().line, group.span_close().end().line);
        self.push(Kind::Open, open.to_owned(), start, start, in_test);
        self.stream(group.stream(), in_test);
        self.push(Kind::Close, close.to_owned(), end, end, in_test);
    }

    fn push(&mut self, kind: Kind, text: String, line: usize, line_end: usize, in_test: bool) {
        self.tokens.push(Token { kind, text, line, line_end, in_test });
    }
}

/// How far a `#[test]` or `#[cfg(test)]` reaches: over the item, field, arm or statement after it.
#[derive(Clone, Copy)]
enum Marked {
    No,
    /// The attribute was seen, what it stands on not yet.
    Waiting,
    /// On an item, which ends with `;` or a block; commas may part its generics.
    Item,
    /// On a field, variant or arm, which also ends with a comma.
    Part,
}

impl Marked {
    fn is_on(self) -> bool {
        !matches!(self, Marked::No)
    }

    fn after(self, tree: &TokenTree) -> Marked {
        let ends_any = match tree {
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            TokenTree::Punct(punct) => punct.as_char() == ';',
            TokenTree::Ident(_) | TokenTree::Literal(_) => false,
        };
        match self {
            Marked::No => Marked::No,
            _ if ends_any => Marked::No,
            Marked::Waiting if starts_item(tree) => Marked::Item,
            Marked::Waiting | Marked::Part if is_punct(tree, ',') => Marked::No,
            Marked::Waiting | Marked::Part => Marked::Part,
            Marked::Item => Marked::Item,
        }
    }
}

fn starts_item(tree: &TokenTree) -> bool {
    const ITEM_WORDS: &[&str] = &[
        "async",
        "const",
        "enum",
        "extern",
        "fn",
        "impl",
        "let",
        "macro_rules",
        "mod",
        "pub",
        "static",
        "struct",
        "trait",
        "type",
        "union",
        "unsafe",
        "use",
    ];
    match tree {
        TokenTree::Ident(word) => ITEM_WORDS.contains(&word.to_string().as_str()),
        TokenTree::Group(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    }
}

fn is_punct(tree: &TokenTree, sign: char) -> bool {
    matches!(tree, TokenTree::Punct(punct) if punct.as_char() == sign)
}

/// `[test]`, `[tokio::test]`, `[cfg(test)]`, `[cfg(any(test, ..))]`; not `[cfg(not(test))]`.
fn is_test_attribute(attribute: &TokenTree) -> bool {
    let TokenTree::Group(attribute) = attribute else {
        return false;
    };
    let trees: Vec<TokenTree> = attribute.stream().into_iter().collect();
    match trees.as_slice() {
        [only] => is_word(only, "test"),
        [name, TokenTree::Group(condition)] if is_word(name, "cfg") => {
            has_word(condition.stream(), "test") && !has_word(condition.stream(), "not")
        }
        [.., colon, last] | [.., colon, last, TokenTree::Group(_)] if is_punct(colon, ':') => {
            is_word(last, "test")
        }
        _ => false,
    }
}

fn is_word(tree: &TokenTree, word: &str) -> bool {
    matches!(tree, TokenTree::Ident(ident) if *ident == word)
}

fn has_word(stream: TokenStream, word: &str) -> bool {
    stream.into_iter().any(|tree| match &tree {
        TokenTree::Group(group) => has_word(group.stream(), word),
        TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => is_word(&tree, word),
    })
}
