//! Who listens on this node, each to the account of one user.
//!
//! Invariant: an account that somebody listens to has one channel, with the last version that it
//! was told of; one that nobody listens to has none for long.
//! Not here: whether something was missed is found out by `missed`.

use super::place::Place;
use novacore_store::ledger::{ENTRY_PAGE_ROWS_MAX, Posted};
use novacore_vocab::{UserId, Version};
use parking_lot::Mutex;
use std::collections::HashMap;
use tokio::sync::broadcast;

/// How many posts a receiver may lag before it has to read the gap.
const POSTS_MAX: usize = 256;

/// The listeners of a node.
#[derive(Debug, Default)]
pub(crate) struct Audience {
    channels: Mutex<HashMap<UserId, Channel>>,
}

#[derive(Debug)]
struct Channel {
    posts: broadcast::Sender<Posted>,
    /// The newest version that was posted; 0 if none was yet.
    told: Version,
    /// The newest version when it was last looked for.
    seen: Version,
}

impl Channel {
    fn new() -> Channel {
        let (told, seen) = (Version(0), Version(0));
        Channel { posts: broadcast::channel(POSTS_MAX).0, told, seen }
    }
}

impl Audience {
    pub(crate) fn subscribe(&self, user: UserId) -> broadcast::Receiver<Posted> {
        self.channels.lock().entry(user).or_insert_with(Channel::new).posts.subscribe()
    }

    pub(crate) fn has(&self, user: UserId) -> bool {
        self.channels.lock().get(&user).is_some_and(|channel| channel.posts.receiver_count() > 0)
    }

    /// Tells those who listen to the account.
    pub(crate) fn post(&self, posted: Posted) {
        let mut channels = self.channels.lock();
        let Some(channel) = channels.get_mut(&posted.account.user) else { return };
        let last = posted.entries.last().map_or(Version(0), |entry| entry.version);
        channel.told = channel.told.max(last);
        // The last receiver may have left just now.
        let _ = channel.posts.send(posted);
    }

    /// Ends every subscription there is: something may have been missed, and whoever subscribes
    /// again reads what.
    pub(crate) fn end(&self) {
        self.channels.lock().clear();
    }

    /// Whom somebody listens to; the channels of others are closed.
    pub(crate) fn users(&self) -> Vec<UserId> {
        let mut channels = self.channels.lock();
        channels.retain(|_, channel| channel.posts.receiver_count() > 0);
        channels.keys().copied().collect()
    }

    /// Takes note of an account's version, and returns the first version from which on it is to be
    /// told, if what was there at the last look has not been told since.
    pub(crate) fn note(&self, place: Place, version: Version) -> Option<Version> {
        let mut channels = self.channels.lock();
        let channel = channels.get_mut(&place.user)?;
        let is_late = channel.told < channel.seen;
        channel.seen = version;
        if !is_late {
            return None;
        }
        // A page is enough, and the newest where it is not known since when somebody listens: who
        // sees a gap reads it for himself.
        let page = ENTRY_PAGE_ROWS_MAX as u64 - 1;
        let least = if channel.told == Version(0) { version.0 } else { channel.told.0 + 1 };
        Some(Version(least.max(version.0.saturating_sub(page))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use novacore_vocab::OrgId;
    use uuid::Uuid;

    fn place(number: u128) -> Place {
        let id = Uuid::from_u128(number);
        Place { bucket: 1, user: UserId(id), org: OrgId(id) }
    }

    fn tell(audience: &Audience, version: u64) {
        let mut channels = audience.channels.lock();
        channels.get_mut(&place(1).user).expect("a channel").told = Version(version);
    }

    #[test]
    fn what_was_there_a_look_ago_and_is_not_told_is_late() {
        let audience = Audience::default();
        assert_eq!(audience.note(place(1), Version(5)), None, "nobody listens");
        let _heard = audience.subscribe(place(1).user);
        // Whether the listener came before or after the fifth entry is not known.
        for (version, late) in [(5, None), (5, Some(5)), (9, Some(9))] {
            assert_eq!(audience.note(place(1), Version(version)), late.map(Version));
        }
        tell(&audience, 9);
        let page = ENTRY_PAGE_ROWS_MAX as u64;
        let far = 13 + 2 * page;
        for (version, late) in [(9, None), (12, None), (13, Some(10)), (far, Some(far + 1 - page))]
        {
            assert_eq!(audience.note(place(1), Version(version)), late.map(Version), "{version}");
        }
    }

    #[test]
    fn whoever_has_left_is_not_looked_after() {
        let audience = Audience::default();
        let heard = audience.subscribe(place(1).user);
        let also = audience.subscribe(place(2).user);
        drop(heard);
        assert_eq!(audience.users(), [place(2).user]);
        assert!(!audience.has(place(1).user) && audience.has(place(2).user));
        drop(also);
        assert!(audience.users().is_empty() && audience.channels.lock().is_empty());
    }
}
