//! The table of forbidden places: every address, on every way to a provider, however it is named; and every other way round.

use std::net::IpAddr;

use offramp::transport::{BrokerCall, ProviderTransport, Trust};

use super::egress::{FORBIDDEN, answers};
use super::*;

const WAYS: &[&str] = &["https", "http", "mqtts", "mqtt"];

/// Tries a provider at `host` that way.
async fn tried(transport: &ProviderTransport, way: &str, host: &str) -> TransportError {
    match way {
        "https" | "http" => transport.send(get(&format!("{way}://{host}/"))).await.unwrap_err(),
        _ => {
            let authority = host.parse().unwrap();
            let broker = BrokerCall { tls: way == "mqtts", authority, login: None, timeout: Duration::from_secs(10) };
            transport.connect(broker).await.unwrap_err()
        }
    }
}

fn guarded(names: &super::egress::NameServer) -> ProviderTransport {
    let limits = TransportLimits::default();
    ProviderTransport::with(EgressPolicy::default(), limits, Trust::public(), names.resolver())
}

#[tokio::test]
async fn no_forbidden_address_is_reached_on_any_way_under_any_name() {
    let mut refused = 0;
    for (address, reason) in FORBIDDEN {
        let ip: IpAddr = address.parse().unwrap();
        let literal = if ip.is_ipv6() { format!("[{address}]") } else { (*address).to_owned() };
        for way in WAYS {
            // As it is, with a port, by a name, and by a name that has another forbidden address besides.
            let twice = format!("{address} {address}");
            let more = format!("{address} 10.0.0.1 ::1");
            for (host, found) in [
                (literal.clone(), ""),
                (format!("{literal}:8443"), ""),
                ("api.example.com".to_owned(), *address),
                ("api.example.com.".to_owned(), twice.as_str()),
                ("API.example.com:8443".to_owned(), more.as_str()),
            ] {
                let names = answers([found]);
                let error = tried(&guarded(&names), way, &host).await;
                match &error {
                    TransportError::EgressRefused { address, why, .. } => {
                        // An IPv4 address in IPv6 clothes is named by either.
                        assert!(address.to_canonical() == ip.to_canonical(), "{way} {host}: {error}");
                        assert!(why.contains(reason), "{way} {host}: {error}");
                    }
                    other => panic!("{way} {host}: {other:?}"),
                }
                assert!(!error.was_sent() && !error.may_pass());
                refused += 1;
            }
        }
    }
    println!("{refused} ways to {} forbidden addresses, all refused", FORBIDDEN.len());
    assert!(refused > 1000, "{refused}");
}

/// Texts that some software takes for an address: they are names here, or nothing, and are not called for either.
#[tokio::test]
async fn what_only_looks_like_an_address_is_a_name_and_its_addresses_are_looked_at() {
    for host in [
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "127.0.1",
        "0",
        "127.0.0.1.",
        "0x7f.0.0.1",
        "017700000001",
        "127.000.000.001",
        "169.254.43518",
        "0xa9fea9fe",
        "2852039166",
        "localhost",
        "LOCALHOST.",
        "metadata.google.internal",
        "127.0.0.1.nip.io",
    ] {
        for way in WAYS {
            let names = answers(["169.254.169.254"]);
            let error = tried(&guarded(&names), way, host).await;
            let is_refused = match &error {
                TransportError::EgressRefused { address, .. } => address.to_string() == "169.254.169.254",
                // No certificate can be for such a name: it is not even looked up.
                TransportError::Tls { .. } => way.ends_with('s') && names.asked() == 0,
                _ => false,
            };
            assert!(is_refused && !error.was_sent(), "{way}://{host}: {error:?}");
        }
    }
}

#[tokio::test]
async fn what_is_no_host_is_not_called() {
    for uri in [
        "https://good.example@127.0.0.1/",
        "https://127.0.0.1:80@good.example/",
        "https://user:hunter2@good.example/",
        "https://@127.0.0.1/",
    ] {
        let names = answers(["8.8.8.8"]);
        let error = guarded(&names).send(get(uri)).await.unwrap_err();
        assert!(matches!(error, TransportError::InvalidCall { .. }), "{uri}: {error:?}");
    }
    // Not even a URI: digits of other scripts, other dots, zones of an interface, a backslash, a space.
    for uri in [
        "https://１２７.0.0.1/",
        "https://127\u{3002}0.0.1/",
        "https://[fe80::1%25eth0]/",
        "https://[::1/",
        "https://good.example\\@127.0.0.1/",
        "https://good.example 127.0.0.1/",
        "https://127.0.0.1\t/",
    ] {
        let Ok(parsed) = uri.parse::<http::Uri>() else { continue };
        let names = answers(["127.0.0.1"]);
        let call = ProviderCall { uri: parsed, ..get("https://good.example/") };
        let error = guarded(&names).send(call).await.unwrap_err();
        assert!(!error.was_sent(), "{uri}: {error:?}");
    }
}

/// Where one address of several is forbidden, the others are called, and it is not: whatever their order.
#[tokio::test]
async fn of_several_addresses_only_good_ones_are_called() {
    let listed = RawProvider::answering("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n").await;
    let port = listed.address.port();
    let inside = TcpListener::bind(("127.0.0.9", port)).await.unwrap();
    for found in ["127.0.0.9 127.0.0.1", "127.0.0.1 127.0.0.9", "::1 10.0.0.1 127.0.0.1", "127.0.0.9 ::ffff:127.0.0.1"]
    {
        let names = answers([found]);
        let policy = "127.0.0.1".parse().unwrap();
        let transport = ProviderTransport::with(policy, TransportLimits::default(), Trust::public(), names.resolver());
        let answer = transport.send(get(&format!("http://mixed.example:{port}/"))).await;
        assert_eq!(answer.unwrap().status, 200, "{found}");
    }
    assert_eq!(listed.connections(), 4);
    assert!(tokio::time::timeout(Duration::from_millis(50), inside.accept()).await.is_err());
}

/// A head that comes a byte at a time takes no longer than the call may.
#[tokio::test]
async fn a_head_that_trickles_past_the_deadline_is_a_timeout() {
    let slow = RawProvider::start(|mut stream| async move {
        read_head(&mut stream).await;
        for byte in b"HTTP/1.1 200 OK\r\nx-long: ".iter().chain(std::iter::repeat(&b'a')) {
            if stream.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    let started = std::time::Instant::now();
    let patient = ProviderCall { timeout: Duration::from_millis(300), ..get(&slow.url()) };
    let error = refused(&transport(), patient).await;
    assert!(matches!(error, TransportError::Timeout { .. }), "{error:?}");
    assert!(error.was_sent() && started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}
