//! Resource names and the numbers that stand for them in rows.

use novacore_vocab::ResourceName;
use parking_lot::RwLock;
use rusqlite::Connection;
use std::{collections::HashMap, sync::Arc};

/// The known names, shared by the writer and all readers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(Arc<RwLock<Known>>);

#[derive(Debug, Default)]
struct Known {
    by_name: HashMap<ResourceName, i64>,
    by_number: HashMap<i64, ResourceName>,
}

impl Names {
    /// Reads the names stored so far.
    pub(crate) fn load(connection: &Connection) -> rusqlite::Result<Names> {
        let names = Names::default();
        let mut statement = connection.prepare("SELECT resource_no, name FROM resource")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)))?;
        for row in rows {
            let (number, text) = row?;
            let name = ResourceName::parse(&text).map_err(|_| crate::row::malformed(1))?;
            names.insert(number, name);
        }
        Ok(names)
    }

    fn insert(&self, number: i64, name: ResourceName) {
        let mut known = self.0.write();
        known.by_name.insert(name.clone(), number);
        known.by_number.insert(number, name);
    }

    /// The name that a number stands for.
    pub(crate) fn name(&self, number: i64) -> Option<ResourceName> {
        self.0.read().by_number.get(&number).cloned()
    }

    /// The number of a name, if it was ever stored.
    pub(crate) fn number(&self, name: &ResourceName) -> Option<i64> {
        self.0.read().by_name.get(name).copied()
    }

    /// The number of a name, stored at once if it is new. Only the writer calls this, outside of a
    /// transaction: so a number that is known is always stored.
    pub(crate) fn intern(
        &self,
        connection: &Connection,
        name: &ResourceName,
    ) -> rusqlite::Result<i64> {
        if let Some(number) = self.number(name) {
            return Ok(number);
        }
        connection.execute("INSERT INTO resource (name) VALUES (?1)", [name.as_str()])?;
        let number = connection.last_insert_rowid();
        self.insert(number, name.clone());
        Ok(number)
    }
}
