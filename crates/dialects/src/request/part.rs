//! Contents that are a string or a list of typed parts, as most messages are.

use super::prompt::Collector;
use crate::json::{ReadError, Value, Why};
use std::borrow::Cow;

/// Reads `content`: a string is counted, of a list each part is given to `part` with its type.
pub(super) fn string_or_parts<'b>(
    content: Value<'b>,
    collector: &mut Collector<'b>,
    part: fn(&str, Value<'b>, &mut Collector<'b>) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    if content.is_string() {
        return collector.count(content);
    }
    if !content.is_array() {
        return Err(content.fault(Why::Expected("a string or a list")));
    }
    for item in content.items() {
        if item.is_string() {
            collector.count(item)?;
            continue;
        }
        item.unique_members()?;
        let kind = kind_of(item)?;
        part(&kind, item, collector)?;
    }
    Ok(())
}

/// The `type` of a part; empty if it has none.
pub(super) fn kind_of(part: Value<'_>) -> Result<Cow<'_, str>, ReadError> {
    match part.field("type") {
        Some(kind) => kind.as_str().ok_or_else(|| kind.fault(Why::Expected("a string"))),
        None => Ok(Cow::Borrowed("")),
    }
}

/// Counts every member of `part` but those named, so that nothing it says is free.
pub(super) fn count_members<'b>(
    part: Value<'b>,
    but: &[&str],
    collector: &mut Collector<'b>,
) -> Result<(), ReadError> {
    for member in part.members() {
        if !but.contains(&&*member.key()) {
            collector.count(member.value)?;
        }
    }
    Ok(())
}

/// The items of a list that has to be one.
pub(super) fn list<'b>(value: Value<'b>) -> Result<impl Iterator<Item = Value<'b>>, ReadError> {
    if value.is_array() { Ok(value.items()) } else { Err(value.fault(Why::Expected("a list"))) }
}

/// A member that has to be there.
pub(super) fn needed<'b>(object: Value<'b>, name: &'static str) -> Result<Value<'b>, ReadError> {
    object.field(name).ok_or_else(|| object.fault(Why::Missing(name)))
}
