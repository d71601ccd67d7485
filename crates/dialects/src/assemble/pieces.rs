//! Members that arrive in pieces: kept as JSON text, in the order in which they first came.

use super::{AssembleError, Budget};
use crate::json::{Value, quote};

/// What a member or a slot costs besides its text, in bytes.
pub(super) const SLOT_BYTES: usize = 64;

/// The members of an object in the making.
#[derive(Default)]
pub(super) struct Members {
    members: Vec<(String, Piece)>,
}

enum Piece {
    /// JSON as it came.
    Json(String),
    /// A string that grows.
    Text(String),
    /// A list that grows, its items as they came.
    List(Vec<String>),
}

impl Members {
    /// Sets a member; `null` sets one only if there is none.
    pub(super) fn set(
        &mut self,
        name: &str,
        value: Value<'_>,
        budget: &mut Budget,
    ) -> Result<(), AssembleError> {
        let raw = value.raw();
        match self.find(name) {
            Some(_) if value.is_null() => {}
            Some(Piece::Json(old)) if old == raw => {}
            Some(piece) => {
                // The old text's bytes are given up with it.
                let old = if let Piece::Json(old) = &*piece { old.len() } else { 0 };
                budget.take(raw.len().saturating_sub(old))?;
                *piece = Piece::Json(raw.to_owned());
            }
            None => self.add(name, Piece::Json(raw.to_owned()), raw.len(), budget)?,
        }
        Ok(())
    }

    /// Sets a member that has no value but `null` yet.
    pub(super) fn set_first(
        &mut self,
        name: &str,
        value: Value<'_>,
        budget: &mut Budget,
    ) -> Result<(), AssembleError> {
        let is_open = match self.find(name) {
            Some(Piece::Json(old)) => old == "null" || old == "\"\"",
            Some(Piece::Text(_) | Piece::List(_)) => false,
            None => true,
        };
        if is_open { self.set(name, value, budget) } else { Ok(()) }
    }

    /// Appends to a string; `null` is a string that has not begun.
    pub(super) fn append(
        &mut self,
        name: &str,
        value: Value<'_>,
        budget: &mut Budget,
    ) -> Result<(), AssembleError> {
        if value.is_null() {
            return self.set(name, value, budget);
        }
        let text = value.as_str().ok_or_else(|| AssembleError::Unsupported(name.to_owned()))?;
        budget.take(text.len())?;
        match self.find(name) {
            Some(Piece::Text(whole)) => whole.push_str(&text),
            Some(piece) => *piece = Piece::Text(text.into_owned()),
            None => self.add(name, Piece::Text(text.into_owned()), 0, budget)?,
        }
        Ok(())
    }

    /// Appends the items of a list; anything but a list is set.
    pub(super) fn extend(
        &mut self,
        name: &str,
        value: Value<'_>,
        budget: &mut Budget,
    ) -> Result<(), AssembleError> {
        if !value.is_array() {
            return self.set(name, value, budget);
        }
        if !matches!(self.find(name), Some(Piece::List(_))) {
            self.remove(name);
            self.add(name, Piece::List(Vec::new()), 0, budget)?;
        }
        if let Some(Piece::List(list)) = self.find(name) {
            for item in value.items() {
                budget.take(item.raw().len() + SLOT_BYTES)?;
                list.push(item.raw().to_owned());
            }
        }
        Ok(())
    }

    fn add(
        &mut self,
        name: &str,
        piece: Piece,
        bytes: usize,
        budget: &mut Budget,
    ) -> Result<(), AssembleError> {
        budget.take(name.len() + bytes + SLOT_BYTES)?;
        self.members.push((name.to_owned(), piece));
        Ok(())
    }

    fn find(&mut self, name: &str) -> Option<&mut Piece> {
        self.members.iter_mut().find(|(known, _)| known == name).map(|(_, piece)| piece)
    }

    fn remove(&mut self, name: &str) {
        self.members.retain(|(known, _)| known != name);
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.members.iter().any(|(known, _)| known == name)
    }

    /// The members as name and JSON.
    pub(super) fn json(&self) -> impl Iterator<Item = (&str, String)> {
        self.members.iter().map(|(name, piece)| (name.as_str(), piece.json()))
    }
}

impl Piece {
    fn json(&self) -> String {
        match self {
            Piece::Json(json) => json.clone(),
            Piece::Text(text) => quote(text),
            Piece::List(items) => format!("[{}]", items.join(",")),
        }
    }
}

/// An object of members that are JSON already.
pub(super) fn object<'m>(members: impl IntoIterator<Item = (&'m str, String)>) -> String {
    let members = members.into_iter().map(|(name, json)| format!("{}:{json}", quote(name)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}
