//! Limits that change: caps raised and lowered, tiers, overrides, new windows.

use crate::book::check;

#[test]
fn a_raised_cap_admits_at_once_and_a_lowered_one_refuses_until_the_window_ends() {
    check(
        "limit   tokens daily 100 day
         record  tokens 100 enforce  @09:00        -> warned daily 100%
         record  tokens 1 enforce                  -> refused by daily
         limit   tokens daily 150 day
         record  tokens 1 enforce                  -> used 101, 49 left
         limit   tokens daily 50 day
         show    tokens                            -> used 101, 0 left, grants 0
         record  tokens 1 enforce    @23:59:59     -> refused by daily, cap 50, used 101, 0 left
         record  tokens 50 enforce   @03-11T00:00  -> used 50, warned daily 100%",
    );
}

#[test]
fn a_tier_change_reaches_the_next_command() {
    check(
        "limit   tokens daily 100 day
         tier    pro
         limit   tokens daily 1000 day
         user    free
         reserve h1 tokens 100              -> 0 left
         reserve h2 tokens 1                -> refused by daily, upgrade pro
         user    pro
         reserve h2 tokens 900              -> 0 left, 1000 held
         user    free
         show    tokens                     -> 1000 held, 0 left, grants 0
         reserve h3 tokens 1                -> refused by daily, cap 100
         settle  h2 tokens 900              -> used 900, 100 held, warned daily 100%
         release h1                         -> used 900, 0 left",
    );
}

#[test]
fn a_user_of_a_tier_that_is_gone_has_the_lowest() {
    check(
        "limit   tokens daily 10 day
         tier    pro
         user    gone
         record  tokens 11 enforce  -> refused by daily, cap 10, upgrade pro",
    );
}

#[test]
fn an_override_replaces_parts_of_a_limit_until_it_expires() {
    check(
        "limit    tokens daily 100 day
         override tokens cap=200 until=10:00
         record   tokens 150 enforce  @09:59:59.999999  -> used 150, 50 left
         show     tokens daily                          -> cap 200 hard
         record   tokens 1 enforce    @10:00            -> refused by daily, cap 100, used 150, 0 left
         override tokens mode=soft
         record   tokens 1 enforce                      -> flagged overage, used 151, warned daily 100%
         show     tokens daily                          -> cap 100 soft
         override none
         record   tokens 1 enforce                      -> refused by daily",
    );
}

#[test]
fn an_override_names_one_limit_or_the_first() {
    check(
        "limit    tokens daily 100 day
         limit    tokens monthly 1000 month
         override tokens monthly cap=50
         show     tokens                -> 50 left, by monthly
         show     tokens daily          -> cap 100 hard
         override none
         override tokens cap=unlimited
         show     tokens daily          -> cap -1 hard, unlimited left
         show     tokens monthly        -> cap 1000 hard
         show     tokens                -> 1000 left, grants 1000, by monthly
         record   tokens 500 enforce    -> used 500, 500 left",
    );
}

#[test]
fn a_new_window_kind_starts_exact_at_once() {
    check(
        "limit   tokens daily 1000 day
         record  tokens 300           @03-02T09:00
         record  tokens 300           @03-09T09:00
         record  tokens 50            @03-10T09:00
         reserve h1 tokens 5
         tier    trial
         limit   tokens hourly 60 hour
         limit   tokens weekly 355 week
         limit   tokens monthly 656 month
         limit   tokens ever 700 lifetime
         user    trial
         show    tokens hourly   -> used 50, 5 held, 5 left
         show    tokens weekly   -> used 350, 5 held, 0 left
         show    tokens monthly  -> used 650, 5 held, 1 left
         show    tokens ever     -> used 650, 5 held, 45 left
         record  tokens 1 enforce -> refused by weekly, used 350, 5 held, until 03-16T00:00",
    );
}

#[test]
fn unlimited_is_a_cap_that_can_be_taken_away() {
    check(
        "limit   tokens daily unlimited day
         record  tokens 500 enforce   -> used 500, unlimited left, grants all
         limit   tokens daily 500 day
         record  tokens 1 enforce     -> refused by daily, used 500
         limit   tokens daily 501 day
         record  tokens 1 enforce     -> used 501, 0 left, warned daily 100%",
    );
}
