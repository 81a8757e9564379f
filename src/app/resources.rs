//! What the system lets this process use: open files, and dumps of its memory.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Leaves no copy of the memory on the disk if the process crashes: credentials are in it.
pub(super) fn forbid_core_dumps() {
    // Where it is not allowed, the system's own limit holds.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

/// How many files may be open. Takes as many as the system grants: the lower limit that most systems begin with is for
/// programs that use `select`.
pub(super) fn open_files() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    let granted = if raised.is_ok() { limit.maximum } else { limit.current };
    granted.map_or(usize::MAX, |files| usize::try_from(files).unwrap_or(usize::MAX))
}
