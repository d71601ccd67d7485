//! Users and the audit log.

use super::*;
use novacore_access::{AuditAction, Role, Session};
use novacore_store::{
    directory::{AuditSeq, DIRECTORY_PAGE_ROWS_MAX, UserChange, UserQuery},
    error::StoreError,
};
use novacore_vocab::SessionId;

/// A user is stored and read with all that belongs to him.
pub async fn a_user_reads_back(directory: &dyn Directory) {
    let full = User {
        org: OrgId(id(77)),
        email: Some(email("jürgen@müller.example")),
        role: Role::Subscriber,
        tier: tier("pro"),
        disabled: true,
        trial_ends_at: Some(exact(9)),
        ..user(1)
    };
    let bare = User { email: None, ..user(2) };
    let full = with_password(full, "$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA");
    let bare = Credentials { user: bare, password: None };
    let entry = audit(AuditAction::CreateUser, "user:1");
    assert_eq!(directory.create_user(&full, Some(&entry)).await, Ok(()));
    assert_eq!(directory.create_user(&bare, None).await, Ok(()));

    assert_eq!(directory.find_user(user_id(1)).await, Ok(Some(full.user.clone())));
    assert_eq!(directory.find_user(user_id(2)).await, Ok(Some(bare.user)));
    assert_eq!(directory.find_user(user_id(3)).await, Ok(None));
    let address = email("jürgen@müller.example");
    assert_eq!(directory.find_credentials(&address).await, Ok(Some(full)));
    assert_eq!(directory.find_credentials(&email("no@example.com")).await, Ok(None));
    assert_eq!(audited(directory).await, [entry]);
}

/// A second user of an address is refused, and nothing of him is left behind.
pub async fn an_address_names_one_user(directory: &dyn Directory) {
    let first = stored(directory, user(1)).await;
    let second = User { email: first.email.clone(), ..user(2) };
    let entry = audit(AuditAction::CreateUser, "user:2");
    let refused = directory.create_user(&with_password(second, "other"), Some(&entry)).await;
    assert_eq!(refused, Err(StoreError::Taken { field: "email" }));
    assert_eq!(directory.find_user(user_id(2)).await, Ok(None));
    assert_eq!(audited(directory).await, []);
    let found = directory.find_credentials(&email("u1@example.com")).await;
    assert_eq!(found, Ok(Some(with_password(first, "hash"))));
}

/// A second user of an id is refused.
pub async fn an_id_names_one_user(directory: &dyn Directory) {
    let first = stored(directory, user(1)).await;
    let again = User { email: Some(email("else@example.com")), ..user(1) };
    let refused = directory.create_user(&with_password(again, "x"), None).await;
    assert_eq!(refused, Err(StoreError::Taken { field: "id" }));
    assert_eq!(directory.find_user(user_id(1)).await, Ok(Some(first)));
    let leftover = directory.find_credentials(&email("else@example.com")).await;
    assert_eq!(leftover, Ok(None));
}

/// Two who register the same address at once: one does.
pub async fn of_equal_addresses_at_once_one_wins(directory: &dyn Directory) {
    let one = with_password(user(1), "one");
    let mut two = with_password(user(2), "two");
    two.user.email = one.user.email.clone();
    let (a, b) = tokio::join!(directory.create_user(&one, None), directory.create_user(&two, None));
    assert_eq!([a, b].iter().filter(|made| made.is_ok()).count(), 1);
    let users = list(directory, UserQuery { rows_max: 10, ..UserQuery::default() }).await;
    assert_eq!(users.len(), 1);
}

/// The first administrator is made once; another attempt writes nothing.
pub async fn the_first_admin_is_made_once(directory: &dyn Directory) {
    stored(directory, user(1)).await;
    assert_eq!(directory.has_admin().await, Ok(false));
    let admin = |number| {
        let admin = User { role: Role::Admin, ..user(number) };
        with_password(admin, "hash")
    };
    let entry = audit(AuditAction::CreateUser, "user:2");
    let (two, three) = (admin(2), admin(3));
    let (a, b) = tokio::join!(
        directory.create_first_admin(&two, &entry),
        directory.create_first_admin(&three, &entry)
    );
    let made = [a.expect("an answer"), b.expect("an answer")];
    assert_eq!(made.iter().filter(|made| **made).count(), 1);
    assert_eq!(directory.has_admin().await, Ok(true));
    assert_eq!(directory.create_first_admin(&admin(4), &entry).await, Ok(false));
    assert_eq!(directory.find_user(user_id(4)).await, Ok(None));
    assert_eq!(audited(directory).await, [entry]);
}

