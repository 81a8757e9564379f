//! What goes wrong on purpose: a script of faults, each for the next requests that it is meant for.
//!
//! The first fault that is meant for a request and is not used up is the one that happens; it happens after the caller
//! was let in, in place of the answer or to it.

use super::log::{Api, LoggedRequest};
use super::refusal::Refusal;
use super::world::World;
use serde_json::Value;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// Something that goes wrong.
#[derive(Clone)]
pub struct Fault {
    what: What,
    headers: Vec<(String, String)>,
    api: Api,
    when: Arc<dyn Fn(&LoggedRequest) -> bool + Send + Sync>,
    /// `None`: until the script is cleared.
    left: Option<u32>,
}

/// How an answer is spoiled.
#[derive(Clone)]
pub(super) enum What {
    /// Another answer.
    Answer {
        status: u16,
        body: Vec<u8>,
    },
    Refuse(Refusal),
    /// The answer, changed.
    Rewrite(Arc<dyn Fn(&mut Value) + Send + Sync>),
    /// The answer that this world gives.
    Copy(Arc<World>),
    Broken,
    Late(Duration),
    Held(Hold),
    Slow {
        piece: usize,
        pause: Duration,
    },
    Cut,
    Reset,
    Compressed,
}

/// A fault happens to the next ListTasks request, whichever it is, if nothing else is said.
impl Fault {
    fn new(what: What) -> Self {
        Self { what, headers: Vec::new(), api: Api::ListTasks, when: Arc::new(|_| true), left: Some(1) }
    }

    /// Any other answer.
    pub fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Self {
        let fault = Self::new(What::Answer { status, body: body.into() });
        headers.iter().fold(fault, |fault, (name, value)| fault.with_header(name, value))
    }

    /// An error of the cloud; see [`Refusal::examples`].
    pub fn refuse(refusal: Refusal) -> Self {
        Self::new(What::Refuse(refusal))
    }

    /// A page of HTML, as a proxy answers in the cloud's place.
    pub fn html(status: u16) -> Self {
        Self::answer(status, &[("content-type", "text/html")], "<html><body><h1>Bad Gateway</h1></body></html>")
    }

    /// The true answer with any change to it.
    pub fn rewrite(change: impl Fn(&mut Value) + Send + Sync + 'static) -> Self {
        Self::new(What::Rewrite(Arc::new(change)))
    }

    /// This page instead of the true one, with status 200.
    pub fn page(page: Value) -> Self {
        Self::rewrite(move |answer| answer.clone_from(&page))
    }

    /// `total_num` is off by so much.
    pub fn total_off_by(by: i64) -> Self {
        Self::rewrite(move |page| {
            if let Some(total) = page.get_mut("total_num") {
                *total = total.as_i64().unwrap_or_default().saturating_add(by).into();
            }
        })
    }

    /// `total_num` is null.
    pub fn total_null() -> Self {
        Self::field("total_num", Value::Null)
    }

    /// The true answer, but for this field.
    pub fn field(name: &'static str, value: impl Into<Value>) -> Self {
        let value = value.into();
        Self::rewrite(move |answer| {
            if let Some(field) = answer.get_mut(name) {
                field.clone_from(&value);
            }
        })
    }

    /// The answer of an older copy of the world, as of the time of that copy.
    pub fn stale(copy: World) -> Self {
        Self::new(What::Copy(Arc::new(copy)))
    }

    /// These items stand on the page too, before the true ones. `total_num` stays.
    pub fn extra_items(items: Vec<Value>) -> Self {
        Self::rewrite(move |page| {
            if let Some(list) = page.get_mut("data_list").and_then(Value::as_array_mut) {
                list.splice(0..0, items.iter().cloned());
            }
        })
    }

    /// Every item stands on the page twice.
    pub fn duplicates() -> Self {
        Self::rewrite(|page| {
            if let Some(list) = page.get_mut("data_list").and_then(Value::as_array_mut) {
                *list = list.iter().flat_map(|item| [item.clone(), item.clone()]).collect();
            }
        })
    }

    /// The true answer comes so much later.
    pub fn late(by: Duration) -> Self {
        Self::new(What::Late(by))
    }

    /// The true answer waits until it is released.
    pub fn held(hold: &Hold) -> Self {
        Self::new(What::Held(hold.clone()))
    }

    /// The true answer's body comes in pieces of so many bytes, with pauses.
    pub fn slow_body(piece: usize, pause: Duration) -> Self {
        Self::new(What::Slow { piece: piece.max(1), pause })
    }

    /// Half of the true answer's body, as if it were the whole.
    pub fn broken_json() -> Self {
        Self::new(What::Broken)
    }

    /// Half of the true answer's body, then the connection ends.
    pub fn cut_body() -> Self {
        Self::new(What::Cut)
    }

    /// No answer: the connection is reset.
    pub fn reset() -> Self {
        Self::new(What::Reset)
    }

