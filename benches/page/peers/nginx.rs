//! nginx, one process: the bytes of a page as two files in memory, plain and compressed before.

use super::Server;
use crate::Failure;
use crate::machine;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Where Debian has it; it is not in everybody's path.
const PROGRAM: &str = "/usr/sbin/nginx";

/// Begins to serve `metrics` and `metrics.gz` of a folder.
pub(crate) fn start(folder: &Path) -> Result<Server, Failure> {
    // Free a moment ago; nginx is told a port, and does not choose one.
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let configuration = folder.join("nginx.conf");
    let root = folder.display();
    fs::write(
        &configuration,
        format!(
            "daemon off; master_process off; pid {root}/pid; error_log {root}/error.log;
         events {{ worker_connections 64; }}
         http {{
             access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000000;
             open_file_cache max=10 inactive=1h; open_file_cache_valid 1h;
             default_type 'text/plain; version=0.0.4'; gzip_static on;
             client_body_temp_path {root}/t1; proxy_temp_path {root}/t2; fastcgi_temp_path {root}/t3;
             uwsgi_temp_path {root}/t4; scgi_temp_path {root}/t5;
             server {{ listen {address}; root {root}; }}
         }}"
        ),
    )?;
    let configuration = configuration.to_str().ok_or("the folder's name is no text")?;
    let child = machine::on_the_servers_core(Path::new(PROGRAM), &["-c", configuration])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let server = Server { address, child, talk: None };
    for _ in 0..100 {
        if TcpStream::connect(address).is_ok() {
            return Ok(server);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err("nginx does not listen: tests/machine.sh bench".into())
}

/// Its version.
pub(crate) fn version() -> Result<String, Failure> {
    let output = Command::new(PROGRAM).arg("-v").output()?;
    let said = String::from_utf8(output.stderr)?;
    Ok(said.trim().rsplit('/').next().unwrap_or_default().to_owned())
}
