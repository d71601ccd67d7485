//! Holds while they live: reserve, settle, partial settle, extend, release, expiry.

use crate::book::check;

#[test]
fn a_hold_is_settled_with_what_was_really_used() {
    check(
        "limit   tokens daily 1000 day
         reserve h1 tokens 300      @09:00  -> open, 300 held, 700 left, until 09:01
         settle  h1 tokens 150      @09:00  -> settled, wrote +150/-300, used 150, 0 held, 850 left
         hold    h1                         -> settled, reserved 300, holds 0, charged 150
         reserve h2 tokens 300              -> open
         settle  h2 tokens 0                -> settled, used 150
         reserve h3 tokens 300              -> open
         settle  h3                         -> settled, wrote +0/-300, used 150",
    );
}

#[test]
fn real_use_beyond_the_hold_is_charged_and_flagged() {
    check(
        "limit   tokens daily 100 day
         reserve h1 tokens 60   -> open
         settle  h1 tokens 60   -> settled, used 60
         reserve h2 tokens 40   -> open
         settle  h2 tokens 90   -> flagged excess, settled, used 150, 0 left, warned daily 100%",
    );
}

#[test]
fn a_resource_left_out_counts_nothing_and_one_not_held_is_charged() {
    check(
        "limit   tokens daily 100 day
         limit   minutes daily 10 day
         reserve h1 tokens 60 storage 5    -> open
         settle  h1 minutes 11             -> flagged unheld, wrote +0/-60 +0/-5 +11/+0 100%, used 11 of minutes, used 0 of tokens, warned daily 100%
         hold    h1                        -> settled, charged 11 of minutes, reserved 0 of minutes",
    );
}

#[test]
fn partial_settles_are_a_holds_progress() {
    check(
        "limit   tokens daily 100 day
         reserve h1 tokens 60             -> open, 40 left
         settle  h1 tokens 20 partly      -> open, wrote +20/-20, used 20, 40 held, 40 left
         settle  h1 tokens 0 partly       -> open, used 20, 40 held
         settle  h1 tokens 45 partly      -> flagged excess, open, wrote +45/-40, used 65, 0 held, 35 left
         hold    h1                       -> open, reserved 60, holds 0, charged 65
         settle  h1 tokens 5              -> flagged excess, settled, used 70
         settle  h1 tokens 5              -> refused hold is settled",
    );
}

#[test]
fn a_resource_that_was_not_held_stays_so_over_partial_settles() {
    check(
        "reserve h1 tokens 60                      -> open
         settle  h1 minutes 1 partly               -> flagged unheld, open
         settle  h1 minutes 1 tokens 5 partly      -> flagged unheld, open
         settle  h1 tokens 5                       -> settled, used 10 of tokens, used 2 of minutes",
    );
}

#[test]
fn release_gives_everything_back_once() {
    check(
        "limit   tokens daily 100 day
         reserve h1 tokens 60 minutes 5    -> open
         settle  h1 tokens 10 partly       -> used 10, 50 held
         release h1                        -> released, wrote +0/-50 +0/-5, used 10, 0 held, 90 left
         release h1                        -> refused hold is released
         settle  h1 tokens 5               -> refused hold is released
         extend  h1 tokens 5               -> refused hold is released
         release no                        -> refused no such hold
         settle  no tokens 5               -> refused no such hold
         extend  no tokens 5               -> refused no such hold",
    );
}

#[test]
fn an_extension_gives_time_and_headroom_or_nothing() {
    check(
        "limit   tokens daily 100 day
         reserve h1 tokens 60 ttl=60         @09:00     -> until 09:01
         extend  h1 ttl=60                   @09:00:30  -> open, until 09:01:30, wrote +0/+0, 60 held
         extend  h1 tokens 41 ttl=600        @09:00:31  -> refused by daily, 60 held, 40 left
         hold    h1                                     -> open, holds 60, until 09:01:30
         extend  h1 tokens 40 ttl=600        @09:00:31  -> open, until 09:10:31, 100 held, 0 left
         hold    h1                                     -> open, reserved 100, holds 100
         extend  h1 minutes 7 ttl=1          @09:00:32  -> open, until 09:10:31, 7 held of minutes
         settle  h1 tokens 100 minutes 7     @09:10:30  -> settled, used 100, warned daily 100%",
    );
}

#[test]
fn an_extension_never_shortens() {
    check(
        "reserve h1 tokens 1 ttl=3600  @09:00  -> until 10:00
         extend  h1 ttl=1              @09:10  -> until 10:00
         extend  h1 ttl=3600           @09:10  -> until 10:10",
    );
}

#[test]
fn a_hold_lives_for_a_day_at_most() {
    // Every 59 minutes another hour, until 22:40 hours have passed.
    let clock = |minutes: i64| {
        format!("@03-{}T{:02}:{:02}", 10 + minutes / 1440, minutes / 60 % 24, minutes % 60)
    };
    let extensions =
        (1..=23).map(|turn| format!("extend h1 ttl=3600 {}\n", clock(540 + 59 * turn)));
    let extensions: String = extensions.collect();
    check(&format!(
        "reserve h1 tokens 1 ttl=3600  @09:00
         {extensions}
         hold    h1                                      -> open, until 03-11T08:37
         extend  h1 ttl=3600    @03-11T08:00:01          -> refused hold life
         extend  h1 ttl=3599    @03-11T08:00:01          -> until 09:00
         extend  h1 ttl=1       @03-11T08:59:59          -> until 09:00
         extend  h1 ttl=1       @03-11T08:59:59.000001   -> refused hold life
         sweep                  @03-11T09:00             -> expired h1"
    ));
}

#[test]
fn a_hold_runs_out_at_its_end_and_not_before() {
    check(
        "limit   tokens daily 100 day
         reserve h1 tokens 60 ttl=60  @09:00            -> until 09:01
         sweep                        @09:00:59.999999
         reserve h2 tokens 60         @09:00:59.999999  -> refused by daily, 60 held
         reserve h2 tokens 60         @09:01            -> open, expired h1, 60 held, 40 left
         hold    h1                                     -> expired, holds 0, charged 0",
    );
}

#[test]
fn a_settle_on_the_tick_of_the_expiry_is_late() {
    check(
        "reserve h1 tokens 60 ttl=60  @09:00            -> open
         reserve h2 tokens 60 ttl=60                    -> open
         settle  h1 tokens 5          @09:00:59.999999  -> settled, used 5
         settle  h2 tokens 5          @09:01            -> flagged late, expired h2, settled_late, used 10",
    );
}

#[test]
fn holds_run_out_in_the_order_of_their_ends() {
    check(
        "reserve h1 tokens 1 ttl=30  @09:00
         reserve h2 tokens 1 ttl=10
         reserve h3 tokens 1 ttl=30
         reserve h4 tokens 1 ttl=31
         sweep                       @09:00:30 -> expired h2 h1 h3
         sweep                       @09:00:31 -> expired h4
         show    tokens                        -> used 0, 0 held",
    );
}

#[test]
fn a_hold_may_charge_what_it_holds_when_it_runs_out() {
    check(
        "limit   tokens daily 100 day warn=50
         reserve h1 tokens 60 ttl=60 charge @09:00     -> 60 held
         settle  h1 tokens 10 partly        @09:00:10  -> used 10, 50 held
         sweep                              @09:01     -> expired h1, warned daily 50%
         hold    h1                                    -> expired, charged 60, holds 0
         show    tokens                                -> used 60, 0 held",
    );
}
