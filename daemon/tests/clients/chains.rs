//! Customers of resellers over SMPP: every level pays for a message, or none does.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::support::api::start_with_admin;
use crate::support::books;
use crate::support::metrics::Scrape;
use crate::support::sandbox::Sandbox;
use crate::support::smpp::{BUSINESS_1, Connection, ESME_ROK, Login, Message, TLV_PRICE_REQUEST};

const ESME_RSUBMITFAIL: u32 = 0x45;
const TLV_REASON: u16 = 0x1452;

/// Binds at the same time, and customers that each of them goes round.
const BINDS: usize = 16;
const CUSTOMERS_EACH: usize = 3;
/// Customers in all.
const CUSTOMERS: usize = 1_000;
/// Messages that the reseller's money, bundle or cap is enough for.
const K: u64 = 501;

/// A thousand customers of one reseller, which has these keys.
fn family(reseller: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.add_account(
        "reseller",
        &format!("plan = \"enterprise\"\nis_reseller = true\nchain = true\n{reseller}"),
    );
    let content = sandbox.read("accounts.toml");
    let hash = content.lines().find(|line| line.starts_with("password_hash")).unwrap();
    let customer = |number| {
        format!(
            "[[account]]\nid = \"{}\"\n{hash}\nplan = \"starter\"\nparent = \"reseller\"\nopening_balance = \"9.00\"\n",
            name(number)
        )
    };
    let customers: String = (0..CUSTOMERS).map(customer).collect();
    sandbox.append("accounts.toml", &customers);
    sandbox
}

fn name(customer: usize) -> String {
    format!("customer_{customer}")
}

/// Every bind sends for its customers in turn until one message is refused for a reason that lies above. Returns the number of
/// messages that were accepted.
fn race(address: SocketAddr, reason: &'static str) -> u64 {
    let (accepted, numbers) = (AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for bind in 0..BINDS {
            let (accepted, numbers) = (&accepted, &numbers);
            scope.spawn(move || {
                let login =
                    |nth| Login { system_id: name(bind * 50 + nth).leak(), password: BUSINESS_1.password };
                let mut connections: Vec<Connection> =
                    (0..CUSTOMERS_EACH).map(|nth| Connection::bound(address, login(nth))).collect();
                for at in 0.. {
                    let to = format!("25470{:07}", numbers.fetch_add(1, Ordering::Relaxed));
                    let message = Message::to(&to).tlv(TLV_PRICE_REQUEST, "1");
                    let answer = connections[at % CUSTOMERS_EACH].submit(&message);
                    if answer.status != ESME_ROK {
                        assert_eq!(answer.status, ESME_RSUBMITFAIL);
                        assert_eq!(answer.tlv(TLV_REASON).as_deref(), Some(reason));
                        break;
                    }
                    accepted.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
    });
    accepted.into_inner()
}

#[test]
fn a_resellers_money_for_k_messages_is_for_k_also_after_a_kill() {
    // 0.02 for a message to Safaricom, and something that is too little for one more.
    let micros = K * 20_000 + 19_999;
    let sandbox =
        family(&format!("opening_balance = \"{}.{:06}\"\n", micros / 1_000_000, micros % 1_000_000));
    let daemon = sandbox.start();
    assert_eq!(race(daemon.smpp, "parent_insufficient_funds"), K);
    let series = "tollgate_refusals_above_total{level=\"1\",reason=\"insufficient_funds\"}";
    assert!(Scrape::of(&daemon).count(series) >= BINDS as u64);
    daemon.kill();
    let daemon = sandbox.start();
    assert_eq!(race(daemon.smpp, "parent_insufficient_funds"), 0);
    daemon.stop();
    assert_eq!(books::balanced(&sandbox).len() as u64, K);
}

#[test]
fn a_cap_of_k_messages_lets_k_through_also_after_a_kill() {
    let cap =
        format!("[[account.caps]]\nname = \"monthly\"\nspan = \"month\"\nmax_messages = {K}\nhard = true\n");
    let sandbox = family(&format!("opening_balance = \"9999.00\"\n{cap}"));
    let daemon = sandbox.start();
    assert_eq!(race(daemon.smpp, "parent_refused"), K);
    daemon.kill();
    let daemon = sandbox.start();
    assert_eq!(race(daemon.smpp, "parent_refused"), 0);
    daemon.stop();
    assert_eq!(books::balanced(&sandbox).len() as u64, K);
}

#[test]
fn a_bundle_of_k_units_covers_k_messages_also_after_a_kill() {
    let sandbox = family("");
    sandbox.write(
        "bundles.toml",
        &format!(
            "[[bundle]]\nname = \"bulk\"\nprice = \"1.00\"\ncurrency = \"USD\"\nunits = {K}\nunit = \"segments\"\n\
             validity = {{ days = 30 }}\n"
        ),
    );
    sandbox.set("tariff", "bundles = \"bundles.toml\"");
    let (daemon, admin) = start_with_admin(&sandbox);
    let grant = serde_json::json!({ "product": "bulk", "grant": true });
    let bundle = admin.post("/v1/accounts/reseller/bundles", &grant).expect(201).json;
    assert_eq!((bundle["left"].as_u64(), bundle["price"].as_str()), (Some(K), Some("0.00")));
    assert_eq!(race(daemon.smpp, "parent_insufficient_funds"), K);
    let of_reseller = admin.get("/v1/accounts/reseller/bundles").expect(200).json;
    assert_eq!(of_reseller["items"][0]["state"], "used_up");
    daemon.kill();
    let daemon = sandbox.start();
    assert_eq!(race(daemon.smpp, "parent_insufficient_funds"), 0);
    daemon.stop();
    assert_eq!(books::balanced(&sandbox).len() as u64, K);
}
