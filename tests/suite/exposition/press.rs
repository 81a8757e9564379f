//! The press: whatever it has printed before, its page is the one that is made from nothing; and of it only what has
//! changed is rendered.

use super::world::{self, AT, LIMITS};
use super::{BUILD, all};
use flate2::read::GzDecoder;
use hss_exporter::metrics::{Encoding, Format, Instruments, Press, SnapshotPage, Wanted};
use hss_exporter::model::{Shown, Snapshot, Standing};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::io::Read;
use std::sync::Arc;

const FORMATS: [Format; 3] = [Format::Text0, Format::Text1, Format::OpenMetrics];

/// The bytes of a page that its snapshot and no clock decides.
fn bytes(page: &SnapshotPage, wanted: &Wanted) -> Vec<u8> {
    let instruments = Instruments::of_one_page(["prod"], BUILD);
    page.compose(&instruments, wanted).to_vec()
}

/// As a client reads it that stops after the first gzip member.
fn unpacked(packed: &[u8]) -> Vec<u8> {
    let mut decoder = GzDecoder::new(packed);
    let mut text = Vec::new();
    decoder.read_to_end(&mut text).unwrap();
    assert!(decoder.into_inner().is_empty(), "nothing follows the first member");
    text
}

/// Checks that two pages are the same, plain and compressed, whole and in part, and that no series stands twice.
fn check_same(page: &SnapshotPage, again: &SnapshotPage) {
    let some =
        ["hss_task_info", "hss_tasks_finished_with_failures_total", "hss_exporter_build_info", "process_threads"];
    for format in FORMATS {
        for names in [Vec::new(), some.map(str::to_owned).into(), vec!["no_such_family".to_owned()]] {
            let wanted = Wanted { names, ..all(format, Encoding::Identity) };
            let plain = bytes(page, &wanted);
            assert_eq!(plain, bytes(again, &wanted));
            assert_eq!(plain, unpacked(&bytes(page, &Wanted { encoding: Encoding::Gzip, ..wanted })));
            let text = String::from_utf8(plain).unwrap();
            let series = text.lines().filter(|line| !line.starts_with('#'));
            // A value, an exemplar: what follows the labels has no brace before the exemplar's own.
            let series = series.map(|line| line.split(" # {").next().unwrap().rsplit_once(' ').unwrap().0);
            let mut seen = BTreeSet::new();
            series.for_each(|series| assert!(seen.insert(series), "{series} stands twice"));
        }
    }
}

/// Targets with so many tasks each, by name.
fn snapshot(targets: &[(u32, Arc<Standing>)]) -> Snapshot {
    let standings: Vec<_> = targets.iter().map(|(_, standing)| Arc::clone(standing)).collect();
    Snapshot::of(AT, Arc::new([]), &standings, Some(LIMITS))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_page_does_not_depend_on_what_was_printed_before(
        changes in prop::collection::vec((0u32..30, prop::option::of(0usize..150), any::<u64>()), 1..40),
    ) {
        let mut press = Press::default();
        let mut targets: Vec<(u32, Arc<Standing>)> = Vec::new();
        for some in changes.chunks(5) {
            for (name, tasks, salt) in some {
                targets.retain(|(known, _)| known != name);
                targets.extend(tasks.map(|tasks| (*name, world::many(*name, tasks, *salt))));
            }
            let snapshot = snapshot(&targets);
            check_same(&press.print(&snapshot), &SnapshotPage::render(&snapshot));
        }
    }
}

#[test]
fn only_the_chunks_of_the_changed_target_are_rendered_anew() {
    let mut press = Press::default();
    let mut targets: Vec<_> = (0..20).map(|name| (name, world::many(name, 300, 0))).collect();
    press.print(&snapshot(&targets));
    let full = press.rendered();
    press.print(&snapshot(&targets));
    let accounts = press.rendered() - full;
    assert!(accounts < 8, "of what did not change, only what is read off the snapshot as a whole: {accounts}");
    targets[7].1 = world::many(7, 300, 1);
    let before = press.rendered();
    let page = press.print(&snapshot(&targets));
    let one = press.rendered() - before;
    assert!(one <= 50 && one * 2 < full, "a chunk a family: {one} of {full}");
    check_same(&page, &SnapshotPage::render(&snapshot(&targets)));
}

#[test]
fn the_rich_world_is_the_same_in_every_form() {
    let snapshot = world::rich();
    check_same(&Press::default().print(&snapshot), &SnapshotPage::render(&snapshot));
}

#[test]
fn limits_of_series_that_come_or_go_change_every_target() {
    let mut press = Press::default();
    let mut snapshot = world::rich();
    press.print(&snapshot);
    snapshot.series = None;
    snapshot.targets.iter_mut().for_each(|shown| shown.task_series = 0);
    check_same(&press.print(&snapshot), &SnapshotPage::render(&snapshot));
}

#[test]
fn of_two_targets_with_the_same_labels_the_first_is_shown() {
    let long = "x".repeat(300);
    let [mut a, mut b] = [1, 2].map(|name| (*world::many(name, 3, 0)).clone());
    for (standing, end) in [(&mut a, "a"), (&mut b, "b")] {
        let mut target = (*standing.target).clone();
        target.project.name = format!("{long}{end}").into();
        standing.target = Arc::new(target);
    }
    let shown = |standing| Shown { standing: Arc::new(standing), task_series: 3 };
    let snapshot = Snapshot { targets: vec![shown(a), shown(b)], ..world::empty() };
    let page = SnapshotPage::render(&snapshot);
    check_same(&page, &page);
    let text =
        bytes(&page, &Wanted { names: vec!["hss_target_info".to_owned()], ..all(Format::Text0, Encoding::Identity) });
    assert_eq!(String::from_utf8(text).unwrap().lines().count(), 3);
}

#[test]
fn a_flood_of_tasks_in_one_target_costs_that_target_its_details_only() {
    let quiet: Vec<_> = (0..10).map(|name| (name, world::many(name, 5, 0))).collect();
    let mut flooded = quiet.clone();
    flooded.push((10, world::many(10, 100_000, 0)));
    let snapshot = snapshot(&flooded);
    let (flood, others) = snapshot.targets.split_last().unwrap();
    assert_eq!(flood.task_series, LIMITS.target.min(LIMITS.total - 50));
    assert_eq!(flood.withheld(), 100_000 - flood.task_series);
    assert!(others.iter().all(|shown| shown.task_series == 5 && shown.withheld() == 0));
    let page = SnapshotPage::render(&snapshot);
    let names = vec!["hss_task_info".to_owned(), "hss_exporter_tasks_withheld".to_owned()];
    let text = bytes(&page, &Wanted { names, ..all(Format::Text0, Encoding::Identity) });
    let text = String::from_utf8(text).unwrap();
    assert_eq!(text.lines().filter(|line| line.starts_with("hss_task_info{")).count(), 50 + flood.task_series);
    assert_eq!(text.lines().filter(|line| line.ends_with(&format!("}} {}", flood.withheld()))).count(), 1);
}
