//! Whether an account's credential may be used now, and by whom: pure.
//!
//! Five wrong signatures in a row lock a key for five minutes. So a credential that the cloud refuses is not tried again at
//! once: the breaker opens, and nobody asks with it until one request has tried. Where another project was read with it
//! lately, the refusal is that one project's affair; but three in a row open it all the same. Until a credential has had a
//! good answer, and after a refusal until the next one, one turn is under way at a time.

#[cfg(test)]
mod tests;

use super::schedule::Clockwork;
use crate::model::{Failure, Reason, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// How many scopes of one account are refreshed at a time: one that hangs must not stop the others.
/// With more, a key that is revoked would be locked before the breaker opens.
const LANES: usize = 3;

/// So many refusals in a row, and nothing speaks for the credential any more.
const REFUSALS: usize = 3;

/// For how long a good answer speaks for a credential, if the cloud refuses it in another project.
const TRUST: Duration = Duration::from_secs(600);

/// How long nothing is asked, when the breaker opens; it doubles with each request that tries in vain.
const PAUSE: Duration = Duration::from_secs(300);

/// The doubling ends here.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// After a request that tried and was neither answered nor refused.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// What the breaker knows of a credential. Moments are counted from the start of the process.
#[derive(Debug, Default)]
pub struct Breaker {
    generation: u64,
    /// When this credential came into use.
    since: Duration,
    /// Whether it ever had a good answer.
    worked: bool,
    /// By its id.
    projects: HashMap<Arc<str>, Project>,
    /// Refusals in a row.
    refusals: usize,
    last_refused: Option<Duration>,
    open: Option<Open>,
    /// Whether it has opened, for this credential or the one before, and no request has succeeded since.
    blocked: bool,
}

#[derive(Debug, Default)]
struct Project {
    last_turn: Option<Duration>,
    last_good: Option<Duration>,
    /// Since then.
    refused: bool,
}

#[derive(Debug)]
struct Open {
    since: Duration,
    until: Duration,
    pause: Duration,
    failure: Arc<Failure>,
}

/// A turn that has ended.
#[derive(Clone, Debug)]
pub struct Ended<'a> {
    /// The id of the scope's project.
    pub project: &'a Arc<str>,
    /// When it was begun.
    pub began: Duration,
    /// When it ended.
    pub at: Duration,
    /// Whether it had a good answer.
    pub answered: bool,
    /// The answer that refused the credential, if one did.
    pub refusal: Option<&'a Arc<Failure>>,
}

/// What a turn's end has changed.
#[derive(Clone, Debug)]
pub enum Change {
    /// Nothing: each scope speaks for itself.
    None,
    /// Nothing: the breaker was open, and stays so.
    StillOpen,
    /// The breaker has opened, or a request has tried in vain.
    Opened(Opened),
    /// The credential is good, and was not before.
    Closed,
}

/// An open breaker.
#[derive(Clone, Debug)]
pub struct Opened {
    /// Nothing is asked before this moment.
    pub until: Duration,
    failure: Arc<Failure>,
    worked: bool,
}

impl Breaker {
    /// Takes note at `now` of which credential is in use. Another one than before has everything before it. Answers whether
    /// it takes the place of one that was refused: then nobody has to wait any longer.
    pub fn credential(&mut self, generation: u64, now: Duration) -> bool {
        let mended = self.generation != generation && self.doubted();
        if self.generation != generation {
            *self = Self { generation, since: now, blocked: self.blocked, ..Self::default() };
        }
        mended
    }

    /// Whether the credential was refused, and had no good answer since.
    pub fn doubted(&self) -> bool {
        self.refusals > 0 || self.open.is_some()
    }

    /// Until when nothing may be asked, if it is so.
    pub fn rests(&self, now: Duration) -> Option<Duration> {
        self.open.as_ref().map(|open| open.until).filter(|until| now < *until)
    }

    /// How many turns may be under way at once.
    pub fn lanes(&self) -> usize {
        if self.worked && !self.doubted() { LANES } else { 1 }
    }

