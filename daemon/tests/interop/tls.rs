//! TLS on both sides through the shipped binary: foreign gateways come in over it, foreign operators are reached over it.

use crate::support::daemon::Daemon;
use crate::support::esme::Esme;
use crate::support::foreign::Foreign;
use crate::support::http::Listener;
use crate::support::kannel::{DELIVERED_TO_PHONE, Kannel};
use crate::support::metrics::Scrape;
use crate::support::operator::{Operator, sandbox};
use crate::support::outcomes;
use crate::support::peer::Peer;
use crate::support::sandbox::Sandbox;
use crate::support::sm::Sm;
use crate::support::smpp::{BUSINESS_1, BUSINESS_2};
use crate::support::tls::Certificate;
use serde_json::json;

/// Has the daemon listen for TLS with the certificate.
fn listen_with(sandbox: &Sandbox, certificate: &Certificate) {
    sandbox.set("smpp", "tls_listen = \"127.0.0.1:0\"");
    sandbox.set("smpp", &format!("tls_certificate = \"{}\"", certificate.certificate.display()));
    sandbox.set("smpp", &format!("tls_key = \"{}\"", certificate.key.display()));
}

fn encrypted_node(certificate: &Certificate) -> Foreign {
    Foreign::node(json!({"tls": {"key": certificate.key, "cert": certificate.certificate}}))
}

/// An operator whose certificate must be signed by `authority`.
fn entry(node: &Foreign, authority: &Certificate) -> Operator {
    Operator::new("node", node.port())
        .smpp(&format!("tls = {{ ca_file = \"{}\" }}", authority.certificate.display()))
}

fn is_bound(daemon: &Daemon) -> bool {
    Scrape::of(daemon).count("tollgate_operator_bound{operator=\"node\"}") > 0
}

#[test]
fn kannel_and_node_smpp_through_tollgate_to_node_smpp() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let certificate = Certificate::write(folder.path());
    let node = encrypted_node(&certificate);
    let sandbox = sandbox(&[entry(&node, &certificate)]);
    listen_with(&sandbox, &certificate);
    let daemon = sandbox.start();
    let encrypted = daemon.smpp_tls.expect("the daemon listens for TLS");
    assert_eq!(node.until("bind", 1)[0]["encrypted"], true);

    let reports = Listener::start();
    let kannel = Kannel::start(&sandbox.path().join("kannel"), encrypted, BUSINESS_1, true);
    kannel.send("254722000001", "Hello", DELIVERED_TO_PHONE, &reports.url("/?kind=%d"));
    assert_eq!(reports.until(1), ["/?kind=1"]);

    let seen = Peer::node_smpp().over_tls(&certificate.certificate).perform(
        encrypted,
        BUSINESS_2,
        &[
            json!({"do": "bind", "mode": "transceiver"}),
            json!({"do": "submit", "from": "Tollgate", "to": "254722000002", "text": "Hello", "receipt": true}),
            json!({"do": "receipts", "count": 1}),
            json!({"do": "unbind"}),
        ],
    );
    assert_eq!(seen[2]["receipts"][0]["id"], seen[1]["message_ids"][0]);
    assert_eq!(seen[2]["receipts"][0]["state"], 2);
    drop(kannel);
    daemon.stop();
    let outcomes = outcomes::balanced(&sandbox);
    assert_eq!(outcomes.len(), 2);
    assert!(outcomes.values().all(|outcome| outcome.state() == "delivered"), "{outcomes:#?}");
}

#[test]
fn an_operator_with_another_certificate_gets_nothing() {
    let [theirs, ours] = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
    let certificate = Certificate::write(theirs.path());
    let other = Certificate::write(ours.path());
    let node = encrypted_node(&certificate);
    let sandbox = sandbox(&[entry(&node, &other)]);
    let daemon = sandbox.start();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let id = gateway.accepted(&Sm::to("254722000001"));
    daemon.logged("why there is no link", |line| line.contains("node") && line.contains("ertificate"));
    assert!(!is_bound(&daemon) && node.events("bind").is_empty());
    drop(gateway);
    daemon.stop();
    assert_eq!(outcomes::balanced(&sandbox)[&id].state(), "enroute", "it waits for a link");
}
