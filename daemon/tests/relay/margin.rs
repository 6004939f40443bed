//! Operators that cost more than the account pays, in another currency: refused, passed by, or let through and counted; and
//! the health that is kept of them.

use crate::support::esme::Esme;
use crate::support::metrics::{Scrape, until_count};
use crate::support::operator::{Operator, sandbox};
use crate::support::outcomes;
use crate::support::sandbox::Sandbox;
use crate::support::sm::Sm;
use crate::support::smpp::BUSINESS_1;
use crate::support::smsc::Smsc;
use crate::support::wait::eventually;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::store::Store;

const SAFARICOM: &str = "254722000001";
/// The status for `above_price` and `no_route`: ESME_RINVDSTADR.
const NO_ROUTE: u32 = 0x0B;
const ABOVE_PRICE: &str = "tollgate_messages_above_price_total";

/// An operator for 0.30 EUR, which is more than any price here, and one for 0.01 USD.
fn dear_and_cheap(dear: &Smsc, cheap: &Smsc, guard: &str) -> Sandbox {
    let sandbox = sandbox(&[
        Operator::new("dear", dear.port())
            .with("currency = \"EUR\"")
            .with("base_cost = \"0.30\"")
            .with("priority = 1"),
        Operator::new("cheap", cheap.port()).with("priority = 2"),
    ]);
    sandbox.write("exchange_rates.csv", "base,quote,rate,effective_from\nEUR,USD,1.1,2020-01-01\n");
    sandbox.set("operators", "exchange_rates = \"exchange_rates.csv\"");
    sandbox.set("routing", &format!("margin_guard = \"{guard}\""));
    sandbox
}

#[test]
fn a_dear_operator_is_passed_by() {
    let (dear, cheap) = (Smsc::accepting(), Smsc::accepting());
    let sandbox = dear_and_cheap(&dear, &cheap, "reroute");
    let daemon = sandbox.start();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let id = gateway.accepted(&Sm::to(SAFARICOM));
    assert_eq!(cheap.until_seen(1).len(), 1);
    assert_eq!(dear.seen().len(), 0);
    until_count(&daemon, "tollgate_operator_submits_total{operator=\"cheap\",outcome=\"accepted\"}", 1);
    drop(gateway);
    daemon.stop();
    let outcome = &outcomes::balanced(&sandbox)[&id];
    assert_eq!((outcome.column("operator_code"), outcome.column("cost")), ("cheap", "0.01"));
}

#[test]
fn a_message_that_costs_more_than_its_price_is_refused_before_any_debit() {
    let (dear, cheap) = (Smsc::accepting(), Smsc::accepting());
    let sandbox = dear_and_cheap(&dear, &cheap, "refuse");
    let daemon = sandbox.start();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    assert_eq!(gateway.submit(&Sm::to(SAFARICOM)).status, NO_ROUTE);
    assert_eq!(Scrape::of(&daemon).count("tollgate_refusals_total{reason=\"above_price\"}"), 1);
    drop(gateway);
    daemon.stop();
    assert!(outcomes::balanced(&sandbox).is_empty(), "nothing was charged");
    assert_eq!((dear.seen().len(), cheap.seen().len()), (0, 0));
}

#[test]
fn a_message_that_costs_more_than_its_price_is_counted_and_its_loss_is_in_the_cdr() {
    let (dear, cheap) = (Smsc::accepting(), Smsc::accepting());
    let sandbox = dear_and_cheap(&dear, &cheap, "alert");
    let daemon = sandbox.start();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let id = gateway.accepted(&Sm::to(SAFARICOM));
    dear.until_seen(1);
    until_count(&daemon, "tollgate_operator_submits_total{operator=\"dear\",outcome=\"accepted\"}", 1);
    assert_eq!(Scrape::of(&daemon).count(ABOVE_PRICE), 1);
    drop(gateway);
    daemon.stop();
    let outcome = &outcomes::balanced(&sandbox)[&id];
    assert_eq!((outcome.column("cost"), outcome.column("cost_currency")), ("0.30", "EUR"));
    // 0.30 EUR are 0.33 USD, of which the account pays 0.02.
    assert_eq!(outcome.column("margin"), "-0.31");
}

#[test]
fn health_is_kept_as_a_series() {
    let operator = Smsc::accepting();
    let sandbox = sandbox(&[Operator::new("hand", operator.port())]);
    sandbox.set("delivery", "health_sample_seconds = 1");
    let daemon = sandbox.start();
    operator.until_bound();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    gateway.accepted(&Sm::to(SAFARICOM));
    operator.until_seen(1);
    let samples = || {
        let store = Store::open_read_only(sandbox.data_dir()).ok()?;
        let (number, _) = store.provisioned().operators().ok()?.into_iter().next()?;
        let all = store.health(number, UnixMicros(0), UnixMicros(u64::MAX)).ok()?;
        let last = all.last()?.1;
        (all.len() >= 2 && last.accepted == 1).then_some((all, last))
    };
    let (all, last) = eventually("two samples, the last with the message", samples);
    assert!(last.bound && last.p50_micros > 0, "{last:?}");
    assert!(all.windows(2).all(|pair| pair[0].0 < pair[1].0), "in order of time");
    drop(gateway);
    daemon.stop();
}
