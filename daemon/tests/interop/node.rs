//! node-smpp as a gateway: what it sees, and what the books hold of it.

use crate::support::books;
use crate::support::peer::{Expected, Peer, expect_charged};
use crate::support::sandbox::Sandbox;
use crate::support::smpp::{BUSINESS_2, Login};
use serde_json::json;

const SAFARICOM: &str = "254722000001";
const AIRTEL: &str = "254733000001";
const NOWHERE: &str = "2109999999";
/// `message_state` of SMPP 3.4 §5.2.28.
const ENROUTE: u8 = 1;
const DELETED: u8 = 4;

#[test]
fn a_session_with_all_kinds_of_messages() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start();
    let long = "All work and no play makes Jack a dull boy. ".repeat(10);
    let seen = Peer::node_smpp().perform(
        daemon.smpp,
        BUSINESS_2,
        &[
            json!({"do": "bind", "mode": "transceiver"}),
            json!({"do": "submit", "from": "Tollgate", "to": SAFARICOM, "text": "Only 5 € today"}),
            json!({"do": "submit", "from": "Tollgate", "to": AIRTEL, "text": "Ваш код 493817"}),
            json!({"do": "submit", "from": "Tollgate", "to": SAFARICOM, "text": long}),
            json!({"do": "submit", "from": "Tollgate", "to": SAFARICOM, "text": "Sale!",
                   "tlvs": {"dispatch_id": "spring", "idempotency_key": "sale-1", "price_request": "1"}}),
            json!({"do": "data", "from": "Tollgate", "to": AIRTEL, "text": "As data_sm"}),
            json!({"do": "multi", "from": "Tollgate", "to": [SAFARICOM, NOWHERE, AIRTEL], "text": "To many"}),
            json!({"do": "submit", "from": "Tollgate", "to": NOWHERE, "text": "To nowhere"}),
            json!({"do": "query", "from": "Tollgate", "of_step": 1}),
            json!({"do": "cancel", "from": "Tollgate", "to": SAFARICOM, "of_step": 1}),
            json!({"do": "cancel", "from": "Tollgate", "to": SAFARICOM, "of_step": 1}),
            json!({"do": "query", "from": "Tollgate", "of_step": 1}),
            json!({"do": "enquire_link"}),
            json!({"do": "unbind"}),
        ],
    );
    daemon.stop();

    let [
        bind,
        gsm,
        ucs2,
        payload,
        priced,
        data,
        multi,
        nowhere,
        query,
        cancel,
        again,
        gone,
        enquire_link,
        unbind,
    ] = seen.as_slice()
    else {
        panic!("fourteen answers")
    };
    assert_eq!(bind["status"], 0);
    assert_eq!(priced["price"], "0.02");
    assert_eq!(multi["refused"], json!([[NOWHERE, 0x0B]]));
    assert_eq!(nowhere, &json!({"status": 0x0B}));
    assert_eq!(query, &json!({"status": 0, "message_id": gsm["message_ids"][0], "state": ENROUTE}));
    assert_eq!(cancel, &json!({"status": 0, "command": "cancel_sm_resp"}));
    assert_eq!(again, &json!({"status": 0x11, "command": "cancel_sm_resp"}));
    assert_eq!(gone, &json!({"status": 0, "message_id": gsm["message_ids"][0], "state": DELETED}));
    assert_eq!(enquire_link, &json!({"status": 0, "command": "enquire_link_resp"}));
    assert_eq!(unbind, &json!({"status": 0, "command": "unbind_resp"}));

    let safaricom = Expected { destination: SAFARICOM, network: "63902", segments: 1, price_micros: 20_000 };
    let airtel = Expected { destination: AIRTEL, network: "63903", segments: 1, price_micros: 18_000 };
    let mut cdrs = books::by_id(books::balanced(&sandbox));
    let [cancelled] = expect_charged(&mut cdrs, gsm, &[Expected { price_micros: 0, ..safaricom }])
        .try_into()
        .expect("one CDR");
    assert_eq!((cancelled.state.as_str(), books::micros(&cancelled.refunded)), ("deleted", 20_000));
    expect_charged(&mut cdrs, ucs2, &[airtel]);
    expect_charged(&mut cdrs, payload, &[Expected { segments: 3, price_micros: 60_000, ..safaricom }]);
    expect_charged(&mut cdrs, data, &[airtel]);
    let [sale] = expect_charged(&mut cdrs, priced, &[safaricom]).try_into().expect("one CDR");
    assert_eq!((sale.dispatch_id.as_str(), sale.idempotency_key.as_str()), ("spring", "sale-1"));
    // submit_multi answers with one id for its two messages; each is charged.
    let of_multi: Vec<(String, i64)> =
        cdrs.values().map(|cdr| (cdr.destination.clone(), cdr.net_micros())).collect();
    assert_eq!(of_multi.len(), 2, "nothing else was charged: {cdrs:?}");
    assert!(of_multi.contains(&(SAFARICOM.into(), 20_000)) && of_multi.contains(&(AIRTEL.into(), 18_000)));
}

#[test]
fn lack_of_money_and_a_wrong_password_are_errors_of_their_own() {
    const POOR: Login = Login { system_id: "poor", password: "secret01" };
    let sandbox = Sandbox::new();
    sandbox.add_account(POOR.system_id, "plan = \"starter\"\nopening_balance = \"0.03\"");
    let daemon = sandbox.start();
    let submit = json!({"do": "submit", "from": "Tollgate", "to": SAFARICOM, "text": "Hello"});
    let bind = json!({"do": "bind", "mode": "transmitter"});

    let seen = Peer::node_smpp().perform(daemon.smpp, POOR, &[bind.clone(), submit.clone(), submit]);
    assert_eq!(seen[1]["status"], 0);
    // 0x45, ESME_RSUBMITFAIL: not 0x08, which says that the system is at fault and to try again.
    assert_eq!(seen[2], json!({"status": 0x45}));

    let stranger = Login { password: "secret02", ..POOR };
    assert_eq!(Peer::node_smpp().perform(daemon.smpp, stranger, &[bind])[0]["status"], 0x0E);
    daemon.stop();
    assert_eq!(books::balanced(&sandbox).len(), 1);
}
