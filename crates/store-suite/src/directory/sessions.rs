//! Sessions.

use super::*;
use novacore_access::{AuditAction, Generation, SESSIONS_PER_USER_MAX, Session};
use novacore_store::error::StoreError;
use novacore_vocab::{Account, SessionId};

fn session_id(number: u128) -> SessionId {
    SessionId(id(number))
}

fn session(number: u128, account: Account) -> Session {
    Session::start(session_id(number), account, exact(0))
}

fn next(session: &Session, seconds: i64) -> Session {
    Session {
        generation: Generation(session.generation.0 + 1),
        rotated_at: exact(seconds),
        expires_at: exact(seconds + 1_000),
        ..*session
    }
}

/// The sessions of `account`, by number, the last rotated first.
async fn listed(directory: &dyn Directory, account: Account) -> Vec<Session> {
    let sessions = directory.list_sessions(account).await;
    sessions.expect("a user's sessions")
}

/// A session is stored and read whole, by its account and id only.
pub async fn a_session_reads_back(directory: &dyn Directory) {
    let account = stored(directory, user(1)).await.account();
    let other = stored(directory, user(2)).await.account();
    let stored = session(1, account);
    assert_eq!(directory.insert_session(&stored).await, Ok(()));
    let found = directory.find_session(account, session_id(1)).await;
    assert_eq!(found, Ok(Some(stored)));
    assert_eq!(directory.find_session(other, session_id(1)).await, Ok(None));
    assert_eq!(directory.find_session(account, session_id(2)).await, Ok(None));
}

/// A generation is passed once; the second who saw it is told that it has passed.
pub async fn a_session_advances_once_per_generation(directory: &dyn Directory) {
    let account = stored(directory, user(1)).await.account();
    let first = session(1, account);
    directory.insert_session(&first).await.expect("stored");
    let second = next(&first, 10);
    let third = next(&second, 20);
    assert_eq!(directory.advance_session(Generation(0), &second).await, Ok(()));
    let stale = directory.advance_session(Generation(0), &second).await;
    assert!(matches!(stale, Err(StoreError::Stale(_))), "{stale:?}");
    assert_eq!(listed(directory, account).await, [second]);
    assert_eq!(directory.advance_session(Generation(1), &third).await, Ok(()));
    assert_eq!(listed(directory, account).await, [third]);

    let unknown = next(&session(2, account), 30);
    let missing = directory.advance_session(Generation(0), &unknown).await;
    assert!(matches!(missing, Err(StoreError::NotFound(_))), "{missing:?}");
}

/// Two who refresh at once: one moves the session on.
pub async fn of_equal_advances_at_once_one_wins(directory: &dyn Directory) {
    let account = stored(directory, user(1)).await.account();
    let first = session(1, account);
    directory.insert_session(&first).await.expect("stored");
    let (ten, eleven) = (next(&first, 10), next(&first, 11));
    let (a, b) = tokio::join!(
        directory.advance_session(Generation(0), &ten),
        directory.advance_session(Generation(0), &eleven)
    );
    assert_eq!([a, b].iter().filter(|moved| moved.is_ok()).count(), 1);
    let kept = listed(directory, account).await;
    assert_eq!(kept[0].generation, Generation(1));
}

/// A session that has ended is forgotten and cannot advance; to end it again is no error.
pub async fn an_ended_session_is_gone(directory: &dyn Directory) {
    let account = stored(directory, user(1)).await.account();
    let other = stored(directory, user(2)).await.account();
    let first = session(1, account);
    directory.insert_session(&first).await.expect("stored");
    assert_eq!(directory.end_session(other, session_id(1)).await, Ok(()));
    assert_eq!(listed(directory, account).await, [first]);
    for _ in 0..2 {
        assert_eq!(directory.end_session(account, session_id(1)).await, Ok(()));
    }
    assert_eq!(listed(directory, account).await, []);
    let gone = directory.advance_session(Generation(0), &next(&first, 1)).await;
    assert!(matches!(gone, Err(StoreError::NotFound(_))), "{gone:?}");
}

/// All sessions of one user end, those of others do not; an operator's doing is audited.
pub async fn ending_all_sessions_spares_other_users(directory: &dyn Directory) {
    let account = stored(directory, user(1)).await.account();
    let other = stored(directory, user(2)).await.account();
    for (number, account) in [(1, account), (2, account), (3, other)] {
        let session = session(number, account);
        directory.insert_session(&session).await.expect("stored");
    }
    let entry = audit(AuditAction::EndSessions, "user:1");
    assert_eq!(directory.end_sessions_of(account, Some(&entry)).await, Ok(2));
    assert_eq!(directory.end_sessions_of(account, None).await, Ok(0));
    assert_eq!(listed(directory, account).await, []);
    assert_eq!(listed(directory, other).await, [session(3, other)]);
    assert_eq!(audited(directory).await, [entry]);
}

/// A new session removes the user's expired ones, and then the one rotated longest ago if there are
/// too many.
pub async fn a_new_session_displaces_expired_and_oldest(directory: &dyn Directory) {
    let account = stored(directory, user(1)).await.account();
    let started = |number: usize, expires_s: i64| {
        let seconds = i64::try_from(number).expect("few");
        Session {
            created_at: exact(seconds),
            rotated_at: exact(seconds),
            expires_at: exact(expires_s),
            ..session(number as u128, account)
        }
    };
    // The first has expired when the last of these comes; it alone makes room.
    for number in 0..=SESSIONS_PER_USER_MAX {
        let last = i64::try_from(SESSIONS_PER_USER_MAX).expect("few");
        let expires_s = if number == 1 { last } else { last + 1_000 };
        let session = started(number, expires_s);
        directory.insert_session(&session).await.expect("stored");
    }
    let kept = listed(directory, account).await;
    assert_eq!(kept.len(), SESSIONS_PER_USER_MAX);
    assert!(kept.iter().all(|one| one.id != session_id(1)));
    assert!(kept.is_sorted_by_key(|one| std::cmp::Reverse(one.rotated_at)));

    // None has expired now: of those that are left, number 0 was rotated longest ago until it is
    // refreshed.
    let refreshed = next(&started(0, 0), 5_000);
    let advanced = directory.advance_session(Generation(0), &refreshed).await;
    assert_eq!(advanced, Ok(()));
    let one_more = started(SESSIONS_PER_USER_MAX + 1, 9_000);
    directory.insert_session(&one_more).await.expect("stored");
    let kept = listed(directory, account).await;
    assert_eq!(kept.len(), SESSIONS_PER_USER_MAX);
    assert!(kept.iter().all(|one| one.id != session_id(2)));
    assert_eq!(kept[0], refreshed);
}
