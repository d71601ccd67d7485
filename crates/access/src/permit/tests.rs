//! The table of authority, as a table.

use super::*;
use crate::{Credential, Email};
use novacore_vocab::{OrgId, TierName, UserId};

const OWN: u8 = 1;
const MATE: u8 = 2;
const OTHER: u8 = 3;

fn user_id(number: u8) -> UserId {
    let text = format!("00000000-0000-4000-8000-0000000000{number:02}");
    text.parse().unwrap()
}

/// Users 1 and 2 share the organisation of user 9; user 3 is his own.
fn user(number: u8, role: Role) -> User {
    let id = user_id(number);
    let org = if number == OTHER { id } else { user_id(9) };
    User {
        id,
        org: OrgId(org.0),
        email: Some(Email::parse(&format!("u{number}@example.com")).unwrap()),
        role,
        tier: TierName::parse("free_trial").unwrap(),
        disabled: false,
        trial_ends_at: None,
        created_at: now(),
    }
}

fn now() -> Timestamp {
    Timestamp::from_seconds(1_800_000_000)
}

fn key_id() -> KeyId {
    "00000000-0000-4000-8000-0000000000aa".parse().unwrap()
}

/// `service`, `console`, `<role>` for one signed in, or `<role> key <scopes>`.
fn principal(text: &str) -> Principal {
    let (role, scopes) = match text.split_once(" key ") {
        Some((role, scopes)) => (role, Some(scopes)),
        None => (text, None),
    };
    match role {
        "token" => return Principal::service(),
        "console" => return Principal::console(),
        _ => {}
    }
    let via = match scopes {
        None => Credential::Token,
        Some(scopes) => Credential::Key { id: key_id(), scopes: scopes.parse().unwrap() },
    };
    Principal::of_user(user(OWN, role.parse().unwrap()).into(), via).unwrap()
}

fn letter<T>(verdict: Result<T, Denied>) -> char {
    match verdict {
        Ok(_) => 'y',
        Err(Denied::Forbidden(_)) => 'f',
        Err(Denied::NotFound) => 'n',
        Err(Denied::Disabled) => 'd',
        Err(Denied::NoSubject) => '?',
    }
}

/// The verdicts on the own account, that of a mate in the organisation, and another's.
fn verdicts<T>(ask: impl Fn(&Subject) -> Result<T, Denied>) -> String {
    let subjects = [OWN, MATE, OTHER].map(|number| user(number, Role::Student).subject());
    subjects.iter().map(|of| letter(ask(of))).collect()
}

#[test]
fn the_table_of_authority() {
    // Of each right: own account, same organisation, another's. y yes, f forbidden, n not found.
    let table = "
        who                                        read reserve settle events record call memories keys administer
        token                                      yyy  yyy     yyy    yyy    yyy    yyy  yyy       fff  f
        console                                    yyy  fff     fff    fff    fff    fff  fff       yyy  y
        service                                    yyy  yyy     yyy    yyy    yyy    yyy  yyy       ynn  f
        admin                                      yyy  fff     fff    fff    fff    ynn  ynn       yyy  y
        student                                    ynn  fff     fff    fff    fff    ynn  ynn       ynn  f
        subscriber                                 ynn  fff     fff    fff    fff    ynn  ynn       ynn  f
        student key usage:read                     ynn  fff     fff    fff    fff    fff  fff       fff  f
        student key usage:write                    fff  ynn     ynn    ynn    fff    fff  fff       fff  f
        student key usage:read act_as              yyn  fff     fff    fff    fff    fff  fff       fff  f
        student key usage:write act_as             fff  yyn     yyn    yyn    yyn    fff  fff       fff  f
        student key usage:read usage:write admin   ynn  ynn     ynn    ynn    fff    fff  fff       fff  f
        student key llm act_as                     fff  fff     fff    fff    fff    yyn  fff       fff  f
        student key memory act_as                  fff  fff     fff    fff    fff    fff  yyn       fff  f
        student key usage:read act_as llm admin    yyn  fff     fff    fff    fff    yyn  fff       fff  f
        admin key memory admin                     fff  fff     fff    fff    fff    fff  ynn       fff  y
        service key memory                         fff  fff     fff    fff    fff    fff  yyy       fff  f
        student key memory llm                     fff  fff     fff    fff    fff    ynn  ynn       fff  f
        admin key admin                            fff  fff     fff    fff    fff    fff  fff       fff  y
        admin key usage:read                       ynn  fff     fff    fff    fff    fff  fff       fff  f
        admin key usage:read usage:write admin     yyy  ynn     ynn    ynn    fff    fff  fff       fff  y
        admin key usage:write admin act_as         fff  yyn     yyn    yyn    yyn    fff  fff       fff  y
        service key usage:write                    fff  yyy     yyy    yyy    yyy    fff  fff       fff  f
        service key usage:read                     yyy  fff     fff    fff    fff    fff  fff       fff  f";
    let rows = table.lines().map(str::trim).filter(|row| !row.is_empty());
    for row in rows.skip(1) {
        let words: Vec<&str> = row.split_whitespace().collect();
        let (who, expected) = words.split_at(words.len() - 9);
        let who = principal(&who.join(" "));
        let owners = [OWN, MATE, OTHER].map(|number| user(number, Role::Student));
        let keys: String = owners.iter().map(|o| letter(who.manage_keys(o))).collect();
        let memories = verdicts(|of| who.read_memories(of));
        assert_eq!(verdicts(|of| who.change_memories(of)), memories, "{row}");
        let actual = [
            verdicts(|of| who.read_usage(of)),
            verdicts(|of| who.reserve(of)),
            verdicts(|of| who.settle_hold(of)),
            verdicts(|of| who.send_events(of)),
            verdicts(|of| who.record_usage(of)),
            verdicts(|of| who.call_models(of)),
            memories,
            keys,
            letter(who.administer()).to_string(),
        ];
        assert_eq!(actual.as_slice(), expected, "{row}");
    }
}

