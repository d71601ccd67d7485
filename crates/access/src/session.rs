//! Sessions and the rotation of their refresh tokens.
//!
//! A session stores one number, its generation. Generation n's token is a keyed hash of (session,
//! user, n) under a secret of the server's own (`app::auth`), so tokens need not be stored, not
//! even hashed, and the successor of a token is a function of it: whoever presents the same token
//! twice is told the same successor.
//!
//! Invariant: a generation is passed once; of several refreshes with one token, one moves the
//! session on and the others see it moved.
//! Invariant: a token that is neither the current one nor its direct predecessor within the grace
//! ends the session, since somebody has kept a copy.
//! Not here: how a token looks.

use novacore_vocab::{Account, SessionId, Timestamp};

/// How long the direct predecessor is still accepted, in seconds: for the lost answer and for tabs
/// that refresh at once.
///
/// Within it the predecessor may come any number of times. To count would stop no thief, who gets
/// the same successor at his first try, and would sign out whoever opens a third tab.
pub const REFRESH_GRACE_S: i64 = 30;
/// A session not refreshed for this many days has ended.
pub const SESSION_IDLE_DAYS: i64 = 30;
/// A session ends this many days after sign-in, however often it is refreshed.
pub const SESSION_LIFE_DAYS_MAX: i64 = 180;
/// Most sessions of one user; signing in once more ends the one that was refreshed longest ago.
pub const SESSIONS_PER_USER_MAX: usize = 64;

const _: () = assert!(SESSION_IDLE_DAYS <= SESSION_LIFE_DAYS_MAX);

/// Counts the rotations of a session, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Generation(pub u32);

/// One sign-in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Which session.
    pub id: SessionId,
    /// Whose.
    pub account: Account,
    /// The generation of the token that is current.
    pub generation: Generation,
    /// When the user signed in.
    pub created_at: Timestamp,
    /// When the current token was issued.
    pub rotated_at: Timestamp,
    /// From when on the session has ended for want of use, or of old age.
    pub expires_at: Timestamp,
}

/// What to do with a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refresh {
    /// Store this successor if the stored generation is still the one that was judged, and issue
    /// its token.
    Rotate(Session),
    /// Issue the current token again; nothing is written.
    Repeat,
    /// Refuse, and end the session.
    End,
}

impl Session {
    /// The session of a user who has just signed in.
    pub fn start(id: SessionId, account: Account, now: Timestamp) -> Session {
        Session {
            id,
            account,
            generation: Generation(0),
            created_at: now,
            rotated_at: now,
            expires_at: now.plus_days(SESSION_IDLE_DAYS),
        }
    }

    /// Judges a genuine token of generation `presented`.
    pub fn refresh(&self, presented: Generation, now: Timestamp) -> Refresh {
        if now >= self.expires_at {
            return Refresh::End;
        }
        if presented == self.generation {
            return self.successor(now).map_or(Refresh::End, Refresh::Rotate);
        }
        let is_predecessor = presented.0.checked_add(1) == Some(self.generation.0);
        if is_predecessor && now <= self.rotated_at.plus_seconds(REFRESH_GRACE_S) {
            return Refresh::Repeat;
        }
        Refresh::End
    }

    fn successor(&self, now: Timestamp) -> Option<Session> {
        let idle_end = now.plus_days(SESSION_IDLE_DAYS);
        let life_end = self.created_at.plus_days(SESSION_LIFE_DAYS_MAX);
        Some(Session {
            generation: Generation(self.generation.0.checked_add(1)?),
            rotated_at: now,
            expires_at: idle_end.min(life_end),
            ..*self
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use novacore_vocab::UserId;

    const DAY_S: i64 = 86_400;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    fn session(generation: u32, rotated_s: i64) -> Session {
        let user: UserId = "00000000-0000-4000-8000-000000000001".parse().unwrap();
        let id = "00000000-0000-4000-8000-00000000000a".parse().unwrap();
        Session {
            generation: Generation(generation),
            rotated_at: at(rotated_s),
            expires_at: at(rotated_s).plus_days(SESSION_IDLE_DAYS),
            ..Session::start(id, Account::personal(user), at(0))
        }
    }

    fn verdict(refresh: Refresh) -> &'static str {
        match refresh {
            Refresh::Rotate(_) => "rotate",
            Refresh::Repeat => "repeat",
            Refresh::End => "end",
        }
    }

    #[test]
    fn the_predecessor_has_thirty_seconds_and_older_tokens_end_the_session() {
        // The session is at generation 5 since second 100.
        for (presented, second, expected) in [
            (5, 100, "rotate"),
            (5, 100 + 29 * DAY_S, "rotate"),
            (5, 100 + 30 * DAY_S, "end"),
            (4, 100, "repeat"),
            (4, 130, "repeat"),
            (4, 131, "end"),
            // A clock that has stepped back does not end sessions.
            (4, 90, "repeat"),
            (3, 100, "end"),
            (0, 100, "end"),
            // A future generation: the store has lost what it had promised; sign in again.
            (6, 100, "end"),
            (u32::MAX, 100, "end"),
        ] {
            let judged = session(5, 100).refresh(Generation(presented), at(second));
            assert_eq!(verdict(judged), expected, "{presented} at {second}");
        }
        let spent = session(u32::MAX, 100).refresh(Generation(u32::MAX), at(101));
        assert_eq!(verdict(spent), "end");
    }

    #[test]
    fn a_rotation_moves_one_generation_and_lives_no_longer_than_the_session_may() {
        let Refresh::Rotate(next) = session(5, 100).refresh(Generation(5), at(200)) else {
            panic!("must rotate");
        };
        assert_eq!(next.generation, Generation(6));
        assert_eq!(next.rotated_at, at(200));
        assert_eq!(next.expires_at, at(200 + 30 * DAY_S));
        assert_eq!(next.created_at, at(0));

        let late = 170 * DAY_S;
        let Refresh::Rotate(last) = session(5, late).refresh(Generation(5), at(late)) else {
            panic!("must rotate");
        };
        assert_eq!(last.expires_at, at(180 * DAY_S));
    }
}
