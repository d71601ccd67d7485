//! Takes out of a stream what our own `include_usage` put in.
//!
//! Invariant: what is left is what the provider would have sent unasked, byte for byte.

use crate::json::{Value, member_with_comma};
use crate::sse::Lines;
use std::borrow::Cow;
use std::ops::Range;

/// The event without its usage: nothing for the chunk that is usage only, the event without the
/// member where it is `null`. Usage beside choices is the server's own habit and stays.
pub(super) fn without_usage<'r>(event: &'r [u8], lines: &Lines, root: Value<'_>) -> Cow<'r, [u8]> {
    let Some(usage) = root.members().find(|member| member.key() == "usage") else {
        return Cow::Borrowed(event);
    };
    let has_choices = root.field("choices").is_none_or(|list| list.items().next().is_some());
    if usage.value.is_null() {
        let Some(range) = member_with_comma(root, "usage") else { return Cow::Borrowed(event) };
        return Cow::Owned(without(event, &[in_event(range, lines)]));
    }
    if has_choices {
        return Cow::Borrowed(event);
    }
    if !lines.has_comment {
        return Cow::Borrowed(&[]);
    }
    let data: Vec<Range<usize>> = lines.data.iter().map(|(line, _)| line.clone()).collect();
    Cow::Owned(without(event, &data))
}

/// Where a range of the joined data stands in the event. If it spans lines, the line's end and the
/// next line's name go with it, which joins the two.
fn in_event(range: Range<usize>, lines: &Lines) -> Range<usize> {
    let place = |offset: usize| {
        let mut left = offset;
        for (_, value) in &lines.data {
            if left < value.len() {
                return value.start + left;
            }
            // One for the LF between the lines.
            left = left.saturating_sub(value.len() + 1);
        }
        lines.data.last().map_or(0, |(_, value)| value.end)
    };
    place(range.start)..place(range.end - 1) + 1
}

fn without(event: &[u8], ranges: &[Range<usize>]) -> Vec<u8> {
    let mut out = Vec::with_capacity(event.len());
    let mut at = 0;
    for range in ranges {
        out.extend_from_slice(&event[at..range.start]);
        at = range.end;
    }
    out.extend_from_slice(&event[at..]);
    out
}
