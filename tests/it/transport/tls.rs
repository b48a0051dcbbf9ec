//! TLS: only hosts that a trusted root vouches for are told anything.

use std::io::{Read, Write};
use std::path::PathBuf;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::prelude::{BASE64_STANDARD, Engine};
use offramp::transport::{Trust, TrustError};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

use super::*;

/// A provider with a certificate of its own for `localhost`, valid from 2000 to 2049.
pub(super) struct TlsProvider {
    pub(super) port: u16,
    certificate: Vec<u8>,
    folder: tempfile::TempDir,
}

impl TlsProvider {
    fn start() -> Self {
        Self::answering(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret")
    }

    /// Answers each connection's first request, after TLS.
    pub(super) fn answering(answer: &'static [u8]) -> Self {
        Self::with(certificate_for("localhost", b"491231235959Z"), answer)
    }

    fn with((certificate, key): (Vec<u8>, Vec<u8>), answer: &'static [u8]) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from(certificate.clone())],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key)),
            )
            .unwrap();
        let config = Arc::new(config);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            while let Ok((mut tcp, _)) = listener.accept() {
                let mut tls = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = rustls::Stream::new(&mut tls, &mut tcp);
                let mut request = [0; 1024];
                // A client that does not trust us hangs up instead of asking.
                if stream.read(&mut request).is_ok_and(|bytes| bytes > 0) {
                    stream.write_all(answer).unwrap();
                }
            }
        });
        Self { port, certificate, folder: tempfile::tempdir().unwrap() }
    }

    pub(super) fn roots(&self) -> PathBuf {
        let path = self.folder.path().join("roots.pem");
        let encoded = BASE64_STANDARD.encode(&self.certificate);
        let pem = format!("-----BEGIN CERTIFICATE-----\n{encoded}\n-----END CERTIFICATE-----\n");
        std::fs::write(&path, pem).unwrap();
        path
    }

    fn url(&self, host: &str) -> String {
        format!("https://{host}:{}/", self.port)
    }
}

fn trusting(trust: Trust) -> HttpTransport {
    HttpTransport::with_trust(loopback(), TransportLimits::default(), trust)
}

#[tokio::test]
async fn a_host_that_the_operators_root_vouches_for_is_called() {
    let provider = TlsProvider::start();
    let transport = trusting(Trust::with_pem_file(&provider.roots()).unwrap());
    let answer = transport.send(get(&provider.url("localhost"))).await.unwrap();
    assert_eq!(text(answer).await, "secret");
}

#[tokio::test]
async fn a_host_that_nobody_vouches_for_is_told_nothing() {
    let provider = TlsProvider::start();
    let another = TlsProvider::start();
    for trust in [Trust::public(), Trust::with_pem_file(&another.roots()).unwrap()] {
        let error = refused(&trusting(trust), get(&provider.url("localhost"))).await;
        assert!(matches!(&error, TransportError::Tls { host, .. } if host == "localhost"), "{error:?}");
        assert!(!error.was_sent() && !error.is_timeout());
    }
}

#[tokio::test]
async fn a_certificate_for_another_host_is_not_accepted() {
    let provider = TlsProvider::start();
    let transport = trusting(Trust::with_pem_file(&provider.roots()).unwrap());
    let error = refused(&transport, get(&provider.url("127.0.0.1"))).await;
    assert!(matches!(error, TransportError::Tls { .. }), "{error:?}");
    assert!(!error.was_sent());
}

#[tokio::test]
async fn a_certificate_that_has_expired_is_not_accepted() {
    let provider =
        TlsProvider::with(certificate_for("localhost", b"200101000000Z"), b"HTTP/1.1 204 No Content\r\n\r\n");
    let transport = trusting(Trust::with_pem_file(&provider.roots()).unwrap());
    let error = refused(&transport, get(&provider.url("localhost"))).await;
    assert!(matches!(error, TransportError::Tls { .. }), "{error:?}");
    assert!(error.to_string().contains("expired"), "{error}");
    assert!(!error.was_sent() && !error.may_pass());
}

