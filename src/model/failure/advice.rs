//! What to do about a failure: by its reason, and where that says too little, by the cloud's code and words.
//!
//! One table, read from above; the first row that fits speaks. `docs/troubleshooting.md` shows them as people meet them.

use super::{Failure, Reason};
use std::borrow::Cow;

/// When a failure is meant, and what is to be done about it then.
struct Rule {
    /// Any of these.
    reasons: &'static [Reason],
    /// What stands behind the dot of the cloud's code: any of these; empty: whatever it is.
    codes: &'static [&'static str],
    /// What the message holds, in lower case: any of these; empty: whatever it says.
    says: &'static [&'static str],
    advice: &'static str,
}

const fn rule(
    reasons: &'static [Reason],
    codes: &'static [&'static str],
    says: &'static [&'static str],
    advice: &'static str,
) -> Rule {
    Rule { reasons, codes, says, advice }
}

/// Refusals that may come from whoever stands between us and the cloud.
const REFUSALS: &[Reason] = &[Reason::Auth, Reason::Permission, Reason::Invalid, Reason::NotFound, Reason::Decode];

const CREDENTIAL: &[Reason] = &[Reason::Auth, Reason::TokenExpired];

/// The rules.
#[rustfmt::skip] // A row reads as a row.
static RULES: &[Rule] = &[
    // What stands in between.
    rule(REFUSALS, &[], &["sent to https port"],
        "the endpoint speaks TLS: write it with `https://`"),
    rule(REFUSALS, &[], &["the answer is a web page", "the answer is not json"],
        "something in between (a proxy, a firewall, a portal) answers in the cloud's place: let it pass the endpoint, or go another way with \
         `HTTPS_PROXY` and `NO_PROXY`"),
    rule(REFUSALS, &[], &["sends us elsewhere"],
        "write the address where the API is in `endpoints.hss`; if the one named in the message is a login page, a portal stands in between"),
    // The access key.
    rule(CREDENTIAL, &[], &["failed to reach the limit"],
        "the key is locked after five wrong signatures in a row: mend the secret, look who else uses the key, and let it rest for five minutes"),
    rule(CREDENTIAL, &[], &["verify aksk signature fail", "verify ak sk signature fail"],
        "the secret does not belong to this access key, or was not copied whole: take both from the file that the console gave when the key was \
         made, or make a new key; after five wrong signatures the cloud locks a key for five minutes"),
    rule(CREDENTIAL, &[], &["signature expired"],
        "set this machine's clock (NTP): the cloud refuses signatures that are more than 15 minutes off"),
    rule(CREDENTIAL, &[], &["not exist", "get secretkey failed"],
        "the cloud knows no such access key: it was deleted or disabled, id and secret are swapped, or it is a key of another cloud (Huawei \
         Cloud's sites for China, for Europe and for other countries, and its partners' clouds, each have their own)"),
    rule(CREDENTIAL, &[], &["locked", "disabled", "frozen"],
        "the IAM user is locked or disabled: its administrator can enable it in IAM (a lock after wrong passwords ends by itself, mostly after \
         15 minutes)"),
    rule(CREDENTIAL, &[], &["token"],
        "renew the token: put one that was made for this region into its file, which is noticed at once; a token lives for 24 hours, and for less when the user, \
         the password or the permissions change"),
    rule(CREDENTIAL, &[], &["which should hold", "cannot read the", "in the configuration"],
        "put the secret where it is said to be, and nothing else; a changed file is noticed at once"),
    // What may be seen.
    rule(&[Reason::Permission], &["0310"], &[],
        "check the project's id and the region: the project is another region's or another account's, does not exist, or is frozen (console: My \
         Credentials, API Credentials lists each project with its region)"),
    rule(&[Reason::Permission], &["0801", "0802"], &[],
        "this account may not use this region: check `region`, and the account's site"),
    rule(&[Reason::Permission], &["0302"], &[],
        "put the user into a group that has `HSS ReadOnlyAccess` for this region's project; a new permission takes some minutes"),
    rule(&[Reason::Permission], &["0010", "0013", "00000010", "00000013"], &[],
        "grant the user `HSS ReadOnlyAccess` in this project and enterprise project, and check the enterprise project's id: one that does not \
         exist is refused alike"),
    rule(&[Reason::Permission], &[], &["policy"],
        "a policy denies it (an identity policy, or one of the organization): have the read actions of HSS (`hss:*:get*`, `hss:*:list*`) allowed for this user"),
    // What is meant.
    rule(&[Reason::NotFound], &["0101"], &[],
        "no HSS answers here: check `region`; the cloud of a partner needs `endpoints.hss`, and that is HSS's address, not IAM's or the console's"),
    rule(&[Reason::Invalid], &[], &["enterprise_project"],
        "check the enterprise project's id (console: Enterprise, Project Management); `0` is the default one"),
    rule(&[Reason::Invalid], &[], &["no header can carry"],
        "the secret holds a character that cannot be sent: put the secret there, and nothing else"),
    // Too many.
    rule(&[Reason::Throttled], &[], &["policy user"],
        "nothing, unless it lasts: then other programs of the same user use up its limit, and the exporter needs a user of its own, or a smaller \
         `refresh.requests_per_minute`"),
    rule(&[Reason::Throttled], &[], &["policy ip"],
        "nothing, unless it lasts: then other programs behind the same address use up its limit: let one exporter read for all of them, or give each \
         a smaller `refresh.requests_per_minute`"),
    // The way.
    rule(&[Reason::Connect], &[], &["tunnel", "proxy"],
        "the proxy does not let us through: check `HTTPS_PROXY` (a user and a password stand in it as http://user:password@host:port), and what the \
         proxy allows; `NO_PROXY` goes around it"),
    rule(&[Reason::Connect], &[], &["dns error", "lookup"],
        "this machine finds no such host: check `region` and `endpoints.hss` (a partner's cloud has names of its own), and the DNS"),
    rule(&[Reason::Connect], &[], &["refused"],
        "nothing listens there: check host and port of `endpoints.hss`, or of the proxy"),
    rule(&[Reason::Connect], &[], &["no connection in time", "unreachable", "no route"],
        "the way is closed: check route and firewall; where only a proxy leads out, name it in `HTTPS_PROXY`"),
    rule(&[Reason::Tls], &[], &["does not trust", "not signed by the authority"],
        "name the authority that signed the certificate in `ca_file`; if a proxy looks into TLS, that is the proxy's own authority"),
    rule(&[Reason::Tls], &[], &["the certificate is for", "not for this host"],
        "the certificate is another host's: write the endpoint with the name that the certificate bears, not as an IP address"),
    rule(&[Reason::Tls], &[], &["expired", "valid only from", "not valid yet"],
        "check this machine's clock, and else have the certificate renewed"),
    rule(&[Reason::Tls], &[], &["speaks no tls"],
        "what listens there speaks no TLS: check the port of `endpoints.hss`, or write `http://` if that is meant (beyond this machine, \
         `allow_insecure_http: true` too)"),
    rule(&[Reason::Tls], &[], &["refuses the tls handshake", "in common"],
        "the server, or a proxy in between, wants another version, another cipher or a certificate: check host and port of `endpoints.hss`, and what \
         stands in between"),
    rule(&[Reason::Tls], &[], &["ca-certificates"],
        "install the package `ca-certificates`, or name the authorities to trust in `ca_file`"),
];

