//! Python's smpplib as a gateway: what it sees, and what the books hold of it.

use crate::support::books;
use crate::support::peer::{Expected, Peer, expect_charged};
use crate::support::sandbox::Sandbox;
use crate::support::smpp::{BUSINESS_1, Login};
use serde_json::{Value, json};

const SAFARICOM: &str = "254722000001";
const AIRTEL: &str = "254733000001";

#[test]
fn a_session_with_all_kinds_of_messages() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start();
    let long = "All work and no play makes Jack a dull boy. ".repeat(10);
    let seen = Peer::smpplib().perform(
        daemon.smpp,
        BUSINESS_1,
        &[
            json!({"do": "bind", "mode": "transceiver"}),
            json!({"do": "submit", "from": "Tollgate", "to": SAFARICOM, "text": "Your code is 493817"}),
            json!({"do": "submit", "from": "Tollgate", "to": AIRTEL, "text": "Ваш код 493817"}),
            json!({"do": "submit", "from": "Tollgate", "to": SAFARICOM, "text": long}),
            json!({"do": "submit", "from": "Tollgate", "to": SAFARICOM, "text": "Sale!",
                   "tlvs": {"dispatch_id": "spring", "idempotency_key": "sale-1", "price_request": "1"}}),
            json!({"do": "submit", "from": "Tollgate", "to": "2109999999", "text": "To nowhere"}),
            json!({"do": "query", "from": "Tollgate", "of_step": 1}),
            json!({"do": "enquire_link"}),
            json!({"do": "unbind"}),
        ],
    );
    daemon.stop();

    let [bind, gsm, ucs2, parts, priced, nowhere, query, enquire_link, unbind] = seen.as_slice() else {
        panic!("nine answers")
    };
    assert_eq!(bind["status"], 0);
    assert_eq!((&gsm["data_coding"], &ucs2["data_coding"]), (&json!(0), &json!(8)));
    assert_eq!(priced["price"], "0.02");
    assert_eq!(nowhere, &json!({"status": 0x0B, "raised": "PDUError"}));
    assert_eq!(query, &json!({"status": 0, "message_id": gsm["message_ids"][0], "state": 1}));
    assert_eq!(enquire_link, &json!({"status": 0, "command": "enquire_link_resp"}));
    assert_eq!(unbind, &json!({"status": 0, "command": "unbind_resp"}));

    let safaricom = Expected { destination: SAFARICOM, network: "63902", segments: 1, price_micros: 20_000 };
    let airtel = Expected { destination: AIRTEL, network: "63903", segments: 1, price_micros: 18_000 };
    let mut cdrs = books::by_id(books::balanced(&sandbox));
    expect_charged(&mut cdrs, gsm, &[safaricom]);
    expect_charged(&mut cdrs, ucs2, &[airtel]);
    expect_charged(&mut cdrs, parts, &[safaricom; 3]);
    let [sale] = expect_charged(&mut cdrs, priced, &[safaricom]).try_into().expect("one CDR");
    assert_eq!((sale.dispatch_id.as_str(), sale.idempotency_key.as_str()), ("spring", "sale-1"));
    assert!(cdrs.is_empty(), "nothing else was charged: {cdrs:?}");
}

#[test]
fn lack_of_money_and_a_wrong_password_are_errors_of_their_own() {
    const POOR: Login = Login { system_id: "poor", password: "secret01" };
    let sandbox = Sandbox::new();
    sandbox.add_account(POOR.system_id, "plan = \"starter\"\nopening_balance = \"0.03\"");
    let daemon = sandbox.start();
    let submit = json!({"do": "submit", "from": "Tollgate", "to": SAFARICOM, "text": "Hello"});
    let bind = json!({"do": "bind", "mode": "transmitter"});

    let seen = Peer::smpplib().perform(daemon.smpp, POOR, &[bind.clone(), submit.clone(), submit]);
    assert_eq!(seen[1]["status"], 0);
    // 0x45, ESME_RSUBMITFAIL: not 0x08, which says that the system is at fault and to try again.
    assert_eq!(seen[2], json!({"status": 0x45, "raised": "PDUError"}));

    let stranger = Login { password: "secret02", ..POOR };
    let refused: Vec<Value> = Peer::smpplib().perform(daemon.smpp, stranger, &[bind]);
    assert_eq!(refused, [json!({"status": 0x0E, "raised": "PDUError"})]);
    daemon.stop();
    assert_eq!(books::balanced(&sandbox).len(), 1);
}
