//! The catalogue: every family of metrics, once. The page, `docs/metrics.md` and the instruments are made from it, and a
//! metric's name is spelled nowhere else.
//!
//! Names and labels are what users' alerts hang on: to change one is to break them. On the page the families stand in this
//! order: first what is read off the snapshot, then what is taken at the scrape.

use super::family::Instrument::{
    ApiAttempts, ApiBlocked, ApiBudget, ApiBudgetWait, ApiErrors, ApiRequestDuration, ApiRetries, BuildInfo, ClockSkew,
    CredentialExpiry, DatesDistrusted, DiscoveryErrors, DiscoveryLastSuccess, DuplicateTasks, LogMessages,
    LogMessagesDropped, MalformedTasks, PageRereads, StatisticsDistrusted, UnknownValues,
};
use super::family::Kind::{Counter, Gauge, Histogram, Info, Summary};
use super::family::Section::{Events, Exporter, Latest, PerTask, Targets, Tasks};
use super::family::Source::{Account, Exemplified, Instrument, Page, Target};
use super::family::{Family, Kind, Section, Source, Stability};
use super::sources::{exporter, facts, live, targets, task};

/// The labels that name a target, and those that follow.
macro_rules! of_target {
    ($($more:literal),*) => { &["account", "project", "enterprise_project" $(, $more)*] };
}

/// What is read from the cloud says how old it is: it is read in the background, not at the scrape.
macro_rules! read {
    ($($rule:literal)+) => { concat!($($rule,)+ age!()) };
}

macro_rules! age {
    () => {
        " (as old as hss_target_last_success_timestamp_seconds tells)."
    };
}

/// How the help text ends of what is read from the cloud.
pub(super) const AGE: &str = age!();

