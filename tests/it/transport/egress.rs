//! The egress guard: which addresses may be reached, however they are spelled and whatever a name server says.

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::sync::Mutex;

use hyper_util::client::legacy::connect::dns::Name;
use offramp::transport::{Channel, Resolver, Trust};
use tower::service_fn;

use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// First and last address of every range that is not global, and why it is refused.
pub(super) const FORBIDDEN: &[(&str, &str)] = &[
    ("0.0.0.0", "unspecified"),
    ("0.255.255.255", "unspecified"),
    ("10.0.0.0", "private"),
    ("10.255.255.255", "private"),
    ("100.64.0.0", "private"),
    ("100.127.255.255", "private"),
    ("127.0.0.0", "loopback"),
    ("127.0.0.1", "loopback"),
    ("127.255.255.255", "loopback"),
    ("169.254.0.0", "link-local"),
    ("169.254.169.254", "link-local"),
    ("169.254.255.255", "link-local"),
    ("172.16.0.0", "private"),
    ("172.31.255.255", "private"),
    ("192.0.0.0", "reserved"),
    ("192.0.0.192", "reserved"),
    ("192.0.2.1", "documentation"),
    ("192.88.99.1", "reserved"),
    ("192.168.0.0", "private"),
    ("192.168.255.255", "private"),
    ("198.18.0.0", "benchmark"),
    ("198.19.255.255", "benchmark"),
    ("198.51.100.7", "documentation"),
    ("203.0.113.255", "documentation"),
    ("224.0.0.0", "multicast"),
    ("239.255.255.255", "multicast"),
    ("240.0.0.0", "reserved"),
    ("255.255.255.254", "reserved"),
    ("255.255.255.255", "broadcast"),
    ("::", "unspecified"),
    ("::1", "loopback"),
    ("fc00::", "private"),
    ("fd00:ec2::254", "private"),
    ("fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "private"),
    ("fe80::1", "link-local"),
    ("febf:ffff::1", "link-local"),
    ("fec0::1", "site-local"),
    ("ff02::1", "multicast"),
    ("ffff::1", "multicast"),
    ("100::1", "discard"),
    ("2001::1", "reserved"),
    // Teredo, for 192.168.1.1 behind a relay.
    ("2001:0:4136:e378:8000:63bf:3f57:fefe", "reserved"),
    ("2001:1ff:ffff::1", "reserved"),
    ("2001:db8::1", "documentation"),
    ("3fff:fff::1", "documentation"),
    ("5f00::1", "reserved"),
    ("4000::1", "not a global unicast"),
    ("1fff::1", "not a global unicast"),
    // IPv4 addresses in IPv6 clothes: mapped, compatible, NAT64 (well-known and local), 6to4.
    ("::ffff:127.0.0.1", "loopback"),
    ("::ffff:10.1.2.3", "private"),
    ("::ffff:169.254.169.254", "link-local"),
    ("::127.0.0.1", "not a global unicast"),
    ("::10.0.0.1", "not a global unicast"),
    ("::ffff:0:127.0.0.1", "not a global unicast"),
    ("64:ff9b::127.0.0.1", "NAT64"),
    ("64:ff9b::169.254.169.254", "NAT64"),
    ("64:ff9b::192.168.1.1", "NAT64"),
    ("64:ff9b:1::8.8.8.8", "NAT64"),
    ("2002:7f00:1::", "6to4"),
    ("2002:a9fe:a9fe::1", "6to4"),
    ("2002:c0a8:101::1", "6to4"),
];

/// The neighbours of those ranges, and global addresses in IPv6 clothes.
const GLOBAL: &[&str] = &[
    "1.0.0.0",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2000::1",
    "2001:200::1",
    "2606:4700::1111",
    "2a00:1450:4001::200e",
    "3ffe::1",
    "::ffff:8.8.8.8",
    "64:ff9b::8.8.8.8",
    "2002:808:808::1",
];

#[test]
fn only_global_addresses_are_reached_with_tls_and_none_without() {
    let policy = EgressPolicy::default();
    for (address, reason) in FORBIDDEN {
        for channel in [Channel::Tls, Channel::Plain] {
            let why = policy.check(ip(address), channel).unwrap_err();
            assert!(why.contains(reason), "{address}: {why}");
        }
    }
    for address in GLOBAL {
        assert_eq!(policy.check(ip(address), Channel::Tls), Ok(()), "{address}");
        let why = policy.check(ip(address), Channel::Plain).unwrap_err();
        assert!(why.contains("without TLS"), "{address}: {why}");
    }
}

#[test]
fn what_the_operator_lists_is_reached_either_way_and_nothing_beside_it() {
    let policy: EgressPolicy = " 10.1.0.0/16,, 127.0.0.1 ,fd00::/8,169.254.169.254/32, ::1,".parse().unwrap();
    for address in [
        "10.1.0.0",
        "10.1.255.255",
        "127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.1.2.3",
        "fd12::1",
        "169.254.169.254",
        "::1",
    ] {
        for channel in [Channel::Tls, Channel::Plain] {
            assert_eq!(policy.check(ip(address), channel), Ok(()), "{address}");
        }
    }
    for address in [
        "10.0.255.255",
        "10.2.0.0",
        "127.0.0.2",
        "fc00::1",
        "169.254.169.253",
        "::2",
        // A gateway's or relay's address is another address than the one it stands for.
        "64:ff9b::127.0.0.1",
        "2002:7f00:1::",
    ] {
        assert!(policy.check(ip(address), Channel::Tls).is_err(), "{address}");
    }
}

#[test]
fn a_bad_entry_of_the_list_is_named() {
    for bad in ["10.0.0.0/33", "localhost", "10.0.0", "10.0.0.0/", "fd00::/129", "*"] {
        let error = format!("127.0.0.1, {bad} ,::1").parse::<EgressPolicy>().unwrap_err();
        assert_eq!(error.entry, bad);
        assert!(error.to_string().contains(bad), "{error}");
    }
    assert!("".parse::<EgressPolicy>().unwrap().allow.is_empty());
    assert!(" , ".parse::<EgressPolicy>().unwrap().allow.is_empty());
}

/// Every spelling of this machine that a URI can hold, against a provider that listens on it.
#[tokio::test]
async fn no_spelling_of_loopback_slips_through() {
    let server = RawProvider::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let port = server.address.port();
    let guarded = HttpTransport::new(EgressPolicy::default(), TransportLimits::default());
    let mut passed_the_resolver = 0;
    for host in [
        "127.0.0.1",
        "127.8.9.10",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[0:0:0:0:0:ffff:127.0.0.1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        // These are names to us; the system's resolver reads numbers in them.
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "017700000001",
        "127.1",
        "127.0.1",
        "0",
        "localhost",
        "LOCALHOST",
        "localhost.",
        "127.0.0.1.",
    ] {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}:{port}/");
            let error = refused(&guarded, get(&url)).await;
            assert!(!error.was_sent(), "{url}: {error:?}");
            let literal = host.parse::<IpAddr>().is_ok() || host.starts_with('[');
            match &error {
                TransportError::EgressRefused { .. } if literal => {}
                TransportError::EgressRefused { address, .. } => {
                    passed_the_resolver += 1;
                    assert!(address.is_loopback() || address.is_unspecified(), "{url}");
                }
                // A name that the resolver does not know, or that no certificate can hold.
                TransportError::Dns { .. } | TransportError::Tls { .. } if !literal => {}
                other => panic!("{url}: {other:?}"),
            }
        }
    }
    assert!(passed_the_resolver >= 4, "only {passed_the_resolver}");
    assert_eq!(server.connections(), 0);

    // The same provider, once the operator has listed it, however it is spelled.
    for host in ["127.0.0.1", "[::ffff:127.0.0.1]"] {
        let answer = transport().send(get(&format!("http://{host}:{port}/"))).await;
        assert_eq!(answer.unwrap().status, 200, "{host}");
    }
}

