//! Where we listen: an address as the operator writes it -> a listening socket.

use crate::config::ListenAddress;
use socket2::{Domain, Protocol, Socket, Type};
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::net::{TcpListener, lookup_host};

/// Connections that may wait to be accepted.
pub(super) const BACKLOG: i32 = 1024;

/// An address that cannot be listened on.
#[derive(Debug)]
pub struct BindError {
    /// Which one.
    pub address: ListenAddress,
    /// Why not.
    pub error: io::Error,
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, error } = self;
        write!(f, "cannot listen on {address}: {error}; ")?;
        f.write_str(match error.kind() {
            io::ErrorKind::AddrInUse => "stop the other program that does, or choose another port",
            io::ErrorKind::PermissionDenied => "choose a port from 1024 on",
            _ => "choose an address of this machine",
        })
    }
}

impl std::error::Error for BindError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// Listens on all of these addresses, or on none.
///
/// # Errors
/// The first address that cannot be listened on.
pub async fn bind(addresses: &[ListenAddress]) -> Result<Vec<TcpListener>, BindError> {
    let mut listeners = Vec::new();
    for address in addresses {
        let listener = bind_one(address).await;
        listeners.push(listener.map_err(|error| BindError { address: address.clone(), error })?);
    }
    Ok(listeners)
}

async fn bind_one(ListenAddress { host, port }: &ListenAddress) -> io::Result<TcpListener> {
    let Some(host) = host else {
        let v6 = listen((Ipv6Addr::UNSPECIFIED, *port).into());
        return match v6 {
            Err(error) if !is_final(&error) => listen((Ipv4Addr::UNSPECIFIED, *port).into()),
            v6 => v6,
        };
    };
    let mut addresses: Vec<SocketAddr> = lookup_host((host.as_str(), *port)).await?.collect();
    // Of a name that has both, such as `localhost`, the one that everybody can reach.
    addresses.sort_by_key(SocketAddr::is_ipv6);
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses {
        match listen(address) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Whether IPv4 alone would not help: the machine has IPv6, but this port is not to be had.
fn is_final(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied)
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.ip() == Ipv6Addr::UNSPECIFIED {
        socket.set_only_v6(false)?;
    }
    // A restart must not wait for the old connections' last packets.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}
