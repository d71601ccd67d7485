//! The ladder: replay, validity, limits; hard and soft; all or nothing.

use crate::book::check;

#[test]
fn a_hard_limit_admits_up_to_its_cap_and_not_one_more() {
    check(
        "limit   tokens daily 1000 day
         reserve h1 tokens 600 ttl=3600 @09:00 -> open, used 0, 600 held, 400 left, grants 400, resets 03-11T00:00
         reserve h2 tokens 401       @09:01  -> refused by daily, asked 401, used 0, 600 held, cap 1000, 400 left, until 03-11T00:00
         reserve h2 tokens 400 ttl=3600 @09:02 -> open, 1000 held, 0 left
         record  tokens 1 enforce    @09:03  -> refused by daily, 0 left
         release h1                  @09:04  -> released, 400 held, 600 left
         record  tokens 600 enforce  @09:05  -> used 600, 400 held, 0 left",
    );
}

#[test]
fn a_resource_without_limits_is_unlimited_and_still_counted() {
    check(
        "limit   tokens daily unlimited day
         reserve h1 tokens 5 minutes 7   -> unlimited left, unlimited left of minutes, grants all
         settle  h1 tokens 5 minutes 7   -> used 5, used 7 of minutes
         record  tokens 1_000_000        -> used 1000005, unlimited left",
    );
}

#[test]
fn a_cap_of_zero_admits_nothing_and_warns_of_nothing() {
    check(
        "limit   minutes monthly 0 month warn=80
         record  minutes 1 enforce   -> refused by monthly, cap 0, used 0, 0 left
         record  minutes 1           -> flagged overage, used 1, 0 left",
    );
}

#[test]
fn beyond_a_soft_limit_is_admitted_and_flagged() {
    check(
        "limit   tokens daily 100 day soft warn=50
         reserve h1 tokens 100       -> 0 left, grants all
         reserve h2 tokens 1         -> flagged overage, 101 held, 0 left, grants all
         record  tokens 50 enforce   -> flagged overage, used 50, warned daily 50%
         settle  h1 tokens 100       -> used 150, warned daily 100%",
    );
}

#[test]
fn of_a_soft_and_a_hard_limit_both_have_their_say() {
    check(
        "limit   tokens daily   100 day soft
         limit   tokens monthly 150 month
         record  tokens 120 enforce  -> flagged overage, used 120, 0 left, by daily, grants 30, warned daily 100%
         record  tokens 31 enforce   -> refused by monthly, used 120, 30 left
         record  tokens 30 enforce   -> flagged overage, grants 0, warned monthly 100%",
    );
}

#[test]
fn several_limits_on_one_resource_must_all_pass() {
    check(
        "limit   tokens hourly  100 hour
         limit   tokens daily   150 day
         record  tokens 100 enforce  @09:10  -> used 100, 0 left, by hourly, warned hourly 100%
         record  tokens 1 enforce    @09:20  -> refused by hourly, until 10:00, 0 left
         record  tokens 51 enforce   @10:00  -> refused by daily, until 03-11T00:00, used 100, 50 left
         record  tokens 50 enforce   @10:00  -> used 150, 0 left, by daily, warned daily 100%
         show    tokens hourly               -> used 50, cap 100 hard, 50 left
         show    tokens daily                -> used 150, 0 left, until 03-11T00:00",
    );
}

#[test]
fn of_several_refusing_limits_the_one_that_ends_last_is_named() {
    check(
        "limit   tokens hourly  10 hour
         limit   tokens weekly  30 week
         limit   tokens daily   20 day
         record  tokens 31 enforce  @09:00  -> refused by weekly, until 03-16T00:00, 10 left
         record  tokens 25 enforce  @09:00  -> refused by daily, until 03-11T00:00, 10 left
         record  tokens 15 enforce  @09:00  -> refused by hourly, until 10:00, 10 left",
    );
}

#[test]
fn a_lifetime_limit_never_resets() {
    check(
        "limit   tokens trial 100 lifetime
         limit   tokens daily 100 day
         record  tokens 100 enforce  @09:00        -> used 100, warned trial 100% daily 100%, resets ever
         record  tokens 1 enforce    @2028-01-01T00:00 -> refused by trial, until ever, used 100",
    );
}

#[test]
fn several_resources_are_admitted_together_or_not_at_all() {
    check(
        "limit   tokens  daily 100 day
         limit   minutes daily 10 day
         reserve h1 tokens 50 minutes 11  -> refused by daily, asked 11, cap 10
         show    tokens                   -> used 0, 0 held, 100 left
         reserve h1 tokens 50 minutes 10  -> open, wrote +0/+50 +0/+10, 50 left, 0 left of minutes
         reserve h2 minutes 1 tokens 1    -> refused by daily, cap 10
         reserve h2 tokens 51 minutes 1   -> refused by daily, cap 100, 50 held
         reserve h2 tokens 50             -> 0 left",
    );
}

