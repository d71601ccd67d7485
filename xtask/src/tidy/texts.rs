//! What must not be in any text: paths of one machine, hosts of package registries, marks of
//! unfinished work; and lock files that would download from somewhere else.

use super::finding::Finding;
use super::rust::RustFile;
use super::tree::{TextFile, Tree};

/// This file alone quotes what it bans.
const SELF: &str = "xtask/src/tidy/texts.rs";

/// Folders at the root of one machine's file system.
const MACHINE_PATHS: &[&str] = &["/work/", "/tmp/t/", "/home/", "/root/", "/Users/"];

/// A project that names no registry is installed from whichever its user has configured.
const REGISTRY_HOSTS: &[&str] = &[
    "registry.npmjs.org",
    "registry.yarnpkg.com",
    "static.crates.io",
    "index.crates.io",
    "pypi.org",
    "files.pythonhosted.org",
    "proxy.golang.org",
];

const MARKS: &[&str] = &["TODO", "FIXME"];

/// The only source a crate of `Cargo.lock` may have.
const CRATES_INDEX: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub(crate) fn check(tree: &Tree, sources: &[RustFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| file.path != SELF) {
        check_lines(file, &mut findings);
        match file.path.rsplit('/').next() {
            Some("Cargo.lock") => check_cargo_lock(file, &mut findings),
            Some("package-lock.json") => check_package_lock(file, &mut findings),
            _ => {}
        }
    }
    for source in sources.iter().filter(|source| source.path != SELF) {
        check_marks(source, &mut findings);
    }
    findings
}

fn check_lines(file: &TextFile, findings: &mut Vec<Finding>) {
    for (index, line) in file.text.lines().enumerate() {
        if let Some(path) = MACHINE_PATHS.iter().find(|path| has_root_path(line, path)) {
            let message = format!("`{path}` exists on one machine only");
            findings.push(Finding::new(&file.path, index + 1, "machine-path", message));
        }
        if let Some(host) = REGISTRY_HOSTS.iter().find(|host| line.contains(*host)) {
            let message = format!("`{host}`: leave the choice of registry to the user");
            findings.push(Finding::new(&file.path, index + 1, "registry-host", message));
        }
    }
}

/// True if `path` stands in the line and is not the inner part of a longer path or URL.
fn has_root_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !c.is_alphanumeric() && !"_-./}~*".contains(c))
    })
}

fn check_cargo_lock(file: &TextFile, findings: &mut Vec<Finding>) {
    for (index, line) in file.text.lines().enumerate() {
        let source = line.strip_prefix("source = ");
        if source.is_some_and(|source| source.trim_matches('"') != CRATES_INDEX) {
            let message = "every crate comes from the public index";
            findings.push(Finding::new(&file.path, index + 1, "lock-file", message));
        }
    }
}

fn check_package_lock(file: &TextFile, findings: &mut Vec<Finding>) {
    for (index, line) in file.text.lines().enumerate() {
        if line.trim_start().starts_with("\"resolved\"") && line.contains("://") {
            let message = "set `omit-lockfile-registry-resolved` and write the file again";
            findings.push(Finding::new(&file.path, index + 1, "lock-file", message));
        }
    }
}

/// Unfinished work belongs in an issue. Words in strings are not meant.
fn check_marks(source: &RustFile, findings: &mut Vec<Finding>) {
    for (index, line) in source.text.lines().enumerate() {
        let (code, comment) = line.split_once("//").unwrap_or((line, ""));
        let is_quoted = code.matches('"').count() % 2 == 1;
        let mark = MARKS.iter().find(|mark| comment.contains(*mark));
        if let Some(mark) = mark.filter(|_| !is_quoted) {
            let message = format!("{mark}: finish it, or file an issue");
            findings.push(Finding::new(source.path, index + 1, "unfinished", message));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::finding::places;
    use crate::tidy::rust::lex_all;
    use crate::tidy::tree::Tree;

    fn found(path: &str, text: &str) -> Vec<String> {
        let tree = Tree::of(&[(path, text)]);
        places(&check(&tree, &lex_all(&tree.files).0))
    }

    #[test]
    fn paths_of_one_machine_are_found_and_urls_are_not() {
        assert_eq!(found("a.md", "ok\ncd /work/main\n"), ["a.md:2: machine-path"]);
        assert_eq!(found("a.md", "`/home/me/x`"), ["a.md:1: machine-path"]);
        assert_eq!(found("a.md", "target=/tmp/t/a"), ["a.md:1: machine-path"]);
        assert_eq!(
            found("a.md", "http://127.0.0.1:80/work/x /api/home/y ${X}/work/ work/z"),
            [""; 0]
        );
    }

    #[test]
    fn registries_are_found() {
        assert_eq!(
            found(".npmrc", "registry=https://registry.npmjs.org"),
            [".npmrc:1: registry-host"]
        );
        assert_eq!(found("deny.toml", "https://github.com/rust-lang/crates.io-index"), [""; 0]);
    }

    #[test]
    fn lock_files_name_no_other_source() {
        let lock = |source: &str| format!("[[package]]\nname = \"a\"\nsource = \"{source}\"\n");
        assert_eq!(found("Cargo.lock", &lock(super::CRATES_INDEX)), [""; 0]);
        assert_eq!(
            found("Cargo.lock", &lock("sparse+https://mirror.example/")),
            ["Cargo.lock:3: lock-file"]
        );
        let resolved = "{\n\"resolved\": \"https://mirror.example/a.tgz\",\n";
        assert_eq!(
            found("web/package-lock.json", resolved),
            ["web/package-lock.json:2: lock-file"]
        );
        assert_eq!(found("web/package-lock.json", "\"resolved\": \"packages/a\","), [""; 0]);
    }

    #[test]
    fn marks_of_unfinished_work_are_found_in_comments_only() {
        assert_eq!(found("a.rs", "fn f() {} // TODO: more\n"), ["a.rs:1: unfinished"]);
        assert_eq!(found("a.rs", "fn f() { g(\"// TODO\"); }\n"), [""; 0]);
    }
}
