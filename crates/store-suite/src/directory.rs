//! What every directory must do: one function per behaviour, each on a fresh and empty store.
//!
//! Expand [`directory_suite!`](crate::directory_suite) with a function that opens one.

mod changes;
mod keys;
mod sessions;
mod users;

pub use changes::*;
pub use keys::*;
pub use sessions::*;
pub use users::*;

use novacore_access::{Actor, AuditAction, AuditEntry, Email, PasswordHash, Reason, Role, User};
use novacore_store::directory::{AuditQuery, AuditRow, Credentials, Directory};
use novacore_vocab::{OrgId, TierName, Timestamp, UserId};
use uuid::Uuid;

/// One test per behaviour. `$open` is an async function that returns a directory, or something that
/// derefs to one, and keeps what it needs alive.
#[macro_export]
macro_rules! directory_suite {
    ($open:path) => {
        $crate::directory_suite!(@each $open:
            a_user_reads_back,
            an_address_names_one_user,
            an_id_names_one_user,
            of_equal_addresses_at_once_one_wins,
            the_first_admin_is_made_once,
            a_disabled_admin_is_none,
            an_unknown_user_is_made_once,
            an_unknown_user_does_not_take_an_address,
            of_unknown_users_at_once_one_is_made,
            a_change_of_user_is_audited,
            a_change_of_what_has_changed_is_stale,
            of_equal_changes_at_once_one_wins,
            a_new_password_ends_all_sessions,
            users_are_paged_and_searched,
            users_are_listed_by_tier,
            a_search_is_text_and_no_pattern,
            the_audit_log_is_paged_and_filtered,
            a_session_reads_back,
            a_session_advances_once_per_generation,
            of_equal_advances_at_once_one_wins,
            an_ended_session_is_gone,
            ending_all_sessions_spares_other_users,
            a_new_session_displaces_expired_and_oldest,
            a_key_reads_back,
            a_key_is_found_in_its_account_only,
            a_revoked_key_is_gone_and_audited,
            keys_are_bounded,
            a_use_of_a_key_never_moves_back,
            a_change_is_told_before_it_is_acknowledged,
            an_open_store_is_current,
        );
    };
    (@each $open:path: $($case:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $case() {
            let directory = $open().await;
            $crate::directory::$case(&*directory).await;
        }
    )+};
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000 + seconds)
}

/// A time with microseconds, since a store that drops them would go unnoticed with whole seconds.
fn exact(seconds: i64) -> Timestamp {
    Timestamp::from_micros(at(seconds).micros() + 123_457)
}

fn id(number: u128) -> Uuid {
    Uuid::from_u128(0x0198_0000_0000_7000_8000_0000_0000_0000 | number)
}

fn user_id(number: u128) -> UserId {
    UserId(id(number))
}

fn tier(name: &str) -> TierName {
    TierName::parse(name).expect("a tier's name")
}

fn email(text: &str) -> Email {
    Email::parse(text).expect("an address")
}

/// Personal user `number` with address `u<number>@example.com`.
fn user(number: u128) -> User {
    User {
        id: user_id(number),
        org: OrgId(id(number)),
        email: Some(email(&format!("u{number}@example.com"))),
        role: Role::Student,
        tier: tier("free_trial"),
        disabled: false,
        trial_ends_at: None,
        created_at: exact(0),
    }
}

fn with_password(user: User, hash: &str) -> Credentials {
    Credentials { user, password: Some(PasswordHash::new(hash.to_owned())) }
}

/// Stores `user` with the password hash `hash`.
async fn stored(directory: &dyn Directory, user: User) -> User {
    let new = with_password(user, "hash");
    let made = directory.create_user(&new, None).await;
    made.expect("a new user is stored");
    new.user
}

fn audit(action: AuditAction, target: &str) -> AuditEntry {
    AuditEntry {
        actor: Actor::User(user_id(0xad)),
        action,
        target: target.to_owned(),
        before: Some(r#"{"tier":"free_trial"}"#.to_owned()),
        after: None,
        reason: Reason::parse("because „ünïcode“ 'quotes'").expect("a reason"),
        at: exact(5),
    }
}

/// The whole audit log, the newest first.
async fn audited(directory: &dyn Directory) -> Vec<AuditEntry> {
    let query = AuditQuery { rows_max: 100, ..AuditQuery::default() };
    let rows = directory.list_audit(&query).await.expect("the audit log");
    rows.into_iter().map(|row: AuditRow| row.entry).collect()
}
