//! What goes on in the simulated cloud: projects and their tasks, at a moment. Pure: time is handed in.
//!
//! A world is a function of its seed, its scenario, the moment it began and the moment it is looked at, and of the
//! edits that tests make to it.

mod answers;
mod edits;

use super::list::List;
use super::options::{Options, ReadyOrder, ReadyTimes};
use super::scenario::Plan;
use super::task::{Task, TaskId, TaskType};
use std::sync::Arc;

/// An enterprise project of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnterpriseProject {
    /// `0` is the default one.
    pub id: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

/// A project and all its tasks.
#[derive(Clone, Debug)]
pub struct Project {
    pub(super) number: u64,
    id: String,
    name: String,
    pub(super) enterprise_projects: Vec<EnterpriseProject>,
    clusters: List,
    iac: List,
}

impl Project {
    /// A project without tasks.
    pub(super) fn new(number: usize, id: String, name: String, enterprise_projects: Vec<EnterpriseProject>) -> Self {
        let (clusters, iac) = (List::default(), List::default());
        Self { number: number as u64, id, name, enterprise_projects, clusters, iac }
    }

    /// As requests name it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// As people name it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its enterprise projects.
    pub fn enterprise_projects(&self) -> &[EnterpriseProject] {
        &self.enterprise_projects
    }

    /// How many tasks of a type it has.
    pub fn len(&self, task_type: TaskType) -> usize {
        self.list(task_type).len()
    }

    fn list(&self, task_type: TaskType) -> &List {
        match task_type {
            TaskType::ClusterScan => &self.clusters,
            TaskType::IacScan => &self.iac,
        }
    }

    fn list_mut(&mut self, task_type: TaskType) -> &mut List {
        match task_type {
            TaskType::ClusterScan => &mut self.clusters,
            TaskType::IacScan => &mut self.iac,
        }
    }
}

/// All that goes on.
#[derive(Clone, Debug)]
pub struct World {
    plan: Plan,
    ready: ReadyOrder,
    ready_times: ReadyTimes,
    projects: Vec<Project>,
    now: u64,
    /// The last id given to an inserted task.
    last_id: u128,
}

impl World {
    /// The world that begins at `now`, milliseconds since the Unix epoch.
    pub fn new(options: &Options, now: u64) -> Self {
        let plan = Plan { scenario: options.scenario, seed: options.seed, tasks: options.tasks, born: now };
        let mut projects = plan.projects(options.projects);
        for project in &mut projects {
            let history = plan.history(project);
            let (clusters, iac) = history.into_iter().partition(|task| task.task_type() == TaskType::ClusterScan);
            (project.clusters, project.iac) = (List::new(clusters), List::new(iac));
        }
        let (ready, ready_times) = (options.ready, options.ready_times);
        Self { plan, ready, ready_times, projects, now, last_id: 0 }
    }

    /// Lets time pass until `now`. Time does not go back.
    pub fn advance(&mut self, now: u64) {
        for project in &mut self.projects {
            for task in self.plan.arrivals(project, self.now, now) {
                project.list_mut(task.task_type()).insert(task);
            }
        }
        self.now = self.now.max(now);
    }

    /// The moment to which time has passed.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// All projects.
    pub fn projects(&self) -> &[Project] {
        &self.projects
    }

    /// The task with that id.
    pub fn task(&self, id: TaskId) -> Option<&Task> {
        let lists = self.projects.iter().flat_map(|project| [&project.clusters, &project.iac]);
        lists.into_iter().find_map(|list| list.get(id))
    }
}

#[cfg(test)]
mod tests {
    use super::super::options::Scenario;
    use super::super::task::Status;
    use super::*;
    use proptest::prelude::*;

    const BORN: u64 = 1_757_300_000_000;
    const MINUTE: u64 = 60_000;

    fn world(scenario: Scenario) -> World {
        World::new(&Options { scenario, ..Options::default() }, BORN)
    }

