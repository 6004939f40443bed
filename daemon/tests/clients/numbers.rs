//! Destinations that no number of their country can be: refused before the debit on every way, or only counted.

use serde_json::json;

use crate::support::api::start_with_admin;
use crate::support::books;
use crate::support::metrics::Scrape;
use crate::support::sandbox::Sandbox;
use crate::support::smpp::{Connection, ESME_RINVDSTADR, ESME_ROK, Login, SUBMIT_SM};

const CAREFUL: Login = Login { system_id: "careful", password: "secret01" };
const EASY: Login = Login { system_id: "easy", password: "secret01" };

/// The body of a submit_sm to an address of this type (SMPP 3.4 §4.4.1).
fn body(ton: u8, address: &str) -> Vec<u8> {
    let mut body = b"\0\x05\0TOLLGATE\0".to_vec();
    body.extend_from_slice(&[ton, 1]);
    body.extend_from_slice(address.as_bytes());
    body.extend_from_slice(b"\0\0\0\0\0\0\0\0\0\0\x05hello");
    body
}

#[test]
fn odd_lengths_and_local_types_are_refused_and_other_writings_are_read() {
    let sandbox = Sandbox::new();
    for (login, more) in [(CAREFUL, ""), (EASY, "\nnumber_lengths = \"warn\"")] {
        let lines = format!("plan = \"starter\"\nopening_balance = \"10.00\"{more}");
        sandbox.add_account(login.system_id, &lines);
    }
    let (daemon, admin) = start_with_admin(&sandbox);
    let mut careful = Connection::bound(daemon.smpp, CAREFUL);
    let mut easy = Connection::bound(daemon.smpp, EASY);
    for (ton, address) in [(1, "254722000"), (1, "2547220000011"), (1, "18100")] {
        assert_eq!(careful.call(SUBMIT_SM, body(ton, address)).status, ESME_RINVDSTADR, "{address}");
        assert_eq!(easy.call(SUBMIT_SM, body(ton, address)).status, ESME_ROK, "{address}");
        let charge = json!({ "account": "careful", "from": "TOLLGATE", "to": address, "text": "hello" });
        assert_eq!(admin.post("/v1/charges", &charge).code(), "unknown_destination", "{address}");
    }
    for (ton, address) in [(3, "18100"), (4, "722000001"), (6, "18100"), (3, "12125550100")] {
        for gateway in [&mut careful, &mut easy] {
            assert_eq!(
                gateway.call(SUBMIT_SM, body(ton, address)).status,
                ESME_RINVDSTADR,
                "{address} ton {ton}"
            );
        }
    }
    assert_eq!(careful.call(SUBMIT_SM, body(1, "+44 (0)7700 900123")).status, ESME_ROK);
    assert_eq!(Scrape::of(&daemon).count("tollgate_odd_number_lengths_total"), 3);
    drop((careful, easy));
    daemon.stop();
    let cdrs = books::balanced(&sandbox);
    let of_careful: Vec<&str> =
        cdrs.iter().filter(|cdr| cdr.account == "careful").map(|cdr| cdr.destination.as_str()).collect();
    assert_eq!((cdrs.len(), of_careful), (4, vec!["447700900123"]));
}
