//! Storing many memories at once: all or none, or each for itself.

use super::{ask, refused, writer};
use crate::{
    body::{Json, Key},
    router::ApiState,
    routes::answer,
    view::memory::memory,
};
use axum::{extract::State, http::StatusCode, response::Response};
use novacore_app::memories::{self, Changed, NewMemory};
use novacore_edge::{Failure, caller::Caller};
use novacore_vocab::UserId;
use novacore_wire::{
    body,
    memories::{
        BULK_MEMORIES_MAX, BulkAnswer, BulkEach, BulkMemory, BulkMode, BulkRequest, BulkResult,
        BulkStored,
    },
    problem::Extension,
};
use serde_json::value::RawValue;

pub(crate) async fn store_many(
    State(state): State<ApiState>,
    caller: Caller,
    Key(key): Key,
    Json(ask): Json<BulkRequest>,
) -> Result<Response, Failure> {
    let permit = writer(&state, &caller).await?;
    let user = permit.account().user;
    if !(1..=BULK_MEMORIES_MAX).contains(&ask.memories.len()) {
        let why = format!("must have 1 to {BULK_MEMORIES_MAX} elements");
        return Err(Failure::invalid("memories", why));
    }
    let read = ask.memories.iter().map(|text| new_memory(text));
    match ask.mode {
        BulkMode::All => {
            let numbered = read.enumerate();
            let new = numbered.map(|(index, one)| one.map_err(|failure| placed(failure, index)));
            let new: Vec<NewMemory> = new.collect::<Result<_, _>>()?;
            let done = memories::store_all(&state.cx, permit, new, key).await.map_err(refused)?;
            Ok(all_stored(user, &done))
        }
        BulkMode::Each => {
            let mut new = Vec::with_capacity(ask.memories.len());
            let placed = read.enumerate().map(|(place, one)| one.map(|one| new.push((place, one))));
            let sound: Vec<_> = placed.collect();
            let mut done = memories::store_each(&state.cx, permit, new, key).await.into_iter();
            let results = sound.into_iter().map(|sound| {
                sound.and_then(|()| done.next().expect("one per memory").map_err(refused))
            });
            each_stored(user, results.collect())
        }
    }
}

fn new_memory(text: &RawValue) -> Result<NewMemory, Failure> {
    let one: BulkMemory = body::read(text.get().as_bytes())?;
    ask::new_memory(one.into())
}

/// A failure that says in which memory of the bulk it is.
fn placed(failure: Failure, index: usize) -> Failure {
    let Extension::Field(field) = &failure.0.extension else { return failure };
    let detail = &failure.0.detail;
    let why = detail.strip_prefix(&format!("{field}: ")).unwrap_or(detail);
    let path = match field.as_str() {
        "body" => format!("memories[{index}]"),
        field => format!("memories[{index}].{field}"),
    };
    Failure::invalid(&path, why)
}

fn all_stored(user: UserId, done: &[Changed]) -> Response {
    let replayed = done.iter().all(|one| one.replayed);
    let memories = done.iter().map(|one| memory(user, &one.memory)).collect();
    answer(StatusCode::CREATED, &BulkAnswer::All(BulkStored { memories }), replayed)
}

/// 201 if all were stored or had been, else 207.
///
/// If the store could take none of them, the whole call is to be repeated, not read one by one.
fn each_stored(user: UserId, results: Vec<Result<Changed, Failure>>) -> Result<Response, Failure> {
    let down = |result: &Result<Changed, Failure>| {
        result.as_ref().is_err_and(|failure| failure.0.kind.status() == 503)
    };
    if results.iter().all(down) {
        return Err(results.into_iter().find_map(Result::err).expect("each failed"));
    }
    let mut report = BulkEach { stored: 0, replayed: 0, rejected: 0, results: Vec::new() };
    for result in results {
        let (status, memory, problem) = match result {
            Ok(one) if one.replayed => ("replayed", Some(memory(user, &one.memory)), None),
            Ok(one) => ("stored", Some(memory(user, &one.memory)), None),
            Err(failure) => ("rejected", None, Some(failure.0)),
        };
        match status {
            "stored" => report.stored += 1,
            "replayed" => report.replayed += 1,
            _ => report.rejected += 1,
        }
        report.results.push(BulkResult { status, memory, problem });
    }
    let status = if report.rejected == 0 { StatusCode::CREATED } else { StatusCode::MULTI_STATUS };
    let replayed = report.replayed == report.results.len();
    Ok(answer(status, &BulkAnswer::Each(report), replayed))
}