#[test]
fn only_one_who_is_signed_in_manages_himself() {
    for (who, expected) in [
        ("token", 'f'),
        ("console", 'f'),
        ("student", 'y'),
        ("admin", 'y'),
        ("student key usage:read memory llm", 'f'),
    ] {
        assert_eq!(letter(principal(who).manage_self()), expected, "{who}");
    }
    let permit = principal("student").manage_self().unwrap();
    assert_eq!(permit.account(), user(OWN, Role::Student).account());
    assert_eq!(permit.actor(), Actor::User(user_id(OWN)));
}

#[test]
fn acting_for_needs_the_scope_and_the_organisation() {
    for (who, expected) in [
        ("token", "yyy"),
        ("service", "yyy"),
        ("console", "fff"),
        ("student", "fff"),
        ("admin", "yyy"),
        ("student key usage:read usage:write", "fff"),
        ("student key usage:read admin", "fff"),
        ("student key act_as", "yyn"),
        ("admin key usage:read memory llm", "fff"),
        ("admin key admin", "yyy"),
        ("admin key admin act_as", "yyn"),
    ] {
        let actual = verdicts(|of| principal(who).acting_for(of));
        assert_eq!(actual, expected, "{who}");
    }
    let mate = user(MATE, Role::Student).subject();
    let acting = principal("student key usage:read act_as").acting_for(&mate).unwrap();
    assert_eq!(acting.subject(), Ok(mate));
    assert!(acting.read_usage(&mate).is_ok());
    // The one who acts is still he whose key it is.
    let key = key_id();
    let user = user_id(OWN);
    assert_eq!(acting.actor(), Actor::Key { key, user });
}

/// Every right there is, asked of `who` about `of`; with its name.
fn every_right(who: &Principal, of: &User) -> Vec<(&'static str, char)> {
    let subject = of.subject();
    vec![
        ("read_usage", letter(who.read_usage(&subject))),
        ("read_profile", letter(who.read_profile(&subject))),
        ("record_usage", letter(who.record_usage(&subject))),
        ("send_events", letter(who.send_events(&subject))),
        ("reserve", letter(who.reserve(&subject))),
        ("settle_hold", letter(who.settle_hold(&subject))),
        ("call_models", letter(who.call_models(&subject))),
        ("read_memories", letter(who.read_memories(&subject))),
        ("change_memories", letter(who.change_memories(&subject))),
        ("manage_self", letter(who.manage_self())),
        ("manage_keys", letter(who.manage_keys(of))),
        ("forward", letter(who.forward(of))),
        ("administer", letter(who.administer())),
    ]
}

#[test]
fn no_right_is_missing_in_the_list_of_every_right() {
    let source = include_str!("../permit.rs");
    let made = source.split("    pub fn ").filter(|text| {
        let head = text.split('{').next().unwrap_or_default();
        head.contains("&self") && head.contains("-> Result<Permit<")
    });
    let made: Vec<&str> = made.map(|text| text.split('(').next().unwrap_or_default()).collect();
    let listed = every_right(&principal("student"), &user(OWN, Role::Student));
    assert_eq!(made, listed.into_iter().map(|(name, _)| name).collect::<Vec<_>>());
}

