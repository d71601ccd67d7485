//! Opening a data directory: lock, check, recover, catch up, then serve.
//!
//! Invariant: one process per directory. Invariant: what is damaged is refused, never repaired by
//! guessing; a torn end of the write-ahead log is no damage, it was never acknowledged.

use crate::{
    accounts::Accounts,
    derived::{Derived, DerivedOptions},
    journal::Head,
    keys,
    names::Names,
    readers::Readers,
    row::Seq,
    schema,
    store::{SqliteStore, load_slot},
    writer::{Job, OnFatal, Setup, Shared, Writer, sweep_every_second},
};
use arc_swap::ArcSwap;
use novacore_ledger::{Policy, Tier};
use novacore_store::{
    book::{Book, Decide},
    changes::Listeners,
    clock::Clock,
    lane::{LaneReceiver, LaneSender, lane},
    observe::Observer,
};
use novacore_vocab::ResourceSpec;
use parking_lot::RwLock;
use rusqlite::Connection;
use rustix::fs::{FlockOperation, flock};
use std::{
    fs::{DirBuilder, File, OpenOptions},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicU64, mpsc},
    thread::JoinHandle,
};
use thiserror::Error;
use tokio::sync::broadcast;

/// Name of the file that must survive.
pub const LEDGER_FILE: &str = "ledger.db";
/// Name of the folder of derived files, which may be deleted.
pub const DERIVED_DIR: &str = "derived";
const LOCK_FILE: &str = "lock";
/// Up to this size the whole ledger file is checked at the start; beyond it `novacore ledger
/// verify` does that.
const QUICK_CHECK_BYTES_MAX: u64 = 32 << 20;
/// Commits that a slow listener may fall behind before it must read the ledger.
const POSTED_BACKLOG: usize = 4_096;

/// How to open a data directory.
#[derive(Clone, Debug)]
pub struct Options {
    /// The directory; made if missing, readable by its owner alone.
    pub dir: PathBuf,
    /// What is metered.
    pub resources: Vec<ResourceSpec>,
    /// The tiers as configured; those that an operator has edited are kept as edited.
    pub tiers: Vec<Tier>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Who measures.
    pub observer: Arc<dyn Observer>,
    /// How many accounts stay in memory.
    pub accounts_max: usize,
    /// Below this many free bytes on the disk, writes are refused.
    pub free_bytes_min: u64,
    /// How many bytes the filters of the key index may take.
    pub key_filter_bytes_max: u64,
    /// What to do when going on would be unsafe.
    pub on_fatal: OnFatal,
}

