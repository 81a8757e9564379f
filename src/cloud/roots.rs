//! Whom to trust: the system's certificate authorities, and those of `ca_file`.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_native_certs::{load_certs_from_paths, load_native_certs};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The system's authorities, read when they are first needed: plain HTTP works without any.
pub(super) struct Roots {
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR`, which replace the system's own places.
    file: Option<PathBuf>,
    directory: Option<PathBuf>,
    system: OnceLock<Vec<CertificateDer<'static>>>,
}

impl Roots {
    pub(super) fn new(environment: &[(String, String)]) -> Self {
        let find = |name| environment.iter().find(|(key, _)| key == name).map(|(_, value)| PathBuf::from(value));
        Self { file: find("SSL_CERT_FILE"), directory: find("SSL_CERT_DIR"), system: OnceLock::new() }
    }

    /// Whether the system has any.
    pub(super) fn check(&self) -> Result<(), String> {
        if !self.system().is_empty() {
            return Ok(());
        }
        Err("this system has no certificate authorities to trust: install the package `ca-certificates`, or name a \
             file with authorities in `ca_file`"
            .to_owned())
    }

    /// The system's, and those in `ca_file`.
    pub(super) fn with(&self, ca_file: Option<&Path>) -> Result<RootCertStore, String> {
        let mut store = RootCertStore::empty();
        // The system's bundle may hold some that are too old to be understood.
        store.add_parsable_certificates(self.system().iter().cloned());
        for certificate in ca_file.map(read).transpose()?.unwrap_or_default() {
            let wrong = |error| format!("`ca_file` {}: {error}", ca_file.unwrap_or(Path::new("")).display());
            store.add(certificate).map_err(wrong)?;
        }
        Ok(store)
    }

    fn system(&self) -> &[CertificateDer<'static>] {
        self.system.get_or_init(|| {
            let found = match (&self.file, &self.directory) {
                (None, None) => load_native_certs(),
                (file, directory) => load_certs_from_paths(file.as_deref(), directory.as_deref()),
            };
            for error in &found.errors {
                tracing::debug!(%error, "some of the system's certificate authorities cannot be read");
            }
            found.certs
        })
    }
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let wrong = |error| format!("cannot read `ca_file` {}: {error}", path.display());
    let certificates: Vec<_> =
        CertificateDer::pem_file_iter(path).map_err(wrong)?.collect::<Result<_, _>>().map_err(wrong)?;
    if certificates.is_empty() {
        return Err(format!("`ca_file` {} holds no certificate in PEM format", path.display()));
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none() -> Roots {
        Roots::new(&[("SSL_CERT_FILE".to_owned(), "/nonexistent".to_owned())])
    }

    #[test]
    fn a_system_without_authorities_says_what_to_install() {
        let error = none().check().unwrap_err();
        assert!(error.contains("ca-certificates") && error.contains("ca_file"), "{error}");
    }

    #[track_caller]
    fn check(text: Option<&[u8]>, expected: &str) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.pem");
        if let Some(text) = text {
            std::fs::write(&path, text).unwrap();
        }
        let error = none().with(Some(&path)).unwrap_err();
        assert!(error.contains(expected) && error.contains(&path.display().to_string()), "{error}");
    }

    #[test]
    fn a_ca_file_that_is_none_is_named() {
        check(None, "cannot read");
        check(Some(b"hello"), "no certificate");
        check(Some(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "ca.pem");
        check(Some(b"-----BEGIN CERTIFICATE-----\nAAAA\n"), "cannot read");
    }
}
