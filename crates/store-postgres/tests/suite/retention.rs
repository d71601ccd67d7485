//! Months that leave the ledger.

mod at_once;
mod books;
mod lost;
mod planted;
mod refused;

use crate::{
    ask::{amount, command, is_applied, keyed, record, reserve, tokens, user},
    fixture::{Fixture, options},
};
use novacore_ledger::{Expect, Outcome, Record, Settle, Verb};
use novacore_postgres_fixture::Server;
use novacore_store::ledger::Ledger;
use novacore_store_postgres::{DetachError, DetachedMonth, Month, detach_before, verify};
use novacore_store_suite::ledger::{Harness, random_commands_are_answered_like_the_model};
use novacore_vocab::{ResourceName, Source, Timestamp, UserId, Version};

/// So late that what was recorded before 2027 may go.
const LATER: &str = "2028-04-10T12:00:00Z";

fn month(text: &str) -> Month {
    Month::parse(text).expect("a month")
}

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn psql(fixture: &Fixture, sql: &str) -> String {
    Server::shared().psql(fixture.url(), sql).expect("a statement")
}

/// Detaches what lies before a month, from a machine of its own; which months went.
async fn detach(fixture: &Fixture, before: &str) -> Result<Vec<DetachedMonth>, DetachError> {
    detach_by(fixture, fixture.url(), before).await
}

/// As [`detach`], by another way to the database.
async fn detach_by(
    fixture: &Fixture,
    url: &str,
    before: &str,
) -> Result<Vec<DetachedMonth>, DetachError> {
    let (options, mut gone) = (options(url, fixture.hand_clock()), Vec::new());
    detach_before(&options, month(before), |month| gone.push(month.clone())).await?;
    Ok(gone)
}

/// Entries in the ledger and entries detached, of a ledger that verifies.
async fn verified(fixture: &Fixture) -> (u64, u64) {
    let report = verify(&options(fixture.url(), fixture.hand_clock())).await.expect("a report");
    assert_eq!(report.findings, [""; 0]);
    (report.entries, report.detached)
}

/// Asks a command that applies; its version.
async fn applied(fixture: &Fixture, user: UserId, verb: Verb) -> Version {
    match fixture.store().submit(user, command(verb)).await {
        Ok(Outcome::Applied(answer)) => answer.version,
        other => panic!("{other:?}"),
    }
}

fn correct(corrects: Version, number: i64) -> Verb {
    let Verb::Record(plain) = record(number) else { unreachable!("a record is a record") };
    Verb::Record(Record { corrects: Some(corrects), ..plain })
}

fn settle(hold: Version, number: i64) -> Verb {
    let amounts = vec![(tokens(), amount(number))];
    Verb::Settle(Settle { hold, amounts, last: true, metadata: None })
}

/// So many bytes more, or fewer.
fn store_bytes(number: i64) -> Verb {
    Verb::Record(Record {
        resource: ResourceName::parse("memory_storage").expect("a resource's name"),
        amount: amount(number),
        source: Source::Memory,
        expect: Expect::Fact,
        corrects: None,
        occurred_at: None,
        metadata: None,
    })
}

/// Two months with everything that lies across their ends: holds settled, expired and settled late,
/// corrections of entries of the month before and of those, levels, thresholds, late reports.
struct Story {
    fixture: Fixture,
    user: UserId,
    /// A correctable entry of November 2026, and a hold that expired there.
    recorded: Version,
    expired: Version,
}

impl Story {
    async fn tell() -> Story {
        let mut fixture = Fixture::new();
        random_commands_are_answered_like_the_model(&mut fixture).await;
        fixture.clock().set(at("2026-11-30T23:30:00Z"));
        let user = user(&fixture, 77, "free_trial").await;
        let keyed = fixture.store().submit(user, keyed("a key", record(300))).await;
        assert!(is_applied(&keyed));
        let recorded = applied(&fixture, user, record(600)).await;
        applied(&fixture, user, store_bytes(900_000_000)).await;
        let expired = applied(&fixture, user, reserve(10, 60)).await;
        let late = applied(&fixture, user, reserve(20, 60)).await;
        let across = applied(&fixture, user, reserve(30, 3_600)).await;
        let charged_across = applied(&fixture, user, reserve(40, 3_600)).await;
        fixture.clock().set(at("2026-12-01T00:10:00Z"));
        applied(&fixture, user, correct(recorded, -100)).await;
        let settled = applied(&fixture, user, settle(across, 25)).await;
        applied(&fixture, user, record(5)).await;
        fixture.clock().set(at("2026-12-09T08:00:00Z"));
        applied(&fixture, user, store_bytes(-500_000_000)).await;
        applied(&fixture, user, settle(late, 15)).await;
        applied(&fixture, user, correct(settled, -5)).await;
        let Verb::Record(plain) = record(7) else { unreachable!("a record is a record") };
        let occurred_at = Some(at("2026-11-29T08:00:00Z"));
        applied(&fixture, user, Verb::Record(Record { occurred_at, ..plain })).await;
        applied(&fixture, user, store_bytes(600_000_000)).await;
        fixture.clock().set(at("2026-12-31T23:59:00Z"));
        applied(&fixture, user, reserve(11, 3_600)).await;
        fixture.clock().set(at("2027-01-02T00:00:00Z"));
        // The hold of November that ran out in December is settled in January.
        applied(&fixture, user, settle(charged_across, 33)).await;
        applied(&fixture, user, record(8)).await;
        fixture.clock().set(at(LATER));
        applied(&fixture, user, record(9)).await;
        Story { fixture, user, recorded, expired }
    }

    async fn verified(&self) -> (u64, u64) {
        verified(&self.fixture).await
    }

    fn psql(&self, sql: &str) -> String {
        psql(&self.fixture, sql)
    }
}
