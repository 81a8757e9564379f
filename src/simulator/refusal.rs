//! How the cloud says no: every shape of error body that the vendor's documentation and SDKs know.

use serde_json::{Value, json};

/// An answer that is an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// How the body is laid out.
    pub shape: Shape,
    /// Such as `APIGW.0301`.
    pub code: String,
    /// The text.
    pub message: String,
}

/// The layouts of error bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// `error_msg`, `error_code`, `request_id`: the gateway before all services.
    Gateway,
    /// `error_code`, `error_description`, `error_msg`: HSS.
    Service,
    /// `error_code`, `error_description` and no `error_msg`: HSS, elsewhere.
    Bare,
    /// `error.code` (a number), `error.message`, `error.title`: IAM.
    Iam,
    /// `error.error_code`, `error.error_msg`: EPS.
    Nested,
    /// `errorCode`, `errorMsg`.
    Camel,
    /// `code`, `message`.
    Plain,
    /// As `Service`, with `encoded_authorization_message` beside: a denial by an identity policy.
    Denial,
}

impl Refusal {
    /// An error of the gateway: `number` is what stands behind `APIGW.`.
    pub fn gateway(status: u16, number: &str, message: impl Into<String>) -> Self {
        Self { status, shape: Shape::Gateway, code: format!("APIGW.{number}"), message: message.into() }
    }

    /// An error of HSS: `number` is what stands behind `HSS.`.
    pub fn service(status: u16, number: &str, message: impl Into<String>) -> Self {
        Self { status, shape: Shape::Service, code: format!("HSS.{number}"), message: message.into() }
    }

    /// HSS does not accept a parameter.
    pub fn invalid(what: &str) -> Self {
        Self::service(400, "0001", format!("invalid parameter: {what}"))
    }

    /// The caller may not see this. A business error of HSS comes as 400.
    pub fn no_permission() -> Self {
        Self::service(400, "0013", "权限不足")
    }

    /// There is no such API, or not with this method.
    pub fn no_such_api() -> Self {
        Self::gateway(404, "0101", "The API does not exist or has not been published in the environment")
    }

    /// The gateway does not believe the caller. Every text of this code begins alike.
    pub fn unauthorized(why: &str) -> Self {
        Self::gateway(401, "0301", format!("Incorrect IAM authentication information: {why}"))
    }

    /// The token has to be renewed, or belongs to another region.
    pub fn token_expired() -> Self {
        Self::gateway(401, "0307", "The token must be updated")
    }

    /// The caller may not call this API.
    pub fn not_allowed() -> Self {
        Self::gateway(403, "0302", "The IAM user is not authorized to access the API")
    }

    /// Too many calls in a minute; `policy` says whose: `user`, `ip` or `api`.
    pub fn throttled(policy: &str, limit: usize) -> Self {
        Self::throttled_over(policy, limit, 1)
    }

    /// Too many calls in so many minutes.
    pub fn throttled_over(policy: &str, limit: usize, minutes: usize) -> Self {
        let text = "The throttling threshold has been reached";
        let time = format!("policy {policy} over ratelimit,limit:{limit},time:{minutes} minute");
        Self::gateway(429, "0308", format!("{text}: {time}"))
    }

    /// Too many calls, as HSS itself says it.
    pub fn busy() -> Self {
        Self::service(429, "0003", "服务器繁忙")
    }

    /// An error of IAM.
    pub fn iam(status: u16, message: impl Into<String>) -> Self {
        Self { status, shape: Shape::Iam, code: status.to_string(), message: message.into() }
    }

    /// IAM cannot make sense of a body.
    pub fn invalid_body() -> Self {
        Self::iam(400, "The request body is invalid")
    }

    /// IAM was shown neither a key nor a token.
    pub fn unauthenticated() -> Self {
        Self::iam(401, "The request you have made requires authentication.")
    }

    /// IAM does not know the token, or no longer.
    pub fn invalid_token() -> Self {
        Self::iam(401, "The X-Auth-Token is invalid!")
    }

    /// The caller may not do this, says IAM.
    pub fn forbidden() -> Self {
        Self::iam(403, "You have no right to do this action")
    }

    /// An error of EPS.
    pub fn eps(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, shape: Shape::Nested, code: code.to_owned(), message: message.into() }
    }

    /// An error of the metadata service.
    pub fn plain(status: u16, message: &str) -> Self {
        Self { status, shape: Shape::Plain, code: status.to_string(), message: message.to_owned() }
    }

    /// The same error with the other prefix of the gateway's codes.
    #[must_use]
    pub fn as_apig(self) -> Self {
        Self { code: self.code.replace("APIGW.", "APIG."), ..self }
    }

    /// One of each shape, as the vendor's documentation, its SDKs and its users show it, with a name for tests.
    pub fn examples() -> Vec<(&'static str, Self)> {
        let new = |status, shape, code: &str, message: &str| Self {
            status,
            shape,
            code: code.into(),
            message: message.into(),
        };
        vec![
            ("throttled by user", Self::throttled("user", 5)),
            ("throttled by address, other prefix", Self::throttled("ip", 5).as_apig()),
            ("busy", Self::busy()),
            ("business error", Self::service(400, "1019", "查询服务器组信息失败")),
            ("no error_msg", new(403, Shape::Bare, "00000010", "拒绝访问")),
            ("no permission", Self::no_permission()),
            ("database", Self::service(500, "0004", "数据库错误")),
            ("wrong signature", Self::unauthorized("verify aksk signature fail")),
            ("locked key", Self::unauthorized("AK access failed to reach the limit,forbidden")),
            ("wrong token", Self::unauthorized("decrypt token fail")),
            ("expired token", Self::token_expired()),
            ("not allowed", Self::not_allowed()),
            ("project unavailable", Self::gateway(403, "0310", "The project is unavailable")),
            ("no such api", Self::no_such_api()),
            ("gateway failed", Self::gateway(500, "0601", "Internal server error")),
            ("no backend", Self::gateway(502, "0610", "No backend available")),
            ("iam unavailable", Self::gateway(503, "0613", "The IAM service is currently unavailable")),
            ("backend timeout", Self::gateway(504, "0201", "Backend timeout")),
            ("iam", Self::invalid_token()),
            ("eps", new(403, Shape::Nested, "EPS.0004", "You have no right to do this action")),
            ("camel case", new(400, Shape::Camel, "HSS.0011", "resource not found")),
            ("code and message", new(500, Shape::Plain, "500", "internal error")),
            ("identity policy", new(403, Shape::Denial, "PAP5.0017", "access denied by an identity policy")),
        ]
    }

    /// The body. `request_id` stands in the gateway's bodies only.
    pub fn body(&self, request_id: &str) -> Value {
        let (code, message) = (&self.code, &self.message);
        match self.shape {
            Shape::Gateway => json!({ "error_msg": message, "error_code": code, "request_id": request_id }),
            Shape::Service => json!({ "error_code": code, "error_description": message, "error_msg": message }),
            Shape::Bare => json!({ "error_code": code, "error_description": message }),
            Shape::Iam => json!({ "error": { "code": self.status, "message": message, "title": title(self.status) } }),
            Shape::Nested => json!({ "error": { "error_code": code, "error_msg": message } }),
            Shape::Camel => json!({ "errorCode": code, "errorMsg": message }),
            Shape::Plain => json!({ "code": code, "message": message }),
            Shape::Denial => json!({
                "error_code": code,
                "error_msg": message,
                "encoded_authorization_message": "c2ltdWxhdGVk",
            }),
        }
    }
}

/// What IAM calls a status.
fn title(status: u16) -> &'static str {
    hyper::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or_default()
}
