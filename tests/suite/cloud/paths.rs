//! Who is trusted, which protocol is spoken, and what goes through a proxy.

use super::rig::{Rig, ask};
use super::stub::{Stub, json};
use super::verifies;
use hss_exporter::model::Reason;
use http_body_util::{BodyExt, Full};
use hyper::Version;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, crypto::ring};

/// A private authority, and a server with its certificate.
pub(super) struct Private {
    pub(super) ca_file: PathBuf,
    pub(super) acceptor: TlsAcceptor,
    _dir: tempfile::TempDir,
}

impl Private {
    /// A server with a name, that offers these protocols.
    pub(super) fn new(name: &str, protocols: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ca_file = dir.path().join("ca.pem");
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate().unwrap();
        // Two authorities of one name would be taken for each other.
        authority.distinguished_name.push(rcgen::DnType::CommonName, ca_file.display().to_string());
        std::fs::write(&ca_file, authority.self_signed(&authority_key).unwrap().pem()).unwrap();
        let issuer = Issuer::new(authority, authority_key);
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Self { ca_file, acceptor: TlsAcceptor::from(Arc::new(config)), _dir: dir }
    }
}

/// No system certificates.
pub(super) fn bare(rig: Rig) -> Rig {
    rig.environment("SSL_CERT_FILE", "/nonexistent")
}

#[tokio::test]
async fn a_private_authority_is_trusted_only_when_it_is_named() {
    let private = Private::new("127.0.0.1", &[]);
    let stub = Stub::start_tls(private.acceptor.clone(), |_, _| json(200, "{}")).await;
    let endpoint = format!("https://127.0.0.1:{}", stub.port);
    let other = Private::new("127.0.0.1", &[]);
    let stranger = bare(Rig { ca_file: Some(other.ca_file.clone()), ..Rig::new(&endpoint) });
    let failure = stranger.failure().await;
    assert_eq!(failure.reason, Reason::Tls, "{failure}");
    assert!(failure.message.contains("certificate"), "{failure}");
    assert_eq!(stub.requests().len(), 0, "nothing is sent to a stranger");

    let friend = bare(Rig { ca_file: Some(private.ca_file.clone()), ..Rig::new(&endpoint) });
    ask(&friend.connect()).await.unwrap();
    assert_eq!(stub.requests().len(), 1);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let private = Private::new("hss.example.com", &[]);
    let stub = Stub::start_tls(private.acceptor.clone(), |_, _| json(200, "{}")).await;
    let rig = Rig { ca_file: Some(private.ca_file.clone()), ..Rig::new(format!("https://127.0.0.1:{}", stub.port)) };
    let failure = bare(rig).failure().await;
    assert_eq!(failure.reason, Reason::Tls, "{failure}");
    assert!(failure.message.contains("not valid for name"), "{failure}");
    assert_eq!(stub.requests().len(), 0);
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_a_tls_failure() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("https://{}", listener.local_addr().unwrap());
    let plain = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        stream
    });
    let private = Private::new("127.0.0.1", &[]);
    let failure = bare(Rig { ca_file: Some(private.ca_file.clone()), ..Rig::new(endpoint) }).failure().await;
    assert_eq!(failure.reason, Reason::Tls, "{failure}");
    drop(plain.await.unwrap());
}

#[tokio::test]
async fn without_certificates_only_https_is_refused_and_the_sentence_says_what_to_install() {
    let stub = Stub::start(|_, _| json(200, "{}")).await;
    ask(&bare(Rig::new(stub.url())).connect()).await.unwrap();
    let failure = bare(Rig::new("https://hss.cn-north-4.myhuaweicloud.com")).try_connect().unwrap_err();
    assert_eq!(failure.reason, Reason::Tls);
    assert!(failure.message.contains("ca-certificates") && failure.message.contains("ca_file"), "{failure}");
    assert!(failure.tried.contains("prod") && failure.tried.contains("https://hss.cn-north-4"), "{failure}");
}

#[tokio::test]
async fn an_unreadable_ca_file_is_named() {
    let rig = Rig { ca_file: Some("/nonexistent/ca.pem".into()), ..Rig::new("https://127.0.0.1:1") };
    let failure = rig.try_connect().unwrap_err();
    assert!(failure.message.contains("/nonexistent/ca.pem"), "{failure}");
}

