//! Who is read next, and how.
//!
//! `plan`, `statistics` and `schedule` decide, without I/O and without a clock; `walk` carries a plan out against the cloud; `run` is
//! the loop of an account; `board` holds what is known and publishes it.

mod account;
pub mod attribution;
pub mod board;
pub mod breaker;
pub mod company;
mod discover;
pub mod forecast;
mod inquiry;
pub mod memory;
pub mod pace;
pub mod plan;
pub mod register;
pub mod roll;
pub mod run;
pub mod schedule;
pub mod statistics;
mod walk;

pub use account::FirstTurns;
pub use board::Board;
pub use roll::Periods;
pub use run::{Refresher, discovered};
