//! The header that a trusted proxy puts in front of a connection, to say for whom it connects (PROXY protocol, versions
//! 1 and 2).
//!
//! Only the addresses that are configured are asked for it, and are refused without it. From anybody else the same
//! octets are part of the protocol that follows, where they make no sense, so that nobody can lend himself an address.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use ipnet::IpNet;
use ppp::{HeaderResult, v1, v2};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::time::timeout;

/// A proxy on the way sends its header at once.
const HEADER_TIME_MAX: Duration = Duration::from_secs(5);
/// Both versions begin differently within so many octets, and neither header is shorter.
const BEGIN_LENGTH: usize = 12;
const V2_BEGIN: &[u8; BEGIN_LENGTH] = b"\r\n\r\n\0\r\nQUIT\n";
/// Version, command, family, protocol and length.
const V2_FIXED_LENGTH: usize = 16;
/// Addresses, and what else a proxy may tell.
const V2_REST_LENGTH_MAX: usize = 2_048;
const V1_BEGIN: &[u8] = b"PROXY ";
const V1_LENGTH_MAX: usize = 107;

/// The proxies whose word is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// The header is not one of the two versions, or did not come in time.
#[derive(Debug, thiserror::Error)]
pub enum NoHeader {
    /// The connection failed, or ended.
    #[error("the connection of a trusted proxy ended before its header did: {0}")]
    Lost(#[from] io::Error),
    /// Other octets came first.
    #[error("a trusted proxy did not begin with a PROXY protocol header")]
    Unreadable,
    /// Nothing came, or not all of it.
    #[error("the PROXY protocol header of a trusted proxy did not come in time")]
    TooLate,
}

impl TrustedProxies {
    /// The proxies in these blocks of addresses.
    pub fn new(blocks: Vec<IpNet>) -> Self {
        Self(blocks)
    }

