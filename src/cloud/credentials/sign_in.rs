//! What IAM is asked for a credential with: tokens, and the temporary access keys that are made of them.
//!
//! Source: IAM's API reference (`KeystoneCreateUserTokenByPassword`, `CreateTokenWithIdToken`,
//! `CreateTemporaryAccessKeyByToken`, `CreateTemporaryAccessKeyByAgency`), and how the vendor's SDKs call it.

use super::lease::{self, Lease};
use super::{Header, Identity, Secret, source};
use crate::cloud::line::Line;
use crate::cloud::{Answer, Call, Scope};
use crate::model::observe::Api;
use crate::model::{Failure, Reason};
use serde_json::{Value, json};

/// What the vendor's SDKs ask for too: six hours. A day is the most.
const DURATION_SECONDS: u32 = 21_600;

/// A token for a user's password. It is good for the domain, and so for no project by itself.
pub(super) async fn token_by_password(
    iam: &Line,
    domain: &str,
    user: &str,
    password: &Secret,
) -> Result<Secret, Failure> {
    let known = json!({"user": {"name": user, "password": password.expose(), "domain": {"name": domain}}});
    let body = json!({"auth": {
        "identity": {"methods": ["password"], "password": known},
        "scope": {"domain": {"name": domain}},
    }});
    let what = format!("CreateToken with the password of the user {user} of {domain}");
    let call = call(Api::CreateToken, what, "/v3/auth/tokens", &body);
    let stranger = Identity::Stranger { headers: Vec::new(), told: vec![password.clone()] };
    iam.ask(&call, &stranger, token).await
}

/// A token for one of another identity provider's.
pub(super) async fn token_by_id_token(iam: &Line, provider: &str, id_token: &Secret) -> Result<Secret, Failure> {
    let body = json!({"auth": {"id_token": {"id": id_token.expose()}}});
    let what = format!("CreateToken with a token of the identity provider {provider}");
    let call = call(Api::CreateToken, what, "/v3.0/OS-AUTH/id-token/tokens", &body);
    let headers = vec![Header::new("x-idp-id", provider)];
    iam.ask(&call, &Identity::Stranger { headers, told: vec![id_token.clone()] }, token).await
}

/// A temporary access key for a token.
pub(super) async fn key_by_token(iam: &Line, token: &Secret) -> Result<Lease, Failure> {
    let known = json!({"id": token.expose(), "duration_seconds": DURATION_SECONDS});
    let body = json!({"auth": {"identity": {"methods": ["token"], "token": known}}});
    let call = key(&body, "CreateTemporaryAccessKey with the new token".to_owned());
    iam.ask(&call, &Identity::Stranger { headers: Vec::new(), told: vec![token.clone()] }, lease::read).await
}

/// A temporary access key of an agency, for those who may act for it.
pub(super) async fn key_by_agency(
    iam: &Line,
    domain: &str,
    agency: &str,
    identity: &Identity,
) -> Result<Lease, Failure> {
    let known = json!({"domain_name": domain, "agency_name": agency, "duration_seconds": DURATION_SECONDS});
    let body = json!({"auth": {"identity": {"methods": ["assume_role"], "assume_role": known}}});
    let call = key(&body, format!("CreateTemporaryAccessKey of the agency {agency} of {domain}"));
    iam.ask(&call, identity, lease::read).await
}

fn key(body: &Value, what: String) -> Call<'static> {
    call(Api::CreateTemporaryAccessKey, what, "/v3.0/OS-CREDENTIAL/securitytokens", body)
}

fn call(api: Api, what: String, path: &str, body: &Value) -> Call<'static> {
    Call {
        api,
        what,
        method: "POST",
        path: path.to_owned(),
        query: Vec::new(),
        body: body.to_string().into(),
        scope: Scope::None,
    }
}

fn token(answer: &Answer) -> Result<Secret, (Reason, String)> {
    let wrong = |why: &str| (Reason::Decode, format!("the answer's header X-Subject-Token {why}"));
    let token = answer.token.clone().ok_or_else(|| wrong("is missing"))?;
    source::check(token.expose()).map_err(wrong)?;
    Ok(token)
}
