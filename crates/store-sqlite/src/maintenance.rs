//! An operator's chores on a data directory: verify, rebuild, back up, export.
//!
//! Invariant: verify and rebuild hold the directory's lock; backup and export only read, beside a
//! running server too.

use crate::{
    derived::{Derived, DerivedOptions},
    journal::Head,
    names::Names,
    open::{DERIVED_DIR, LEDGER_FILE, OpenError, Options, derived_options, lock_dir, open_ledger},
    profile,
    readers::open_reader,
    row::{self, Seq, UserNo},
    verify::batch_after,
};
use novacore_ledger::{AccountState, Entry, HoldStatus, Policy};
use novacore_store::{book, error::StoreError};
use novacore_vocab::UserId;
use rusqlite::Connection;
use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Most differences that are told one by one.
const FINDINGS_MAX: usize = 20;

/// What a verification found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyReport {
    /// Entries read.
    pub entries: u64,
    /// Batches whose hash was recomputed.
    pub batches: u64,
    /// Accounts recounted.
    pub accounts: u64,
    /// Memories read.
    pub memories: u64,
    /// What is wrong, at most twenty findings; empty if nothing is.
    pub findings: Vec<String>,
}

/// Recomputes the chain of batches, recounts every account from its entries and every user's
/// memories from their rows, and compares with each other and with the
/// derived files, which are made once more for that: they take their room on the disk twice
/// meanwhile.
pub fn verify(options: &Options) -> Result<VerifyReport, OpenError> {
    let _lock = lock_dir(&options.dir)?;
    let path = options.dir.join(LEDGER_FILE);
    let (connection, names, policy) = open_parts(options, &path)?;
    let mut report = VerifyReport::default();
    let mut before = Head::EMPTY;
    let mut states: BTreeMap<UserNo, AccountState> = BTreeMap::new();
    while let Some(batch) = batch_after(&connection, before.last_seq)? {
        report.batches += 1;
        let rows = batch.rows(&connection, &names)?;
        let wrong = batch.gap_after(&before).or_else(|| batch.alteration(&before, &rows));
        if let Some(why) = wrong {
            report.note(why);
        }
        for (row, _) in rows {
            report.entries += 1;
            let state = states.entry(row.user_no).or_insert_with(|| nobody(row.user_no));
            let folded = fold(state, &row.entry, &policy);
            if let Err(why) = folded {
                report.note(format!("entry {}: {why}", row.seq));
            }
        }
        before = batch.head;
    }
    let last: i64 =
        connection.query_row("SELECT coalesce(max(seq), 0) FROM entry", [], |row| row.get(0))?;
    if last as Seq != before.last_seq {
        report.note(format!("entries go on to {last}, batches end at {}", before.last_seq));
    }
    report.accounts = states.len() as u64;
    report.memories =
        crate::memories::differences(&connection, &states, &mut |finding| report.note(finding))?;
    if report.findings.is_empty() {
        let derived = open_derived(derived_options(options, &connection, names, policy)?)?;
        compare(&derived, &states, &mut report)?;
    }
    Ok(report)
}

/// Deletes the derived files and builds them anew; how many entries they account for then.
pub fn rebuild(options: &Options) -> Result<u64, OpenError> {
    let _lock = lock_dir(&options.dir)?;
    let path = options.dir.join(LEDGER_FILE);
    let (connection, names, policy) = open_parts(options, &path)?;
    let dir = options.dir.join(DERIVED_DIR);
    match std::fs::remove_dir_all(&dir) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            return Err(OpenError::Io { path: dir, source });
        }
        Ok(()) | Err(_) => {}
    }
    Ok(open_derived(derived_options(options, &connection, names, policy)?)?.watermark())
}

/// Copies the ledger into a new file, whole as of now, readable by its owner alone. A copy that
/// fails leaves no file behind.
pub fn backup(dir: &Path, to: &Path) -> Result<(), OpenError> {
    let io = |path: &Path, source| OpenError::Io { path: path.to_owned(), source };
    let connection = open_existing(dir)?;
    let target = to.to_str().ok_or_else(|| {
        io(to, io::Error::new(io::ErrorKind::InvalidInput, "the path is not UTF-8"))
    })?;
    // Made by us first, for its mode: it holds password hashes. A file that is there is refused.
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to);
    made.map_err(|source| io(to, source))?;
    if let Err(error) = connection.execute("VACUUM INTO ?1", [target]) {
        // What failed is told; that the rest of it could not be removed would hide it.
        let _ = std::fs::remove_file(to);
        return Err(error.into());
    }
    File::open(to).and_then(|file| file.sync_all()).map_err(|source| io(to, source))?;
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.map_or_else(|| PathBuf::from("."), Path::to_owned);
    File::open(&parent).and_then(|dir| dir.sync_all()).map_err(|source| io(&parent, source))
}

