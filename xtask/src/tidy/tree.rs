//! The files under check.
//!
//! Invariant: paths are relative to the workspace's root, use `/`, and are sorted.
//! Not here: any rule.
//!
//! The folder is walked rather than git asked: git refuses a clone that belongs to another user,
//! which is what a build server often has.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Context as _;

/// Folders that hold no source of ours, wherever they stand.
const SKIPPED_FOLDERS: &[&str] = &[".git", "node_modules", "target", "dist"];
/// Ignored at the root only: the default data directory of `make run`.
const SKIPPED_AT_ROOT: &[&str] = &["data"];

/// A file whose content is UTF-8.
pub(crate) struct TextFile {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// All files of the work tree.
#[derive(Default)]
pub(crate) struct Tree {
    pub(crate) files: Vec<TextFile>,
    /// Every path, also of folders and of files that are not text.
    paths: BTreeSet<String>,
}

impl Tree {
    /// Reads everything below `root`.
    pub(crate) fn load(root: &Path) -> anyhow::Result<Tree> {
        let mut tree = Tree::default();
        tree.walk(root, "")?;
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(tree)
    }

    /// A tree made of texts, for the tests of the rules.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Tree {
        let mut tree = Tree::default();
        for (path, text) in files {
            for (end, _) in path.match_indices('/') {
                tree.paths.insert(path[..end].to_owned());
            }
            tree.paths.insert((*path).to_owned());
            tree.files.push(TextFile { path: (*path).to_owned(), text: (*text).to_owned() });
        }
        tree
    }

    /// True if a file or a folder of this path exists.
    pub(crate) fn has(&self, path: &str) -> bool {
        path.is_empty() || self.paths.contains(path)
    }

    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.paths.iter().map(String::as_str)
    }

    /// The files with this ending, dot included.
    pub(crate) fn ending_in(&self, ending: &str) -> impl Iterator<Item = &TextFile> {
        self.files.iter().filter(move |file| file.path.ends_with(ending))
    }

    fn walk(&mut self, folder: &Path, prefix: &str) -> anyhow::Result<()> {
        let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
        for entry in entries {
            let entry = entry.with_context(|| folder.display().to_string())?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
            let kind = entry.file_type().with_context(|| path.clone())?;
            if kind.is_dir() {
                if !is_skipped(&name, prefix) {
                    self.walk(&entry.path(), &path)?;
                    self.paths.insert(path);
                }
            } else if kind.is_file() {
                let bytes = fs::read(entry.path()).with_context(|| path.clone())?;
                self.paths.insert(path.clone());
                if let Ok(text) = String::from_utf8(bytes) {
                    self.files.push(TextFile { path, text });
                }
            }
        }
        Ok(())
    }
}

fn is_skipped(name: &str, prefix: &str) -> bool {
    SKIPPED_FOLDERS.contains(&name) || (prefix.is_empty() && SKIPPED_AT_ROOT.contains(&name))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Tree, is_skipped};

    #[test]
    fn the_data_directory_is_skipped_at_the_root_only() {
        assert!(is_skipped("data", ""));
        assert!(!is_skipped("data", "crates/demo"));
        assert!(is_skipped("target", "web"));
    }

    #[test]
    fn folders_exist_too() {
        let tree = Tree::of(&[("docs/guides/a.md", "")]);
        assert!(tree.has("docs") && tree.has("docs/guides") && tree.has("docs/guides/a.md"));
        assert!(!tree.has("docs/guides/b.md"));
    }

    #[test]
    fn this_crate_is_read_with_its_texts() {
        let tree = Tree::load(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("it is readable");
        let this = tree.files.iter().find(|file| file.path == "src/tidy/tree.rs");
        assert!(this.expect("this file is found").text.starts_with("//! The files under check."));
        assert!(tree.has("src/tidy"));
    }
}
