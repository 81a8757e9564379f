//! Five wrong signatures lock a key. The breaker and the schedule, with turns under way side by side, against a cloud that
//! revokes the key at any moment: it never sees five refusals without a pause that is long enough to forget them.

#![cfg(test)]

use hss_exporter::model::{Failure, Reason};
use hss_exporter::refresh::breaker::{Breaker, Change, Ended};
use hss_exporter::refresh::schedule::{self, Clockwork, Next};
use proptest::prelude::*;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
/// So many refusals in a row lock a key, for so long.
const LOCK: (usize, Duration) = (5, Duration::from_secs(300));
/// A page takes no longer, waiting for the budget included.
const LONGEST_PAGE: Duration = Duration::from_secs(90);

#[derive(Clone, Debug)]
struct Story {
    seed: u64,
    /// The number of scopes of each project.
    projects: Vec<usize>,
    /// These projects refuse the credential always.
    refusing: Vec<bool>,
    interval: Duration,
    /// Between these moments the key is revoked.
    revoked: Range<Duration>,
    /// How many of a thousand requests are neither answered nor refused.
    lost: u64,
}

fn stories() -> impl Strategy<Value = Story> {
    let seconds = |range: Range<u64>| range.prop_map(Duration::from_secs);
    let projects = prop::collection::vec((1..5_usize, prop::bool::weighted(0.2)), 1..6);
    let lost = prop_oneof![Just(0), Just(100), Just(500)];
    (any::<u64>(), projects, seconds(1..1_000), seconds(0..3_600), seconds(0..30_000), lost).prop_map(
        |(seed, projects, interval, from, lasts, lost)| {
            let (projects, refusing) = projects.into_iter().unzip();
            Story { seed, projects, refusing, interval, revoked: from..from + lasts, lost }
        },
    )
}

/// What the cloud did with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Good,
    Refused,
    Lost,
}

/// A turn that is under way: its end is known, and what it will bring.
struct Turn {
    scope: usize,
    began: Duration,
    ends: Duration,
    answered: bool,
    refused: bool,
}

/// The account at work: the loop of `refresh`, on a clock of its own.
struct Work {
    story: Story,
    dice: fastrand::Rng,
    breaker: Breaker,
    /// The project of each scope.
    owners: Vec<usize>,
    ids: Vec<Arc<str>>,
    scopes: Vec<Clockwork>,
    turns: Vec<Turn>,
    now: Duration,
    /// What the cloud saw: when, from which project, and what it did.
    requests: Vec<(Duration, usize, Answer)>,
    opened: usize,
}

impl Work {
    fn new(story: Story) -> Self {
        let owners: Vec<usize> = story.projects.iter().enumerate().flat_map(|(i, n)| vec![i; *n]).collect();
        Self {
            dice: fastrand::Rng::with_seed(story.seed),
            breaker: Breaker::default(),
            ids: (0..story.projects.len()).map(|i| i.to_string().into()).collect(),
            scopes: vec![Clockwork::new(story.interval); owners.len()],
            owners,
            story,
            turns: Vec::new(),
            now: SECOND,
            requests: Vec::new(),
            opened: 0,
        }
    }

    fn run(&mut self, until: Duration) {
        while self.now < until {
            let wait = match self.next() {
                Next::Turn(scope, _) => {
                    self.begin(scope);
                    continue;
                }
                // It is looked again every now and then.
                Next::Wait(moment) => moment.min(self.now + MINUTE / 2),
                Next::Busy => Duration::MAX,
            };
            let first = self.turns.iter().map(|turn| turn.ends).min();
            let next = first.map_or(wait, |ends| ends.min(wait));
            assert!(next < Duration::MAX, "nobody is under way, and nobody is waited for");
            self.now = next.max(self.now + Duration::from_millis(1));
            self.end();
        }
    }

    fn next(&self) -> Next {
        if let Some(until) = self.breaker.rests(self.now) {
            return Next::Wait(until);
        }
        if self.turns.len() >= self.breaker.lanes() {
            return Next::Busy;
        }
        let scopes = self.owners.iter().zip(&self.scopes).map(|(owner, scope)| (&*self.ids[*owner], *scope));
        let scopes: Vec<_> = scopes.collect();
        schedule::next(&self.breaker.admitted(&scopes, self.now), self.now, 0)
    }

