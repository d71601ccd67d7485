//! Real requests, answers and streams, spoiled in every way that bytes can be: nothing panics, what
//! is passed on is what came, and a stream that is cut anywhere ends as its dialect does.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails here and now")]

use novacore_dialects::{
    Answer, Assembly, CHOICES_MAX, Cut, Edits, Maximum, Request, Route, StreamOptions, StreamReader,
};
use proptest::{prelude::*, sample::Index};

/// Small, so that the streams here reach it.
const EVENT_BYTES_MAX: usize = 700;
const ASSEMBLED_BYTES_MAX: usize = 20_000;

const STREAMS: &[(Route, &str)] = &[
    (Route::Chat, include_str!("../testdata/chat_text.sse")),
    (Route::Chat, include_str!("../testdata/chat_tools.sse")),
    (Route::Chat, include_str!("../testdata/chat_error.sse")),
    (Route::Chat, include_str!("../testdata/chat_odd.sse")),
    (Route::Completions, include_str!("../testdata/completions.sse")),
    (Route::Messages, include_str!("../testdata/messages.sse")),
    (Route::Messages, include_str!("../testdata/messages_overloaded.sse")),
    (Route::Responses, include_str!("../testdata/responses.sse")),
];

const BODIES: &[(Route, &str)] = &[
    (
        Route::Chat,
        r#"{"model":"m","n":2,"max_tokens":40,"stream":true,"stream_options":{"include_usage":true},
        "messages":[{"role":"system","content":"Grüße \ud83d\ude00"},{"role":"user","content":[
        {"type":"text","text":"x"},{"type":"image_url","image_url":{"url":"data:;base64,QQ=="}},
        {"type":"input_audio","input_audio":{"data":"QQ==","format":"wav"}},
        {"type":"file","file":{"file_id":"f"}}]},{"role":"assistant","content":null,"tool_calls":[
        {"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}],
        "tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object"}}}]}"#,
    ),
    (Route::Completions, r#"{"model":"m","prompt":[[1,2],[3]],"best_of":3,"n":2,"suffix":"s"}"#),
    (Route::Embeddings, r#"{"model":"m","input":["a","b",""],"encoding_format":"base64"}"#),
    (
        Route::Responses,
        r#"{"model":"m","instructions":"i","input":[{"role":"user","content":[
        {"type":"input_text","text":"x"},{"type":"input_image","image_url":"https://e/a.png"}]},
        {"type":"function_call_output","call_id":"c","output":"o"},{"type":"item_reference",
        "id":"i"}],"previous_response_id":"r","tools":[{"type":"web_search"}],"background":false}"#,
    ),
    (
        Route::Messages,
        r#"{"model":"m","max_tokens":40,"system":[{"type":"text","text":"s","cache_control":
        {"type":"ephemeral"}}],"messages":[{"role":"user","content":[{"type":"image","source":{
        "type":"base64","media_type":"image/png","data":"QQ=="}},{"type":"tool_result",
        "tool_use_id":"t","content":[{"type":"text","text":"r"}]}]}],
        "tools":[{"name":"f","input_schema":{"type":"object"}}],"thinking":{"type":"enabled"}}"#,
    ),
];

/// What replaces a piece of a text, or is put into it.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "null",
        "{}",
        "[]",
        "\"\"",
        "-1",
        "1e999",
        "0.1e-400",
        "18446744073709551616",
        "true",
        "\"\\ud800\"",
        "\\u0000",
        "\"",
        "\\",
        "{\"",
        "}]",
        ",",
        ":",
        "\r",
        "\n",
        "\r\n",
        "\n\n",
        "\r\r",
        "\u{feff}",
        "data: ",
        "data:[DONE]",
        ": ping\n\n",
        "event: error\n",
        "id: 1\n",
        "\"usage\":null,",
        "\"usage\":{\"prompt_tokens\":9007199254740993},",
        "\"index\":99999,",
        "\"model\":\"z\",",
        "\"Max_Tokens\":9,",
        "\"n\":1024,",
        "\u{10ffff}",
        "😀",
    ]);
    prop_oneof![
        6 => known.prop_map(|text| text.as_bytes().to_vec()),
        2 => "\\PC{0,6}".prop_map(String::into_bytes),
        2 => prop::collection::vec(any::<u8>(), 0..4),
        1 => (1_usize..400).prop_map(|depth| vec![b'['; depth]),
        1 => (1_usize..400).prop_map(|length| vec![b'9'; length]),
        1 => (1_usize..300).prop_map(|times| b"{\"a\":".repeat(times)),
    ]
}

