//! The targets of a project that are read together: who of them is, their turn, and what it leaves behind.

use super::ended::{Next, Read, is_refusal};
use super::{OwnScope, Slot, State, Work};
use crate::config::{SharedList, Watch};
use crate::model::{Applied, EnterpriseProject, Failure, Ledger, Target, Task, TaskType};
use crate::refresh::attribution::Strangers;
use crate::refresh::memory::Memory;
use crate::refresh::plan::Part;
use crate::refresh::walk::{self, Divided, Walked};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The scopes of a project that one undivided list shows.
pub(super) struct Project {
    /// All that the caller may see of the project.
    pub(super) all: Watch,
    task_type: TaskType,
    /// Their indexes.
    pub(super) scopes: Vec<usize>,
}

impl Work {
    /// Who is read by itself, and who with the others of its project.
    pub(super) fn arrange(&self, state: &mut State, now: Duration) {
        let State { slots, companies, .. } = state;
        for ((slot, project), company) in (self.scopes.len()..).zip(&self.projects).zip(companies) {
            let joined = company.joined(now);
            for (scope, joined) in project.scopes.iter().zip(&joined) {
                if let Some(Slot { clockwork, .. }) = slots.get_mut(*scope) {
                    clockwork.heads = !joined;
                }
            }
            if let Some(Slot { clockwork, .. }) = slots.get_mut(slot) {
                clockwork.heads = joined.contains(&true);
                // Who is not read together is counted together now and then.
                clockwork.reconcile_at = match clockwork.reconcile_at {
                    _ if clockwork.heads || !company.complete() => None,
                    at => at.or(Some(now)),
                };
            }
        }
    }

    pub(super) async fn turn_of_project(&self, index: usize, number: usize, part: Part) {
        let Some(project) = self.projects.get(number) else { return };
        let began = Instant::now();
        let memory = self.take_memory(index);
        let (mut strangers, joined) = {
            let mut state = self.state();
            let now = self.started.elapsed();
            let Some(company) = state.companies.get_mut(number) else { return };
            (std::mem::take(&mut company.strangers), company.joined(now))
        };
        let scopes: Vec<&OwnScope> = project.scopes.iter().filter_map(|scope| self.scopes.get(*scope)).collect();
        let task_type = project.task_type;
        let scopes_walked = scopes.iter().map(|scope| scope.as_walked(&|_, _| Applied::default())).collect();
        let walked = walk::Project { all: &project.all, scopes: scopes_walked, joined, task_type };
        if part == Part::Refresh && walked.joined.contains(&true) {
            let (ended, divided) = walk::walk_together(memory, &mut strangers, &walked, &self.tools(index)).await;
            self.give_back(number, strangers);
            self.project_ended(index, number, &walked.joined, ended, divided, began.elapsed());
        } else {
            let ended = walk::count_together(&mut strangers, &walked, &self.tools(index)).await;
            self.give_back(number, strangers);
            self.project_counted(index, number, memory, ended);
        }
    }

    fn give_back(&self, number: usize, strangers: Strangers) {
        if let Some(company) = self.state().companies.get_mut(number) {
            company.strangers = strangers;
        }
    }

    /// A scope's own list shows these tasks: its ledger is told what the project's list has shown of those that are new to it.
    pub(super) fn claim(&self, index: usize, ledger: &mut Ledger, tasks: &[Task]) -> Applied {
        let mut state = self.state();
        let mut companies = self.projects.iter().zip(&mut state.companies);
        let company = companies.find(|(project, _)| project.scopes.contains(&index)).map(|(_, company)| company);
        company.map(|company| company.strangers.claim(ledger, tasks)).unwrap_or_default()
    }

    pub(super) fn is_listed_together(&self, index: usize) -> bool {
        let now = self.started.elapsed();
        let state = self.state();
        let mut companies = self.projects.iter().zip(&state.companies);
        companies.any(|(project, company)| {
            project.scopes.iter().position(|scope| *scope == index).is_some_and(|member| company.lists_for(member, now))
        })
    }

