//! The configuration with which the exporter reads the simulated cloud.

use super::auth::{Access, Credential};
use super::options::RateLimit;
use super::world::Project;
use std::fmt::Write;

/// YAML for `serve`: the first access key of `credentials`, and all projects.
pub(super) fn yaml(
    endpoint: &str,
    credentials: &[Credential],
    rate_limit: Option<RateLimit>,
    projects: &[Project],
) -> String {
    let key = credentials.iter().find_map(|credential| match &credential.access {
        Access::Key { id, secret, .. } => Some((id.as_str(), secret.as_str())),
        Access::Token { .. } => None,
    });
    let (id, secret) = key.unwrap_or_default();
    let mut yaml = format!(
        "# A simulated Huawei Cloud: nothing in here is a secret.\n\
         accounts:\n  \
           - name: demo\n    \
             region: cn-north-4\n    \
             credentials:\n      \
               access_key: {{ id: {}, secret: {} }}\n    \
             endpoints: {{ hss: {} }}\n    \
             projects:\n",
        quoted(id),
        quoted(secret),
        quoted(endpoint),
    );
    for project in projects {
        // Writing to a string cannot fail.
        let _ = writeln!(yaml, "      - id: {}\n        name: {}", quoted(project.id()), quoted(project.name()));
        yaml.push_str("        enterprise_projects:\n");
        for one in project.enterprise_projects() {
            let _ = writeln!(yaml, "          - {{ id: {}, name: {} }}", quoted(&one.id), quoted(&one.name));
        }
    }
    yaml.push_str(match rate_limit {
        None => {
            "refresh:\n  interval: 10s\n  # The simulated cloud does not count. The real one allows 5.\n  \
             requests_per_minute: 6000\n"
        }
        Some(_) => "refresh:\n  interval: 5m\n",
    });
    yaml
}

/// A double-quoted scalar: JSON strings are YAML.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
