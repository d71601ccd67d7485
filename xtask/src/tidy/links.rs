//! Links in the documentation: a relative one leads to a file that exists, and, with a `#`, to a
//! heading in it.
//!
//! Not here: links to other sites.

use std::collections::{BTreeMap, BTreeSet};

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::finding::Finding;
use super::tree::{TextFile, Tree};

const RULE: &str = "link";

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let pages: BTreeMap<&str, Page> =
        tree.ending_in(".md").map(|file| (file.path.as_str(), Page::read(file))).collect();
    let mut findings = Vec::new();
    for (path, page) in &pages {
        for (line, target) in &page.links {
            if let Some(message) = objection(path, target, tree, &pages) {
                findings.push(Finding::new(path, *line, RULE, message));
            }
        }
    }
    findings
}

#[derive(Default)]
struct Page {
    /// Line and target.
    links: Vec<(usize, String)>,
    /// What a `#` may name.
    anchors: BTreeSet<String>,
}

impl Page {
    fn read(file: &TextFile) -> Page {
        let mut page = Page::default();
        let mut heading: Option<String> = None;
        let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES;
        for (event, range) in Parser::new_ext(&file.text, options).into_offset_iter() {
            match event {
                Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                    let line = file.text[..range.start].matches('\n').count() + 1;
                    page.links.push((line, dest_url.into_string()));
                }
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::End(TagEnd::Heading(_)) => {
                    page.add_anchor(&heading.take().unwrap_or_default());
                }
                Event::Text(text) | Event::Code(text) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&text);
                    }
                }
                _ => {}
            }
        }
        page
    }

    /// The anchor as code hosts make it; a repeated heading gets a number.
    fn add_anchor(&mut self, heading: &str) {
        let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let slug = kept.collect::<String>().to_lowercase().replace(' ', "-");
        let numbered = (1..).map(|n| format!("{slug}-{n}"));
        let free =
            std::iter::once(slug.clone()).chain(numbered).find(|s| !self.anchors.contains(s));
        self.anchors.extend(free);
    }
}

fn objection(
    from: &str,
    target: &str,
    tree: &Tree,
    pages: &BTreeMap<&str, Page>,
) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
    let path = if file.is_empty() { Some(from.to_owned()) } else { resolve(from, file) };
    let Some(path) = path.filter(|path| tree.has(path)) else {
        return Some(format!("`{target}` leads to no file"));
    };
    let page = pages.get(path.as_str())?;
    let is_known = anchor.is_empty() || page.anchors.contains(anchor);
    (!is_known).then(|| format!("`{path}` has no heading `#{anchor}`"))
}

/// `target` seen from the folder of `from`; none if it leaves the tree.
fn resolve(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> =
        if target.starts_with('/') { vec![] } else { from.split('/').collect() };
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::finding::places;
    use crate::tidy::tree::Tree;

    fn check_page(text: &str, expected: &[&str]) {
        let other = "# Top\n\n## The `decide` ladder, twice\n\n## Twice\n\n## Twice\n";
        let tree = Tree::of(&[("README.md", ""), ("docs/a.md", text), ("docs/guides/b.md", other)]);
        assert_eq!(places(&check(&tree)), expected, "{text}");
    }

    #[test]
    fn links_that_lead_nowhere_are_found_on_their_line() {
        check_page("[x](guides/b.md) [y](../README.md) [z](guides) [w](./guides/b.md)", &[]);
        check_page("one\n\n[x](guides/c.md)", &["docs/a.md:3: link"]);
        check_page("[x](/README.md) [y](../../outside.md)", &["docs/a.md:1: link"]);
        check_page("![picture](shot.png)", &["docs/a.md:1: link"]);
        check_page("[x][ref]\n\n[ref]: missing.md\n", &["docs/a.md:1: link"]);
        check_page("| a |\n|---|\n| [x](missing.md) |\n", &["docs/a.md:3: link"]);
    }

    #[test]
    fn links_to_other_sites_and_quoted_links_are_left_alone() {
        check_page("<https://a.example> [x](http://a.example/b) [m](mailto:a@b.example)", &[]);
        check_page("`[x](missing.md)`\n\n```\n[x](missing.md)\n```\n", &[]);
    }

    #[test]
    fn anchors_name_a_heading() {
        check_page("# Here\n[x](#here) [y](guides/b.md#the-decide-ladder-twice)", &[]);
        check_page("[x](guides/b.md#twice) [y](guides/b.md#twice-1)", &[]);
        check_page("[x](#there)", &["docs/a.md:1: link"]);
        check_page("[x](guides/b.md#twice-2)", &["docs/a.md:1: link"]);
    }
}
