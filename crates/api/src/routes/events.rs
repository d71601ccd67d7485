//! CloudEvents in, and the ledger out.

use crate::{
    body::{Query, bounded, media_type, read_bytes},
    router::ApiState,
    view,
};
use axum::{
    Json as Reply,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use novacore_app::{
    entries::{self, EntriesAsk, PAGE_ROWS_MAX},
    events::{self, Event},
    record,
    submit::Done,
};
use novacore_edge::{Failure, caller::Caller};
use novacore_ledger::{EntryKind, Expect, Record};
use novacore_vocab::{Source, Timestamp, UserId, Version};
use novacore_wire::{
    body,
    entries::{EntriesQuery, EntryPage, PAGE_ROWS_DEFAULT},
    events::{EVENT_BATCH_TYPE, EVENT_TYPE, EVENTS_MAX, EventResult, EventsReport, UsageEvent},
    problem::ProblemKind,
};
use serde_json::value::RawValue;

pub(crate) async fn send(
    State(state): State<ApiState>,
    caller: Caller,
    request: Request,
) -> Result<Response, Failure> {
    let media = media_type(request.headers());
    let bytes = read_bytes(request, &state).await?;
    let raw: Vec<&RawValue> = match media.as_deref() {
        Some(EVENT_TYPE) => vec![one(&bytes)?],
        Some(EVENT_BATCH_TYPE) => many(&bytes)?,
        _ => {
            let detail = format!("this call reads {EVENT_TYPE} and {EVENT_BATCH_TYPE}");
            return Err(Failure::new(ProblemKind::UnsupportedMediaType, detail));
        }
    };
    let mut understood = Vec::with_capacity(raw.len());
    let mut places = Vec::with_capacity(raw.len());
    for text in raw {
        let read = read(&state, &caller, text).await;
        places.push(read.map(|event| understood.push(event)));
    }
    let mut done = events::record_all(&state.cx, understood).await.into_iter();
    let results = places.into_iter().map(|place| {
        let next = |()| done.next().expect("one per event").map_err(Failure::from);
        place.and_then(next)
    });
    report(results.collect())
}

fn malformed(error: &serde_json::Error) -> Failure {
    Failure::new(ProblemKind::MalformedBody, format!("the body is not JSON: {error}"))
}

fn one(bytes: &[u8]) -> Result<&RawValue, Failure> {
    serde_json::from_slice(bytes).map_err(|error| malformed(&error))
}

fn many(bytes: &[u8]) -> Result<Vec<&RawValue>, Failure> {
    let whole: &RawValue = one(bytes)?;
    let events: Vec<&RawValue> = serde_json::from_str(whole.get())
        .map_err(|_| Failure::invalid("body", "must be an array of events"))?;
    if events.len() > EVENTS_MAX {
        return Err(Failure::invalid("body", format!("at most {EVENTS_MAX} events")));
    }
    Ok(events)
}

/// One event with the right to state it.
async fn read(state: &ApiState, caller: &Caller, text: &RawValue) -> Result<Event, Failure> {
    let event: UsageEvent = body::read(text.get().as_bytes())?;
    if event.specversion != "1.0" {
        return Err(Failure::invalid("specversion", "must be 1.0"));
    }
    let key = events::key(&event.source, &event.id)?;
    let named = match &event.subject {
        Some(subject) => {
            let user: Result<UserId, _> = subject.parse();
            Some(user.map_err(|_| Failure::invalid("subject", "must be a UUID"))?)
        }
        None => None,
    };
    let subject = caller.subject(&state.cx, named).await?;
    let permit = caller.principal.send_events(&subject)?;
    let user = subject.account().user;
    let corrects = event.data.corrects.map(|id| record::corrected(user, id)).transpose()?;
    let record = Record {
        resource: event.data.resource_type,
        amount: event.data.amount.0,
        source: Source::Api,
        expect: Expect::Fact,
        corrects,
        occurred_at: event.time,
        metadata: event.data.metadata.map(|metadata| metadata.text()),
    };
    Ok(Event { permit, record, key })
}

/// 200 if all were accepted or replayed, else 207.
///
/// If the store could take none of them, the whole call is to be repeated, not read event by event.
fn report(results: Vec<Result<Done, Failure>>) -> Result<Response, Failure> {
    let down = |result: &Result<Done, Failure>| {
        result.as_ref().is_err_and(|failure| failure.0.kind.status() == 503)
    };
    if !results.is_empty() && results.iter().all(down) {
        return Err(results.into_iter().find_map(Result::err).expect("each failed"));
    }
    let mut report = EventsReport { accepted: 0, replayed: 0, rejected: 0, results: Vec::new() };
    for result in results {
        report.results.push(match result {
            Ok(done) => {
                let entry_id = Some(done.entry());
                let status = if done.replayed { "replayed" } else { "accepted" };
                *(if done.replayed { &mut report.replayed } else { &mut report.accepted }) += 1;
                EventResult { status, entry_id, problem: None }
            }
            Err(failure) => {
                report.rejected += 1;
                EventResult { status: "rejected", entry_id: None, problem: Some(failure.0) }
            }
        });
    }
    let status = if report.rejected == 0 { StatusCode::OK } else { StatusCode::MULTI_STATUS };
    Ok((status, Reply(report)).into_response())
}

pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    Query(query): Query<EntriesQuery>,
) -> Result<Response, Failure> {
    let permit = caller.reads(&state.cx).await?;
    let user = permit.account().user;
    let ask = entries_ask(&query)?;
    let rows_max = ask.rows_max;
    let page = entries::list(&state.cx, permit, ask).await?;
    let more = page.len() == rows_max;
    let last = page.last().filter(|_| more).map(|entry| entry.version.to_string());
    let entries = page.iter().map(|entry| view::entry(user, entry)).collect();
    Ok(Reply(EntryPage { entries, next_cursor: last }).into_response())
}

fn entries_ask(asked: &EntriesQuery) -> Result<EntriesAsk, Failure> {
    let (default, most) = (PAGE_ROWS_DEFAULT as i64, PAGE_ROWS_MAX as i64);
    let rows_max = bounded("limit", asked.limit.as_deref(), default, most)? as usize;
    let mut query = EntriesAsk { rows_max, ..EntriesAsk::default() };
    query.resource = asked.resource_type.as_deref().map(view::resource).transpose()?;
    for word in asked.kind.iter().flat_map(|kinds| kinds.split(',')) {
        let kind = EntryKind::ALL.into_iter().find(|kind| kind.as_str() == word);
        query.kinds.push(kind.ok_or_else(|| Failure::invalid("kind", "unknown kind"))?);
    }
    query.from = time("from", asked.from.as_deref())?;
    query.until = time("until", asked.until.as_deref())?;
    query.before = match &asked.cursor {
        None => None,
        Some(text) => {
            let version = text.parse().map_err(|_| Failure::invalid("cursor", "not a cursor"))?;
            Some(Version(version))
        }
    };
    Ok(query)
}

fn time(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, Failure> {
    let Some(text) = text else { return Ok(None) };
    text.parse().map(Some).map_err(|error| Failure::invalid(field, error))
}
