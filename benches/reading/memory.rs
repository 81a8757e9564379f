//! What the tasks take that are kept in mind: answers of the cloud, read as ever, in the ledgers of many targets.

use hss_exporter::hss::wire;
use hss_exporter::model::{Ledger, TaskType, Timestamp};
use serde_json::{Value, json};
use std::io;
use std::time::Duration;

/// How many targets there are.
pub(crate) const TARGETS: u64 = 50;

/// How many tasks each has within its window.
pub(crate) const TASKS: u64 = 4_000;

const PAGE: u64 = 200;

/// Resident memory that the tasks of all targets take, in bytes, by the account of the system; none where it keeps none.
pub(crate) fn taken() -> io::Result<Option<u64>> {
    let before = resident();
    let mut ledgers = Vec::new();
    for target in 0..TARGETS {
        let mut ledger = Ledger::new(Duration::from_secs(7 * 24 * 3600));
        for page in 0..TASKS / PAGE {
            let at = Timestamp::from_secs(1_790_000_000);
            let page = wire::page(&answer(target, page), TaskType::ClusterScan, PAGE as u32, at)
                .map_err(|(_, why)| io::Error::other(why))?;
            ledger.apply(page.at, page.tasks);
        }
        ledgers.push(ledger);
    }
    let taken = before.zip(resident()).map(|(before, after)| after.saturating_sub(before));
    let kept: usize = ledgers.iter().map(|ledger| ledger.tasks().count()).sum();
    if kept as u64 != TARGETS * TASKS {
        return Err(io::Error::other(format!("{kept} tasks were kept")));
    }
    Ok(taken)
}

/// A page, as the vendor writes it: ids of 36 characters, and fifty names.
fn answer(target: u64, page: u64) -> Vec<u8> {
    let item = |number: u64| -> Value {
        let start = 1_789_990_000_000 - number * 120_000;
        json!({
            "task_id": format!("{:08x}-3b5f-4c1d-{target:04x}-{number:012x}", number.wrapping_mul(0x9e37_79b9) as u32),
            "task_name": format!("nightly scan of the clusters {}", number % 50),
            "task_type": "cluster_scan",
            "trigger_type": if number.is_multiple_of(4) { "manual" } else { "schedule" },
            "task_status": "finished",
            "start_time": start,
            "end_time": start + 90_000,
            "estimated_time": 0,
            "cluster_scan_info": {
                "scan_type_list": ["benchmark", "cluster_vul"],
                "scanning_cluster_num": 0, "success_cluster_num": 9, "failed_cluster_num": number % 3,
            },
        })
    };
    let items: Vec<Value> = (page * PAGE..(page + 1) * PAGE).map(item).collect();
    json!({ "total_num": TASKS, "data_list": items }).to_string().into_bytes()
}

/// What the system says that this process has in memory.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}