/// Why a data directory was not opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("{0} is in use by another process")]
    InUse(PathBuf),
    /// The file is not a ledger of ours.
    #[error("{0} is not a NovaCore ledger")]
    Foreign(PathBuf),
    /// A newer release wrote it.
    #[error("{file} has schema {found}, this release knows up to {known}")]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its schema.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// The file contradicts itself.
    #[error(
        "{file} is damaged: {why}. Nothing was changed. Restore the latest backup into an empty directory, or move \
         this file away and ask for help before serving"
    )]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What was found.
        why: String,
    },
    /// The operating system refused something.
    #[error("{path}: {source}")]
    Io {
        /// What was touched.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Derived files cannot be made.
    #[error("derived files: {0}")]
    Derived(String),
    /// The configured and the stored tiers and resources do not fit together.
    #[error("tiers and resources: {0}")]
    Policy(String),
    /// SQLite failed.
    #[error("{LEDGER_FILE}: {0}")]
    Sqlite(#[from] rusqlite::Error),
}

/// The threads of a store, and the lock on its directory. Dropped after the queue's entrance, so
/// that they end.
#[derive(Debug)]
pub(crate) struct Threads {
    stop_sweeper: Option<mpsc::Sender<()>>,
    running: Vec<JoinHandle<()>>,
    /// Held for the life of the store.
    _lock: File,
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.stop_sweeper = None;
        for thread in self.running.drain(..) {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
    }
}

impl SqliteStore {
    /// Opens a data directory, or makes a new one. Blocks until derived files have caught up.
    pub fn open(options: Options) -> Result<SqliteStore, OpenError> {
        SqliteStore::open_judged_by(options, novacore_ledger::decide)
    }

    /// As [`SqliteStore::open`], with another judge: for tests of what a broken one does.
    pub(crate) fn open_judged_by(
        options: Options,
        judge: Decide,
    ) -> Result<SqliteStore, OpenError> {
        let lock = lock_dir(&options.dir)?;
        let path = options.dir.join(LEDGER_FILE);
        let mut connection = open_ledger(&path)?;
        let (head, names) = check(&path, &connection)?;
        // Entries name configured resources only; numbered now, none needs a write of its own
        // later.
        for spec in &options.resources {
            names.intern(&connection, &spec.name)?;
        }
        let policy = Arc::new(load_policy(&mut connection, &options)?);
        let derived = derived_options(&options, &connection, names.clone(), policy.clone())?;
        let derived = Derived::open(derived).map_err(|error| OpenError::Derived(error.chain()))?;
        let shared = Arc::new(Shared {
            accounts: Accounts::default(),
            names,
            policy: ArcSwap::from(policy.clone()),
            derived,
            posted: broadcast::channel(POSTED_BACKLOG).0,
            entries: AtomicU64::new(head.last_seq),
            trouble: RwLock::new(None),
        });
        start(options, Book::with_decide(policy, judge), connection, head, shared, lock)
    }
}

/// How the derived files of a data directory are opened.
pub(crate) fn derived_options(
    options: &Options,
    connection: &Connection,
    names: Names,
    policy: Arc<Policy>,
) -> Result<DerivedOptions, OpenError> {
    Ok(DerivedOptions {
        dir: options.dir.join(DERIVED_DIR),
        ledger_path: options.dir.join(LEDGER_FILE),
        ledger_uuid: ledger_uuid(connection)?,
        names,
        policy,
        observer: options.observer.clone(),
        key_filter_bytes_max: options.key_filter_bytes_max,
    })
}

fn start(
    options: Options,
    book: Book,
    connection: Connection,
    head: Head,
    shared: Arc<Shared>,
    lock: File,
) -> Result<SqliteStore, OpenError> {
    let (jobs, queue) = lane(Job::weight);
    let path = options.dir.join(LEDGER_FILE);
    let readers = Readers::new(&path);
    let clock = options.clock.clone();
    let mut writer = Writer::new(
        Setup {
            connection,
            ledger_path: path.clone(),
            shared: shared.clone(),
            clock: clock.clone(),
            observer: options.observer,
            accounts_max: options.accounts_max,
            free_bytes_min: options.free_bytes_min,
            on_fatal: options.on_fatal,
        },
        book,
        head,
    );
    recall(&path, &readers, &shared, &mut writer)?;
    let threads = spawn(writer, queue, jobs.clone(), lock)
        .map_err(|source| OpenError::Io { path, source })?;
    let listeners = Listeners::default();
    Ok(SqliteStore { jobs, readers, shared, clock, listeners, _threads: threads })
}

/// What the writer must have in memory from the start: accounts with open holds, and keys not yet
/// in the index.
fn recall(
    path: &Path,
    readers: &Readers,
    shared: &Shared,
    writer: &mut Writer,
) -> Result<(), OpenError> {
    let failed = |error: novacore_store::error::StoreError| OpenError::Derived(error.to_string());
    let result = readers.read_here(|connection| {
        for user in shared.derived.accounts_with_open_holds(connection)? {
            let slot = load_slot(shared, connection, user)?;
            if let Some(slot) = shared.accounts.insert(slot, shared.accounts.epoch()) {
                writer.note_due(&slot);
            }
        }
        keys::since(connection, shared.derived.keys_covered_through(), |seq: Seq, user, record| {
            writer.remember_key(seq, user, record);
        })
    });
    result.map_err(|error| match error {
        novacore_store::error::StoreError::Damaged { why, .. } => {
            OpenError::Damaged { file: path.to_owned(), why }
        }
        other => failed(other),
    })
}

fn spawn(
    writer: Writer,
    queue: LaneReceiver<Job>,
    jobs: LaneSender<Job>,
    lock: File,
) -> std::io::Result<Threads> {
    let (stop_sweeper, stop) = mpsc::channel();
    let thread = |name: &str| std::thread::Builder::new().name(name.into());
    let sweeper = thread("sweeper").spawn(move || sweep_every_second(jobs, stop))?;
    let writer = thread("ledger").spawn(move || writer.run(queue))?;
    Ok(Threads { stop_sweeper: Some(stop_sweeper), running: vec![sweeper, writer], _lock: lock })
}

pub(crate) fn lock_dir(dir: &Path) -> Result<File, OpenError> {
    let io = |source| OpenError::Io { path: dir.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(io)?;
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(dir.join(LOCK_FILE))
        .map_err(io)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(OpenError::InUse(dir.to_owned())),
        Err(error) => Err(io(error.into())),
    }
}

pub(crate) fn open_ledger(path: &Path) -> Result<Connection, OpenError> {
    let io = |source| OpenError::Io { path: path.to_owned(), source };
    // Made by us first, for its mode: it holds password hashes.
    OpenOptions::new().create(true).append(true).mode(0o600).open(path).map_err(io)?;
    let mut connection = Connection::open(path)?;
    if is_blank(&connection).map_err(|error| damage(path, error))? {
        schema::configure_writer(&connection)?;
        let tx = connection.transaction()?;
        schema::create(&tx, *uuid::Uuid::new_v4().as_bytes())?;
        tx.commit()?;
        sync_dir(path).map_err(io)?;
        return Ok(connection);
    }
    check_ours(path, &connection)?;
    schema::configure_writer(&connection).map_err(|error| damage(path, error))?;
    // What an unclean stop left in the log goes into the file, synced, before anything builds on
    // it.
    let truncate = "PRAGMA wal_checkpoint(TRUNCATE)";
    connection.query_row(truncate, [], |_| Ok(())).map_err(|error| damage(path, error))?;
    let found = version(&connection).map_err(|error| damage(path, error))?;
    if schema::upgrade(&mut connection, found).map_err(|error| damage(path, error))? {
        tracing::info!("the ledger's tables were brought from schema {found} to the present one");
    }
    Ok(connection)
}

/// Whether nothing was ever stored. A first start that was cut short may have left a page, but no
/// table.
fn is_blank(connection: &Connection) -> rusqlite::Result<bool> {
    let tables = "SELECT count(*) FROM sqlite_schema";
    let tables: i64 = connection.query_row(tables, [], |row| row.get(0))?;
    let (application, version) = (pragma(connection, "application_id")?, version(connection)?);
    Ok(application == 0 && version == 0 && tables == 0)
}

/// Refuses a file that is no ledger of ours, or a newer release's.
pub(crate) fn check_ours(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    let application = pragma(connection, "application_id").map_err(|error| damage(path, error))?;
    if application != schema::APPLICATION_ID {
        return Err(OpenError::Foreign(path.to_owned()));
    }
    let (found, known) =
        (version(connection).map_err(|error| damage(path, error))?, schema::SCHEMA_VERSION);
    if found > known {
        return Err(OpenError::Newer { file: path.to_owned(), found, known });
    }
    Ok(())
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    pragma(connection, "user_version")
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, name, |row| row.get(0))
}