/// What is added where nothing is asked for a while.
const UNTIL_MENDED: &str = "a changed file is noticed at once, and else one request tries again at the time given";

impl Failure {
    /// What the operator can do about it: the same sentence on the landing page, in the log and in `check --online`.
    pub fn advice(&self) -> Cow<'static, str> {
        let asked = Asked::of(&self.tried);
        // What the cloud's words say is true of every service; what its codes say, of HSS.
        let rule = RULES.iter().find(|rule| rule.fits(self));
        let advice = match (rule, self.reason, asked) {
            (Some(Rule { says: [_, ..], advice, .. }), _, _) => advice,
            (_, Reason::Permission, Asked::Iam) => {
                "grant the user `IAM ReadOnlyAccess` (`iam:projects:listProjects`), or list the projects' ids in the configuration"
            }
            (_, Reason::Permission, Asked::Eps) => {
                "grant the user `EPS ReadOnlyAccess` (`eps:enterpriseProjects:list`), or list the enterprise projects' ids in the \
                 configuration"
            }
            (Some(rule), _, _) => rule.advice,
            (None, reason, _) => reason.advice(),
        };
        match (self.reason, asked) {
            (Reason::Blocked, _) => Cow::Owned(format!("{advice}; {UNTIL_MENDED}")),
            (_, Asked::Hss) => Cow::Borrowed(advice),
            (_, Asked::Iam) => Cow::Owned(advice.replace("endpoints.hss", "endpoints.iam")),
            (_, Asked::Eps) => Cow::Owned(advice.replace("endpoints.hss", "endpoints.eps")),
        }
    }
}

/// Whose endpoint and whose permissions a failure is about: what is tried begins with the name of the API.
#[derive(Clone, Copy)]
enum Asked {
    Hss,
    Iam,
    Eps,
}