    /// True if a connection from there begins with a header.
    pub fn contains(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.0.iter().any(|block| block.contains(&peer))
    }
}

/// Takes the header off the front of a connection, and not an octet more. Returns the address for which the proxy
/// connects; `None` where it connects for itself, to see whether anybody listens.
pub async fn read_header(stream: &mut (impl AsyncRead + Unpin)) -> Result<Option<IpAddr>, NoHeader> {
    timeout(HEADER_TIME_MAX, read(stream)).await.map_err(|_| NoHeader::TooLate)?
}

async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Result<Option<IpAddr>, NoHeader> {
    let mut header = vec![0; BEGIN_LENGTH];
    stream.read_exact(&mut header).await?;
    if header == V2_BEGIN {
        read_v2_rest(stream, &mut header).await?;
    } else if header.starts_with(V1_BEGIN) {
        read_line(stream, &mut header).await?;
    } else {
        return Err(NoHeader::Unreadable);
    }
    match HeaderResult::parse(&header) {
        HeaderResult::V1(Ok(header)) => Ok(match header.addresses {
            v1::Addresses::Unknown => None,
            v1::Addresses::Tcp4(addresses) => Some(addresses.source_address.into()),
            v1::Addresses::Tcp6(addresses) => Some(addresses.source_address.into()),
        }),
        HeaderResult::V2(Ok(header)) => Ok(match header.addresses {
            _ if header.command == v2::Command::Local => None,
            v2::Addresses::IPv4(addresses) => Some(addresses.source_address.into()),
            v2::Addresses::IPv6(addresses) => Some(addresses.source_address.into()),
            v2::Addresses::Unspecified | v2::Addresses::Unix(_) => None,
        }),
        HeaderResult::V1(Err(_)) | HeaderResult::V2(Err(_)) => Err(NoHeader::Unreadable),
    }
    .map(|address| address.map(|address: IpAddr| address.to_canonical()))
}

async fn read_v2_rest(stream: &mut (impl AsyncRead + Unpin), header: &mut Vec<u8>) -> Result<(), NoHeader> {
    header.resize(V2_FIXED_LENGTH, 0);
    let fixed = header.get_mut(BEGIN_LENGTH..).unwrap_or_default();
    stream.read_exact(fixed).await?;
    let length = header.last_chunk::<2>().map_or(0, |length| usize::from(u16::from_be_bytes(*length)));
    if length > V2_REST_LENGTH_MAX {
        return Err(NoHeader::Unreadable);
    }
    header.resize(V2_FIXED_LENGTH + length, 0);
    let rest = header.get_mut(V2_FIXED_LENGTH..).unwrap_or_default();
    stream.read_exact(rest).await?;
    Ok(())
}

/// Octet by octet, as it is not known where the line ends, and what follows it is not ours.
async fn read_line(stream: &mut (impl AsyncRead + Unpin), header: &mut Vec<u8>) -> Result<(), NoHeader> {
    while !header.ends_with(b"\r\n") {
        if header.len() >= V1_LENGTH_MAX {
            return Err(NoHeader::Unreadable);
        }
        header.push(stream.read_u8().await?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEXT: &[u8] = b"\0\0\0\x10next";

    fn read_then_rest(header: &[u8]) -> (Result<Option<IpAddr>, String>, Vec<u8>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let octets = [header, NEXT].concat();
            let mut stream = octets.as_slice();
            let read = read_header(&mut stream).await.map_err(|error| error.to_string());
            (read, stream.to_vec())
        })
    }

    fn v2(command: u8, family: u8, addresses: &[u8]) -> Vec<u8> {
        let length = u16::try_from(addresses.len()).unwrap().to_be_bytes();
        [V2_BEGIN, &[0x20 | command, family][..], &length, addresses].concat()
    }

    #[test]
    fn the_address_is_read_and_what_follows_is_left() {
        let of_ipv4 = [192, 0, 2, 1, 198, 51, 100, 1, 0x1F, 0x90, 0x0A, 0xD7];
        let mut of_ipv6 = [0; 36];
        of_ipv6[..4].copy_from_slice(&[0x20, 0x01, 0x0D, 0xB8]);
        let with_more = [&of_ipv4[..], &[0x04, 0, 3, 1, 2, 3]].concat();
        for (header, address) in [
            (b"PROXY TCP4 192.0.2.1 198.51.100.1 8080 2775\r\n".to_vec(), Some("192.0.2.1")),
            (b"PROXY TCP6 2001:db8::1 2001:db8::2 8080 2775\r\n".to_vec(), Some("2001:db8::1")),
            (b"PROXY UNKNOWN\r\n".to_vec(), None),
            (v2(1, 0x11, &of_ipv4), Some("192.0.2.1")),
            (v2(1, 0x11, &with_more), Some("192.0.2.1")),
            (v2(1, 0x21, &of_ipv6), Some("2001:db8::")),
            (v2(0, 0x00, &[]), None),
            (v2(0, 0x11, &of_ipv4), None),
        ] {
            let address = address.map(|address| address.parse().unwrap());
            assert_eq!(read_then_rest(&header), (Ok(address), NEXT.to_vec()), "{header:02x?}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let long_line = [b"PROXY TCP4 ".as_slice(), &[b'1'; 200]].concat();
        for header in [
            &b"\0\0\0\x2F\0\0\0\x09a bind without a header"[..],
            b"PROXY TCP4 no addresses here\r\n",
            b"PROXY TCP4 192.0.2.1\r\n",
            &long_line,
            &v2(1, 0x11, &[192, 0, 2, 1]),
            &v2(7, 0x11, &[0; 12]),
            &v2(1, 0x11, &[0; 3_000]),
            b"PROXY",
        ] {
            assert!(read_then_rest(header).0.is_err(), "{header:02x?}");
        }
    }

    #[test]
    fn proxies_are_known_by_their_blocks() {
        let proxies =
            TrustedProxies::new(vec!["192.0.2.0/24".parse().unwrap(), "2001:db8::/32".parse().unwrap()]);
        for (peer, trusted) in [
            ("192.0.2.7", true),
            ("::ffff:192.0.2.7", true),
            ("192.0.3.7", false),
            ("2001:db8::7", true),
            ("::1", false),
        ] {
            assert_eq!(proxies.contains(peer.parse().unwrap()), trusted, "{peer}");
        }
        assert!(!TrustedProxies::default().contains("192.0.2.7".parse().unwrap()));
    }
}
