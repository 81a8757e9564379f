//! From listening to the last answer: accepting connections, and ending without cutting anyone short.

use super::connection::talk;
use super::crowd::Crowd;
use super::listen::BACKLOG;
use super::pages::Landing;
use super::trouble::Trouble;
use super::{Limits, State};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// What the server is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// Connections are accepted.
    Open,
    /// What was asked is answered; nothing new is accepted.
    Draining,
    /// Who is still here has had enough time.
    Over,
}

/// What every connection needs.
pub(super) struct Serving {
    pub(super) state: State,
    pub(super) limits: Arc<Limits>,
    pub(super) course: watch::Receiver<Course>,
    pub(super) landing: Landing,
    crowd: Arc<Crowd>,
}

/// Answers whoever comes to `listeners`, until `shutdown` ends. Then every request that has arrived is still answered,
/// within `limits.drain`; silent connections end at once.
pub async fn serve(listeners: Vec<TcpListener>, state: State, limits: Limits, shutdown: impl Future<Output = ()>) {
    let (course, follow) = watch::channel(Course::Open);
    let crowd = Crowd::new(limits.connections);
    let limits = Arc::new(limits);
    let serving = Serving { state, limits, course: follow, landing: Landing::default(), crowd };
    let serving = Arc::new(serving);
    let mut doors = JoinSet::new();
    for listener in listeners {
        doors.spawn(accept(listener, Arc::clone(&serving)));
    }
    shutdown.await;
    let _ = course.send(Course::Draining);
    while doors.join_next().await.is_some() {}
    if timeout(serving.limits.drain, serving.crowd.empty()).await.is_err() {
        let open = serving.crowd.count();
        tracing::warn!(open, "some requests took too long to end; their connections are closed");
    }
    let _ = course.send(Course::Over);
}

async fn accept(listener: TcpListener, serving: Arc<Serving>) {
    let mut course = serving.course.clone();
    let mut trouble = Trouble::default();
    loop {
        let welcome = async {
            match listener.accept().await {
                Ok((stream, peer)) => {
                    trouble.over();
                    if let Some(member) = serving.crowd.admit(peer.ip()).await {
                        tokio::spawn(talk(stream, member, Arc::clone(&serving)));
                    }
                }
                Err(error) => {
                    // The cause may be too many open files: one connection less is the remedy.
                    serving.crowd.make_room();
                    trouble.pause(&error).await;
                }
            }
        };
        tokio::select! {
            biased;
            _ = course.changed() => break,
            () = welcome => {}
        }
    }
    for (stream, peer) in waiting(listener) {
        if let Some(member) = serving.crowd.try_admit(peer.ip()) {
            tokio::spawn(talk(stream, member, Arc::clone(&serving)));
        }
    }
}

/// The connections that the system has made for us and that we have not accepted yet: their clients believe that they
/// are served. With this the address is free.
fn waiting(listener: TcpListener) -> Vec<(TcpStream, SocketAddr)> {
    let Ok(listener) = listener.into_std() else { return Vec::new() };
    let mut streams = Vec::new();
    for _ in 0..BACKLOG {
        let Ok((stream, peer)) = listener.accept() else { break };
        if stream.set_nonblocking(true).is_ok() {
            streams.extend(TcpStream::from_std(stream).map(|stream| (stream, peer)));
        }
    }
    streams
}