#[derive(Clone, Debug)]
enum Spoil {
    /// Takes out what is between two places, and puts something in.
    Replace(Index, usize, Vec<u8>),
    /// Puts something in.
    Insert(Index, Vec<u8>),
    /// Says a part again, somewhere.
    Repeat(Index, Index, Index),
    /// Ends here.
    Cut(Index),
    /// Ends lines otherwise.
    Lines(&'static str),
}

fn spoil() -> impl Strategy<Value = Spoil> {
    let at = any::<Index>;
    prop_oneof![
        3 => (at(), 0_usize..12, piece()).prop_map(|(from, length, piece)| {
            Spoil::Replace(from, length, piece)
        }),
        4 => (at(), piece()).prop_map(|(at, piece)| Spoil::Insert(at, piece)),
        2 => (at(), at(), at()).prop_map(|(from, to, at)| Spoil::Repeat(from, to, at)),
        1 => at().prop_map(Spoil::Cut),
        1 => prop::sample::select(vec!["\n", "\r\n", "\r"]).prop_map(Spoil::Lines),
    ]
}

fn spoiled(text: &[u8], spoils: &[Spoil]) -> Vec<u8> {
    let mut bytes = text.to_vec();
    for spoil in spoils {
        let place = |at: &Index| at.index(bytes.len() + 1);
        match spoil {
            Spoil::Replace(from, length, piece) => {
                let from = place(from);
                let to = (from + length).min(bytes.len());
                bytes.splice(from..to, piece.iter().copied());
            }
            Spoil::Insert(at, piece) => {
                let at = place(at);
                bytes.splice(at..at, piece.iter().copied());
            }
            Spoil::Repeat(from, to, at) => {
                let (from, to, at) = (place(from), place(to), place(at));
                let part = bytes[from.min(to)..from.max(to)].to_vec();
                bytes.splice(at..at, part);
            }
            Spoil::Cut(at) => bytes.truncate(place(at)),
            Spoil::Lines(end) => {
                let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
                let lines = lines.iter().map(|line| line.strip_suffix(b"\r").unwrap_or(line));
                bytes = lines.collect::<Vec<_>>().join(end.as_bytes());
            }
        }
    }
    bytes
}

const CUT: Cut<'_> = Cut {
    choices: 2,
    include_usage: true,
    input_tokens: 7,
    output_tokens: 3,
    id: "cut_1",
    model: "m",
    created_s: 1,
};

/// All that a reader says of a stream that comes in these pieces, as text, and what it passes on.
fn read(
    options: StreamOptions,
    pieces: &[&[u8]],
    is_over: bool,
) -> (StreamReader, String, Vec<u8>) {
    let mut reader = StreamReader::new(options);
    let (mut told, mut passed, mut pushed) = (String::new(), Vec::new(), 0);
    let mut drain = |reader: &mut StreamReader, pushed: usize| {
        while let Some(event) = reader.next_event() {
            assert!(event.data.len() <= options.event_bytes_max, "what is too long is not read");
            passed.extend_from_slice(&event.pass);
            // A piece of something too long may part anywhere; its sum does not change.
            if event.unread_bytes == 0 {
                let (outputs, finishes) = (texts(&event.outputs), &event.finishes);
                told += &format!("{outputs:?} {finishes:?} {:?} {}\n", event.usage, event.is_last);
            }
        }
        if !options.strip_usage {
            let kept = pushed - passed.len();
            assert!(kept <= options.event_bytes_max, "{kept} bytes are kept");
        }
    };
    for piece in pieces {
        reader.push(piece);
        pushed += piece.len();
        drain(&mut reader, pushed);
    }
    if is_over {
        reader.finish();
        drain(&mut reader, pushed);
    }
    told += &format!("{:?} {}", reader.reported_usage(), reader.is_complete());
    (reader, told, passed)
}

