//! All that a reader says of a stream.

use novacore_dialects::{StreamOptions, StreamReader};

/// All that a reader says of a stream.
#[derive(Debug)]
pub struct Reading {
    /// The reader, after the last piece.
    pub reader: StreamReader,
    /// What it told, as text.
    pub told: String,
    /// What it passed on.
    pub passed: Vec<u8>,
}

/// Reads a stream that comes in these pieces.
pub fn read(options: StreamOptions, pieces: &[&[u8]], is_over: bool) -> Reading {
    let mut reading =
        Reading { reader: StreamReader::new(options), told: String::new(), passed: Vec::new() };
    for piece in pieces {
        reading.reader.push(piece);
        drain(&mut reading, options);
    }
    if is_over {
        reading.reader.finish();
        drain(&mut reading, options);
    }
    let end = format!("{:?} {}", reading.reader.reported_usage(), reading.reader.is_complete());
    reading.told += &end;
    reading
}

fn drain(reading: &mut Reading, options: StreamOptions) {
    while let Some(event) = reading.reader.next_event() {
        assert!(event.data.len() <= options.event_bytes_max, "what is too long is not read");
        reading.passed.extend_from_slice(&event.pass);
        // A piece of something too long may part anywhere; its sum does not change.
        if event.unread_bytes == 0 {
            for output in &event.outputs {
                reading.told += &format!("{} {:?} {:?} ", output.index, output.kind, output.text);
            }
            let (finishes, usage, is_last) = (&event.finishes, event.usage, event.is_last);
            reading.told += &format!("{finishes:?} {usage:?} {is_last} {:?}\n", event.error);
        }
    }
}
