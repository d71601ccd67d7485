//! Threshold events: once per limit version, window and threshold; looking at use, not at holds.

use crate::book::check;

#[test]
fn a_threshold_fires_once_when_it_is_reached() {
    check(
        "limit   tokens daily 100 day warn=50,80
         record  tokens 49           -> used 49
         record  tokens 1            -> used 50, wrote +1/+0 50%, warned daily 50%
         record  tokens 29           -> used 79
         record  tokens 1            -> warned daily 80%
         record  tokens 19           -> used 99
         record  tokens 5            -> flagged overage, warned daily 100%
         record  tokens 500          -> flagged overage",
    );
}

#[test]
fn one_entry_may_cross_several_thresholds_of_several_limits() {
    check(
        "limit   tokens daily 100 day warn=80,50
         limit   tokens monthly 200 month warn=100
         record  tokens 200          -> flagged overage, warned daily 50% daily 80% daily 100% monthly 100%",
    );
}

#[test]
fn every_window_fires_anew() {
    check(
        "limit   tokens daily 100 day
         record  tokens 100   @03-10T23:00  -> warned daily 100%
         record  tokens 100   @03-11T00:00  -> warned daily 100%
         record  tokens 1     @03-11T00:01  -> flagged overage",
    );
}

#[test]
fn holds_fire_nothing_until_they_are_charged() {
    check(
        "limit   tokens daily 100 day warn=50
         reserve h1 tokens 100            -> 0 left
         settle  h1 tokens 49 partly      -> used 49
         settle  h1 tokens 1 partly       -> warned daily 50%
         settle  h1 tokens 50             -> warned daily 100%",
    );
}

#[test]
fn a_threshold_of_a_past_window_still_fires_there() {
    check(
        "limit   tokens daily 100 day
         record  tokens 50                     @03-10T23:50
         reserve h1 tokens 50 ttl=3600         @03-10T23:59
         settle  h1 tokens 50                  @03-11T00:10  -> counted 03-10T23:59, used 0, warned daily 100%
         record  tokens 99                                   -> used 99",
    );
}

#[test]
fn the_previous_window_is_still_counted_and_one_before_it_is_not() {
    check(
        "limit   tokens daily 100 day
         record  tokens 39             @03-10T23:50
         reserve h1 tokens 60 ttl=60
         reserve h2 tokens 1 ttl=60
         settle  h1 tokens 61          @03-11T10:00  -> flagged excess late, expired h1 h2, warned daily 100%
         settle  h2 tokens 1           @03-12T00:00  -> flagged late, used 0
         reserve h3 tokens 60 ttl=60
         reserve h4 tokens 60 ttl=60                 -> refused by daily
         settle  h3 tokens 100         @03-14T00:00  -> flagged excess late, expired h3, used 0",
    );
}

#[test]
fn a_flow_does_not_fire_again_after_a_correction() {
    check(
        "limit   tokens daily 100 day
         record  tokens 100 as=e1         -> warned daily 100%
         record  tokens -100 corrects=e1  -> used 0
         record  tokens 100               -> used 100",
    );
}

#[test]
fn a_level_re_arms_five_points_below() {
    check(
        "limit   storage bytes 1000 lifetime warn=80
         record  storage 800     -> warned bytes 80%
         record  storage -50     -> used 750
         record  storage 50      -> used 800
         record  storage -51     -> used 749
         record  storage 50      -> used 799
         record  storage 1       -> used 800, warned bytes 80%
         record  storage 200     -> used 1000, warned bytes 100%
         record  storage -50     -> used 950
         record  storage 50      -> used 1000
         record  storage -51     -> used 949
         record  storage 51      -> used 1000, warned bytes 100%",
    );
}

#[test]
fn an_empty_level_re_arms_its_lowest_thresholds() {
    check(
        "limit   storage bytes 100 lifetime warn=3
         record  storage 3    -> warned bytes 3%
         record  storage -3   -> used 0
         record  storage 3    -> warned bytes 3%",
    );
}

#[test]
fn a_changed_limit_fires_anew() {
    check(
        "limit   tokens daily 100 day
         record  tokens 100     -> warned daily 100%
         limit   tokens daily 100 day soft
         record  tokens 1       -> flagged overage, warned daily 100%
         limit   tokens daily 1000 day warn=10
         record  tokens 1       -> used 102, warned daily 10%",
    );
}

#[test]
fn an_override_that_expires_does_not_repeat_what_was_said_before_it() {
    check(
        "limit    tokens daily 100 day warn=50
         record   tokens 60    @09:00  -> warned daily 50%
         override tokens cap=110 until=10:00
         record   tokens 1     @09:30  -> used 61, warned daily 50%
         record   tokens 1     @10:00  -> used 62
         record   tokens 38    @10:01  -> used 100, warned daily 100%",
    );
}

#[test]
fn limits_of_two_tiers_fire_apart_though_they_share_a_name() {
    check(
        "limit   tokens daily 100 day
         tier    pro
         limit   tokens daily 200 day
         user    free
         record  tokens 100    -> warned daily 100%
         user    pro
         record  tokens 99     -> used 199
         record  tokens 1      -> used 200, warned daily 100%
         user    free
         record  tokens 1      -> flagged overage",
    );
}

#[test]
fn thresholds_are_exact_at_the_ends_of_the_range() {
    check(
        "limit   tokens daily max day warn=1
         limit   minutes daily 3 day warn=33,34,67
         record  minutes 1   -> used 1, warned daily 33%
         record  minutes 1   -> used 2, warned daily 34%
         record  minutes 1   -> used 3, warned daily 67% daily 100%
         record  tokens max-1 -> 1 left, warned daily 1%
         record  tokens 1     -> 0 left, warned daily 100%",
    );
}
