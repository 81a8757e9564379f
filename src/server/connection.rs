//! One connection, from its first byte to its end.

use super::crowd::Member;
use super::pace::Paced;
use super::routes::answer;
use super::serve::{Course, Serving};
use super::talk::Phase;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use tokio::net::TcpStream;

/// Answers the requests that come over `stream`. Ends with it, when it has to give way, or when the server ends.
pub(super) async fn talk(stream: TcpStream, member: Member, serving: Arc<Serving>) {
    // An answer is written in one go: there is nothing to gather.
    let _ = stream.set_nodelay(true);
    let mut course = serving.course.clone();
    let paced = Paced::new(stream, Arc::clone(&member.talk), Arc::clone(&serving.limits), course.clone());
    let service = service_fn(|request| {
        member.talk.enter(Phase::Answering);
        let (talk, serving) = (Arc::clone(&member.talk), Arc::clone(&serving));
        async move {
            let answer = answer(&request, &serving).await;
            talk.enter(Phase::Sending);
            Ok::<_, Infallible>(answer)
        }
    });
    let connection = http1::Builder::new()
        .max_headers(serving.limits.header_lines)
        .max_header_size(serving.limits.header_bytes)
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(paced), service);
    let mut connection = pin!(connection);
    loop {
        tokio::select! {
            biased;
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(error = &error as &dyn std::error::Error, "a connection broke");
                }
                return;
            }
            () = member.talk.gives_way() => {
                tracing::debug!("a connection gave way to another: the server is full");
                return;
            }
            // What the shutdown means for a connection, it finds out when it is looked at again.
            changed = course.changed() => {
                if changed.is_err() || *course.borrow() == Course::Over {
                    return;
                }
            }
        }
    }
}
