//! Derived files that were cut off, damaged, or belong to another ledger.

use super::{
    fixture::{LEDGER_UUID, World},
    same::{differences, keys, same},
};
use crate::{
    derived::{Derived, KEYS_DIR, TABLES_FILE},
    row::Seq,
};
use novacore_ledger::Policy;
use novacore_store::error::StoreError;
use novacore_store_suite::ops;
use novacore_vocab::{ResourceKind, ResourceSpec};
use std::{fs, path::Path, sync::Arc};

/// A world that has lived for a while, its derived files closed.
fn world(seed: u64) -> World {
    let mut world = World::new(seed, 4);
    let derived = world.ledger.open().unwrap();
    live(&mut world, &derived, 12);
    world
}

fn live(world: &mut World, derived: &Derived, batches: usize) {
    for _ in 0..batches {
        if let Some(batch) = world.batch(5) {
            derived.feed(batch).unwrap();
        }
    }
    derived.catch_up_to(world.ledger.head.last_seq).unwrap();
}

/// Opens and compares, then lives on and compares again.
fn carries_on(world: &mut World) {
    let derived = world.ledger.open().unwrap();
    same(world, &derived);
    live(world, &derived, 4);
    same(world, &derived);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let to = to.join(file.file_name());
        match file.file_type().unwrap().is_dir() {
            true => copy(&file.path(), &to),
            false => drop(fs::copy(file.path(), to).unwrap()),
        }
    }
}

#[test]
fn what_a_crash_left_behind_is_caught_up() {
    let mut world = World::new(1, 4);
    let derived = world.ledger.open().unwrap();
    live(&mut world, &derived, 6);
    // What the files look like to whoever opens them after a kill in the middle of a life.
    let left = world.ledger.dir.path().join("left");
    copy(&world.ledger.derived_dir(), &left);
    live(&mut world, &derived, 6);
    drop(derived);
    for part in ["", TABLES_FILE, KEYS_DIR] {
        // All of it old, or one half old and the other new: each catches up by itself.
        let derived_dir = world.ledger.derived_dir();
        match part {
            "" => fs::remove_dir_all(&derived_dir).unwrap(),
            KEYS_DIR => fs::remove_dir_all(derived_dir.join(KEYS_DIR)).unwrap(),
            file => {
                for suffix in ["", "-wal", "-shm"] {
                    let _ = fs::remove_file(derived_dir.join(format!("{file}{suffix}")));
                }
            }
        }
        let kept = world.ledger.dir.path().join("kept");
        if derived_dir.exists() {
            copy(&derived_dir, &kept);
            fs::remove_dir_all(&derived_dir).unwrap();
        }
        copy(&left, &derived_dir);
        if kept.exists() {
            copy(&kept, &derived_dir);
            fs::remove_dir_all(&kept).unwrap();
        }
        carries_on(&mut world);
    }
}

#[test]
fn what_is_missing_or_damaged_is_built_anew() {
    let mut world = world(2);
    let dir = world.ledger.derived_dir();
    let tables = dir.join(TABLES_FILE);
    let cut = |share: u64| {
        let length = fs::metadata(&tables).unwrap().len();
        fs::File::options().write(true).open(&tables).unwrap().set_len(length / share).unwrap();
    };
    let damages: [&dyn Fn(); 6] = [
        &|| fs::remove_dir_all(&dir).unwrap(),
        &|| fs::remove_dir_all(dir.join(KEYS_DIR)).unwrap(),
        &|| fs::write(&tables, b"not a database, but long enough to be looked at twice").unwrap(),
        &|| fs::write(&tables, b"").unwrap(),
        &|| cut(2),
        &|| cut(5),
    ];
    for damage in damages {
        damage();
        carries_on(&mut world);
    }
}

#[test]
fn damage_that_shows_while_serving_is_mended_by_the_next_start() {
    let mut world = world(3);
    let tables = world.ledger.derived_dir().join(TABLES_FILE);
    let connection = rusqlite::Connection::open(&tables).unwrap();
    connection.execute("UPDATE head SET value = x'01' WHERE user_no = 2", []).unwrap();
    drop(connection);
    let derived = world.ledger.open().unwrap();
    let state = world.state(2).clone();
    derived.load_account(2, state.account, state.profile).unwrap_err();
    drop(derived);
    carries_on(&mut world);
}

#[test]
fn damage_that_shows_in_a_look_up_of_a_key_is_mended_by_the_next_start() {
    let mut world = world(3);
    for run in fs::read_dir(world.ledger.derived_dir().join(KEYS_DIR)).unwrap() {
        let path = run.unwrap().path();
        let mut bytes = fs::read(&path).unwrap();
        // Within the first page of entries, which the start does not read.
        if let Some(byte) = bytes.get_mut(4_096 + 100) {
            *byte ^= 1;
            fs::write(&path, bytes).unwrap();
        }
    }
    let derived = world.ledger.open().unwrap();
    let keys = keys(&world, &derived);
    let damaged = |(_, hash): &&(Seq, u64)| {
        matches!(derived.find_key(*hash), Err(StoreError::Damaged { .. }))
    };
    assert_ne!(keys.iter().filter(damaged).count(), 0);
    drop(derived);
    carries_on(&mut world);
}

