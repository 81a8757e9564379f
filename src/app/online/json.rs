//! The report for programs: one object.

use super::report::{Outcome, Report, Row};
use super::table::standing;
use crate::config::Problem;
use crate::model::Failure;
use serde_json::{Value, json};

/// The report, on one line. Numbers that are not known are null.
pub(super) fn report(report: &Report, warnings: &[Problem]) -> String {
    let undivided = report.undivided.iter().map(|undivided| {
        json!({
            "account": *undivided.target.account,
            "project": *undivided.target.project.name,
            "task_type": undivided.task_type.as_str(),
            "tasks": undivided.total.as_ref().ok().copied().flatten(),
            "unwatched_tasks": undivided.unwatched,
            "counted_twice": undivided.alike,
            "failure": undivided.total.as_ref().err().map(failure),
        })
    });
    let clocks =
        report.clocks.iter().map(|(account, seconds)| json!({ "account": account, "clock_skew_seconds": seconds }));
    let endpoints = report.loads.iter().map(|load| {
        json!({
            "endpoint": load.endpoint,
            "targets": load.targets,
            "requests_per_refresh": load.requests_per_refresh,
            "requests_per_hour": load.requests_per_hour,
            "budget_per_hour": load.budget_per_hour,
            "interval_seconds": load.interval.as_secs_f64(),
            "kept_interval_seconds": load.kept_interval.as_secs_f64(),
        })
    });
    let [least, most] = report.series;
    let all = json!({
        "targets": report.rows.iter().map(row).collect::<Vec<_>>(),
        "undivided": undivided.collect::<Vec<_>>(),
        "accounts": clocks.collect::<Vec<_>>(),
        "endpoints": endpoints.collect::<Vec<_>>(),
        "undiscovered": report.undiscovered.iter().map(failure).collect::<Vec<_>>(),
        "series": { "least": least, "most": most },
        "requests_sent": report.requests + report.sign_in_requests,
        "warnings": warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
    });
    format!("{all}\n")
}

fn row(row: &Row) -> Value {
    let [account, project, enterprise_project] = row.target.labels();
    let (reachable, authorised) = standing(&row.outcome);
    let (asked, counts, failed) = match &row.outcome {
        Outcome::Read(counts) => (true, *counts, None),
        Outcome::Failed(failed) => (true, Default::default(), Some(failed)),
        Outcome::Spared(failed) => (false, Default::default(), Some(failed)),
    };
    json!({
        "account": account,
        "project": project,
        "enterprise_project": enterprise_project,
        "task_type": row.task_type.as_str(),
        "asked": asked,
        "reachable": reachable,
        "authorised": authorised,
        "tasks": { "total": counts.total, "running": counts.running, "ready": counts.ready, "finished": counts.finished() },
        "failure": failed.map(failure),
    })
}

fn failure(failure: &Failure) -> Value {
    json!({
        "reason": failure.reason.as_str(),
        "tried": failure.tried,
        "status": failure.status,
        "code": failure.code,
        "message": failure.message,
        "request_id": failure.request_id,
        "advice": failure.advice(),
    })
}
