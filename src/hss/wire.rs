//! An answer -> tasks, or how many there are. The one place where the API's units (milliseconds, minutes) turn into ours.
//!
//! Every field of the answer may be null or absent, enumerations may grow, numbers may be strange, and texts may be cut
//! or in another encoding: none of this costs the page. What cannot be a task is left out and counted. Only the known fields
//! are kept while the body is read, and of the list no more than was asked for.

use super::Statistics;
use super::json::{Any, Fields, Number, Object, Wanted, skip};
use super::task::Item;
use crate::cloud::repair;
use crate::model::observe::{Field, Note, Observe};
use crate::model::{ClockBase, CloudTime, Reason, Task, TaskType, Timestamp};
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess};
use serde_json::{Deserializer, Error};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// One answer of the task list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// When the cloud gave it, by its own clock.
    pub at: Timestamp,
    /// That clock's setting.
    pub base: ClockBase,
    /// `total_num`: how many tasks match, on all pages, if it says.
    pub total: Option<u64>,
    /// The tasks, in the order of the list, each once.
    pub tasks: Vec<Task>,
    /// How many places of the list the page covers: more than there are tasks if some were no tasks.
    pub listed: u32,
    /// What was odd about it.
    pub oddities: Oddities,
}

impl Page {
    /// Whether an answer to the question for one task counts it and does not show it: that says nothing of it. Any other
    /// total is not about the one task.
    pub fn says_nothing_of_one(&self) -> bool {
        self.listed == 0 && self.total == Some(1)
    }
}

/// What was odd about a page, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Oddities {
    /// Items that cannot be read, without a task id that can be used, or of another task type than was asked for.
    pub malformed: u64,
    /// Items whose task stands on the page already.
    pub duplicates: u64,
    /// Values that the API did not have when this was written.
    pub unknown_values: BTreeMap<Field, u64>,
}

impl Page {
    /// When the cloud gave it, with the setting of its clock.
    pub fn time(&self) -> CloudTime {
        CloudTime { at: self.at, base: self.base }
    }
}

impl Oddities {
    /// Tells the observer.
    pub fn report(&self, account: &str, observer: &dyn Observe) {
        if self.malformed > 0 {
            observer.note(Note::MalformedTasks { account, count: self.malformed });
        }
        if self.duplicates > 0 {
            observer.note(Note::DuplicateTasks { account, count: self.duplicates });
        }
        for (field, count) in &self.unknown_values {
            observer.note(Note::UnknownValues { field: *field, count: *count });
        }
    }

    /// Counts unknown values of a field.
    pub(super) fn unknown(&mut self, field: Field, count: u64) {
        if count > 0 {
            *self.unknown_values.entry(field).or_default() += count;
        }
    }
}

/// Reads the body of the statistics that were given at `at`.
///
/// # Errors
/// A sentence, if the body is not a JSON object with any of the fields.
pub fn statistics(body: &[u8], at: Timestamp) -> Result<Statistics, String> {
    let read = repair::read(body, |body| {
        let mut read = Said { known: false, statistics: Statistics { at, ..Statistics::default() } };
        object(body, &mut read).map(|is_object| is_object.then_some(read))
    })?;
    match read {
        None => Err(NO_OBJECT.to_owned()),
        Some(Said { known: false, .. }) => Err("the answer has neither `total_num` nor `running_num`".to_owned()),
        Some(Said { statistics, .. }) => Ok(statistics),
    }
}

/// Reads a body into something; whether it is an object.
fn object(body: &[u8], into: &mut impl Fields) -> Result<bool, Error> {
    let mut deserializer = Deserializer::from_slice(body);
    let is_object = Any(Object(into)).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(is_object)
}

/// What the statistics say, and whether they say anything that is known.
struct Said {
    known: bool,
    statistics: Statistics,
}

impl Fields for Said {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<(), A::Error> {
        let Statistics { total, running, newest, .. } = &mut self.statistics;
        match name {
            "total_num" => *total = value.next_value_seed(Any(Number))?,
            "running_num" => *running = value.next_value_seed(Any(Number))?,
            "last_task_start_time" => *newest = value.next_value_seed(Any(Number))?.and_then(moment),
            _ => return skip(value),
        }
        self.known = true;
        Ok(())
    }
}

