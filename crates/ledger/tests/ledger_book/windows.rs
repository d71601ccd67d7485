//! Windows at their boundaries, holds across them, and a clock that steps back.

use crate::book::check;

#[test]
fn an_hour_a_day_and_a_week_end_on_the_clock() {
    check(
        "limit   tokens hourly 10 hour
         limit   minutes daily 10 day
         limit   messages weekly 10 week
         record  tokens 10 enforce    @09:59:59.999999        -> warned hourly 100%, resets 10:00
         record  tokens 1 enforce     @09:59:59.999999        -> refused by hourly
         record  tokens 10 enforce    @10:00                  -> used 10, warned hourly 100%
         record  minutes 10 enforce   @23:59:59.999999        -> warned daily 100%, resets 03-11T00:00
         record  minutes 10 enforce   @03-11T00:00            -> used 10, warned daily 100%
         record  messages 10 enforce  @03-15T23:59:59.999999  -> warned weekly 100%, resets 03-16T00:00
         record  messages 1 enforce   @03-15T23:59:59.999999  -> refused by weekly
         record  messages 10 enforce  @03-16T00:00            -> used 10, warned weekly 100%",
    );
}

#[test]
fn a_month_is_a_calendar_month() {
    check(
        "limit   tokens monthly 10 month
         record  tokens 10 enforce  @2027-01-31T23:59:59  -> warned monthly 100%, resets 2027-02-01T00:00
         record  tokens 10 enforce  @2027-02-01T00:00     -> warned monthly 100%, resets 2027-03-01T00:00
         record  tokens 1 enforce   @2027-02-28T23:59:59  -> refused by monthly
         record  tokens 10 enforce  @2027-03-01T00:00     -> warned monthly 100%
         record  tokens 1 enforce   @2027-03-31T00:00     -> refused by monthly, until 2027-04-01T00:00
         record  tokens 10 enforce  @2028-02-01T00:00     -> warned monthly 100%
         record  tokens 1 enforce   @2028-02-29T12:00     -> refused by monthly, until 2028-03-01T00:00",
    );
}

#[test]
fn a_hold_belongs_to_the_window_of_its_reserve() {
    check(
        "limit   tokens daily 100 day
         reserve h1 tokens 80 ttl=3600    @03-10T23:30  -> 80 held, 20 left
         show    tokens                   @03-11T00:00  -> used 0, 0 held, 100 left
         settle  h1 tokens 10 partly      @03-11T00:05  -> counted 03-10T23:30, used 0, 0 held, 100 left
         extend  h1 tokens 21 ttl=3600                  -> refused by daily, used 10, 70 held, 20 left, until ever
         extend  h1 tokens 20 ttl=3600                  -> counted 03-10T23:30, 100 left
         record  tokens 100 enforce                     -> used 100, warned daily 100%
         settle  h1 tokens 90             @03-11T01:00  -> counted 03-10T23:30, used 100, warned daily 100%",
    );
}

#[test]
fn an_expiry_counts_in_the_window_of_the_reserve() {
    check(
        "limit   tokens daily 100 day
         reserve h1 tokens 80 ttl=3600 charge  @03-10T23:30
         record  tokens 100 enforce            @03-11T00:00  -> used 100, warned daily 100%
         sweep                                 @03-11T00:30  -> expired h1
         show    tokens                                      -> used 100, 0 held",
    );
}

#[test]
fn a_window_in_which_something_is_held_stays_open_and_closes_after() {
    check(
        "limit   tokens hourly 100 hour warn=90
         reserve h1 tokens 80 ttl=3600        @09:30
         extend  h1 ttl=3600                  @10:29
         extend  h1 ttl=3600                  @11:28
         record  tokens 100 enforce           @11:30  -> warned hourly 90% hourly 100%
         extend  h1 tokens 21 ttl=3600        @12:00  -> refused by hourly, used 0, 80 held, 20 left, until ever
         extend  h1 tokens 20 ttl=3600        @12:00  -> open
         settle  h1 tokens 90 partly          @12:01  -> used 0, warned hourly 90%
         settle  h1 tokens 10 partly          @12:02  -> warned hourly 100%
         # Nothing is held in the hour of 09:30 any more: it is closed, and more of it is refused.
         extend  h1 tokens 1                  @12:03  -> refused by hourly, used 0, 0 held, 0 left, until ever
         extend  h1 minutes 1                 @12:03  -> open
         settle  h1 tokens 5                  @12:04  -> flagged excess, settled, used 0, 100 left",
    );
}

#[test]
fn the_books_do_not_run_backwards_when_the_clock_does() {
    check(
        "limit   tokens daily 100 day
         record  tokens 60 enforce    @03-11T00:00:01  -> used 60
         record  tokens 41 enforce    @03-10T23:59     -> refused by daily, used 60, until 03-12T00:00
         record  tokens 40 enforce    @03-10T23:59     -> used 100, counted 03-11T00:00:01, warned daily 100%
         reserve h1 minutes 5 ttl=60  @03-10T12:00     -> open, until 03-11T00:01:01
         sweep                        @03-11T00:01
         sweep                        @03-11T00:01:01  -> expired h1",
    );
}

#[test]
fn long_silence_empties_every_window_but_the_last() {
    check(
        "limit   tokens hourly 10 hour
         limit   tokens ever 100 lifetime
         reserve h1 tokens 10 ttl=3600 charge  @09:00
         record  tokens 10 enforce             @2031-06-01T00:00  -> expired h1, used 10, by hourly, warned hourly 100% hourly 100%
         show    tokens ever                                      -> used 20, 80 left",
    );
}
