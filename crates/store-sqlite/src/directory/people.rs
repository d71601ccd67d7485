//! Users with all that is theirs, for whoever takes a ledger elsewhere.

use super::{keys, sessions, users};
use crate::{profile, row::UserNo};
use novacore_store::{directory::Credentials, memories::MemoryHead, moving::Person};
use rusqlite::Connection;

/// The next users after a number, each with his own; `head` knows of his memories.
pub(crate) fn page(
    connection: &Connection,
    after: UserNo,
    rows_max: usize,
    head: impl Fn(UserNo) -> rusqlite::Result<Option<MemoryHead>>,
) -> rusqlite::Result<Vec<(UserNo, Person)>> {
    let found = users::numbered(connection, after, rows_max)?;
    let person = |(user_no, credentials): (UserNo, Credentials)| {
        let account = credentials.user.account();
        let person = Person {
            overrides: profile::overrides(connection, user_no)?,
            sessions: sessions::list(connection, account, user_no)?,
            keys: keys::list_stored(connection, account, user_no)?,
            memories: head(user_no)?,
            credentials,
        };
        Ok((user_no, person))
    };
    found.into_iter().map(person).collect()
}
