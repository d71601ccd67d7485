//! Why there is no server to test on.

use std::io;
use thiserror::Error;

/// A failure of the fixture; its text is what a failed test shows.
#[derive(Debug, Error)]
pub enum Failure {
    /// There are no binaries.
    #[error(
        "PostgreSQL is not installed: no `postgres` and `initdb` in the PATH nor in \
         /usr/lib/postgresql/*/bin. `make test` installs them; by hand on Debian: \
         apt-get install postgresql"
    )]
    NotInstalled,
    /// There is no server with pgvector.
    #[error(
        "there is no PostgreSQL with pgvector in the target directory: `make pgvector` fetches it"
    )]
    NoVectors,
    /// PostgreSQL refuses to run as root, and there is nobody else to run it.
    #[error("PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody`")]
    NoOwner,
    /// The operating system refused.
    #[error("cannot {what}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// A program of PostgreSQL failed.
    #[error("{what} failed:\n{said}")]
    Program {
        /// Which.
        what: &'static str,
        /// What it wrote, or the end of it.
        said: String,
    },
    /// The server is neither ready nor at its end within the time.
    #[error("PostgreSQL is not ready in time:\n{said}")]
    NotReady {
        /// The end of its log.
        said: String,
    },
}

/// For `map_err`: names what was tried.
pub(crate) fn cannot(what: &'static str) -> impl FnOnce(io::Error) -> Failure {
    move |source| Failure::Io { what, source }
}
