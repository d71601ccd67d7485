//! Which crate may use which: the table of DESIGN.md, section 4, and nothing beside it.
//!
//! Invariant: an edge that is not in the table fails, so a new one is a change of this file.
//! Not here: crates from outside (`pure`, `manifests`).

use super::finding::Finding;
use super::manifests::{Dependency, Manifest, Purpose, short_name};

const RULE: &str = "arrow";

/// The crates that decide and never touch the outside.
pub(crate) const PURE: &[&str] = &["vocab", "ledger", "insight", "access", "memory", "dialects"];

/// Crates for development: nothing that is released may use one.
pub(crate) const DEV_ONLY: &[&str] =
    &["store-suite", "sim", "power-loss", "postgres-fixture", "embed-fixture", "benches", "xtask"];

/// Everything that is released except the binary itself.
const RELEASED: &[&str] = &[
    "vocab",
    "ledger",
    "insight",
    "access",
    "memory",
    "dialects",
    "store",
    "store-sqlite",
    "store-postgres",
    "app",
    "wire",
    "edge",
    "outbound",
    "embed",
    "api",
    "gateway",
    "notify",
];

struct Row {
    name: &'static str,
    /// What it may use, group by group.
    uses: &'static [&'static [&'static str]],
}

const fn row(name: &'static str, uses: &'static [&'static [&'static str]]) -> Row {
    Row { name, uses }
}

#[rustfmt::skip]
const ARROWS: &[Row] = &[
    row("vocab",          &[]),
    row("ledger",         &[&["vocab"]]),
    row("insight",        &[&["vocab"]]),
    row("access",         &[&["vocab"]]),
    row("memory",         &[&["vocab"]]),
    row("dialects",       &[&["vocab"]]),
    row("store",          &[PURE]),
    row("store-sqlite",   &[PURE, &["store"]]),
    row("store-postgres", &[PURE, &["store"]]),
    row("outbound",       &[]),
    row("embed",          &[&["vocab", "memory", "app", "outbound"]]),
    row("app",            &[PURE, &["store"]]),
    row("wire",           &[&["vocab"]]),
    row("edge",           &[PURE, &["app", "wire"]]),
    row("api",            &[PURE, &["app", "wire", "edge"]]),
    row("gateway",        &[PURE, &["app", "wire", "edge", "outbound"]]),
    row("notify",         &[&["vocab", "app"]]),
    row("server",         &[RELEASED]),
    row("store-suite",    &[PURE, &["store"]]),
    row("sim",            &[PURE, &["store", "store-sqlite", "store-suite"]]),
    row("power-loss",     &[]),
    row("postgres-fixture", &[]),
    row("embed-fixture",  &[&["vocab", "memory", "app"]]),
    row("benches",        &[RELEASED, &["server", "store-suite", "sim"], FIXTURES]),
    row("xtask",          &[]),
];

/// What stands in for something outside.
const FIXTURES: &[&str] = &["postgres-fixture", "embed-fixture"];

/// What the tests of any crate may use besides: the suite, the simulator, a real store, its disk, a
/// database server, an embedder without a model.
const IN_TESTS: &[&str] =
    &["store-suite", "sim", "store-sqlite", "power-loss", "postgres-fixture", "embed-fixture"];

const BACKENDS: &[&str] = &["store-sqlite", "store-postgres"];

pub(crate) fn check(manifests: &[Manifest]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in manifests {
        let Some(row) = ARROWS.iter().find(|row| row.name == manifest.name) else {
            let message = format!("`{}` has no row in the table of arrows", manifest.name);
            findings.push(Finding::new(&manifest.path, 1, RULE, message));
            continue;
        };
        for dependency in &manifest.dependencies {
            if let Some(message) = objection(row, dependency) {
                findings.push(Finding::new(&manifest.path, dependency.line, RULE, message));
            }
        }
    }
    findings
}

