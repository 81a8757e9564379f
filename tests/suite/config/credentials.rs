//! Credentials that nobody has written down: what is taken from the environment, and in which order.

use super::{ACCOUNTS, environment, good};
use hss_exporter::config::{self, Credentials, WithoutFile};
use std::path::Path;

#[test]
fn without_a_project_the_account_is_there_and_watches_nothing() {
    let variables = environment(&[("HUAWEICLOUD_SDK_IAM_ENDPOINT", "https://iam.example.com")]);
    let made = config::from_environment(Some("cn-north-4"), None, &variables).unwrap();
    let WithoutFile::Projectless { account, .. } = made else { panic!("{made:?}") };
    assert_eq!((&*account.name, &*account.region, account.watches.len()), ("default", "cn-north-4", 0));
    assert_eq!(account.iam_endpoint.unwrap().as_str(), "https://iam.example.com");
}

#[test]
fn what_is_left_out_is_the_default_order_of_the_vendor() {
    let variables = [
        ("HOME", "/home/me"),
        ("HC_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"),
        ("HC_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/run/pod-token"),
    ];
    let variables: Vec<_> = variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
    let config = config::parse(ACCOUNTS, "test.yml", &variables).unwrap().config;
    let Credentials::Default(chain) = &config.accounts[0].credentials else { panic!("{config:?}") };
    assert_eq!(chain.profile.as_deref(), Some(Path::new("/home/me/.huaweicloud/credentials")));
    assert_eq!(chain.metadata.as_str(), "http://169.254.169.254");
    let pod = chain.pod_identity.as_ref().unwrap();
    assert_eq!((pod.endpoint.as_str(), pod.path.as_str()), ("http://169.254.170.23", "/v1/credentials"));
    // What is in the environment comes before all that.
    let key = &good(ACCOUNTS).accounts[0];
    assert!(matches!(key.credentials, Credentials::AccessKey { .. }));
    assert_eq!(key.iam_endpoint.as_ref().unwrap().as_str(), "https://iam.cn-north-4.myhuaweicloud.com");
    assert_eq!(key.eps_endpoint.as_ref().unwrap().as_str(), "https://eps.myhuaweicloud.com");
}
