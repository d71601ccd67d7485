//! SQLite on the disk that forgets: what it promises holds, and what it does not promise is seen to
//! break.

use novacore_power_loss::{Disk, Loss, register_default};
use rusqlite::{Connection, ErrorCode};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};
use tempfile::TempDir;

const SEEDS: u64 = 60;

/// A folder with a disk in it, and room for copies beside it.
struct Bench {
    folder: TempDir,
    disk: Disk,
}

impl Bench {
    fn new() -> Bench {
        register_default();
        let folder = TempDir::new().expect("a folder");
        let disk = Disk::at(&folder.path().join("disk")).expect("a disk");
        Bench { folder, disk }
    }

    fn open(&self, journal_mode: &str, synchronous: &str) -> Connection {
        let db = open(&self.folder.path().join("disk"));
        db.pragma_update(None, "journal_mode", journal_mode).expect("set");
        db.pragma_update(None, "synchronous", synchronous).expect("set");
        // Few pages stay in memory, so that the main file is written too.
        db.pragma_update(None, "wal_autocheckpoint", 8).expect("set");
        db.execute_batch("CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, filler BLOB)")
            .expect("a table");
        db
    }

    /// The rows that are left after each loss; `None` if the file is damaged.
    fn losses(&self) -> Vec<(Loss, Option<Vec<i64>>)> {
        let lose = |seed| {
            let copy = self.folder.path().join(format!("copy-{seed}"));
            let loss = self.disk.power_loss(&copy, seed).expect("a copy");
            let rows = rows(&open(&copy)).ok();
            std::fs::remove_dir_all(copy).expect("removed");
            (loss, rows)
        };
        (0..SEEDS).map(lose).collect()
    }
}

fn open(dir: &Path) -> Connection {
    Connection::open(dir.join("t.db")).expect("opened")
}

fn insert(db: &Connection, n: i64) -> rusqlite::Result<()> {
    db.execute("INSERT INTO t VALUES (?1, randomblob(3000))", [n]).map(drop)
}

fn rows(db: &Connection) -> rusqlite::Result<Vec<i64>> {
    let verdict: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(rusqlite::Error::InvalidQuery);
    }
    db.prepare("SELECT n FROM t ORDER BY n")?.query_map([], |row| row.get(0))?.collect()
}

fn code(result: rusqlite::Result<()>) -> Option<ErrorCode> {
    result.expect_err("it fails").sqlite_error_code()
}

#[test]
fn synchronous_full_survives_any_loss() {
    let bench = Bench::new();
    let db = bench.open("wal", "full");
    db.pragma_update(None, "cache_size", 1).unwrap();
    let mut undone = 0;
    for n in 0..12 {
        insert(&db, n).unwrap();
        // Pages of a transaction that never commits spill into the log.
        db.execute_batch("BEGIN").unwrap();
        (100..110).for_each(|n| insert(&db, n).unwrap());
        bench.disk.audit().unwrap();
        for (loss, left) in bench.losses() {
            assert_eq!(left, Some((0..=n).collect()));
            undone += loss.torn + loss.lost;
        }
        db.execute_batch("ROLLBACK").unwrap();
    }
    assert!(undone > 0, "the log had unsynced pages");
}

#[test]
fn what_was_acknowledged_before_a_loss_at_any_step_is_there() {
    let bench = Bench::new();
    let db = bench.open("wal", "full");
    let copy = bench.folder.path().join("copy");
    let acknowledged = Arc::new(AtomicI64::new(0));
    let (mut total, mut n) = (Loss::default(), 0);
    for seed in 0..300 {
        let least = Arc::new(AtomicI64::new(0));
        let (seen, noted) = (acknowledged.clone(), least.clone());
        let note = move || noted.store(seen.load(Ordering::SeqCst), Ordering::SeqCst);
        let lost = bench.disk.power_loss_after(seed % 41, &copy, seed, note);
        let loss = loop {
            n += 1;
            insert(&db, n).unwrap();
            acknowledged.store(n, Ordering::SeqCst);
            if let Ok(loss) = lost.try_recv() {
                break loss.unwrap();
            }
        };
        let left = rows(&open(&copy)).unwrap();
        let least = least.load(Ordering::SeqCst);
        assert!(left.len() as i64 >= least, "{least} were acknowledged, {left:?} are left");
        assert!(left.iter().copied().eq(1..=left.len() as i64), "no gap in {left:?}");
        std::fs::remove_dir_all(&copy).unwrap();
        total = Loss { kept: total.kept + loss.kept, torn: total.torn + loss.torn, ..total };
    }
    assert!(total.kept > 0 && total.torn > 0, "steps with unsynced writes were hit: {total:?}");
}

