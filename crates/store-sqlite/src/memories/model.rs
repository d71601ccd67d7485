//! Names of models of embeddings, and the numbers that stand for them in rows.
//!
//! Not kept in memory between calls: a number that was given out may be taken back with its
//! transaction.

use crate::row::malformed;
use novacore_vocab::ModelId;
use rusqlite::{Connection, OptionalExtension};
use std::collections::HashMap;

/// The number of a model, if it was ever stored.
pub(super) fn find(connection: &Connection, model: &ModelId) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT model_no FROM model WHERE name = ?1")?
        .query_row([model.as_str()], |row| row.get(0))
        .optional()
}

/// The number of a model, given out if it has none.
pub(super) fn intern(connection: &Connection, model: &ModelId) -> rusqlite::Result<i64> {
    if let Some(number) = find(connection, model)? {
        return Ok(number);
    }
    connection.prepare_cached("INSERT INTO model (name) VALUES (?1)")?.execute([model.as_str()])?;
    Ok(connection.last_insert_rowid())
}

/// All numbers but one.
pub(super) fn others(connection: &Connection, than: Option<i64>) -> rusqlite::Result<Vec<i64>> {
    connection
        .prepare_cached("SELECT model_no FROM model WHERE model_no IS NOT ?1")?
        .query_map([than], |row| row.get(0))?
        .collect()
}

/// Names by number, each looked up once.
pub(super) struct Models<'c> {
    connection: &'c Connection,
    known: HashMap<i64, ModelId>,
}

impl<'c> Models<'c> {
    pub(super) fn new(connection: &'c Connection) -> Models<'c> {
        Models { connection, known: HashMap::new() }
    }

    pub(super) fn name(&mut self, number: i64) -> rusqlite::Result<ModelId> {
        self.find(number)?.ok_or_else(|| malformed(0))
    }

    /// The name behind a number, if there is a sound one.
    pub(super) fn find(&mut self, number: i64) -> rusqlite::Result<Option<ModelId>> {
        if let Some(known) = self.known.get(&number) {
            return Ok(Some(known.clone()));
        }
        let name: Option<String> = self
            .connection
            .prepare_cached("SELECT name FROM model WHERE model_no = ?1")?
            .query_row([number], |row| row.get(0))
            .optional()?;
        let name = name.and_then(|name| ModelId::parse(&name).ok());
        self.known.extend(name.clone().map(|name| (number, name)));
        Ok(name)
    }
}