impl Asked {
    fn of(tried: &str) -> Self {
        let end = tried.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tried.len());
        match tried.get(..end).unwrap_or_default() {
            "ListEnterpriseProjects" => Self::Eps,
            "ListProjects" | "ListDomains" | "CreateToken" | "CreateTemporaryAccessKey" => Self::Iam,
            _ => Self::Hss,
        }
    }
}

impl Rule {
    fn fits(&self, failure: &Failure) -> bool {
        // What is blocked was refused before.
        let reason = if failure.reason == Reason::Blocked { Reason::Auth } else { failure.reason };
        let number = failure.code.as_deref().map(|code| code.rsplit_once('.').map_or(code, |(_, number)| number));
        let message = failure.message.to_lowercase();
        self.reasons.contains(&reason)
            && (self.codes.is_empty() || number.is_some_and(|number| self.codes.contains(&number)))
            && (self.says.is_empty() || self.says.iter().any(|words| message.contains(words)))
    }
}

impl Reason {
    /// What can be done where nothing more is known.
    const fn advice(self) -> &'static str {
        match self {
            Self::Auth | Self::Blocked => {
                "check the access key and its secret (or the token) and this machine's clock; \
                 after five wrong signatures the cloud locks a key for five minutes"
            }
            Self::TokenExpired => "renew the token, and check that it was made for this region",
            Self::Permission => "grant the user `HSS ReadOnlyAccess` in this project and enterprise project",
            Self::Throttled => {
                "nothing, unless it lasts: then other programs use up the same user's or address's limit"
            }
            Self::Invalid => "check the project id, the enterprise project id and the region",
            Self::NotFound => "check the region, the endpoint and the project id",
            Self::Server => "nothing, unless it lasts: then ask the vendor, with the request id",
            Self::Timeout => "check the way to the endpoint (proxy, firewall); a longer `refresh.timeout` may help",
            Self::Connect => "check the endpoint's name and the way to it (DNS, proxy, firewall)",
            Self::Tls => "if the endpoint's certificate comes from a private authority, name it in `ca_file`",
            Self::Decode => "check that nothing in between (a proxy, a portal) answers in the cloud's place",
            Self::TooLarge => "check that the endpoint is Huawei Cloud's",
            Self::Inconsistent => {
                "nothing, unless it lasts: either the list changed faster than it could be read, or the cloud does not \
                 answer as its documentation says; then ask the vendor"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(reason: Reason, code: Option<&str>, message: &str) -> Failure {
        Failure {
            reason,
            tried: String::new(),
            status: None,
            code: code.map(str::to_owned),
            message: message.to_owned(),
            request_id: None,
            retry_after: None,
        }
    }

    #[test]
    fn words_and_codes_say_more_than_the_reason() {
        let expired = failure(Reason::Auth, Some("APIGW.0301"), "Signature EXPIRED, server time: now");
        assert!(expired.advice().contains("NTP"), "{}", expired.advice());
        let project = failure(Reason::Permission, Some("APIG.0310"), "");
        assert!(project.advice().contains("check the project's id and the region"));
        let other = failure(Reason::Permission, Some("APIG.9999"), "");
        assert_eq!(other.advice(), Reason::Permission.advice());
        // The same words, where they mean something else.
        let late = failure(Reason::Server, None, "signature expired");
        assert_eq!(late.advice(), Reason::Server.advice());
    }

    #[test]
    fn each_service_has_an_endpoint_and_permissions_of_its_own() {
        let at = |tried: &str, reason, message| Failure { tried: tried.into(), ..failure(reason, None, message) };
        let iam = at("ListProjects at https://iam.example.com", Reason::Connect, "connection refused");
        assert!(iam.advice().contains("`endpoints.iam`"), "{}", iam.advice());
        let eps = at("ListEnterpriseProjects(from 0) at https://eps.example.com", Reason::Permission, "");
        assert!(eps.advice().contains("eps:enterpriseProjects:list"), "{}", eps.advice());
        let hss = at("ListTasks(cluster_scan) at https://hss.example.com", Reason::Permission, "");
        assert!(hss.advice().contains("HSS ReadOnlyAccess"), "{}", hss.advice());
    }

    #[test]
    fn what_is_blocked_is_mended_as_what_was_refused() {
        let locked =
            failure(Reason::Blocked, Some("APIGW.0301"), "nothing is asked before noon, after this answer: locked");
        assert!(locked.advice().contains("IAM user is locked") && locked.advice().ends_with(UNTIL_MENDED));
    }

    #[test]
    fn every_row_can_be_reached() {
        for (n, rule) in RULES.iter().enumerate() {
            let number = rule.codes.first().map(|number| format!("APIGW.{number}"));
            let meant = failure(rule.reasons[0], number.as_deref(), rule.says.first().copied().unwrap_or_default());
            assert_eq!(meant.advice(), rule.advice, "row {n}");
        }
    }
}
