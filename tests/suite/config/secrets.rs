//! Nothing that is written where secrets stand is repeated, however it is written.
#![cfg(test)]

use super::anything::yamlish;
use super::{ACCOUNTS, environment};
use hss_exporter::config;
use proptest::prelude::*;
use std::fs;

/// A secret: what it begins with is looked for in what is said.
const CANARY: &str = "canary";

/// How a text may be spelled where YAML has a value or a key.
fn spelled(secret: &str) -> Vec<String> {
    let escaped: String = secret.chars().map(|c| format!("\\x{:02x}", u32::from(c))).collect();
    vec![
        secret.to_owned(),
        format!("'{}'", secret.replace('\'', "''")),
        format!("\"{escaped}\""),
        format!("\"{secret}\\n\""),
        format!("!{secret}"),
        format!("!!{secret}"),
        format!("!<{secret}>"),
        format!("!{secret} x"),
        format!("&{secret} x"),
        format!("&{secret}"),
        format!("*{secret}"),
        format!("%{secret}"),
        format!("@{secret}"),
        format!("`{secret}"),
        format!("x # {secret}"),
        format!("\"{secret}"),
        format!("'{secret}"),
        format!("[{secret}"),
        format!("[{secret}]"),
        format!("{{ {secret}"),
        format!("{{ {secret}: {secret} }}"),
        format!("{{ {secret}: 1, {secret}: 2 }}"),
        format!("{{ ? [{secret}] : {secret} }}"),
        format!("{{ {secret}: {{ {secret}: !{secret} x, {secret}: 1 }} }}"),
        format!("|\n              {secret}\n              {secret}"),
        format!(">{secret}\n              {secret}"),
        format!("{secret}\n              {secret}: x"),
        format!("https://me:{secret}@hss.example.com"),
        format!("https://me:{secret}"),
        format!("https://hss.example.com/{secret}"),
        format!("http://{secret}.example.com"),
        format!("${{{secret}}}"),
        format!("./{secret}"),
        format!("~/{secret}"),
        secret.to_uppercase(),
        format!("A_{}", secret.to_uppercase()),
    ]
}

/// Parts of an account's credentials in which `{}` stands for a value, a key, or whatever begins there.
const PLACES: &[&str] = &[
    "credentials: {}",
    "credentials:\n      {}",
    "credentials:\n      {}: {}",
    "credentials:\n      - {}",
    "credentials:\n      access_key: {}",
    "credentials:\n      access_key:\n        {}",
    "credentials:\n      access_key:\n        {}: {}",
    "credentials:\n      access_key:\n        {}: 1\n        {}: 2",
    "credentials:\n      access_key:\n        id: AK\n        secret: {}",
    "credentials:\n      access_key:\n        id: AK\n        secret: x\n        security_token: {}",
    "credentials:\n      access_key:\n        id: {}\n        secret_file: {}",
    "credentials:\n      access_key:\n        id_env: {}\n        secret_env: {}",
    "credentials:\n      access_key:\n        id: AK\n        {} secret: x",
    "credentials:\n      access_key: { id: AK, secret: {} }",
    "credentials:\n      access_key: { id: AK, secret: x, secret_file: {} }",
    "credentials:\n      token:\n        file: {}",
    "credentials:\n      token:\n        file:\n          - {}",
    "credentials:\n      token:\n        fil: {}",
    "credentials:\n      password:\n        domain: {}\n        user: {}\n        password: {}",
    "credentials:\n      password:\n        domain: d\n        user: u\n        password_file: {}",
    "credentials:\n      agency:\n        domain: {}\n        agency: {}\n        source:\n          token: {}",
    "credentials:\n      metadata:\n        endpoint: {}",
    "credentials:\n      profile:\n        file: {}",
    "credentials:\n      environment: {}",
    "credentials:\n      x:\n        y:\n          {}: {}",
    // The key itself is misspelt.
    "credential:\n      access_key:\n        secret: {}",
    "credential:\n      access_key:\n        {}: 1\n        {}: 2",
    "endpoints:\n      hss: https://me:{}@hss.example.com",
    "endpoints:\n      hss: https://me:{}",
    "endpoints:\n      iam: me:{}@hss.example.com",
    "ca_file: https://me:{}@hss.example.com/ca.pem",
];

