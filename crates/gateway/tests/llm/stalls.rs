//! A caller who stops reading costs bounded memory and time, and is charged for what was served.

use super::{
    stage::{Stage, ask_stream},
    upstream::PROMPT,
};
use axum::{body::Body, http::Response};
use futures::StreamExt;
use std::time::Duration;

/// More than waits for a caller, each word being an event of some 200 bytes.
const WORDS: u64 = 5_000;
/// What waits for him at most, in bytes.
const WAITING_BYTES_MAX: usize = 256 << 10;

/// How much there is to read, and whether it ends cleanly.
async fn read(response: Response<Body>) -> (usize, bool) {
    let mut parts = response.into_body().into_data_stream();
    let mut bytes = 0;
    while let Some(part) = parts.next().await {
        match part {
            Ok(part) => bytes += part.len(),
            Err(_) => return (bytes, false),
        }
    }
    (bytes, true)
}

#[tokio::test]
async fn he_is_taken_for_gone_and_charged_for_what_was_served() {
    let stage = Stage::with(100_000, |holds| holds.stall = Duration::from_millis(5)).await;
    let response = stage.chat(&ask_stream("plain", WORDS, Some(WORDS))).await;
    assert_eq!(response.status(), 200);
    // Nothing is read; the call ends all the same.
    assert_eq!(stage.settled().await, (i64::try_from(PROMPT + WORDS).unwrap(), 0));
    assert_eq!(stage.upstream.served(), PROMPT + WORDS);
    // What had waited for him is gone, and he does not take half an answer for a whole one.
    assert_eq!(read(response).await, (0, false));
    assert!(stage.metrics().contains("ended=\"complete\"} 1"), "{}", stage.metrics());
}

#[tokio::test]
async fn whoever_reads_late_gets_all_of_it() {
    let stage = Stage::with(100_000, |holds| holds.stall = Duration::from_secs(3_600)).await;
    let response = stage.chat(&ask_stream("plain", WORDS, Some(WORDS))).await;
    let (bytes, is_whole) = read(response).await;
    assert!(bytes > WAITING_BYTES_MAX && is_whole, "{bytes} bytes");
    assert_eq!(stage.settled().await.1, 0);
}

#[tokio::test]
async fn a_provider_that_never_ends_is_not_waited_for_either() {
    let bounds = |holds: &mut novacore_gateway::HoldOptions| {
        (holds.stall, holds.drain) = (Duration::from_millis(5), Duration::from_millis(50));
    };
    let stage = Stage::with(100_000, bounds).await;
    let said = WORDS - 1_000;
    stage.upstream.seen.gate.add_permits(usize::try_from(said).unwrap());
    let response = stage.chat(&ask_stream("gated", WORDS, Some(WORDS))).await;
    let (used, held) = stage.settled().await;
    // As counted, up to where it was read: at least what had waited for the caller, which is a part
    // in each place.
    let (least, most) = (16, i64::try_from(said + 2 * PROMPT).unwrap());
    assert!((least..=most).contains(&used) && held == 0, "{used} used, {held} held");
    assert!(!read(response).await.1);
    assert!(stage.metrics().contains("ended=\"hang_up\"} 1"), "{}", stage.metrics());
}
