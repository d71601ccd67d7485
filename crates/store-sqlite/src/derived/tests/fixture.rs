//! A ledger of a few accounts that anything happens to, without a writer.

use crate::{
    chain,
    derived::{Derived, DerivedError, DerivedOptions},
    journal::Head,
    names::Names,
    row::{CommittedBatch, Seq, UserNo},
    schema,
};
use novacore_ledger::{AccountState, Command, Correctable, Entry, Expect, Policy, Record, Verb};
use novacore_store::{
    book::{Book, Item, Posting},
    observe::Unobserved,
};
use novacore_store_suite::ops::{self, Op, Ops, View};
use novacore_vocab::{Account, Amount, ResourceName, Source, Timestamp, UserId, Version};
use rusqlite::{Connection, params};
use std::{path::PathBuf, sync::Arc};
use tempfile::TempDir;
use uuid::Uuid;

pub(super) const LEDGER_UUID: [u8; 16] = [7; 16];

/// A file like the writer's.
pub(super) struct Ledger {
    pub(super) dir: TempDir,
    pub(super) connection: Connection,
    pub(super) names: Names,
    pub(super) policy: Arc<Policy>,
    pub(super) head: Head,
}

impl Ledger {
    pub(super) fn new(policy: Policy, users: usize) -> Ledger {
        let dir = TempDir::new().unwrap();
        let mut connection = Connection::open(dir.path().join("ledger.db")).unwrap();
        schema::configure_writer(&connection).unwrap();
        connection.pragma_update(None, "synchronous", "OFF").unwrap();
        let tx = connection.transaction().unwrap();
        schema::create(&tx, LEDGER_UUID).unwrap();
        for user_no in 1..=users as UserNo {
            tx.execute(
                "INSERT INTO user (user_no, user_id, org_id, role, tier, disabled, created_at) \
                 VALUES (?1, ?2, ?2, 'student', 'small', 0, 0)",
                params![user_no, user_id(user_no).0.as_bytes()],
            )
            .unwrap();
        }
        tx.commit().unwrap();
        let names = Names::load(&connection).unwrap();
        Ledger { dir, connection, names, policy: Arc::new(policy), head: Head::EMPTY }
    }

    pub(super) fn append(&mut self, postings: Vec<Posting>) -> CommittedBatch {
        let number = |user: UserId| user.0.as_u128() as UserNo;
        let prepared = self.head.prepare(&self.connection, &self.names, postings, number).unwrap();
        let tx = self.connection.transaction().unwrap();
        prepared.insert(&tx).unwrap();
        tx.commit().unwrap();
        self.head = prepared.head;
        prepared.batch
    }

    /// What a backup taken at a batch's end would hold: later batches are not there.
    pub(super) fn cut_back_to(&mut self, seq: Seq) {
        let seq = seq as i64;
        self.connection.execute("DELETE FROM entry WHERE seq > ?1", [seq]).unwrap();
        self.connection.execute("DELETE FROM batch WHERE last_seq > ?1", [seq]).unwrap();
        self.head = Head::read(&self.connection).unwrap();
        assert_eq!(self.head.last_seq, seq as Seq, "not the end of a batch");
        assert_ne!(self.head.chain, chain::GENESIS);
    }

    pub(super) fn derived_dir(&self) -> PathBuf {
        self.dir.path().join("derived")
    }

    pub(super) fn options(&self) -> DerivedOptions {
        DerivedOptions {
            dir: self.derived_dir(),
            ledger_path: self.dir.path().join("ledger.db"),
            ledger_uuid: LEDGER_UUID,
            names: self.names.clone(),
            policy: self.policy.clone(),
            observer: Arc::new(Unobserved),
            key_filter_bytes_max: 1 << 20,
        }
    }

    pub(super) fn open(&self) -> Result<Derived, DerivedError> {
        Derived::open(self.options())
    }
}

/// The users' ids count from 1, as their numbers do.
pub(super) fn user_id(user_no: UserNo) -> UserId {
    UserId(Uuid::from_u128(user_no as u128))
}

/// Accounts with all that ever happened to them.
pub(super) struct World {
    pub(super) ledger: Ledger,
    pub(super) accounts: Vec<Lived>,
    book: Book,
}