    /// The targets of a project were read together.
    fn project_ended(
        &self,
        index: usize,
        number: usize,
        joined: &[bool],
        walked: Walked,
        divided: Divided,
        took: Duration,
    ) {
        let Some(project) = self.projects.get(number) else { return };
        let Walked { memory, requests, answered, doubted, failure, set_aside } = walked;
        let failure = failure.map(Arc::new);
        let unread = set_aside.map(|failure| (Part::History, Arc::new(failure)));
        // What a target could not read again by itself, this list does not make up for.
        let can: &[Part] = if failure.is_none() && memory.unfinished.is_none() { &[Part::History] } else { &[] };
        let now = (self.shared.clock)();
        let refused = failure.as_deref().filter(|failure| !divided.shown && is_refusal(failure.reason));
        self.turn_ended(index, Part::Refresh, memory, Next::default());
        if let Some(refused) = refused {
            self.fall_apart(number, project, refused);
            return self.judge(index, answered, None, &[], true);
        }
        let members =
            || (0..).zip(&project.scopes).zip(joined).filter(|(_, joined)| **joined).map(|(member, _)| member);
        for (place, (member, number)) in members().enumerate() {
            let Some(scope) = self.scopes.get(*number) else { continue };
            let own = divided.failed.get(&member).cloned().map(Arc::new);
            let requests = if place == 0 { requests } else { 0 };
            self.record(scope, &Read { now, failure: own.or_else(|| failure.clone()), took, requests });
            self.record_history(*number, scope, unread.clone(), can);
        }
        self.tell_project(number, project, requests, failure.as_deref(), &divided);
        let scopes: Vec<usize> = members().map(|(_, scope)| *scope).collect();
        self.judge(index, answered, failure, &scopes, true);
        self.doubt(doubted);
    }

    /// The tasks of a project were counted.
    fn project_counted(&self, index: usize, number: usize, memory: Memory, walked: Walked) {
        let Some(project) = self.projects.get(number) else { return };
        self.turn_ended(
            index,
            Part::Reconcile,
            memory,
            Next { history: false, reconcile_in: Some(self.shared.reconcile_every) },
        );
        if walked.failure.is_none() {
            self.count_unwatched(number, project);
        }
        self.judge(index, walked.answered, walked.failure.map(Arc::new), &[], false);
    }

    /// Lets the scope's project know how it was read by itself.
    pub(super) fn tell_company(
        &self,
        index: usize,
        part: Part,
        memory: &Memory,
        failure: Option<&Failure>,
        complete: bool,
    ) {
        let now = self.started.elapsed();
        let mut state = self.state();
        for (project, company) in self.projects.iter().zip(&mut state.companies) {
            let Some(member) = project.scopes.iter().position(|scope| *scope == index) else { continue };
            match (part, failure) {
                (_, Some(failure)) if is_refusal(failure.reason) => company.shut_out(member),
                (Part::Reconcile, None) if memory.surprised => company.left_out(member, now),
                (Part::Reconcile, None) => company.counted(member),
                (Part::Refresh | Part::History, None) => company.read_alone(member, complete),
                // A failure of the credential, the budget or the way says nothing of the member.
                (Part::Refresh | Part::History, Some(failure)) if !failure.reason.concerns_all() => {
                    company.could_not_be_read(member);
                }
                (_, Some(_)) => {}
            }
        }
    }

    pub(super) fn has_company(&self, index: usize) -> bool {
        self.projects.iter().any(|project| project.scopes.len() > 1 && project.scopes.contains(&index))
    }

    /// Lets the project know how its targets were read together.
    fn tell_project(
        &self,
        number: usize,
        project: &Project,
        requests: u64,
        failure: Option<&Failure>,
        divided: &Divided,
    ) {
        let totals = self.totals(project);
        let moment = self.started.elapsed();
        let mut state = self.state();
        let Some(company) = state.companies.get_mut(number) else { return };
        for member in &divided.left_out {
            company.left_out(*member, moment);
        }
        for member in divided.failed.keys() {
            company.shut_out(*member);
        }
        let to_count = match failure {
            None => company.refreshed(moment, requests, &totals).clone(),
            Some(_) => BTreeSet::new(),
        };
        if divided.ids_unheeded {
            company.refused(moment);
        }
        for scope in to_count.iter().filter_map(|member| project.scopes.get(*member)) {
            if let Some(slot) = state.slots.get_mut(*scope) {
                slot.clockwork.reconcile_at = Some(moment);
            }
        }
        drop(state);
        if failure.is_none() {
            self.count_unwatched(number, project);
        }
    }

    /// The undivided list may not be read: the project's targets are read one by one, at once.
    fn fall_apart(&self, number: usize, project: &Project, failure: &Failure) {
        tracing::info!(scope = %project.all.target, %failure, "its enterprise projects are read one by one");
        let moment = self.started.elapsed();
        let mut state = self.state();
        if let Some(company) = state.companies.get_mut(number) {
            company.refused(moment);
        }
        for scope in &project.scopes {
            if let Some(slot) = state.slots.get_mut(*scope) {
                slot.clockwork.last_attempt = None;
            }
        }
    }

    /// Writes on the board how many of the project's tasks no target covers: not known where its lists have different
    /// filters, because then none of them shows what the others do.
    fn count_unwatched(&self, number: usize, project: &Project) {
        let lists = || self.projects.iter().filter(|list| list.is_of_same_project(project));
        let totals: Vec<Option<u64>> = lists().flat_map(|list| self.totals(list)).collect();
        let unwatched = match lists().all(|list| list.all.filter == project.all.filter) {
            true => self.state().companies.get(number).and_then(|list| list.strangers.unwatched(totals.into_iter())),
            false => None,
        };
        // Entries may give the project different names.
        let named = lists().next().unwrap_or(project);
        let key = (Arc::clone(&named.all.target.project.name), project.task_type);
        self.shared.board.account(&self.name, |account| {
            match unwatched {
                Some(tasks) => account.unwatched.insert(key, tasks),
                None => account.unwatched.remove(&key),
            };
        });
    }

