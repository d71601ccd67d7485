//! A request is refused, or read within its bounds and edited without harm.

#![no_main]

use libfuzzer_sys::fuzz_target;
use novacore_dialects::{CHOICES_MAX, Edits, Maximum, Request};
use novacore_fuzz::Control;
use serde_json::Value;

fuzz_target!(|input: &[u8]| {
    let Some((body, control)) = Control::split(input) else { return };
    let route = control.route;
    let Ok(request) = Request::read(route, body) else { return };
    assert!(request.max_output.is_none_or(|most| most < 1 << 53));
    assert!(request.outputs <= CHOICES_MAX * request.prompt.prompts.max(1));
    for part in &request.prompt.parts {
        assert!(part.text().len() <= part.bytes_max());
    }
    // Nothing changes where nothing is asked for.
    assert_eq!(request.edited(&Edits::default()), body);
    let edits = Edits {
        model: Some("other"),
        max_output: Some(Maximum::Clamp(5)),
        stream: Some(control.flag),
        ask_usage: control.flag,
    };
    let edited = request.edited(&edits);
    let again = Request::read(route, &edited).expect("what was edited can be read");
    assert_eq!((&*again.model, again.stream), ("other", control.flag));
    assert!(again.max_output.is_none_or(|most| most <= 5));
    assert_eq!(again.max_output.is_some(), request.max_output.is_some());
    assert_eq!(again.prompt.parts, request.prompt.parts);
    let asks = control.flag && route.asks_for_usage();
    assert_eq!(again.include_usage, request.include_usage || asks);
    // And what a common parser reads is what was read here.
    if let Ok(value) = serde_json::from_slice::<Value>(&edited) {
        assert_eq!((&value["model"], &value["stream"]), (&"other".into(), &control.flag.into()));
    }
});
