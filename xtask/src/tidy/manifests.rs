//! The manifests of the workspace's crates, and the rules that hold for each alone: dependencies
//! come from the workspace's list, lints are the workspace's, no features, nothing unused.
//!
//! Not here: which crate may use which (`arrows`), and what pure crates may take (`pure`).

use std::collections::BTreeSet;

use anyhow::Context as _;
use toml::{Table, Value};

use super::finding::Finding;
use super::rust::{Kind, RustFile};
use super::tree::{TextFile, Tree};

const WORKSPACE: &str = "workspace-dependency";
/// Crates whose own lints deny `unsafe` where the workspace forbids it, so that a module may expect
/// it: a VFS is made of C function pointers.
const UNSAFE_DENIED: &[&str] = &["power-loss"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// `[dependencies]` and `[build-dependencies]`: part of what is released.
    Normal,
    Dev,
}

#[derive(Debug)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) purpose: Purpose,
    pub(crate) line: usize,
    from_workspace: bool,
    optional: bool,
}

#[derive(Debug)]
pub(crate) struct Manifest {
    pub(crate) path: String,
    /// With the slash at the end: `crates/ledger/`.
    pub(crate) folder: String,
    /// The package's name without `novacore-`; the binary's package, `novacore`, is `server`.
    pub(crate) name: String,
    pub(crate) dependencies: Vec<Dependency>,
    features_line: Option<usize>,
    has_workspace_lints: bool,
    denies_unsafe: bool,
}

/// The name the table of arrows knows a package by; `None` if it is not one of ours.
pub(crate) fn short_name(package: &str) -> Option<&str> {
    match package {
        "novacore" => Some("server"),
        "xtask" => Some("xtask"),
        other => other.strip_prefix("novacore-"),
    }
}

/// Reads the manifests of all member crates; the root's, which is no package, is left out, and so
/// is one that is a workspace of its own (`fuzz`): the list and the lints here are not its.
pub(crate) fn read_all(tree: &Tree) -> anyhow::Result<Vec<Manifest>> {
    let is_alone = |file: &&TextFile| file.text.lines().any(|line| line == "[workspace]");
    let members = tree.ending_in("/Cargo.toml").filter(|file| !is_alone(file));
    members.map(|file| Manifest::read(file).with_context(|| file.path.clone())).collect()
}

impl Manifest {
    pub(crate) fn read(file: &TextFile) -> anyhow::Result<Manifest> {
        let table: Table = toml::from_str(&file.text)?;
        let package = table.get("package").and_then(|package| package.get("name"));
        let package = package.and_then(Value::as_str).context("no package.name")?;
        let mut dependencies = Vec::new();
        read_dependencies(&table, &file.text, &mut dependencies);
        for target in table.get("target").and_then(Value::as_table).into_iter().flatten() {
            let target = target.1.as_table().context("a target is a table")?;
            read_dependencies(target, &file.text, &mut dependencies);
        }
        let lints = table.get("lints");
        let unsafe_code = lints.and_then(|lints| lints.get("rust")?.get("unsafe_code"));
        let lints = lints.and_then(|lints| lints.get("workspace"));
        Ok(Manifest {
            path: file.path.clone(),
            folder: file.path.trim_end_matches("Cargo.toml").to_owned(),
            name: short_name(package).unwrap_or(package).to_owned(),
            dependencies,
            features_line: table.contains_key("features").then(|| line_of(&file.text, "[features")),
            has_workspace_lints: lints.and_then(Value::as_bool) == Some(true),
            denies_unsafe: unsafe_code.and_then(Value::as_str) == Some("deny"),
        })
    }

    /// The sources of this crate, examples and tests included.
    fn owns(&self, path: &str) -> bool {
        path.starts_with(&self.folder)
    }
}

fn read_dependencies(table: &Table, text: &str, into: &mut Vec<Dependency>) {
    let sections = [
        ("dependencies", Purpose::Normal),
        ("build-dependencies", Purpose::Normal),
        ("dev-dependencies", Purpose::Dev),
    ];
    for (section, purpose) in sections {
        for (name, value) in table.get(section).and_then(Value::as_table).into_iter().flatten() {
            let flag = |key| value.get(key).and_then(Value::as_bool) == Some(true);
            let section_line = line_of(text, &format!("[{section}"));
            let below = text.lines().skip(section_line).position(|line| is_entry(line, name));
            into.push(Dependency {
                name: name.clone(),
                purpose,
                line: below.map_or(section_line, |lines| section_line + lines + 1),
                from_workspace: flag("workspace"),
                optional: flag("optional"),
            });
        }
    }
}

fn is_entry(line: &str, name: &str) -> bool {
    line.strip_prefix(name).is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
}

/// The first line that starts so; the first of all if there is none.
fn line_of(text: &str, start: &str) -> usize {
    text.lines().position(|line| line.starts_with(start)).map_or(1, |index| index + 1)
}

