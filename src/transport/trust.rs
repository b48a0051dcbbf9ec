//! Whom we believe to be a provider: Mozilla's roots, and those of a PEM file that the operator names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use hyper_rustls::ConfigBuilderExt;
use rustls::client::WantsClientCert;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
use thiserror::Error;

/// The certificate authorities that may vouch for a provider.
#[derive(Clone, Debug)]
pub struct Trust {
    /// Mozilla's.
    pub(super) public: Arc<ClientConfig>,
    /// The operator's own.
    pub(super) private: Option<Arc<ClientConfig>>,
}

/// The file of roots cannot be used.
#[derive(Debug, Error)]
pub enum TrustError {
    /// It cannot be read, or is not PEM.
    #[error("cannot read certificates from {path}: {source}")]
    Unreadable { path: PathBuf, source: rustls::pki_types::pem::Error },
    /// One of its certificates is not usable as a root.
    #[error("a certificate in {path} is not usable as a root: {source}")]
    Unusable { path: PathBuf, source: rustls::Error },
    /// It holds none.
    #[error("no certificate in {path}")]
    Empty { path: PathBuf },
}

impl Trust {
    /// Mozilla's roots alone.
    pub fn public() -> Self {
        Self { public: finish(protocols().with_webpki_roots()), private: None }
    }

    /// Mozilla's roots and the certificates of this PEM file.
    ///
    /// # Errors
    /// If the file cannot be read, or holds no root.
    pub fn with_pem_file(path: &Path) -> Result<Self, TrustError> {
        let unreadable = |source| TrustError::Unreadable { path: path.to_owned(), source };
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(path).map_err(unreadable)? {
            let certificate = certificate.map_err(unreadable)?;
            roots.add(certificate).map_err(|source| TrustError::Unusable { path: path.to_owned(), source })?;
        }
        if roots.is_empty() {
            return Err(TrustError::Empty { path: path.to_owned() });
        }
        Ok(Self { private: Some(finish(protocols().with_root_certificates(roots))), ..Self::public() })
    }
}

fn protocols() -> ConfigBuilder<ClientConfig, WantsVerifier> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    #[expect(
        clippy::expect_used,
        reason = "fails only for a provider without a cipher suite for TLS 1.2 and 1.3; aws-lc-rs has them"
    )]
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("aws-lc-rs speaks TLS 1.2 and 1.3")
}

fn finish(builder: ConfigBuilder<ClientConfig, WantsClientCert>) -> Arc<ClientConfig> {
    Arc::new(builder.with_no_client_auth())
}
