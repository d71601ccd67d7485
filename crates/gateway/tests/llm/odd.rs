//! What neither a caller nor a provider should send.

use super::stage::{Answer, Stage, ask, ask_stream};
use axum::{body::Body, http::Request};
use serde_json::{Value, json};

/// The data of every event, none of which may be half of one.
fn events(answer: &Answer) -> Vec<Value> {
    let events = answer.text.split("\n\n").map(str::trim_start);
    let events = events.filter_map(|event| event.strip_prefix("data: "));
    let events = events.filter(|data| *data != "[DONE]");
    events.map(|data| serde_json::from_str(data).unwrap_or_else(|_| panic!("{data}"))).collect()
}

#[tokio::test]
async fn an_answer_that_is_none_is_neither_passed_on_nor_charged() {
    let stage = Stage::new(5_000).await;
    for model in ["page", "zipped"] {
        for stream in [false, true] {
            let answer = stage.chat_whole(&ask_stream(model, 3, Some(50))).await;
            assert_eq!(answer.status, 503, "{model} {stream}: {}", answer.text);
            assert!(answer.json()["error"]["message"].is_string());
        }
    }
    // What a provider says of itself is passed on.
    let mut body = ask("error-200", 3);
    body["max_tokens"] = json!(50);
    let answer = stage.chat_whole(&body).await;
    assert_eq!(answer.json()["error"]["type"], "overloaded");
    assert_eq!(stage.settled().await, (0, 0));
}

#[tokio::test]
async fn figures_beyond_what_the_ledger_counts_are_settled_all_the_same() {
    let stage = Stage::new(5_000).await;
    let mut body = ask("boundless", 3);
    body["max_tokens"] = json!(50);
    assert_eq!(stage.chat_whole(&body).await.status, 200);
    let (used, held) = stage.settled().await;
    assert!(used > 0 && held == 0, "{used} used, {held} held");
}

#[tokio::test]
async fn a_stream_whose_last_event_lacks_its_end_is_passed_on_as_whole_events() {
    let stage = Stage::new(5_000).await;
    let answer = stage.chat_whole(&ask_stream("unended", 2, Some(50))).await;
    assert_eq!((answer.status, answer.words()), (200, 2));
    assert!(!answer.text.contains("error") && answer.text.contains("[DONE]"), "{}", answer.text);
    for (model, words) in [("torn", 1), ("torn-late", 2)] {
        let answer = stage.chat_whole(&ask_stream(model, 2, Some(50))).await;
        let events = events(&answer);
        assert_eq!(answer.words(), words, "{}", answer.text);
        let last = events.last().unwrap();
        assert_eq!(last["error"]["message"], "the provider broke off", "{}", answer.text);
    }
}

#[tokio::test]
async fn what_is_refused_is_never_said_back_at_length() {
    let stage = Stage::new(5_000).await;
    let odd = "\u{0}\u{202e}é\n".repeat(100_000);
    for body in [
        json!({"model": odd, "messages": []}),
        json!({"model": "plain", "messages": [], odd.as_str(): 1, "max_tokens": odd}),
        json!({"model": "plain", "messages": [{"role": "user", "content": [{"type": odd}]}]}),
    ] {
        let answer = stage.chat_whole(&body).await;
        assert!(matches!(answer.status, 400 | 404 | 422), "{}", answer.status);
        assert!(answer.text.len() < 2_000, "{} bytes", answer.text.len());
    }
    assert_eq!((stage.settled().await, stage.upstream.calls()), ((0, 0), 0));
}

#[tokio::test]
async fn a_body_that_two_parsers_read_differently_is_refused() {
    let stage = Stage::new(5_000).await;
    let messages = r#""messages":[{"role":"user","content":"say 3"}]"#;
    for text in [
        format!(r#"{{"model":"plain","max_tokens":1,"max_tokens":4000,{messages}}}"#),
        format!(r#"{{"model":"plain","max_tokens":1,"Max_Tokens":4000,{messages}}}"#),
        format!(r#"{{"model":"plain","model":"silent",{messages}}}"#),
        format!(r#"{{"model":"plain","n":1,"\u006e":1000,{messages}}}"#),
        format!(r#"{{"model":"plain","max_tokens":1e3,{messages}}}"#),
        format!(r#"{{"model":"plain","n":1025,{messages}}}"#),
        format!(r#"{{"model":"plain","n":0,{messages}}}"#),
        format!("\u{feff}{{\"model\":\"plain\",{messages}}}"),
        format!("{{\"model\":\"plain\",{messages}}} {{}}"),
    ] {
        let request = Request::post("/v1/chat/completions")
            .header("authorization", format!("Bearer {}", stage.token()));
        let answer = stage.send(request.body(Body::from(text.clone())).unwrap()).await;
        assert_eq!(answer.status(), 400, "{text}");
    }
    assert_eq!(stage.upstream.calls(), 0);
}

#[tokio::test]
async fn many_answers_without_maximum_are_held_and_cut_within_the_quota() {
    let stage = Stage::new(3_000).await;
    let mut body = ask("plain", 50);
    body["n"] = json!(1_024);
    let answer = stage.chat_whole(&body).await;
    assert!(matches!(answer.status, 200 | 429), "{}", answer.text);
    // Nothing to say is still a prompt.
    for empty in [json!([]), json!([{"role": "user", "content": ""}])] {
        let body = json!({"model": "plain", "messages": empty, "max_tokens": 2});
        assert_eq!(stage.chat_whole(&body).await.status, 200);
    }
    let (used, held) = stage.settled().await;
    assert!((1..=3_000).contains(&used) && held == 0, "{used} used, {held} held");
}