#[test]
fn an_administrator_who_views_another_reads_his_usage_and_nothing_else() {
    let all = "usage:read usage:write memory llm admin services";
    let everything = format!("admin key {all}");
    for who in ["admin", "admin key usage:read admin", &everything] {
        for number in [OWN, MATE, OTHER] {
            let of = user(number, Role::Student);
            let viewing = principal(who).acting_for(&of.subject()).unwrap();
            assert_eq!(viewing.subject(), Ok(of.subject()), "{who}");
            // Also of himself, and of those whom the credential would reach without viewing.
            for asked in [OWN, MATE, OTHER].map(|number| user(number, Role::Student)) {
                for (right, verdict) in every_right(&viewing, &asked) {
                    let expected = match right {
                        "read_usage" if asked.id == of.id => 'y',
                        "read_usage" => 'n',
                        _ => 'f',
                    };
                    assert_eq!(verdict, expected, "{right} of {asked:?} by {who} for {number}");
                }
            }
            let permit = viewing.read_usage(&of.subject()).unwrap();
            assert_eq!(permit.account(), of.account());
            assert_eq!(permit.actor(), principal(who).actor(), "it is still he who looks");
        }
    }
    // The scope is needed here too, and a shut account can be looked at.
    let of = user(OTHER, Role::Student).subject();
    let viewing = principal("admin key admin").acting_for(&of).unwrap();
    assert_eq!(letter(viewing.read_usage(&of)), 'f');
    let shut = User { disabled: true, ..user(OTHER, Role::Student) }.subject();
    let viewing = principal("admin").acting_for(&shut).unwrap();
    assert_eq!(letter(viewing.read_usage(&shut)), 'y');
}

#[test]
fn who_has_act_as_acts_and_does_not_view() {
    let mate = user(MATE, Role::Student);
    let who = principal("admin key usage:read usage:write admin act_as");
    let acting = who.acting_for(&mate.subject()).unwrap();
    assert_eq!(letter(acting.reserve(&mate.subject())), 'y');
    assert_eq!(letter(acting.administer()), 'y');
    assert_eq!(letter(acting.read_profile(&mate.subject())), 'y');
}

#[test]
fn who_one_is_is_read_like_usage() {
    for who in [
        "token",
        "console",
        "student",
        "admin",
        "student key usage:read act_as",
        "student key memory",
    ] {
        let who = principal(who);
        assert_eq!(verdicts(|of| who.read_profile(of)), verdicts(|of| who.read_usage(of)));
    }
}

#[test]
fn forwarding_needs_the_scope_and_lends_nobody_a_higher_role() {
    // Own account, then a mate and a stranger who are students, then a mate who is more.
    for (who, expected) in [
        ("student", "ynn nn"),
        ("subscriber", "ynn nn"),
        ("admin", "ynn nn"),
        ("console", "fff ff"),
        ("token", "yyy ff"),
        ("service", "yyy ff"),
        ("student key usage:read usage:write memory llm admin act_as", "fff ff"),
        ("student key services", "ynn nn"),
        ("student key services act_as", "yyn ff"),
        ("admin key services", "fnn nn"),
        ("admin key services admin", "ynn nn"),
        ("admin key services act_as", "fyn ff"),
        ("service key services", "yyy ff"),
        ("service key usage:write", "fff ff"),
    ] {
        let principal = principal(who);
        let own = principal.user().cloned().unwrap_or(user(OWN, Role::Student));
        let of = |user: &User| letter(principal.forward(user));
        let students = [MATE, OTHER].map(|number| of(&user(number, Role::Student)));
        let higher = [Role::Admin, Role::Service].map(|role| of(&user(MATE, role)));
        let [mate, stranger] = students;
        let [admin, service] = higher;
        let actual = format!("{}{mate}{stranger} {admin}{service}", of(&own));
        assert_eq!(actual, expected, "{who}");
    }
    let shut = User { disabled: true, ..user(MATE, Role::Student) };
    assert_eq!(letter(principal("token").forward(&shut)), 'd');
    let own = user(OWN, Role::Student);
    let permit = principal("student").forward(&own).unwrap();
    assert_eq!(permit.account(), own.account());
}

#[test]
fn a_call_concerns_the_caller_unless_it_names_another() {
    let own = user(OWN, Role::Student).subject();
    assert_eq!(principal("student").subject(), Ok(own));
    assert_eq!(principal("token").subject(), Err(Denied::NoSubject));
    assert_eq!(principal("console").subject(), Err(Denied::NoSubject));
    let served = principal("token").acting_for(&own).unwrap();
    assert_eq!(served.subject(), Ok(own));
    assert_eq!(served.actor(), Actor::Service);
}

#[test]
fn a_shut_account_starts_nothing_and_finishes_what_it_started() {
    let mut shut = user(OWN, Role::Student);
    shut.disabled = true;
    let via = Credential::Token;
    assert_eq!(Principal::of_user(shut.clone().into(), via), Err(Denied::Disabled));
    let of = shut.subject();
    let service = Principal::service();
    assert_eq!(letter(service.reserve(&of)), 'd');
    assert_eq!(letter(service.settle_hold(&of)), 'y');
    assert_eq!(letter(service.record_usage(&of)), 'y');
    assert_eq!(letter(service.send_events(&of)), 'y');
    assert_eq!(letter(service.change_memories(&of)), 'd');
    assert_eq!(letter(service.read_memories(&of)), 'd');
    assert_eq!(letter(principal("admin").read_usage(&of)), 'y');
}

