//! The cluster that every server begins with, made once per target directory and copied.
//!
//! Making a cluster takes seconds of computing, copying it a moment; and a test runner that gives
//! each test a process of its own starts a server for each.
//!
//! Invariant: a template is there as a whole or not at all, and never changes.
//! Invariant: a server works on its copy, which goes with it.

use crate::{
    binaries::Binaries,
    failure::{Failure, cannot},
    owner::Owner,
    program::{program, run},
    watchdog::Watchdog,
};
use std::{
    env,
    fs::{self, File},
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use tempfile::TempDir;
use uuid::Uuid;

/// Who owns the databases.
pub(crate) const USER: &str = "novacore";
/// How a cluster is made; one that is made otherwise has another number.
const MAKE: u32 = 1;
/// In the clear over loopback: SCRAM takes its time by design, and tests connect often.
const INITDB: [&str; 6] = [
    "--no-sync",
    "--no-instructions",
    "--encoding=UTF8",
    "--no-locale",
    "--auth=password",
    "--wal-segsize=4",
];
/// Cargo marks its target directory so that backups leave it out.
const TARGET_MARK: &str = "CACHEDIR.TAG";
const DATA: &str = "data";
const PASSWORD: &str = "password";

/// Where a server's data are in its folder.
pub(crate) fn data_of(folder: &Path) -> PathBuf {
    folder.join(DATA)
}

/// Puts a new cluster into a folder of the owner's; returns its password.
pub(crate) fn place(binaries: &Binaries, owner: Owner, folder: &Path) -> Result<String, Failure> {
    match target() {
        Some(target) => {
            let template = find_or_make(binaries, owner, &target)?;
            copy(&data_of(&template), &data_of(folder), owner)?;
            fs::read_to_string(template.join(PASSWORD)).map_err(cannot("read the password"))
        }
        // Not run by cargo: nowhere to keep one.
        None => initdb(binaries, owner, folder),
    }
}

/// The target directory that this program was built into.
pub(crate) fn target() -> Option<PathBuf> {
    let program = env::current_exe().ok()?;
    program.ancestors().find(|folder| folder.join(TARGET_MARK).is_file()).map(Path::to_owned)
}

fn find_or_make(binaries: &Binaries, owner: Owner, target: &Path) -> Result<PathBuf, Failure> {
    let version = version(binaries)?;
    let name = format!("postgres-fixture-{version}-{MAKE}-{}", owner.number());
    let template = target.join(name);
    if template.exists() {
        return Ok(template);
    }
    // Of those who start together one makes it, and the others wait for him.
    let lock = File::create(beside(&template, "lock")).map_err(cannot("make a lock file"))?;
    lock.lock().map_err(cannot("lock the template"))?;
    if !template.exists() {
        make(binaries, owner, &template)?;
    }
    Ok(template)
}

/// Made where its owner may write, which he may not in the target directory of another.
fn make(binaries: &Binaries, owner: Owner, template: &Path) -> Result<(), Failure> {
    let scratch = TempDir::with_prefix("novacore-template-").map_err(cannot("make a folder"))?;
    // It goes even if we are killed while the cluster is made.
    let _watchdog = Watchdog::start(scratch.path())?;
    owner.give(scratch.path())?;
    let password = initdb(binaries, owner, scratch.path())?;
    let unfinished = beside(template, "new");
    match fs::remove_dir_all(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(cannot("remove an unfinished template")(error));
        }
        Ok(()) | Err(_) => {}
    }
    fs::create_dir(&unfinished).map_err(cannot("make a template"))?;
    make_private(&unfinished)?;
    copy(&data_of(scratch.path()), &data_of(&unfinished), owner)?;
    fs::write(unfinished.join(PASSWORD), password).map_err(cannot("write the password"))?;
    fs::rename(&unfinished, template).map_err(cannot("finish a template"))
}

/// A path with more behind its name, which may have dots.
fn beside(template: &Path, what: &str) -> PathBuf {
    let mut path = template.as_os_str().to_owned();
    path.push(".");
    path.push(what);
    path.into()
}

/// The version in `postgres (PostgreSQL) 15.18 (..)`, as part of a file's name.
fn version(binaries: &Binaries) -> Result<String, Failure> {
    let mut command = program(binaries, "postgres", Path::new("/"));
    command.arg("--version");
    let said = run("postgres --version", command)?;
    let starts_with_digit = |word: &&str| word.starts_with(|first: char| first.is_ascii_digit());
    let version = said.split_whitespace().find(starts_with_digit).unwrap_or_default();
    Ok(version.replace('/', "-"))
}

/// Makes a cluster; returns its password, which nobody else knows.
fn initdb(binaries: &Binaries, owner: Owner, folder: &Path) -> Result<String, Failure> {
    let password = Uuid::new_v4().simple().to_string();
    let file = folder.join(PASSWORD);
    fs::write(&file, &password).map_err(cannot("write the password"))?;
    owner.give(&file)?;
    let mut command = program(binaries, "initdb", folder);
    owner.runs(&mut command);
    command.args(INITDB).args(["--username", USER]);
    command.arg("--pwfile").arg(&file).arg("-D").arg(data_of(folder));
    run("initdb", command)?;
    fs::remove_file(file).map_err(cannot("remove the password"))?;
    Ok(password)
}

fn make_private(folder: &Path) -> Result<(), Failure> {
    let private = fs::Permissions::from_mode(0o700);
    fs::set_permissions(folder, private).map_err(cannot("close a folder to others"))
}

/// Copies a folder with all that is in it, for its owner alone.
pub(crate) fn copy(from: &Path, to: &Path, owner: Owner) -> Result<(), Failure> {
    fs::create_dir(to).map_err(cannot("copy a folder"))?;
    make_private(to)?;
    owner.give(to)?;
    for entry in fs::read_dir(from).map_err(cannot("read a folder"))? {
        let entry = entry.map_err(cannot("read a folder"))?;
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type().map_err(cannot("read a folder"))?.is_dir() {
            copy(&from, &to, owner)?;
        } else {
            fs::copy(&from, &to).map_err(cannot("copy a folder"))?;
            owner.give(&to)?;
        }
    }
    Ok(())
}
