//! Who is trusted, which protocol is spoken, and what goes through a proxy.

use super::rig::{Rig, ask};
use super::stub::{Act, Received, Stub, head, json};
use super::verifies;
use hss_exporter::model::Reason;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, crypto::ring};
use tokio_rustls::{TlsAcceptor, rustls};

/// A private authority, and a server with its certificate.
pub(super) struct Private {
    pub(super) ca_file: PathBuf,
    pub(super) acceptor: TlsAcceptor,
    _dir: tempfile::TempDir,
}

impl Private {
    /// A server with a name, that offers these protocols.
    pub(super) fn new(name: &str, protocols: &[&str]) -> Self {
        let mut certificate = CertificateParams::new([name.to_owned()]).unwrap();
        certificate.not_before = rcgen::date_time_ymd(2000, 1, 1);
        Self::with(certificate, protocols, rustls::DEFAULT_VERSIONS)
    }

    /// A server with such a certificate, that offers these protocols over these versions of TLS.
    fn with(
        certificate: CertificateParams,
        protocols: &[&str],
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> Self {
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
        let certificate = certificate.signed_by(&key, &issuer).unwrap();
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
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
    check_words(&failure.message);
    assert!(failure.message.contains("authority that this machine does not trust"), "{failure}");
    assert_eq!(stub.requests().len(), 0, "nothing is sent to a stranger");

    let friend = bare(Rig { ca_file: Some(private.ca_file.clone()), ..Rig::new(&endpoint) });
    ask(&friend.connect()).await.unwrap();
    assert_eq!(stub.requests().len(), 1);
}

/// What is said of a server with such a certificate.
async fn tls_failure(of: Private) -> String {
    let stub = Stub::start_tls(of.acceptor.clone(), |_, _| json(200, "{}")).await;
    let rig = Rig { ca_file: Some(of.ca_file.clone()), ..Rig::new(format!("https://127.0.0.1:{}", stub.port)) };
    let failure = bare(rig).failure().await;
    assert_eq!((failure.reason, stub.requests().len()), (Reason::Tls, 0), "{failure}");
    check_words(&failure.message);
    failure.to_string()
}

/// A library's names for its errors are no words: `UnknownIssuer`.
#[track_caller]
fn check_words(message: &str) {
    let joined = |pair: &[char]| pair[0].is_lowercase() && pair[1].is_uppercase();
    let characters: Vec<char> = message.chars().collect();
    assert!(!characters.windows(2).any(joined), "{message}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let said = tls_failure(Private::new("hss.example.com", &[])).await;
    assert!(said.contains("the certificate is for hss.example.com and not for 127.0.0.1"), "{said}");
    assert!(said.contains("write the endpoint with the name"), "{said}");
}

#[tokio::test]
async fn a_certificate_is_refused_before_and_after_its_time() {
    let lasting = |from, to| {
        let mut certificate = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        (certificate.not_before, certificate.not_after) =
            (rcgen::date_time_ymd(from, 1, 1), rcgen::date_time_ymd(to, 1, 1));
        Private::with(certificate, &[], rustls::DEFAULT_VERSIONS)
    };
    let expired = tls_failure(lasting(2001, 2002)).await;
    assert!(expired.contains("the certificate expired at 2002-01-01T00:00:00Z"), "{expired}");
    let early = tls_failure(lasting(2998, 2999)).await;
    assert!(early.contains("the certificate is valid only from 2998-01-01T00:00:00Z on"), "{early}");
    for said in [expired, early] {
        assert!(said.contains("check this machine's clock"), "{said}");
    }
}

#[tokio::test]
async fn a_server_that_refuses_the_handshake_is_named_as_such() {
    let said = tls_failure(Private::new("127.0.0.1", &["spdy"])).await;
    assert!(said.contains("the server refuses the TLS handshake"), "{said}");
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
    check_words(&failure.message);
    assert!(failure.message.contains("speaks no TLS") && failure.advice().contains("http://"), "{failure}");
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
async fn http_1_1_is_spoken_even_where_the_server_prefers_http_2() {
    let private = Private::new("127.0.0.1", &["h2", "http/1.1"]);
    let stub = Stub::start_tls(private.acceptor.clone(), |_, _| json(200, "{}")).await;
    let endpoint = format!("https://127.0.0.1:{}", stub.port);
    let rig = bare(Rig { ca_file: Some(private.ca_file.clone()), ..Rig::new(endpoint) });
    let connection = rig.connect();
    for _ in 0..3 {
        ask(&connection).await.unwrap();
    }
    assert!(stub.requests().iter().all(|request| verifies(request, super::SECRET)));
    assert_eq!((stub.requests().len(), stub.connections()), (3, 1));
}

#[tokio::test]
async fn a_connection_on_which_an_answer_was_late_is_given_up() {
    let private = Private::new("127.0.0.1", &["h2", "http/1.1"]);
    for begun in [Vec::new(), [&head(200, &[], 100)[..], b"{"].concat()] {
        let script = move |number, _: &Received| match number {
            0 => Act::Stall(begun.clone()),
            _ => json(200, "{}"),
        };
        let stub = Stub::start_tls(private.acceptor.clone(), script).await;
        let endpoint = format!("https://127.0.0.1:{}", stub.port);
        let rig = Rig { ca_file: Some(private.ca_file.clone()), max_attempts: 2, ..Rig::new(endpoint) };
        let rig = bare(Rig { timeout: Duration::from_millis(500), ..rig });
        assert_eq!(ask(&rig.connect()).await.unwrap().attempts, 2);
        assert_eq!((stub.requests().len(), stub.connections()), (2, 2));
    }
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
    let rig = Rig { timeout: Duration::from_secs(2), ..Rig::new("http://hss.example.invalid") }
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
