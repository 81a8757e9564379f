//! The domain: what is watched, what a task is, and all that is known about tasks.
//!
//! Only the standard library is named here. Nothing reads a clock, opens anything or fails: time is a parameter, and
//! bad values cannot get this far (`hss::wire` and `config` stop them).

pub mod clock;
pub mod facts;
pub mod failure;
pub mod known;
mod last_run;
pub mod ledger;
pub mod observe;
pub mod plural;
pub mod region;
pub mod snapshot;
pub mod tally;
pub mod target;
pub mod task;
pub mod text;
pub mod time;

pub use clock::{ClockBase, ClockOffset, CloudTime};
pub use facts::{Counters, Event, Facts, Kind, KindFacts, Run};
pub use failure::{Failure, Reason};
pub use known::{Known, Stage};
pub use ledger::{Applied, Ledger, Read};
pub use snapshot::{AccountStanding, Book, Reading, ScanStanding, SeriesLimits, Shown, Snapshot, Standing, TaskRow};
pub use tally::{Running, Tally, Unfinished};
pub use target::{EnterpriseProject, Project, Target};
pub use task::{Counts, FileType, Outcome, Scan, ScanTypes, Status, Task, TaskType, Trigger};
pub use time::Timestamp;
