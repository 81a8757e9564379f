//! The `prometheus` crate: the series of an exposition in its gauge vectors, gathered and written by its `TextEncoder` at
//! each scrape, behind hyper.

use crate::Failure;
use crate::exposition;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use prometheus::{Encoder, GaugeVec, Opts, Registry, TextEncoder};
use std::collections::HashMap;
use std::io::{self, Write};
use tokio::net::TcpListener;

/// The least, which is the kindest.
const EFFORT: Compression = Compression::fast();

/// Serves the series of an exposition until the process is ended.
pub(crate) fn serve(file: &str) -> Result<(), Failure> {
    let registry = hold(&std::fs::read_to_string(file)?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        writeln!(io::stdout().lock(), "listening {}", listener.local_addr()?)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            let registry = registry.clone();
            let answer = service_fn(move |request| std::future::ready(answer(&registry, &request)));
            let http = hyper::server::conn::http1::Builder::new();
            tokio::spawn(http.serve_connection(TokioIo::new(stream), answer));
        }
    })
}

fn answer(registry: &Registry, request: &Request<Incoming>) -> Result<Response<Full<Bytes>>, Failure> {
    let encoder = TextEncoder::new();
    let mut text = Vec::new();
    encoder.encode(&registry.gather(), &mut text)?;
    let answer = Response::builder().header(CONTENT_TYPE, encoder.format_type());
    Ok(if request.headers().contains_key(ACCEPT_ENCODING) {
        let mut packed = GzEncoder::new(Vec::new(), EFFORT);
        packed.write_all(&text)?;
        answer.header(CONTENT_ENCODING, "gzip").body(Full::from(packed.finish()?))?
    } else {
        answer.body(Full::from(text))?
    })
}

/// A gauge vector for each name.
fn hold(text: &str) -> Result<Registry, Failure> {
    let registry = Registry::new();
    let mut families: HashMap<String, GaugeVec> = HashMap::new();
    for (name, labels, value) in exposition::series(text) {
        let (names, values): (Vec<&str>, Vec<&str>) = labels.iter().map(|(name, value)| (&**name, &**value)).unzip();
        if !families.contains_key(&name) {
            let family = GaugeVec::new(Opts::new(&name, "The same."), &names)?;
            registry.register(Box::new(family.clone()))?;
            families.insert(name.clone(), family);
        }
        if let Some(family) = families.get(&name) {
            family.get_metric_with_label_values(&values)?.set(value);
        }
    }
    Ok(registry)
}
