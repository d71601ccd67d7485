//! A change of one user's memories, with the command that charges it.
//!
//! Invariant: the command charges what the changes come to, since it is made from them; a change
//! that charges nothing and has no key asks the ledger for nothing.
//! Invariant: what is replaced or removed is named with the revision that was read.

use novacore_access::AuditEntry;
use novacore_ledger::{Command, Expect, Record, Verb};
use novacore_memory::{Embedding, Memory, Term, Text, charge, charged_bytes};
use novacore_vocab::{Amount, IdempotencyKey, MemoryId, ModelId, ResourceName, Source};
use std::{collections::BTreeSet, sync::Arc};

/// The resource on which memories are charged.
pub fn memory_storage() -> ResourceName {
    ResourceName::parse("memory_storage").expect("a constant name")
}

/// An embedding and the model that made it.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedded {
    /// Which model.
    pub model: ModelId,
    /// What it made of the text.
    pub embedding: Embedding,
}

/// What a change has to know of a row that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Which memory.
    pub id: MemoryId,
    /// Its revision when it was read; the change is stale if it is another by then.
    pub revision: u64,
    /// Its term.
    pub term: Term,
    /// What it counts, charged or not.
    pub size_bytes: i64,
    /// UTF-8 bytes of input and output.
    pub text_bytes: i64,
}

impl Trace {
    /// Of a memory as it was read.
    pub fn of(memory: &Memory) -> Trace {
        let output = memory.content.output.as_ref().map_or("", Text::as_str);
        let text_bytes = memory.content.input.as_str().len() + output.len();
        Trace {
            id: memory.id,
            revision: memory.revision,
            term: memory.term,
            size_bytes: memory.size_bytes(),
            text_bytes: i64::try_from(text_bytes).expect("texts are bounded"),
        }
    }

    fn charged_bytes(&self) -> i64 {
        if self.term.is_charged() { self.size_bytes } else { 0 }
    }
}

/// What becomes of the stored embedding of a memory that changes.
#[derive(Clone, Debug, PartialEq)]
pub enum NextEmbedding {
    /// It stays.
    Keep,
    /// Another takes its place, or none until one is computed.
    Set(Option<Embedded>),
}

/// What happens to one memory.
#[derive(Clone, Debug, PartialEq)]
pub enum MemoryChange {
    /// One that was not there comes.
    Insert {
        /// The memory.
        memory: Memory,
        /// Its embedding, unless it is computed later.
        embedded: Option<Embedded>,
    },
    /// One takes the place of itself.
    Replace {
        /// As it was read.
        before: Trace,
        /// As it shall be; the id is the same.
        memory: Memory,
        /// What becomes of its embedding.
        embedded: NextEmbedding,
    },
    /// One goes.
    Remove {
        /// As it was read.
        before: Trace,
    },
}

impl MemoryChange {
    /// Which memory.
    pub const fn id(&self) -> MemoryId {
        match self {
            MemoryChange::Insert { memory, .. } => memory.id,
            MemoryChange::Replace { before, .. } | MemoryChange::Remove { before } => before.id,
        }
    }

    /// The row before, if there was one.
    pub const fn before(&self) -> Option<Trace> {
        match self {
            MemoryChange::Insert { .. } => None,
            MemoryChange::Replace { before, .. } | MemoryChange::Remove { before } => Some(*before),
        }
    }

    /// The row after, if there is one.
    pub fn after(&self) -> Option<&Memory> {
        match self {
            MemoryChange::Insert { memory, .. } | MemoryChange::Replace { memory, .. } => {
                Some(memory)
            }
            MemoryChange::Remove { .. } => None,
        }
    }

    /// What its entry has to carry.
    fn charge(&self) -> i64 {
        match self {
            MemoryChange::Insert { memory, .. } => charge(None, Some(memory)),
            MemoryChange::Replace { before, memory, .. } => {
                charged_bytes(memory) - before.charged_bytes()
            }
            MemoryChange::Remove { before } => -before.charged_bytes(),
        }
    }

    fn touches_stm(&self) -> bool {
        let is_stm = |term| term == Term::Stm;
        self.before().is_some_and(|before| is_stm(before.term))
            || self.after().is_some_and(|after| is_stm(after.term))
    }
}

