//! What is made of the statistics, number by number.
#![cfg(test)]

use super::*;
use crate::hss::{KnownPages, LastPage, List, Paging};
use crate::model::{Counts, Ledger, Read, Scan, ScanTypes, Status, Task, Trigger};

const NOW: Timestamp = Timestamp::from_secs(1_750_000_000);
const MINUTE: Duration = Duration::from_secs(60);
const LIMIT: Duration = Duration::from_secs(15 * 60);

fn at(minutes: u32) -> Timestamp {
    NOW.plus(MINUTE * minutes)
}

fn task(id: &str, status: Status, start: Timestamp, end: Option<Timestamp>) -> Task {
    Task {
        id: id.into(),
        name: None,
        trigger: Trigger::Manual,
        status,
        start: (status != Status::Ready).then_some(start),
        end,
        estimated_remaining: None,
        scan: Scan::Cluster(ScanTypes::BENCHMARK),
        counts: Counts::Clusters { scanning: Some(0), success: Some(1), failed: Some(0) },
    }
}

/// A ledger whose window has been read, with one finished task, of three that there are.
fn ledger() -> Ledger {
    let mut ledger = Ledger::new(Duration::from_secs(7 * 24 * 3600));
    ledger.apply(NOW, vec![task("a", Status::Finished, NOW.minus(MINUTE * 9), Some(NOW.minus(MINUTE * 8)))]);
    ledger.count_total(Some(3));
    ledger.has_been_read(Read { down_to: Timestamp::default(), up_to: NOW });
    ledger
}

/// What true statistics of that ledger say.
fn truth() -> Statistics {
    Statistics { at: NOW, total: Some(3), running: Some(0), newest: Some(NOW.minus(MINUTE * 10)) }
}

fn memory() -> Memory {
    Memory { lists_read: Some(NOW), ..Memory::default() }
}

/// What is remembered after a head before which the statistics had said this.
fn after_a_head(said: Statistics) -> Memory {
    let mut memory = memory();
    assert_eq!(memory.trust.head_was_read(Some(said), &ledger(), NOW), Word::Kept);
    memory
}

#[test]
fn who_was_wrong_rests_for_longer_and_longer_and_a_right_alarm_is_forgiven() {
    let mut trust = Trust::default();
    let mut now = NOW;
    for hours in [1, 2, 4, 8, 16, 24, 24] {
        assert!(trust.may_be_asked(now));
        assert_eq!(trust.judge(5, 2, 2, now), Word::Refuted);
        let rest = Duration::from_secs(hours * 3600);
        assert!(!trust.may_be_asked(now.plus(rest).minus(MINUTE)), "{hours} h");
        now = now.plus(rest);
    }
    assert_eq!((trust.judge(1, 0, 1, now), trust.refuted()), (Word::Kept, 0));
    assert_eq!(trust.judge(0, 1, 1, now), Word::Refuted);
    assert!(trust.may_be_asked(now.plus(MINUTE * 60)));
}

#[track_caller]
fn check(said: u64, known: u64, listed: u64, word: Word) {
    assert_eq!(Trust::default().judge(said, known, listed, NOW), word, "said {said}, known {known}, listed {listed}");
}

#[test]
fn the_list_decides_who_was_nearer() {
    check(1, 0, 1, Word::Kept);
    check(0, 3, 0, Word::Kept);
    check(7, 0, 6, Word::Kept);
    check(1, 0, 0, Word::Refuted);
    check(0, 3, 3, Word::Refuted);
    check(5, 4, 3, Word::Refuted);
    check(5, 4, 6, Word::Refuted);
}

#[test]
fn after_a_failure_they_are_let_alone_for_an_hour() {
    let mut memory = after_a_head(truth());
    memory.trust.failed(NOW);
    assert!(!memory.trust.may_be_asked(at(59)) && memory.trust.may_be_asked(at(60)));
    assert!(!memory.trust.stands_in(&truth()), "and what they said before is forgotten");
}

#[test]
fn they_stand_in_as_long_as_they_say_the_same() {
    let mut memory = after_a_head(truth());
    assert!(may_stand_in(&memory, &ledger(), at(5), LIMIT) && memory.trust.stands_in(&truth()));
    for said in [
        Statistics { total: Some(4), ..truth() },
        Statistics { total: Some(2), ..truth() },
        Statistics { total: None, ..truth() },
        Statistics { running: Some(1), ..truth() },
        Statistics { running: None, ..truth() },
        Statistics { newest: Some(NOW), ..truth() },
        Statistics { newest: None, ..truth() },
    ] {
        assert!(!memory.trust.stands_in(&said), "{said:?}");
    }
}