fn texts(outputs: &[novacore_dialects::Output<'_>]) -> Vec<(u64, String)> {
    outputs.iter().map(|output| (output.index, output.text.clone().into_owned())).collect()
}

fn small(route: Route, strip_usage: bool) -> StreamOptions {
    StreamOptions { strip_usage, event_bytes_max: EVENT_BYTES_MAX, ..StreamOptions::new(route) }
}

/// Puts a stream together, as far as it goes. What comes out is JSON, and within its bound.
fn assemble(route: Route, bytes: &[u8], end: &[u8]) {
    let mut assembly = Assembly::new(route, ASSEMBLED_BYTES_MAX).unwrap();
    let mut reader = StreamReader::new(StreamOptions::new(route));
    for piece in [bytes, end] {
        reader.push(piece);
        while let Some(event) = reader.next_event() {
            if assembly.push(&event).is_err() {
                return;
            }
        }
    }
    if let Ok(body) = assembly.finish() {
        // Escapes and the frame may double what was taken in.
        assert!(body.len() <= 8 * ASSEMBLED_BYTES_MAX, "{} bytes", body.len());
        Answer::read(route, &body).unwrap();
        // As text: a number may be out of any range and passes all the same.
        let _: &serde_json::value::RawValue = serde_json::from_slice(&body).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_spoiled_request_is_refused_or_edited_without_harm(
        which in 0..BODIES.len(),
        other in 0..Route::ALL.len(),
        spoils in prop::collection::vec(spoil(), 0..6),
    ) {
        let (own, text) = BODIES[which];
        let bytes = spoiled(text.as_bytes(), &spoils);
        for route in [own, Route::ALL[other]] {
            let Ok(request) = Request::read(route, &bytes) else { continue };
            prop_assert!(request.max_output.is_none_or(|most| most < 1 << 53));
            let prompts = request.prompt.prompts.max(1);
            prop_assert!(request.outputs <= CHOICES_MAX * prompts);
            for part in &request.prompt.parts {
                prop_assert!(part.text().len() <= part.bytes_max());
            }
            let edits = Edits {
                model: Some("other"),
                max_output: Some(Maximum::Clamp(5)),
                stream: Some(true),
                ask_usage: true,
            };
            let edited = request.edited(&edits);
            let again = Request::read(route, &edited).unwrap();
            prop_assert_eq!((&*again.model, again.stream), ("other", true));
            prop_assert!(again.max_output.is_none_or(|most| most <= 5));
            prop_assert_eq!(again.max_output.is_some(), request.max_output.is_some());
            prop_assert_eq!(&again.prompt.parts, &request.prompt.parts);
            prop_assert_eq!(again.include_usage, request.include_usage || route.asks_for_usage());
            // Nothing changes where nothing is asked for.
            prop_assert_eq!(&request.edited(&Edits::default()), &bytes);
            // And what a common parser reads is what was read here.
            if let Ok(value) = serde_json::from_slice::<serde_json::Value>(&edited) {
                prop_assert_eq!(&value["model"], "other");
                prop_assert_eq!(&value["stream"], true);
            }
        }
    }

    #[test]
    fn a_spoiled_answer_is_read_or_refused(
        which in 0..STREAMS.len(),
        spoils in prop::collection::vec(spoil(), 0..6),
    ) {
        let (route, stream) = STREAMS[which];
        for event in stream.split("data: ").skip(1).take(4) {
            let bytes = spoiled(event.as_bytes(), &spoils);
            if let Ok(answer) = Answer::read(route, &bytes) {
                let total = answer.usage.and_then(|usage| usage.total());
                prop_assert!(total.is_none_or(|total| total < 1 << 56));
                prop_assert!(answer.outputs.iter().all(|it| it.text.len() <= bytes.len()));
            }
        }
    }

    #[test]
    fn a_spoiled_stream_reads_the_same_however_it_is_cut_and_passes_unchanged(
        which in 0..STREAMS.len(),
        spoils in prop::collection::vec(spoil(), 0..6),
        cuts in prop::collection::vec(any::<Index>(), 0..8),
        strip in any::<bool>(),
    ) {
        let (route, stream) = STREAMS[which];
        let bytes = spoiled(stream.as_bytes(), &spoils);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
        let (_, told, passed) = read(small(route, strip), &pieces, true);
        let (_, whole, passed_whole) = read(small(route, strip), &[&bytes], true);
        prop_assert_eq!(&told, &whole);
        prop_assert_eq!(&passed, &passed_whole);
        if !strip {
            prop_assert_eq!(&passed, &bytes);
        }
    }

    #[test]
    fn a_spoiled_stream_that_is_cut_anywhere_ends_as_its_dialect_does(
        which in 0..STREAMS.len(),
        spoils in prop::collection::vec(spoil(), 0..4),
        at in any::<Index>(),
    ) {
        let (route, stream) = STREAMS[which];
        let bytes = spoiled(stream.as_bytes(), &spoils);
        let bytes = &bytes[..at.index(bytes.len() + 1)];
        let (reader, _, passed) = read(StreamOptions::new(route), &[bytes], false);
        let end = reader.end(&CUT);
        prop_assert_eq!(end.is_empty(), reader.is_complete());
        // What a caller sees: whole events, then the end.
        let seen = [passed.clone(), end.clone()].concat();
        let (again, _, all) = read(StreamOptions::new(route), &[&seen], true);
        prop_assert_eq!(&all, &seen);
        prop_assert!(again.is_complete(), "{}", String::from_utf8_lossy(&seen));
        let mut of_end = StreamReader::new(StreamOptions::new(route));
        of_end.push(&end);
        while let Some(event) = of_end.next_event() {
            prop_assert_eq!((event.unread_bytes, &event.error), (0, &None));
        }
        assemble(route, &passed, &end);
    }
}