/// A disabled administrator could not let anyone in, so he does not count; a taken address still
/// does.
pub async fn a_disabled_admin_is_none(directory: &dyn Directory) {
    let shut = User { role: Role::Admin, disabled: true, ..user(1) };
    stored(directory, shut).await;
    assert_eq!(directory.has_admin().await, Ok(false));
    let entry = audit(AuditAction::CreateUser, "user:2");
    let mut next = User { role: Role::Admin, ..user(2) };
    next.email = user(1).email;
    let taken = directory.create_first_admin(&with_password(next.clone(), "x"), &entry).await;
    assert_eq!(taken, Err(StoreError::Taken { field: "email" }));
    next.email = user(2).email;
    let made = directory.create_first_admin(&with_password(next, "x"), &entry).await;
    assert_eq!(made, Ok(true));
}

/// An unknown user is stored; a known one is left as he is.
pub async fn an_unknown_user_is_made_once(directory: &dyn Directory) {
    let seen = directory.ensure_user(&user(1)).await.expect("an answer");
    assert!(seen.created);
    assert_eq!(seen.user, user(1));
    let changed = User {
        tier: tier("pro"),
        role: Role::Admin,
        email: Some(email("new@example.com")),
        ..user(1)
    };
    let again = directory.ensure_user(&changed).await.expect("an answer");
    assert!(!again.created);
    assert_eq!(again.user, user(1));
    assert_eq!(directory.find_user(user_id(1)).await, Ok(Some(user(1))));
    let found = directory.find_credentials(&email("u1@example.com")).await;
    let without_password = Credentials { user: user(1), password: None };
    assert_eq!(found, Ok(Some(without_password)));
}

/// An unknown user who comes with another's address is stored without it.
pub async fn an_unknown_user_does_not_take_an_address(directory: &dyn Directory) {
    let owner = stored(directory, user(1)).await;
    let claimed = User { email: owner.email.clone(), ..user(2) };
    let seen = directory.ensure_user(&claimed).await.expect("an answer");
    let without_address = User { email: None, ..user(2) };
    assert!(seen.created);
    assert_eq!(seen.user, without_address);
    assert_eq!(directory.find_user(user_id(2)).await, Ok(Some(without_address)));
    let found = directory.find_credentials(&email("u1@example.com")).await;
    assert_eq!(found, Ok(Some(with_password(owner, "hash"))));
}

/// Two first sights of a user at once: he is made once, and both see him.
pub async fn of_unknown_users_at_once_one_is_made(directory: &dyn Directory) {
    let unknown = user(1);
    let (a, b) = tokio::join!(directory.ensure_user(&unknown), directory.ensure_user(&unknown));
    let seen = [a.expect("an answer"), b.expect("an answer")];
    assert_eq!(seen.iter().filter(|one| one.created).count(), 1);
    assert!(seen.iter().all(|one| one.user == unknown));
}

fn to_tier(from: &str, to: &str) -> UserChange {
    UserChange::Tier { from: tier(from), to: tier(to) }
}

/// Tier, role and disabled change one by one, each with its audit entry.
pub async fn a_change_of_user_is_audited(directory: &dyn Directory) {
    let mut expected = stored(directory, user(1)).await;
    let of_tier = audit(AuditAction::SetTier, "user:1");
    let of_role = audit(AuditAction::SetRole, "user:1");
    let of_disabled = audit(AuditAction::SetDisabled, "user:1");
    let to_role = UserChange::Role { from: Role::Student, to: Role::Subscriber };
    let to_disabled = UserChange::Disabled { from: false, to: true };
    expected.tier = tier("basic");
    let change = to_tier("free_trial", "basic");
    let changed = directory.change_user(user_id(1), &change, &of_tier).await;
    assert_eq!(changed, Ok(expected.clone()));
    expected.role = Role::Subscriber;
    let changed = directory.change_user(user_id(1), &to_role, &of_role).await;
    assert_eq!(changed, Ok(expected.clone()));
    expected.disabled = true;
    let changed = directory.change_user(user_id(1), &to_disabled, &of_disabled).await;
    assert_eq!(changed, Ok(expected.clone()));

    assert_eq!(directory.find_user(user_id(1)).await, Ok(Some(expected.clone())));
    let found = directory.find_credentials(&email("u1@example.com")).await;
    assert_eq!(found, Ok(Some(with_password(expected, "hash"))));
    assert_eq!(audited(directory).await, [of_disabled, of_role, of_tier]);
}

