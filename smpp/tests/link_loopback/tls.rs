//! TLS on both sides: whom a link trusts, and whom not.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tollgate_smpp::link::{Link, LinkConfig, LinkDown, LinkTls};
use tollgate_smpp::server::{Server, ServerConfig, TlsFiles};

use crate::support::client::within;
use crate::support::peer::list;
use crate::support::toy_bind_handler::ToyBindHandler;
use crate::support::toy_link_handler::{Event, ToyLinkHandler};
use crate::{anywhere, link_to, serve};

const LIMIT: Duration = Duration::from_secs(5);

/// A server with a fresh identity for `operator.test`, and the file with its certificate.
async fn serve_tls(test: &str, toy: &ToyBindHandler) -> (Server, SocketAddr, PathBuf) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["operator.test".to_owned()]).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("link_{test}"));
    fs::create_dir_all(&folder).unwrap();
    let files = TlsFiles { certificate_chain: folder.join("chain.pem"), private_key: folder.join("key.pem") };
    fs::write(&files.certificate_chain, cert.pem()).unwrap();
    fs::write(&files.private_key, signing_key.serialize_pem()).unwrap();
    let chain = files.certificate_chain.clone();
    let config = ServerConfig { tls: Some((vec![anywhere()], files)), ..ServerConfig::default() };
    let server = Server::start(config, Arc::new(toy.clone())).await.unwrap();
    let address = server.tls_addresses()[0];
    (server, address, chain)
}

fn trusting(address: SocketAddr, ca_file: Option<PathBuf>) -> LinkConfig {
    let tls = LinkTls { ca_file, server_name: Some("operator.test".to_owned()), insecure: false };
    LinkConfig { tls: Some(tls), ..link_to(address) }
}

/// The reason for which the link does not come up.
async fn failure(config: LinkConfig) -> String {
    let handler = ToyLinkHandler::default();
    let link = Link::start(config, handler.clone());
    handler.until(|state| state.count(|event| matches!(event, Event::Failed(_))) > 0).await;
    drop(link);
    let events = handler.take_events();
    let reason = events.iter().find_map(|event| match event {
        Event::Failed(LinkDown::Tls(reason)) => Some(reason.clone()),
        _ => None,
    });
    reason.unwrap_or_else(|| panic!("{events:?}"))
}

#[tokio::test]
async fn a_link_over_tls_is_a_link() {
    let (toy, handler) = (ToyBindHandler::default(), ToyLinkHandler::default());
    let (server, address, chain) = serve_tls("is_a_link", &toy).await;
    let link = Link::start(trusting(address, Some(chain)), handler.clone());
    handler.send(0..5000);
    assert_eq!(handler.answered(5000).await, list(0..5000));
    within(link.stop(LIMIT)).await;
    assert_eq!(handler.lock().events.last(), Some(&Event::Unbound(LinkDown::Stopped, vec![])));
    within(server.drain(LIMIT)).await;
    assert_eq!(toy.lock().submitted.len(), 5000);
}

#[tokio::test]
async fn a_server_that_is_gone_is_noticed_under_tls_too() {
    let (toy, handler) = (ToyBindHandler::default(), ToyLinkHandler::default());
    toy.lock().hold = true;
    let (server, address, chain) = serve_tls("is_gone", &toy).await;
    let _link = Link::start(trusting(address, Some(chain)), handler.clone());
    handler.send(1..=3);
    while toy.sequences().len() < 3 {
        tokio::task::yield_now().await;
    }
    drop(server);
    let gone = |event: &Event| matches!(event, Event::Unbound(_, tokens) if *tokens == [1, 2, 3]);
    handler.until(|state| state.count(gone) == 1).await;
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_taken_only_when_told_to() {
    let toy = ToyBindHandler::default();
    let (_server, address, _) = serve_tls("untrusted", &toy).await;
    let reason = failure(trusting(address, None)).await;
    assert!(reason.contains("invalid peer certificate"), "{reason}");

    let handler = ToyLinkHandler::default();
    let tls = LinkTls { insecure: true, ..LinkTls::default() };
    let _link = Link::start(LinkConfig { tls: Some(tls), ..link_to(address) }, handler.clone());
    handler.until(|state| state.events.contains(&Event::Bound)).await;
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let toy = ToyBindHandler::default();
    let (_server, address, chain) = serve_tls("another_name", &toy).await;
    let mut config = trusting(address, Some(chain));
    for name in [Some("elsewhere.test".to_owned()), None] {
        config.tls = config.tls.map(|tls| LinkTls { server_name: name, ..tls });
        let reason = failure(config.clone()).await;
        assert!(reason.contains("not valid for"), "{reason}");
    }
}

#[tokio::test]
async fn files_and_names_that_cannot_be_used_are_named() {
    let missing = trusting(anywhere(), Some(PathBuf::from("/nowhere/ca.pem")));
    assert!(failure(missing).await.starts_with("/nowhere/ca.pem: "));

    let empty = Path::new(env!("CARGO_TARGET_TMPDIR")).join("link_empty.pem");
    fs::write(&empty, "nothing\n").unwrap();
    let reason = failure(trusting(anywhere(), Some(empty))).await;
    assert!(reason.ends_with("link_empty.pem: no certificate in it"), "{reason}");

    let mut no_name = trusting(anywhere(), None);
    no_name.tls = Some(LinkTls { server_name: Some("no such name".to_owned()), ..LinkTls::default() });
    assert!(!failure(no_name).await.is_empty());
}

#[tokio::test]
async fn an_operator_that_speaks_no_tls_is_told() {
    let toy = ToyBindHandler::default();
    let (_server, address) = serve(&toy).await;
    let tls = LinkTls { insecure: true, ..LinkTls::default() };
    let reason = failure(LinkConfig { tls: Some(tls), ..link_to(address) }).await;
    assert!(!reason.is_empty());
}
