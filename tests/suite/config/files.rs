//! The files that the configuration names: where they are found, and who may read them.
#![cfg(test)]

use hss_exporter::config::{self, Credentials, SecretSource};
use std::fs;
use std::path::Path;

#[test]
fn files_are_found_beside_the_configuration_and_watched_for_who_may_read_them() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, content: &str| fs::write(folder.path().join(name), content).unwrap();
    let authority = rcgen::generate_simple_self_signed(["hss.example.com".to_owned()]).unwrap().cert.pem();
    write("authorities.pem", &authority);
    write("sk", "  SKEXAMPLE\n");
    write("token", "TOKEN\n");
    let file = folder.path().join("hss-exporter.yml");
    write(
        "hss-exporter.yml",
        "accounts:
  - { name: a, region: cn-north-4, projects: [{ id: p1 }], ca_file: authorities.pem, credentials: { access_key: { id: AK, secret_file: sk } } }
  - { name: b, region: cn-north-4, projects: [{ id: p2 }], credentials: { token: { file: token } } }",
    );
    set_mode(&folder.path().join("authorities.pem"), 0o644);
    let loaded = config::load(&file, &[]).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(
        loaded.config.accounts[1].credentials,
        Credentials::Token(SecretSource::File(folder.path().join("token")))
    );
    assert_eq!(loaded.config.accounts[0].ca_file, Some(folder.path().join("authorities.pem")));
}

/// What is said of a secret's file that others may read.
#[track_caller]
fn check_mode(mode: u32, expected: Option<&str>) {
    let folder = tempfile::tempdir().unwrap();
    let (file, secret) = (folder.path().join("c.yml"), folder.path().join("sk"));
    let account = "accounts: [{ name: a, region: cn-north-4, projects: [{ id: p1 }], ";
    fs::write(&file, format!("{account}credentials: {{ access_key: {{ id: AK, secret_file: sk }} }} }}]")).unwrap();
    fs::write(&secret, "SK").unwrap();
    set_mode(&secret, mode);
    let warnings = config::load(&file, &[]).unwrap_or_else(|problems| panic!("{problems}")).warnings;
    let said = warnings.iter().map(|warning| {
        assert_eq!(warning.key, "accounts[0].credentials.access_key.secret_file");
        format!("{}; {}", warning.reason, warning.remedy)
    });
    assert_eq!(said.collect::<Vec<_>>(), expected.into_iter().collect::<Vec<_>>());
}

#[test]
fn a_secret_that_others_may_read_is_warned_about_by_who_they_are() {
    let everybody = "can be read by every user of this machine (mode 0604); take the permission away: `chmod o-r`";
    check_mode(0o604, Some(everybody));
    let both = "can be read by every user of this machine (mode 0644); take the permissions away: `chmod go-r`";
    check_mode(0o644, Some(both));
    let group = "can be read by the members of its group (mode 0640); take the permission away: `chmod g-r`";
    check_mode(0o640, Some(group));
    check_mode(0o600, None);
    check_mode(0o400, None);
}

fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
