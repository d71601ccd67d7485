//! A connection that is lost in the midst leaves all or nothing.

use super::{Story, detach, detach_by};
use novacore_postgres_fixture::{Moment, Proxy, Rule, Server};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// What a detachment sends, one after the other.
const MESSAGES: [&str; 8] = [
    "pg_try_advisory_xact_lock",
    "ORDER BY l.bucket, l.user_id, l.version",
    "INSERT INTO opening ",
    "DELETE FROM ended_hold",
    "LOCK TABLE account",
    "DETACH PARTITION",
    "INSERT INTO detached_month",
    "COMMIT",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wherever_the_connection_is_lost_a_month_goes_whole_or_not_at_all() {
    let story = Story::tell().await;
    // The month before, which is empty, goes first and in peace.
    detach(&story.fixture, "2026-11").await.expect("it goes");
    let (entries, _) = story.verified().await;
    let proxy = Proxy::start(Server::shared().address()).expect("a proxy");
    let url = proxy.url_of(story.fixture.url());
    let mut cuts = 0;
    for message in MESSAGES {
        for moment in [Moment::BeforeServer, Moment::BeforeAnswer] {
            proxy.arm(Rule::AtMessage { text: message.into(), moment });
            let lost = detach_by(&story.fixture, &url, "2026-12").await;
            cuts += 1;
            assert!(lost.is_err() && proxy.wait_for_cuts(cuts, PATIENCE), "{message} {moment:?}");
            let is_whole = message == "COMMIT" && moment == Moment::BeforeAnswer;
            // The server hears of the end only when it looks.
            let gone = story.psql("SELECT count(*) FROM detached_month WHERE month = 202611");
            assert_eq!(gone == "1", is_whole, "{message} {moment:?}");
            let (kept, detached) = story.verified().await;
            assert_eq!(kept + detached, entries, "{message} {moment:?}");
            assert_eq!(detached > 0, is_whole, "{message} {moment:?}");
        }
    }
    assert_eq!(detach(&story.fixture, "2026-12").await, Ok(vec![]));
}
