//! JSON read where it stands: values are places in a checked text, so that whatever is not ours can
//! be passed on byte for byte.
//!
//! Invariant: a [`Value`] exists only inside a text that was checked whole: grammar, UTF-8, depth.
//! Invariant: memory does not grow with the text; a value is three words.
//! Not here: what a member means.

mod check;
mod edit;
mod path;
mod text;

pub(crate) use check::document;
pub(crate) use edit::{edited, edited_object, member_with_comma};
pub(crate) use path::{path_at, push_key};
pub(crate) use text::{decoded, quote};

use crate::limits::MEMBERS_MAX;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

/// Members up to which duplicates are found without a set.
const FEW_MEMBERS: usize = 16;

/// Why a text could not be read, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ReadError {
    /// Byte offset of the value at fault.
    pub(crate) at: usize,
    pub(crate) why: Why,
}

/// What is wrong at a [`ReadError`]'s place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    NotJson,
    TooDeep,
    Duplicate,
    Expected(&'static str),
    Missing(&'static str),
    TooMany,
    Ambiguous(&'static str),
}

/// A value of a checked text.
#[derive(Clone, Copy)]
pub(crate) struct Value<'t> {
    text: &'t str,
    start: usize,
    end: usize,
}

impl std::fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Value({}..{})", self.start, self.end)
    }
}

/// A member of an object: its name as written, quotes included, and its value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member<'t> {
    pub(crate) name: Value<'t>,
    pub(crate) value: Value<'t>,
}

impl<'t> Member<'t> {
    /// The name, escapes resolved.
    pub(crate) fn key(&self) -> Cow<'t, str> {
        decoded(self.name.raw())
    }
}

impl<'t> Value<'t> {
    /// The value's own text.
    pub(crate) fn raw(self) -> &'t str {
        &self.text[self.start..self.end]
    }

    /// Where the value stands in the text.
    pub(crate) fn range(self) -> Range<usize> {
        self.start..self.end
    }

    pub(crate) fn whole_text(self) -> &'t str {
        self.text
    }

    pub(crate) fn fault(self, why: Why) -> ReadError {
        ReadError { at: self.start, why }
    }

    fn first(self) -> u8 {
        self.text.as_bytes()[self.start]
    }

    pub(crate) fn is_null(self) -> bool {
        self.first() == b'n'
    }

    pub(crate) fn is_string(self) -> bool {
        self.first() == b'"'
    }

    pub(crate) fn is_object(self) -> bool {
        self.first() == b'{'
    }

    pub(crate) fn is_array(self) -> bool {
        self.first() == b'['
    }

    pub(crate) fn as_bool(self) -> Option<bool> {
        match self.raw() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }

    /// The string, escapes resolved.
    pub(crate) fn as_str(self) -> Option<Cow<'t, str>> {
        self.is_string().then(|| decoded(self.raw()))
    }

    /// A number without sign, fraction and exponent that fits.
    pub(crate) fn as_u64(self) -> Option<u64> {
        let raw = self.raw();
        if raw.bytes().all(|byte| byte.is_ascii_digit()) { raw.parse().ok() } else { None }
    }

    /// The members, none if this is no object.
    pub(crate) fn members(self) -> Members<'t> {
        Members { walk: Walk::of(self, b'{') }
    }

    /// The members of an object in which no name occurs twice.
    pub(crate) fn unique_members(self) -> Result<Vec<Member<'t>>, ReadError> {
        if !self.is_object() {
            return Err(self.fault(Why::Expected("an object")));
        }
        let members: Vec<Member<'t>> = self.members().take(MEMBERS_MAX + 1).collect();
        if members.len() > MEMBERS_MAX {
            return Err(self.fault(Why::TooMany));
        }
        let mut seen = BTreeSet::new();
        for (index, member) in members.iter().enumerate() {
            // Most objects have a few members, and comparing those is cheaper than a set.
            let is_again = if members.len() <= FEW_MEMBERS {
                members[..index].iter().any(|earlier| earlier.key() == member.key())
            } else {
                !seen.insert(member.key())
            };
            if is_again {
                return Err(member.value.fault(Why::Duplicate));
            }
        }
        Ok(members)
    }

    /// The items, none if this is no array.
    pub(crate) fn items(self) -> Items<'t> {
        Items { walk: Walk::of(self, b'[') }
    }

    /// The values of the named members, `null` being none; a name that occurs twice is an error.
    pub(crate) fn fields<const N: usize>(
        self,
        names: [&str; N],
    ) -> Result<[Option<Value<'t>>; N], ReadError> {
        if !self.is_object() {
            return Err(self.fault(Why::Expected("an object")));
        }
        let (mut found, mut seen) = ([None; N], [false; N]);
        for member in self.members() {
            let key = member.key();
            let Some(slot) = names.iter().position(|name| *name == key) else { continue };
            if std::mem::replace(&mut seen[slot], true) {
                return Err(member.value.fault(Why::Duplicate));
            }
            found[slot] = Some(member.value).filter(|value| !value.is_null());
        }
        Ok(found)
    }

    /// The value of one member, the first of its name that is not `null`: a second one cannot hide
    /// behind a `null`.
    pub(crate) fn field(self, name: &str) -> Option<Value<'t>> {
        let is_given = |member: &Member<'t>| !member.value.is_null() && member.key() == name;
        self.members().find(is_given).map(|member| member.value)
    }
}

