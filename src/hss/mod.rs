//! The task APIs: what is asked, what an answer holds, how pages follow one another, and the call itself.
//!
//! Source: `ListTasks`, `POST /v5/{project_id}/common/tasks/batch-query`, and `ShowTaskStatistics`,
//! `GET /v5/{project_id}/common/task-statistics`, of the vendor's HSS API reference and SDKs.

pub mod client;
mod json;
mod order;
pub mod paging;
pub mod query;
pub mod statistics;
mod task;
pub mod wire;

pub use client::TaskList;
pub use paging::{KnownPages, LastPage, Lost, Paging, Turned};
pub use query::{List, Query};
pub use statistics::Statistics;
pub use wire::Page;
