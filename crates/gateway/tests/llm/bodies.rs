//! Bodies that come slowly, or never to their end, keep nobody out.

use super::stage::{Answer, Stage, ask};
use axum::{
    body::{Body, Bytes},
    http::{Request, Response},
};
use futures::{StreamExt, future, stream};
use novacore_edge::DataPlane;
use serde_json::json;
use std::{convert::Infallible, time::Duration};
use tokio::{sync::oneshot, task::JoinHandle};

fn post(stage: &Stage, body: Body) -> Request<Body> {
    Request::post("/v1/chat/completions")
        .header("authorization", format!("Bearer {}", stage.token()))
        .body(body)
        .unwrap()
}

/// A call of whose body so many bytes came, and no more will.
async fn stuck(stage: &Stage, bytes: usize) -> JoinHandle<Response<Body>> {
    let (tell, told) = oneshot::channel();
    let first = future::ready(Ok::<_, Infallible>(Bytes::from(vec![b' '; bytes])));
    let never = async move {
        // It is asked for more only after the first part was taken in.
        let _ = tell.send(());
        future::pending().await
    };
    let body = Body::from_stream(stream::once(first).chain(stream::once(never)));
    let call = tokio::spawn(stage.gateway.clone().answer(post(stage, body)));
    told.await.unwrap();
    call
}

async fn call(stage: &Stage) -> Answer {
    let mut body = ask("plain", 3);
    body["max_tokens"] = json!(10);
    stage.chat_whole(&body).await
}

#[tokio::test]
async fn whoever_sends_slowly_has_no_place_among_the_calls() {
    let stage = Stage::with(5_000, |holds| holds.calls_max = 1).await;
    let slow = [stuck(&stage, 10).await, stuck(&stage, 10).await];
    let answer = call(&stage).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    slow.iter().for_each(JoinHandle::abort);
    assert_eq!(stage.settled().await.1, 0);
}

#[tokio::test]
async fn a_body_takes_room_as_it_comes() {
    let bounds = |holds: &mut novacore_gateway::HoldOptions| {
        (holds.body_bytes_max, holds.bodies_bytes_max) = (64 << 10, 64 << 10);
    };
    let stage = Stage::with(5_000, bounds).await;
    // Of unknown length each, which might be all that there is.
    let slow = [stuck(&stage, 1_000).await, stuck(&stage, 1_000).await];
    let answer = call(&stage).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let long = stuck(&stage, 62 << 10).await;
    let answer = call(&stage).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert!(!answer.header("retry-after").is_empty());
    for call in slow.into_iter().chain([long]) {
        call.abort();
        assert!(call.await.is_err_and(|error| error.is_cancelled()));
    }
    let answer = call(&stage).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn a_body_that_does_not_come_ends_after_its_time() {
    let bound = Duration::from_millis(5);
    let stage = Stage::with(5_000, |holds| holds.body_timeout = bound).await;
    let answer = Answer::of(stuck(&stage, 10).await.await.unwrap()).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text.contains("the body took too long"), "{}", answer.text);
    assert_eq!((stage.settled().await, stage.upstream.calls()), ((0, 0), 0));
}

#[tokio::test]
async fn a_body_in_many_parts_is_one() {
    let stage = Stage::new(5_000).await;
    let mut body = ask("plain", 3);
    body["max_tokens"] = json!(10);
    let parts: Vec<_> = body.to_string().bytes().collect();
    let parts = parts.into_iter().map(|byte| Ok::<_, Infallible>(Bytes::from(vec![byte])));
    let request = post(&stage, Body::from_stream(stream::iter(parts)));
    let answer = Answer::of(stage.send(request).await).await;
    assert_eq!((answer.status, answer.words()), (200, 3), "{}", answer.text);
    // Neither here nor there is it bounded by what it announces.
    let long = stream::repeat_with(|| Ok::<_, Infallible>(Bytes::from(vec![b' '; 1 << 20])));
    let answer = Answer::of(stage.send(post(&stage, Body::from_stream(long))).await).await;
    assert_eq!(answer.status, 413, "{}", answer.text);
}
