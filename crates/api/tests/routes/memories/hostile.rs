//! Bad input: the right problem each, nothing written, never a 500.

use super::{lesson, level, stored, with};
use crate::stage::{As, Stage};
use serde_json::{Value, json};

const STORE: (&str, &str) = ("POST", "/api/memory/store");
const SEARCH: (&str, &str) = ("POST", "/api/memory/search");

fn memory(more: &str) -> String {
    format!(r#"{{"type":"lesson","input_context":"a","tier":"ltm"{more}}}"#)
}

fn nested(levels: usize) -> String {
    format!(r#","metadata":{{"a":{}1{}}}"#, "[".repeat(levels), "]".repeat(levels))
}

#[tokio::test]
async fn memories_that_are_not_what_they_should_be() {
    let stage = Stage::new();
    let ones = |count: usize| format!("[{}]", vec!["1"; count].join(","));
    let many_tags: Vec<String> = (0..65).map(|tag| tag.to_string()).collect();
    for (more, field) in [
        (r#","type":"lesson""#.to_owned(), "type"),
        (r#","session_id":"""#.to_owned(), "session_id"),
        (format!(r#","session_id":"{}""#, "s".repeat(256)), "session_id"),
        (r#","session_id":"a\u0000b""#.to_owned(), "session_id"),
        (r#","session_id":"a\nb""#.to_owned(), "session_id"),
        (r#","output_response":"a\u0000""#.to_owned(), "output_response"),
        (r#","output_response":"\ud800""#.to_owned(), "output_response"),
        (r#","outcome":"Success""#.to_owned(), "outcome"),
        (r#","emotional_weight":1.01"#.to_owned(), "emotional_weight"),
        (r#","emotional_weight":-1e300"#.to_owned(), "emotional_weight"),
        (r#","emotional_weight":1e999"#.to_owned(), "emotional_weight"),
        (r#","confidence_score":-0.001"#.to_owned(), "confidence_score"),
        (r#","confidence_score":"0.5""#.to_owned(), "confidence_score"),
        (r#","tags":["a\u0000"]"#.to_owned(), "tags[0]"),
        (r#","tags":["a","\udfff"]"#.to_owned(), "tags[1]"),
        (format!(r#","tags":["{}"]"#, "t".repeat(129)), "tags[0]"),
        (format!(r#","tags":{}"#, json!(many_tags)), "tags"),
        (r#","metadata":"text""#.to_owned(), "metadata"),
        (r#","metadata":{"a":"\u0000"}"#.to_owned(), "metadata"),
        (r#","metadata":{"\ud800":1}"#.to_owned(), "metadata"),
        (r#","metadata":{"a":1e999}"#.to_owned(), "metadata"),
        (format!(r#","metadata":{{"a":"{}"}}"#, "x".repeat(16 << 10)), "metadata"),
        (nested(16), "metadata"),
        (nested(500), "metadata"),
        (nested(50_000), "metadata"),
        (r#","embedding":[]"#.to_owned(), "embedding"),
        (format!(r#","embedding":{}"#, ones(63)), "embedding"),
        (format!(r#","embedding":{}"#, ones(65)), "embedding"),
        (format!(r#","embedding":{}"#, ones(300_000)), "embedding"),
        (format!(r#","embedding":{}"#, ones(64).replace("[1", "[1e39")), "embedding"),
        (format!(r#","embedding":{}"#, ones(64).replace("[1", "[1e999")), "embedding[0]"),
        (format!(r#","embedding":{}"#, ones(64).replace("[1", "[\"1\"")), "embedding[0]"),
        (format!(r#","embedding":{}"#, ones(64).replace('1', "0")), "embedding"),
    ] {
        let answer = stage.call_with(STORE, As::User(1), &[], memory(&more)).await;
        let start: String = more.chars().take(80).collect();
        assert_eq!(answer.status, 422, "{start}: {}", answer.text);
        assert_eq!(answer.json()["field"], field, "{start}");
    }
    for (input, status) in [
        (r#""""#.to_owned(), 422),
        (r#"" \n\t""#.to_owned(), 422),
        (r#""a\u0000b""#.to_owned(), 422),
        (r#""\udc00\ud800""#.to_owned(), 422),
        ("null".to_owned(), 422),
        ("5".to_owned(), 422),
        ("\"a\0b\"".to_owned(), 400),
        ("NaN".to_owned(), 400),
        ("-Infinity".to_owned(), 400),
        (format!("\"{}\"", "x".repeat(1 << 20)), 413),
    ] {
        let body = format!(r#"{{"type":"lesson","input_context":{input},"tier":"ltm"}}"#);
        let answer = stage.call_with(STORE, As::User(1), &[], body).await;
        assert_eq!(answer.status, status, "{input:.20}: {}", answer.text);
    }
    let raw = b"{\"type\":\"lesson\",\"input_context\":\"\xff\xfe\",\"tier\":\"ltm\"}".to_vec();
    assert_eq!(stage.call_with(STORE, As::User(1), &[], raw).await.status, 400);
    assert_eq!((level(&stage, 1).await, stage.memory.entry_count()), (0, 0));
}

#[tokio::test]
async fn what_is_large_and_odd_and_allowed_comes_back_as_it_was() {
    let stage = Stage::new();
    let large = "é".repeat((1 << 19) - 100);
    for text in [
        large.as_str(),
        "'; DROP TABLE memories; --",
        "\u{202e}\u{feff}\u{1}\u{7f}👩‍👩‍👧‍👦\u{10ffff}",
        "\" OR 1=1 /* <script>alert(1)</script> ${jndi:ldap://x}",
    ] {
        let memory = stored(&stage, 1, lesson(text)).await;
        let path = format!("/api/memory/retrieve/{}", super::id(&memory));
        let again = stage.get(As::User(1), &path).await.json();
        assert_eq!(again["input_context"], text);
        assert_eq!(again["size_bytes"].as_u64().unwrap(), text.len() as u64 + 162 + 4 * 64);
    }
}

#[tokio::test]
async fn queries_are_words_whatever_they_look_like() {
    let stage = Stage::new();
    stored(&stage, 1, lesson("the harmless NEAR memory")).await;
    for query in [
        "'; DROP TABLE memories; --",
        "\" OR \"\"=\"",
        "harmless\" NEAR/2 \"memory",
        "input_context:harmless AND NOT (memory*) ^2",
        "harmless & !memory | 'x':* <-> y",
        "%_\\",
        "{\"$ne\": null}",
        "((((((((((((",
        "\u{202e}\u{1}👩‍👩‍👧‍👦",
        "…",
    ] {
        for mode in ["semantic", "keyword", "hybrid"] {
            let ask = json!({"query": query, "mode": mode});
            let answer = stage.post(As::User(1), SEARCH.1, ask).await;
            assert_eq!(answer.status, 200, "{mode} {query}: {}", answer.text);
            assert_eq!(answer.json()["query"], query);
            assert!(answer.json()["results"].as_array().unwrap().len() <= 1);
        }
    }
    assert_eq!(stage.get(As::User(1), "/api/memory/list").await.json()["total"], 1);
}

#[tokio::test]
async fn searches_that_are_not_what_they_should_be() {
    let stage = Stage::new();
    let noon = "2026-11-24T12:00:00Z";
    let query = |more: Value| {
        let mut ask = json!({"query": "a"});
        ask.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        ask
    };
    for (ask, field) in [
        (json!({}), "query"),
        (json!({"query": " "}), "query"),
        (json!({"query": "a\0"}), "query"),
        (json!({"query": "x".repeat((16 << 10) + 1)}), "query"),
        (query(json!({"limit": 0})), "limit"),
        (query(json!({"limit": 101})), "limit"),
        (query(json!({"limit": -1})), "limit"),
        (query(json!({"limit": i64::MAX})), "limit"),
        (query(json!({"mode": "SEMANTIC"})), "mode"),
        (query(json!({"tier": "all"})), "tier"),
        (query(json!({"memory_type": "x"})), "memory_type"),
        (query(json!({"min_confidence": 1.1})), "min_confidence"),
        (query(json!({"tags_all": vec!["t"; 65]})), "tags_all"),
        (query(json!({"tags_any": ["a", "b\n"]})), "tags_any[1]"),
        (query(json!({"session_id": "s".repeat(300)})), "session_id"),
        (query(json!({"created_from": noon, "created_to": noon})), "created_to"),
        (query(json!({"created_from": "2026-13-25"})), "created_from"),
        (query(json!({"embedding": [1, 2, 3]})), "embedding"),
        (query(json!({"embedding": vec![0; 64]})), "embedding"),
    ] {
        let answer = stage.post(As::User(1), SEARCH.1, ask.clone()).await;
        let start: String = ask.to_string().chars().take(80).collect();
        assert_eq!((answer.status, &answer.json()["field"]), (422, &json!(field)), "{start}");
    }
    let huge = r#"{"query":"a","min_confidence":1e999}"#;
    let answer = stage.call_with(SEARCH, As::User(1), &[], huge).await;
    assert_eq!((answer.status, &answer.json()["field"]), (422, &json!("min_confidence")));
    let half = r#"{"query":"\ud83d"}"#;
    let answer = stage.call_with(SEARCH, As::User(1), &[], half).await;
    assert_eq!((answer.status, &answer.json()["field"]), (422, &json!("query")));
}

#[tokio::test]
async fn paths_and_queries_that_are_not_what_they_should_be() {
    let stage = Stage::new();
    for (path, status) in [
        ("/api/memory/list?limit=0", 422),
        ("/api/memory/list?limit=101", 422),
        ("/api/memory/list?limit=1e1", 422),
        ("/api/memory/list?limit=", 422),
        ("/api/memory/list?limit=5&limit=6", 422),
        ("/api/memory/list?offset=-1", 422),
        ("/api/memory/list?offset=1000001", 422),
        ("/api/memory/list?offset=99999999999999999999", 422),
        ("/api/memory/list?tier=", 422),
        ("/api/memory/list?tier=LTM", 422),
        ("/api/memory/list?memory_type=%00", 422),
        ("/api/memory/list?session_id=%00", 422),
        ("/api/memory/list?session_id=%ff", 400),
        ("/api/memory/list?%ff=1", 400),
        ("/api/memory/list?tag=", 422),
        ("/api/memory/list?tag=a%00", 422),
        ("/api/memory/list?min_confidence=NaN", 422),
        ("/api/memory/list?min_confidence=inf", 422),
        ("/api/memory/list?min_confidence=1e999", 422),
        ("/api/memory/list?min_confidence=high", 422),
        ("/api/memory/list?created_from=yesterday", 422),
        (
            "/api/memory/list?created_to=2026-11-24T12:00:00Z\
             &created_from=2026-11-24T12:00:00Z",
            422,
        ),
        ("/api/memory/context?limit=101", 422),
        ("/api/memory/context?query=", 422),
        ("/api/memory/context?query=%00", 422),
        ("/api/memory/context?query=%ed%a0%80", 400),
        ("/api/memory/context?session_id=", 422),
        ("/api/memory/itm/retrieve?limit=x", 422),
        ("/api/memory/stm/retrieve/a%00", 400),
        ("/api/memory/stm/retrieve/a%2Fb", 400),
        ("/api/memory/stm/retrieve/%ff", 400),
        ("/api/memory/stm/retrieve/a%0Ab", 422),
        ("/api/memory/stm/retrieve/", 404),
        ("/api/memory/retrieve/%ff", 400),
        ("/api/memory/retrieve/..", 400),
    ] {
        let answer = stage.get(As::User(1), path).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        assert_eq!(answer.json()["status"], status);
    }
    let many: String = (0..65).map(|tag| format!("tag={tag}&")).collect();
    let answer = stage.get(As::User(1), &format!("/api/memory/list?{many}")).await;
    assert_eq!((answer.status, &answer.json()["field"]), (422, &json!("tag")));
    let other = [("content-type", "text/plain")];
    let answer = stage.call_with(STORE, As::User(1), &other, memory("")).await;
    assert_eq!(answer.status, 415);
}

#[tokio::test]
async fn a_full_disk_is_said_and_reads_go_on() {
    let stage = Stage::new();
    let memory = stored(&stage, 1, lesson("a")).await;
    stage.memory.set_writable(false);
    let refused = stage.post(As::User(1), STORE.1, with(lesson("b"), "tier", "itm")).await;
    assert_eq!(refused.json()["type"], "urn:novacore:problem:storage-full");
    let path = format!("/api/memory/retrieve/{}", super::id(&memory));
    assert_eq!(stage.get(As::User(1), &path).await.status, 200);
}
