//! The addresses that webhooks may be posted to: those that are public, and the networks that the settings name.
//!
//! Accounts choose the URLs, so that nothing that only this machine or its network reaches may be reached by them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// Blocks that are not reachable from everywhere (IANA IPv4 Special-Purpose Address Registry), multicast and reserved ones.
const SPECIAL_IPV4: [Ipv4Net; 15] = [
    v4([0, 0, 0, 0], 8),
    v4([10, 0, 0, 0], 8),
    v4([100, 64, 0, 0], 10),
    v4([127, 0, 0, 0], 8),
    v4([169, 254, 0, 0], 16),
    v4([172, 16, 0, 0], 12),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([192, 168, 0, 0], 16),
    v4([198, 18, 0, 0], 15),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([224, 0, 0, 0], 4),
    v4([240, 0, 0, 0], 4),
];

/// The block that public addresses of version 6 are given out of (RFC 4291 §2.4); unique local, link-local and multicast
/// ones are outside.
const GLOBAL_IPV6: Ipv6Net = v6([0x2000, 0], 3);

/// Blocks within it that are not reachable from everywhere, or lead through a tunnel to an address that cannot be seen: IETF
/// protocols with Teredo, two for documents, and 6to4.
const SPECIAL_IPV6: [Ipv6Net; 4] =
    [v6([0x2001, 0], 23), v6([0x2001, 0x0db8], 32), v6([0x2002, 0], 16), v6([0x3fff, 0], 20)];

/// Addresses of version 4 behind a translator (RFC 6052 §2.1).
const TRANSLATED: Ipv6Net = v6([0x0064, 0xff9b], 96);

const fn v4(octets: [u8; 4], prefix: u8) -> Ipv4Net {
    let [a, b, c, d] = octets;
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(start: [u16; 2], prefix: u8) -> Ipv6Net {
    let [a, b] = start;
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), prefix)
}

/// The addresses that calls may go to.
#[derive(Clone, Debug, Default)]
pub struct WebhookAddresses {
    allowed: Vec<IpNet>,
}

impl WebhookAddresses {
    /// All addresses: for a URL that the configuration names.
    pub fn everywhere() -> Self {
        Self::new(vec![v4([0, 0, 0, 0], 0).into(), v6([0, 0], 0).into()])
    }

    /// Public addresses, and these networks besides.
    pub fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    /// True if a call may go to this address.
    pub fn admits(&self, address: IpAddr) -> bool {
        let address = meant(address);
        is_public(address) || self.allowed.iter().any(|network| network.contains(&address))
    }

    /// Those of the addresses that a call may go to, in their order.
    pub fn admitted(&self, addresses: impl IntoIterator<Item = SocketAddr>) -> Vec<SocketAddr> {
        addresses.into_iter().filter(|address| self.admits(address.ip())).collect()
    }
}

/// The address that is reached in the end: one of version 4 may be written as one of version 6.
fn meant(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    if let Some(v4) = v6.to_ipv4_mapped() {
        return v4.into();
    }
    if TRANSLATED.contains(&v6) {
        let [.., a, b, c, d] = v6.octets();
        return Ipv4Addr::new(a, b, c, d).into();
    }
    address
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !SPECIAL_IPV4.iter().any(|block| block.contains(&v4)),
        IpAddr::V6(v6) => GLOBAL_IPV6.contains(&v6) && !SPECIAL_IPV6.iter().any(|block| block.contains(&v6)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(addresses: &WebhookAddresses, text: &str) -> bool {
        addresses.admits(text.parse().unwrap())
    }

    #[test]
    fn public_addresses_alone_are_called() {
        let usual = WebhookAddresses::default();
        for public in
            ["1.1.1.1", "93.184.216.34", "172.15.0.1", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1"]
        {
            assert!(admits(&usual, public), "{public}");
        }
        // The last of each line is a form of version 6 of what is refused in version 4.
        for hidden in [
            "127.0.0.1",
            "127.255.0.9",
            "::1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "::",
            "::ffff:0.0.0.0",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "::ffff:10.0.0.1",
            "169.254.169.254",
            "169.254.0.1",
            "64:ff9b::a9fe:a9fe",
            "fd00:ec2::254",
            "fe80::1",
            "100.64.0.1",
            "100.100.100.200",
            "64:ff9b::7f00:1",
            "64:ff9b:1::7f00:1",
            "192.0.0.192",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "192.88.99.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "ff02::1",
            "fc00::1",
            "fd12:3456::1",
            "fec0::1",
            "2001:db8::1",
            "2001::1",
            "2002:7f00:1::",
            "3fff::1",
            "5f00::1",
            "100::1",
        ] {
            assert!(!admits(&usual, hidden), "{hidden}");
        }
        assert!(admits(&usual, "64:ff9b::101:101"), "a public address behind a translator");
    }

    #[test]
    fn a_network_of_the_settings_is_called_in_every_form() {
        let blocks = ["10.1.0.0/16", "fd00:1::/32"].map(|block| block.parse().unwrap());
        let some = WebhookAddresses::new(blocks.to_vec());
        for inside in ["10.1.2.3", "::ffff:10.1.2.3", "64:ff9b::a01:203", "fd00:1::9", "1.1.1.1"] {
            assert!(admits(&some, inside), "{inside}");
        }
        for outside in ["10.2.0.1", "127.0.0.1", "fd00:2::9", "::ffff:10.2.0.1"] {
            assert!(!admits(&some, outside), "{outside}");
        }
        let both = ["10.2.0.1:80", "1.1.1.1:80", "[::1]:80"].map(|text| text.parse().unwrap());
        assert_eq!(some.admitted(both), ["1.1.1.1:80".parse().unwrap()]);
    }
}
