//! TLS: a gateway that checks our certificate, and identities that cannot be used.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rusmpp::CommandId;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tollgate_smpp::server::{Server, ServerConfig, StartError, TlsError, TlsFiles};
use tollgate_smpp::session::{SessionConfig, TimerConfig};

use crate::anywhere;
use crate::support::client::{Client, within};
use crate::support::peer::{enquire_link, list, submits, unbind};
use crate::support::toy_bind_handler::ToyBindHandler;

/// A fresh identity for `localhost` in a folder of the test's own.
fn identity(test: &str) -> (TlsFiles, CertificateDer<'static>) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
    fs::create_dir_all(&folder).unwrap();
    let files = TlsFiles { certificate_chain: folder.join("chain.pem"), private_key: folder.join("key.pem") };
    fs::write(&files.certificate_chain, cert.pem()).unwrap();
    fs::write(&files.private_key, signing_key.serialize_pem()).unwrap();
    (files, cert.der().clone())
}

async fn start(files: TlsFiles, session: SessionConfig) -> Result<Server, StartError> {
    start_with(&ToyBindHandler::default(), files, session).await
}

async fn start_with(
    toy: &ToyBindHandler,
    files: TlsFiles,
    session: SessionConfig,
) -> Result<Server, StartError> {
    let config = ServerConfig { tls: Some((vec![anywhere()], files)), session, ..ServerConfig::default() };
    Server::start(config, Arc::new(toy.clone())).await
}

async fn connect(server: &Server, trusted: CertificateDer<'static>) -> Client<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = within(TcpStream::connect(server.tls_addresses()[0])).await.unwrap();
    let connector = TlsConnector::from(Arc::new(config));
    Client::new(within(connector.connect("localhost".try_into().unwrap(), stream)).await.unwrap())
}

#[tokio::test]
async fn a_session_over_tls_is_a_session() {
    let (files, certificate) = identity("a_session");
    let server = start(files, SessionConfig::default()).await.unwrap();
    let mut client = connect(&server, certificate).await;
    client.bind().await;
    client.send(&submits(2, 2000)).await;
    assert_eq!(client.sequences(2000).await, list(2..2002));
    client.send(&unbind(9)).await;
    assert_eq!(client.header().await, (CommandId::UnbindResp, 0, 9));
    client.assert_closed().await;
}

#[tokio::test]
async fn a_peer_that_ends_without_a_close_notify_still_gets_its_answers() {
    let (files, certificate) = identity("no_close_notify");
    let toy = ToyBindHandler::default();
    toy.lock().hold = true;
    let server = start_with(&toy, files, SessionConfig::default()).await.unwrap();
    let mut client = connect(&server, certificate).await;
    client.bind().await;
    client.send(&[submits(2, 3), enquire_link(5)].concat()).await;
    assert_eq!(client.header().await.0, CommandId::EnquireLinkResp);
    client.stream.get_mut().0.shutdown().await.unwrap();
    toy.release();
    assert_eq!(client.sequences(3).await, [2, 3, 4]);
}

#[tokio::test]
async fn a_peer_that_speaks_no_tls_is_turned_away() {
    let (files, _) = identity("no_tls");
    let server = start(files, SessionConfig::default()).await.unwrap();
    let mut client = Client::connect(server.tls_addresses()[0]).await;
    client.send(&crate::support::peer::bind(1)).await;
    within(async { while tokio::io::AsyncReadExt::read_u8(&mut client.stream).await.is_ok() {} }).await;
    assert_eq!(server.stats().handshakes_failed.get(), 1);
}

#[tokio::test]
async fn a_handshake_that_never_begins_is_given_up() {
    let (files, _) = identity("no_handshake");
    let timers = TimerConfig { session_init: Duration::from_millis(100), ..TimerConfig::default() };
    let server = start(files, SessionConfig { timers, ..SessionConfig::default() }).await.unwrap();
    let mut client = Client::connect(server.tls_addresses()[0]).await;
    client.assert_closed().await;
    assert_eq!(server.stats().handshakes_failed.get(), 1);
}

#[tokio::test]
async fn an_identity_that_cannot_be_used_names_its_file() {
    let (files, _) = identity("bad_identity");
    let nowhere = PathBuf::from("/nowhere/key.pem");
    let missing = TlsFiles { private_key: nowhere.clone(), ..files.clone() };
    let error = start(missing, SessionConfig::default()).await.unwrap_err();
    assert!(matches!(&error, StartError::Tls(TlsError::File { path, .. }) if *path == nowhere), "{error}");
    assert!(error.to_string().contains("/nowhere/key.pem"));

    let no_certificate = TlsFiles { certificate_chain: files.private_key.clone(), ..files.clone() };
    let error = start(no_certificate, SessionConfig::default()).await.unwrap_err();
    assert!(matches!(error, StartError::Tls(TlsError::NoCertificate { .. })), "{error}");

    let (other, _) = identity("other_identity");
    let mismatch = TlsFiles { private_key: other.private_key, ..files };
    let error = start(mismatch, SessionConfig::default()).await.unwrap_err();
    assert!(matches!(error, StartError::Tls(TlsError::Identity(_))), "{error}");
}