/// Every family, in the order of the page.
#[rustfmt::skip] // A row reads as a row.
pub static CATALOG: &[Family] = &[
    row("hss_target_info", Info, of_target!["region", "project_id", "enterprise_project_id"], Targets, Target(targets::info),
        "What is watched: the region of the account, and the project_id and enterprise_project_id that requests carry, always 1."),
    row("hss_target_up", Gauge, of_target!["task_type"], Targets, Target(targets::up),
        "Whether the last refresh, which reads ListTasks in the background, succeeded (1), or failed or is not tried (0); absent before the first one ended."),
    row("hss_target_down_reason", Gauge, of_target!["task_type", "reason"], Targets, Target(targets::down_reason),
        "Why the last refresh failed, or why none is tried (blocked): 1 for that one reason while hss_target_up is 0, absent otherwise."),
    row("hss_target_last_success_timestamp_seconds", Gauge, of_target!["task_type"], Targets, Target(targets::last_success),
        "When the data shown was read from ListTasks, or known from its statistics to be unchanged: at the last refresh that succeeded."),
    row("hss_target_last_attempt_timestamp_seconds", Gauge, of_target!["task_type"], Targets, Target(targets::last_attempt),
        "When a refresh was last tried, well or not."),
    row("hss_target_complete", Gauge, of_target!["task_type"], Targets, Target(targets::complete),
        "Whether the task list has been read without a gap down to the beginning of refresh.window (1), or history is still being loaded or a page of it cannot be read (0)."),
    row("hss_target_refresh_duration_seconds", Gauge, of_target!["task_type"], Targets, Target(targets::refresh_duration),
        "How long the last refresh took, waiting for the request budget included."),
    row("hss_target_refresh_requests", Gauge, of_target!["task_type"], Targets, Target(targets::refresh_requests),
        "How many ListTasks requests the last refresh sent: 0 where the statistics alone said that nothing had changed."),
    row("hss_expected_interval_seconds", Gauge, of_target!["task_type", "trigger_type"], Targets, Target(targets::expected_interval),
        "The longest time from one successful scan to the next, as tasks.expect in the configuration has it; absent where nothing is expected."),

    row("hss_tasks", Gauge, of_target!["task_type", "status"], Tasks, Target(live::tasks), read!(
        "Tasks that HSS lists by task_status, where finished is total_num less the others and other is a task_status unknown to \
         this exporter, not for rates because HSS purges old tasks")),
    row("hss_recent_tasks", Gauge, of_target!["task_type", "trigger_type", "outcome"], Tasks, Target(live::recent), read!(
        "Finished runs whose end_time lies within refresh.window, by outcome, which is read off the numbers of clusters or files \
         that succeeded and failed because the API has no task_status for failure")),
    row("hss_running_clusters", Gauge, of_target!["state"], Tasks, Target(live::running_clusters), read!(
        "Clusters of the running cluster scans: the sums of scanning_cluster_num, success_cluster_num and failed_cluster_num")),
    row("hss_running_files", Gauge, of_target!["state"], Tasks, Target(live::running_files), read!(
        "Files of the running IaC scans: the sums of success_file_num, of failed_file_num, and of what these leave of \
         scan_file_num (remaining)")),
    row("hss_estimated_remaining_seconds", Gauge, of_target!["task_type", "trigger_type"], Tasks, Target(live::estimated_remaining), read!(
        "The longest estimated_time, which is the time still needed, of the running tasks; absent when none runs")),
    row("hss_earliest_estimated_end_timestamp_seconds", Gauge, of_target!["task_type", "trigger_type"], Tasks, Target(live::earliest_estimated_end), read!(
        "When the first of the running tasks should end by its first estimated_time above 0, counted from when that was first seen; \
         absent when none runs")),
    row("hss_oldest_running_task_start_timestamp_seconds", Gauge, of_target!["task_type", "trigger_type"], Tasks, Target(live::oldest_running_start), read!(
        "The earliest start_time of the running tasks, where a task that is retried starts when it is seen running again; absent when \
         none runs")),
    row("hss_oldest_ready_task_first_seen_timestamp_seconds", Gauge, of_target!["task_type", "trigger_type"], Tasks, Target(live::oldest_ready_first_seen), read!(
        "When the first of the tasks with task_status ready was first seen so, because the API gives no creation time; absent when \
         none waits")),

    row("hss_latest_task_start_timestamp_seconds", Gauge, of_target!["task_type", "trigger_type", "scan"], Latest, Target(facts::latest_start), read!(
        "The start_time of the latest finished run of each trigger_type and scan, the latest being the one with the newest end_time")),
    row("hss_latest_task_end_timestamp_seconds", Gauge, of_target!["task_type", "trigger_type", "scan"], Latest, Target(facts::latest_end), read!(
        "The end_time of the latest finished run of each trigger_type and scan, or when it was first seen finished if the API gives none")),
    row("hss_latest_task_outcome", Gauge, of_target!["task_type", "trigger_type", "scan", "outcome"], Latest, Target(facts::latest_outcome), read!(
        "What the latest finished run of each trigger_type and scan came to, read off the numbers of clusters or files that succeeded \
         and failed: 1 for that outcome and 0 for the others")),
    row("hss_latest_task_clusters", Gauge, of_target!["task_type", "trigger_type", "scan", "state"], Latest, Target(facts::latest_clusters), read!(
        "The success_cluster_num and failed_cluster_num of the latest finished cluster scan of each trigger_type and scan")),
    row("hss_latest_task_files", Gauge, of_target!["task_type", "trigger_type", "scan", "state"], Latest, Target(facts::latest_files), read!(
        "The success_file_num and failed_file_num of the latest finished IaC scan of each trigger_type and scan")),
    row("hss_latest_task_scan_files", Gauge, of_target!["task_type", "trigger_type", "scan"], Latest, Target(facts::latest_scan_files), read!(
        "The scan_file_num of the latest finished IaC scan of each trigger_type and scan")),
    row("hss_last_successful_task_end_timestamp_seconds", Gauge, of_target!["task_type", "trigger_type", "scan"], Latest, Target(facts::last_success_end), read!(
        "The end_time of the newest run of each trigger_type and scan with the outcome success; absent if none is known")),
    row("hss_last_failed_task_end_timestamp_seconds", Gauge, of_target!["task_type", "trigger_type", "scan"], Latest, Target(facts::last_failed_end), read!(
        "The end_time of the newest run of each trigger_type and scan with the outcome failed or partial; absent if none is known")),

    row("hss_tasks_finished_total", Counter, of_target!["task_type", "trigger_type"], Events, Target(facts::finished), read!(
        "Runs that ended, each counted once: a task whose task_status becomes finished, after a retry once more; what had ended before \
         the exporter first looked is not counted")),
    row("hss_tasks_finished_with_failures_total", Counter, of_target!["task_type", "trigger_type"], Events, Exemplified(facts::finished_with_failures), read!(
        "Runs that ended with the outcome failed or partial, each counted once")),
    row("hss_clusters_scanned_total", Counter, of_target!["trigger_type"], Events, Target(facts::clusters_scanned), read!(
        "The success_cluster_num and failed_cluster_num of the cluster scans that ended, added up")),
    row("hss_clusters_scan_failed_total", Counter, of_target!["trigger_type"], Events, Exemplified(facts::clusters_scan_failed), read!(
        "The failed_cluster_num of the cluster scans that ended, added up")),
    row("hss_files_scanned_total", Counter, of_target!["trigger_type"], Events, Target(facts::files_scanned), read!(
        "The success_file_num and failed_file_num of the IaC scans that ended, added up")),
    row("hss_files_scan_failed_total", Counter, of_target!["trigger_type"], Events, Exemplified(facts::files_scan_failed), read!(
        "The failed_file_num of the IaC scans that ended, added up")),
    row("hss_task_duration_seconds", Summary, of_target!["task_type"], Events, Target(facts::duration), read!(
        "How long the runs took that ended, from start_time to end_time, if both were known when they were counted")),

    row("hss_task_info", Info, of_target!["task_id", "task_type", "trigger_type", "scan", "task_name"], PerTask, Target(task::info), read!(
        "A task as HSS lists it, always 1, where scan is its scan_type_list sorted and joined by + or its file_type")),
    row("hss_task_status", Gauge, of_target!["task_id", "status"], PerTask, Target(task::status), read!(
        "The task_status: 1 for that one and 0 for the others; absent while it is one that this exporter does not know")),
    row("hss_task_start_timestamp_seconds", Gauge, of_target!["task_id"], PerTask, Target(task::start), read!(
        "The start_time once the task has started, or when it was seen running again after a retry")),
    row("hss_task_end_timestamp_seconds", Gauge, of_target!["task_id"], PerTask, Target(task::end), read!(
        "The end_time of a finished task, or when it was first seen finished if the API gives none")),
    row("hss_task_estimated_remaining_seconds", Gauge, of_target!["task_id"], PerTask, Target(task::estimated_remaining), read!(
        "The estimated_time, which is the time still needed, of a running task")),
    row("hss_task_clusters", Gauge, of_target!["task_id", "state"], PerTask, Target(task::clusters), read!(
        "The scanning_cluster_num, success_cluster_num and failed_cluster_num of a cluster scan")),
    row("hss_task_files", Gauge, of_target!["task_id", "state"], PerTask, Target(task::files), read!(
        "The success_file_num and failed_file_num of an IaC scan")),
    row("hss_task_scan_files", Gauge, of_target!["task_id"], PerTask, Target(task::scan_files), read!(
        "The scan_file_num of an IaC scan")),

    row("hss_exporter_targets", Gauge, &["account"], Exporter, Account(exporter::targets),
        "Targets that are watched: pairs of a project and an enterprise project, or of a project and all of them."),
    row("hss_exporter_refresh_interval_seconds", Gauge, &["account"], Exporter, Account(exporter::refresh_interval),
        "How often each target is refreshed in truth: refresh.interval, or longer where the request budget does not suffice."),
    row("hss_exporter_stale_after_seconds", Gauge, &["account"], Exporter, Account(exporter::stale_after),
        "After how long without a good read live families are withdrawn: refresh.stale_after, or longer where targets cannot be refreshed \
         often enough."),
    row("hss_exporter_unwatched_tasks", Gauge, &["account", "project", "task_type"], Exporter, Account(exporter::unwatched_tasks),
        "Tasks of enterprise projects that no target covers: total_num of all_granted_eps less those of the project's targets; absent where \
         all_granted_eps is a target or may not be read, or where the targets of the project have different filters."),
    row("hss_exporter_task_series_limit", Gauge, &["limit"], Exporter, Account(exporter::task_series_limit),
        "How many tasks may have series of their own, of one target (target) and of all together (total); absent without per-task series."),
    row("hss_exporter_tasks_withheld", Gauge, of_target![], Exporter, Target(exporter::tasks_withheld),
        "Tasks that have no series of their own because of hss_exporter_task_series_limit; absent without per-task series."),

    row("hss_exporter_build_info", Gauge, &["version", "revision", "rustversion"], Exporter, Instrument(BuildInfo),
        "Of what this exporter was built: its version, the commit and the compiler, always 1."),
    row("hss_exporter_api_attempts_total", Counter, &["account", "api", "code"], Exporter, Instrument(ApiAttempts),
        "HTTP requests to Huawei Cloud, retries included, by HTTP status, or error where there was no answer."),
    row("hss_exporter_api_errors_total", Counter, &["account", "api", "reason"], Exporter, Instrument(ApiErrors),
        "HTTP requests to Huawei Cloud that failed, by reason."),
    row("hss_exporter_api_retries_total", Counter, &["account", "api"], Exporter, Instrument(ApiRetries),
        "HTTP requests to Huawei Cloud that were sent again after a failure."),
    row("hss_exporter_api_budget_wait_seconds_total", Counter, &["account", "api"], Exporter, Instrument(ApiBudgetWait),
        "How long requests waited for the request budget, added up."),
    row("hss_exporter_api_budget_requests_per_minute", Gauge, &["account", "api"], Exporter, Instrument(ApiBudget),
        "How many requests a minute are allowed to the API at the account's endpoint: refresh.requests_per_minute, or less after HTTP 429, \
         from which it recovers by a tenth a minute; a rise shows with the next request."),
    row("hss_exporter_api_blocked", Gauge, &["account"], Exporter, Instrument(ApiBlocked),
        "Whether nothing is asked for the account because its credential was refused (1), until a request succeeds (0)."),
    row("hss_exporter_api_request_duration_seconds", Histogram, &["api"], Exporter, Instrument(ApiRequestDuration),
        "How long HTTP requests to Huawei Cloud took, each attempt by itself, from sending to the end of the answer."),
    row("hss_exporter_credential_expiry_timestamp_seconds", Gauge, &["account"], Exporter, Instrument(CredentialExpiry),
        "When the account's credential ends (expires_at of the answer that gave it), if it does; it is renewed five minutes before that, \
         or a fifth of its lifetime if that is less."),
    row("hss_exporter_clock_skew_seconds", Gauge, &["account"], Exporter, Instrument(ClockSkew),
        "The clock of this machine less the last Date of an answer that was believed, which counts whole seconds; signatures are refused \
         from 15 minutes on."),
    row("hss_exporter_date_distrusted_total", Counter, &["account"], Exporter, Instrument(DatesDistrusted),
        "Answers whose Date was not believed: it was more than five minutes from the time that the answers before it had settled."),
    row("hss_exporter_discovery_last_success_timestamp_seconds", Gauge, &["account", "kind"], Exporter, Instrument(DiscoveryLastSuccess),
        "When what discover asks for was last found out: the region's projects (projects) or the account's enterprise projects \
         (enterprise_projects); absent before that, and where nothing is discovered."),
    row("hss_exporter_discovery_errors_total", Counter, &["account", "kind"], Exporter, Instrument(DiscoveryErrors),
        "Discoveries that failed or found more targets than can be watched, by what was looked for; what was known before stays watched."),
    row("hss_exporter_malformed_tasks_total", Counter, &["account"], Exporter, Instrument(MalformedTasks),
        "Items of data_list that were left out because they have no task_id, are of another task_type than asked for or cannot be read."),
    row("hss_exporter_duplicate_tasks_total", Counter, &["account"], Exporter, Instrument(DuplicateTasks),
        "Items of data_list that were left out because their task_id stands on the same page already.").internal(),
    row("hss_exporter_page_rereads_total", Counter, &["account"], Exporter, Instrument(PageRereads),
        "Pages that were read again because the list had moved between two requests.").internal(),
    row("hss_exporter_statistics_distrusted_total", Counter, &["account"], Exporter, Instrument(StatisticsDistrusted),
        "How often ShowTaskStatistics said what ListTasks refuted, whereupon it was not asked for an hour or longer.").internal(),
    row("hss_exporter_unknown_values_total", Counter, &["field"], Exporter, Instrument(UnknownValues),
        "Values of an enumerated API field that this exporter does not know and shows as other, counted in every item read."),
    row("hss_exporter_exposition_series", Gauge, &[], Exporter, Page(|page| page.series),
        "Lines with a value on this page."),
    row("hss_exporter_exposition_bytes", Gauge, &[], Exporter, Page(|page| page.bytes),
        "Bytes of this page in the text format, before compression."),
    row("hss_exporter_log_messages_total", Counter, &["level"], Exporter, Instrument(LogMessages),
        "Messages that were logged, by level."),
    row("hss_exporter_log_messages_dropped_total", Counter, &[], Exporter, Instrument(LogMessagesDropped),
        "Messages of those that were not written, because standard error was not read fast enough."),
];