#[test]
fn a_verification_tells_what_differs() {
    let mut world = world(8);
    let derived = world.ledger.open().unwrap();
    live(&mut world, &derived, 60);
    drop(derived);
    let tables = world.ledger.derived_dir().join(TABLES_FILE);
    let change = |sql: &str| {
        let connection = rusqlite::Connection::open(&tables).unwrap();
        connection.execute_batch(sql).unwrap();
    };
    change("CREATE TABLE saved AS SELECT * FROM head WHERE user_no < 3");
    for (sql, undo, told) in [
        ("UPDATE total SET amount = amount + 1 WHERE resource_no = 1", "", "total [1, "),
        ("DELETE FROM active WHERE user_no = 2", "", "active ["),
        (
            "UPDATE head SET value = (SELECT value FROM saved WHERE user_no = 2) WHERE user_no = 1",
            "UPDATE head SET value = (SELECT value FROM saved WHERE user_no = 1) WHERE user_no = 1",
            "user 1 differ",
        ),
        (
            "UPDATE head SET value = x'02' WHERE user_no = 1",
            "UPDATE head SET value = (SELECT value FROM saved WHERE user_no = 1) WHERE user_no = 1",
            "user 1: derived.db is damaged",
        ),
        ("DELETE FROM head WHERE user_no = 2", "", "head [2] is missing"),
        ("INSERT INTO correction VALUES (3, 999, 1)", "", "correction [3, 999] is one too many"),
        ("DELETE FROM segment WHERE user_no = 4", "", "segment [4, 1] is missing"),
        ("DELETE FROM hold", "", "counters, holds or days of user"),
    ] {
        change(sql);
        let derived = world.ledger.open().unwrap();
        let found = differences(&derived);
        drop(derived);
        assert!(found.iter().any(|line| line.contains(told)), "{sql}: {found:?}");
        change(undo);
    }
}

#[test]
fn files_of_another_ledger_are_built_anew() {
    let mut world = world(4);
    let wrong = Derived::open(crate::derived::DerivedOptions {
        ledger_uuid: [9; 16],
        ..world.ledger.options()
    });
    drop(wrong.unwrap());
    assert_ne!(LEDGER_UUID, [9; 16]);
    carries_on(&mut world);
}

#[test]
fn an_older_ledger_beside_newer_files_is_noticed() {
    let mut world = World::new(5, 3);
    let derived = world.ledger.open().unwrap();
    live(&mut world, &derived, 5);
    let backup = world.ledger.head.last_seq;
    live(&mut world, &derived, 5);
    drop(derived);
    world.ledger.cut_back_to(backup);
    let derived = world.ledger.open().unwrap();
    assert_eq!(derived.watermark(), backup);
    // A few keys are left to the thread.
    assert!(derived.keys_covered_through() <= backup);
    drop(derived);
}

#[test]
fn another_history_of_the_same_length_is_noticed() {
    let written = |amount: i64| {
        let mut world = World::new(6, 1);
        let derived = world.ledger.open().unwrap();
        for _ in 0..3 {
            let batch = world.record(1, "2026-03-01T10:00:00Z", "free", amount, None);
            assert_eq!(batch.rows.len(), 1);
            derived.feed(batch).unwrap();
        }
        drop(derived);
        world
    };
    let (first, mut second) = (written(1), written(2));
    // Only the chain tells them apart.
    for part in [TABLES_FILE, KEYS_DIR] {
        let (from, to) = (first.ledger.derived_dir(), second.ledger.derived_dir());
        match part {
            KEYS_DIR => copy(&from.join(part), &to.join(part)),
            file => drop(fs::copy(from.join(file), to.join(file)).unwrap()),
        }
        let derived = second.ledger.open().unwrap();
        // Built anew: there are no keys whose run would move this mark.
        assert_eq!(derived.keys_covered_through(), 0);
        drop(derived);
        carries_on(&mut second);
    }
}

#[test]
fn other_kinds_of_resources_call_for_another_fold() {
    let mut world = world(7);
    let as_flow = |spec: &ResourceSpec| ResourceSpec { kind: ResourceKind::Flow, ..spec.clone() };
    let resources: Vec<_> = world.ledger.policy.resources().map(as_flow).collect();
    let tiers = world.ledger.policy.tiers().into_iter().cloned().map(|mut tier| {
        tier.limits.clear();
        tier
    });
    let changed = Policy::new(resources, tiers).unwrap();
    world.ledger.policy = Arc::new(changed);
    let derived = world.ledger.open().unwrap();
    let storage = novacore_vocab::ResourceName::parse("storage").unwrap();
    let state = world.state(1);
    let (loaded, _) = derived.load_account(1, state.account, state.profile.clone()).unwrap();
    assert!(loaded.meters[&storage].windows.len() > 1, "still folded as a level");
    drop(derived);
    world.ledger.policy = Arc::new(ops::policy());
    carries_on(&mut world);
}
