//! Streams as providers send them: read the same however they are cut, passed on unchanged.

use novacore_dialects::{Cut, Event, OutputKind, Route, StreamOptions, StreamReader, Usage};
use proptest::prelude::*;

const CHAT_TEXT: &str = include_str!("../testdata/chat_text.sse");
const CHAT_TEXT_UNASKED: &str = include_str!("../testdata/chat_text_unasked.sse");
const CHAT_TOOLS: &str = include_str!("../testdata/chat_tools.sse");
const CHAT_ERROR: &str = include_str!("../testdata/chat_error.sse");
const CHAT_ODD: &str = include_str!("../testdata/chat_odd.sse");
const CHAT_ODD_UNASKED: &str = include_str!("../testdata/chat_odd_unasked.sse");
const COMPLETIONS: &str = include_str!("../testdata/completions.sse");
const MESSAGES: &str = include_str!("../testdata/messages.sse");
const MESSAGES_OVERLOADED: &str = include_str!("../testdata/messages_overloaded.sse");
const RESPONSES: &str = include_str!("../testdata/responses.sse");

const ALL: &[(Route, &str)] = &[
    (Route::Chat, CHAT_TEXT),
    (Route::Chat, CHAT_TEXT_UNASKED),
    (Route::Chat, CHAT_TOOLS),
    (Route::Chat, CHAT_ERROR),
    (Route::Chat, CHAT_ODD),
    (Route::Completions, COMPLETIONS),
    (Route::Messages, MESSAGES),
    (Route::Messages, MESSAGES_OVERLOADED),
    (Route::Responses, RESPONSES),
];

/// All that a reader says.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    /// Each event's data, and whether it was the last.
    events: Vec<(Vec<u8>, bool)>,
    passed: Vec<u8>,
    output: Vec<(u64, OutputKind, String)>,
    finishes: Vec<(u64, String)>,
    errors: Vec<String>,
    unread_bytes: u64,
    usage: Option<Usage>,
    is_complete: bool,
}

fn options(route: Route, strip_usage: bool) -> StreamOptions {
    StreamOptions { strip_usage, ..StreamOptions::new(route) }
}

fn read(options: StreamOptions, stream: &[u8], cuts: &[usize]) -> Told {
    let mut reader = StreamReader::new(options);
    let mut told = Told {
        events: Vec::new(),
        passed: Vec::new(),
        output: Vec::new(),
        finishes: Vec::new(),
        errors: Vec::new(),
        unread_bytes: 0,
        usage: None,
        is_complete: false,
    };
    let mut from = 0;
    for cut in cuts.iter().copied().chain([stream.len()]) {
        reader.push(&stream[from..cut]);
        while let Some(event) = reader.next_event() {
            tell(&event, &mut told);
        }
        from = cut;
    }
    reader.finish();
    while let Some(event) = reader.next_event() {
        tell(&event, &mut told);
    }
    told.usage = reader.reported_usage();
    told.is_complete = reader.is_complete();
    told
}

fn tell(event: &Event<'_>, told: &mut Told) {
    told.events.push((event.data.to_vec(), event.is_last));
    told.passed.extend_from_slice(&event.pass);
    for output in &event.outputs {
        told.output.push((output.index, output.kind, output.text.clone().into_owned()));
    }
    for finish in &event.finishes {
        told.finishes.push((finish.index, finish.reason.clone().into_owned()));
    }
    told.errors.extend(event.error.iter().map(|error| error.kind.clone().into_owned()));
    told.unread_bytes += event.unread_bytes;
}

fn text_of(told: &Told, index: u64, kind: OutputKind) -> String {
    let of = |(i, k, _): &&(u64, OutputKind, String)| *i == index && *k == kind;
    told.output.iter().filter(of).map(|(_, _, text)| text.as_str()).collect()
}

#[test]
fn every_cut_of_every_stream_reads_the_same_and_passes_unchanged() {
    for (route, stream) in ALL {
        let whole = read(options(*route, false), stream.as_bytes(), &[]);
        assert_eq!(whole.passed, stream.as_bytes());
        let stripped = read(options(*route, true), stream.as_bytes(), &[]);
        for cut in 0..=stream.len() {
            assert_eq!(read(options(*route, true), stream.as_bytes(), &[cut]), stripped);
        }
        let single: Vec<usize> = (0..stream.len()).collect();
        assert_eq!(read(options(*route, false), stream.as_bytes(), &single), whole);
    }
}

