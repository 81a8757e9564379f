//! The budget over hours of faults, with several accounts that ask as a call does: what it allowed is worked out again
//! from the log of what happened.

#![cfg(test)]

use super::*;
use crate::cloud::retry::Patience;
use crate::model::Reason;
use proptest::prelude::*;
use std::ops::ControlFlow;
use tokio::task::JoinSet;

const SECOND: Duration = Duration::from_secs(1);
const WINDOW: Duration = Duration::from_secs(61);
const PATIENT: Duration = Duration::from_secs(1 << 40);

fn budget(limit: u32) -> Arc<Budget> {
    Arc::new(Budget::new(Api::ListTasks, NonZeroU32::new(limit).unwrap(), Arc::new(())))
}

async fn permit(budget: &Arc<Budget>) -> (Permit, Duration) {
    let (permit, waited) = budget.permit(PATIENT).await.unwrap();
    (permit, waited.in_all)
}

fn failure(reason: Reason, retry_after: Option<Duration>) -> Failure {
    let (tried, message) = (String::new(), "limit:5,time:1 minute".to_owned());
    Failure { reason, tried, status: Some(429), code: None, message, request_id: None, retry_after }
}

#[tokio::test(start_paused = true)]
async fn the_sixth_of_five_waits_a_window() {
    let budget = budget(5);
    let start = Instant::now();
    for _ in 0..5 {
        assert_eq!(permit(&budget).await.1, Duration::ZERO);
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    let (_, waited) = permit(&budget).await;
    assert_eq!(waited, start.elapsed());
    // Tokio's timers are exact to the millisecond, never early.
    assert!(start.elapsed() >= WINDOW && start.elapsed() < WINDOW + SECOND);
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_was_given_up_has_used_its_permit() {
    let budget = budget(1);
    let start = Instant::now();
    let attempt = async {
        let _permit = permit(&budget).await;
        std::future::pending::<()>().await;
    };
    assert!(tokio::time::timeout(10 * SECOND, attempt).await.is_err());
    let _next = permit(&budget).await;
    assert!(start.elapsed() >= WINDOW + 10 * SECOND);
}

#[tokio::test(start_paused = true)]
async fn who_no_longer_waits_does_not_hold_up_the_others() {
    let budget = budget(1);
    let first = permit(&budget).await;
    let gone = tokio::time::timeout(SECOND, permit(&budget)).await;
    assert!(gone.is_err());
    let end = Instant::now();
    drop(first);
    let _second = permit(&budget).await;
    assert!(end.elapsed() >= WINDOW && end.elapsed() < WINDOW + SECOND);
}

#[tokio::test(start_paused = true)]
async fn permits_are_given_in_the_order_of_asking() {
    let budget = budget(2);
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = JoinSet::new();
    for number in 0..7 {
        let (budget, order) = (Arc::clone(&budget), Arc::clone(&order));
        tasks.spawn(async move {
            let asked = Instant::now();
            let (permit, waited) = permit(&budget).await;
            assert_eq!(waited, asked.elapsed(), "the time in the queue is part of the wait");
            order.lock().unwrap().push(number);
            tokio::time::sleep(SECOND).await;
            drop(permit);
        });
        tokio::task::yield_now().await;
    }
    tasks.join_all().await;
    assert_eq!(*order.lock().unwrap(), (0..7).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_waited_for_as_long_as_the_patience_lasts_and_not_asked_for_beyond_it() {
    let budget = budget(5);
    let start = Instant::now();
    permit(&budget).await.0.throttled(&failure(Reason::Throttled, Some(40 * SECOND)), 1.0);
    let impatient = budget.permit(39 * SECOND).await.err().unwrap();
    assert_eq!((impatient.left, start.elapsed()), (40 * SECOND, Duration::ZERO));
    assert_eq!(impatient.refusal.unwrap().message, "limit:5,time:1 minute");
    let (_, waited) = budget.permit(40 * SECOND).await.unwrap();
    assert_eq!((waited.pausing, start.elapsed()), (40 * SECOND, 40 * SECOND));
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_begins_while_somebody_waits_is_noticed_at_once() {
    let budget = budget(1);
    let running = permit(&budget).await.0;
    let waits = tokio::spawn({
        let budget = Arc::clone(&budget);
        async move { budget.permit(60 * SECOND).await.err().map(|paused| paused.left) }
    });
    tokio::time::sleep(10 * SECOND).await;
    let refused = Instant::now();
    running.throttled(&failure(Reason::Throttled, Some(300 * SECOND)), 1.0);
    assert_eq!(waits.await.unwrap(), Some(300 * SECOND));
    assert_eq!(refused.elapsed(), Duration::ZERO);
}

/// Takes down what accounts are told.
#[derive(Default)]
struct Told(Mutex<Vec<(String, u32)>>);

impl Observe for Told {
    fn note(&self, note: Note<'_>) {
        if let Note::Budget { account, requests_per_minute, .. } = note {
            self.0.lock().unwrap().push((account.to_owned(), requests_per_minute));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn all_who_share_a_budget_are_told_what_it_allows() {
    let told = Arc::new(Told::default());
    let observer: Arc<dyn Observe> = told.clone();
    let budget = Arc::new(Budget::new(Api::ListTasks, NonZeroU32::new(10).unwrap(), observer));
    let take = || std::mem::take(&mut *told.0.lock().unwrap());
    budget.join(&"a".into());
    budget.join(&"b".into());
    assert_eq!(take().last(), Some(&("b".to_owned(), 10)));
    permit(&budget).await.0.throttled(&failure(Reason::Throttled, Some(SECOND)), 1.0);
    assert_eq!(take(), [("a".to_owned(), 5), ("b".to_owned(), 5)]);
    tokio::time::sleep(181 * SECOND).await;
    permit(&budget).await.0.good();
    assert_eq!(take(), [("a".to_owned(), 8), ("b".to_owned(), 8)], "with the next request at the latest");
}

/// What the cloud does to an attempt.
#[derive(Clone, Copy, Debug)]
enum Act {
    Good,
    Throttled(Option<Duration>),
    Fails(Reason),
}

#[derive(Clone, Copy, Debug)]
struct Scene {
    act: Act,
    /// How long the attempt takes.
    takes: Duration,
    dice: f64,
}

fn scenes() -> impl Strategy<Value = Vec<Scene>> {
    let seconds = |range: std::ops::Range<u64>| range.prop_map(Duration::from_secs);
    let act = prop_oneof![
        5 => Just(Act::Good),
        1 => Just(Act::Throttled(None)),
        1 => seconds(0..90).prop_map(|asked| Act::Throttled(Some(asked))),
        1 => seconds(0..5000).prop_map(|asked| Act::Throttled(Some(asked))),
        1 => Just(Act::Fails(Reason::Server)),
        1 => Just(Act::Fails(Reason::Timeout)),
        1 => Just(Act::Fails(Reason::Permission)),
    ];
    let takes = prop_oneof![0..2_000_u64, 0..2_000_u64, 0..90_000_u64];
    let scene = (act, takes, 0.0..1.0_f64);
    let scene = scene.prop_map(|(act, takes, dice)| Scene { act, takes: Duration::from_millis(takes), dice });
    prop::collection::vec(scene, 1..150)
}

/// What happened, in order.
#[derive(Clone, Copy, Debug)]
enum Event {
    Begin { attempt: usize, at: Instant },
    End { attempt: usize, at: Instant, scene: Scene },
}

/// A cloud that acts its scenes, one an attempt, and is good for ever after.
struct Stage {
    budget: Arc<Budget>,
    scenes: Vec<Scene>,
    log: Mutex<Vec<Event>>,
}

impl Stage {
    /// One attempt. Breaks with whether the call is over well.
    async fn attempt(&self, patience: &mut Patience) -> ControlFlow<bool> {
        patience.attempt();
        let Ok((permit, waited)) = self.budget.permit(patience.left()).await else { return ControlFlow::Break(false) };
        patience.paused(waited.pausing);
        let (attempt, scene) = {
            let mut log = self.log.lock().unwrap();
            let attempt = log.iter().filter(|event| matches!(event, Event::Begin { .. })).count();
            log.push(Event::Begin { attempt, at: Instant::now() });
            let good = Scene { act: Act::Good, takes: SECOND, dice: 0.0 };
            (attempt, self.scenes.get(attempt).copied().unwrap_or(good))
        };
        tokio::time::sleep(scene.takes).await;
        self.log.lock().unwrap().push(Event::End { attempt, at: Instant::now(), scene });
        let failure = match scene.act {
            Act::Good => {
                permit.good();
                return ControlFlow::Break(true);
            }
            Act::Throttled(asked) => {
                let failure = failure(Reason::Throttled, asked);
                permit.throttled(&failure, scene.dice);
                failure
            }
            Act::Fails(reason) => {
                drop(permit);
                failure(reason, None)
            }
        };
        let Some(pause) = patience.pause_after(&failure, scene.dice) else { return ControlFlow::Break(false) };
        tokio::time::sleep(pause).await;
        ControlFlow::Continue(())
    }

    async fn call(&self) -> bool {
        let mut patience = Patience::new(NonZeroU32::new(4).unwrap());
        loop {
            if let ControlFlow::Break(well) = self.attempt(&mut patience).await {
                return well;
            }
        }
    }
}

/// Hours in which `callers` make calls, some seconds after one another, until the scenes are over and each has had a good
/// answer.
async fn hours(limit: u32, callers: usize, rest: Duration, scenes: Vec<Scene>) -> Vec<Event> {
    let stage = Arc::new(Stage { budget: budget(limit), scenes, log: Mutex::default() });
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let stage = Arc::clone(&stage);
        tasks.spawn(async move {
            loop {
                let well = stage.call().await;
                if well && stage.log.lock().unwrap().len() >= 2 * stage.scenes.len() {
                    break;
                }
                tokio::time::sleep(rest).await;
            }
        });
    }
    let patience = Duration::from_secs(300 * 86_400);
    tokio::time::timeout(patience, tasks.join_all()).await.expect("whoever waits gets a turn in the end");
    std::mem::take(&mut *stage.log.lock().unwrap())
}

/// The budget as its rules say it, worked out from the log: in permits, and slowly.
struct Reference {
    limit: f64,
    level: f64,
    resume: Option<Instant>,
    own_pause: f64,
    cuts: usize,
    /// How often the level had been halved when each attempt began, and when it ended.
    attempts: Vec<(usize, Option<Instant>)>,
}

impl Reference {
    fn level(&self, at: Instant) -> f64 {
        let grown = self.resume.map_or(0.0, |resume| at.saturating_duration_since(resume).as_secs_f64() / 600.0);
        (self.level + grown * self.limit).min(self.limit)
    }

    /// Whether what has happened next was allowed.
    fn check(&mut self, event: Event) -> Result<(), TestCaseError> {
        match event {
            Event::Begin { attempt, at } => {
                prop_assert_eq!(attempt, self.attempts.len());
                prop_assert!(self.resume.is_none_or(|resume| resume <= at), "nobody sends during a pause");
                self.attempts.push((self.cuts, None));
                // The server sees a request somewhere between its begin and its end.
                let recent = self.attempts.iter().filter(|(_, end)| end.is_none_or(|end| at < end + WINDOW)).count();
                prop_assert!(recent as f64 <= self.level(at) + 1e-6, "{} where {} are allowed", recent, self.level(at));
            }
            Event::End { attempt, at, scene } => {
                self.attempts[attempt].1 = Some(at);
                let news = self.attempts[attempt].0 == self.cuts;
                match scene.act {
                    Act::Good if news => self.own_pause = 5.0,
                    Act::Throttled(asked) => self.throttled(at, news, asked, scene.dice),
                    Act::Good | Act::Fails(_) => {}
                }
            }
        }
        Ok(())
    }

    fn throttled(&mut self, at: Instant, news: bool, asked: Option<Duration>, dice: f64) {
        let own = Duration::from_secs_f64(self.own_pause * f64::midpoint(1.0, dice));
        if news {
            self.level = (self.level(at) / 2.0).max(1.0);
            self.own_pause = (2.0 * self.own_pause).min(3600.0);
            self.cuts += 1;
        } else if asked.is_some() {
            self.level = self.level(at);
        } else {
            return;
        }
        let resume = at + asked.unwrap_or(own).min(Duration::from_secs(3600));
        self.resume = self.resume.max(Some(resume));
    }
}

/// The most moments that any window holds.
fn most_in_a_window(mut moments: Vec<Instant>) -> usize {
    moments.sort();
    let windows = moments.iter().enumerate();
    windows.map(|(i, from)| moments[i..].iter().take_while(|to| **to < *from + WINDOW).count()).max().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn no_window_holds_more_attempts_than_allowed_whatever_fails_and_whoever_asks(
        limit in 1..12_u32, callers in 1..10_usize, rest in 1..120_u64, scenes in scenes(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let log = runtime.block_on(hours(limit, callers, Duration::from_secs(rest), scenes));
        let begins = log.iter().filter_map(|event| match event {
            Event::Begin { at, .. } => Some(*at),
            Event::End { .. } => None,
        });
        prop_assert!(most_in_a_window(begins.collect()) <= limit as usize);
        let most = f64::from(limit);
        let mut reference =
            Reference { limit: most, level: most, resume: None, own_pause: 5.0, cuts: 0, attempts: Vec::new() };
        for event in log {
            reference.check(event)?;
        }
    }
}
