//! Request bodies as clients send them: what is counted, what has no bound, what an edit changes.

use novacore_dialects::{Edits, Fault, Maximum, Request, Route, UnboundedCause};
use proptest::prelude::*;
use serde_json::Value;

fn read(route: Route, body: &str) -> Request<'_> {
    Request::read(route, body.as_bytes()).unwrap_or_else(|error| panic!("{error}: {body}"))
}

fn counted(request: &Request<'_>) -> Vec<String> {
    request.prompt.parts.iter().map(|part| part.text().into_owned()).collect()
}

const CHAT: &str = r#"{
  "model": "gpt-4o-mini", "temperature": 0.70, "x-vendor": {"keep": [1, 2.50]},
  "messages": [
    {"role": "system", "content": "Be brief\n"},
    {"role": "user", "name": "ann", "content": [
      {"type": "text", "text": "What is \u00e9?"},
      {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
      {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}},
      {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:a;base64,JVBERi0="}}
    ]},
    {"role": "assistant", "content": null, "tool_calls": [
      {"id": "call_1", "type": "function",
       "function": {"name": "look", "arguments": "{\"q\":1}"}}]},
    {"role": "tool", "tool_call_id": "call_1", "content": "42"}
  ],
  "tools": [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}],
  "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}},
  "n": 3, "max_completion_tokens": 100, "stream": true, "stream_options": {"include_usage": false}
}"#;

#[test]
fn a_chat_request_is_read_whole() {
    let request = read(Route::Chat, CHAT);
    assert_eq!(request.model, "gpt-4o-mini");
    assert_eq!((request.stream, request.include_usage), (true, false));
    assert_eq!((request.outputs, request.max_output), (3, Some(100)));
    let prompt = &request.prompt;
    assert_eq!((prompt.messages, prompt.tools, prompt.prompts), (4, 1, 1));
    assert_eq!((prompt.images, prompt.audios, prompt.files), (1, 1, 1));
    assert!(prompt.media_bytes > 100);
    assert_eq!(request.unbounded, None);
    let parts = counted(&request);
    for text in ["Be brief\n", "ann", "What is é?", "42", "call_1"] {
        assert!(parts.iter().any(|part| part == text), "{text} is counted: {parts:?}");
    }
    for text in ["\"arguments\": \"{\\\"q\\\":1}\"", "\"parameters\"", "json_schema"] {
        assert!(parts.iter().any(|part| part.contains(text)), "{text} is counted: {parts:?}");
    }
    assert!(!parts.iter().any(|part| part.contains("base64")), "media are not text");
}

#[test]
fn contents_are_not_in_debug_texts() {
    let text = format!("{:?}", read(Route::Chat, CHAT));
    assert!(!text.contains("Be brief") && !text.contains("iVBORw0KGgo"), "{text}");
}

