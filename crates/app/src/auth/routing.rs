//! The account inside a token, so that a store finds its part without an index over all users.
//!
//! Written as the user's 32 hex digits, preceded by the organisation's where it is another. One
//! spelling each.

use novacore_vocab::{Account, OrgId, UserId};
use uuid::Uuid;

const UUID_CHARS: usize = 32;

/// The account as text.
pub(super) fn write_account(account: Account) -> String {
    let user = account.user.0.simple();
    if account == Account::personal(account.user) {
        user.to_string()
    } else {
        format!("{}{user}", account.org.0.simple())
    }
}

/// The account written as `text`.
pub(super) fn read_account(text: &str) -> Option<Account> {
    if text.len() == UUID_CHARS {
        return read_uuid(text).map(|user| Account::personal(UserId(user)));
    }
    let (org, user) = text.split_at_checked(UUID_CHARS)?;
    let account = Account { org: OrgId(read_uuid(org)?), user: UserId(read_uuid(user)?) };
    (account != Account::personal(account.user)).then_some(account)
}

/// A UUID of 32 lower-case hex digits.
pub(super) fn read_uuid(text: &str) -> Option<Uuid> {
    if text.len() != UUID_CHARS || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    Uuid::try_parse(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_read_back_and_have_one_spelling() {
        let user = UserId(Uuid::from_u128(0xabc));
        let personal = Account::personal(user);
        let member = Account { org: OrgId(Uuid::from_u128(0xdef)), user };
        for account in [personal, member] {
            assert_eq!(read_account(&write_account(account)), Some(account));
        }
        let simple = user.0.simple().to_string();
        for bad in ["", "abc", &simple.to_uppercase(), &simple.repeat(2), &simple.repeat(3)] {
            assert_eq!(read_account(bad), None, "{bad}");
        }
        assert_eq!(read_account(&user.to_string()), None);
    }
}
