//! After expiry: one settle is accepted, charges the difference and says that it is late.

use crate::book::check;

#[test]
fn after_a_releasing_expiry_the_late_settle_charges_all() {
    check(
        "limit   tokens daily 100 day
         reserve h1 tokens 60 ttl=60  @09:00
         sweep                        @09:01  -> expired h1
         settle  h1 tokens 50         @09:05  -> flagged late, settled_late, wrote +50/+0, used 50
         settle  h1 tokens 50                 -> refused hold is settled_late
         release h1                           -> refused hold is settled_late",
    );
}

#[test]
fn after_a_charging_expiry_it_charges_the_difference() {
    check(
        "limit   tokens daily 100 day
         reserve h1 tokens 60 ttl=60 charge  @09:00
         reserve h2 tokens 30 ttl=60 charge
         sweep                               @09:01  -> expired h1 h2
         show    tokens                              -> used 90, 0 held
         settle  h1 tokens 50                @09:05  -> flagged late, wrote -10/+0, used 80
         settle  h2 tokens 35                        -> flagged excess late, wrote +5/+0, used 85
         hold    h1                                  -> settled_late, charged 50
         hold    h2                                  -> settled_late, charged 35",
    );
}

#[test]
fn a_late_settle_ends_the_hold_even_if_it_is_partial() {
    check(
        "reserve h1 tokens 60 ttl=60  @09:00
         settle  h1 tokens 5 partly   @09:01  -> flagged late, expired h1, settled_late, used 5
         settle  h1 tokens 5                  -> refused hold is settled_late",
    );
}

#[test]
fn an_expired_hold_is_neither_released_nor_extended() {
    check(
        "reserve h1 tokens 60 ttl=60  @09:00
         release h1                   @09:01  -> refused hold is expired, expired h1
         extend  h1 ttl=60                    -> refused hold is expired",
    );
}

#[test]
fn what_partial_settles_charged_is_not_headroom_of_the_late_one() {
    check(
        "reserve h1 tokens 100 ttl=60         @09:00
         settle  h1 tokens 60 partly                  -> used 60, 40 held
         sweep                                @09:01  -> expired h1
         settle  h1 tokens 41                         -> flagged excess late, used 101
         reserve h2 tokens 100 ttl=60 charge
         settle  h2 tokens 60 partly                  -> used 161
         sweep                                @09:02  -> expired h2
         settle  h2 tokens 40                         -> flagged late, wrote +0/+0, used 201",
    );
}

#[test]
fn a_late_settle_counts_where_the_hold_was_made() {
    check(
        "limit   tokens daily 100 day
         reserve h1 tokens 60 ttl=60  @03-10T23:59:30  -> until 03-11T00:00:30
         settle  h1 tokens 90         @03-11T08:00     -> flagged excess late, expired h1, counted 03-10T23:59:30, used 0, 100 left
         record  tokens 100 enforce                    -> used 100, warned daily 100%",
    );
}

#[test]
fn a_level_takes_back_only_what_is_still_there() {
    check(
        "reserve h1 storage 60 ttl=60 charge  @09:00
         sweep                                @09:01  -> expired h1
         record  storage -30                          -> used 30
         settle  h1 storage 20                        -> refused level below zero with 30
         settle  h1 storage 30                        -> flagged late, wrote -30/+0, used 0",
    );
}

#[test]
fn what_was_not_held_is_charged_late_too() {
    check(
        "reserve h1 tokens 60 ttl=60       @09:00
         settle  h1 tokens 5 minutes 7     @10:00  -> flagged unheld late, expired h1, used 5, used 7 of minutes",
    );
}
