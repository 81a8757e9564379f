//! What a refusal does to an account, rule by rule.

#![cfg(test)]

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

fn failure() -> Arc<Failure> {
    let (tried, message) = (String::new(), "verify aksk signature fail".to_owned());
    let (status, request_id) = (Some(401), Some("r1".to_owned()));
    Arc::new(Failure { reason: Reason::Auth, tried, status, code: None, message, request_id, retry_after: None })
}

/// A turn that took no time.
fn end(breaker: &mut Breaker, project: &str, at: Duration, how: How) -> Change {
    end_of(breaker, project, at, at, how)
}

fn end_of(breaker: &mut Breaker, project: &str, began: Duration, at: Duration, how: How) -> Change {
    let (project, failure) = (project.into(), failure());
    let refusal = (how == How::Refused).then_some(&failure);
    breaker.ended(&Ended { project: &project, began, at, answered: how == How::Good, refusal })
}

#[derive(Clone, Copy, PartialEq)]
enum How {
    Good,
    Refused,
    Neither,
}

#[track_caller]
fn opens(change: Change) -> Opened {
    match change {
        Change::Opened(opened) => opened,
        other => panic!("{other:?}"),
    }
}

/// The projects of which a scope may be asked, if all are due.
fn asked<'a>(breaker: &Breaker, projects: &[&'a str], now: Duration) -> Vec<&'a str> {
    let scope = Clockwork { last_attempt: Some(now), last_turn: Some(now), ..Clockwork::new(MINUTE) };
    let scopes: Vec<_> = projects.iter().map(|id| (*id, scope)).collect();
    let admitted = breaker.admitted(&scopes, now);
    projects.iter().zip(admitted).filter(|(_, scope)| !scope.busy).map(|(id, _)| *id).collect()
}

#[test]
fn a_credential_that_never_worked_is_tried_after_five_minutes_and_ever_more_rarely() {
    let mut breaker = Breaker::default();
    assert_eq!(breaker.lanes(), 1);
    let mut now = MINUTE;
    for pause in [5, 10, 20, 40, 60, 60] {
        let opened = opens(end(&mut breaker, "a", now, How::Refused));
        assert_eq!(opened.until, now + pause * MINUTE);
        assert_eq!(opened.told(Timestamp::from_secs(0)).reason, Reason::Auth, "a first user sees the real reason");
        assert!(breaker.rests(opened.until - SECOND).is_some() && breaker.rests(opened.until).is_none());
        now = opened.until;
    }
    assert!(matches!(end(&mut breaker, "a", now, How::Good), Change::Closed));
    assert_eq!((breaker.lanes(), breaker.doubted()), (LANES, false));
    let opened = opens(end(&mut breaker, "a", now + SECOND, How::Refused));
    assert_eq!(opened.until, now + SECOND + PAUSE, "a new story begins with a short pause");
}

#[test]
fn who_is_not_asked_any_more_is_told_the_clouds_words_and_until_when() {
    let mut breaker = Breaker::default();
    end(&mut breaker, "a", MINUTE, How::Good);
    let told = opens(end(&mut breaker, "a", 2 * MINUTE, How::Refused)).told(Timestamp::from_secs(1_757_289_600));
    assert_eq!((told.reason, told.request_id.as_deref()), (Reason::Blocked, Some("r1")));
    let words = "nothing is asked before 2025-09-08T00:00:00Z, after this answer: verify aksk signature fail";
    assert_eq!(told.message, words);
}

#[test]
fn a_refusal_is_one_projects_affair_where_another_was_read_lately() {
    let mut breaker = Breaker::default();
    end(&mut breaker, "good", MINUTE, How::Good);
    assert!(matches!(end(&mut breaker, "bad", 2 * MINUTE, How::Refused), Change::None));
    assert_eq!(breaker.lanes(), 1, "one at a time from now on");
    end(&mut breaker, "good", 3 * MINUTE, How::Good);
    assert_eq!(breaker.lanes(), LANES);
    opens(end(&mut breaker, "bad", 13 * MINUTE, How::Refused));
}

#[test]
fn a_projects_own_good_answers_do_not_speak_for_it() {
    let mut breaker = Breaker::default();
    end(&mut breaker, "a", MINUTE, How::Good);
    opens(end(&mut breaker, "a", 2 * MINUTE, How::Refused));
}