    fn all(world: &World) -> Vec<Task> {
        let lists = world.projects.iter().flat_map(|project| [&project.clusters, &project.iac]);
        let order = |list: &'_ List| {
            list.in_order(world.now, ReadyOrder::Head, super::super::list::Direction::NewestFirst)
                .cloned()
                .collect::<Vec<_>>()
        };
        lists.into_iter().flat_map(order).collect()
    }

    #[test]
    fn a_quiet_world_has_the_history_asked_for_and_stands_still() {
        let mut world = world(Scenario::Quiet);
        let before = all(&world);
        assert_eq!(before.len(), 3 * 200);
        assert!(before.iter().all(|task| task.status(BORN) == Status::Finished));
        world.advance(BORN + 48 * 60 * MINUTE);
        assert_eq!(all(&world), before);
    }

    #[test]
    fn a_demo_shows_every_status_and_result_from_the_start() {
        let world = world(Scenario::Demo);
        let looks: Vec<_> = all(&world).iter().map(|task| task.looks(BORN)).collect();
        for status in [Status::Ready, Status::Running, Status::Finished] {
            assert!(looks.iter().any(|looks| looks.status == status), "{status:?}");
        }
        assert!(looks.iter().any(|looks| looks.success > 0 && looks.failed > 0));
        assert!(looks.iter().any(|looks| looks.success == 0 && looks.failed > 0));
    }

    #[test]
    fn something_moves_in_the_demo_every_two_minutes() {
        let mut world = world(Scenario::Demo);
        let statuses =
            |world: &World| all(world).iter().map(|task| (task.id, task.status(world.now))).collect::<Vec<_>>();
        for step in 1..60 {
            let before = statuses(&world);
            world.advance(BORN + step * 2 * MINUTE);
            assert_ne!(statuses(&world), before, "step {step}");
        }
    }

    #[test]
    fn the_scan_that_hangs_stands_still() {
        let mut world = world(Scenario::Demo);
        let hanging = |world: &World| {
            let name = super::super::task::Name::Text("hanging scan".into());
            all(world).into_iter().find(|task| task.name == name).unwrap().looks(world.now)
        };
        let before = hanging(&world);
        assert_eq!((before.status, before.estimate), (Status::Running, Some(12)));
        world.advance(BORN + 600 * MINUTE);
        assert_eq!(hanging(&world), before);
    }

    #[test]
    fn ids_are_there_once() {
        let mut world = world(Scenario::Demo);
        world.advance(BORN + 3 * 24 * 60 * MINUTE);
        let mut ids: Vec<_> = all(&world).iter().map(|task| task.id).collect();
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn every_history_fits_into_a_year() {
        let options = Options { scenario: Scenario::Quiet, projects: 1, tasks: 10_000, ..Options::default() };
        let tasks = all(&World::new(&options, BORN));
        assert_eq!(tasks.len(), 10_000);
        let oldest = tasks.iter().map(|task| task.start).min().unwrap();
        assert!(BORN - oldest < 367 * 24 * 60 * MINUTE);
    }

    proptest! {
        #[test]
        fn the_world_does_not_depend_on_the_steps_in_which_time_passes(
            steps in prop::collection::vec(0..90_u64, 0..12),
            seed: u64,
        ) {
            let options = Options { seed, tasks: 30, ..Options::default() };
            let (mut walked, mut jumped) = (World::new(&options, BORN), World::new(&options, BORN));
            let mut now = BORN;
            for step in steps {
                now += step * MINUTE;
                walked.advance(now);
            }
            jumped.advance(now);
            prop_assert_eq!(all(&walked), all(&jumped));
        }

        #[test]
        fn a_task_only_ever_gets_further(seed: u64, minutes in prop::collection::vec(0..2_000_u64, 1..10)) {
            let options = Options { seed, projects: 1, tasks: 20, ..Options::default() };
            let mut world = World::new(&options, BORN);
            world.advance(BORN + 60 * MINUTE);
            let mut minutes = minutes;
            minutes.sort_unstable();
            for task in all(&world) {
                let mut last = task.looks(task.created);
                for minute in &minutes {
                    let looks = task.looks(task.created + minute * MINUTE);
                    prop_assert!(looks.status >= last.status);
                    prop_assert!(looks.success >= last.success && looks.failed >= last.failed);
                    last = looks;
                }
            }
        }
    }
}