/// One account.
pub(super) struct Lived {
    pub(super) user_no: UserNo,
    pub(super) entries: Vec<Entry>,
    pub(super) view: View,
    ops: Ops,
}

impl World {
    pub(super) fn new(seed: u64, users: usize) -> World {
        let ledger = Ledger::new(ops::policy(), users);
        let mut book = Book::new(ledger.policy.clone());
        // Three minutes before a day ends, so that it does while things happen.
        let clock: Timestamp = "2026-11-30T23:57:00Z".parse().unwrap();
        let accounts = (1..=users as UserNo).map(|user_no| {
            let account = Account::personal(user_id(user_no));
            book.load(AccountState::new(account, ops::profile()));
            let seed = seed * 1_000 + user_no as u64;
            let view = View::new(clock, ops::profile());
            Lived { user_no, entries: Vec::new(), view, ops: Ops::new(seed) }
        });
        let accounts = accounts.collect();
        World { ledger, accounts, book }
    }

    /// Some operations of every account, committed as one batch; `None` if nothing came of them.
    pub(super) fn batch(&mut self, operations: usize) -> Option<CommittedBatch> {
        let mut postings = Vec::new();
        for _ in 0..operations {
            for index in 0..self.accounts.len() {
                postings.extend(self.operate(index));
            }
        }
        if postings.is_empty() {
            return None;
        }
        Some(self.commit(postings))
    }

    fn commit(&mut self, postings: Vec<Posting>) -> CommittedBatch {
        let batch = self.ledger.append(postings);
        for row in &batch.rows {
            let lived = &mut self.accounts[row.user_no as usize - 1];
            lived.entries.push(row.entry.as_ref().clone());
        }
        batch
    }

    /// One record of an account, committed.
    pub(super) fn record(
        &mut self,
        user_no: UserNo,
        at: &str,
        resource: &str,
        amount: i64,
        occurred_at: Option<&str>,
    ) -> CommittedBatch {
        let verb = Verb::Record(Record {
            resource: ResourceName::parse(resource).unwrap(),
            amount: Amount::new(amount).unwrap(),
            source: Source::Api,
            expect: Expect::Fact,
            corrects: None,
            occurred_at: occurred_at.map(|at| at.parse().unwrap()),
            metadata: None,
        });
        let command = Command { key: None, fingerprint: 0, verb };
        let item = Item { user: user_id(user_no), command, seen: None };
        let ran = self.book.run(&[item], at.parse().unwrap());
        self.book.accept();
        assert!(!ran.postings.is_empty(), "{:?}", ran.outcomes);
        self.commit(ran.postings)
    }

    fn operate(&mut self, index: usize) -> Vec<Posting> {
        let lived = &mut self.accounts[index];
        let op = lived.ops.next(&lived.view);
        lived.view.note(&op);
        let user = user_id(lived.user_no);
        let state = self.book.state_mut(user).unwrap();
        state.profile = lived.view.profile.clone();
        let Op::Command(command) = op else { return Vec::new() };
        if let Verb::Record(record) = &command.verb
            && let Some(version) = record.corrects
            && !state.correctable.contains_key(&version)
            && let Some(found) = lived.correctable(version)
        {
            state.correctable.insert(version, found);
        }
        let item = Item { user, command, seen: None };
        let ran = self.book.run(std::slice::from_ref(&item), lived.view.clock);
        self.book.accept();
        lived.view.learn(&item.command, &ran.outcomes[0]);
        ran.postings
    }

    /// The account as the book has it; ended holds stay in it.
    pub(super) fn state(&self, user_no: UserNo) -> &AccountState {
        self.book.state(user_id(user_no)).unwrap()
    }
}

impl Lived {
    /// What a correction of an entry needs to know, summed from the entries.
    pub(super) fn correctable(&self, version: Version) -> Option<Correctable> {
        let entry = self.entries.get(version.0.checked_sub(1)? as usize)?;
        let corrections = self.entries.iter().filter(|other| other.corrects == Some(version));
        let corrected = corrections.map(|other| -other.amount).sum();
        Correctable::of(entry).map(|found| Correctable { corrected, ..found })
    }
}
