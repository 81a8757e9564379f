//! What is known, and which labels follow.
#![cfg(test)]

use super::*;
use crate::config;

fn found(ones: &[(&str, &str)]) -> Vec<Found> {
    ones.iter().map(|(id, name)| Found { id: (*id).into(), name: (*name).into() }).collect()
}

#[track_caller]
fn check(roll: &Roll, expected: &[(&str, &str)]) {
    let labelled = roll.labelled(&Names::default());
    let labelled: Vec<(&str, &str)> = labelled.iter().map(|(id, label)| (&**id, &**label)).collect();
    assert_eq!(labelled, expected);
}

#[test]
fn only_three_good_discoveries_in_a_row_without_it_make_it_disappear() {
    let mut roll = Roll::default();
    assert!(!roll.is_known());
    roll.call(found(&[("1", "a"), ("2", "b")]));
    for _ in 0..2 {
        roll.call(found(&[("1", "a")]));
        check(&roll, &[("1", "a"), ("2", "b")]);
    }
    roll.call(found(&[("1", "a"), ("2", "b")]));
    for _ in 0..2 {
        roll.call(found(&[("1", "a")]));
        check(&roll, &[("1", "a"), ("2", "b")]);
    }
    roll.call(found(&[("1", "a")]));
    check(&roll, &[("1", "a")]);
}

#[test]
fn no_two_have_the_same_label() {
    let mut roll = Roll::default();
    roll.call(found(&[
        ("1", "a"),
        ("2", "a"),
        ("3", "1"),
        ("4", "all"),
        ("5", "d\n"),
        ("6", ""),
        ("7", "7"),
        ("8", "e"),
        ("9", "f\u{202e}"),
    ]));
    let own = ["1", "2", "3", "4", "5", "6", "7"].map(|id| (id, id));
    check(&roll, &[&own[..], &[("8", "e"), ("9", "9")]].concat());
}

#[test]
fn what_is_no_id_is_left_out() {
    let mut roll = Roll::default();
    roll.call(found(&[("all_granted_eps", "a"), ("", "b"), ("../x", "c"), ("0", "default")]));
    check(&roll, &[("0", "default")]);
}

#[test]
fn while_nothing_is_known_it_is_looked_again_soon_and_then_less_often() {
    let (minute, hour) = (Duration::from_secs(60), Duration::from_secs(3600));
    let wait = |known, failures, reason| Periods::default().wait(known, failures, reason);
    let waits: Vec<_> = (1..=8).map(|failures| wait(false, failures, Some(Reason::Server))).collect();
    assert_eq!(waits[..6], [1, 2, 4, 8, 16, 32].map(|n| n * minute));
    assert_eq!(waits[6..], [hour, hour]);
    assert_eq!(wait(false, 1, Some(Reason::Auth)), 5 * minute);
    assert_eq!(wait(true, 1, Some(Reason::Server)), hour);
    assert_eq!(wait(true, 0, None), hour);
}

/// An account that discovers the projects of its region.
fn account() -> Account {
    let text = "accounts: [{ name: prod, region: cn-north-4, projects: discover }]";
    let environment = ["HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK"].map(|name| (name.to_owned(), "x".to_owned()));
    config::parse(text, "test", &environment).unwrap().config.accounts.remove(0)
}

#[test]
fn where_there_are_too_many_those_that_are_watched_stay() {
    let mut rolls = Rolls::default();
    let ids: Vec<String> = (0..=MOST_TARGETS).map(|number| format!("{number:032}")).collect();
    rolls.projects.call(ids.iter().map(|id| Found { id: id.as_str().into(), name: id.as_str().into() }));
    let last = ids.last().unwrap();
    let has_last = |targets: &Targets| targets.watches.iter().any(|watch| *watch.target.project.id == **last);
    let first_look = rolls.targets(&account(), &BTreeSet::new());
    assert_eq!((first_look.watches.len(), first_look.left_out, has_last(&first_look)), (MOST_TARGETS, 1, false));
    let watched = BTreeSet::from([(last.as_str().into(), EnterpriseProject::All.id().into())]);
    let later = rolls.targets(&account(), &watched);
    assert_eq!((later.watches.len(), later.left_out, has_last(&later)), (MOST_TARGETS, 1, true));
}
