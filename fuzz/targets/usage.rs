//! The usage of an answer is what another reader of JSON finds in it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use novacore_dialects::{Answer, DEPTH_MAX, Family, Usage};
use novacore_fuzz::Control;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use std::fmt;

/// Largest figure that counts.
const FIGURE_MAX: u64 = (1 << 53) - 1;
/// Deeper than `serde_json` goes, so that whatever it reads has to be read here.
const _: () = assert!(DEPTH_MAX >= 128);

/// JSON as far as usage needs it, members in their order and each as often as it is there.
enum Json {
    Object(Vec<(String, Json)>),
    Figure(u64),
    Null,
    Other,
}

impl Json {
    /// The first member of this name that is not `null`.
    fn field(&self, name: &str) -> Option<&Json> {
        let Json::Object(members) = self else { return None };
        let is_given = |(key, value): &&(String, Json)| key == name && !matches!(value, Json::Null);
        members.iter().find(is_given).map(|(_, value)| value)
    }

    fn figure(&self, name: &str) -> Option<u64> {
        match self.field(name)? {
            Json::Figure(figure) => Some(*figure).filter(|figure| *figure <= FIGURE_MAX),
            Json::Object(_) | Json::Null | Json::Other => None,
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Json, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Json;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("JSON")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Json::Object(members))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
                while items.next_element::<Json>()?.is_some() {}
                Ok(Json::Other)
            }
            fn visit_u64<E>(self, figure: u64) -> Result<Json, E> {
                Ok(Json::Figure(figure))
            }
            fn visit_i64<E>(self, _: i64) -> Result<Json, E> {
                Ok(Json::Other)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
                Ok(Json::Other)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
                Ok(Json::Other)
            }
            fn visit_str<E>(self, _: &str) -> Result<Json, E> {
                Ok(Json::Other)
            }
            fn visit_unit<E>(self) -> Result<Json, E> {
                Ok(Json::Null)
            }
        }
        source.deserialize_any(Any)
    }
}

/// Input and output of a usage object, by the names of either dialect.
fn figures(family: Family, usage: &Json) -> (Option<u64>, Option<u64>) {
    let of = |names: [&str; 2]| names.iter().find_map(|name| usage.figure(name));
    match family {
        Family::OpenAi => {
            (of(["prompt_tokens", "input_tokens"]), of(["completion_tokens", "output_tokens"]))
        }
        Family::Anthropic => (usage.figure("input_tokens"), usage.figure("output_tokens")),
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((body, control)) = Control::split(input) else { return };
    let answer = Answer::read(control.route, body);
    if let Ok(answer) = &answer {
        let total = answer.usage.as_ref().and_then(Usage::total);
        assert!(total.is_none_or(|total| total <= FIGURE_MAX));
        assert!(answer.outputs.iter().all(|output| output.text.len() <= body.len()));
    }
    // The other reader refuses more: numbers out of range, halves of letters.
    if serde_json::from_slice::<IgnoredAny>(body).is_err() {
        return;
    }
    let Ok(root) = serde_json::from_slice::<Json>(body) else { return };
    let answer = answer.expect("what others read is read here");
    let Some(usage) = root.field("usage") else { return };
    let (input, output) = figures(control.route.family(), usage);
    let read = answer.usage.map_or((None, None), |usage| (usage.input, usage.output));
    assert_eq!(read, (input, output));
});
