//! The egress guard's rules: which addresses a provider may have. Where the addresses come from, and when they are
//! checked, is the connector's business.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use thiserror::Error;

/// Whether the connection is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// TLS with a verified name: any global address will do.
    Tls,
    /// No TLS: only addresses that the operator has listed.
    Plain,
}

/// What the operator allows beyond encrypted connections to global addresses.
#[derive(Clone, Debug, Default)]
pub struct EgressPolicy {
    pub allow: Vec<IpNet>,
}

/// An entry of the list is neither an address nor a network.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{entry}` is neither an IP address nor a network such as 10.0.0.0/8")]
pub struct EgressPolicyError {
    pub entry: String,
}

impl FromStr for EgressPolicy {
    type Err = EgressPolicyError;

    /// Reads a comma-separated list of networks and bare addresses; spaces and empty entries do not count.
    fn from_str(list: &str) -> Result<Self, Self::Err> {
        let entries = list.split(',').map(str::trim).filter(|e| !e.is_empty());
        let allow = entries.map(|entry| {
            entry
                .parse::<IpNet>()
                .or_else(|_| entry.parse::<IpAddr>().map(IpNet::from))
                .map_err(|_| EgressPolicyError { entry: entry.to_owned() })
        });
        Ok(Self { allow: allow.collect::<Result<_, _>>()? })
    }
}

impl EgressPolicy {
    /// Whether this address may be connected to.
    ///
    /// # Errors
    /// It may not; the text completes a sentence that begins with the address.
    pub fn check(&self, address: IpAddr, channel: Channel) -> Result<(), &'static str> {
        // An IPv4-mapped address reaches the IPv4 host itself, so it is the same address.
        let canonical = address.to_canonical();
        if self.allow.iter().any(|network| network.contains(&address) || network.contains(&canonical)) {
            return Ok(());
        }
        let not_global = match canonical {
            IpAddr::V4(v4) => why_not_global_v4(v4),
            IpAddr::V6(v6) => why_not_global_v6(v6),
        };
        match (not_global, channel) {
            (Some(why), _) => Err(why),
            (None, Channel::Plain) => Err("would be reached without TLS"),
            (None, Channel::Tls) => Ok(()),
        }
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), prefix)
}

const fn v6(a: u16, b: u16, c: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0), prefix)
}

/// <https://www.iana.org/assignments/iana-ipv4-special-registry>, plus multicast.
const NOT_GLOBAL_V4: [(Ipv4Net, &str); 16] = [
    (v4(0, 0, 0, 0, 8), "is an unspecified address"),
    (v4(10, 0, 0, 0, 8), "is a private address"),
    (v4(100, 64, 0, 0, 10), "is a private (carrier) address"),
    (v4(127, 0, 0, 0, 8), "is a loopback address"),
    (v4(169, 254, 0, 0, 16), "is a link-local address"),
    (v4(172, 16, 0, 0, 12), "is a private address"),
    (v4(192, 0, 0, 0, 24), "is a reserved address"),
    (v4(192, 0, 2, 0, 24), "is a documentation address"),
    (v4(192, 88, 99, 0, 24), "is a reserved (6to4 relay) address"),
    (v4(192, 168, 0, 0, 16), "is a private address"),
    (v4(198, 18, 0, 0, 15), "is a benchmark address"),
    (v4(198, 51, 100, 0, 24), "is a documentation address"),
    (v4(203, 0, 113, 0, 24), "is a documentation address"),
    (v4(224, 0, 0, 0, 4), "is a multicast address"),
    (v4(255, 255, 255, 255, 32), "is the broadcast address"),
    (v4(240, 0, 0, 0, 4), "is a reserved address"),
];

/// <https://www.iana.org/assignments/iana-ipv6-special-registry>, plus multicast and the old site-local range.
const NOT_GLOBAL_V6: [(Ipv6Net, &str); 10] = [
    (v6(0xfc00, 0, 0, 7), "is a private address"),
    (v6(0xfe80, 0, 0, 10), "is a link-local address"),
    (v6(0xfec0, 0, 0, 10), "is a private (site-local) address"),
    (v6(0xff00, 0, 0, 8), "is a multicast address"),
    (v6(0x64, 0xff9b, 1, 48), "is a private (NAT64) address"),
    (v6(0x100, 0, 0, 64), "is a discard address"),
    // Teredo, ORCHID, benchmark and the like: tunnels and experiments, never a provider.
    (v6(0x2001, 0, 0, 23), "is a reserved address"),
    (v6(0x2001, 0xdb8, 0, 32), "is a documentation address"),
    (v6(0x3fff, 0, 0, 20), "is a documentation address"),
    (v6(0x5f00, 0, 0, 16), "is a reserved address"),
];

const GLOBAL_UNICAST_V6: Ipv6Net = v6(0x2000, 0, 0, 3);
const NAT64: Ipv6Net = v6(0x64, 0xff9b, 0, 96);
const SIX_TO_FOUR: Ipv6Net = v6(0x2002, 0, 0, 16);

fn why_not_global_v4(address: Ipv4Addr) -> Option<&'static str> {
    let listed = NOT_GLOBAL_V4.iter().find(|(net, _)| net.contains(&address));
    listed.map(|(_, why)| *why)
}

fn why_not_global_v6(address: Ipv6Addr) -> Option<&'static str> {
    let octets = address.octets();
    let embedded = |at: usize| Ipv4Addr::new(octets[at], octets[at + 1], octets[at + 2], octets[at + 3]);
    if address.is_unspecified() {
        return Some("is an unspecified address");
    }
    if address.is_loopback() {
        return Some("is a loopback address");
    }
    if NAT64.contains(&address) {
        return why_not_global_v4(embedded(12)).map(|_| "stands (NAT64) for an address that is not global");
    }
    if SIX_TO_FOUR.contains(&address) {
        return why_not_global_v4(embedded(2)).map(|_| "stands (6to4) for an address that is not global");
    }
    let listed = NOT_GLOBAL_V6.iter().find(|(net, _)| net.contains(&address));
    if let Some((_, why)) = listed {
        return Some(why);
    }
    // What is not handed out for global use yet, the old IPv4-compatible `::a.b.c.d` included.
    (!GLOBAL_UNICAST_V6.contains(&address)).then_some("is not a global unicast address")
}
