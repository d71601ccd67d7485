//! What goes wrong, in an order drawn from a seed.
//!
//! Invariant: every kind comes once before any comes again, and after each the cluster is whole.

use super::{cluster::Cluster, history::Journal};
use novacore_postgres_fixture::{Moment, Rule, Side};
use novacore_sim::Rng;
use std::time::{Duration, Instant};

/// How long a rule waits for its moment at most: other nodes may have all the work.
const MOMENT: Duration = Duration::from_secs(5);

/// Connections that are lost one after the other: it depends on what they carry.
const IN_A_ROW: usize = 6;
/// Calls between two of them, so that not one batch is hit by all.
const BETWEEN: usize = 10;
/// Within so many bytes a connection is lost: a few batches.
const BYTES_MAX: u64 = 8_000;

/// A kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// A node is killed.
    Node,
    /// All nodes but one are killed.
    Nodes,
    /// The database crashes.
    Database,
    /// The database crashes, and a node while it is away.
    Both,
    /// A node's connections are cut.
    Connections,
    /// Commits are lost on their way to the database.
    CommitBefore,
    /// The answers to commits are lost.
    CommitBehind,
    /// Connections are lost somewhere in messages of the node.
    Asking,
    /// Connections are lost somewhere in messages of the database.
    Answering,
    /// A commit's answer is lost, and then the node that would ask for it.
    CommitAndNode,
}

impl Trouble {
    const ALL: [Trouble; 10] = [
        Trouble::Node,
        Trouble::Nodes,
        Trouble::Database,
        Trouble::Both,
        Trouble::Connections,
        Trouble::CommitBefore,
        Trouble::CommitBehind,
        Trouble::Asking,
        Trouble::Answering,
        Trouble::CommitAndNode,
    ];

    /// How many kinds there are.
    pub(super) const COUNT: usize = Trouble::ALL.len();
}

/// Makes trouble so many times, each after so many further calls.
pub(super) fn make(
    cluster: &Cluster,
    journal: &Journal,
    rng: &mut Rng,
    times: usize,
    apart: usize,
) {
    let mut deck: Vec<Trouble> = Vec::new();
    // Per node, by rules.
    let mut cuts = vec![0; cluster.len()];
    for _ in 0..times {
        journal.wait_for(journal.len() + apart);
        if deck.is_empty() {
            deck.extend(Trouble::ALL);
        }
        let trouble = deck.swap_remove(rng.index(deck.len()));
        let (before, begun) = (journal.len(), Instant::now());
        cause(cluster, journal, rng, trouble, &mut cuts);
        println!("{before:>7} calls, {trouble:?}: {:?}", begun.elapsed());
    }
    journal.wait_for(journal.len() + apart);
}

fn cause(cluster: &Cluster, journal: &Journal, rng: &mut Rng, trouble: Trouble, cuts: &mut [u64]) {
    let node = rng.index(cluster.len());
    let restart = |node| {
        cluster.kill_node(node);
        cluster.start_node(node);
    };
    let mut cut = |rule| {
        let proxy = cluster.proxy(node);
        proxy.arm(rule);
        // Unless the node has nothing to do by then, which is no harm.
        if proxy.wait_for_cuts(cuts[node] + 1, MOMENT) {
            cuts[node] += 1;
        }
        journal.wait_for(journal.len() + BETWEEN);
    };
    match trouble {
        Trouble::Node => restart(node),
        Trouble::Nodes => {
            let others = || (1..cluster.len()).map(|step| (node + step) % cluster.len());
            others().for_each(|other| cluster.kill_node(other));
            journal.wait_for(journal.len() + 20);
            others().for_each(|other| cluster.start_node(other));
        }
        Trouble::Database => {
            cluster.database.stop_immediate();
            cluster.database.start_again();
        }
        Trouble::Both => {
            cluster.database.stop_immediate();
            cluster.kill_node(node);
            cluster.database.start_again();
            cluster.start_node(node);
        }
        Trouble::Connections => {
            cluster.proxy(node).cut_all();
        }
        Trouble::CommitBefore => {
            (0..IN_A_ROW).for_each(|_| cut(Rule::at_commit(Moment::BeforeServer)));
        }
        Trouble::CommitBehind => {
            (0..IN_A_ROW).for_each(|_| cut(Rule::at_commit(Moment::BeforeAnswer)));
        }
        Trouble::Asking => (0..IN_A_ROW).for_each(|_| {
            cut(Rule::AfterBytes { from: Side::Client, bytes: rng.below(BYTES_MAX) });
        }),
        Trouble::Answering => (0..IN_A_ROW).for_each(|_| {
            cut(Rule::AfterBytes { from: Side::Server, bytes: rng.below(BYTES_MAX) });
        }),
        Trouble::CommitAndNode => {
            cut(Rule::at_commit(Moment::BeforeAnswer));
            restart(node);
        }
    }
}