/// A change from what is no longer stored, or of nobody, changes nothing and is not audited.
pub async fn a_change_of_what_has_changed_is_stale(directory: &dyn Directory) {
    let before = stored(directory, user(1)).await;
    let entry = audit(AuditAction::SetTier, "user:1");
    for stale in [
        to_tier("basic", "pro"),
        UserChange::Role { from: Role::Admin, to: Role::Student },
        UserChange::Disabled { from: true, to: false },
    ] {
        let refused = directory.change_user(user_id(1), &stale, &entry).await;
        assert!(matches!(refused, Err(StoreError::Stale(_))), "{refused:?}");
    }
    let change = to_tier("free_trial", "pro");
    let nobody = directory.change_user(user_id(2), &change, &entry).await;
    assert!(matches!(nobody, Err(StoreError::NotFound(_))), "{nobody:?}");
    assert_eq!(directory.find_user(user_id(1)).await, Ok(Some(before)));
    assert_eq!(audited(directory).await, []);
}

/// Two changes from the same state at once: one is made, and one audit entry tells of it.
pub async fn of_equal_changes_at_once_one_wins(directory: &dyn Directory) {
    stored(directory, user(1)).await;
    let entry = audit(AuditAction::SetTier, "user:1");
    let (basic, pro) = (to_tier("free_trial", "basic"), to_tier("free_trial", "pro"));
    let (a, b) = tokio::join!(
        directory.change_user(user_id(1), &basic, &entry),
        directory.change_user(user_id(1), &pro, &entry)
    );
    assert_eq!([a, b].iter().filter(|made| made.is_ok()).count(), 1);
    assert_eq!(audited(directory).await.len(), 1);
}

/// A new password ends the sessions that the old one may have opened.
pub async fn a_new_password_ends_all_sessions(directory: &dyn Directory) {
    let owner = stored(directory, user(1)).await;
    let other = stored(directory, user(2)).await;
    for (number, account) in [(1, owner.account()), (2, other.account())] {
        let session = Session::start(SessionId(id(number)), account, at(0));
        assert_eq!(directory.insert_session(&session).await, Ok(()));
    }
    let entry = audit(AuditAction::SetPassword, "user:1");
    let hash = PasswordHash::new("fresh".to_owned());
    let set = directory.set_password(owner.account(), &hash, &entry).await;
    assert_eq!(set, Ok(()));
    let found = directory.find_credentials(&email("u1@example.com")).await;
    assert_eq!(found, Ok(Some(with_password(owner.clone(), "fresh"))));
    assert_eq!(directory.list_sessions(owner.account()).await, Ok(vec![]));
    let spared = directory.list_sessions(other.account()).await;
    assert_eq!(spared.map(|all| all.len()), Ok(1));

    let nobody = user(3).account();
    let refused = directory.set_password(nobody, &hash, &entry).await;
    assert!(matches!(refused, Err(StoreError::NotFound(_))), "{refused:?}");
    assert_eq!(audited(directory).await, [entry]);
}

async fn list(directory: &dyn Directory, query: UserQuery) -> Vec<User> {
    directory.list_users(&query).await.expect("a page of users")
}

/// Pages follow each other by id without gap or overlap; a search looks at e-mail and id, whatever
/// the case.
pub async fn users_are_paged_and_searched(directory: &dyn Directory) {
    for number in [5, 3, 1, 4, 2] {
        stored(directory, user(number)).await;
    }
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let query = UserQuery { after, rows_max: 2, ..UserQuery::default() };
        let page = list(directory, query).await;
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        seen.extend(page);
    }
    assert_eq!(seen, [1, 2, 3, 4, 5].map(user));

    let search = async |text: &str, after: Option<u128>| {
        let query = UserQuery {
            search: Some(text.to_owned()),
            after: after.map(user_id),
            rows_max: DIRECTORY_PAGE_ROWS_MAX + 1,
            tier: None,
        };
        list(directory, query).await
    };
    assert_eq!(search("U3@Example", None).await, [user(3)]);
    assert_eq!(search("@example.com", Some(3)).await, [4, 5].map(user));
    assert_eq!(search("000000000004", None).await, [user(4)]);
    assert_eq!(search("01980000-0000-7000-8000-00000000000", None).await.len(), 5);
    assert_eq!(search(&user_id(2).to_string().to_uppercase(), None).await, [user(2)]);
    assert_eq!(search("nobody", None).await, []);
    assert_eq!(search("", None).await.len(), 5);
}

