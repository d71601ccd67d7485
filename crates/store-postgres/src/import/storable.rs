//! What another store can hold and PostgreSQL cannot: text with a NUL, metadata that is no JSON.
//!
//! Texts whose types allow no control character, or no NUL, are not looked at: names, keys,
//! addresses, reasons of the audit log, all that memories say. Instants are within the years 1 to
//! 9999 and numbers within an `i64`, whichever store they come from.
//!
//! Invariant: a page is looked at before any of it is written, and what is wrong is named.

use super::ImportError;
use novacore_store::{
    directory::AuditRow,
    moving::{MovedEntry, Page, Person},
};
use serde::de::IgnoredAny;

pub(super) fn check(page: &Page) -> Result<(), ImportError> {
    match page {
        // Names and numbers.
        Page::Policy(_) => Ok(()),
        Page::People(people) => people.iter().try_for_each(check_person),
        Page::Audit(rows) => rows.iter().try_for_each(check_audit),
        Page::Entries(rows) => rows.iter().try_for_each(check_entry),
        // Neither store takes in what the other could not hold: who reads such a row is told.
        Page::Memories(_) => Ok(()),
    }
}

fn check_person(person: &Person) -> Result<(), ImportError> {
    let user = person.credentials.user.id;
    if let Some(password) = &person.credentials.password {
        check_text("the password hash", password.expose(), || format!("user {user}"))?;
    }
    for value in &person.overrides {
        let of = || format!("the override of {} of user {user}", value.resource);
        check_text("the reason", &value.reason, of)?;
        check_text("the author", &value.author, of)?;
    }
    for stored in &person.keys {
        check_text("the prefix", &stored.key.prefix, || format!("API key {}", stored.key.id))?;
    }
    Ok(())
}

fn check_audit(row: &AuditRow) -> Result<(), ImportError> {
    let of = || format!("audit entry {}", row.seq.0);
    check_text("the target", &row.entry.target, of)?;
    check_text("the state before", row.entry.before.as_deref().unwrap_or_default(), of)?;
    check_text("the state after", row.entry.after.as_deref().unwrap_or_default(), of)
}

fn check_entry(moved: &MovedEntry) -> Result<(), ImportError> {
    let Some(text) = &moved.entry.metadata else { return Ok(()) };
    if serde_json::from_str::<IgnoredAny>(text).is_ok() {
        return Ok(());
    }
    Err(ImportError::Unstorable {
        field: "the metadata",
        of: format!("entry {} of user {}", moved.entry.version, moved.account.user),
        why: "is not JSON",
    })
}

fn check_text(field: &'static str, text: &str, of: impl Fn() -> String) -> Result<(), ImportError> {
    if !text.contains('\0') {
        return Ok(());
    }
    Err(ImportError::Unstorable { field, of: of(), why: "contains a NUL" })
}