#[test]
fn the_other_routes_are_read() {
    let body =
        r#"{"model":"m","prompt":["a",[1,2,3]],"suffix":"z","n":2,"best_of":4,"max_tokens":16}"#;
    let request = read(Route::Completions, body);
    assert_eq!((request.outputs, request.max_output), (8, Some(16)));
    assert_eq!((request.prompt.token_ids, counted(&request)), (3, vec!["a".into(), "z".into()]));

    let request = read(Route::Embeddings, r#"{"model":"m","input":[5,6,7]}"#);
    assert_eq!((request.outputs, request.prompt.token_ids, request.prompt.prompts), (0, 3, 1));
    let request = read(Route::Embeddings, r#"{"model":"m","input":["x","y"]}"#);
    assert_eq!((request.prompt.prompts, counted(&request).len()), (2, 2));

    let body = r#"{"model":"m","instructions":"Be kind","max_output_tokens":50,"input":[
        {"role":"user","content":[{"type":"input_text","text":"hi"},
            {"type":"input_image","image_url":"https://example.org/a.png"}]},
        {"type":"function_call","call_id":"c","name":"f","arguments":"{}"},
        {"type":"function_call_output","call_id":"c","output":"7"},
        {"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"gAAA"}],
        "tools":[{"type":"function","name":"f","parameters":{}}],"previous_response_id":null}"#;
    let request = read(Route::Responses, body);
    assert_eq!(
        (request.max_output, request.prompt.images, request.unbounded.clone()),
        (Some(50), 1, None)
    );
    let parts = counted(&request);
    for text in ["Be kind", "hi", "{}", "7", "gAAA"] {
        assert!(parts.iter().any(|part| part == text), "{text} is counted: {parts:?}");
    }

    let body = r#"{"model":"claude","max_tokens":1024,"system":[{"type":"text","text":"S",
        "cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":[
        {"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBO"}},
        {"type":"document","source":{"type":"text","data":"D"},"title":"T"},
        {"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"R"}]}]},
        {"role":"assistant","content":[{"type":"thinking","thinking":"H","signature":"sig"},
        {"type":"tool_use","id":"t","name":"f","input":{"a":"I"}}]}],
        "tools":[{"name":"f","input_schema":{"type":"object"}}]}"#;
    let request = read(Route::Messages, body);
    assert_eq!((request.max_output, request.outputs, request.prompt.images), (Some(1024), 1, 1));
    let parts = counted(&request);
    for text in ["S", "T", "R", "H", "{\"a\":\"I\"}"] {
        assert!(parts.iter().any(|part| part == text), "{text} is counted: {parts:?}");
    }
    assert!(parts.iter().any(|part| part.contains("\"D\"")));
    assert_eq!((request.prompt.tools, request.unbounded.clone()), (1, None));
}

#[test]
fn input_that_is_not_in_the_body_is_named() {
    use UnboundedCause::{Background, HostedTool, StoredContext, StoredFile, UnknownKind};
    let responses = |rest: &str| format!(r#"{{"model":"m","input":"x",{rest}}}"#);
    let items = |item: &str| format!(r#"{{"model":"m","input":[{item}]}}"#);
    let message = |part: &str| items(&format!(r#"{{"role":"user","content":[{part}]}}"#));
    let chat = |part: &str| {
        format!(r#"{{"model":"m","messages":[{{"role":"user","content":[{part}]}}]}}"#)
    };
    let claude = |rest: &str| format!(r#"{{"model":"m","messages":[],{rest}}}"#);
    use Route::{Chat, Messages, Responses};
    let input = |place: &str| format!("input[0].content[0].{place}");
    let part = |place: &str| format!("messages[0].content[0]{place}");
    let id = str::to_owned;
    let stored = r#"{"type":"document","source":{"type":"file","file_id":"f"}}"#;
    let hidden = r#"{"type":"file","file":{"file_id":null,"file_id":"f"}}"#;
    let search = r#""tools":[{"type":"web_search"}]"#;
    let compact = r#""context_management":{"edits":[{"type":"compact_20260112"}]}"#;
    let referred = r#"{"type":"item_reference","id":"i"}"#;
    let earlier = r#"{"type":"web_search_call","id":"i"}"#;
    let by_id = r#"{"type":"input_file","file_id":"f"}"#;
    let by_url = r#"{"type":"input_file","file_url":"u"}"#;
    let video = r#"{"type":"video_url","video_url":{"url":"u"}}"#;
    let options = r#"{"model":"m","messages":[],"web_search_options":{}}"#;
    let previous = r#""previous_response_id":"r""#;
    let table = [
        (Responses, responses(previous), id("previous_response_id"), StoredContext),
        (Responses, responses(r#""conversation":{"id":"c"}"#), id("conversation"), StoredContext),
        (Responses, responses(r#""prompt":{"id":"p"}"#), id("prompt"), StoredContext),
        (Responses, responses(r#""background":true"#), id("background"), Background),
        (Responses, responses(search), id("tools[0].type"), HostedTool),
        (Responses, items(referred), id("input[0]"), StoredContext),
        (Responses, items(r#"{"id":"i"}"#), id("input[0]"), StoredContext),
        (Responses, items(earlier), id("input[0]"), UnknownKind),
        (Responses, message(by_id), input("file_id"), StoredFile),
        (Responses, message(by_url), input("file_url"), StoredFile),
        (Chat, chat(hidden), part(".file.file_id"), StoredFile),
        (Chat, chat(video), part(""), UnknownKind),
        (Chat, id(options), id("web_search_options"), HostedTool),
        (Messages, claude(r#""mcp_servers":[{"url":"u"}]"#), id("mcp_servers"), HostedTool),
        (Messages, claude(search), id("tools[0].type"), HostedTool),
        (Messages, claude(compact), id("context_management.edits[0]"), HostedTool),
        (Messages, chat(stored), part(".source"), StoredFile),
    ];
    for (route, body, field, cause) in table {
        let unbounded = read(route, &body).unbounded.unwrap_or_else(|| panic!("bounded: {body}"));
        assert_eq!((unbounded.field, unbounded.cause), (field, cause), "{body}");
    }
    assert_eq!(read(Messages, &claude(r#""mcp_servers":[]"#)).unbounded, None);
    // The caller runs it, the provider describes it: bounded, by a number of its own.
    let shell = claude(r#""tools":[{"type":"bash_20250124","name":"bash"},{"name":"f"}]"#);
    let request = read(Messages, &shell);
    assert_eq!((request.unbounded, request.prompt.described_tools), (None, 1));
    assert_eq!(request.prompt.tools, 2);
}

#[test]
fn bodies_that_cannot_be_read_name_the_field() {
    let deep = format!(r#"{{"model":"m","messages":{}1{}}}"#, "[".repeat(200), "]".repeat(200));
    let chat = |rest: &str| format!(r#"{{"model":"m","messages":[],{rest}}}"#);
    for (body, field, is_fault) in [
        ("{".to_owned(), "", (|f| matches!(f, Fault::NotJson { at: 1 })) as fn(&Fault) -> bool),
        ("[]".to_owned(), "", |f| matches!(f, Fault::Expected("an object"))),
        (deep, "", |f| *f == Fault::TooDeep),
        (r#"{"messages":[]}"#.to_owned(), "model", |f| *f == Fault::Missing),
        (r#"{"model":"m"}"#.to_owned(), "messages", |f| *f == Fault::Missing),
        (r#"{"model":7,"messages":[]}"#.to_owned(), "model", |f| matches!(f, Fault::Expected(_))),
        (chat(r#""mod\u0065l":"n""#), "model", |f| *f == Fault::Duplicate),
        (chat(r#""Max_Tokens":9"#), "Max_Tokens", |f| *f == Fault::Ambiguous("max_tokens")),
        (chat(r#""\u017ftream":true"#), "[\"ſtream\"]", |f| *f == Fault::Ambiguous("stream")),
        (chat(r#""stream":"yes""#), "stream", |f| matches!(f, Fault::Expected(_))),
        (chat(r#""n":0"#), "n", |f| matches!(f, Fault::Expected(_))),
        (chat(r#""n":1025"#), "n", |f| matches!(f, Fault::Expected(_))),
        (chat(r#""max_tokens":1e3"#), "max_tokens", |f| matches!(f, Fault::Expected(_))),
        (chat(r#""max_tokens":-1"#), "max_tokens", |f| matches!(f, Fault::Expected(_))),
        (chat(r#""max_tokens":9007199254740992"#), "max_tokens", |f| {
            matches!(f, Fault::Expected(_))
        }),
        (chat(r#""tools":{}"#), "tools", |f| matches!(f, Fault::Expected("a list"))),
        (
            r#"{"model":"m","messages":[{"role":"user","content":7}]}"#.to_owned(),
            "messages[0].content",
            |f| matches!(f, Fault::Expected(_)),
        ),
        (
            r#"{"model":"m","messages":[{"content":"a","content":"b"}]}"#.to_owned(),
            "messages[0].content",
            |f| *f == Fault::Duplicate,
        ),
        (
            r#"{"model":"m","messages":[{},{"content":[{"type":1}]}]}"#.to_owned(),
            "messages[1].content[0].type",
            |f| matches!(f, Fault::Expected(_)),
        ),
    ] {
        let error = Request::read(Route::Chat, body.as_bytes()).expect_err(&body);
        assert_eq!(error.field, field, "{body}: {error}");
        assert!(is_fault(&error.fault), "{body}: {error}");
    }
    let names: Vec<String> = (0..2_000).map(|n| format!("\"x{n}\":0")).collect();
    let wide = chat(&names.join(","));
    assert_eq!(Request::read(Route::Chat, wide.as_bytes()).unwrap_err().fault, Fault::TooMany);
    let many =
        format!(r#"{{"model":"m","messages":[{}{{}}]}}"#, "{\"role\":\"u\"},".repeat(65_537));
    assert_eq!(Request::read(Route::Chat, many.as_bytes()).unwrap_err().fault, Fault::TooMany);
}

#[test]
fn edits_change_their_member_and_nothing_else() {
    let edits = Edits {
        model: Some("up\"stream"),
        max_output: Some(Maximum::Clamp(60)),
        stream: Some(true),
        ask_usage: true,
    };
    let want = CHAT
        .replace("\"gpt-4o-mini\"", "\"up\\\"stream\"")
        .replace("\"max_completion_tokens\": 100", "\"max_completion_tokens\": 60")
        .replace("\"include_usage\": false", "\"include_usage\": true");
    assert_eq!(String::from_utf8(read(Route::Chat, CHAT).edited(&edits)).unwrap(), want);
    let edited = |route, body: &str, edits: &Edits<'_>| {
        String::from_utf8(read(route, body).edited(edits)).unwrap()
    };
    assert_eq!(edited(Route::Chat, CHAT, &Edits::default()), CHAT);
    let bare = " {\"model\":\"m\",\"messages\":[]}\n";
    let all = Edits {
        max_output: Some(Maximum::Set(5)),
        stream: Some(true),
        ask_usage: true,
        model: None,
    };
    assert_eq!(
        edited(Route::Chat, bare, &all),
        " {\"stream\":true,\"max_completion_tokens\":5,\"stream_options\":{\"include_usage\":true},\
         \"model\":\"m\",\"messages\":[]}\n"
    );
    let max = |maximum| Edits { max_output: Some(maximum), ..Edits::default() };
    assert!(
        edited(Route::Chat, bare, &max(Maximum::SetAs("max_tokens", 5)))
            .contains("{\"max_tokens\":5,")
    );
    assert_eq!(edited(Route::Chat, bare, &max(Maximum::Clamp(5))), bare);
    let both = r#"{"model":"m","messages":[],"max_tokens":3,"max_completion_tokens":9,
        "stream_options":null}"#;
    assert_eq!(read(Route::Chat, both).max_output, Some(9));
    assert!(
        edited(Route::Chat, both, &max(Maximum::Clamp(5)))
            .contains(r#""max_tokens":3,"max_completion_tokens":5"#)
    );
    assert!(
        edited(Route::Chat, both, &max(Maximum::Set(4)))
            .contains(r#""max_tokens":4,"max_completion_tokens":4"#)
    );
    assert!(edited(Route::Chat, both, &all).contains(r#""stream_options":{"include_usage":true}"#));
    let claude = r#"{"model":"m","messages":[],"max_tokens":300}"#;
    assert!(edited(Route::Messages, claude, &all).starts_with(r#"{"stream":true,"model""#));
}

/// A JSON value with names that the readers know, so that they go deep.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        "0|[1-9][0-9]{0,2}",
        r#""[a-zé]{0,5}(\\n)?""#,
        prop::sample::select(vec!["text", "image_url", "file", "tool_result", "image", "document"])
            .prop_map(|kind| format!("\"{kind}\"")),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let name = prop::sample::select(vec![
            "type",
            "role",
            "content",
            "text",
            "messages",
            "input",
            "tools",
            "source",
            "file",
            "image_url",
            "file_id",
            "model",
            "usage",
            "index",
            "delta",
            "edits",
            "x",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5)
                .prop_map(|items| format!("[{}]", items.join(" , "))),
            prop::collection::vec((name, inner), 0..6).prop_map(|members| {
                let members: Vec<String> =
                    members.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

fn parsed(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("an edited body is JSON")
}

proptest! {
    #[test]
    fn an_edit_changes_only_its_members(
        extra in value(),
        more in value(),
        max in proptest::option::of(0_u64..1_000),
        to in 0_u64..1_000,
    ) {
        let stated = max.map_or(String::new(), |max| format!(r#""max_tokens" : {max} ,"#));
        let body = format!(
            "{{\"before\":{extra}, {stated} \"messages\":[],\"model\": \"m\" ,\"after\" :{more}}}"
        );
        // A duplicate inside an unknown member is not ours to judge.
        let request = read(Route::Messages, &body);
        let edits = Edits {
            model: Some("other"),
            stream: Some(false),
            max_output: Some(Maximum::Set(to)),
            ask_usage: true,
        };
        let edited = request.edited(&edits);
        let text = String::from_utf8(edited.clone()).unwrap();
        let before = format!("\"before\":{extra}, ");
        let after = format!("\"messages\":[],\"model\": \"other\" ,\"after\" :{more}}}");
        prop_assert!(text.contains(&before));
        prop_assert!(text.ends_with(&after));
        let again = Request::read(Route::Messages, &edited).unwrap();
        prop_assert_eq!((&*again.model, again.stream), ("other", false));
        prop_assert_eq!((again.max_output, &again.prompt.parts), (Some(to), &request.prompt.parts));
        let (old, new) = (parsed(body.as_bytes()), parsed(&edited));
        for (name, value) in old.as_object().unwrap() {
            if !["model", "max_tokens"].contains(&name.as_str()) {
                prop_assert_eq!(Some(value), new.get(name));
            }
        }
    }

    #[test]
    fn no_body_panics(content in value(), bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        for route in Route::ALL {
            let _ = Request::read(route, &bytes);
            for body in [
                content.clone(),
                format!("{{\"model\":\"m\",\"messages\":{content},\"input\":{content}}}"),
                format!("{{\"model\":\"m\",\"messages\":[{{\"content\":[{content}]}}],\
                         \"input\":[{content}],\"system\":{content},\"tools\":[{content}]}}"),
            ] {
                if let Ok(request) = Request::read(route, body.as_bytes()) {
                    let _ = request.edited(&Edits { stream: Some(true), ..Edits::default() });
                }
                let _ = novacore_dialects::Answer::read(route, body.as_bytes());
            }
        }
    }
}