#[tokio::test]
async fn loopback_stays_forbidden_with_tls_too() {
    let provider = TlsProvider::start();
    let trust = Trust::with_pem_file(&provider.roots()).unwrap();
    let limits = TransportLimits::default();
    let guarded = HttpTransport::with_trust(EgressPolicy::default(), limits, trust);
    let error = refused(&guarded, get(&provider.url("localhost"))).await;
    assert!(matches!(&error, TransportError::EgressRefused { address, .. } if address.is_loopback()), "{error:?}");
}

#[tokio::test]
async fn a_host_that_does_not_speak_tls_is_told_nothing() {
    let plain = RawProvider::start(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = stream.read_u8().await;
    })
    .await;
    let url = format!("https://localhost:{}/", plain.address.port());
    let error = refused(&trusting(Trust::public()), get(&url)).await;
    assert!(matches!(error, TransportError::Tls { .. }), "{error:?}");
    assert!(!error.was_sent());
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_a_connect_timeout() {
    let silent = RawProvider::start(|mut stream| async move {
        let mut sink = [0; 1024];
        while stream.read(&mut sink).await.is_ok_and(|bytes| bytes > 0) {}
    })
    .await;
    let limits = TransportLimits { connect_timeout: Duration::from_millis(100), ..TransportLimits::default() };
    let transport = HttpTransport::new(loopback(), limits);
    let url = format!("https://localhost:{}/", silent.address.port());
    let error = refused(&transport, get(&url)).await;
    assert!(matches!(error, TransportError::ConnectTimeout { .. }), "{error:?}");
    assert!(!error.was_sent() && error.is_timeout());
}

#[test]
fn a_file_without_roots_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("roots.pem");
    let error = Trust::with_pem_file(&path).unwrap_err();
    assert!(matches!(error, TrustError::Unreadable { .. }), "{error:?}");

    std::fs::write(&path, "no certificates today\n").unwrap();
    let error = Trust::with_pem_file(&path).unwrap_err();
    assert!(matches!(error, TrustError::Empty { .. }), "{error:?}");
    assert!(error.to_string().contains("roots.pem"), "{error}");

    let junk = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    std::fs::write(&path, junk).unwrap();
    let error = Trust::with_pem_file(&path).unwrap_err();
    assert!(matches!(error, TrustError::Unusable { .. }), "{error:?}");
}

/// A self-signed certificate (RFC 5280) and its key.
fn certificate_for(host: &str, until: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let sequence = |parts: &[&[u8]]| der(0x30, parts);
    // ecdsa-with-SHA256
    let algorithm = sequence(&[&der(0x06, &[b"\x2a\x86\x48\xce\x3d\x04\x03\x02"])]);
    let common_name = sequence(&[&der(0x06, &[b"\x55\x04\x03"]), &der(0x0c, &[host.as_bytes()])]);
    let name = sequence(&[&der(0x31, &[&common_name])]);
    let validity = sequence(&[&der(0x17, &[b"000101000000Z"]), &der(0x17, &[until])]);
    let alternative = sequence(&[&der(0x82, &[host.as_bytes()])]);
    let extension = sequence(&[&der(0x06, &[b"\x55\x1d\x11"]), &der(0x04, &[&alternative])]);
    let public_key = key.public_key().as_der().unwrap();
    let content = sequence(&[
        &der(0xa0, &[&der(0x02, &[b"\x02"])]),
        &der(0x02, &[b"\x01"]),
        &algorithm,
        &name,
        &validity,
        &name,
        public_key.as_ref(),
        &der(0xa3, &[&sequence(&[&extension])]),
    ]);
    let signature = key.sign(&SystemRandom::new(), &content).unwrap();
    let certificate = sequence(&[&content, &algorithm, &der(0x03, &[b"\x00", signature.as_ref()])]);
    (certificate, key.to_pkcs8v1().unwrap().as_ref().to_vec())
}

/// One DER element.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut element = vec![tag];
    match content.len() {
        length @ 0..0x80 => element.push(length as u8),
        length @ 0x80..0x100 => element.extend([0x81, length as u8]),
        length => element.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    element.extend(content);
    element
}