fn objection(row: &Row, dependency: &Dependency) -> Option<String> {
    let (from, to) = (row.name, short_name(&dependency.name)?);
    let both_backends = BACKENDS.contains(&from) && BACKENDS.contains(&to);
    let in_table = row.uses.iter().any(|group| group.contains(&to));
    let is_allowed = match dependency.purpose {
        Purpose::Normal => in_table,
        Purpose::Dev => in_table || (IN_TESTS.contains(&to) && !both_backends),
    };
    if is_allowed {
        None
    } else if both_backends {
        Some(format!("{from} -> {to}: backends never meet"))
    } else if dependency.purpose == Purpose::Normal && DEV_ONLY.contains(&to) {
        Some(format!("{from} -> {to}: {to} is for development only"))
    } else {
        Some(format!("{from} -> {to} is not in the table of arrows (DESIGN.md, section 4)"))
    }
}

#[cfg(test)]
mod tests {
    use super::{ARROWS, DEV_ONLY, PURE, check};
    use crate::tidy::manifests::Manifest;
    use crate::tidy::tree::TextFile;

    fn messages(package: &str, section: &str, dependency: &str) -> Vec<String> {
        let text = format!(
            "[package]\nname = \"{package}\"\n[{section}]\n{dependency} = {{ workspace = true }}\n"
        );
        let file = TextFile { path: format!("crates/{package}/Cargo.toml"), text };
        let manifest = Manifest::read(&file).expect("the example is a manifest");
        check(&[manifest]).into_iter().map(|finding| finding.message).collect()
    }

    fn allowed(package: &str, section: &str, dependency: &str) {
        let found = messages(package, section, dependency);
        assert!(found.is_empty(), "{package} -> {dependency} in {section}: {found:?}");
    }

    fn refused(package: &str, section: &str, dependency: &str) {
        let found = messages(package, section, dependency);
        assert_eq!(found.len(), 1, "{package} -> {dependency} in {section} is refused");
    }

    #[test]
    fn only_edges_of_the_table_pass() {
        allowed("novacore-ledger", "dependencies", "novacore-vocab");
        allowed("novacore-store", "dependencies", "novacore-memory");
        allowed("novacore-app", "dependencies", "novacore-store");
        allowed("novacore", "dependencies", "novacore-store-sqlite");
        allowed("novacore-ledger", "dependencies", "thiserror");
        refused("novacore-vocab", "dependencies", "novacore-ledger");
        refused("novacore-ledger", "dependencies", "novacore-access");
        refused("novacore-ledger", "build-dependencies", "novacore-access");
        refused("novacore-app", "dependencies", "novacore-store-sqlite");
        refused("novacore-api", "dependencies", "novacore-store");
        refused("novacore-wire", "dependencies", "novacore-ledger");
        refused("novacore-app", "dependencies", "novacore");
    }

    #[test]
    fn tests_may_use_the_suite_the_simulator_and_a_real_store() {
        allowed("novacore-app", "dev-dependencies", "novacore-store-sqlite");
        allowed("novacore-store", "dev-dependencies", "novacore-store-suite");
        refused("novacore-app", "dependencies", "novacore-store-suite");
        refused("novacore-app", "dev-dependencies", "novacore-wire");
        refused("novacore-app", "dev-dependencies", "novacore-benches");
    }

    #[test]
    fn backends_never_meet_not_even_in_tests() {
        let found =
            messages("novacore-store-postgres", "dev-dependencies", "novacore-store-sqlite");
        assert_eq!(found, ["store-postgres -> store-sqlite: backends never meet"]);
    }

    #[test]
    fn a_crate_without_a_row_is_found() {
        let found = messages("novacore-extra", "dependencies", "thiserror");
        assert_eq!(found, ["`extra` has no row in the table of arrows"]);
    }

    #[test]
    fn the_table_keeps_its_own_promises() {
        for row in ARROWS {
            for to in row.uses.iter().copied().flatten() {
                assert!(ARROWS.iter().any(|other| other.name == *to), "{to} has a row");
                let is_dev = DEV_ONLY.contains(&row.name);
                assert!(is_dev || !DEV_ONLY.contains(to), "{} is released without {to}", row.name);
                assert!(!PURE.contains(&row.name) || *to == "vocab", "{} is pure", row.name);
            }
        }
    }
}
