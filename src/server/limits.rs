//! What a client may take of this process: each limit with its reason.

use std::time::Duration;

/// More than any number of Prometheus servers, browsers and probes needs.
const MOST_CONNECTIONS: usize = 512;

/// One in so many open files may be a connection of the server. The others are for the connections to the cloud, for
/// credentials, logs and the runtime: without them, idle clients would stop the refreshes.
const FILES_PER_CONNECTION: usize = 2;

/// The limits of a server. Tests shorten the times; everyone else takes the default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time, over all addresses; Prometheus needs one. When all are taken, one gives way to the next.
    pub connections: usize,
    /// How long a request's header may take to arrive; of a new connection, counted from its beginning.
    pub header: Duration,
    /// How long a new connection may take to its first byte once the shutdown has begun: who has just connected is about
    /// to ask, and would take the end of the connection for an error.
    pub first_byte: Duration,
    /// How long a connection may be silent between requests: longer than a usual scrape interval, so that Prometheus
    /// keeps its connection.
    pub idle: Duration,
    /// How long an answer may take, until its last byte is taken. No scrape waits longer than its interval.
    pub answer: Duration,
    /// How long requests in flight may take to end after the shutdown began. Kubernetes kills after 30 seconds.
    pub drain: Duration,
    /// The size of a request's header in bytes. Browsers behind an authenticating proxy send up to 8 kB of cookies.
    pub header_bytes: usize,
    /// The number of lines in a request's header.
    pub header_lines: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: MOST_CONNECTIONS,
            header: Duration::from_secs(10),
            first_byte: Duration::from_secs(1),
            idle: Duration::from_secs(150),
            answer: Duration::from_secs(60),
            drain: Duration::from_secs(20),
            header_bytes: 16 * 1024,
            header_lines: 64,
        }
    }
}

impl Limits {
    /// The limits of a server in a process that may have so many files open.
    pub fn of_open_files(open_files: usize) -> Self {
        Self { connections: (open_files / FILES_PER_CONNECTION).clamp(1, MOST_CONNECTIONS), ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_half_of_the_open_files_to_others() {
        let connections = [0, 64, 256, 1024, usize::MAX].map(|files| Limits::of_open_files(files).connections);
        assert_eq!(connections, [1, 32, 128, 512, 512]);
    }
}
