//! The caller's usage as it happens, by server-sent events.

use crate::{router::ApiState, view};
use axum::{
    extract::State,
    http::HeaderMap,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures::stream::{self as streams, StreamExt};
use novacore_app::stream;
use novacore_edge::{Failure, caller::Caller};
use novacore_vocab::{UserId, Version};
use novacore_wire::refusals::AccountEvent;
use std::{convert::Infallible, pin::Pin, time::Duration};
use tokio::sync::watch;

const HEARTBEAT: Duration = Duration::from_secs(15);

pub(crate) async fn open(
    State(state): State<ApiState>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let permit = caller.reads(&state.cx).await?;
    let user = permit.account().user;
    let opened = stream::open(&state.cx, permit, last_event_id(&headers)?).await?;
    state.cx.metrics.stream_opened();
    let counted = Counted(state.clone());
    let events = streams::unfold((opened, counted), |(mut opened, counted)| async move {
        opened.next().await.map(|event| (event, (opened, counted)))
    });
    let events = events.map(move |event| Ok::<_, Infallible>(told(user, event)));
    let ends = deadline(&state, &caller);
    // The head of an answer leaves with the first of its body: without this a client would learn
    // with the first heartbeat that it is heard.
    let opening = streams::once(async { Ok(Event::default().comment("open")) });
    let events = opening.chain(events.take_until(ends));
    let heartbeat = KeepAlive::new().interval(HEARTBEAT).text("heartbeat");
    Ok(Sse::new(events).keep_alive(heartbeat).into_response())
}

/// An event as it is sent. Only an entry has an id: what else happens cannot be asked for again.
fn told(user: UserId, event: stream::Event) -> Event {
    let sent = match event {
        stream::Event::Entry(entry) => {
            let name = if entry.crossing.is_some() { "threshold" } else { "usage" };
            let event = Event::default().id(entry.version.to_string()).event(name);
            event.json_data(view::entry(user, &entry))
        }
        stream::Event::Refused(refused) => {
            Event::default().event("refusal").json_data(view::refusals::refusal(&refused))
        }
        stream::Event::Limits(tier) => {
            Event::default().event("account").json_data(AccountEvent { tier })
        }
    };
    // All of them serialise; should one not, the stream goes on without it.
    sent.unwrap_or_default()
}

/// The version after which a stream goes on.
fn last_event_id(headers: &HeaderMap) -> Result<Option<Version>, Failure> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let version = value.to_str().ok().and_then(|text| text.parse().ok()).map(Version);
    version.map(Some).ok_or_else(|| Failure::invalid("Last-Event-ID", "not an event's id"))
}

/// Resolves when the caller's token expires; never for a key that does not.
async fn deadline_in(seconds: Option<i64>) {
    match seconds {
        Some(seconds) => {
            let seconds = u64::try_from(seconds).unwrap_or(0);
            tokio::time::sleep(Duration::from_secs(seconds)).await;
        }
        None => std::future::pending().await,
    }
}

/// Resolves when the caller's token expires or the server stops.
fn deadline(state: &ApiState, caller: &Caller) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    let now = state.cx.clock.now();
    let expiry = deadline_in(caller.expires_at.map(|end| now.seconds_until_ceil(end)));
    let stop = state.options.stop.clone();
    Box::pin(async move {
        tokio::select! {
            () = expiry => {}
            () = stopped(stop) => {}
        }
    })
}

async fn stopped(stop: Option<watch::Receiver<()>>) {
    match stop {
        // Nothing is ever sent: what changes is that the sender goes.
        Some(mut stop) => while stop.changed().await.is_ok() {},
        None => std::future::pending().await,
    }
}

/// Counts a stream while it is open.
struct Counted(ApiState);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.cx.metrics.stream_ended();
    }
}
