//! Huawei Cloud in general: how a request is signed, sent, paid for and tried again, and what an answer means.

pub mod sign;