#[test]
fn what_is_wrong_in_itself_is_refused_whatever_the_limits() {
    check(
        "limit   tokens daily 10 day
         record  tokens 0                  -> refused zero
         record  nope 1                    -> refused unknown nope
         record  tokens 1 meta=2049        -> refused metadata
         record  tokens 1 meta=2048        -> used 1
         reserve h1                        -> refused no amounts
         reserve h1 tokens 0               -> refused zero
         reserve h1 tokens -1              -> refused negative
         reserve h1 tokens 99 tokens 1     -> refused tokens twice
         reserve h1 tokens 99 nope 1       -> refused unknown nope
         reserve h1 tokens 99 ttl=0        -> refused ttl
         reserve h1 tokens 99 ttl=3601     -> refused ttl
         reserve h1 tokens 1 meta=2049     -> refused metadata
         reserve h1 tokens 1 ttl=3600 meta=2048 -> open
         settle  h1 tokens -1              -> refused negative
         settle  h1 tokens 1 tokens 1      -> refused tokens twice
         settle  h1 nope 1                 -> refused unknown nope
         settle  h1 tokens 1 meta=2049     -> refused metadata
         extend  h1 ttl=3601               -> refused ttl
         extend  h1 tokens 0               -> refused zero
         extend  h1 nope 1                 -> refused unknown nope",
    );
}

#[test]
fn eight_resources_and_no_ninth() {
    check(
        "reserve h1 r1 1 r2 1 r3 1 r4 1 r5 1 r6 1 r7 1 tokens 1 minutes 1  -> refused too many amounts
         reserve h1 r1 1 r2 1 r3 1 r4 1 r5 1 r6 1 r7 1                     -> open
         extend  h1 tokens 1 minutes 1                                     -> refused too many amounts
         extend  h1 tokens 1                                               -> open
         extend  h1 tokens 1 r1 1                                          -> open
         extend  h1 minutes 1                                              -> refused too many amounts
         settle  h1 r1 1 r2 1 r3 1 r4 1 r5 1 r6 1 r7 1 tokens 1 minutes 1  -> refused too many amounts
         settle  h1 minutes 1                                              -> flagged unheld, used 1 of minutes",
    );
}

#[test]
fn ten_thousand_open_holds_and_no_more() {
    check(
        "9999x reserve h tokens 1 ttl=3600  @09:00
         reserve last tokens 1 ttl=60             -> open, 10000 held
         reserve more nope 1                      -> refused unknown nope
         reserve more tokens 1                    -> refused too many holds
         release h                                -> released
         reserve more tokens 1 ttl=120            -> open
         reserve gone tokens 1              @09:01 -> open, expired last",
    );
}

#[test]
fn counters_stay_exact_in_every_reader() {
    check(
        "record  tokens max            -> used 9007199254740991
         record  tokens 1              -> refused counter range of tokens
         reserve h1 tokens 1           -> refused counter range of tokens
         reserve h1 minutes max-5      -> open
         record  minutes 6             -> refused counter range of minutes
         record  minutes 5             -> used 5
         settle  h1 minutes max-4      -> refused counter range of minutes
         settle  h1 minutes max-5      -> settled, used 9007199254740991
         record  storage max           -> used 9007199254740991
         record  storage 1 from=memory -> refused counter range of storage",
    );
}

#[test]
fn a_refusal_offers_the_first_tier_in_which_it_would_fit() {
    check(
        "limit   tokens daily   100 day
         limit   tokens monthly 500 month
         tier    basic
         limit   tokens daily   200 day
         limit   tokens monthly 1000 month
         tier    pro
         user    free
         record  tokens 100 enforce  @09:00         -> used 100, warned daily 100%
         record  tokens 101 enforce                 -> refused by daily, upgrade pro
         record  tokens 100 enforce                 -> refused by daily, upgrade basic
         # The month's sum is far above basic's day, but it fits into basic's month.
         record  tokens 400          @03-11T09:00   -> flagged overage, used 400, warned daily 100% monthly 100%
         record  tokens 100 enforce  @03-12T09:00   -> refused by monthly, upgrade basic
         user    pro
         record  tokens 100 enforce                 -> unlimited left",
    );
}

#[test]
fn an_upgrade_that_an_override_would_spoil_is_not_offered() {
    check(
        "limit    tokens daily 100 day
         tier     basic
         limit    tokens daily 1000 day
         user     free
         override tokens cap=50
         record   tokens 60 enforce  -> refused by daily, cap 50, upgrade none
         override none
         record   tokens 160 enforce -> refused by daily, cap 100, upgrade basic",
    );
}