/// Reads the body of an answer that was given at `at` to a question about at most `limit` tasks of `task_type`. The
/// clock's setting is for the caller to fill in.
///
/// # Errors
/// A sentence, if the body is not a JSON object with a task list, or if the list is longer.
pub fn page(body: &[u8], task_type: TaskType, limit: u32, at: Timestamp) -> Result<Page, (Reason, String)> {
    let decode = |why: String| (Reason::Decode, why);
    let (is_object, answer) = repair::read(body, |body| {
        let mut answer = Answer { total: None, list: List::None, tasks: Tasks::new(task_type, limit, at) };
        match object(body, &mut answer) {
            Err(_) if answer.tasks.too_many => Ok((true, answer)),
            read => read.map(|is_object| (is_object, answer)),
        }
    })
    .map_err(decode)?;
    let Answer { total, list, tasks: Tasks { listed, too_many, tasks, oddities, .. } } = answer;
    if too_many {
        return Err((Reason::TooLarge, format!("the answer holds more than the {limit} tasks that were asked for")));
    }
    match (is_object, list, total) {
        (false, ..) => Err(decode(NO_OBJECT.to_owned())),
        (_, List::Other, _) => Err(decode("`data_list` of the answer is not a list".to_owned())),
        (_, List::None, None) => Err(decode("the answer has neither `data_list` nor `total_num`".to_owned())),
        (_, _, total) => Ok(Page { at, base: ClockBase::default(), total: total.flatten(), tasks, listed, oddities }),
    }
}

const NO_OBJECT: &str = "the answer is not a JSON object";

/// An answer of the task list, as far as it has been read.
struct Answer {
    /// Whether the field was there, and what it said.
    total: Option<Option<u64>>,
    list: List,
    tasks: Tasks,
}

/// What the field of the list held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum List {
    /// It was null, or not there.
    None,
    Items,
    Other,
}

impl Fields for Answer {
    fn field<'de, A: MapAccess<'de>>(&mut self, name: &str, value: &mut A) -> Result<(), A::Error> {
        match name {
            "total_num" => self.total = Some(value.next_value_seed(Any(Number))?),
            "data_list" => {
                self.tasks = Tasks::new(self.tasks.task_type, self.tasks.limit, self.tasks.at);
                self.list = value.next_value_seed(Any(&mut self.tasks))?;
            }
            _ => skip(value)?,
        }
        Ok(())
    }
}

/// The tasks of a page, as far as they have been read.
struct Tasks {
    task_type: TaskType,
    limit: u32,
    at: Timestamp,
    listed: u32,
    /// There is another one beyond the limit.
    too_many: bool,
    tasks: Vec<Task>,
    /// Where in `tasks` each stands.
    places: HashMap<Arc<str>, usize>,
    /// Tasks of one schedule have one name: it is kept once for all of them on the page.
    names: HashSet<Arc<str>>,
    oddities: Oddities,
}

impl Tasks {
    fn new(task_type: TaskType, limit: u32, at: Timestamp) -> Self {
        Self {
            task_type,
            limit,
            at,
            listed: 0,
            too_many: false,
            tasks: Vec::new(),
            places: HashMap::new(),
            names: HashSet::new(),
            oddities: Oddities::default(),
        }
    }

    fn add(&mut self, item: &Item) {
        let Some(task) = item.task(self.at, &mut self.names, &mut self.oddities) else {
            self.oddities.malformed += 1;
            return;
        };
        match self.places.get(&task.id).and_then(|place| self.tasks.get_mut(*place)) {
            Some(twin) => {
                self.oddities.duplicates += 1;
                *twin = task;
            }
            None => {
                self.places.insert(Arc::clone(&task.id), self.tasks.len());
                self.tasks.push(task);
            }
        }
    }
}

impl<'de> Wanted<'de> for &mut Tasks {
    type Value = List;

    fn other(self) -> List {
        List::Other
    }

    fn null(self) -> List {
        List::None
    }

    fn list<A: SeqAccess<'de>>(self, mut items: A) -> Result<List, A::Error> {
        let mut item = Item::new(self.task_type);
        while self.listed < self.limit {
            item.clear();
            let Some(is_object) = items.next_element_seed(Any(Object(&mut item)))? else { return Ok(List::Items) };
            self.listed += 1;
            if is_object { self.add(&item) } else { self.oddities.malformed += 1 }
        }
        match items.next_element::<IgnoredAny>()? {
            None => Ok(List::Items),
            Some(_) => {
                self.too_many = true;
                Err(A::Error::custom("the list is too long"))
            }
        }
    }
}

/// A moment in milliseconds since the epoch. A waiting task may have none, or 0.
pub(super) fn moment(ms: u64) -> Option<Timestamp> {
    (ms > 0).then(|| Timestamp::new(Duration::from_millis(ms)))
}