    /// The schedule's view of the account's scopes, each with its project's id: whom the credential's standing keeps from
    /// being asked is busy.
    ///
    /// Of projects that were not read lately or were refused since, two at most may be asked before another is read: those
    /// that always refuse must not open the breaker for those that can be read. While it is open, the project whose last
    /// turn is longest ago is due, and tries whether the credential is good again.
    pub fn admitted(&self, scopes: &[(&str, Clockwork)], now: Duration) -> Vec<Clockwork> {
        let works = |id: &str| self.projects.get(id).is_some_and(|project| project.works(now));
        let under_way = scopes.iter().filter(|(_, scope)| scope.busy);
        let doubtful = under_way.clone().filter(|(id, _)| !works(id)).count();
        let last_turn = |id: &str| self.projects.get(id).and_then(|project| project.last_turn);
        let longest_ago = scopes.iter().map(|(id, _)| last_turn(id)).min();
        let wanted = |id: &str| match &self.open {
            Some(_) => Some(last_turn(id)) == longest_ago,
            None => works(id) || doubtful + self.refusals < REFUSALS - 1,
        };
        // Where nobody is wanted, anybody has to do.
        let choice = under_way.count() > 0 || scopes.iter().any(|(id, _)| wanted(id));
        let view = |(id, scope): &(&str, Clockwork)| Clockwork {
            busy: scope.busy || (choice && !wanted(id)),
            interval: if self.open.is_some() { Duration::from_nanos(1) } else { scope.interval },
            ..*scope
        };
        scopes.iter().map(view).collect()
    }

    /// Takes note of a turn's end. A turn from before the credential changed says nothing of the new one.
    pub fn ended(&mut self, turn: &Ended<'_>) -> Change {
        if turn.began < self.since {
            return self.unchanged();
        }
        self.projects.entry(Arc::clone(turn.project)).or_default().last_turn = Some(turn.at);
        let closed = turn.answered && self.good(turn);
        match turn.refusal {
            Some(failure) => match self.refused(turn, failure) {
                Change::None if closed => Change::Closed,
                change => change,
            },
            None if closed => Change::Closed,
            None => match self.open.as_mut().filter(|open| open.since < turn.began && !turn.answered) {
                // It tried, and knows no more than before.
                Some(open) => {
                    open.until = open.until.max(turn.at + AGAIN_AFTER);
                    self.opened()
                }
                None => self.unchanged(),
            },
        }
    }

    /// An answer ends the row of refusals only if it was asked for after the last one. Answers whether the credential was
    /// not good before.
    fn good(&mut self, turn: &Ended<'_>) -> bool {
        self.worked = true;
        let project = self.projects.entry(Arc::clone(turn.project)).or_default();
        *project = Project { last_good: Some(turn.at), refused: false, ..*project };
        if self.last_refused.is_some_and(|refused| turn.began <= refused) {
            return false;
        }
        self.refusals = 0;
        self.open = None;
        std::mem::take(&mut self.blocked)
    }

    fn refused(&mut self, turn: &Ended<'_>, failure: &Arc<Failure>) -> Change {
        self.refusals = self.refusals.saturating_add(1);
        self.last_refused = Some(turn.at);
        self.projects.entry(Arc::clone(turn.project)).or_default().refused = true;
        let mut others = self.projects.iter().filter(|(id, _)| *id != turn.project);
        let trusted = self.refusals < REFUSALS && others.any(|(_, project)| project.worked_lately(turn.at));
        let (since, pause) = match &mut self.open {
            None if trusted => return Change::None,
            None => (turn.at, PAUSE),
            // It was on its way when the breaker opened.
            Some(open) if turn.began <= open.since => {
                open.until = open.until.max(turn.at + open.pause);
                return Change::StillOpen;
            }
            Some(open) => (open.since, open.pause.saturating_mul(2).min(LONGEST_PAUSE)),
        };
        self.open = Some(Open { since, until: turn.at + pause, pause, failure: Arc::clone(failure) });
        self.blocked = true;
        self.opened()
    }

    /// The credential was refused where nothing depended on it: that opens nothing by itself, and adds to what does.
    pub const fn doubt(&mut self) {
        self.refusals = self.refusals.saturating_add(1);
    }

    const fn unchanged(&self) -> Change {
        if self.open.is_some() { Change::StillOpen } else { Change::None }
    }

    fn opened(&self) -> Change {
        self.open.as_ref().map_or(Change::None, |Open { until, failure, .. }| {
            Change::Opened(Opened { until: *until, failure: Arc::clone(failure), worked: self.worked })
        })
    }
}

impl Project {
    fn worked_lately(&self, now: Duration) -> bool {
        self.last_good.is_some_and(|good| now.saturating_sub(good) < TRUST)
    }

    fn works(&self, now: Duration) -> bool {
        self.worked_lately(now) && !self.refused
    }
}

impl Opened {
    /// What is said of the scopes that are not asked until then. Whoever uses a credential for the first time sees the
    /// cloud's own answer everywhere.
    pub fn told(&self, until: Timestamp) -> Arc<Failure> {
        if !self.worked {
            return Arc::clone(&self.failure);
        }
        let until = humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + until.as_date().since_epoch());
        let message = format!("nothing is asked before {until}, after this answer: {}", self.failure.message);
        Arc::new(Failure { reason: Reason::Blocked, message, ..(*self.failure).clone() })
    }
}
