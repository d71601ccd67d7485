//! Sessions.

use super::{account_no, append_audit, known_account_no};
use crate::{failure, row::UserNo, store::SqliteStore, writer::Touch};
use async_trait::async_trait;
use novacore_access::{AuditEntry, Generation, SESSIONS_PER_USER_MAX, Session};
use novacore_store::{directory::Sessions, error::StoreError};
use novacore_vocab::{Account, SessionId, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row as SqlRow, params};
use uuid::Uuid;

#[async_trait]
impl Sessions for SqliteStore {
    async fn insert_session(&self, session: &Session) -> Result<(), StoreError> {
        let session = *session;
        self.control(move |connection| {
            let user_no = known_account_no(connection, session.account)?;
            insert(connection, user_no, &session).map_err(failure::in_write)?;
            Ok(((), Touch::Nothing))
        })
        .await
    }

    async fn find_session(
        &self,
        account: Account,
        id: SessionId,
    ) -> Result<Option<Session>, StoreError> {
        let read = move |connection: &Connection| {
            let Some(user_no) = account_no(connection, account)? else { return Ok(None) };
            find(connection, account, user_no, id)
        };
        self.readers.read(move |connection| read(connection).map_err(failure::of_read)).await
    }

    async fn advance_session(&self, from: Generation, to: &Session) -> Result<(), StoreError> {
        let to = *to;
        self.control(move |connection| {
            advance(connection, from, &to)?;
            Ok(((), Touch::Nothing))
        })
        .await
    }

    async fn end_session(&self, account: Account, id: SessionId) -> Result<(), StoreError> {
        self.control(move |connection| {
            end(connection, account, id).map_err(failure::in_write)?;
            Ok(((), Touch::Nothing))
        })
        .await
    }

    async fn end_sessions_of(
        &self,
        account: Account,
        audit: Option<&AuditEntry>,
    ) -> Result<usize, StoreError> {
        let audit = audit.cloned();
        let write = move |connection: &Connection| {
            let ended = match account_no(connection, account)? {
                Some(user_no) => end_all(connection, user_no)?,
                None => 0,
            };
            if let Some(audit) = &audit {
                append_audit(connection, audit)?;
            }
            Ok((ended, Touch::Nothing))
        };
        self.control(move |connection| write(connection).map_err(failure::in_write)).await
    }

    async fn list_sessions(&self, account: Account) -> Result<Vec<Session>, StoreError> {
        let read = move |connection: &Connection| {
            let Some(user_no) = account_no(connection, account)? else { return Ok(Vec::new()) };
            list(connection, account, user_no)
        };
        self.readers.read(move |connection| read(connection).map_err(failure::of_read)).await
    }
}

fn insert(connection: &Connection, user_no: UserNo, session: &Session) -> rusqlite::Result<()> {
    let created_at = session.created_at.micros();
    connection
        .prepare_cached("DELETE FROM session WHERE user_no = ?1 AND expires_at <= ?2")?
        .execute(params![user_no, created_at])?;
    connection
        .prepare_cached(
            "DELETE FROM session WHERE session_id IN (SELECT session_id FROM session \
             WHERE user_no = ?1 ORDER BY rotated_at DESC, session_id DESC LIMIT -1 OFFSET ?2)",
        )?
        .execute(params![user_no, SESSIONS_PER_USER_MAX as i64 - 1])?;
    connection
        .prepare_cached(
            "INSERT INTO session (session_id, user_no, generation, created_at, rotated_at, expires_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            session.id.0.as_bytes(),
            user_no,
            session.generation.0,
            created_at,
            session.rotated_at.micros(),
            session.expires_at.micros(),
        ])?;
    Ok(())
}

fn find(
    connection: &Connection,
    account: Account,
    user_no: UserNo,
    id: SessionId,
) -> rusqlite::Result<Option<Session>> {
    connection
        .prepare_cached(
            "SELECT session_id, generation, created_at, rotated_at, expires_at FROM session \
             WHERE session_id = ?1 AND user_no = ?2",
        )?
        .query_row(params![id.0.as_bytes(), user_no], |row| read(row, account))
        .optional()
}

fn advance(connection: &Connection, from: Generation, to: &Session) -> Result<(), StoreError> {
    let found = account_no(connection, to.account).map_err(failure::in_write)?;
    let user_no = found.ok_or(StoreError::NotFound("session"))?;
    if update(connection, user_no, from, to).map_err(failure::in_write)? {
        return Ok(());
    }
    let left = find(connection, to.account, user_no, to.id).map_err(failure::in_write)?;
    Err(left.map_or(StoreError::NotFound("session"), |_| StoreError::Stale("session")))
}

/// Moves a session on if its generation is `from`; whether it was.
fn update(
    connection: &Connection,
    user_no: UserNo,
    from: Generation,
    to: &Session,
) -> rusqlite::Result<bool> {
    let updated = connection
        .prepare_cached(
            "UPDATE session SET generation = ?4, created_at = ?5, rotated_at = ?6, expires_at = ?7 \
             WHERE session_id = ?1 AND user_no = ?2 AND generation = ?3",
        )?
        .execute(params![
            to.id.0.as_bytes(),
            user_no,
            from.0,
            to.generation.0,
            to.created_at.micros(),
            to.rotated_at.micros(),
            to.expires_at.micros(),
        ])?;
    Ok(updated == 1)
}

fn end(connection: &Connection, account: Account, id: SessionId) -> rusqlite::Result<()> {
    let Some(user_no) = account_no(connection, account)? else { return Ok(()) };
    connection
        .prepare_cached("DELETE FROM session WHERE session_id = ?1 AND user_no = ?2")?
        .execute(params![id.0.as_bytes(), user_no])?;
    Ok(())
}

/// Ends all sessions of a user; how many there were.
pub(super) fn end_all(connection: &Connection, user_no: UserNo) -> rusqlite::Result<usize> {
    connection.prepare_cached("DELETE FROM session WHERE user_no = ?1")?.execute([user_no])
}

pub(super) fn list(
    connection: &Connection,
    account: Account,
    user_no: UserNo,
) -> rusqlite::Result<Vec<Session>> {
    connection
        .prepare_cached(
            "SELECT session_id, generation, created_at, rotated_at, expires_at FROM session \
             WHERE user_no = ?1 ORDER BY rotated_at DESC, session_id DESC",
        )?
        .query_map([user_no], |row| read(row, account))?
        .collect()
}

fn read(row: &SqlRow<'_>, account: Account) -> rusqlite::Result<Session> {
    let at = |column| row.get(column).map(Timestamp::from_micros);
    Ok(Session {
        id: SessionId(Uuid::from_bytes(row.get(0)?)),
        account,
        generation: Generation(row.get(1)?),
        created_at: at(2)?,
        rotated_at: at(3)?,
        expires_at: at(4)?,
    })
}
