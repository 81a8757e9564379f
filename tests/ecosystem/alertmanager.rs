//! An Alertmanager with the configuration of `deploy/alertmanager`.

use super::child::Child;
use super::exporter::own_address;
use super::http;
use super::prometheus::listening;
use serde_json::Value;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

/// An Alertmanager that runs.
pub(crate) struct Alertmanager {
    /// Ends with this value.
    _child: Child,
    pub(crate) address: SocketAddr,
}

impl Alertmanager {
    /// Starts one that is alone.
    pub(crate) async fn start(folder: &Path) -> Self {
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/alertmanager/alertmanager.yml");
        let mut command = Command::new("prometheus-alertmanager");
        command
            .arg(format!("--config.file={}", config.display()))
            .arg("--storage.path=alertmanager")
            .arg("--cluster.listen-address=")
            .arg(format!("--web.listen-address={}", own_address()))
            .current_dir(folder);
        let mut child = Child::start("alertmanager", &mut command, folder);
        let address = child.says("where it listens", listening).await;
        Self { _child: child, address }
    }

    /// `GET /api/v2/alerts`
    pub(crate) async fn alerts(&self) -> Result<Value, String> {
        let answer = http::get(self.address, "/api/v2/alerts", &[]).await;
        answer.map_err(|error| error.to_string())?.json()
    }
}
