//! One batch on its way to the disk, and what becomes of it.

use super::World;
use crate::{
    auditor::Violation,
    bug::Bug,
    coverage::{entry_word, fault_word, outcome_word, verb_word},
    fault::{Fault, Survival},
};
use novacore_ledger::Command;
use novacore_store::book::{Item, Ran};
use novacore_vocab::UserId;

/// How often an answer gets lost on the way, in thousandths.
const REPLY_LOST: u32 = 30;

impl World {
    pub(super) fn batch(
        &mut self,
        commands: Vec<(UserId, Command)>,
        fault: Option<Fault>,
    ) -> Result<(), Violation> {
        if self.node.refuses_clock(self.now()) {
            return self.refuse_clock(&commands);
        }
        let items = self.node.items(&self.rulebook, &self.profiles, commands);
        let now = self.now();
        let Some(ran) = self.node.run(&items, now) else { return self.panicked(items) };
        self.record(&items, &ran);
        let needed = self.auditor.judged(&items, &ran, now)?;
        if !ran.postings.is_empty() {
            let written = self.write(&items, &ran, needed, fault)?;
            if !written {
                return Ok(());
            }
        }
        self.node.accept(&items);
        self.auditor.read(self.node.disk.synced())?;
        if fault == Some(Fault::CrashAfterSync) {
            return self.crash(&items, Survival::Whole);
        }
        self.auditor.told(needed)?;
        self.tell(&items, &ran);
        for item in &items {
            if let Some(state) = self.node.book.state(item.user) {
                self.auditor.compare(item.user, state)?;
            }
        }
        Ok(())
    }

    /// Brings a batch to the disk. Whether the writer goes on with it.
    fn write(
        &mut self,
        items: &[Item],
        ran: &Ran,
        needed: usize,
        fault: Option<Fault>,
    ) -> Result<bool, Violation> {
        if let Some(fault) = fault {
            self.count(fault_word(fault));
        }
        match fault {
            Some(Fault::DiskFull) => {
                self.auditor.withdrawn();
                self.node.revert();
                self.unanswered(items);
                return Ok(false);
            }
            Some(Fault::CrashBeforeWrite) => {
                self.crash(items, Survival::Lost)?;
                return Ok(false);
            }
            _ => self.node.write(ran),
        }
        if self.bug == Some(Bug::AnsweredBeforeSync) {
            self.auditor.told(needed)?;
        }
        match fault {
            Some(Fault::SyncFails(_)) if self.bug == Some(Bug::SyncErrorIgnored) => {
                return Ok(true);
            }
            Some(Fault::CrashBeforeSync(survival) | Fault::SyncFails(survival)) => {
                self.crash(items, survival)?;
                return Ok(false);
            }
            Some(Fault::KillBeforeSync) => {
                self.restart(items)?;
                return Ok(false);
            }
            Some(Fault::SyncSlow(micros)) => self.virtual_now += micros,
            _ => {}
        }
        self.node.disk.sync();
        Ok(true)
    }

    fn record(&mut self, items: &[Item], ran: &Ran) {
        self.commands += items.len() as u64;
        for (item, outcome) in items.iter().zip(&ran.outcomes) {
            self.coverage.count(verb_word(&item.command.verb));
            self.coverage.count(outcome_word(outcome));
            self.note(|| format!("{} {:?} -> {outcome:?}", item.user, item.command));
        }
        for entry in ran.postings.iter().flat_map(|posting| &posting.entries) {
            self.coverage.count(entry_word(entry.kind));
            entry.flags.words().for_each(|word| self.coverage.count(word));
        }
    }

    fn tell(&mut self, items: &[Item], ran: &Ran) {
        for (item, outcome) in items.iter().zip(&ran.outcomes) {
            if self.faults.per_mille(REPLY_LOST) {
                self.coverage.count("fault reply_lost");
                self.clients.untold(item.user, &item.command);
            } else {
                self.clients.told(item.user, &item.command, outcome);
            }
        }
    }

    fn unanswered(&mut self, items: &[Item]) {
        items.iter().for_each(|item| self.clients.untold(item.user, &item.command));
    }

    /// The clock is too far behind what is committed. Sooner or later somebody sets it right.
    fn refuse_clock(&mut self, commands: &[(UserId, Command)]) -> Result<(), Violation> {
        self.count("clock refused");
        commands.iter().for_each(|(user, command)| self.clients.untold(*user, command));
        if self.rng.per_mille(300) {
            self.clock_offset += 200_000_000;
        }
        Ok(())
    }

    /// The batch is dropped and its commands are judged one by one; the culprit gets no answer.
    fn panicked(&mut self, items: Vec<Item>) -> Result<(), Violation> {
        self.count("fault panic");
        self.node.book.revert();
        if items.len() > 1 {
            for item in items {
                self.batch(vec![(item.user, item.command)], None)?;
            }
        }
        Ok(())
    }

    pub(super) fn crash(&mut self, items: &[Item], survival: Survival) -> Result<(), Violation> {
        self.node.disk.power_loss(survival);
        self.restart(items)
    }

    fn restart(&mut self, items: &[Item]) -> Result<(), Violation> {
        self.unanswered(items);
        let (before, there) = (self.node.frames(), self.node.disk.frames().len());
        if self.faults.per_mille(200) {
            self.count("fault derived_lost");
            self.node.lose_derived();
        }
        let readable = self.node.restart(&self.rulebook);
        self.count(match (there > before, readable > before) {
            (true, false) => "recovered torn",
            (true, true) => "recovered whole",
            (false, _) => "recovered without",
        });
        self.auditor.restarted(readable);
        self.auditor.read(self.node.disk.synced())?;
        let user = self.random_user();
        self.agree(user)
    }
}
