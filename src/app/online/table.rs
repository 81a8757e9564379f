//! The report for people: a row as it comes, and at the end what follows.

use super::report::{Outcome, Report, Row, Undivided};
use crate::config::Config;
use crate::model::plural::{counted, number};
use crate::model::{Failure, Reason};
use crate::refresh::forecast::Load;

/// Beyond this the operator should mend the clock, as the exporter's own warning has it.
const SKEWED: f64 = 300.0;

/// The layout: all targets are known before the first row.
pub(super) struct Table {
    width: usize,
}

impl Table {
    pub(super) fn of(config: &Config) -> Self {
        let watches = config.accounts.iter().flat_map(|account| &account.watches);
        let names = watches.map(|watch| watch.target.to_string().chars().count());
        Self { width: names.max().unwrap_or(0).max("target".len()) }
    }

    pub(super) fn head(&self) -> String {
        self.line(
            "target",
            "task type",
            ["reachable", "authorised", "tasks", "running", "ready", "finished"].map(str::to_owned),
        )
    }

    /// A row; below it, what went wrong.
    pub(super) fn row(&self, row: &Row) -> String {
        let (target, task_type) = (row.target.to_string(), row.task_type.as_str());
        let (reachable, authorised) = standing(&row.outcome);
        let numbers = match &row.outcome {
            Outcome::Read(counts) => [counts.total, counts.running, counts.ready, counts.finished()],
            Outcome::Failed(_) | Outcome::Spared(_) => [None; 4],
        };
        let [total, running, ready, finished] = numbers.map(|n| n.map_or_else(|| "-".to_owned(), |n| n.to_string()));
        let cells = [mark(reachable), mark(authorised), total, running, ready, finished];
        let line = self.line(&target, task_type, cells);
        match &row.outcome {
            Outcome::Read(_) => line,
            Outcome::Failed(failure) => format!("{line}  {failure}\n"),
            Outcome::Spared(_) => format!("{line}  not asked: it would only fail as above\n"),
        }
    }

    fn line(&self, target: &str, task_type: &str, cells: [String; 6]) -> String {
        let width = self.width;
        let [reachable, authorised, numbers @ ..] = cells;
        let numbers: String = numbers.iter().map(|number| format!("  {number:>8}")).collect();
        format!("{target:width$}  {task_type:12}  {reachable:9}  {authorised:10}{numbers}\n")
    }
}

/// Whether the cloud was reached, and whether it let us read; `None` where that is not known.
pub(super) fn standing(outcome: &Outcome) -> (Option<bool>, Option<bool>) {
    match outcome {
        Outcome::Read(_) => (Some(true), Some(true)),
        Outcome::Spared(_) => (None, None),
        Outcome::Failed(Failure { reason, status, .. }) => match (reason, status) {
            (Reason::Connect | Reason::Tls | Reason::Timeout, None) => (Some(false), None),
            (Reason::Auth | Reason::TokenExpired | Reason::Permission, status) => (status.map(|_| true), Some(false)),
            (_, Some(_)) => (Some(true), None),
            (_, None) => (None, None),
        },
    }
}

fn mark(known: Option<bool>) -> String {
    known.map_or("-", |yes| if yes { "yes" } else { "NO" }).to_owned()
}

/// What follows from the rows.
pub(super) fn conclusions(report: &Report) -> String {
    let mut lines = Vec::new();
    for (account, seconds) in &report.clocks {
        lines.push(("clock", clock(account, *seconds)));
    }
    lines.extend(report.undiscovered.iter().map(|failure| ("discovery", format!("FAILED: {failure}"))));
    lines.extend(report.undivided.iter().map(|undivided| ("divided", divided(undivided))));
    lines.extend(report.loads.iter().map(|load| ("requests", load_of(load))));
    let [least, most] = report.series;
    let series = if least == most { format!("{least}") } else { format!("{least} at least, {most} with the history") };
    lines.push(("series", format!("{series} on the page, as far as the newest tasks tell")));
    lines.push(("sent", sent(report)));
    let lines = lines.iter().map(|(what, said)| format!("{what:9} {said}\n"));
    format!("\n{}", lines.collect::<String>())
}

fn sent(report: &Report) -> String {
    let sign_in = match report.sign_in_requests {
        0 => String::new(),
        requests => format!(", and {} to sign in", number(requests)),
    };
    format!("{} to HSS{sign_in}", counted(report.requests, "request", "requests"))
}