const fn row(
    name: &'static str,
    kind: Kind,
    labels: &'static [&'static str],
    section: Section,
    source: Source,
    help: &'static str,
) -> Family {
    Family { name, help, kind, labels, section, stability: Stability::Stable, source }
}

impl Family {
    const fn internal(mut self) -> Self {
        self.stability = Stability::Internal;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// Every row keeps the rule, or is named with what it does instead.
    #[track_caller]
    fn every_row(rule: &str, kept: impl Fn(&Family) -> bool) {
        let broken: Vec<&str> = CATALOG.iter().filter(|row| !kept(row)).map(|row| row.name).collect();
        assert!(broken.is_empty(), "{rule}: broken by {broken:?}");
    }

    fn snake_case(word: &str) -> bool {
        !word.is_empty()
            && word.split('_').all(|part| !part.is_empty())
            && word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit())
    }

    #[test]
    fn names_say_whose_they_are_what_they_count_and_in_which_unit() {
        every_row("snake_case with our prefix", |row| snake_case(row.name) && row.name.starts_with("hss_"));
        every_row("the exporter's own doings have a prefix of their own, and stand in their section", |row| {
            row.name.starts_with("hss_exporter_") == (row.section == Exporter)
        });
        every_row("counters, and nothing else, end in _total", |row| {
            row.name.ends_with("_total") == (row.kind == Counter)
        });
        every_row("infos end in _info", |row| row.kind != Info || row.name.ends_with("_info"));
        every_row("seconds are the only unit of time, and a name ends with its unit", |row| {
            let name = row.name.strip_suffix("_total").unwrap_or(row.name);
            let units = ["seconds", "bytes"];
            let others =
                ["ms", "milliseconds", "minutes", "hours", "days", "kilobytes", "megabytes", "ratio", "percent"];
            name.split('_').all(|part| !others.contains(&part))
                && units.iter().all(|unit| !name.contains(unit) || name.ends_with(unit))
                && (!name.contains("_timestamp") || name.ends_with("_timestamp_seconds"))
        });
        every_row("what a summary or a histogram adds to a name is in no other", |row| {
            !["_sum", "_count", "_bucket", "_created"].iter().any(|suffix| row.name.ends_with(suffix))
        });
        let names: BTreeSet<&str> = CATALOG.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), CATALOG.len(), "a name stands twice");
    }

    #[test]
    fn a_help_text_is_one_sentence_and_says_how_old_the_data_is() {
        every_row("one sentence with a full stop", |row| {
            row.help.ends_with('.') && row.help.matches(". ").count() == 0 && !row.help.ends_with("..")
        });
        every_row("begins like a sentence", |row| row.help.starts_with(|c: char| c.is_ascii_uppercase()));
        every_row("has no gap where a line was broken", |row| !row.help.contains("  ") && !row.help.contains('\n'));
        let read = [Tasks, Latest, Events, PerTask];
        every_row("what is read from the cloud says how old it is", |row| {
            read.contains(&row.section) == row.help.ends_with(AGE)
        });
        every_row("fits into a table of the documentation", |row| !row.help.contains('|'));
    }

    #[test]
    fn labels_are_few_and_say_which_target() {
        every_row("snake_case", |row| row.labels.iter().all(|label| snake_case(label)));
        every_row("none twice", |row| row.labels.iter().collect::<BTreeSet<_>>().len() == row.labels.len());
        every_row("none that Prometheus or a format sets itself", |row| {
            !row.labels.iter().any(|label| ["le", "quantile", "job", "instance"].contains(label))
        });
        every_row("what only describes stands on an info, where it can be joined", |row| {
            let describing = ["region", "project_id", "enterprise_project_id", "task_name", "cluster", "version"];
            row.name.ends_with("_info") || !row.labels.iter().any(|label| describing.contains(label))
        });
        every_row("what is read from the cloud says of which target", |row| {
            row.section == Exporter || row.labels.starts_with(of_target![])
        });
        every_row("a series a task, where it says so", |row| {
            row.labels.contains(&"task_id") == (row.section == PerTask)
        });
    }

    #[test]
    fn the_page_is_in_order_and_ends_with_what_is_taken_at_the_scrape() {
        assert!(CATALOG.is_sorted_by_key(|row| row.section), "the sections stand together");
        assert!(
            CATALOG.is_sorted_by_key(|row| matches!(row.source, Instrument(_) | Page(_))),
            "the snapshot's families stand first"
        );
    }
}