#[test]
fn one_who_does_not_exist_is_answered_like_one_out_of_reach() {
    // Also if his id is that of an organisation: number 9.
    for unknown in [OTHER, 9].map(|number| Subject::unknown(user_id(number))) {
        let stranger = user(OTHER, Role::Student).subject();
        for who in ["student", "student key usage:read usage:write act_as", "student key memory"] {
            let who = principal(who);
            assert_eq!(letter(who.read_usage(&unknown)), letter(who.read_usage(&stranger)));
            assert_eq!(letter(who.reserve(&unknown)), letter(who.reserve(&stranger)));
            assert_eq!(letter(who.record_usage(&unknown)), letter(who.record_usage(&stranger)));
            assert_eq!(letter(who.read_memories(&unknown)), letter(who.read_memories(&stranger)));
            let acting = letter(who.clone().acting_for(&unknown));
            assert_eq!(acting, letter(who.acting_for(&stranger)));
        }
        for who in ["admin", "token", "service", "console"] {
            assert_eq!(letter(principal(who).read_usage(&unknown)), 'n', "{who}");
        }
        assert_eq!(letter(principal("admin").acting_for(&unknown)), 'n');
        assert_eq!(letter(principal("token").reserve(&unknown)), 'n');
        assert_eq!(letter(principal("token").change_memories(&unknown)), 'n');
        assert_eq!(letter(principal("token").acting_for(&unknown)), 'n');
    }
}

/// Which scopes `who` may put into a key of `owner`.
fn grantable(who: &str, owner: &User) -> String {
    let permit = principal(who).manage_keys(owner).unwrap();
    let granted = |scope: &Scope| {
        let ask = key_ask(Scopes::NONE.with(*scope), None);
        match permit.new_key(ask, key_id(), String::new(), now()) {
            Ok(_) => true,
            Err(KeyError::NotGrantable(refused)) => {
                assert_eq!(refused, *scope);
                false
            }
            Err(other) => panic!("{other}"),
        }
    };
    let scopes: Scopes = Scope::ALL.into_iter().filter(granted).collect();
    scopes.to_string()
}

fn key_ask(scopes: Scopes, expires_at: Option<Timestamp>) -> KeyAsk {
    KeyAsk { name: KeyName::parse("ci").unwrap(), scopes, expires_at }
}

#[test]
fn nobody_grants_more_than_he_may() {
    let all = "usage:read usage:write memory llm admin act_as services";
    let all_but_admin = "usage:read usage:write memory llm act_as services";
    let end_user = "usage:read memory llm services";
    for (who, owner, role, expected) in [
        ("student", OWN, Role::Student, end_user),
        ("subscriber", OWN, Role::Subscriber, end_user),
        ("service", OWN, Role::Service, all_but_admin),
        ("admin", OWN, Role::Admin, all),
        ("admin", OTHER, Role::Student, all_but_admin),
        ("admin", OTHER, Role::Admin, all),
        ("console", OTHER, Role::Service, all_but_admin),
        ("console", OTHER, Role::Admin, all),
    ] {
        let granted = grantable(who, &user(owner, role));
        assert_eq!(granted, expected, "{who} for {role}");
    }
}

#[test]
fn a_key_has_a_scope_and_an_end_that_lies_ahead() {
    let owner = user(OWN, Role::Student);
    let permit = principal("student").manage_keys(&owner).unwrap();
    let read = Scopes::NONE.with(Scope::UsageRead);
    let make = |scopes, expires_at| {
        permit.new_key(key_ask(scopes, expires_at), key_id(), "nvc_00".into(), now())
    };
    assert_eq!(make(Scopes::NONE, None), Err(KeyError::NoScope));
    for (end, verdict) in [
        (now(), Err(KeyError::Expiry)),
        (now().plus_seconds(1), Ok(())),
        (now().plus_days(KEY_LIFE_DAYS_MAX), Ok(())),
        (now().plus_days(KEY_LIFE_DAYS_MAX).plus_seconds(1), Err(KeyError::Expiry)),
    ] {
        assert_eq!(make(read, Some(end)).map(|_| ()), verdict, "{end}");
    }
    let key = make(read, Some(now().plus_seconds(60))).unwrap();
    assert_eq!(key.account, owner.account());
    assert!(!key.is_expired(now().plus_seconds(59)));
    assert!(key.is_expired(now().plus_seconds(60)));
    assert!(key.use_is_news(now()));
    let used = ApiKey { last_used_at: Some(now()), ..key };
    assert!(!used.use_is_news(now().plus_seconds(3_599)));
    assert!(used.use_is_news(now().plus_seconds(3_600)));
}
