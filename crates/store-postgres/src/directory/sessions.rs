//! Sessions.
//!
//! Invariant: whoever inserts or ends several sessions of a user holds the lock of his row, so that
//! their number is exact and a session that is being stored is not overlooked.

use super::{
    ask, audit, lock_known_user, lock_user,
    work::{self, Failed, Work},
};
use crate::{bucket::bucket_of, column::At, failure::damaged, open::PostgresStore};
use async_trait::async_trait;
use novacore_access::{AuditEntry, Generation, SESSIONS_PER_USER_MAX, Session};
use novacore_store::{directory::Sessions, error::StoreError};
use novacore_vocab::{Account, SessionId};
use tokio_postgres::{Row, Transaction};

#[async_trait]
impl Sessions for PostgresStore {
    async fn insert_session(&self, session: &Session) -> Result<(), StoreError> {
        work::commit(&self.pool, &InsertSession { session }).await
    }

    async fn find_session(
        &self,
        account: Account,
        id: SessionId,
    ) -> Result<Option<Session>, StoreError> {
        let Account { org, user } = account;
        let row = ask::row(&self.pool, FIND, &[&bucket_of(org), &user.0, &org.0, &id.0]).await?;
        row.map(|row| read(&row, account)).transpose()
    }

    async fn advance_session(&self, from: Generation, to: &Session) -> Result<(), StoreError> {
        if advance(self, from, to).await? {
            return Ok(());
        }
        let left = self.find_session(to.account, to.id).await?;
        Err(left.map_or(StoreError::NotFound("session"), |_| StoreError::Stale("session")))
    }

    async fn end_session(&self, account: Account, id: SessionId) -> Result<(), StoreError> {
        let Account { org, user } = account;
        ask::change(&self.pool, END, &[&bucket_of(org), &user.0, &org.0, &id.0]).await?;
        Ok(())
    }

    async fn end_sessions_of(
        &self,
        account: Account,
        audit: Option<&AuditEntry>,
    ) -> Result<usize, StoreError> {
        work::commit(&self.pool, &EndSessions { account, audit }).await
    }

    async fn list_sessions(&self, account: Account) -> Result<Vec<Session>, StoreError> {
        let Account { org, user } = account;
        let rows = ask::rows(&self.pool, LIST, &[&bucket_of(org), &user.0, &org.0]).await?;
        rows.iter().map(|row| read(row, account)).collect()
    }
}

const FIND: &str = "SELECT session_id, generation, created_at, rotated_at, expires_at FROM session \
     WHERE bucket = $1 AND user_id = $2 AND org_id = $3 AND session_id = $4";
const LIST: &str = "SELECT session_id, generation, created_at, rotated_at, expires_at FROM session \
     WHERE bucket = $1 AND user_id = $2 AND org_id = $3 \
     ORDER BY rotated_at DESC, session_id DESC";
const END: &str =
    "DELETE FROM session WHERE bucket = $1 AND user_id = $2 AND org_id = $3 AND session_id = $4";

struct InsertSession<'a> {
    session: &'a Session,
}

#[async_trait]
impl Work for InsertSession<'_> {
    type Done = ();

    async fn run(&self, tx: &Transaction<'_>) -> Result<(), Failed> {
        lock_known_user(tx, self.session.account).await?;
        remove_expired(tx, self.session).await?;
        make_room(tx, self.session.account).await?;
        insert(tx, self.session).await
    }
}

struct EndSessions<'a> {
    account: Account,
    audit: Option<&'a AuditEntry>,
}

#[async_trait]
impl Work for EndSessions<'_> {
    type Done = usize;

    async fn run(&self, tx: &Transaction<'_>) -> Result<usize, Failed> {
        let ended = match lock_user(tx, self.account).await? {
            true => end_all(tx, self.account).await?,
            false => 0,
        };
        if let Some(entry) = self.audit {
            audit::append(tx, entry, None).await?;
        }
        Ok(ended)
    }
}

/// Removes the user's sessions that have expired when this one begins.
async fn remove_expired(tx: &Transaction<'_>, session: &Session) -> Result<(), Failed> {
    const REMOVE: &str = "DELETE FROM session \
         WHERE bucket = $1 AND user_id = $2 AND org_id = $3 AND expires_at <= $4";
    let Account { org, user } = session.account;
    let now = At(session.created_at);
    tx.execute(REMOVE, &[&bucket_of(org), &user.0, &org.0, &now]).await?;
    Ok(())
}

/// Removes those rotated longest ago until there is room for one more.
async fn make_room(tx: &Transaction<'_>, account: Account) -> Result<(), Failed> {
    const MAKE_ROOM: &str = "DELETE FROM session \
         WHERE bucket = $1 AND user_id = $2 AND org_id = $3 AND session_id IN \
         (SELECT session_id FROM session WHERE bucket = $1 AND user_id = $2 AND org_id = $3 \
         ORDER BY rotated_at DESC, session_id DESC OFFSET $4)";
    const SPARED: i64 = SESSIONS_PER_USER_MAX as i64 - 1;
    let Account { org, user } = account;
    tx.execute(MAKE_ROOM, &[&bucket_of(org), &user.0, &org.0, &SPARED]).await?;
    Ok(())
}

async fn insert(tx: &Transaction<'_>, session: &Session) -> Result<(), Failed> {
    const INSERT: &str = "INSERT INTO session (bucket, user_id, org_id, session_id, generation, \
         created_at, rotated_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    let Account { org, user } = session.account;
    tx.execute(
        INSERT,
        &[
            &bucket_of(org),
            &user.0,
            &org.0,
            &session.id.0,
            &i64::from(session.generation.0),
            &At(session.created_at),
            &At(session.rotated_at),
            &At(session.expires_at),
        ],
    )
    .await?;
    Ok(())
}

/// Moves a session on if its generation is `from`; whether it was. Of several at once the second
/// waits for the first, and then finds another generation.
async fn advance(
    store: &PostgresStore,
    from: Generation,
    to: &Session,
) -> Result<bool, StoreError> {
    const ADVANCE: &str = "UPDATE session SET generation = $6, created_at = $7, rotated_at = $8, \
         expires_at = $9 WHERE bucket = $1 AND user_id = $2 AND org_id = $3 AND session_id = $4 \
         AND generation = $5";
    let Account { org, user } = to.account;
    let advanced = ask::change(
        &store.pool,
        ADVANCE,
        &[
            &bucket_of(org),
            &user.0,
            &org.0,
            &to.id.0,
            &i64::from(from.0),
            &i64::from(to.generation.0),
            &At(to.created_at),
            &At(to.rotated_at),
            &At(to.expires_at),
        ],
    )
    .await?;
    Ok(advanced == 1)
}

/// Ends all sessions of a user whose row is locked; how many there were.
pub(super) async fn end_all(tx: &Transaction<'_>, account: Account) -> Result<usize, Failed> {
    const END_ALL: &str = "DELETE FROM session WHERE bucket = $1 AND user_id = $2 AND org_id = $3";
    let Account { org, user } = account;
    let ended = tx.execute(END_ALL, &[&bucket_of(org), &user.0, &org.0]).await?;
    Ok(usize::try_from(ended).expect("a user has few sessions"))
}

fn read(row: &Row, account: Account) -> Result<Session, StoreError> {
    let generation = u32::try_from(row.get::<_, i64>(1));
    let at = |column: usize| row.get::<_, At>(column).0;
    Ok(Session {
        id: SessionId(row.get(0)),
        account,
        generation: Generation(generation.map_err(|error| damaged("session", error))?),
        created_at: at(2),
        rotated_at: at(3),
        expires_at: at(4),
    })
}
