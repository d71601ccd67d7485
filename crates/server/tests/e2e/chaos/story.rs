//! One user's story from his first call to the audit.
//!
//! Invariant: it ends when nothing is held any more and the whole cap is used.

use super::{
    audit::audit,
    client::{Client, Habits},
    cluster::Cluster,
    history::{Evidence, Fate, Journal, Verb},
    reader,
};
use novacore_sim::Rng;

/// A story.
pub(super) struct Story<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) name: String,
    pub(super) cap: i64,
    pub(super) clients: usize,
    pub(super) habits: Habits,
}

/// How many calls came to what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) applied: usize,
    pub(super) refused: usize,
    pub(super) unknown: usize,
    /// How often somebody looked.
    pub(super) looks: usize,
}

impl Story<'_> {
    /// Lets clients call while `trouble` lasts, and holds everything against the ledger.
    ///
    /// # Panics
    /// With everything that the audit found.
    pub(super) fn tell(
        &self,
        mut rng: Rng,
        trouble: impl FnOnce(&Journal, &str, &mut Rng),
    ) -> Counts {
        let user = self.cluster.user(&self.name);
        let journal = Journal::default();
        let client = |name: &str, rng: &mut Rng| {
            let name = format!("{} {name}", self.name);
            Client::new(self.cluster, &journal, &user, name, self.habits, rng.fork())
        };
        std::thread::scope(|scope| {
            for number in 0..self.clients {
                let client = client(&number.to_string(), &mut rng);
                scope.spawn(move || client.run());
            }
            let (reader, read_by) = (rng.fork(), (self.cluster, &journal, user.as_str()));
            scope.spawn(move || reader::read(read_by.0, read_by.1, read_by.2, reader));
            // Clients must not wait for a cluster that a panic here leaves broken.
            let _ends = Ends(&journal);
            trouble(&journal, &user, &mut rng);
        });
        self.cluster.settle_down();
        let before = self.cluster.shown(&user)[0];
        let mut last = client("last", &mut rng);
        let room = self.cap - before.used;
        if room > 0 {
            assert_eq!(last.call(Verb::Record { amount: room }), Fate::Applied, "{before:?}");
        }
        assert_eq!(last.call(Verb::Record { amount: 1 }), Fate::Refused);
        drop(last);
        self.judge(&user, journal)
    }

    fn judge(&self, user: &str, journal: Journal) -> Counts {
        let (calls, looks) = journal.into_parts();
        let evidence = Evidence {
            cap: self.cap,
            calls,
            looks,
            rows: self.cluster.rows(user),
            shown: self.cluster.shown(user),
        };
        let findings = audit(&evidence);
        assert!(findings.is_empty(), "{}: {findings:#?}", self.name);
        let count = |fate| evidence.calls.iter().filter(|call| call.fate == fate).count();
        Counts {
            applied: count(Fate::Applied),
            refused: count(Fate::Refused),
            unknown: count(Fate::Unknown),
            looks: evidence.looks.len(),
        }
    }
}

struct Ends<'a>(&'a Journal);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.abandon();
        }
        self.0.end();
    }
}
