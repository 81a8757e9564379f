//! The domain: what is watched, what a task is, and all that is known about tasks.
//!
//! Only the standard library is named here. Nothing reads a clock, opens anything or fails: time is a parameter, and
//! bad values cannot get this far (`hss::wire` and `config` stop them).

pub mod failure;
pub mod observe;
pub mod region;
pub mod target;
pub mod task;
pub mod time;

pub use failure::{Failure, Reason};
pub use target::{EnterpriseProject, Project, Target};
pub use task::{Counts, FileType, Outcome, Scan, ScanTypes, Status, Task, TaskType, Trigger};
pub use time::Timestamp;
