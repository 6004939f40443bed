//! The addresses that a daemon listens on: free where none runs, answered where one does.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use tollgate_provisioning::Settings;

use super::finding::Finding;

/// The time in which a daemon of this machine answers.
const CONNECT_MAX: Duration = Duration::from_secs(2);

/// One finding for each address.
pub fn findings(settings: &Settings, is_running: bool) -> Vec<Finding> {
    let smpp = [(Some(settings.smpp.listen), "SMPP"), (settings.smpp.tls_listen, "SMPP over TLS")];
    let others = [(Some(settings.http.listen), "HTTP"), (Some(settings.metrics.listen), "metrics")];
    let all = smpp.into_iter().chain(others);
    let addresses = all.filter_map(|(address, name)| Some((address?, name)));
    // All of them stay open together, so that two of one address are noticed.
    let mut open = Vec::new();
    let look =
        |(address, name)| if is_running { answered(address, name) } else { free(address, name, &mut open) };
    addresses.map(look).collect()
}

fn free(address: SocketAddr, name: &str, open: &mut Vec<TcpListener>) -> Finding {
    const SUBJECT: &str = "port";
    match TcpListener::bind(address) {
        Ok(listener) => {
            open.push(listener);
            Finding::good(SUBJECT, format!("{address} is free for {name}"))
        }
        Err(error) => {
            let remedy = format!("see who listens there: ss -ltnp 'sport = :{}'", address.port());
            Finding::fault(SUBJECT, format!("cannot listen for {name} on {address}: {error}"), remedy)
        }
    }
}

fn answered(address: SocketAddr, name: &str) -> Finding {
    const SUBJECT: &str = "port";
    match TcpStream::connect_timeout(&reachable(address), CONNECT_MAX) {
        Ok(_) => Finding::good(SUBJECT, format!("{address} accepts connections for {name}")),
        Err(error) => {
            let text =
                format!("a daemon runs, and {address} does not accept connections for {name}: {error}");
            Finding::warning(SUBJECT, text, "was it started with another address, or before the last change?")
        }
    }
}

/// The address by which a listener on all addresses is reached from this machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn a_port_is_free_or_answered() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let free = |address, open: &mut Vec<TcpListener>| free(address, "SMPP", open).level;
        let mut open = Vec::new();
        assert_eq!(free(address, &mut open), Level::Fault);
        assert_eq!(answered(address, "SMPP").level, Level::Good);
        drop(taken);
        assert_eq!(free(address, &mut open), Level::Good);
        assert_eq!(free(address, &mut open), Level::Fault, "two listeners want it");
        open.clear();
        assert_eq!(answered(address, "SMPP").level, Level::Warning);
    }

    #[test]
    fn listeners_on_all_addresses_are_reached_on_this_machine() {
        assert_eq!(reachable("0.0.0.0:2775".parse().unwrap()), "127.0.0.1:2775".parse().unwrap());
        assert_eq!(reachable("[::]:2775".parse().unwrap()), "[::1]:2775".parse().unwrap());
        assert_eq!(reachable("192.0.2.1:2775".parse().unwrap()), "192.0.2.1:2775".parse().unwrap());
    }
}
