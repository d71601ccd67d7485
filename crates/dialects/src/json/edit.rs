//! Changes of an object's members that leave every other byte as it was.
//!
//! Invariant: a member that exists is replaced where it stands, value only; one that does not is
//! put first, so that nothing after it moves relative to its neighbours.

use super::{Member, Value, quote};
use std::fmt::Write;
use std::ops::Range;

/// The text of `object` with each named member set to the JSON beside its name.
pub(crate) fn edited(object: Value<'_>, sets: &[(&str, String)]) -> String {
    let members: Vec<Member<'_>> = object.members().collect();
    edited_object(object, &members, sets)
}

/// As [`edited`], for an object whose members are known.
pub(crate) fn edited_object(
    object: Value<'_>,
    members: &[Member<'_>],
    sets: &[(&str, String)],
) -> String {
    let raw = object.raw();
    let base = object.range().start;
    let mut places: Vec<(Range<usize>, &str)> = Vec::new();
    let mut first = String::new();
    for (name, json) in sets {
        let before = places.len();
        // Where a name is there twice, readers differ over which one counts.
        let named = members.iter().filter(|member| member.key() == *name);
        places.extend(named.map(|member| (member.value.range(), json.as_str())));
        if places.len() == before {
            let gap = if first.is_empty() { "" } else { "," };
            write!(first, "{gap}{}:{json}", quote(name)).expect("a String takes all");
        }
    }
    if !first.is_empty() && !members.is_empty() {
        first.push(',');
    }
    places.push((base + 1..base + 1, &first));
    places.sort_by_key(|(range, _)| range.start);
    let mut out = String::with_capacity(raw.len() + first.len() + 64);
    let mut at = 0;
    for (range, json) in places {
        out.push_str(&raw[at..range.start - base]);
        out.push_str(json);
        at = range.end - base;
    }
    out.push_str(&raw[at..]);
    out
}

/// The bytes to take out of the text so that the first member `name` of `object` is gone, with the
/// comma that it needed.
pub(crate) fn member_with_comma(object: Value<'_>, name: &str) -> Option<Range<usize>> {
    let mut before: Option<usize> = None;
    let mut members = object.members();
    while let Some(member) = members.next() {
        let (start, end) = (member.name.range().start, member.value.range().end);
        if member.key() == name {
            return Some(match (before, members.next()) {
                (Some(before), _) => before..end,
                (None, Some(next)) => start..next.name.range().start,
                (None, None) => start..end,
            });
        }
        before = Some(end);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::document;

    #[test]
    fn members_are_set_where_they_stand() {
        let set = |text: &str, sets: &[(&str, &str)]| {
            let sets: Vec<_> = sets.iter().map(|(name, json)| (*name, (*json).into())).collect();
            edited(document(text.as_bytes()).unwrap(), &sets)
        };
        assert_eq!(set("{ \"a\" : 1 , \"b\":2 }", &[("a", "9")]), "{ \"a\" : 9 , \"b\":2 }");
        assert_eq!(set("{\"b\":2}", &[("a", "1"), ("b", "3")]), "{\"a\":1,\"b\":3}");
        assert_eq!(set("{ }", &[("a", "1"), ("c", "2")]), "{\"a\":1,\"c\":2 }");
        assert_eq!(set("{\"b\":2,\"a\":1}", &[("a", "5"), ("b", "6")]), "{\"b\":6,\"a\":5}");
    }

    #[test]
    fn a_member_is_taken_out_with_its_comma() {
        for (text, want) in [
            ("{\"a\":1,\"u\":null}", "{\"a\":1}"),
            ("{\"a\":1 , \"u\" : null , \"b\":2}", "{\"a\":1 , \"b\":2}"),
            ("{\"u\":null, \"b\":2}", "{\"b\":2}"),
            ("{ \"u\":null }", "{  }"),
        ] {
            let mut out = text.to_owned();
            out.replace_range(
                member_with_comma(document(text.as_bytes()).unwrap(), "u").unwrap(),
                "",
            );
            assert_eq!(out, want);
        }
    }
}
