//! A node stands still while its holds run out, and goes on as if nothing had happened.

use super::{client::Habits, cluster::Cluster, history::Journal, story::Story};
use novacore_sim::Rng;
use std::time::{Duration, Instant};

const NODES: usize = 3;
const CLIENTS: usize = 8;
const CAP: i64 = 1_000_000;
/// Calls before a pause and after it.
const APART: usize = 100;
/// Calls during a pause: those to the node that stands still take their time.
const MEANWHILE: usize = 16;
const PATIENCE: Duration = Duration::from_secs(60);
/// Each look is a process of its own.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
/// Use is reported for every hold, also late: it may be charged but once.
const HABITS: Habits = Habits { charging: 500, large: (10, 400), settles_all: true, ttl_s_max: 2 };

/// Where a node is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// Wherever it is.
    Anywhere,
    /// In its transaction, with the user's account locked.
    Locking,
}

/// Asks the database until it says so.
fn wait_until(cluster: &Cluster, journal: &Journal, condition: &str) {
    let begun = Instant::now();
    while cluster.psql(&format!("SELECT {condition}")) != "t" {
        assert!(begun.elapsed() < PATIENCE, "{condition}");
        journal.back_off(BETWEEN_LOOKS);
    }
    println!("{:>7} calls, {condition}: {:?}", journal.len(), begun.elapsed());
}

/// Stops a node while its transaction waits for the lock of an account, and then lets it have it.
fn stop_with_lock(cluster: &Cluster, journal: &Journal, node: usize, user: &str) {
    let others = || (1..cluster.len()).map(|step| (node + step) % cluster.len());
    others().for_each(|other| {
        cluster.proxy(other).refuse();
        cluster.proxy(other).cut_all();
    });
    wait_until(cluster, journal, "count(*) = 0 FROM pg_locks WHERE NOT granted");
    let lock = format!("SELECT 1 FROM account WHERE user_id = '{user}' FOR UPDATE");
    let sleeps = "FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(900)'";
    std::thread::scope(|scope| {
        let script = ["BEGIN", &lock, "SELECT pg_sleep(900)"];
        let url = cluster.database_url();
        let holder = scope.spawn(move || cluster.database.psql_script(url, &script));
        wait_until(cluster, journal, &format!("count(*) = 1 {sleeps}"));
        wait_until(cluster, journal, "count(*) > 0 FROM pg_locks WHERE NOT granted");
        cluster.pause_node(node);
        cluster.psql(&format!("SELECT pg_terminate_backend(pid) {sleeps}"));
        assert!(holder.join().expect("no panic").is_err(), "it was ended");
    });
    wait_until(
        cluster,
        journal,
        "count(*) = 1 FROM pg_stat_activity WHERE state = 'idle in transaction'",
    );
    others().for_each(|other| cluster.proxy(other).accept());
}

fn pause(cluster: &Cluster, journal: &Journal, node: usize, user: &str, stop: Stop) {
    journal.wait_for(journal.len() + APART);
    match stop {
        Stop::Anywhere => cluster.pause_node(node),
        Stop::Locking => stop_with_lock(cluster, journal, node, user),
    }
    let at = cluster.psql("SELECT clock_timestamp()");
    let older = format!("SELECT 1 FROM hold WHERE reserved_at <= '{at}'");
    wait_until(cluster, journal, &format!("NOT EXISTS ({older})"));
    journal.wait_for(journal.len() + MEANWHILE);
    cluster.resume_node(node);
    journal.wait_for(journal.len() + APART);
}

fn pauses(seed: u64, stops: &[Stop]) {
    let cluster = Cluster::start(NODES, CAP);
    let name = format!("paused-{seed}");
    let story = Story { cluster: &cluster, name, cap: CAP, clients: CLIENTS, habits: HABITS };
    let counts = story.tell(Rng::new(seed), |journal, user, rng| {
        for stop in stops {
            pause(&cluster, journal, rng.index(NODES), user, *stop);
        }
    });
    println!("pauses {seed}: {counts:?}");
    cluster.verify();
}

#[test]
fn a_node_that_stood_still_past_the_end_of_its_holds_charges_nothing_twice() {
    pauses(1, &[Stop::Locking, Stop::Anywhere]);
}

#[test]
#[ignore = "soak"]
fn many_pauses() {
    for seed in 100..110 {
        pauses(seed, &[Stop::Locking, Stop::Anywhere].repeat(6));
    }
}