#[test]
fn usage_that_we_asked_for_leaves_no_trace() {
    for (stream, unasked) in [(CHAT_TEXT, CHAT_TEXT_UNASKED), (CHAT_ODD, CHAT_ODD_UNASKED)] {
        let told = read(options(Route::Chat, true), stream.as_bytes(), &[]);
        assert_eq!(String::from_utf8_lossy(&told.passed), unasked);
        assert!(told.usage.is_some());
    }
    // The member ends a line of data of its own.
    let lines = "data: {\"choices\":[{\"index\":0}],\ndata: \"usage\":null\ndata: }\n\n";
    let told = read(options(Route::Chat, true), lines.as_bytes(), &[]);
    let want = "data: {\"choices\":[{\"index\":0}]\ndata: }\n\n";
    assert_eq!(String::from_utf8_lossy(&told.passed), want);
    // Usage beside choices is the server's own habit, asked or not.
    let beside = "data: {\"choices\":[{\"index\":0,\"delta\":{\"refusal\":\"I can't\"}}],\
                  \"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\n";
    let told = read(options(Route::Chat, true), beside.as_bytes(), &[]);
    assert_eq!(told.passed, beside.as_bytes());
    assert_eq!(text_of(&told, 0, OutputKind::Refusal), "I can't");
    assert_eq!(told.usage.and_then(|usage| usage.total()), Some(3));
    // Nothing to strip where it is not asked for.
    let told = read(options(Route::Messages, true), MESSAGES.as_bytes(), &[]);
    assert_eq!(told.passed, MESSAGES.as_bytes());
}

#[test]
fn chat_streams_say_text_per_choice_and_usage() {
    let told = read(options(Route::Chat, false), CHAT_TEXT.as_bytes(), &[]);
    assert_eq!(text_of(&told, 0, OutputKind::Text), "Grüß dich 👋");
    assert_eq!(text_of(&told, 1, OutputKind::Text), "Hi there\n\"you\"");
    assert_eq!(told.finishes, [(0, "stop".to_owned()), (1, "stop".to_owned())]);
    let usage = told.usage.unwrap();
    assert_eq!((usage.input, usage.output, usage.total()), (Some(19), Some(9), Some(28)));
    assert_eq!((usage.reasoning, usage.cache_creation), (Some(0), None));
    assert!(told.is_complete);
}

#[test]
fn tool_calls_and_reasoning_count_and_missing_usage_is_none() {
    let told = read(options(Route::Chat, false), CHAT_TOOLS.as_bytes(), &[]);
    assert_eq!(text_of(&told, 0, OutputKind::Reasoning), "I should look it up.");
    let calls = "get_weather{\"location\":\"Paris\"}get_time{}";
    assert_eq!(text_of(&told, 0, OutputKind::ToolCall), calls);
    assert_eq!((told.usage, told.unread_bytes), (None, 0));
    let told = read(options(Route::Completions, true), COMPLETIONS.as_bytes(), &[]);
    assert_eq!(text_of(&told, 0, OutputKind::Text), "Once upon a time");
    assert_eq!(told.usage.and_then(|usage| usage.total()), Some(8));
    assert!(!String::from_utf8_lossy(&told.passed).contains("usage"));
}

#[test]
fn anthropic_input_comes_first_and_the_last_output_counts() {
    let told = read(options(Route::Messages, false), MESSAGES.as_bytes(), &[]);
    assert_eq!(text_of(&told, 0, OutputKind::Reasoning), "The user asks for 東京.");
    assert_eq!(text_of(&told, 1, OutputKind::Text), "Let me check the weather.");
    assert_eq!(text_of(&told, 2, OutputKind::ToolCall), "get_weather{\"location\": \"東京\"}");
    let usage = told.usage.unwrap();
    assert_eq!(usage.total(), Some(25 + 100 + 2_000 + 89));
    assert_eq!(usage.total_input(), Some(2_125));
    assert_eq!(told.finishes, [(0, "tool_use".to_owned())]);
    // Until `message_delta`, the output of the first event is no report.
    let mut reader = StreamReader::new(options(Route::Messages, false));
    reader.push(&MESSAGES.as_bytes()[..MESSAGES.find("event: message_delta").unwrap()]);
    while reader.next_event().is_some() {}
    assert_eq!(reader.reported_usage(), None);
    assert_eq!(reader.usage_so_far().and_then(|usage| usage.total_input()), Some(2_125));
}

