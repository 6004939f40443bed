//! TLS for a listener: certificate chain and private key from PEM files.

use std::path::PathBuf;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

/// The files of the server's identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's certificate first, then those that lead to the root; PEM.
    pub certificate_chain: PathBuf,
    /// Its private key: PKCS#8, PKCS#1 or SEC1 in PEM.
    pub private_key: PathBuf,
}

/// The reason for which there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or holds nothing of the kind.
    #[error("{}: {source}", path.display())]
    File {
        /// The filters of a list of file.
        path: PathBuf,
        /// The error in the file.
        source: pem::Error,
    },
    /// The file with the certificate chain is empty.
    #[error("{}: no certificate in it", path.display())]
    NoCertificate {
        /// The filters of a list of file.
        path: PathBuf,
    },
    /// The key does not fit the certificate, or is of an unknown kind.
    #[error("certificate and key: {0}")]
    Identity(#[from] rustls::Error),
}

impl TlsFiles {
    /// Checks that both files can be read and belong together.
    pub fn check(&self) -> Result<(), TlsError> {
        self.acceptor().map(drop)
    }

    /// Reads both files. TLS 1.2 and 1.3; clients are known by their passwords, so no certificate is
    /// asked of them.
    pub(super) fn acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        let (chain, key) = (self.read_chain()?, self.read_key()?);
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }

    fn read_chain(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let path = &self.certificate_chain;
        let chain: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
        match chain {
            Ok(chain) if chain.is_empty() => Err(TlsError::NoCertificate { path: path.clone() }),
            Ok(chain) => Ok(chain),
            Err(source) => Err(TlsError::File { path: path.clone(), source }),
        }
    }

    fn read_key(&self) -> Result<PrivateKeyDer<'static>, TlsError> {
        let path = &self.private_key;
        PrivateKeyDer::from_pem_file(path).map_err(|source| TlsError::File { path: path.clone(), source })
    }
}
