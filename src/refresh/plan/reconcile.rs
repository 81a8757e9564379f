//! Reading the window again, page by page: it mends what short cuts have missed. What was deleted deep down, what changed
//! late, what stood in another order.

use super::{Plan, Taken, is_past_window};
use crate::hss::{KnownPages, LastPage, List, Page, Paging, Turned};
use crate::model::{CloudTime, Known, Stage, Status, Task, Timestamp};
use crate::refresh::memory::Reconcile;
use crate::refresh::register::Register;
use std::sync::Arc;

impl Reconcile {
    pub(super) fn new(known: &KnownPages) -> Self {
        Self { paging: Paging::new(List::All, known, LastPage::Verified), began: CloudTime::default() }
    }
}

impl Plan {
    /// One page more. Pages that do not fit together end this walk; the next one begins anew.
    pub(super) fn take_again(&mut self, mut reconcile: Reconcile, page: Page, ledger: &mut impl Register) -> Taken {
        reconcile.began = if reconcile.paging.has_begun() { reconcile.began.on(page.base) } else { page.time() };
        let horizon = page.at.minus(ledger.window());
        let turned = reconcile.paging.turn(&page);
        self.memory.pages.clone_from(reconcile.paging.known_pages());
        let past_window = is_past_window(&page, horizon);
        self.memory.surprised = page.tasks.iter().any(|task| is_surprise(task, ledger));
        // What a target's own refreshes compare, nobody else may change.
        let news = self.memory.listed_together && ledger.count_total(page.total);
        let mut taken = Taken { applied: self.apply(page, ledger), reread: turned == Turned::Gap };
        taken.applied.changed |= news;
        match turned {
            Turned::Lost(_) => {}
            Turned::Gap => self.memory.reconcile = Some(reconcile),
            Turned::More if !past_window => self.memory.reconcile = Some(reconcile),
            Turned::More | Turned::End => {
                let down_to = reconcile.paging.oldest().filter(|_| turned == Turned::More).unwrap_or_default();
                let not_shown = ledger.tasks().filter(|known| ought_to_be_shown(known, &reconcile, down_to));
                let mut gone: Vec<Arc<str>> = not_shown.map(|known| Arc::clone(&known.task.id)).collect();
                // A first miss; being asked for, and not being there, is the second.
                gone.iter().for_each(|id| taken.applied.add(ledger.missed(id)));
                gone.retain(|id| ledger.has(id));
                self.sample(&gone);
            }
        }
        taken
    }
}

/// Whether a task is new that should have been shown before: it stands below what has been read lately.
fn is_surprise(task: &Task, ledger: &impl Register) -> bool {
    task.status == Status::Finished && !ledger.has(&task.id) && task.start.is_some_and(|start| ledger.has_passed(start))
}

/// Whether the walk would have shown a finished task if it still stood where it is known to.
fn ought_to_be_shown(known: &Known, reconcile: &Reconcile, down_to: Timestamp) -> bool {
    matches!(known.stage, Stage::Finished { settling_since: None, end } if end < reconcile.began.at)
        && known.task.start.is_some_and(|start| start > down_to)
        && !reconcile.paging.has_shown(&known.task.id)
}