#[tokio::test]
async fn a_refusal_names_the_host_the_address_and_the_way_out() {
    let guarded = HttpTransport::with(
        EgressPolicy::default(),
        TransportLimits::default(),
        Trust::public(),
        answers(["169.254.169.254"]).resolver(),
    );
    let error = refused(&guarded, get("https://metadata.example/latest")).await;
    assert_eq!(
        error.to_string(),
        "metadata.example is not called: 169.254.169.254 is a link-local address; \
         if it is meant to be reached, list the address in OFFRAMP_EGRESS_ALLOW"
    );
    let error = refused(&guarded, get("http://8.8.8.8/")).await;
    assert!(error.to_string().contains("8.8.8.8 would be reached without TLS"));
}

/// A name server that gives these answers in turn, each a list of addresses; then none.
#[derive(Clone)]
pub(super) struct NameServer {
    answers: Arc<Mutex<VecDeque<Vec<IpAddr>>>>,
    asked: Arc<AtomicUsize>,
}

pub(super) fn answers<const N: usize>(answers: [&str; N]) -> NameServer {
    let list = |answer: &str| answer.split_whitespace().map(ip).collect();
    NameServer { answers: Arc::new(Mutex::new(answers.into_iter().map(list).collect())), asked: Arc::default() }
}