/// The name of a new file is durable only once its folder is.
fn sync_dir(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

/// Checks as much of the ledger as a quick start allows: all of a small file, the last batches of
/// any.
fn check(path: &Path, connection: &Connection) -> Result<(Head, Names), OpenError> {
    let size = std::fs::metadata(path).map_or(0, |meta| meta.len());
    if size <= QUICK_CHECK_BYTES_MAX {
        let verdict: String = connection
            .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
            .map_err(|error| damage(path, error))?;
        if verdict != "ok" {
            return Err(OpenError::Damaged { file: path.to_owned(), why: verdict });
        }
    }
    let read = || {
        let (head, names) = (Head::read(connection)?, Names::load(connection)?);
        let wrong = crate::verify::last_batches(connection, &names, &head)?;
        Ok((head, names, wrong))
    };
    match read().map_err(|error| damage(path, error))? {
        (_, _, Some(why)) => Err(OpenError::Damaged { file: path.to_owned(), why }),
        (head, names, None) => Ok((head, names)),
    }
}

pub(crate) fn damage(path: &Path, error: rusqlite::Error) -> OpenError {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    match error.sqlite_error_code() {
        Some(DatabaseCorrupt | NotADatabase) => {
            OpenError::Damaged { file: path.to_owned(), why: error.to_string() }
        }
        _ => OpenError::Sqlite(error),
    }
}

fn ledger_uuid(connection: &Connection) -> Result<[u8; 16], OpenError> {
    let select = "SELECT value FROM meta WHERE name = 'ledger_uuid'";
    Ok(connection.query_row(select, [], |row| row.get(0))?)
}

fn load_policy(connection: &mut Connection, options: &Options) -> Result<Policy, OpenError> {
    let tx = connection.transaction()?;
    let policy = crate::policy::load(&tx, &options.resources, &options.tiers)
        .map_err(|error| OpenError::Policy(error.to_string()))?;
    tx.commit()?;
    Ok(policy)
}
