//! Idempotency keys: one effect and one answer, whatever happened in between.

use crate::book::check;

#[test]
fn a_repeated_command_gets_its_first_answer() {
    check(
        "limit   tokens daily 100 day
         record  tokens 60 key=a   @09:00  -> used 60, version 1
         record  tokens 30 key=b   @09:01  -> used 90, version 2
         record  tokens 60 key=a   @09:02  -> replayed, used 60, version 1
         show    tokens                    -> used 90",
    );
}

#[test]
fn a_key_stands_for_one_verb_target_and_body() {
    check(
        "reserve h1 tokens 60 key=a   -> open
         reserve h2 tokens 60         -> open
         reserve h3 tokens 61 key=a   -> refused key reused
         record  tokens 60 key=a      -> refused key reused
         settle  h1 tokens 5 key=s    -> settled
         settle  h2 tokens 5 key=s    -> refused key reused
         settle  h1 tokens 5 key=s    -> replayed, settled",
    );
}

#[test]
fn replay_comes_before_every_other_rule() {
    check(
        "limit   tokens daily 100 day
         record  tokens 100 enforce key=a            -> used 100, warned daily 100%
         record  tokens 100 enforce key=a            -> replayed, used 100
         limit   tokens daily 10 day
         record  tokens 100 enforce key=a            -> replayed, used 100
         record  tokens 0 key=a                      -> refused key reused
         record  nope 1 key=a                        -> refused key reused",
    );
}

#[test]
fn a_hold_is_replayed_even_after_it_has_ended() {
    check(
        "reserve h1 tokens 5 ttl=60 key=a  @09:00     -> open, 5 held, until 09:01
         settle  h1 tokens 3        key=b  @09:00:30  -> settled, used 3
         reserve h1 tokens 5 ttl=60 key=a  @09:10     -> replayed, settled, 5 held, until 09:01
         settle  h1 tokens 3        key=b  @09:10     -> replayed, used 3
         settle  h1 tokens 3        key=c  @09:10     -> refused hold is settled
         reserve h2 tokens 5 ttl=60 key=d  @09:10     -> open
         reserve h2 tokens 5 ttl=60 key=d  @09:11     -> replayed, until 09:11, expired h2
         release h2                 key=e  @09:12     -> refused hold is expired",
    );
}

#[test]
fn a_refused_command_is_judged_afresh() {
    check(
        "limit   tokens daily 100 day
         record  tokens 101 enforce key=a  @09:00        -> refused by daily
         limit   tokens daily 200 day
         record  tokens 101 enforce key=a  @09:01        -> used 101
         record  tokens 100 enforce key=b  @09:01        -> refused by daily
         record  tokens 99  enforce key=b  @09:01        -> used 200, warned daily 100%
         record  tokens 99  enforce key=b  @03-11T00:00  -> replayed, used 200
         record  tokens 0           key=c                -> refused zero
         record  tokens 1           key=c                -> used 1",
    );
}

#[test]
fn a_replay_shows_the_marks_and_fires_nothing() {
    check(
        "limit   tokens daily 100 day warn=50
         record  tokens 150 key=a  -> flagged overage, warned daily 50% daily 100%
         record  tokens 150 key=a  -> replayed, flagged overage, used 150",
    );
}

#[test]
fn a_sweep_that_found_nothing_keeps_no_key() {
    check(
        "sweep key=a              -> version 0
         reserve h1 tokens 1 key=a -> open",
    );
}
