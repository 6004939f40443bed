//! TLS towards an operator: whom to trust, and the handshake.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::task::spawn_blocking;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{self, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::{LinkConfig, LinkDown, LinkTls};

/// The files in which systems keep the certificates that they trust: Debian, Ubuntu and Alpine; Fedora
/// and similar ones; SUSE.
const SYSTEM_FILES: [&str; 3] =
    ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"];

/// The connector and the server's name for a handshake. The files are read anew each time, so that a
/// certificate may be replaced.
pub(super) async fn connector(
    config: &LinkConfig,
    tls: &LinkTls,
) -> Result<(TlsConnector, ServerName<'static>), LinkDown> {
    let name = tls.server_name.as_ref().unwrap_or(&config.host).clone();
    let name = ServerName::try_from(name).map_err(|error| LinkDown::Tls(error.to_string()))?;
    let tls = tls.clone();
    let read = spawn_blocking(move || client_config(&tls)).await;
    let client = read.unwrap_or_else(|error| Err(error.to_string())).map_err(LinkDown::Tls)?;
    Ok((TlsConnector::from(Arc::new(client)), name))
}

fn client_config(tls: &LinkTls) -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    if tls.insecure {
        let anyone = Arc::new(Anyone(provider));
        return Ok(builder.dangerous().with_custom_certificate_verifier(anyone).with_no_client_auth());
    }
    let roots = match &tls.ca_file {
        Some(path) => roots(path)?,
        None => roots(&system_file()?)?,
    };
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

fn system_file() -> Result<PathBuf, String> {
    let found = SYSTEM_FILES.into_iter().map(PathBuf::from).find(|path| path.exists());
    found.ok_or_else(|| "no file with the certificates that the system trusts; ca_file names one".to_owned())
}

/// The certificates of a file. One that is not understood is left out, as systems keep old ones too.
fn roots(path: &Path) -> Result<RootCertStore, String> {
    let named = |reason: String| format!("{}: {reason}", path.display());
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates.map_err(|error| named(error.to_string()))?);
    if added == 0 { Err(named("no certificate in it".to_owned())) } else { Ok(roots) }
}

/// Takes any certificate. Signatures are checked all the same: that is what rustls can do with a certificate
/// that nobody vouches for.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