    /// How many tasks each target of a project has.
    fn totals(&self, project: &Project) -> Vec<Option<u64>> {
        let scopes = project.scopes.iter().filter_map(|scope| self.scopes.get(*scope));
        scopes.map(|scope| self.shared.board.write(scope.place, |book| book.ledger.total()).flatten()).collect()
    }
}

impl Project {
    /// Whether this is a list of the same project and task type; it may be the same list.
    fn is_of_same_project(&self, other: &Self) -> bool {
        self.task_type == other.task_type && self.all.target.project.id == other.all.target.project.id
    }
}

/// The scopes whose targets are single enterprise projects, by the list that shows them together.
pub(super) fn projects(scopes: &[OwnScope]) -> Vec<Project> {
    let mut projects: Vec<Project> = Vec::new();
    let mut numbers: HashMap<SharedList<'_>, usize> = HashMap::new();
    for (index, OwnScope { watch, task_type, .. }) in scopes.iter().enumerate() {
        if watch.target.enterprise_project == EnterpriseProject::All {
            continue;
        }
        let number = *numbers.entry(watch.shared_list(*task_type)).or_insert(projects.len());
        if number == projects.len() {
            let target = Target { enterprise_project: EnterpriseProject::All, ..(*watch.target).clone() };
            let all = Watch { target: Arc::new(target), ..(**watch).clone() };
            projects.push(Project { all, task_type: *task_type, scopes: Vec::new() });
        }
        if let Some(project) = projects.get_mut(number) {
            project.scopes.push(index);
        }
    }
    projects
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Loaded};
    use crate::refresh::account::scopes;

    /// Which targets share a list, for each list: `iac_scan 0 7`.
    #[track_caller]
    fn check(entries: &str, expected: &[&str]) {
        let text = format!("accounts: [{{ name: a, region: cn-north-4, projects: [{entries}] }}]");
        let environment = ["HUAWEICLOUD_SDK_AK", "HUAWEICLOUD_SDK_SK"].map(|name| (name.to_owned(), "x".to_owned()));
        let Ok(Loaded { config, .. }) = config::parse(&text, "test", &environment) else { panic!("{text}") };
        let watches = config.accounts.into_iter().flat_map(|account| account.watches).map(Arc::new);
        let scopes = scopes((0..).zip(watches));
        let lists: Vec<String> = projects(&scopes)
            .iter()
            .map(|list| {
                let members = list.scopes.iter().map(|scope| scopes[*scope].watch.target.enterprise_project.id());
                let members: Vec<&str> = members.collect();
                assert_eq!(list.all.target.enterprise_project, EnterpriseProject::All);
                format!("{} {}", list.task_type.as_str(), members.join(" "))
            })
            .collect();
        assert_eq!(lists, expected, "{entries}");
    }

    fn entry(ids: &str, settings: &str) -> String {
        format!("{{ id: p, types: [iac_scan], enterprise_projects: [{ids}]{settings} }}")
    }

    #[test]
    fn targets_of_one_project_that_are_configured_alike_share_a_list() {
        check(&entry("0, 7", ""), &["iac_scan 0 7"]);
        check("{ id: p, enterprise_projects: [0, 7] }", &["cluster_scan 0 7", "iac_scan 0 7"]);
        check(&format!("{}, {}", entry("0", ""), entry("7", ", interval: 5m")), &["iac_scan 0 7"]);
        check(
            "{ id: p, types: [iac_scan], enterprise_projects: [0] }, { id: q, enterprise_projects: [0] }",
            &["iac_scan 0", "cluster_scan 0", "iac_scan 0"],
        );
        check("{ id: p }", &[]);
    }

    #[test]
    fn targets_of_one_project_that_are_configured_differently_do_not_share_a_list() {
        for settings in [", interval: 10m", ", filter: { trigger_type: manual }", ", filter: { task_name: nightly }"] {
            let entries = format!("{}, {}, {}", entry("0, 1", ""), entry("7, 8", settings), entry("9", ""));
            check(&entries, &["iac_scan 0 1 9", "iac_scan 7 8"]);
        }
        // What is expected of the scans has nothing to do with how they are read.
        let expect = ", expect: [{ task_type: iac_scan, trigger_type: manual, every: 1h }]";
        check(&format!("{}, {}", entry("0", ""), entry("7", expect)), &["iac_scan 0 7"]);
    }
}