#[tokio::test]
async fn http_2_is_spoken_where_the_server_offers_it() {
    let private = Private::new("127.0.0.1", &["h2", "http/1.1"]);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("https://{}", listener.local_addr().unwrap());
    let acceptor = private.acceptor.clone();
    let server = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let stream = acceptor.accept(stream).await.unwrap();
        let answer = service_fn(|request: hyper::Request<Incoming>| async move {
            assert_eq!(request.version(), Version::HTTP_2);
            let path = request.uri().path_and_query().unwrap().as_str().to_owned();
            let host = request.uri().authority().unwrap().as_str().to_owned();
            let mut received =
                super::Received { method: request.method().to_string(), target: path, ..Default::default() };
            received.headers.push(("host".to_owned(), host));
            for (name, value) in request.headers() {
                received.headers.push((name.to_string(), value.to_str().unwrap().to_owned()));
            }
            received.body = request.into_body().collect().await.unwrap().to_bytes().to_vec();
            let verdict = verifies(&received, super::SECRET).to_string();
            Ok::<_, hyper::Error>(hyper::Response::new(Full::new(Bytes::from(verdict))))
        });
        let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        connection.serve_connection(TokioIo::new(stream), answer).await
    });
    let rig = bare(Rig { ca_file: Some(private.ca_file.clone()), ..Rig::new(endpoint) });
    let connection = rig.connect();
    for _ in 0..3 {
        let answer = ask(&connection).await.unwrap();
        assert_eq!(&answer.body[..], b"true", "the signature covers what HTTP/2 calls the authority");
    }
    drop(connection);
    server.abort();
}

#[tokio::test]
async fn a_proxy_of_the_environment_is_used_but_not_for_loopback() {
    let proxy = Stub::start(|_, _| json(200, r#"{"via":"proxy"}"#)).await;
    let stub = Stub::start(|_, _| json(200, r#"{"via":"nobody"}"#)).await;
    for variable in ["HTTP_PROXY", "http_proxy"] {
        let far = Rig::new("http://hss.example.invalid").environment(variable, proxy.url());
        let answer = ask(&far.connect()).await.unwrap();
        assert_eq!(&answer.body[..], br#"{"via":"proxy"}"#);
        let request = proxy.requests().pop().unwrap();
        assert!(request.target.starts_with("http://hss.example.invalid/v5/"), "{}", request.target);
        assert_eq!(request.header("host"), Some("hss.example.invalid"));

        for host in ["127.0.0.1", "localhost"] {
            let near = Rig::new(format!("http://{host}:{}", stub.port)).environment(variable, proxy.url());
            let answer = ask(&near.connect()).await.unwrap();
            assert_eq!(&answer.body[..], br#"{"via":"nobody"}"#);
        }
    }
    assert_eq!(proxy.requests().len(), 2);
}

#[tokio::test]
async fn hosts_named_in_no_proxy_are_reached_directly() {
    let proxy = Stub::start(|_, _| json(200, "{}")).await;
    let rig = Rig { timeout: std::time::Duration::from_secs(2), ..Rig::new("http://hss.example.invalid") }
        .environment("HTTP_PROXY", proxy.url())
        .environment("NO_PROXY", "a, example.invalid");
    // There is no such host.
    rig.failure().await;
    assert_eq!(proxy.requests().len(), 0);
}

#[tokio::test]
async fn https_goes_through_a_tunnel_and_a_proxy_that_refuses_is_no_connection() {
    let proxy = Stub::start(|_, _| super::answer(403, &[], b"")).await;
    let rig = Rig::new("https://hss.example.invalid").environment("HTTPS_PROXY", proxy.url());
    let private = Private::new("127.0.0.1", &[]);
    let failure = Rig { ca_file: Some(private.ca_file.clone()), ..rig }.failure().await;
    assert_eq!(failure.reason, Reason::Connect, "{failure}");
    let request = proxy.requests().pop().unwrap();
    assert_eq!((request.method.as_str(), request.target.as_str()), ("CONNECT", "hss.example.invalid:443"));
    assert_eq!(request.header("authorization"), None, "a proxy sees no signature");
}

#[test]
fn a_proxy_that_cannot_be_used_is_not_silently_gone_around() {
    let with = |endpoint: &str| Rig::new(endpoint).environment("HTTPS_PROXY", "socks5://u:canary@proxy:1080");
    let failure = with("http://hss.example.invalid").try_connect().unwrap_err();
    assert!(failure.message.contains("HTTPS_PROXY") && !failure.to_string().contains("canary"), "{failure}");
    assert!(with("http://127.0.0.1:1").try_connect().is_ok(), "loopback needs none");
}
