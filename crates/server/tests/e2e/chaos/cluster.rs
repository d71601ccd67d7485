//! Several nodes on one private database, each behind a proxy of its own.
//!
//! Invariant: a node that is started again finds nothing but its secrets and the database.

use super::{
    history::{Row, Standing, standing_of},
    reader::shown,
};
use crate::{
    binary::{Folder, SERVICE_TOKEN, Server},
    postgres::environment,
};
use novacore_postgres_fixture::{Proxy, Server as Database};
use std::{
    sync::{RwLock, RwLockReadGuard},
    time::{Duration, Instant},
};

/// Starts of a node until one of them is not hit by what happens to its connections.
const STARTS_MAX: usize = 20;
/// How long after the last call a hold may last.
const PATIENCE: Duration = Duration::from_secs(30);

/// The nodes and their database.
pub(super) struct Cluster {
    nodes: Vec<Node>,
    /// The straight way to the database.
    url: String,
    // Dropped last: nodes go before their database.
    pub(super) database: Database,
}

struct Node {
    folder: Folder,
    /// The way to the database through the proxy.
    through: String,
    running: RwLock<Option<Server>>,
    proxy: Proxy,
}

impl Cluster {
    /// A fresh database and running nodes, under a cap on the tokens of a free trial that no window
    /// ends.
    pub(super) fn start(nodes: usize, cap: i64) -> Cluster {
        let database = Database::start();
        let url = database.fresh_database();
        let make = |_| {
            let folder = Folder::new();
            folder.configure(&format!(
                "[tiers.free_trial.limits.llm_tokens]\ncap = {cap}\nwindow = \"lifetime\"\n"
            ));
            let proxy = Proxy::start(database.address()).expect("a proxy");
            let through = proxy.url_of(&url);
            Node { folder, proxy, through, running: RwLock::new(None) }
        };
        let nodes: Vec<Node> = (0..nodes).map(make).collect();
        let migrated = nodes[0].folder.run(&["migrate", "--database-url", &url]);
        assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
        let cluster = Cluster { nodes, url, database };
        (0..cluster.len()).for_each(|node| cluster.start_node(node));
        cluster
    }

    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    pub(super) fn proxy(&self, node: usize) -> &Proxy {
        &self.nodes[node].proxy
    }

    /// Where a node listens, if it runs.
    pub(super) fn address(&self, node: usize) -> Option<String> {
        self.running(node).as_ref().map(|server| server.url.clone())
    }

    /// A new user's id.
    pub(super) fn user(&self, name: &str) -> String {
        let running = self.running(0);
        running.as_ref().expect("it runs").register(&format!("{name}@example.com")).0
    }

    /// Ends a node at once.
    pub(super) fn kill_node(&self, node: usize) {
        let running = self.nodes[node].running.write().expect("no panic").take();
        running.expect("it runs").kill();
    }

    /// Starts a node that does not run.
    pub(super) fn start_node(&self, node: usize) {
        let Node { folder, through, running, .. } = &self.nodes[node];
        let started = (0..STARTS_MAX).find_map(|_| folder.try_serve_with(&environment(through)));
        let started = started.unwrap_or_else(|| panic!("node {node} does not start"));
        *running.write().expect("no panic") = Some(started);
    }

    /// Stops a node where it is.
    pub(super) fn pause_node(&self, node: usize) {
        self.running(node).as_ref().expect("it runs").pause();
    }

    /// Lets a node go on after [`Cluster::pause_node`].
    pub(super) fn resume_node(&self, node: usize) {
        self.running(node).as_ref().expect("it runs").resume();
    }

    /// What a node shows of a user's tokens.
    fn standing(&self, node: usize, user: &str) -> Option<Standing> {
        let headers = [("x-service-token", SERVICE_TOKEN), ("x-user-id", user)];
        let running = self.running(node);
        let stats = running.as_ref()?.send("GET", "/usage/stats?days=1", &headers, "")?.body;
        standing_of(shown(&stats)?)
    }

    /// Waits until every hold has ended, without asking a node: they have to see to it themselves.
    ///
    /// # Panics
    /// If that does not come about.
    pub(super) fn settle_down(&self) {
        let begun = Instant::now();
        while self.psql("SELECT EXISTS (SELECT 1 FROM hold)") != "f" {
            assert!(begun.elapsed() < PATIENCE, "holds that have run out are still there");
        }
    }

    /// What every node shows of a user's tokens.
    pub(super) fn shown(&self, user: &str) -> Vec<Standing> {
        let shown = |node| self.standing(node, user).expect("an answer");
        (0..self.len()).map(shown).collect()
    }

    /// A user's rows of the ledger, read past the nodes.
    pub(super) fn rows(&self, user: &str) -> Vec<Row> {
        let sql = format!(
            "SELECT row_to_json(r) FROM (SELECT version, kind, amount, held, hold_id, flags, \
             coalesce(idempotency_key, metadata->>'op') AS call, (extract(epoch FROM timestamp) * 1000000)::bigint AS \
             recorded_micros, (extract(epoch FROM expires_at) * 1000000)::bigint AS \
             expires_micros FROM usage_ledger WHERE user_id = '{user}' ORDER BY version) r"
        );
        let read = |line: &str| serde_json::from_str(line).expect("a row");
        self.psql(&sql).lines().map(read).collect()
    }

    /// Asks the database past the nodes.
    pub(super) fn psql(&self, sql: &str) -> String {
        self.database.psql(&self.url, sql).expect("an answer of the database")
    }

    /// As an operator asks whether everything follows from the ledger.
    pub(super) fn verify(&self) {
        let asked = ["ledger", "verify", "--database-url", &self.url];
        let verified = self.nodes[0].folder.run(&asked);
        let said = String::from_utf8_lossy(&verified.stdout);
        let complained = String::from_utf8_lossy(&verified.stderr);
        assert!(verified.status.success(), "{said}{complained}");
    }

    /// The straight way to the database.
    pub(super) fn database_url(&self) -> &str {
        &self.url
    }

    fn running(&self, node: usize) -> RwLockReadGuard<'_, Option<Server>> {
        self.nodes[node].running.read().expect("no panic")
    }
}