    /// A turn of some pages. The cloud sees each at some moment of its way.
    fn begin(&mut self, scope: usize) {
        let (owner, began) = (self.owners[scope], self.now);
        self.scopes[scope].busy = true;
        self.scopes[scope].last_attempt = Some(began);
        let (mut at, mut answered, mut refused) = (began, false, false);
        for _ in 0..self.dice.u32(1..4) {
            let mut way = || Duration::from_millis(self.dice.u64(0..LONGEST_PAGE.as_millis() as u64 / 2));
            let arrives = at + way();
            at = arrives + way();
            let answer = match () {
                () if self.story.refusing[owner] || self.story.revoked.contains(&arrives) => Answer::Refused,
                () if self.dice.u64(0..1000) < self.story.lost => Answer::Lost,
                () => Answer::Good,
            };
            self.requests.push((arrives, owner, answer));
            answered |= answer == Answer::Good;
            refused = answer == Answer::Refused;
            if answer != Answer::Good {
                break;
            }
        }
        self.turns.push(Turn { scope, began, ends: at, answered, refused });
    }

    fn end(&mut self) {
        let (ended, going): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.turns).into_iter().partition(|turn| turn.ends <= self.now);
        self.turns = going;
        for Turn { scope, began, answered, refused, .. } in ended {
            self.scopes[scope].busy = false;
            let failure = refused.then(|| Arc::new(failure()));
            let project = &self.ids[self.owners[scope]];
            let ended = Ended { project, began, at: self.now, answered, refusal: failure.as_ref() };
            match self.breaker.ended(&ended) {
                Change::Closed => self.scopes.iter_mut().for_each(|scope| scope.last_attempt = None),
                Change::Opened(_) => self.opened += 1,
                Change::None | Change::StillOpen => {}
            }
        }
    }

    /// The most refusals in a row, as the cloud counts them, with less than a lock's time between any two.
    fn most_refusals(&self) -> usize {
        let mut requests = self.requests.clone();
        requests.sort_by_key(|(at, ..)| *at);
        let (mut most, mut row, mut last) = (0, 0, None);
        for (at, _, answer) in requests {
            row = match answer {
                Answer::Lost => continue,
                Answer::Good => 0,
                Answer::Refused if last.is_none_or(|last| at < last + LOCK.1) => row + 1,
                Answer::Refused => 1,
            };
            last = Some(at).filter(|_| answer == Answer::Refused).or(last);
            most = most.max(row);
        }
        most
    }
}

fn failure() -> Failure {
    let text = String::new;
    let (reason, status) = (Reason::Auth, Some(401));
    Failure { reason, tried: text(), status, code: None, message: text(), request_id: None, retry_after: None }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn five_wrong_signatures_are_never_sent(story in stories()) {
        let mut work = Work::new(story.clone());
        // Until the longest pauses are over and each project has tried: whoever can be read was read again.
        let end = story.revoked.end + (2 + story.projects.len() as u32) * HOUR;
        work.run(end);
        prop_assert!(work.most_refusals() < LOCK.0, "{} refusals in a row", work.most_refusals());
        let well = story.refusing.iter().enumerate().filter(|(_, refuses)| story.lost == 0 && !**refuses);
        for (project, _) in well {
            let read = |(at, owner, answer): &(Duration, usize, Answer)| {
                *owner == project && *answer == Answer::Good && *at > story.revoked.end
            };
            prop_assert!(work.requests.iter().any(read), "project {} is never read again", project);
        }
    }

    #[test]
    fn projects_that_always_refuse_do_not_take_down_those_that_are_read_often(
        seed in any::<u64>(), good in 1..3_usize, refusing in 1..6_usize, seconds in 60..300_u64,
    ) {
        let projects = vec![1; good + refusing];
        let refuses = (0..good + refusing).map(|project| project >= good).collect();
        let revoked = Duration::MAX..Duration::MAX;
        let interval = Duration::from_secs(seconds);
        let mut work = Work::new(Story { seed, projects, refusing: refuses, interval, revoked, lost: 0 });
        work.run(12 * HOUR);
        prop_assert_eq!(work.opened, 0);
        let late = (0..good).map(|project| {
            let mut times: Vec<_> = work.requests.iter().filter(|(_, owner, _)| *owner == project).collect();
            times.sort_by_key(|(at, ..)| *at);
            times.windows(2).map(|pair| pair[1].0 - pair[0].0).max().unwrap_or(Duration::MAX)
        });
        prop_assert!(late.max().unwrap_or_default() < interval + 30 * MINUTE, "they are read all the time");
    }
}