impl NameServer {
    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(super) fn resolver(&self) -> Resolver {
        let this = self.clone();
        Resolver::new(service_fn(move |_: Name| {
            this.asked.fetch_add(1, Ordering::SeqCst);
            let answer = this.answers.lock().unwrap().pop_front();
            async move {
                let answer = answer.ok_or_else(|| io::Error::other("no such host"))?;
                let addresses = answer.into_iter().map(|ip| SocketAddr::new(ip, 0));
                Ok(addresses.collect::<Vec<_>>().into_iter())
            }
        }))
    }

    fn transport(&self, allow: &str) -> HttpTransport {
        HttpTransport::with(allow.parse().unwrap(), TransportLimits::default(), Trust::public(), self.resolver())
    }
}

const CLOSING: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

#[tokio::test]
async fn forbidden_addresses_of_a_mixed_answer_are_dropped() {
    // Two providers on one port: the allowed one, and one that must hear nothing.
    let allowed = RawProvider::answering(CLOSING).await;
    let port = allowed.address.port();
    let forbidden = TcpListener::bind(("127.0.0.2", port)).await.unwrap();
    let names = answers(["127.0.0.2 10.0.0.1 127.0.0.1 ::1", "10.0.0.1 127.0.0.2"]);
    let guarded = names.transport("127.0.0.1");

    let answer = guarded.send(get(&format!("http://mixed.example:{port}/"))).await;
    assert_eq!(answer.unwrap().status, 200);
    assert_eq!(allowed.connections(), 1);

    let error = refused(&guarded, get(&format!("http://mixed.example:{port}/"))).await;
    assert!(
        matches!(&error, TransportError::EgressRefused { host, address, .. }
            if host == "mixed.example" && *address == ip("10.0.0.1")),
        "{error:?}"
    );
    let nobody = tokio::time::timeout(Duration::from_millis(50), forbidden.accept()).await;
    assert!(nobody.is_err());
}

/// The check and the connection use one and the same answer: a name that points elsewhere the second time is
/// refused the second time, and there is no third.
#[tokio::test]
async fn a_name_that_is_bound_to_another_address_is_refused_at_connect() {
    let permitted = RawProvider::answering(CLOSING).await;
    let url = format!("http://rebind.example:{}/", permitted.address.port());
    let inside = TcpListener::bind(("127.0.0.2", permitted.address.port())).await.unwrap();
    let names = answers(["127.0.0.1", "127.0.0.2"]);
    let guarded = names.transport("127.0.0.1/32");

    assert_eq!(guarded.send(get(&url)).await.unwrap().status, 200);
    assert_eq!(names.asked.load(Ordering::SeqCst), 1);

    let error = refused(&guarded, get(&url)).await;
    assert!(
        matches!(&error, TransportError::EgressRefused { address, .. } if *address == ip("127.0.0.2")),
        "{error:?}"
    );
    assert!(!error.was_sent());
    assert_eq!(names.asked.load(Ordering::SeqCst), 2);
    let nobody = tokio::time::timeout(Duration::from_millis(50), inside.accept()).await;
    assert!(nobody.is_err());
}

#[tokio::test]
async fn a_name_without_an_address_received_nothing() {
    let names = answers([""]);
    for reason in ["no address", "no such host"] {
        let error = refused(&names.transport("127.0.0.1"), get("https://gone.example/")).await;
        assert!(matches!(&error, TransportError::Dns { host, .. } if host == "gone.example"), "{error:?}");
        assert!(!error.was_sent() && !error.is_timeout());
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[tokio::test]
async fn a_name_server_that_keeps_silent_is_a_connect_timeout() {
    let silent =
        Resolver::new(service_fn(|_: Name| std::future::pending::<io::Result<std::vec::IntoIter<SocketAddr>>>()));
    let with_connect_timeout = |connect_timeout| {
        let limits = TransportLimits { connect_timeout, ..TransportLimits::default() };
        HttpTransport::with(loopback(), limits, Trust::public(), silent.clone())
    };
    let mut impatient = get("http://slow.example/");
    impatient.timeout = Duration::from_millis(80);
    let patient = get("http://slow.example/");
    for (transport, call) in [
        (with_connect_timeout(Duration::from_millis(80)), patient),
        // The call's own time is over before the connection's.
        (with_connect_timeout(Duration::from_secs(60)), impatient),
    ] {
        let error = refused(&transport, call).await;
        assert_eq!(error.to_string(), "no connection to slow.example within 80 ms");
        assert!(matches!(error, TransportError::ConnectTimeout { .. }));
        assert!(!error.was_sent() && error.is_timeout());
    }
}
