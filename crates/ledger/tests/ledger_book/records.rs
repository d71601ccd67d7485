//! Records: facts and questions, corrections of flows, levels, and when use occurred.

use crate::book::check;

#[test]
fn what_has_happened_is_never_refused_for_quota() {
    check(
        "limit   tokens daily 100 day
         record  tokens 90           -> used 90, 10 left
         record  tokens 20 enforce   -> refused by daily
         record  tokens 20           -> flagged overage, used 110, 0 left, warned daily 100%
         reserve h1 tokens 1         -> refused by daily, used 110, 0 left",
    );
}

#[test]
fn a_fact_counts_holds_when_it_is_flagged() {
    check(
        "limit   tokens daily 100 day
         reserve h1 tokens 60   -> open
         record  tokens 40      -> used 40, 0 left
         record  tokens 1       -> flagged overage, used 41, 0 left",
    );
}

#[test]
fn a_correction_counts_in_the_window_of_what_it_corrects() {
    check(
        "limit   tokens daily 100 day
         record  tokens 80 as=e1         @03-10T23:00  -> used 80
         record  tokens 10               @03-11T01:00  -> used 10
         record  tokens -30 corrects=e1  @03-11T02:00  -> wrote -30/+0, counted 03-10T23:00, used 10, 90 left
         show    tokens daily                          -> used 10
         record  tokens -30 corrects=e1  @03-11T02:01  -> used 10
         record  tokens -21 corrects=e1                -> refused only 20 to correct
         record  tokens -20 corrects=e1                -> used 10
         record  tokens -1 corrects=e1                 -> refused only 0 to correct",
    );
}

#[test]
fn a_correction_frees_room_in_the_current_window() {
    check(
        "limit   tokens daily 100 day
         record  tokens 100 as=e1        -> used 100, warned daily 100%
         record  tokens 1 enforce        -> refused by daily
         record  tokens -40 corrects=e1  -> used 60, 40 left
         record  tokens 40 enforce       -> used 100, 0 left",
    );
}

#[test]
fn a_correction_names_an_entry_that_charged_its_resource() {
    check(
        "record  tokens 5 as=e1          -> used 5
         reserve h1 tokens 5 as=r1       -> open
         settle  h1 tokens 7 as=s1       -> flagged excess, used 12
         record  tokens -1               -> refused corrects nothing
         record  tokens -1 corrects=no   -> refused corrects unknown
         record  tokens -1 corrects=r1   -> refused corrects unknown
         record  minutes -1 corrects=e1  -> refused corrects unknown
         record  tokens 1 corrects=e1    -> refused corrects misplaced
         record  tokens -2 corrects=e1 as=c1 -> used 10
         record  tokens -1 corrects=c1   -> refused corrects unknown
         record  tokens -8 corrects=s1   -> refused only 7 to correct
         record  tokens -7 corrects=s1   -> used 3",
    );
}

#[test]
fn what_an_expiry_charged_is_put_right_by_the_late_settle_only() {
    check(
        "reserve h1 tokens 100 charge ttl=60  @09:00
         sweep   as=x1                        @09:01  -> expired h1
         record  tokens -100 corrects=x1              -> refused corrects unknown
         settle  h1 tokens 20 as=s1                   -> flagged late, used 20
         record  tokens -1 corrects=s1                -> refused corrects unknown",
    );
}

#[test]
fn an_entry_of_zero_is_for_memory_alone() {
    check(
        "limit   storage most 100 lifetime
         record  storage 101                           -> flagged overage, used 101, warned most 100%
         record  storage 0                             -> refused zero
         record  storage 0 from=memory enforce key=k   -> used 101, 0 left
         record  storage 0 from=memory enforce key=k   -> replayed",
    );
}

#[test]
fn a_level_goes_up_and_down_but_no_part_below_zero() {
    check(
        "limit   storage bytes 100 lifetime
         record  storage 60                        -> used 60, 40 left, resets ever
         record  storage 30 from=memory            -> used 90, 10 left
         record  storage -61                       -> refused level below zero with 60
         record  storage -31 from=memory           -> refused level below zero with 30
         record  storage -60                       -> used 30, 70 left
         record  storage -1                        -> refused level below zero with 0
         show    storage                           -> api 0, memory 30
         record  storage -30 from=memory           -> used 0, 100 left
         record  storage -1 corrects=e1            -> refused corrects misplaced
         record  storage 1 corrects=e1             -> refused corrects misplaced",
    );
}

#[test]
fn a_level_lasts_over_every_boundary() {
    check(
        "limit   storage bytes 100 lifetime
         record  storage 100 enforce @2026-12-31T23:59:59 -> 0 left, warned bytes 100%
         record  storage 1 enforce   @2027-01-01T00:00    -> refused by bytes, until ever, used 100
         record  storage -1 enforce                       -> used 99
         record  storage 1 enforce                        -> used 100, 0 left",
    );
}

#[test]
fn giving_back_is_never_refused_for_quota_and_never_flagged() {
    check(
        "limit   storage bytes 10 lifetime
         record  storage 50          -> flagged overage, used 50, warned bytes 100%
         record  storage -1 enforce  -> used 49, 0 left
         record  storage -9          -> used 40",
    );
}

#[test]
fn use_occurred_within_bounds_and_late_use_is_flagged() {
    check(
        "limit   tokens daily 100 day
         record  tokens 1 occurred=09:05:00.000001               -> refused occurred at
         record  tokens 1 occurred=09:05                         -> used 1, occurred 09:05, counted 09:00
         record  tokens 1 occurred=2025-02-03T08:59:59.999999    -> refused occurred at
         record  tokens 1 occurred=2025-02-03T09:00              -> flagged late, used 2, counted 09:00, occurred 2025-02-03T09:00
         record  tokens 1 occurred=03-10T00:00                   -> used 3
         record  tokens 1 occurred=03-09T23:59:59.999999         -> flagged late, used 4
         # Counted by when it was recorded: the day before yesterday is never judged again.
         record  tokens 97 enforce occurred=03-08T12:00          -> refused by daily, used 4
         record  tokens 96 enforce occurred=03-08T12:00          -> flagged late, used 100, warned daily 100%",
    );
}
