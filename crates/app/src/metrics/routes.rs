//! What is measured of the routes to services.
//!
//! Invariant: labels are prefixes and positions of the configuration, and classes of a status.

use super::latency;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Prefix {
    prefix: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PrefixClass {
    prefix: String,
    class: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct PrefixUpstream {
    prefix: String,
    upstream: String,
}

/// Measurements of all routes.
#[derive(Debug)]
pub struct RouteMetrics {
    requests: Family<PrefixClass, Counter>,
    head_seconds: Family<Prefix, Histogram>,
    in_flight: Family<Prefix, Gauge>,
    retries: Family<Prefix, Counter>,
    cut: Family<Prefix, Counter>,
    available: Family<PrefixUpstream, Gauge>,
}

impl RouteMetrics {
    /// All at zero, and shown by `registry`.
    pub(super) fn new(registry: &mut Registry) -> RouteMetrics {
        let metrics = RouteMetrics {
            requests: Family::default(),
            head_seconds: Family::new_with_constructor(|| latency(0.000_1, 20)),
            in_flight: Family::default(),
            retries: Family::default(),
            cut: Family::default(),
            available: Family::default(),
        };
        let requests = "Calls of services by the class of their answer, ours included";
        registry.register("upstream_requests", requests, metrics.requests.clone());
        let spent = "Time from a call to the head of a service's answer";
        registry.register_with_unit(
            "upstream_head_duration",
            spent,
            Unit::Seconds,
            metrics.head_seconds.clone(),
        );
        let open = "Calls of services whose answers have not ended";
        registry.register("upstream_in_flight", open, metrics.in_flight.clone());
        let retries = "Calls that were sent again, since no connection came about";
        registry.register("upstream_retries", retries, metrics.retries.clone());
        let cut = "Answers of services that were cut, since they stopped on the way";
        registry.register("upstream_answers_cut", cut, metrics.cut.clone());
        let available = "1 while calls are let through to the upstream";
        registry.register("upstream_available", available, metrics.available.clone());
        metrics
    }

    /// The measurements of one route, which counts its upstreams from 1.
    pub fn of(&self, prefix: &str) -> RouteMeter {
        let prefix = Prefix { prefix: prefix.to_owned() };
        let class = |class| {
            let labels = PrefixClass { prefix: prefix.prefix.clone(), class };
            self.requests.get_or_create_owned(&labels)
        };
        RouteMeter {
            classes: ["2xx", "3xx", "4xx", "5xx"].map(class),
            upgraded: class("101"),
            head_seconds: self.head_seconds.get_or_create_owned(&prefix),
            in_flight: self.in_flight.get_or_create_owned(&prefix),
            retries: self.retries.get_or_create_owned(&prefix),
            cut: self.cut.get_or_create_owned(&prefix),
            available: self.available.clone(),
            prefix: prefix.prefix,
        }
    }
}

/// The measurements of one route.
#[derive(Clone, Debug)]
pub struct RouteMeter {
    prefix: String,
    classes: [Counter; 4],
    upgraded: Counter,
    head_seconds: Histogram,
    in_flight: Gauge,
    retries: Counter,
    cut: Counter,
    available: Family<PrefixUpstream, Gauge>,
}

impl RouteMeter {
    /// A call begins; the gauge goes down when what is returned is dropped.
    pub fn begin(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// A call was answered with this status.
    pub fn answered(&self, status: u16) {
        let [ok, moved, refused, failed] = &self.classes;
        match status {
            0..200 => self.upgraded.inc(),
            200..300 => ok.inc(),
            300..400 => moved.inc(),
            400..500 => refused.inc(),
            500.. => failed.inc(),
        };
    }

    /// The head of a service's answer came after so long.
    pub fn head(&self, spent: Duration) {
        self.head_seconds.observe(spent.as_secs_f64());
    }

    /// A call is sent again.
    pub fn retried(&self) {
        self.retries.inc();
    }

    /// An answer stopped on the way.
    pub fn cut(&self) {
        self.cut.inc();
    }

    /// Whether calls are let through to upstream `number`.
    pub fn available(&self, number: usize, yes: bool) {
        let labels = PrefixUpstream { prefix: self.prefix.clone(), upstream: number.to_string() };
        self.available.get_or_create(&labels).set(i64::from(yes));
    }
}

/// A call in flight.
#[derive(Debug)]
pub struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}
