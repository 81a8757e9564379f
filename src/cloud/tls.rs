//! What went wrong with TLS, in words. What to do about it is said by the failure's advice.

use rustls::pki_types::UnixTime;
use rustls::{AlertDescription, CertificateError, Error};
use std::time::{Duration, UNIX_EPOCH};

/// So many of the names in a certificate are shown. Some certificates have hundreds.
const SHOWN_NAMES: usize = 3;

/// A sentence about an error of TLS.
pub(super) fn describe(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(problem) => certificate(problem),
        Error::AlertReceived(alert) => format!("the server refuses the TLS handshake: {}", refusal(*alert)),
        Error::InvalidMessage(_) | Error::InappropriateMessage { .. } => {
            "what listens there speaks no TLS, perhaps plain HTTP".to_owned()
        }
        Error::PeerIncompatible(_) => {
            "the server has no version or cipher of TLS in common with the exporter, which speaks TLS 1.2 and 1.3"
                .to_owned()
        }
        Error::NoCertificatesPresented => "the server shows no certificate".to_owned(),
        Error::PeerMisbehaved(_)
        | Error::InappropriateHandshakeMessage { .. }
        | Error::DecryptError
        | Error::PeerSentOversizedRecord => "the server breaks the rules of TLS".to_owned(),
        _ => "the TLS connection failed".to_owned(),
    }
}

fn certificate(problem: &CertificateError) -> String {
    match problem {
        CertificateError::UnknownIssuer => {
            "the certificate is signed by an authority that this machine does not trust".to_owned()
        }
        CertificateError::BadSignature => {
            "the certificate is not signed by the authority that it names: two authorities may have the same name"
                .to_owned()
        }
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("the certificate expired at {}", date(*not_after))
        }
        CertificateError::Expired => "the certificate has expired".to_owned(),
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("the certificate is valid only from {} on", date(*not_before))
        }
        CertificateError::NotValidYet => "the certificate is not valid yet".to_owned(),
        CertificateError::NotValidForNameContext { expected, presented } => {
            format!("the certificate is for {} and not for {}", names(presented), expected.to_str())
        }
        CertificateError::NotValidForName => "the certificate is not for this host".to_owned(),
        CertificateError::Revoked => "the certificate is revoked".to_owned(),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            "the certificate is not one for servers".to_owned()
        }
        CertificateError::BadEncoding | CertificateError::UnhandledCriticalExtension => {
            "the certificate cannot be understood".to_owned()
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "the certificate is signed in a way that is not supported".to_owned()
        }
        _ => "the certificate is not accepted".to_owned(),
    }
}

/// What the server refuses the handshake with.
fn refusal(alert: AlertDescription) -> String {
    let words = match alert {
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => "it has no cipher in common",
        AlertDescription::ProtocolVersion => {
            "it has no version of TLS in common, and the exporter speaks TLS 1.2 and 1.3"
        }
        AlertDescription::UnrecognisedName => "it does not know the name of the host",
        AlertDescription::NoApplicationProtocol => "it does not speak HTTP/1.1",
        AlertDescription::CertificateRequired
        | AlertDescription::NoCertificate
        | AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown => "it wants a certificate of the exporter, which has none",
        AlertDescription::AccessDenied => "access is denied",
        AlertDescription::InternalError => "it has an internal error",
        other => return format!("alert {}", u8::from(other)),
    };
    words.to_owned()
}

/// Names as rustls gives them, such as `DnsName("example.com")`.
fn names(presented: &[String]) -> String {
    let shown: Vec<&str> = presented.iter().take(SHOWN_NAMES).map(|name| bare(name)).collect();
    match presented.len() {
        0 => "no host".to_owned(),
        count if count > SHOWN_NAMES => format!("{} and {} more", shown.join(", "), count - SHOWN_NAMES),
        _ => shown.join(" and "),
    }
}

fn bare(name: &str) -> &str {
    let inner = name.split_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    inner.unwrap_or(name).trim_matches('"')
}

fn date(moment: UnixTime) -> String {
    humantime::format_rfc3339_seconds(UNIX_EPOCH + Duration::from_secs(moment.as_secs())).to_string()
}