#[test]
fn what_a_head_contradicts_or_does_not_confirm_stands_in_for_none() {
    for said in [
        Statistics { total: Some(4), ..truth() },
        Statistics { total: None, ..truth() },
        Statistics { running: Some(1), ..truth() },
        Statistics { running: None, ..truth() },
        Statistics { newest: None, ..truth() },
    ] {
        assert!(!after_a_head(said).trust.stands_in(&said), "{said:?}");
    }
}

#[test]
fn a_head_is_read_within_the_limit_however_often_they_stand_in() {
    let mut memory = after_a_head(truth());
    for minute in 1..15 {
        assert!(may_stand_in(&memory, &ledger(), at(minute), LIMIT));
        assert!(memory.trust.stands_in(&Statistics { at: at(minute), ..truth() }));
    }
    assert!(!may_stand_in(&memory, &ledger(), at(15), LIMIT));
    memory.trust.head_was_read(None, &ledger(), at(15));
    assert!(may_stand_in(&memory, &ledger(), at(29), LIMIT), "what they said still holds");
    assert!(!may_stand_in(&memory, &ledger(), at(60), LIMIT * 9), "the lists of the hour are due");
}

#[test]
fn they_do_not_stand_in_while_anything_may_happen_that_they_would_not_show() {
    let good = after_a_head(truth());
    assert!(may_stand_in(&good, &ledger(), at(1), LIMIT));
    assert!(may_stand_in(&memory(), &ledger(), at(1), LIMIT), "asked before a head, they may next time");
    for status in [Status::Ready, Status::Running, Status::Other] {
        let mut busy = ledger();
        busy.apply(at(1), vec![task("b", status, at(1), None)]);
        assert!(!may_stand_in(&good, &busy, at(1), LIMIT), "{status:?}");
    }
    let mut odd = ledger();
    let empty = Counts::Clusters { scanning: Some(1), success: Some(0), failed: Some(0) };
    odd.apply(at(2), vec![Task { counts: empty, ..task("b", Status::Finished, at(1), Some(at(2))) }]);
    assert!(!may_stand_in(&good, &odd, at(2), LIMIT), "its result may settle");
    let unread = Ledger::new(LIMIT);
    assert!(!may_stand_in(&good, &unread, at(1), LIMIT), "the window has not been read");
    let walk = Paging::new(List::All, &KnownPages::default(), LastPage::Verified);
    let begun = Memory { unfinished: Some(walk), ..good.clone() };
    assert!(!may_stand_in(&begun, &ledger(), at(1), LIMIT), "a walk was interrupted");
    let unlisted = Memory { lists_read: None, ..good.clone() };
    assert!(!may_stand_in(&unlisted, &ledger(), at(1), LIMIT), "what runs and waits has not been listed");
    let mut distrusted = good;
    distrusted.trust.judge(1, 0, 0, NOW);
    assert!(!may_stand_in(&distrusted, &ledger(), at(60), LIMIT), "not even when they may be asked again");
}

#[test]
fn a_head_that_shows_what_they_hid_refutes_them() {
    let run = |start, end: Option<Timestamp>| {
        let mut memory = after_a_head(truth());
        assert!(memory.trust.stands_in(&Statistics { at: at(10), ..truth() }));
        let mut ledger = ledger();
        let status = if end.is_some() { Status::Finished } else { Status::Running };
        ledger.apply(at(15), vec![task("b", status, start, end)]);
        memory.trust.head_was_read(None, &ledger, at(15))
    };
    assert_eq!(run(at(5), None), Word::Refuted);
    assert_eq!(run(at(5), Some(at(12))), Word::Refuted);
    assert_eq!(run(at(12), None), Word::Kept, "it began later");
    assert_eq!(run(at(5), Some(at(7))), Word::Kept, "one that runs again for a moment changes no number");
    assert_eq!(run(at(9).plus(MINUTE / 2), None), Word::Kept, "it began as they were asked");
}

#[test]
fn what_turns_an_account_away_holds_for_all_its_scopes_until_an_hour_or_the_credential_has_passed() {
    for reason in Reason::OF_REQUESTS {
        let mut pause = Pause::default();
        let time = |at| CloudTime { at, ..CloudTime::default() };
        assert!(!pause.lasts(time(NOW), 0));
        let of_all = ["auth", "token_expired", "throttled", "connect", "tls"].contains(&reason.as_str());
        assert_eq!(pause.failed(reason, time(NOW), 7), of_all, "{reason:?}");
        assert_eq!(pause.lasts(time(at(59)), 7), of_all);
        assert!(!pause.lasts(time(at(60)), 7) && !pause.lasts(time(at(1)), 8));
    }
}