/// Whatever is said of a configuration, by the program that checks it.
fn said(text: &str, variables: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("c.yml");
    fs::write(&file, text).unwrap();
    match config::load(&file, &environment(variables)) {
        Ok(loaded) => loaded.warnings.iter().map(|problem| format!("{problem}\n{problem:?}\n")).collect(),
        Err(problems) => format!("{problems}\n{problems:?}"),
    }
}

#[track_caller]
fn check_unsaid(text: &str, variables: &[(&str, &str)]) {
    let said = said(text, variables);
    assert!(!said.to_lowercase().contains(CANARY), "{said}\nof\n{text}");
}

fn with_credentials(place: &str) -> String {
    format!("accounts:\n  - name: prod\n    region: cn-north-4\n    {place}\n    projects: [{{ id: p1 }}]\n")
}

#[test]
fn no_secret_in_the_credentials_is_repeated_however_it_is_written() {
    for place in PLACES {
        for spelled in spelled("canary1") {
            check_unsaid(&with_credentials(&place.replace("{}", &spelled)), &[]);
        }
    }
}

#[test]
fn no_secret_in_a_variable_is_repeated() {
    let key = "credentials: { access_key: { id: AK, secret_env: SECRET } }";
    for value in ["canary two", "canary\u{e9}", "canary\n"] {
        check_unsaid(&with_credentials(key), &[("SECRET", value)]);
        check_unsaid(ACCOUNTS, &[("HUAWEICLOUD_SDK_SK", value)]);
        check_unsaid(ACCOUNTS, &[("HUAWEICLOUD_SDK_SECURITY_TOKEN", value)]);
        check_unsaid(&with_credentials("credentials: { profile: {} }"), &[("HUAWEICLOUD_SDK_CREDENTIALS_FILE", value)]);
        let pod = [("HC_CONTAINER_CREDENTIALS_FULL_URI", value), ("HC_CONTAINER_AUTHORIZATION_TOKEN_FILE", value)];
        check_unsaid(&with_credentials("credentials: { pod_identity: {} }"), &pod);
    }
}

proptest! {
    #[test]
    fn no_random_secret_in_the_credentials_is_repeated(
        place in prop::sample::select(PLACES), rest in "[!-~]{0,12}", how in 0..36_usize, other in 0..36_usize,
    ) {
        let spelled = spelled(&format!("{CANARY}{rest}"));
        let place = with_credentials(place);
        let mut hows = [how, other].into_iter().cycle();
        let parts: Vec<&str> = place.split("{}").collect();
        let text = parts.iter().enumerate().fold(String::new(), |text, (n, part)| match (n, hows.next()) {
            (1.., Some(how)) => text + &spelled[how % spelled.len()] + part,
            _ => text + part,
        });
        let said = said(&text, &[]);
        prop_assert!(!said.to_lowercase().contains(CANARY), "{}\nof\n{}", said, text);
    }

    #[test]
    fn no_secret_anywhere_below_the_credentials_is_repeated(credentials in yamlish(), at in 0..40_usize) {
        // Some word of what was made up is the secret.
        let words: Vec<&str> = credentials.split_inclusive([' ', ',', '[', '{']).collect();
        let at = at % words.len().max(1);
        let text: String = words.iter().enumerate().map(|(n, word)| if n == at { CANARY } else { word }).collect();
        let said = said(&with_credentials(&format!("credentials: {text}")), &[]);
        prop_assert!(!said.contains(CANARY), "{}\nof\n{}", said, text);
    }
}
