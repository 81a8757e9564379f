//! One family, in one spelling, by groups of consecutive targets: of each the chunk that was rendered last, kept for as long
//! as its targets stay as they are.

use super::chunk::{Chunk, Packer};
use super::lines::Lines;
use crate::model::Shown;
use std::sync::Arc;

/// A group is closed when it has so many bytes of text; one that had as many before only when it has twice as many, so that
/// the borders between groups stay where they are.
const GROUP: usize = 16 * 1024;

/// The groups of a family, in the order of their targets.
#[derive(Debug, Default)]
pub(super) struct Column {
    pub(super) groups: Vec<Group>,
}

/// Some targets, at least one.
#[derive(Debug)]
pub(super) struct Group {
    members: Vec<Shown>,
    pub(super) chunk: Arc<Chunk>,
    pub(super) dropped: usize,
}

impl Column {
    /// Renders the groups anew whose targets have changed, with what `lines` makes and `write` adds. Answers how many. A
    /// target that is new joins the group before it.
    pub(super) fn press(
        &mut self,
        targets: &[Shown],
        packer: &mut Packer,
        lines: impl Fn() -> Lines<'static>,
        write: impl Fn(usize, &mut Lines<'_>),
    ) -> usize {
        let mut before = std::mem::take(&mut self.groups).into_iter().peekable();
        let (mut rest, mut rendered) = (targets, 0);
        while let Some(first) = rest.first() {
            // Groups whose first target is gone leave the others to the group before.
            while before.next_if(|group| group.first() < Some(labels(first))).is_some() {}
            let old = before.next_if(|group| begins_with(group, first));
            let mut end = old.as_ref().filter(|group| group.is_head_of(rest)).map_or(1, |group| group.members.len());
            while let Some(next) = rest.get(end) {
                while before.next_if(|group| !begins_with(group, next) && group.first() < Some(labels(next))).is_some()
                {
                }
                if before.peek().is_some_and(|group| begins_with(group, next)) {
                    break;
                }
                end += 1;
            }
            let (members, others) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            rest = others;
            match old {
                Some(old) if old.members.len() == end && old.is_head_of(members) => self.groups.push(old),
                old => {
                    let start = targets.len() - rest.len() - members.len();
                    let write = |place: usize, lines: &mut Lines<'_>| write(start + place, lines);
                    rendered += self.render(members, old.map(|old| old.chunk), packer, lines(), write);
                }
            }
        }
        rendered
    }

    /// Brings the column of a family up to date that is read off the snapshot as a whole. Answers how many chunks that are.
    pub(super) fn replace(&mut self, lines: &Lines<'_>, packer: &mut Packer) -> usize {
        let old = self.groups.pop().map(|group| group.chunk);
        self.groups.push(Group::of(Vec::new(), lines, old.as_ref(), packer));
        1
    }

    fn render(
        &mut self,
        targets: &[Shown],
        old: Option<Arc<Chunk>>,
        packer: &mut Packer,
        mut lines: Lines<'_>,
        write: impl Fn(usize, &mut Lines<'_>),
    ) -> usize {
        let enough = if old.as_ref().is_some_and(|old| old.text.len() >= GROUP) { 2 * GROUP } else { GROUP };
        let (mut members, mut chunks) = (Vec::new(), 0);
        for (place, shown) in targets.iter().enumerate() {
            write(place, &mut lines);
            members.push(shown.clone());
            if lines.text.len() < enough && place + 1 < targets.len() {
                continue;
            }
            self.groups.push(Group::of(std::mem::take(&mut members), &lines, old.as_ref(), packer));
            lines.clear();
            chunks += 1;
        }
        chunks
    }
}

impl Group {
    /// What a refresh changes is often on no line of the family: then the chunk stays.
    fn of(members: Vec<Shown>, lines: &Lines<'_>, old: Option<&Arc<Chunk>>, packer: &mut Packer) -> Self {
        let chunk = match old {
            Some(old) if old.text == lines.text => Arc::clone(old),
            _ => Arc::new(packer.part(&lines.text, lines.series)),
        };
        Self { members, chunk, dropped: lines.dropped }
    }

    fn first(&self) -> Option<[&str; 3]> {
        self.members.first().map(labels)
    }

    /// Whether these begin with its targets, all of them as they were.
    fn is_head_of(&self, targets: &[Shown]) -> bool {
        let same = |(a, b): (&Shown, &Shown)| Arc::ptr_eq(&a.standing, &b.standing) && a.task_series == b.task_series;
        self.members.len() <= targets.len() && self.members.iter().zip(targets).all(same)
    }
}

fn begins_with(group: &Group, target: &Shown) -> bool {
    group.members.first().is_some_and(|first| {
        Arc::ptr_eq(&first.standing.target, &target.standing.target) || labels(first) == labels(target)
    })
}

fn labels(shown: &Shown) -> [&str; 3] {
    shown.standing.target.labels()
}
