//! Where the services of an account's region answer, as written or as known.

use super::Credentials;
use super::endpoint::{Endpoint, EndpointError, PlainHttp};
use super::nearest::nearest;
use super::reader::{self, Group};
use super::report::{Fault, Located, Report};
use crate::model::region;
use ::config::Value;
use std::sync::Arc;

/// What is written of endpoints, and which of them are allowed.
pub(super) struct Endpoints<'v> {
    pub(super) group: Group<'v>,
    pub(super) plain_http: PlainHttp,
}

impl Endpoints<'_> {
    /// The endpoint that was written, else that of the region, which has to be known.
    pub(super) fn hss(&self, region: Option<&Located<Arc<str>>>, report: &mut Report) -> Option<Endpoint> {
        let endpoint = self.of("hss", region, region::hss_endpoint, report);
        if endpoint.is_some() || self.group.has("hss") {
            return endpoint;
        }
        let Located { at, value: region, .. } = region?;
        let remedy = match nearest(region, region::REGIONS) {
            Some(near) => format!("did you mean `{near}`? Where the region is another cloud's, set `endpoints.hss`"),
            None => {
                "look the region up in the console's URL, or set `endpoints.hss` where it is another cloud's".into()
            }
        };
        report.refuse(at, Some(region), Fault::new("is no region whose HSS endpoint is known", remedy));
        None
    }

    /// The endpoint that was written, else that of the region, if it is known.
    pub(super) fn of(
        &self,
        service: &str,
        region: Option<&Located<Arc<str>>>,
        of_region: fn(&str) -> Option<String>,
        report: &mut Report,
    ) -> Option<Endpoint> {
        match self.group.get(service) {
            Some(value) => self.written(service, value, report),
            None => of_region(&region?.value).and_then(|url| Endpoint::parse(&url, self.plain_http).ok()),
        }
    }

    fn written(&self, service: &str, value: &Value, report: &mut Report) -> Option<Endpoint> {
        let at = self.group.at.key(service, Some(value));
        let text = reader::text(&at, value, report)?;
        let read = |text: &str| {
            Endpoint::parse(text, self.plain_http).map_err(|error| {
                let remedy = match error {
                    EndpointError::PlainHttp => {
                        "use `https://`, or set the account's `allow_insecure_http: true`".to_owned()
                    }
                    _ => format!(
                        "write scheme, host and perhaps a port, and nothing else: `https://{service}.example.com`"
                    ),
                };
                Fault::new(error.to_string(), remedy)
            })
        };
        reader::parsed(at, text, Some(text), report, read).map(|located| located.value)
    }

    /// Who looks for something has to know where it is asked.
    pub(super) fn check_search(&self, service: &str, known: Option<&Endpoint>, wanted: bool, report: &mut Report) {
        if wanted && known.is_none() && self.group.has("hss") && !self.group.has(service) {
            let name = service.to_uppercase();
            let reason = format!("is missing: the region's {name} endpoint is not known, and `discover` asks there");
            let remedy = format!("write it: `https://{service}.example.com`, or list what is to be watched");
            report.refuse(&self.group.at.key(service, None), None, Fault::new(reason, remedy));
        }
    }

    /// Who signs in at IAM has to know where it is.
    pub(super) fn check_iam(&self, credentials: &Credentials, report: &mut Report) {
        let signs_in = match credentials {
            Credentials::Password { .. } | Credentials::IdToken { .. } | Credentials::Agency { .. } => true,
            Credentials::AccessKey { .. }
            | Credentials::Token(_)
            | Credentials::Metadata(_)
            | Credentials::Profile(_)
            | Credentials::PodIdentity(_)
            | Credentials::Default(_) => false,
        };
        // A region that is not known at all has been spoken of, unless HSS is written.
        if signs_in && self.group.has("hss") && !self.group.has("iam") {
            let fault =
                Fault::new("is missing: the region's IAM endpoint is not known", "write it: `https://iam.example.com`");
            report.refuse(&self.group.at.key("iam", None), None, fault);
        }
    }
}