#[test]
fn three_refusals_in_a_row_open_it_whoever_speaks_for_the_credential() {
    let mut breaker = Breaker::default();
    end(&mut breaker, "good", MINUTE, How::Good);
    end(&mut breaker, "bad", 2 * MINUTE, How::Refused);
    end(&mut breaker, "worse", 2 * MINUTE, How::Refused);
    assert_eq!(asked(&breaker, &["bad", "good", "new"], 3 * MINUTE), ["good"], "only who worked may be asked");
    assert_eq!(asked(&breaker, &["bad", "good", "new"], 12 * MINUTE), ["bad", "good", "new"], "long ago");
    opens(end(&mut breaker, "good", 3 * MINUTE, How::Refused));
}

#[test]
fn a_good_answer_that_was_on_its_way_before_the_refusal_does_not_end_the_row() {
    let mut breaker = Breaker::default();
    end(&mut breaker, "good", MINUTE, How::Good);
    end(&mut breaker, "bad", 2 * MINUTE, How::Refused);
    end_of(&mut breaker, "good", 2 * MINUTE - SECOND, 3 * MINUTE, How::Good);
    assert!(breaker.doubted());
    end_of(&mut breaker, "good", 2 * MINUTE + SECOND, 3 * MINUTE, How::Good);
    assert!(!breaker.doubted());
}

#[test]
fn projects_that_always_refuse_do_not_take_down_those_that_can_be_read() {
    let mut breaker = Breaker::default();
    let projects = ["p1", "p2", "p3", "good"];
    for minute in 1..60 {
        end(&mut breaker, "good", minute * MINUTE, How::Good);
        for second in 1..9 {
            let now = minute * MINUTE + second * SECOND;
            if let Some(bad) = asked(&breaker, &projects, now).into_iter().find(|project| *project != "good") {
                assert!(matches!(end(&mut breaker, bad, now, How::Refused), Change::None));
            }
        }
    }
}

#[test]
fn one_request_tries_another_project_first_and_one_that_says_nothing_is_made_again() {
    let mut breaker = Breaker::default();
    end(&mut breaker, "a", MINUTE, How::Good);
    let until = opens(end(&mut breaker, "b", 12 * MINUTE, How::Refused)).until;
    assert_eq!((breaker.lanes(), asked(&breaker, &["a", "b"], until)), (1, vec!["a"]));
    assert_eq!(asked(&breaker, &["b"], until), ["b"], "where there is no other");
    let again = opens(end(&mut breaker, "a", until, How::Neither));
    assert_eq!(again.until, until + AGAIN_AFTER);
    let vain = opens(end(&mut breaker, "a", again.until, How::Refused));
    assert_eq!((vain.until, asked(&breaker, &["a", "b"], vain.until)), (again.until + 2 * PAUSE, vec!["b"]));
}

#[test]
fn what_was_on_its_way_when_it_opened_neither_closes_it_nor_counts_as_a_try() {
    let mut breaker = Breaker::default();
    end(&mut breaker, "a", MINUTE, How::Good);
    opens(end(&mut breaker, "a", 2 * MINUTE, How::Refused));
    for how in [How::Good, How::Neither, How::Refused] {
        assert!(matches!(end_of(&mut breaker, "a", MINUTE, 3 * MINUTE, how), Change::StillOpen));
    }
    assert_eq!(breaker.rests(4 * MINUTE), Some(3 * MINUTE + PAUSE), "five minutes after the last refusal");
}

#[test]
fn another_credential_has_everything_before_it() {
    let mut breaker = Breaker::default();
    breaker.credential(1, Duration::ZERO);
    end(&mut breaker, "a", MINUTE, How::Good);
    end(&mut breaker, "a", 2 * MINUTE, How::Refused);
    assert!(!breaker.credential(1, 3 * MINUTE) && breaker.rests(3 * MINUTE).is_some());
    assert!(breaker.credential(2, 3 * MINUTE) && breaker.rests(3 * MINUTE).is_none());
    assert!(matches!(end_of(&mut breaker, "a", 2 * MINUTE, 4 * MINUTE, How::Refused), Change::None), "the old one's");
    assert!(matches!(end(&mut breaker, "a", 5 * MINUTE, How::Good), Change::Closed), "a request has succeeded");
}

#[test]
fn a_refusal_that_costs_nothing_is_a_doubt() {
    let mut breaker = Breaker::default();
    let project: Arc<str> = "a".into();
    let answered = |at: u64| Duration::from_secs(at);
    let turn = |began, at| Ended { project: &project, began, at, answered: true, refusal: None };
    breaker.ended(&turn(answered(1), answered(2)));
    assert_eq!(breaker.lanes(), LANES);
    (0..9).for_each(|_| breaker.doubt());
    assert!(breaker.rests(answered(3)).is_none());
    assert_eq!(breaker.lanes(), 1, "one request at a time");
    breaker.ended(&turn(answered(4), answered(5)));
    assert_eq!(breaker.lanes(), LANES);
}
