//! An operator whose way into one country is broken: that country's messages go elsewhere, the others stay.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use crate::support::esme::Esme;
use crate::support::metrics::{Scrape, until_count};
use crate::support::operator::{Operator, sandbox};
use crate::support::outcomes;
use crate::support::sm::Sm;
use crate::support::smpp::BUSINESS_1;
use crate::support::smsc::{Reply, Smsc};
use crate::support::wait::eventually;

const KENYA: &str = "254722000001";
const UGANDA: &str = "256772000001";
/// ESME_RSYSERR: not this time.
const TEMPORARY: u32 = 0x08;
const FAILURES: u32 = 5;
const OPEN: &str = "tollgate_operator_countries_open{operator=\"first\"}";

fn delivered_by(operator: &Smsc, destination: &str) -> usize {
    operator.seen().iter().filter(|sm| sm.destination.digits == destination).count()
}

#[test]
fn a_country_that_fails_goes_elsewhere_and_comes_back() {
    let is_broken = Arc::new(AtomicBool::new(true));
    let first = Smsc::start_with(0, {
        let (is_broken, last) = (Arc::clone(&is_broken), AtomicU32::new(1));
        move |sm: &Sm| {
            let refused = is_broken.load(Ordering::Relaxed) && sm.destination.digits == KENYA;
            let id = last.fetch_add(1, Ordering::Relaxed);
            Some(if refused { Reply::Refuse(TEMPORARY) } else { Reply::Accept(id.to_string()) })
        }
    });
    let second = Smsc::accepting();
    let sandbox = sandbox(&[
        Operator::new("first", first.port()).with("priority = 1").smpp("retries = 0"),
        Operator::new("second", second.port()).with("priority = 2"),
    ]);
    sandbox.set("delivery", &format!("breaker_failures = {FAILURES}"));
    sandbox.set("delivery", "breaker_open_ms = 2000");
    let daemon = sandbox.start();
    let gateway = Esme::transceiver(daemon.smpp, BUSINESS_1);
    let accepted = |operator: &str, count: u64| {
        let series =
            format!("tollgate_operator_submits_total{{operator=\"{operator}\",outcome=\"accepted\"}}");
        until_count(&daemon, &series, count);
    };
    // One after the other and each beside three that are taken, so that the operator as a whole is well.
    for done in 1..=30 {
        gateway.accepted_all(&[UGANDA, UGANDA, KENYA, UGANDA].map(Sm::to));
        accepted("first", 3 * done);
        accepted("second", done);
    }
    let asked = delivered_by(&first, KENYA);
    assert!(asked >= FAILURES as usize && asked < 30, "it was asked {asked} times, and then no more");
    assert_eq!((delivered_by(&second, KENYA), delivered_by(&first, UGANDA)), (30, 90));
    until_count(&daemon, OPEN, 1);

    is_broken.store(false, Ordering::Relaxed);
    eventually("the country to be tried out", || (Scrape::of(&daemon).count(OPEN) == 0).then_some(()));
    for done in 91..=100 {
        gateway.accepted(&Sm::to(KENYA));
        accepted("first", done);
    }
    drop(gateway);
    daemon.stop();
    assert_eq!(outcomes::balanced(&sandbox).len(), 130);
}