#[test]
fn responses_count_deltas_once() {
    let told = read(options(Route::Responses, false), RESPONSES.as_bytes(), &[]);
    assert_eq!(text_of(&told, 0, OutputKind::Text), "Hi there!");
    assert_eq!(text_of(&told, 1, OutputKind::ToolCall), "get_weather{\"city\":\"Oslo\"}");
    let usage = told.usage.unwrap();
    assert_eq!((usage.total(), usage.cached_input), (Some(48), Some(32)));
    assert_eq!((told.finishes, told.is_complete), (vec![(0, "completed".to_owned())], true));
}

#[test]
fn what_a_provider_writes_for_its_own_tools_counts() {
    let event = |kind: &str, delta: &str| {
        format!(
            "data: {{\"type\":\"response.{kind}\",\"output_index\":2,\"delta\":\"{delta}\"}}\n\n"
        )
    };
    let stream = event("custom_tool_call_input.delta", "a")
        + &event("mcp_call_arguments.delta", "b")
        + &event("code_interpreter_call_code.delta", "c")
        + &event("code_interpreter_call_code.done", "abc");
    let told = read(options(Route::Responses, false), stream.as_bytes(), &[]);
    assert_eq!(text_of(&told, 2, OutputKind::ToolCall), "abc");
    let stream = event("reasoning_summary_text.delta", "d") + &event("refusal.delta", "e");
    let told = read(options(Route::Responses, false), stream.as_bytes(), &[]);
    assert_eq!(text_of(&told, 2, OutputKind::Reasoning), "d");
    assert_eq!(text_of(&told, 2, OutputKind::Refusal), "e");
}

#[test]
fn errors_inside_a_stream_are_seen() {
    let told = read(options(Route::Chat, false), CHAT_ERROR.as_bytes(), &[]);
    assert_eq!((told.errors, told.is_complete), (vec!["server_error".to_owned()], false));
    let told = read(options(Route::Messages, false), MESSAGES_OVERLOADED.as_bytes(), &[]);
    assert_eq!((told.errors, told.usage), (vec!["overloaded_error".to_owned()], None));
}

#[test]
fn what_cannot_be_read_is_counted_in_bytes() {
    let small = StreamOptions { event_bytes_max: 64, ..options(Route::Chat, true) };
    let long = format!("data: {{\"x\":\"{}\"}}\n\n", "y".repeat(100));
    let stream = format!("data: half {{\n\n{long}data: {{}}\n\n");
    let told = read(small, stream.as_bytes(), &[]);
    assert_eq!(told.passed, stream.as_bytes());
    assert_eq!(told.unread_bytes, "half {".len() as u64 + long.len() as u64);
}

#[test]
fn a_cut_stream_ends_as_its_dialect_does() {
    let cut = Cut {
        choices: 2,
        include_usage: true,
        input_tokens: 19,
        output_tokens: 4,
        id: "none",
        model: "none",
        created_s: 0,
    };
    for (route, stream) in ALL {
        for (at, _) in stream.match_indices("\n\n").chain(stream.match_indices("\r\n\r\n")) {
            check_cut(*route, &stream[..at], &cut);
        }
        check_cut(*route, "", &cut);
    }
}

#[test]
fn the_end_of_a_response_is_whole_whatever_was_said_of_it_before() {
    let cut = Cut {
        choices: 1,
        include_usage: false,
        input_tokens: 19,
        output_tokens: 4,
        id: "none",
        model: "none",
        created_s: 0,
    };
    // Longer than what is kept whole; names that are no text have lines of their own.
    let long = "x".repeat(300 << 10);
    for response in [
        r#"{"error":{}}"#.to_owned(),
        r#"{"error":null,"error":[]}"#.to_owned(),
        r#"{"error":{"code":"server_error","message":"m"},"status":"failed"}"#.to_owned(),
        format!(
            "{{\"id\":[\r\ndata: 1\r\ndata: ],\r\ndata: \"model\":{{\r\ndata: }},\"x\":\"{long}\"}}"
        ),
    ] {
        check_cut(Route::Responses, &format!("data: {{\"response\":{response}}}"), &cut);
    }
}

