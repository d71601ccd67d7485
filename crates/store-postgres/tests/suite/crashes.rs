//! A database that crashes under load: every key has one effect, and the books are right.

use crate::{
    ask::{amount, keyed, record, reserve, tokens, used_and_held, user},
    fixture::{Fixture, options},
};
use novacore_ledger::{Command, Outcome, Settle, Verb};
use novacore_postgres_fixture::Server;
use novacore_store::{error::StoreError, ledger::Ledger};
use novacore_store_postgres::verify;
use novacore_vocab::{UserId, Version};
use std::sync::Arc;
use tokio::sync::watch;

const CALLERS: u64 = 16;
const ROUNDS: u64 = 40;
const CRASHES: u64 = 4;

/// Repeats a command under its key until it is answered, as a caller should.
async fn insist(node: &dyn Ledger, user: UserId, command: Command) -> Version {
    loop {
        match node.submit(user, command.clone()).await {
            Ok(outcome) => return answered(outcome),
            Err(StoreError::Unavailable) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    }
}

/// An impatient caller, who sends all he has to both nodes at once.
struct Caller {
    number: u64,
    user: UserId,
    nodes: [Arc<dyn Ledger>; 2],
}

impl Caller {
    /// Records 1 and settles a hold of 3 with 2, over and over; counts the rounds.
    async fn call(self, rounds: watch::Sender<u64>) {
        for round in 0..ROUNDS {
            self.ask(round, "record", record(1)).await;
            let settle = Settle {
                hold: self.ask(round, "reserve", reserve(3, 3_600)).await,
                amounts: vec![(tokens(), amount(2))],
                last: true,
                metadata: None,
            };
            self.ask(round, "settle", Verb::Settle(settle)).await;
            rounds.send_modify(|rounds| *rounds += 1);
        }
    }

    async fn ask(&self, round: u64, what: &str, verb: Verb) -> Version {
        let command = keyed(&format!("{} {round} {what}", self.number), verb);
        let [one, other] = &self.nodes;
        let (answer, again) = tokio::join!(
            insist(&**one, self.user, command.clone()),
            insist(&**other, self.user, command)
        );
        assert_eq!(answer, again, "a key has one answer");
        answer
    }
}

/// The version of an applied or replayed command.
fn answered(outcome: Outcome) -> Version {
    match outcome {
        Outcome::Applied(answer) | Outcome::Replayed(answer) => answer.version,
        Outcome::Refused(refusal) => panic!("{refusal}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_database_that_crashes_under_load_keeps_every_key_once() {
    let server = Server::start();
    let fixture = Fixture::on(&server, |url| url);
    let users = [user(&fixture, 1, "pro").await, user(&fixture, 2, "pro").await];
    let nodes: [Arc<dyn Ledger>; 2] = [fixture.store().clone(), fixture.another_node()];
    let (rounds, mut done) = watch::channel(0);
    let callers: Vec<_> = (0..CALLERS)
        .map(|number| {
            let user = users[(number % 2) as usize];
            let caller = Caller { number, user, nodes: nodes.clone() };
            tokio::spawn(caller.call(rounds.clone()))
        })
        .collect();
    // If callers fail nobody is left who counts, and waiting ends.
    drop(rounds);
    for crash in 1..=CRASHES {
        let due = crash * CALLERS * ROUNDS / (CRASHES + 1);
        done.wait_for(|rounds| *rounds >= due).await.expect("the callers are there");
        tokio::task::block_in_place(|| {
            server.stop_immediate();
            server.start_again();
        });
    }
    for caller in callers {
        caller.await.expect("no caller fails");
    }
    for user in users {
        let own = (CALLERS * ROUNDS / 2) as i64;
        assert_eq!(used_and_held(&fixture, user).await, (own * 3, 0));
    }
    let report = verify(&options(fixture.url(), fixture.hand_clock())).await.expect("a report");
    assert_eq!(report.findings, [""; 0]);
    // A record, a reserve and a settle each, and nothing twice.
    assert_eq!(report.entries, CALLERS * ROUNDS * 3);
}