    /// The true answer, compressed, however short it is.
    pub fn compressed() -> Self {
        Self::new(What::Compressed)
    }

    /// This fault, with a header more in the answer, such as `Retry-After`.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// This fault, for so many requests.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { left: Some(times), ..self }
    }

    /// This fault, until the script is cleared.
    #[must_use]
    pub fn always(self) -> Self {
        Self { left: None, ..self }
    }

    /// This fault, for requests of that API.
    #[must_use]
    pub fn of_api(self, api: Api) -> Self {
        Self { api, ..self }
    }

    /// This fault, only for such requests. Said twice, both must hold.
    #[must_use]
    pub fn when(self, when: impl Fn(&LoggedRequest) -> bool + Send + Sync + 'static) -> Self {
        let before = self.when;
        Self { when: Arc::new(move |request| before(request) && when(request)), ..self }
    }

    /// This fault, only for that project.
    #[must_use]
    pub fn for_project(self, id: &str) -> Self {
        let id = id.to_owned();
        self.when(move |request| request.project == id)
    }

    /// This fault, only for requests that name that enterprise project.
    #[must_use]
    pub fn for_enterprise_project(self, id: &str) -> Self {
        let id = id.to_owned();
        self.when(move |request| request.enterprise_project == id)
    }

    /// This fault, only for that `task_type`.
    #[must_use]
    pub fn for_task_type(self, task_type: &str) -> Self {
        let task_type = task_type.to_owned();
        self.when(move |request| request.task_type() == task_type)
    }

    /// This fault, only at that `offset`.
    #[must_use]
    pub fn at_offset(self, offset: u64) -> Self {
        self.when(move |request| request.offset == offset)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fault(left: {:?})", self.left)
    }
}

/// Holds answers back until it is released.
#[derive(Clone, Debug)]
pub struct Hold(Arc<watch::Sender<bool>>);

impl Default for Hold {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Hold {
    /// Lets all held answers go, and those to come.
    pub fn release(&self) {
        self.0.send_replace(true);
    }

    pub(super) async fn released(&self) {
        // The sender lives as long as we do, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(|released| *released).await;
    }
}

/// What the header `Date` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DateHeader {
    /// The cloud's time.
    #[default]
    True,
    /// So many milliseconds more.
    Skewed(i64),
    /// Nothing: it is not there.
    Absent,
}

/// The script. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Script>>);

#[derive(Debug, Default)]
struct Script {
    faults: Vec<Fault>,
    date: DateHeader,
}

impl Faults {
    /// Adds a fault behind those that are there.
    pub fn push(&self, fault: Fault) {
        self.with(|script| script.faults.push(fault));
    }

    /// Sets what `Date` says from now on.
    pub fn date(&self, date: DateHeader) {
        self.with(|script| script.date = date);
    }

    /// From now on nothing goes wrong.
    pub fn clear(&self) {
        self.with(|script| *script = Script::default());
    }

    /// How many faults are not used up.
    pub fn pending(&self) -> usize {
        self.with(|script| script.faults.len())
    }

    pub(super) fn next(&self, request: &LoggedRequest) -> Option<(What, Vec<(String, String)>)> {
        self.with(|script| {
            let meant = |fault: &Fault| request.api == Some(fault.api) && (fault.when)(request);
            let place = script.faults.iter().position(meant)?;
            let fault = script.faults.get_mut(place)?;
            fault.left = fault.left.map(|left| left.saturating_sub(1));
            let happens = (fault.what.clone(), fault.headers.clone());
            if fault.left == Some(0) {
                script.faults.remove(place);
            }
            Some(happens)
        })
    }

    pub(super) fn date_header(&self) -> DateHeader {
        self.with(|script| script.date)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Script) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_happens_as_often_as_said_to_those_it_is_meant_for() {
        let faults = Faults::default();
        let request =
            |project: &str| LoggedRequest::read(0, &format!("/v5/{project}/common/tasks/batch-query"), "", b"");
        faults.push(Fault::reset().for_project("a").times(2));
        faults.push(Fault::cut_body().always());
        let next = |project| match faults.next(&request(project)) {
            Some((What::Reset, _)) => "reset",
            Some((What::Cut, _)) => "cut",
            _ => "nothing",
        };
        assert_eq!([next("b"), next("a"), next("a"), next("a")], ["cut", "reset", "reset", "cut"]);
        assert_eq!(faults.pending(), 1);
        let statistics = LoggedRequest::read(0, "/v5/a/common/task-statistics", "", b"");
        assert!(faults.next(&statistics).is_none(), "it is of another API");
        faults.push(Fault::reset().of_api(Api::ShowTaskStatistics));
        assert!(matches!(faults.next(&statistics), Some((What::Reset, _))));
        faults.clear();
        assert_eq!(next("a"), "nothing");
    }
}