#[test]
fn a_commit_whose_sync_is_under_way_is_there_whole_or_not_at_all() {
    let bench = Bench::new();
    let db = bench.open("wal", "full");
    insert(&db, 0).unwrap();
    let pause = bench.disk.pause_syncs("t.db-wal");
    let losses = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let db = db;
            db.execute_batch("BEGIN")?;
            (1..20).try_for_each(|n| insert(&db, n))?;
            db.execute_batch("COMMIT")
        });
        pause.wait_for_sync();
        let losses = bench.losses();
        drop(pause);
        writer.join().unwrap().unwrap();
        losses
    });
    let count =
        |rows: Vec<i64>| losses.iter().filter(|(_, left)| *left == Some(rows.clone())).count();
    let (without, with) = (count(vec![0]), count((0..20).collect()));
    assert!(without > 0 && with > 0 && without + with == losses.len(), "{losses:?}");
    assert!(losses.iter().any(|(loss, _)| loss.torn > 0), "a torn end of the log is recovered");
}

#[test]
fn synchronous_off_loses_something() {
    let bench = Bench::new();
    let db = bench.open("wal", "off");
    (0..30).for_each(|n| insert(&db, n).unwrap());
    let all: Vec<i64> = (0..30).collect();
    let losses = bench.losses();
    assert!(losses.iter().any(|(_, left)| left.as_ref().is_some_and(|left| *left != all)));
    assert!(losses.iter().any(|(_, left)| left.is_none()), "some losses damage the file");
}

#[test]
fn synchronous_normal_forgets_the_last_commit_but_damages_nothing() {
    let bench = Bench::new();
    let db = bench.open("wal", "normal");
    (0..4).for_each(|n| insert(&db, n).unwrap());
    let losses = bench.losses();
    assert!(losses.iter().all(|(_, left)| left.is_some()), "{losses:?}");
    assert!(losses.iter().any(|(_, left)| left.as_ref().is_some_and(|left| left.len() < 4)));
}

#[test]
fn a_deleted_journal_may_come_back_unless_its_directory_is_synced() {
    for (synchronous, is_kept) in [("full", false), ("extra", true)] {
        let bench = Bench::new();
        let db = bench.open("delete", synchronous);
        insert(&db, 0).unwrap();
        let losses = bench.losses();
        let all = losses.iter().all(|(_, left)| *left == Some(vec![0]));
        assert_eq!(all, is_kept, "{synchronous}: {losses:?}");
    }
}

#[test]
fn after_a_failed_sync_nothing_is_certain_but_what_was_before() {
    let bench = Bench::new();
    let db = bench.open("wal", "full");
    insert(&db, 0).unwrap();
    bench.disk.fail_next_sync("t.db-wal");
    assert_eq!(code(insert(&db, 1)), Some(ErrorCode::SystemIoFailure));
    assert!(bench.losses().iter().all(|(_, left)| left.as_ref().is_some_and(|left| left[0] == 0)));
    bench.disk.audit().unwrap();
}

#[test]
fn a_full_disk_takes_nothing_until_there_is_room() {
    let bench = Bench::new();
    let db = bench.open("wal", "full");
    insert(&db, 0).unwrap();
    bench.disk.fill_after(1_000);
    assert_eq!(code(insert(&db, 1)), Some(ErrorCode::DiskFull));
    assert_eq!(rows(&db).unwrap(), [0]);
    bench.disk.make_room();
    insert(&db, 2).unwrap();
    bench.disk.audit().unwrap();
    assert!(bench.losses().iter().all(|(_, left)| *left == Some(vec![0, 2])));
}

#[test]
fn a_seed_repeats_its_loss() {
    let bench = Bench::new();
    let db = bench.open("wal", "off");
    (0..30).for_each(|n| insert(&db, n).unwrap());
    let content = |name: &str| {
        let copy = bench.folder.path().join(name);
        let loss = bench.disk.power_loss(&copy, 7).unwrap();
        (loss, std::fs::read(copy.join("t.db")).ok(), std::fs::read(copy.join("t.db-wal")).ok())
    };
    assert_eq!(content("a"), content("b"));
    drop(db);
}
