//! OpenAI chat completions.

use super::choices;
use super::part::{count_members, list, string_or_parts};
use super::prompt::{Collector, UnboundedCause};
use super::tools::{self, ToolTypes};
use crate::json::{Object, ReadError, Value};

const TOOLS: &ToolTypes = &ToolTypes { whole: &["function", "custom"], described: &[] };

pub(super) fn collect<'b>(
    root: &Object<'b>,
    collector: &mut Collector<'b>,
) -> Result<u64, ReadError> {
    for message in list(root.needed("messages")?)? {
        collect_message(message, collector)?;
    }
    collector.prompt.prompts = 1;
    tools::collect(root.field("tools"), TOOLS, collector)?;
    for name in ["functions", "response_format", "prediction"] {
        if let Some(value) = root.field(name) {
            collector.count(value)?;
        }
    }
    for name in ["web_search_options", "data_sources"] {
        if let Some(value) = root.field(name) {
            collector.unbounded(value, UnboundedCause::HostedTool);
        }
    }
    choices(root.field("n"))
}

fn collect_message<'b>(message: Value<'b>, collector: &mut Collector<'b>) -> Result<(), ReadError> {
    collector.prompt.messages += 1;
    for member in message.unique_members()? {
        let value = member.value;
        match &*member.key() {
            _ if value.is_null() => {}
            "content" => string_or_parts(value, collector, collect_part)?,
            "audio" => collector.unbounded(value, UnboundedCause::StoredContext),
            _ => collector.count(value)?,
        }
    }
    Ok(())
}

fn collect_part<'b>(
    kind: &str,
    part: Value<'b>,
    collector: &mut Collector<'b>,
) -> Result<(), ReadError> {
    let media = part.field(kind);
    match (kind, media) {
        ("text" | "refusal", Some(text)) => collector.count_text(text)?,
        ("image_url", Some(image)) => collector.image(image),
        ("input_audio", Some(audio)) => collector.audio(audio),
        ("file", Some(file)) => match file.field("file_id") {
            Some(id) => collector.unbounded(id, UnboundedCause::StoredFile),
            None => collector.file(file),
        },
        _ => {
            collector.unbounded(part, UnboundedCause::UnknownKind);
            return collector.count(part);
        }
    }
    count_members(part, &["type", kind], collector)
}
