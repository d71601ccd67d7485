//! A stream reads the same however it is cut into pieces, and passes byte for byte.

#![no_main]

use libfuzzer_sys::fuzz_target;
use novacore_dialects::StreamOptions;
use novacore_fuzz::{Control, read};

/// Small, so that inputs reach it.
const EVENT_BYTES_MAX: usize = 700;

fuzz_target!(|input: &[u8]| {
    let Some((stream, control)) = Control::split(input) else { return };
    let options = StreamOptions {
        strip_usage: control.flag,
        event_bytes_max: EVENT_BYTES_MAX,
        ..StreamOptions::new(control.route)
    };
    let whole = read(options, &[stream], true);
    let pieces = read(options, &control.pieces(stream), true);
    assert_eq!(whole.told, pieces.told);
    assert_eq!(whole.passed, pieces.passed);
    if !control.flag {
        assert_eq!(whole.passed, stream);
    }
});
