//! A stream that is cut anywhere ends as its dialect does, and what came of it can be put
//! together.

#![no_main]

use libfuzzer_sys::fuzz_target;
use novacore_dialects::{Answer, Assembly, Cut, Route, StreamOptions, StreamReader};
use novacore_fuzz::{Control, read};
use serde_json::value::RawValue;

const ASSEMBLED_BYTES_MAX: usize = 20_000;

const CUT: Cut<'_> = Cut {
    choices: 2,
    include_usage: true,
    input_tokens: 7,
    output_tokens: 3,
    id: "cut_1",
    model: "m",
    created_s: 1,
};

fuzz_target!(|input: &[u8]| {
    let Some((stream, control)) = Control::split(input) else { return };
    let stream = &stream[..control.place(0, stream.len())];
    let options = StreamOptions::new(control.route);
    let cut = read(options, &[stream], false);
    let end = cut.reader.end(&CUT);
    assert_eq!(end.is_empty(), cut.reader.is_complete());
    // What a caller sees: whole events, then the end.
    let seen = [cut.passed.as_slice(), &end].concat();
    let again = read(options, &[&seen], true);
    assert_eq!(again.passed, seen);
    assert!(again.reader.is_complete());
    let mut of_end = StreamReader::new(options);
    of_end.push(&end);
    while let Some(event) = of_end.next_event() {
        assert!(event.unread_bytes == 0 && event.error.is_none());
    }
    if control.route != Route::Embeddings {
        assemble(control.route, &cut.passed, &end);
    }
});

/// Puts a stream together, as far as it goes. What comes out is JSON, and within its bound.
fn assemble(route: Route, bytes: &[u8], end: &[u8]) {
    let Ok(mut assembly) = Assembly::new(route, ASSEMBLED_BYTES_MAX) else { return };
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
        assert!(Answer::read(route, &body).is_ok());
        // As text: a number may be out of any range and passes all the same.
        assert!(serde_json::from_slice::<&RawValue>(&body).is_ok());
    }
}