/// Calls back with every entry in the order of commits, until that fails.
pub fn export(
    dir: &Path,
    mut each: impl FnMut(UserId, &Entry) -> io::Result<()>,
) -> Result<u64, OpenError> {
    let connection = open_existing(dir)?;
    let names = Names::load(&connection)?;
    let mut statement = connection.prepare(&format!("{} ORDER BY entry.seq", row::SELECT))?;
    let mut rows = statement.query([])?;
    let mut count = 0;
    while let Some(sql) = rows.next()? {
        let user = row::user_id(sql, row::USER_COLUMN)?;
        let read = row::read(sql, &names)?;
        each(user, &read.entry)
            .map_err(|source| OpenError::Io { path: PathBuf::from("export"), source })?;
        count += 1;
    }
    Ok(count)
}

impl VerifyReport {
    fn note(&mut self, finding: String) {
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }
}

fn open_existing(dir: &Path) -> Result<Connection, OpenError> {
    let path = dir.join(LEDGER_FILE);
    if !path.exists() {
        let source = io::Error::new(io::ErrorKind::NotFound, "there is no ledger here");
        return Err(OpenError::Io { path, source });
    }
    Ok(open_reader(&path)?)
}

fn open_parts(
    options: &Options,
    path: &Path,
) -> Result<(Connection, Names, Arc<Policy>), OpenError> {
    let connection = open_ledger(path)?;
    let names = Names::load(&connection)?;
    // Folding needs the kinds of resources, and no tier.
    let policy = Policy::new(options.resources.clone(), options.tiers.clone());
    let policy = policy.map_err(|error| OpenError::Derived(error.to_string()))?;
    Ok((connection, names, Arc::new(policy)))
}

fn open_derived(options: DerivedOptions) -> Result<Derived, OpenError> {
    Derived::open(options).map_err(|error| OpenError::Derived(error.chain()))
}

/// An account whose owner does not matter.
fn nobody(user_no: UserNo) -> AccountState {
    AccountState::new(profile::nobody(user_no), profile::of_nobody())
}

/// Applies an entry; what does not follow from the ones before is told instead of panicking.
fn fold(state: &mut AccountState, entry: &Entry, policy: &Policy) -> Result<(), String> {
    if entry.version != state.version.next() {
        return Err(format!("version {} follows {}", entry.version, state.version));
    }
    let kind = book::kind_of(policy, &entry.resource);
    let apply = std::panic::AssertUnwindSafe(|| state.apply(entry, kind));
    std::panic::catch_unwind(apply)
        .map_err(|_| "it does not follow from those before".to_owned())?;
    // What nothing can follow is dropped: the holds of a long history would not fit in memory.
    let ended = entry.hold.filter(|version| {
        state.holds.get(version).is_some_and(|hold| match hold.status {
            HoldStatus::Settled | HoldStatus::Released | HoldStatus::SettledLate => true,
            HoldStatus::Open | HoldStatus::Expired => false,
        })
    });
    ended.map(|version| state.holds.remove(&version));
    Ok(())
}

fn compare(
    derived: &Derived,
    states: &BTreeMap<UserNo, AccountState>,
    report: &mut VerifyReport,
) -> Result<(), OpenError> {
    let failed = |error: StoreError| OpenError::Derived(error.to_string());
    for (user_no, counted) in states {
        let (account, profile) = (counted.account, counted.profile.clone());
        let (mut kept, _) = derived.load_account(*user_no, account, profile).map_err(failed)?;
        let mut counted = counted.clone();
        counted.shed();
        sort_windows(&mut kept);
        sort_windows(&mut counted);
        if kept != counted {
            report.note(format!("derived counters or holds of user {user_no} differ"));
        }
    }
    derived
        .differences(&mut |difference| report.note(difference))
        .map_err(|error| OpenError::Derived(error.chain()))
}

/// The order of counters within a meter means nothing.
fn sort_windows(state: &mut AccountState) {
    for meter in state.meters.values_mut() {
        meter.windows.sort_by_key(|kept| (kept.window, kept.start));
    }
}
