//! What tests change: tasks that come, start, end, run again, settle and go.

use super::super::task::{NEVER, Task, TaskId};
use super::{EnterpriseProject, Project, World};

impl World {
    /// Adds a task to a project, and says its id. Nothing happens if there is no such project.
    pub fn insert(&mut self, project: &str, task: Task) -> TaskId {
        let id = match task.id {
            TaskId(0) => {
                self.last_id = self.last_id.saturating_add(1);
                TaskId(self.last_id)
            }
            id => id,
        };
        if let Some(project) = self.projects.iter_mut().find(|other| other.id == project) {
            project.list_mut(task.task_type()).insert(Task { id, ..task });
        }
        id
    }

    /// Adds a project without tasks that has these enterprise projects, (id, name) each.
    pub fn add_project(&mut self, id: &str, name: &str, enterprise_projects: &[(&str, &str)]) {
        let enterprise_projects =
            enterprise_projects.iter().map(|(id, name)| EnterpriseProject { id: (*id).into(), name: (*name).into() });
        let enterprise_projects = enterprise_projects.collect();
        let number = self.projects.iter().map(|project| project.number + 1).max().unwrap_or_default();
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        self.projects.push(Project::new(number, id.to_owned(), name.to_owned(), enterprise_projects));
    }

    /// A project is gone, with all its tasks.
    pub fn remove_project(&mut self, id: &str) {
        self.projects.retain(|project| project.id != id);
    }

    /// Adds an enterprise project to all projects.
    pub fn add_enterprise_project(&mut self, id: &str, name: &str) {
        for project in &mut self.projects {
            project.enterprise_projects.push(EnterpriseProject { id: id.into(), name: name.into() });
        }
    }

    /// An enterprise project is gone from all projects. Its tasks stay, for those who ask for all of them.
    pub fn remove_enterprise_project(&mut self, id: &str) {
        for project in &mut self.projects {
            project.enterprise_projects.retain(|one| *one.id != *id);
        }
    }

    /// A task starts to run now, for the first time or again, and moves to the head of the list. It does not end by
    /// itself.
    pub fn start(&mut self, id: TaskId) -> bool {
        let now = self.now;
        self.change(id, |task| *task = task.clone().running(now, task.total()))
    }

    /// A task is finished now, with this result.
    pub fn finish(&mut self, id: TaskId, success: u32, failed: u32) -> bool {
        let now = self.now;
        self.change(id, |task| *task = task.clone().finished(task.start.min(now), now, success, failed))
    }

    /// A task has ended now, with nothing said of its clusters or files yet: all of them still seem to be scanned.
    pub fn finish_unsettled(&mut self, id: TaskId) -> bool {
        let now = self.now;
        self.change(id, |task| {
            let left = task.total();
            *task = Task { left, ..task.clone().finished(task.start.min(now), now, 0, 0) };
        })
    }

    /// The result of a task that has ended comes late, or is another one. Its times stay.
    pub fn settle(&mut self, id: TaskId, success: u32, failed: u32) -> bool {
        self.change(id, |task| *task = task.clone().finished(task.start, task.end, success, failed))
    }

    /// A task runs again, and stands where it stood in the list: its start stays.
    pub fn rerun_in_place(&mut self, id: TaskId) -> bool {
        let now = self.now;
        self.change(id, |task| *task = task.clone().running(task.start.min(now), task.total()))
    }

    /// A task is to run again: it is ready, and does not start by itself.
    pub fn retry(&mut self, id: TaskId) -> bool {
        self.change(id, |task| *task = task.clone().running(NEVER, task.total()))
    }

    /// A task is gone.
    pub fn delete(&mut self, id: TaskId) -> bool {
        self.take(id).is_some()
    }

    /// Changes anything about a task but its type. False if there is no such task.
    pub fn change(&mut self, id: TaskId, change: impl FnOnce(&mut Task)) -> bool {
        let Some((project, mut task)) = self.take(id) else { return false };
        change(&mut task);
        if let Some(project) = self.projects.get_mut(project) {
            project.list_mut(task.task_type()).insert(task);
        }
        true
    }

    /// Takes a task out, with the place of its project.
    fn take(&mut self, id: TaskId) -> Option<(usize, Task)> {
        self.projects.iter_mut().enumerate().find_map(|(place, project)| {
            let task = project.clusters.remove(id).or_else(|| project.iac.remove(id))?;
            Some((place, task))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::options::{Options, Scenario};
    use super::super::super::task::Status;
    use super::*;

    const BORN: u64 = 1_757_300_000_000;

    /// A world with one task that has ended.
    fn world() -> (World, TaskId) {
        let mut world = World::new(&Options { scenario: Scenario::Empty, ..Options::default() }, BORN);
        let project = world.projects()[0].id().to_owned();
        let id = world.insert(&project, Task::cluster(BORN).finished(BORN - 9, BORN - 5, 1, 2));
        (world, id)
    }

    fn status(world: &World, id: TaskId) -> Status {
        world.task(id).unwrap().status(world.now)
    }

    #[test]
    fn a_retried_task_is_ready_again_and_can_run_and_end_once_more() {
        let (mut world, id) = world();
        assert!(world.retry(id));
        assert_eq!(status(&world, id), Status::Ready);
        assert!(world.start(id));
        assert_eq!((status(&world, id), world.task(id).unwrap().left), (Status::Running, 3));
        world.advance(BORN + 7);
        assert!(world.finish(id, 3, 0));
        assert_eq!(world.task(id).unwrap().looks(world.now).end, Some(BORN + 7));
        assert!(world.delete(id));
        assert!(!world.delete(id));
    }

    #[test]
    fn a_task_can_run_again_at_the_head_or_where_it_stands() {
        let (mut world, id) = world();
        assert!(world.rerun_in_place(id));
        let task = world.task(id).unwrap();
        assert_eq!((task.status(BORN), task.start, task.left), (Status::Running, BORN - 9, 3));
        assert!(world.start(id));
        assert_eq!(world.task(id).unwrap().start, BORN);
    }

    #[test]
    fn a_result_can_settle_after_the_end() {
        let (mut world, id) = world();
        world.start(id);
        world.advance(BORN + 7);
        assert!(world.finish_unsettled(id));
        let looks = |world: &World| {
            let looks = world.task(id).unwrap().looks(world.now);
            (looks.status, looks.end, looks.scanning, looks.success, looks.failed)
        };
        assert_eq!(looks(&world), (Status::Finished, Some(BORN + 7), 3, 0, 0));
        world.advance(BORN + 60);
        assert!(world.settle(id, 2, 1));
        assert_eq!(looks(&world), (Status::Finished, Some(BORN + 7), 0, 2, 1));
    }
}
