//! Read-only connections, lent to blocking tasks.
//!
//! Invariant: at most [`READERS_MAX`] reads run at once; the others wait their turn off the async
//! threads' backs.

use novacore_store::error::StoreError;
use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::sync::Semaphore;

/// Most reads at once.
const READERS_MAX: usize = 8;

/// Connections to one file: opened when none is idle, kept for the next read.
#[derive(Debug)]
pub(crate) struct Pool {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Pool {
    pub(crate) fn new(path: PathBuf) -> Pool {
        Pool { path, idle: Mutex::default() }
    }

    /// Runs a read on this thread. `failed` tells what it means that the file cannot be opened.
    pub(crate) fn lend<R, E>(
        &self,
        failed: impl FnOnce(rusqlite::Error) -> E,
        read: impl FnOnce(&Connection) -> Result<R, E>,
    ) -> Result<R, E> {
        let pooled = self.idle.lock().pop();
        let connection = match pooled {
            Some(connection) => connection,
            None => open_reader(&self.path).map_err(failed)?,
        };
        let result = read(&connection);
        let mut idle = self.idle.lock();
        if idle.len() < READERS_MAX {
            idle.push(connection);
        }
        result
    }
}

/// A pool whose reads take turns.
#[derive(Clone, Debug)]
pub(crate) struct Readers {
    pool: Arc<Pool>,
    turns: Arc<Semaphore>,
}

impl Readers {
    pub(crate) fn new(path: &Path) -> Readers {
        Readers {
            pool: Arc::new(Pool::new(path.to_owned())),
            turns: Arc::new(Semaphore::new(READERS_MAX)),
        }
    }

    /// Runs a read on a blocking thread.
    pub(crate) async fn read<R: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<R, StoreError> + Send + 'static,
    ) -> Result<R, StoreError> {
        let turn = self.turns.clone().acquire_owned().await.map_err(|_| StoreError::Unavailable)?;
        let pool = self.clone();
        let task = tokio::task::spawn_blocking(move || {
            let result = pool.read_here(read);
            drop(turn);
            result
        });
        task.await.map_err(|failure| StoreError::Internal(failure.to_string()))?
    }

    /// Runs a read on this thread.
    pub(crate) fn read_here<R>(
        &self,
        read: impl FnOnce(&Connection) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        self.pool.lend(crate::failure::of_read, read)
    }
}

/// Opens a file for reading only.
pub(crate) fn open_reader(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    crate::schema::configure(&connection)?;
    Ok(connection)
}