/// An object whose members were found once, for the one that holds all the rest: a look for another
/// member would walk through the whole text.
#[derive(Clone, Debug)]
pub(crate) struct Object<'t> {
    value: Value<'t>,
    members: Vec<Member<'t>>,
}

impl<'t> Object<'t> {
    /// Reads an object in which no name occurs twice.
    pub(crate) fn read(value: Value<'t>) -> Result<Object<'t>, ReadError> {
        Ok(Object { value, members: value.unique_members()? })
    }

    pub(crate) fn value(&self) -> Value<'t> {
        self.value
    }

    pub(crate) fn members(&self) -> &[Member<'t>] {
        &self.members
    }

    /// The value of a member, `null` being none.
    pub(crate) fn field(&self, name: &str) -> Option<Value<'t>> {
        let found = self.members.iter().find(|member| member.key() == name);
        found.map(|member| member.value).filter(|value| !value.is_null())
    }

    /// The value of a member that has to be there.
    pub(crate) fn needed(&self, name: &'static str) -> Result<Value<'t>, ReadError> {
        self.field(name).ok_or_else(|| self.value.fault(Why::Missing(name)))
    }
}

/// Steps through the text of a container.
struct Walk<'t> {
    text: &'t str,
    at: usize,
    end: usize,
}

impl<'t> Walk<'t> {
    fn of(value: Value<'t>, opening: u8) -> Walk<'t> {
        let (text, is_fit) = (value.text, value.first() == opening);
        let (at, end) =
            if is_fit { (value.start + 1, value.end - 1) } else { (value.end, value.end) };
        Walk { text, at, end }
    }

    /// The next value, the space, commas and colons before it skipped.
    fn next(&mut self) -> Option<Value<'t>> {
        let bytes = self.text.as_bytes();
        while self.at < self.end && is_between(bytes[self.at]) {
            self.at += 1;
        }
        if self.at >= self.end {
            return None;
        }
        let start = self.at;
        self.at = check::end_of_value(bytes, start);
        Some(Value { text: self.text, start, end: self.at })
    }
}

fn is_between(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b',' | b':')
}

/// The members of an object, in order.
pub(crate) struct Members<'t> {
    walk: Walk<'t>,
}

impl<'t> Iterator for Members<'t> {
    type Item = Member<'t>;
    fn next(&mut self) -> Option<Member<'t>> {
        let name = self.walk.next()?;
        let value = self.walk.next()?;
        Some(Member { name, value })
    }
}

/// The items of an array, in order.
pub(crate) struct Items<'t> {
    walk: Walk<'t>,
}

impl<'t> Iterator for Items<'t> {
    type Item = Value<'t>;
    fn next(&mut self) -> Option<Value<'t>> {
        self.walk.next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(text: &str) -> Value<'_> {
        document(text.as_bytes()).unwrap()
    }

    #[test]
    fn values_are_places_in_the_text() {
        let value = root(" {\"a\" : [1, {\"b\":\"}\"}, null] ,\"c\":-1.5e3}\n");
        let [a, c, gone] = value.fields(["a", "c", "gone"]).unwrap();
        let items: Vec<&str> = a.unwrap().items().map(Value::raw).collect();
        assert_eq!(items, ["1", "{\"b\":\"}\"}", "null"]);
        assert_eq!((c.unwrap().raw(), c.unwrap().as_u64()), ("-1.5e3", None));
        assert!(gone.is_none());
    }

    #[test]
    fn a_name_written_with_escapes_is_the_same_name() {
        let twice = root("{\"model\":1,\"mod\\u0065l\":2}");
        assert_eq!(twice.fields(["model"]).unwrap_err().why, Why::Duplicate);
        assert_eq!(twice.unique_members().err().unwrap().why, Why::Duplicate);
        let many: Vec<String> = (0..40).map(|n| format!("\"k{n}\":{n}")).collect();
        let many = format!("{{{},\"k7\":0}}", many.join(","));
        assert_eq!(root(&many).unique_members().err().unwrap().why, Why::Duplicate);
    }

    #[test]
    fn integers_are_digits_alone() {
        for (text, want) in [
            ("0", Some(0)),
            ("18446744073709551615", Some(u64::MAX)),
            ("18446744073709551616", None),
            ("-1", None),
            ("1.0", None),
            ("1e2", None),
            ("\"1\"", None),
        ] {
            assert_eq!(root(text).as_u64(), want, "{text}");
        }
    }
}