/// Those of a tier, page by page, and of them those that are searched for.
pub async fn users_are_listed_by_tier(directory: &dyn Directory) {
    let tier = |name: &str| TierName::parse(name).expect("a name");
    for (number, name) in [(1, "pro"), (2, "basic"), (3, "pro"), (4, "probe"), (5, "pro")] {
        stored(directory, User { tier: tier(name), ..user(number) }).await;
    }
    let of = async |name: &str, search: &str, after: Option<u128>| {
        let query = UserQuery {
            search: Some(search.to_owned()),
            tier: Some(tier(name)),
            after: after.map(user_id),
            rows_max: 2,
        };
        list(directory, query).await.into_iter().map(|one| one.id).collect::<Vec<_>>()
    };
    assert_eq!(of("pro", "", None).await, [1, 3].map(user_id));
    assert_eq!(of("pro", "", Some(3)).await, [5].map(user_id));
    assert_eq!(of("probe", "", None).await, [4].map(user_id));
    assert_eq!(of("pro", "u3@", None).await, [3].map(user_id));
    assert_eq!(of("basic", "u3@", None).await, []);
    assert_eq!(of("gone", "", None).await, []);
}

/// What is searched for is text: the wildcards of a query language are letters like others.
pub async fn a_search_is_text_and_no_pattern(directory: &dyn Directory) {
    for (number, address) in
        [(1, "a_b@example.com"), (2, "acb@example.com"), (3, "a%b@example.com")]
    {
        let one = User { email: Some(email(address)), ..user(number) };
        stored(directory, one).await;
    }
    for (text, expected) in [
        ("a_b", vec![1]),
        ("a%b", vec![3]),
        ("%", vec![3]),
        ("a*b", vec![]),
        ("\\", vec![]),
        ("' OR 1=1 --", vec![]),
    ] {
        let query =
            UserQuery { search: Some(text.to_owned()), rows_max: 10, ..UserQuery::default() };
        let found = list(directory, query).await;
        let ids: Vec<UserId> = found.iter().map(|one| one.id).collect();
        let expected: Vec<UserId> = expected.into_iter().map(user_id).collect();
        assert_eq!(ids, expected, "{text}");
    }
}

/// The log comes newest first, page by page, and can be held to one target.
pub async fn the_audit_log_is_paged_and_filtered(directory: &dyn Directory) {
    stored(directory, user(1)).await;
    let tiers = ["free_trial", "basic", "pro", "basic", "pro", "free_trial"];
    for (index, pair) in tiers.windows(2).enumerate() {
        let target = if index % 2 == 0 { "even" } else { "odd" };
        let entry = AuditEntry {
            before: None,
            after: Some(format!("{index}")),
            ..audit(AuditAction::SetTier, target)
        };
        let change = to_tier(pair[0], pair[1]);
        let changed = directory.change_user(user_id(1), &change, &entry).await;
        assert!(changed.is_ok(), "{changed:?}");
    }
    assert_eq!(walk(directory, None).await, ["4", "3", "2", "1", "0"]);
    assert_eq!(walk(directory, Some("even")).await, ["4", "2", "0"]);
    assert_eq!(walk(directory, Some("eve")).await, [""; 0]);
}

/// The states after of every audit entry about `target`, read in pages of two.
async fn walk(directory: &dyn Directory, target: Option<&str>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    let mut before: Option<AuditSeq> = None;
    loop {
        let query = AuditQuery { target: target.map(str::to_owned), before, rows_max: 2 };
        let page = directory.list_audit(&query).await.expect("a page");
        assert!(page.len() <= 2);
        let Some(last) = page.last() else { return seen };
        assert!(before.is_none_or(|seq| page[0].seq < seq), "pages overlap");
        before = Some(last.seq);
        seen.extend(page.into_iter().filter_map(|row| row.entry.after));
    }
}
