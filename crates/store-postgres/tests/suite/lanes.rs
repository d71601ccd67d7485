//! Lanes that come and go with the load.

use crate::{
    ask::{command, is_applied, record, user},
    fixture::{Fixture, options},
};
use futures::future::join_all;
use novacore_store::ledger::{EntryQuery, Ledger};
use novacore_store_postgres::{Options, PostgresStore};
use novacore_vocab::Version;
use tokio::task::unconstrained;

/// Few commands at once take one lane, many take all, and after them few again: whatever lanes its
/// neighbours use, an account's commands are judged in the order in which they came.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_accounts_commands_keep_their_order_while_lanes_come_and_go() {
    let fixture = Fixture::new();
    let mut users = Vec::new();
    for number in 1..=30 {
        users.push(user(&fixture, number, "pro").await);
    }
    let with_lanes = Options { lanes: 4, ..options(fixture.url(), fixture.hand_clock()) };
    let node = PostgresStore::open(with_lanes).await.expect("it opens");
    for user in &users {
        // Commands come in the order in which they are sent once it is known where accounts lie.
        node.account(*user).await.expect("an account");
    }
    let mut numbers = 1..;
    for at_once in [1, 5, 600, 2, 300, 90, 1_200, 7, 150] {
        // Three waves that overlap: what is still in flight must not be overtaken.
        let waves = (0..3).map(|_| {
            let commands = users.iter().cycle().take(at_once).zip(numbers.by_ref());
            let commands: Vec<_> =
                commands.map(|(user, number)| (*user, command(record(number)))).collect();
            join_all(commands.into_iter().map(|(user, command)| node.submit(user, command)))
        });
        let waves: Vec<_> = waves.collect();
        // Tokio's own fairness would let the later waves overtake the first before they are sent.
        for outcomes in unconstrained(join_all(waves)).await {
            for outcome in outcomes {
                assert!(is_applied(&outcome), "{outcome:?}");
            }
        }
    }
    for user in users {
        let mut last = (Version(0), 0);
        let mut seen = 0;
        loop {
            let query = EntryQuery { after: Some(last.0), ..EntryQuery::newest(user, 500) };
            let page = node.entries(&query).await.expect("entries");
            let Some(end) = page.last() else { break };
            let amounts = std::iter::once(last.1).chain(page.iter().map(|entry| entry.amount));
            assert!(amounts.is_sorted_by(|one, next| one < next), "{user}");
            seen += page.len();
            last = (end.version, end.amount);
        }
        assert_eq!(last.0.0, seen as u64, "versions have no gap");
    }
}