/// The end of a cut stream closes all that was open, once, and adds nothing to a finished one.
fn check_cut(route: Route, before: &str, cut: &Cut<'_>) {
    let mut reader = StreamReader::new(options(route, false));
    let boundary = if before.contains("\r\n") { "\r\n\r\n" } else { "\n\n" };
    reader.push(format!("{before}{boundary}").as_bytes());
    let mut finishes = 0;
    while let Some(event) = reader.next_event() {
        finishes += event.finishes.len();
    }
    if reader.is_complete() {
        assert!(reader.end(cut).is_empty());
        return;
    }
    let end = reader.end(cut);
    let whole = format!("{before}{}", String::from_utf8_lossy(&end));
    let count = |event: &str| whole.matches(&format!("event: {event}")).count();
    assert_eq!(count("content_block_start"), count("content_block_stop"), "{before}");
    reader.push(&end);
    let mut reasons = Vec::new();
    while let Some(event) = reader.next_event() {
        finishes += event.finishes.len();
        reasons.extend(event.finishes.iter().map(|finish| finish.reason.clone().into_owned()));
        assert_eq!((event.unread_bytes, event.error.is_none()), (0, true), "{before}");
    }
    assert!(reader.is_complete());
    let (want, word) = match route {
        Route::Chat | Route::Completions | Route::Embeddings => (2, "length"),
        Route::Responses => (1, "max_output_tokens"),
        Route::Messages => (1, "max_tokens"),
    };
    assert_eq!(finishes, want, "{route:?} {before}");
    assert!(reasons.iter().all(|reason| reason == word), "{reasons:?}");
    let usage = reader.reported_usage().expect("the end reports usage");
    assert!(usage.output.is_some(), "{route:?} {before}");
}

proptest! {
    #[test]
    fn arbitrary_cuts_read_the_same(
        which in 0..ALL.len(),
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..12),
        strip in any::<bool>(),
    ) {
        let (route, stream) = ALL[which];
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len())).collect();
        cuts.sort_unstable();
        let whole = read(options(route, strip), stream.as_bytes(), &[]);
        prop_assert_eq!(read(options(route, strip), stream.as_bytes(), &cuts), whole);
    }

    #[test]
    fn damaged_streams_pass_unchanged_and_never_panic(
        which in 0..ALL.len(),
        damage in proptest::collection::vec(
            (any::<proptest::sample::Index>(), any::<u8>()), 1..8,
        ),
        cut in any::<proptest::sample::Index>(),
        event_bytes_max in 16_usize..4_096,
    ) {
        let (route, stream) = ALL[which];
        let mut bytes = stream.as_bytes().to_vec();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let small = StreamOptions { event_bytes_max, ..options(route, false) };
        let told = read(small, &bytes, &[cut.index(bytes.len())]);
        prop_assert_eq!(&told.passed, &bytes);
        // Taking usage out never adds bytes.
        let told = read(options(route, true), &bytes, &[]);
        prop_assert!(told.passed.len() <= bytes.len());
    }

    #[test]
    fn arbitrary_bytes_pass_unchanged(
        bytes in proptest::collection::vec(
            prop_oneof![Just(b'\n'), Just(b'\r'), Just(b':'), any::<u8>()], 0..200,
        ),
        text in "(data: ?[{}\"a:,\\[\\]0-9ulnsge]{0,20}\r?\n){0,8}",
        cut in any::<proptest::sample::Index>(),
    ) {
        for stream in [&bytes[..], text.as_bytes()] {
            for route in Route::ALL {
                let cut = cut.index(stream.len() + 1).min(stream.len());
                let told = read(options(route, false), stream, &[cut]);
                prop_assert_eq!(&told.passed, stream);
                prop_assert_eq!(&told, &read(options(route, false), stream, &[]));
            }
        }
    }
}
