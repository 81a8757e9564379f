//! What a client wants of an answer, from its headers and its query.

mod accept;
mod encoding;
mod names;
mod weights;

pub(super) use accept::{MediaType, media_type};
pub(super) use encoding::encoding;
pub(super) use names::{MOST_NAMES, names};