fn clock(account: &str, seconds: f64) -> String {
    let (by, way) = (seconds.abs(), if seconds < 0.0 { "behind" } else { "ahead of" });
    let advice = if by > SKEWED { ": SET IT, beyond 15 minutes the cloud refuses every signature" } else { "" };
    format!("this machine's is {by:.0} s {way} the cloud's ({account}){advice}")
}

fn divided(Undivided { target, task_type, total, unwatched, alike }: &Undivided) -> String {
    let whose = format!("{}/{} {}", target.account, target.project.name, task_type.as_str());
    let said = match (total, unwatched) {
        _ if !alike.is_empty() => format!(
            "COUNTED TWICE: {} show the same tasks, because the cloud ignores the enterprise project here; watch \
             `enterprise_projects: all` in their place",
            alike.join(", ")
        ),
        (Err(failure), _) => format!("what is not watched is not known: {failure}"),
        (Ok(_), Some(0)) => "every enterprise project with tasks is watched".to_owned(),
        (Ok(_), Some(tasks)) => {
            format!("NOT WATCHED: enterprise projects with {}", counted(*tasks, "task", "tasks"))
        }
        (Ok(_), None) => "what is not watched is not known".to_owned(),
    };
    format!("{whose}: {said}")
}

fn load_of(load: &Load) -> String {
    let Load { endpoint, requests_per_refresh, requests_per_hour, budget_per_hour, interval, kept_interval, .. } = load;
    let kept = if kept_interval <= interval {
        format!("an interval of {} is kept", humantime::format_duration(*interval))
    } else {
        let kept = humantime::format_duration(std::time::Duration::from_secs(kept_interval.as_secs() + 1));
        format!("{} CANNOT BE KEPT, but {kept} can", humantime::format_duration(*interval))
    };
    format!(
        "{requests_per_refresh} a refresh, {requests_per_hour:.0} of {budget_per_hour:.0} an hour at {endpoint}, where nothing changes: {kept}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{EnterpriseProject, Project, Target, TaskType};
    use std::sync::Arc;
    use std::time::Duration;

    fn failed(reason: Reason, status: Option<u16>) -> Outcome {
        Outcome::Failed(Failure {
            reason,
            tried: String::new(),
            status,
            code: None,
            message: String::new(),
            request_id: None,
            retry_after: None,
        })
    }

    #[test]
    fn a_failure_says_how_far_the_request_came() {
        assert_eq!(standing(&failed(Reason::Connect, None)), (Some(false), None));
        assert_eq!(standing(&failed(Reason::Auth, Some(401))), (Some(true), Some(false)));
        // The secret's file is empty: nothing was sent.
        assert_eq!(standing(&failed(Reason::Auth, None)), (None, Some(false)));
        assert_eq!(standing(&failed(Reason::Server, Some(500))), (Some(true), None));
    }

    #[test]
    fn what_is_wrong_with_the_division_is_said_loudly() {
        let (id, name): (Arc<str>, Arc<str>) = ("p".into(), "payments".into());
        let target = Target {
            account: "prod".into(),
            project: Project { id, name },
            enterprise_project: EnterpriseProject::All,
            region: "r".into(),
        };
        let whole = Undivided {
            target: target.into(),
            task_type: TaskType::IacScan,
            total: Ok(Some(12)),
            unwatched: Some(0),
            alike: Vec::new(),
        };
        let said = divided(&whole);
        assert_eq!(said, "prod/payments iac_scan: every enterprise project with tasks is watched");
        assert!(
            divided(&Undivided { unwatched: Some(3), ..whole.clone() })
                .contains("NOT WATCHED: enterprise projects with 3 tasks")
        );
        assert!(divided(&Undivided { unwatched: Some(1), ..whole.clone() }).ends_with("projects with 1 task"));
        let twice = Undivided { alike: vec!["default".into(), "team".into()], ..whole };
        assert!(divided(&twice).contains("COUNTED TWICE: default, team show the same tasks"));
    }

    #[test]
    fn an_interval_that_cannot_be_kept_is_told_the_one_that_can() {
        let load = Load {
            endpoint: "https://hss.example.com".to_owned(),
            targets: 4,
            requests_per_refresh: 8,
            requests_per_hour: 295.0,
            budget_per_hour: 295.1,
            interval: Duration::from_secs(60),
            kept_interval: Duration::from_millis(97_600),
        };
        let said = load_of(&load);
        assert!(
            said.starts_with("8 a refresh, 295 of 295 an hour") && said.ends_with("1m CANNOT BE KEPT, but 1m 38s can"),
            "{said}"
        );
    }
}