pub(crate) fn check(manifests: &[Manifest], sources: &[RustFile]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in manifests {
        check_shape(manifest, &mut findings);
        let used = names_used(sources.iter().filter(|source| manifest.owns(source.path)));
        for dependency in &manifest.dependencies {
            if !used.contains(&dependency.name.replace('-', "_")) {
                let message = format!("`{}` is not named in the crate's source", dependency.name);
                findings.push(Finding::new(
                    &manifest.path,
                    dependency.line,
                    "unused-dependency",
                    message,
                ));
            }
        }
    }
    findings
}

fn check_shape(manifest: &Manifest, findings: &mut Vec<Finding>) {
    let mut report = |line, rule, message: String| {
        findings.push(Finding::new(&manifest.path, line, rule, message));
    };
    if let Some(line) = manifest.features_line {
        report(line, "features", "choose at run time instead (S25)".to_owned());
    }
    let may_deny = UNSAFE_DENIED.contains(&manifest.name.as_str()) && manifest.denies_unsafe;
    if !manifest.has_workspace_lints && !may_deny {
        report(1, "lints", "add `[lints]` with `workspace = true`".to_owned());
    }
    for dependency in &manifest.dependencies {
        if !dependency.from_workspace {
            let message = format!("write `{}.workspace = true` (S26)", dependency.name);
            report(dependency.line, WORKSPACE, message);
        }
        if dependency.optional {
            let message = format!("optional `{}` is a feature in disguise (S25)", dependency.name);
            report(dependency.line, "features", message);
        }
    }
}

/// Every word of the code, and of paths in strings: `#[serde(with = "..")]` names crates too.
fn names_used<'a>(sources: impl Iterator<Item = &'a RustFile<'a>>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for token in sources.flat_map(|source| &source.tokens) {
        match token.kind {
            Kind::Word => {
                names.insert(token.text.clone());
            }
            Kind::Literal if token.text.contains("::") => {
                let words = token.text.split(|c: char| !c.is_alphanumeric() && c != '_');
                names.extend(words.map(str::to_owned));
            }
            Kind::Literal | Kind::Punct | Kind::Open | Kind::Close => {}
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::{check, read_all};
    use crate::tidy::finding::places;
    use crate::tidy::rust::lex_all;
    use crate::tidy::tree::Tree;

    const SOUND: &str = "[package]\nname = \"novacore-a\"\n[lints]\nworkspace = true\n";

    fn check_crate(manifest: &str, source: &str) -> Vec<String> {
        let tree = Tree::of(&[("crates/a/Cargo.toml", manifest), ("crates/a/src/lib.rs", source)]);
        let manifests = read_all(&tree).expect("the example is a manifest");
        places(&check(&manifests, &lex_all(&tree.files).0))
    }

    #[test]
    fn a_dependency_outside_the_workspaces_list_is_found_on_its_line() {
        let sound = format!("{SOUND}[dependencies]\nserde.workspace = true\n");
        assert_eq!(check_crate(&sound, "use serde::Serialize;"), [""; 0]);
        let own = format!("{SOUND}[dev-dependencies]\nserde = \"1.0\"\n");
        assert_eq!(
            check_crate(&own, "use serde::Serialize;"),
            ["crates/a/Cargo.toml:6: workspace-dependency"]
        );
        let target = format!("{SOUND}[target.'cfg(unix)'.dependencies]\nlibc = \"0.2\"\n");
        assert_eq!(
            check_crate(&target, "use libc::c_int;"),
            ["crates/a/Cargo.toml:6: workspace-dependency"]
        );
    }

    #[test]
    fn features_are_found_also_in_disguise() {
        let open = format!("{SOUND}[features]\nfast = []\n");
        assert_eq!(check_crate(&open, ""), ["crates/a/Cargo.toml:5: features"]);
        let disguised =
            format!("{SOUND}[dependencies]\nserde = {{ workspace = true, optional = true }}\n");
        assert_eq!(check_crate(&disguised, "use serde;"), ["crates/a/Cargo.toml:6: features"]);
    }

    #[test]
    fn own_lints_are_found() {
        let manifest = "[package]\nname = \"novacore-a\"\n[lints.rust]\nunsafe_code = \"warn\"\n";
        assert_eq!(check_crate(manifest, ""), ["crates/a/Cargo.toml:1: lints"]);
        let excepted = manifest.replace("novacore-a", "novacore-power-loss");
        assert_eq!(check_crate(&excepted, ""), ["crates/a/Cargo.toml:1: lints"]);
        assert_eq!(check_crate(&excepted.replace("warn", "deny"), ""), [""; 0]);
    }

    #[test]
    fn a_dependency_nobody_names_is_found() {
        let manifest = format!("{SOUND}[dependencies]\nserde.workspace = true\n");
        let unused = ["crates/a/Cargo.toml:6: unused-dependency"];
        assert_eq!(check_crate(&manifest, "/// Not serde::Serialize.\nfn f() {}"), [""; 0]);
        assert_eq!(check_crate(&manifest, "/// Not serde.\nfn f() {}"), unused);
        assert_eq!(check_crate(&manifest, "fn f() { m(\"serde::x\") }"), [""; 0]);
        assert_eq!(check_crate(&manifest, "fn f() {} // serde"), unused);
    }
}
