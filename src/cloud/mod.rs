//! Huawei Cloud in general: how a request is signed, sent, paid for and tried again, and what an answer means.

mod answer;
mod retry;
pub mod sign;
mod words;
