//! All tasks of one type of one project, kept in the order of their start.
//!
//! A list is never sorted for a request: what has started is the front of it, what is ready its end.

use super::options::ReadyOrder;
use super::task::{Task, TaskId};

/// Tasks by (planned start, id).
#[derive(Clone, Debug, Default)]
pub(super) struct List(Vec<Task>);

/// `sort_dir`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    OldestFirst,
    NewestFirst,
}

impl List {
    pub(super) fn new(mut tasks: Vec<Task>) -> Self {
        tasks.sort_by_key(key);
        Self(tasks)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn insert(&mut self, task: Task) {
        let at = self.0.partition_point(|other| key(other) < key(&task));
        self.0.insert(at, task);
    }

    pub(super) fn get(&self, id: TaskId) -> Option<&Task> {
        self.0.iter().find(|task| task.id == id)
    }

    pub(super) fn remove(&mut self, id: TaskId) -> Option<Task> {
        let at = self.0.iter().position(|task| task.id == id)?;
        Some(self.0.remove(at))
    }

    /// All tasks as a request at `now` lists them. Tasks with the same start stand by their ids.
    pub(super) fn in_order(
        &self,
        now: u64,
        ready: ReadyOrder,
        direction: Direction,
    ) -> Box<dyn Iterator<Item = &Task> + '_> {
        let (started, waiting) = self.0.split_at(self.0.partition_point(|task| task.start <= now));
        let mut waiting: Vec<&Task> = waiting.iter().collect();
        waiting.sort_by_key(|task| (task.created, task.id));
        match (ready, direction) {
            (ReadyOrder::Head, Direction::NewestFirst) => {
                Box::new(waiting.into_iter().rev().chain(started.iter().rev()))
            }
            (ReadyOrder::Head, Direction::OldestFirst) => Box::new(started.iter().chain(waiting)),
            (ReadyOrder::Tail, Direction::NewestFirst) => {
                Box::new(started.iter().rev().chain(waiting.into_iter().rev()))
            }
            (ReadyOrder::Tail, Direction::OldestFirst) => Box::new(waiting.into_iter().chain(started)),
            (ReadyOrder::Mixed, Direction::NewestFirst) => Box::new(Merge::of(
                started.iter().rev(),
                waiting.into_iter().rev(),
                |started: &Task, waiting: &Task| started.start >= waiting.created,
            )),
            (ReadyOrder::Mixed, Direction::OldestFirst) => {
                Box::new(Merge::of(started.iter(), waiting.into_iter(), |started: &Task, waiting: &Task| {
                    started.start < waiting.created
                }))
            }
        }
    }
}

fn key(task: &Task) -> (u64, TaskId) {
    (task.start, task.id)
}

/// Two sequences as one; `first` says whether the left one's next comes first.
struct Merge<L: Iterator, R: Iterator, F> {
    left: std::iter::Peekable<L>,
    right: std::iter::Peekable<R>,
    first: F,
}

impl<'a, L: Iterator<Item = &'a Task>, R: Iterator<Item = &'a Task>, F> Merge<L, R, F> {
    fn of(left: L, right: R, first: F) -> Self {
        Self { left: left.peekable(), right: right.peekable(), first }
    }
}

impl<'a, L, R, F> Iterator for Merge<L, R, F>
where
    L: Iterator<Item = &'a Task>,
    R: Iterator<Item = &'a Task>,
    F: Fn(&Task, &Task) -> bool,
{
    type Item = &'a Task;

    fn next(&mut self) -> Option<&'a Task> {
        match (self.left.peek(), self.right.peek()) {
            (Some(left), Some(right)) if !(self.first)(left, right) => self.right.next(),
            (Some(_), _) => self.left.next(),
            (None, _) => self.right.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ready: ReadyOrder, newest_first: &[u128]) {
        let task = |id, created, start| Task { id: TaskId(id), ..Task::cluster(created).running(start, 1) };
        // 1, 2 and 4 have started; 3 and 5 were made at 25 and 45 and are ready.
        let list = List::new(vec![task(5, 45, 99), task(1, 10, 10), task(3, 25, 98), task(4, 40, 40), task(2, 20, 20)]);
        let ids = |direction| list.in_order(50, ready, direction).map(|task| task.id.0).collect::<Vec<_>>();
        assert_eq!(ids(Direction::NewestFirst), newest_first);
        let oldest_first: Vec<u128> = newest_first.iter().rev().copied().collect();
        assert_eq!(ids(Direction::OldestFirst), oldest_first);
    }

    #[test]
    fn ready_tasks_stand_where_the_option_says() {
        check(ReadyOrder::Head, &[5, 3, 4, 2, 1]);
        check(ReadyOrder::Tail, &[4, 2, 1, 5, 3]);
        check(ReadyOrder::Mixed, &[5, 4, 3, 2, 1]);
    }
}
