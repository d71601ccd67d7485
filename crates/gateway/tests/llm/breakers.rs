//! A provider that fails is passed over while another can serve, and comes back by itself.

use super::{
    stage::{Stage, ask},
    upstream::Upstream,
};
use novacore_edge::DataPlane;
use novacore_gateway::{ModelOptions, Options, ProviderOptions};
use serde_json::{Value, json};
use std::time::Duration;

/// Longer than any test.
const LONG: Duration = Duration::from_secs(3_600);
/// Calls until one that is due must have been made.
const CALLS_MAX: usize = 20_000;

/// A gateway before a first provider and, if there is one, a second, which both have the model.
async fn stage(first: &Upstream, second: Option<&Upstream>, pause: Duration) -> Stage {
    let change = |options: &mut Options, like: &ProviderOptions| {
        let provider = |name: &str, upstream: &Upstream| ProviderOptions {
            name: name.to_owned(),
            base_url: upstream.url.clone(),
            breaker_failures: 2,
            breaker_pause: pause,
            models: vec![ModelOptions::named("plain")],
            ..like.clone()
        };
        options.llm.providers = vec![provider("first", first)];
        options.llm.providers.extend(second.map(|second| provider("second", second)));
    };
    Stage::of(1_000_000, change).await
}

fn body() -> Value {
    let mut body = ask("plain", 1);
    body["max_tokens"] = json!(2);
    body
}

fn shown(stage: &Stage) -> Vec<(String, &'static str)> {
    stage.gateway.upstreams().into_iter().map(|it| (it.name, it.status)).collect()
}

#[tokio::test]
async fn one_that_failed_is_passed_over_and_shown_as_down() {
    let (first, second) = (Upstream::start().await, Upstream::start().await);
    let stage = stage(&first, Some(&second), LONG).await;
    let names = ["first", "second"].map(str::to_owned);
    assert_eq!(shown(&stage), names.clone().map(|name| (name, "unknown")));
    first.set_down(true);
    for _ in 0..6 {
        assert_eq!(stage.chat_whole(&body()).await.status, 200);
    }
    assert_eq!((first.calls(), second.calls()), (2, 6));
    let [one, two] = names;
    assert_eq!(shown(&stage), [(one, "down"), (two, "up")]);
    let metrics = stage.metrics();
    for line in [
        "llm_provider_available{provider=\"first\"} 0",
        "llm_provider_available{provider=\"second\"} 1",
        // Passed over is not tried: only those that were sent count as fallen back.
        "llm_fallbacks_total{provider=\"first\"} 2",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
}

#[tokio::test]
async fn it_comes_back_by_a_call_that_tries_it() {
    let (first, second) = (Upstream::start().await, Upstream::start().await);
    let stage = stage(&first, Some(&second), Duration::from_millis(1)).await;
    first.set_down(true);
    while first.calls() < 3 {
        // The third is the probe, which fails like the two before it.
        assert_eq!(stage.chat_whole(&body()).await.status, 200);
        assert!(second.calls() < CALLS_MAX as u64, "it is never tried again");
    }
    first.set_down(false);
    let before = first.calls();
    for _ in 0..CALLS_MAX {
        assert_eq!(stage.chat_whole(&body()).await.status, 200);
        if first.calls() > before {
            break;
        }
    }
    let (served, by_second) = (first.calls(), second.calls());
    for _ in 0..3 {
        assert_eq!(stage.chat_whole(&body()).await.status, 200);
    }
    assert_eq!((first.calls(), second.calls()), (served + 3, by_second));
    assert_eq!(shown(&stage)[0].1, "up");
}

#[tokio::test]
async fn where_nobody_else_is_left_it_is_asked_all_the_same() {
    let first = Upstream::start().await;
    let alone = stage(&first, None, LONG).await;
    first.set_down(true);
    for _ in 0..3 {
        assert_eq!(alone.chat_whole(&body()).await.status, 500);
    }
    first.set_down(false);
    assert_eq!(alone.chat_whole(&body()).await.status, 200);
    // Likewise where the others cannot serve either.
    let second = Upstream::start().await;
    let both = stage(&first, Some(&second), LONG).await;
    first.set_down(true);
    for _ in 0..2 {
        assert_eq!(both.chat_whole(&body()).await.status, 200);
    }
    first.set_down(false);
    second.set_down(true);
    assert_eq!(both.chat_whole(&body()).await.status, 200);
    assert_eq!(both.settled().await.1, 0);
}
