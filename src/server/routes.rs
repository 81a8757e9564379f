//! A request -> its answer.

use super::body::Body as Answer;
use super::negotiate::{MOST_NAMES, encoding, media_type, names};
use super::reply::Reply;
use super::serve::{Course, Serving};
use crate::metrics::{Encoding, Wanted};
use hyper::body::Body;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, HOST, HeaderName};
use hyper::http::uri::Authority;
use hyper::{Method, Request, Response, StatusCode, Version};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What there is to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    Exposition,
    Landing,
    Healthy,
    Ready,
}

/// Answers a request. Its body is ignored: the connection ends with the answer then.
pub(super) async fn answer<B: Body>(request: &Request<B>, serving: &Serving) -> Response<Answer> {
    if !has_valid_host(request) {
        let sentence = "the request needs exactly one valid Host header".to_owned();
        return Reply::sentence(StatusCode::BAD_REQUEST, sentence).last().finish(request.method());
    }
    let reply = match (route(request.uri().path(), &serving.state.telemetry_path), request.method()) {
        (None, _) => not_found(&serving.state.telemetry_path),
        (Some(route), &Method::GET | &Method::HEAD) => reply(route, request, serving).await,
        (Some(_), method) => {
            let sentence = format!("{method} is not allowed here; use GET or HEAD");
            Reply::sentence(StatusCode::METHOD_NOT_ALLOWED, sentence).allowing("GET, HEAD")
        }
    };
    let last = !request.body().is_end_stream() || *serving.course.borrow() != Course::Open;
    let reply = if last { reply.last() } else { reply };
    reply.finish(request.method())
}

/// RFC 9112, section 3.2: one line, which may be empty. HTTP/1.0 does not need it.
fn has_valid_host<B>(request: &Request<B>) -> bool {
    let mut lines = request.headers().get_all(HOST).into_iter();
    match (lines.next(), lines.next()) {
        (None, _) => request.version() < Version::HTTP_11,
        (Some(line), None) => line.is_empty() || line.to_str().is_ok_and(is_host),
        (Some(_), Some(_)) => false,
    }
}

/// `host` or `host:port`; a port may be empty.
fn is_host(text: &str) -> bool {
    let Ok(authority) = text.parse::<Authority>() else { return false };
    let port = text.strip_prefix(authority.host());
    !authority.host().is_empty()
        && port.is_some_and(|port| port.is_empty() || port.strip_prefix(':').is_some_and(is_digits))
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn route(path: &str, telemetry_path: &str) -> Option<Route> {
    match path {
        path if path == telemetry_path => Some(Route::Exposition),
        "/" => Some(Route::Landing),
        "/-/healthy" => Some(Route::Healthy),
        "/-/ready" => Some(Route::Ready),
        _ => None,
    }
}

async fn reply<B>(route: Route, request: &Request<B>, serving: &Serving) -> Reply {
    let encoding = encoding(lines(request, ACCEPT_ENCODING));
    match route {
        Route::Exposition => exposition(request, encoding, serving),
        Route::Landing => match serving.landing.page(encoding, &serving.state).await {
            Some(bytes) => Reply::html(encoding, bytes),
            None => failed("/"),
        },
        Route::Healthy => healthy(serving),
        Route::Ready => ready(serving),
    }
}

/// The lines of a header. What is not ASCII says nothing that we know.
fn lines<B>(request: &Request<B>, name: HeaderName) -> impl Iterator<Item = &str> {
    request.headers().get_all(name).into_iter().filter_map(|line| line.to_str().ok())
}

fn exposition<B>(request: &Request<B>, encoding: Encoding, serving: &Serving) -> Reply {
    let Some(names) = names(request.uri().query()) else {
        let sentence = format!("more than {MOST_NAMES} times name[]; ask for fewer families, or for all of them");
        return Reply::sentence(StatusCode::BAD_REQUEST, sentence);
    };
    let media_type = media_type(lines(request, ACCEPT));
    let wanted = Wanted { format: media_type.format, encoding, names };
    match catch_unwind(AssertUnwindSafe(|| (serving.state.exposition)(&wanted))) {
        Ok(page) => Reply::exposition(media_type, encoding, page),
        Err(_) => failed(&serving.state.telemetry_path),
    }
}

fn healthy(serving: &Serving) -> Reply {
    if (serving.state.healthy)() {
        Reply::sentence(StatusCode::OK, "hss-exporter is healthy.".to_owned())
    } else {
        let sentence = "hss-exporter is not healthy: nothing is refreshed any more; the log says why, a restart helps.";
        Reply::sentence(StatusCode::SERVICE_UNAVAILABLE, sentence.to_owned())
    }
}

fn ready(serving: &Serving) -> Reply {
    let not_ready = if *serving.course.borrow() != Course::Open {
        "hss-exporter is not ready: it is shutting down."
    } else if !(serving.state.ready)() {
        "hss-exporter is not ready: the first refresh has not ended yet."
    } else {
        return Reply::sentence(StatusCode::OK, "hss-exporter is ready.".to_owned());
    };
    Reply::sentence(StatusCode::SERVICE_UNAVAILABLE, not_ready.to_owned())
}

fn not_found(telemetry_path: &str) -> Reply {
    let sentence = format!("not found; there are / and {telemetry_path} and /-/healthy and /-/ready");
    Reply::sentence(StatusCode::NOT_FOUND, sentence)
}

/// The panic itself is reported where it happens.
fn failed(path: &str) -> Reply {
    tracing::error!(path, "an answer could not be made; please report this with the panic above");
    let sentence = "this page could not be made: an error of hss-exporter's own; its log has more";
    Reply::sentence(StatusCode::INTERNAL_SERVER_ERROR, sentence.to_owned())
}
