//! What is measured, in Prometheus' format.
//!
//! Invariant: labels come from small fixed sets (configured resources, route templates), never from
//! users.
//! Not here: who may read them; where they are served.

mod calls;
mod memories;
mod routes;

pub use calls::Calls;
pub use memories::MemoryMetrics;
pub use routes::{InFlight, RouteMeter, RouteMetrics};

use novacore_store::{ledger::StoreHealth, observe::Observer};
use novacore_vocab::ResourceName;
use prometheus_client::{
    encoding::{EncodeLabel, EncodeLabelSet, LabelSetEncoder, text},
    metrics::{
        counter::Counter,
        family::Family,
        gauge::Gauge,
        histogram::{Histogram, exponential_buckets},
    },
    registry::{Registry, Unit},
};
use std::{fmt, time::Duration};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DecisionOutcome {
    /// Done.
    Admitted,
    /// Done before under the same key.
    Replayed,
    /// A limit refused it.
    RefusedByQuota,
    /// Refused for another reason.
    Refused,
    /// The store could not answer.
    Failed,
}

impl DecisionOutcome {
    /// The value of the label.
    const fn as_str(self) -> &'static str {
        match self {
            DecisionOutcome::Admitted => "admitted",
            DecisionOutcome::Replayed => "replayed",
            DecisionOutcome::RefusedByQuota => "refused_quota",
            DecisionOutcome::Refused => "refused_other",
            DecisionOutcome::Failed => "failed",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct DecisionLabels {
    outcome: DecisionOutcome,
    resource: ResourceName,
}

impl EncodeLabelSet for DecisionLabels {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), fmt::Error> {
        ("outcome", self.outcome.as_str()).encode(encoder.encode_label())?;
        ("resource", self.resource.as_str()).encode(encoder.encode_label())
    }
}

/// One kind of request.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HttpLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

/// All measurements of a process.
#[derive(Debug)]
pub struct Metrics {
    /// Of routes to services.
    pub routes: RouteMetrics,
    registry: Registry,
    /// Calls of models.
    pub calls: Calls,
    /// Memories.
    pub memories: MemoryMetrics,
    decisions: Family<DecisionLabels, Counter>,
    requests: Family<HttpLabels, Counter>,
    request_seconds: Family<RouteLabels, Histogram>,
    streams: Gauge,
    commit_seconds: Histogram,
    batch_commands: Histogram,
    entries: Counter,
    commits_failed: Counter,
    derived_lag: Gauge,
    queue_depth: Gauge,
    accounts_loaded: Gauge,
    writable: Gauge,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics::new()
    }
}

impl Metrics {
    /// All at zero.
    pub fn new() -> Metrics {
        let mut registry = Registry::with_prefix("novacore");
        let mut metrics = Metrics {
            routes: RouteMetrics::new(&mut registry),
            registry,
            calls: Calls::default(),
            memories: MemoryMetrics::default(),
            decisions: Family::default(),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(|| latency(0.000_1, 16)),
            streams: Gauge::default(),
            commit_seconds: latency(0.000_1, 16),
            batch_commands: latency(1.0, 13),
            entries: Counter::default(),
            commits_failed: Counter::default(),
            derived_lag: Gauge::default(),
            queue_depth: Gauge::default(),
            accounts_loaded: Gauge::default(),
            writable: Gauge::default(),
        };
        metrics.register();
        metrics
    }

    fn register(&mut self) {
        let r = &mut self.registry;
        self.calls.register(r);
        self.memories.register(r);
        let seconds = || Unit::Seconds;
        r.register("decisions", "Commands by outcome and resource", self.decisions.clone());
        r.register("http_requests", "Requests by route and status", self.requests.clone());
        let spent = "Time from a request's head to its answer's";
        r.register_with_unit(
            "http_request_duration",
            spent,
            seconds(),
            self.request_seconds.clone(),
        );
        r.register("streams_open", "Open usage streams", self.streams.clone());
        let spent = "Time of a commit with its sync";
        r.register_with_unit("commit_duration", spent, seconds(), self.commit_seconds.clone());
        r.register("batch_commands", "Commands per committed batch", self.batch_commands.clone());
        r.register("entries_committed", "Ledger entries committed", self.entries.clone());
        r.register("commits_failed", "Batches that failed to commit", self.commits_failed.clone());
        let lag = "Entries that derived data lag behind the ledger";
        r.register("watermark_lag_entries", lag, self.derived_lag.clone());
        r.register("queue_depth", "Commands that wait for the writer", self.queue_depth.clone());
        r.register("accounts_loaded", "Accounts in memory", self.accounts_loaded.clone());
        r.register("writable", "1 while commands are accepted", self.writable.clone());
    }

    /// A command ended, about these resources, which the ledger knows.
    pub fn decided<'r>(
        &self,
        outcome: DecisionOutcome,
        resources: impl IntoIterator<Item = &'r ResourceName>,
    ) {
        for resource in resources {
            let labels = DecisionLabels { outcome, resource: resource.clone() };
            self.decisions.get_or_create(&labels).inc();
        }
    }

    /// How many commands about a resource have ended so.
    pub fn decisions(&self, outcome: DecisionOutcome, resource: &ResourceName) -> u64 {
        let labels = DecisionLabels { outcome, resource: resource.clone() };
        self.decisions.get(&labels).map_or(0, |counter| counter.get())
    }

    /// A request was answered.
    pub fn answered(&self, method: &'static str, route: &str, status: u16, spent: Duration) {
        let labels = HttpLabels { method, route: route.to_owned(), status };
        self.requests.get_or_create(&labels).inc();
        let labels = RouteLabels { route: labels.route };
        self.request_seconds.get_or_create(&labels).observe(spent.as_secs_f64());
    }

    /// A stream was opened.
    pub fn stream_opened(&self) {
        self.streams.inc();
    }

    /// A stream has ended.
    pub fn stream_ended(&self) {
        self.streams.dec();
    }

    /// The text for a scrape, with the store's figures of this moment.
    pub fn render(&self, health: &StoreHealth) -> Result<String, fmt::Error> {
        let gauge = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        self.queue_depth.set(gauge(health.queue_depth));
        self.accounts_loaded.set(gauge(health.accounts_loaded));
        self.derived_lag.set(i64::try_from(health.derived_lag).unwrap_or(i64::MAX));
        self.writable.set(i64::from(health.writable));
        let mut text = String::with_capacity(16_384);
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// Buckets that double from `first` on.
fn latency(first: f64, buckets: u16) -> Histogram {
    Histogram::new(exponential_buckets(first, 2.0, buckets))
}

impl Observer for Metrics {
    fn committed(&self, commands: usize, entries: usize, commit: Duration) {
        self.commit_seconds.observe(commit.as_secs_f64());
        self.batch_commands.observe(commands as f64);
        self.entries.inc_by(entries as u64);
    }

    fn commit_failed(&self) {
        self.commits_failed.inc();
    }

    fn derived_lag(&self, entries: u64) {
        self.derived_lag.set(i64::try_from(entries).unwrap_or(i64::MAX));
    }
}
