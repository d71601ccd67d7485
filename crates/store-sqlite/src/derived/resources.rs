//! Resources as the derived side needs them: number, name and kind, without asking the shared map
//! each time.
//!
//! Invariant: the kind of a resource is that of the first use by this file; the file remembers it,
//! and one that was built under other kinds is rebuilt at the next start. The resources of a policy
//! do not change while a process runs.

use super::{error::DerivedError, head::Numbers};
use crate::{names::Names, profile, row::UserNo};
use novacore_ledger::{Policy, Profile};
use novacore_store::book::kind_of;
use novacore_vocab::{Account, ResourceKind, ResourceName};
use std::{collections::BTreeMap, sync::Arc};

/// A resource with a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Numbered {
    pub(crate) number: i64,
    pub(crate) kind: ResourceKind,
}

/// What is known of resources.
#[derive(Clone, Debug)]
pub(crate) struct Resources {
    names: Names,
    policy: Arc<Policy>,
    by_name: BTreeMap<ResourceName, Numbered>,
    by_number: BTreeMap<i64, ResourceName>,
    /// The profile of every account that is folded: it does not matter there.
    nobody: Profile,
}

impl Resources {
    /// Knows nothing yet.
    pub(crate) fn new(names: Names, policy: Arc<Policy>) -> Resources {
        Resources {
            names,
            policy,
            by_name: BTreeMap::new(),
            by_number: BTreeMap::new(),
            nobody: profile::of_nobody(),
        }
    }

    /// Number and kind of a resource that entries name.
    pub(crate) fn numbered(&mut self, name: &ResourceName) -> Result<Numbered, DerivedError> {
        if let Some(known) = self.by_name.get(name) {
            return Ok(*known);
        }
        let number = self.names.number(name);
        let number = number.ok_or_else(|| {
            DerivedError::Contradiction(format!("an entry names {name}, which has no number"))
        })?;
        let known = Numbered { number, kind: kind_of(&self.policy, name) };
        self.by_name.insert(name.clone(), known);
        self.by_number.insert(number, name.clone());
        Ok(known)
    }

    /// Number and kind of a resource, if any entry names it.
    pub(crate) fn find(&mut self, name: &ResourceName) -> Option<Numbered> {
        self.numbered(name).ok()
    }

    /// The kind of the resource with this number.
    pub(crate) fn kind(&mut self, number: i64) -> Option<ResourceKind> {
        let name = Numbers::name(self, number)?;
        Some(kind_of(&self.policy, &name))
    }

    /// All that were seen.
    pub(crate) fn known(&self) -> impl Iterator<Item = Numbered> {
        self.by_name.values().copied()
    }

    /// All configured resources by name.
    pub(crate) fn configured(&self) -> Vec<ResourceName> {
        self.policy.resources().map(|spec| spec.name.clone()).collect()
    }

    /// Stands in for an account in a fold, which is told by its number.
    pub(crate) fn placeholder(&self, user_no: UserNo) -> (Account, Profile) {
        (profile::nobody(user_no), self.nobody.clone())
    }
}

impl Numbers for Resources {
    fn name(&mut self, number: i64) -> Option<ResourceName> {
        if let Some(name) = self.by_number.get(&number) {
            return Some(name.clone());
        }
        let name = self.names.name(number)?;
        self.numbered(&name).ok()?;
        Some(name)
    }

    fn number(&mut self, name: &ResourceName) -> Option<i64> {
        self.find(name).map(|known| known.number)
    }
}
