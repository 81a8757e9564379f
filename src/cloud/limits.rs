//! How much of an answer is read: no more than it can honestly be, so that no answer takes the memory of a gigabyte.
//!
//! The limits hold after gzip. An answer that is not a success has a limit of its own, whatever was asked.

use super::Call;
use crate::model::observe::Api;

/// A page has at most 200 tasks. One task has about 500 bytes, and at most some kilobytes where its name is long and
/// written in escapes.
const TASK_PAGE_LIMIT: usize = 2 * 1024 * 1024;

/// A page has at most 1,000 enterprise projects. The vendor allows a name of 255 and a description of 512 characters, up to
/// 2.3 kB in UTF-8, and the other fields have about 250 bytes. The list of projects has no pages and is not longer.
const PROJECT_LIST_LIMIT: usize = 4 * 1024 * 1024;

/// One credential, one token, the domains of one user, a few numbers.
const ANSWER_LIMIT: usize = 64 * 1024;

/// Code, message and request id of an error have some kilobytes, even where the message repeats the request. The same holds
/// for every other text of the cloud that is shown.
pub(super) const ERROR_LIMIT: usize = 64 * 1024;

/// How much of a body is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyLimit {
    /// In bytes. A longer body is a failure.
    Whole(usize),
    /// In bytes. The rest is not needed: a body that is longer, breaks off or comes too late is as good.
    Beginning(usize),
}

impl Call<'_> {
    /// How much is read of a successful answer.
    pub(super) const fn body_limit(&self) -> BodyLimit {
        match self.api {
            Api::ListTasks => BodyLimit::Whole(TASK_PAGE_LIMIT),
            Api::ListEnterpriseProjects | Api::ListProjects => BodyLimit::Whole(PROJECT_LIST_LIMIT),
            // The token is a header. The body lists the services and roles of the user, which may be hundreds.
            Api::CreateToken => BodyLimit::Beginning(ANSWER_LIMIT),
            Api::CreateTemporaryAccessKey
            | Api::InstanceMetadata
            | Api::ListDomains
            | Api::PodIdentity
            | Api::ShowTaskStatistics => BodyLimit::Whole(ANSWER_LIMIT),
        }
    }
}

impl BodyLimit {
    /// In bytes.
    pub(super) const fn bytes(self) -> usize {
        match self {
            Self::Whole(bytes) | Self::Beginning(bytes) => bytes,
        }
    }
}
