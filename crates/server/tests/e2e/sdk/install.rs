//! The SDKs, installed once for all runs under the target folder, in the versions of `tests/sdk`.
//!
//! Invariant: what cannot be installed, in bounded time, is a reason to skip and never a failure:
//! a test needs no registry.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc,
    time::Duration,
};

/// Longest time for an installation.
const INSTALL_TIME: Duration = Duration::from_secs(100);
/// Written last into a folder that is whole: the list of what is in it.
const DONE: &str = "installed";

/// Where the cases are.
pub(super) fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/sdk")
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// The interpreter of a virtual environment that has the SDKs, with a script to run.
pub(super) fn python(script: &str) -> Result<Command, String> {
    let home = folder("sdk-python");
    let list = sources().join("requirements.txt");
    let interpreter = home.join("bin/python");
    install(&home, &list, || {
        finish(Command::new("python3").args(["-m", "venv"]).arg(&home))?;
        let mut pip = Command::new(&interpreter);
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        pip.args(["--no-input", "--only-binary", ":all:", "--retries", "1", "--timeout", "10"]);
        finish(pip.arg("--requirement").arg(&list))
    })?;
    let mut command = Command::new(interpreter);
    command.env("PYTHONDONTWRITEBYTECODE", "1").arg(sources().join(script));
    Ok(command)
}

/// Node with a script to run, which lies beside the SDKs, since it finds them only there.
pub(super) fn node(script: &str) -> Result<Command, String> {
    let home = folder("sdk-node");
    let installed = install(&home, &sources().join("package-lock.json"), || {
        for name in ["package.json", "package-lock.json", ".npmrc"] {
            fs::copy(sources().join(name), home.join(name)).map_err(|error| error.to_string())?;
        }
        let mut npm = Command::new("npm");
        npm.args(["ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]);
        npm.args(["--fetch-retries", "1", "--fetch-timeout", "10000"]);
        finish(npm.current_dir(&home))
    })?;
    for name in ["cases.mjs", script] {
        copy_if_new(&sources().join(name), &home.join(name)).map_err(|error| error.to_string())?;
    }
    drop(installed);
    let mut command = Command::new("node");
    command.arg(home.join(script));
    Ok(command)
}

/// Another test may be reading what is there.
fn copy_if_new(from: &Path, to: &Path) -> std::io::Result<()> {
    let wanted = fs::read(from)?;
    if fs::read(to).is_ok_and(|had| had == wanted) { Ok(()) } else { fs::write(to, wanted) }
}

/// Fills `home` unless it has what `list` says. Others wait while the file that is returned is
/// open.
fn install(
    home: &Path,
    list: &Path,
    fill: impl FnOnce() -> Result<(), String>,
) -> Result<File, String> {
    let told = |error: std::io::Error| error.to_string();
    let lock = File::create(home.with_extension("lock")).map_err(told)?;
    lock.lock().map_err(told)?;
    let wanted = fs::read(list).map_err(told)?;
    if fs::read(home.join(DONE)).is_ok_and(|had| had == wanted) {
        return Ok(lock);
    }
    if home.exists() {
        fs::remove_dir_all(home).map_err(told)?;
    }
    fs::create_dir_all(home).map_err(told)?;
    fill()?;
    fs::write(home.join(DONE), wanted).map_err(told)?;
    Ok(lock)
}

/// Runs a command to its end, or kills it after a while.
fn finish(command: &mut Command) -> Result<(), String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let told = |error: std::io::Error| format!("{name}: {error}");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(told)?;
    let mut output = child.stdout.take().expect("piped");
    let (ends, ended) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        // Nobody reads it, but it ends with the process.
        let _ = std::io::copy(&mut output, &mut std::io::sink());
        drop(ends);
    });
    let is_late = ended.recv_timeout(INSTALL_TIME) == Err(mpsc::RecvTimeoutError::Timeout);
    if is_late {
        child.kill().map_err(told)?;
    }
    let status = child.wait().map_err(told)?;
    match (is_late, status.success()) {
        (true, _) => Err(format!("{name} took longer than {INSTALL_TIME:?}")),
        (false, false) => Err(format!("{name} failed ({status}); is its registry there?")),
        (false, true) => Ok(()),
    }
}