/// Why memories change, as their entry tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// They are stored.
    Store,
    /// What they say is changed.
    Update,
    /// They become longer-lived.
    Promote,
    /// They are deleted one by one.
    Delete,
    /// They are deleted by what they have in common.
    Forget,
    /// Their time is over.
    Expire,
}

impl Cause {
    /// The word in the entry's metadata.
    pub const fn as_str(self) -> &'static str {
        match self {
            Cause::Store => "store",
            Cause::Update => "update",
            Cause::Promote => "promote",
            Cause::Delete => "delete",
            Cause::Forget => "forget",
            Cause::Expire => "expire",
        }
    }
}

/// The key under which a change may be repeated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangeKey {
    /// The key.
    pub key: IdempotencyKey,
    /// A hash of what is asked under it.
    pub fingerprint: u128,
}

/// Changes of one user's memories that commit together, and with their entry.
#[derive(Clone, Debug, PartialEq)]
pub struct MemoryWrite {
    changes: Vec<MemoryChange>,
    /// The revision of short-term memory as it was read, if these changes rest on it.
    stm_revision: Option<u64>,
    command: Command,
    audit: Option<AuditEntry>,
}

impl MemoryWrite {
    /// The changes, and the command that they call for: a record of what they charge, which has to
    /// be admitted if they take room. Under a key there is always an entry, if need be of 0 bytes,
    /// so that the key is kept with it; else what charges nothing asks for nothing
    /// ([`Verb::Sweep`]).
    ///
    /// `stm_revision` is what [`super::MemoryHead`] said when room was made in short-term memory.
    ///
    /// # Panics
    /// If a memory is named twice.
    pub fn new(
        changes: Vec<MemoryChange>,
        stm_revision: Option<u64>,
        cause: Cause,
        key: Option<ChangeKey>,
    ) -> MemoryWrite {
        let ids: BTreeSet<MemoryId> = changes.iter().map(MemoryChange::id).collect();
        assert_eq!(ids.len(), changes.len(), "a memory changes once in a write");
        let charge: i64 = changes.iter().map(MemoryChange::charge).sum();
        let verb = if charge != 0 || key.is_some() {
            Verb::Record(record(charge, cause, &changes))
        } else {
            Verb::Sweep
        };
        let (key, fingerprint) = key.map_or((None, 0), |key| (Some(key.key), key.fingerprint));
        let command = Command { key, fingerprint, verb };
        MemoryWrite { changes, stm_revision, command, audit: None }
    }

    /// The same, done by an operator and told in the audit log.
    pub fn audited(self, audit: AuditEntry) -> MemoryWrite {
        MemoryWrite { audit: Some(audit), ..self }
    }

    /// What the audit log is told in the same commit.
    pub fn audit(&self) -> Option<&AuditEntry> {
        self.audit.as_ref()
    }

    /// The changes.
    pub fn changes(&self) -> &[MemoryChange] {
        &self.changes
    }

    /// What the ledger has to apply, else nothing changes.
    pub fn command(&self) -> &Command {
        &self.command
    }

    /// The revision of short-term memory on which this rests.
    pub const fn stm_revision(&self) -> Option<u64> {
        self.stm_revision
    }

    /// Whether short-term memory is another afterwards.
    pub fn touches_stm(&self) -> bool {
        self.changes.iter().any(MemoryChange::touches_stm)
    }

    /// The bytes that its entry carries.
    pub fn charged_bytes(&self) -> i64 {
        self.changes.iter().map(MemoryChange::charge).sum()
    }
}

fn record(charge: i64, cause: Cause, changes: &[MemoryChange]) -> Record {
    let metadata: Arc<str> = match changes {
        [one] => {
            format!("{{\"change\":\"{}\",\"memory_id\":\"{}\"}}", cause.as_str(), one.id()).into()
        }
        many => format!("{{\"change\":\"{}\",\"memories\":{}}}", cause.as_str(), many.len()).into(),
    };
    Record {
        resource: memory_storage(),
        amount: Amount::new(charge).expect("sizes are bounded far below the largest amount"),
        source: Source::Memory,
        // What gives back, or moves nothing, is a fact: it must not be held up by a limit.
        expect: if charge > 0 { Expect::Admission } else { Expect::Fact },
        corrects: None,
        occurred_at: None,
        metadata: Some(metadata),
    }
}
