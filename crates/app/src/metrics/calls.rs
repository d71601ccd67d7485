//! What calls of models are measured by.
//!
//! Invariant: providers and models are those of the configuration; all other labels are words of
//! ours.

use super::latency;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use std::time::Duration;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ModelLabels {
    provider: String,
    model: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndLabels {
    provider: String,
    model: String,
    ended: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TokenLabels {
    provider: String,
    model: String,
    kind: &'static str,
    source: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProviderLabels {
    provider: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusalLabels {
    why: &'static str,
}

/// Calls of models.
#[derive(Debug)]
pub struct Calls {
    ended: Family<EndLabels, Counter>,
    tokens: Family<TokenLabels, Counter>,
    lost: Family<TokenLabels, Counter>,
    seconds: Family<ModelLabels, Histogram>,
    first_seconds: Family<ModelLabels, Histogram>,
    fallbacks: Family<ProviderLabels, Counter>,
    available: Family<ProviderLabels, Gauge>,
    refused: Family<RefusalLabels, Counter>,
}

impl Default for Calls {
    fn default() -> Calls {
        Calls {
            ended: Family::default(),
            tokens: Family::default(),
            lost: Family::default(),
            seconds: Family::new_with_constructor(|| latency(0.001, 18)),
            first_seconds: Family::new_with_constructor(|| latency(0.001, 16)),
            fallbacks: Family::default(),
            available: Family::default(),
            refused: Family::default(),
        }
    }
}

impl Calls {
    pub(super) fn register(&self, r: &mut Registry) {
        let help = "Calls of models by how they ended";
        r.register("llm_calls", help, self.ended.clone());
        let help = "Tokens that calls used, as reported by the provider or as estimated";
        r.register("llm_tokens", help, self.tokens.clone());
        let help = "Tokens of answers that were not delivered, which nobody is charged for";
        r.register("llm_lost_tokens", help, self.lost.clone());
        let help = "Time from a call's arrival to its end";
        r.register_with_unit("llm_call_duration", help, Unit::Seconds, self.seconds.clone());
        let help = "Time from a call's arrival to the first bytes of a streamed answer";
        let first = self.first_seconds.clone();
        r.register_with_unit("llm_first_bytes", help, Unit::Seconds, first);
        let help = "Calls that went to another provider because this one failed";
        r.register("llm_fallbacks", help, self.fallbacks.clone());
        let help = "1 while calls are let through to the provider, 0 while it is passed over";
        r.register("llm_provider_available", help, self.available.clone());
        let help = "Calls that were not sent to a provider";
        r.register("llm_calls_refused", help, self.refused.clone());
    }

    /// A call has ended, in this way.
    pub fn ended(&self, provider: &str, model: &str, ended: &'static str, spent: Duration) {
        let (provider, model) = (provider.to_owned(), model.to_owned());
        let labels = ModelLabels { provider: provider.clone(), model: model.clone() };
        self.seconds.get_or_create(&labels).observe(spent.as_secs_f64());
        self.ended.get_or_create(&EndLabels { provider, model, ended }).inc();
    }

    /// It has used so many tokens of input and output.
    pub fn used(&self, provider: &str, model: &str, tokens: (u64, u64), is_estimated: bool) {
        add(&self.tokens, (provider, model), tokens, is_estimated);
    }

    /// A provider used so many tokens for an answer that was not delivered.
    pub fn lost(&self, provider: &str, model: &str, tokens: (u64, u64), is_estimated: bool) {
        add(&self.lost, (provider, model), tokens, is_estimated);
    }

    /// The first bytes of a streamed answer came.
    pub fn first_bytes(&self, provider: &str, model: &str, spent: Duration) {
        let labels = ModelLabels { provider: provider.to_owned(), model: model.to_owned() };
        self.first_seconds.get_or_create(&labels).observe(spent.as_secs_f64());
    }

    /// Another provider is tried, because this one failed.
    pub fn fell_back(&self, provider: &str) {
        self.fallbacks.get_or_create(&ProviderLabels { provider: provider.to_owned() }).inc();
    }

    /// Whether calls are let through to the provider.
    pub fn available(&self, provider: &str, yes: bool) {
        let labels = ProviderLabels { provider: provider.to_owned() };
        self.available.get_or_create(&labels).set(i64::from(yes));
    }

    /// A call was not sent.
    pub fn refused(&self, why: &'static str) {
        self.refused.get_or_create(&RefusalLabels { why }).inc();
    }
}

/// Input and output.
fn add(
    to: &Family<TokenLabels, Counter>,
    (provider, model): (&str, &str),
    (input, output): (u64, u64),
    is_estimated: bool,
) {
    let source = if is_estimated { "estimated" } else { "reported" };
    for (kind, tokens) in [("input", input), ("output", output)] {
        let (provider, model) = (provider.to_owned(), model.to_owned());
        to.get_or_create(&TokenLabels { provider, model, kind, source }).inc_by(tokens);
    }
}
