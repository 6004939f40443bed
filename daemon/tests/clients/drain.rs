//! SIGTERM under load: what was taken in is answered, gateways are told, the process ends in time, the books balance.

use std::thread;
use std::time::Duration;

use crate::support::gateway::{Control, End, Gateway, Session};
use crate::support::judge::judge;
use crate::support::smpp::{BUSINESS_1, BUSINESS_2};
use crate::support::wait::eventually;
use crate::support::{books, sandbox::Sandbox};

/// The time that a stop may take.
const LONGEST_DRAIN: Duration = Duration::from_secs(5);

#[test]
fn everything_taken_in_is_answered_and_every_gateway_is_told() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start();
    let address = daemon.smpp;
    let control = Control::default();

    let (status, took, sessions) = thread::scope(|scope| {
        let gateways = [BUSINESS_1, BUSINESS_1, BUSINESS_2, BUSINESS_2]
            .map(|login| Gateway { login, burst: 100 }.spawn(scope, address, &control));
        let _running = control.running();
        let under_way = || control.bound() == 4 && control.accepted() > 2_000;
        eventually("the load to be under way", || under_way().then_some(()));
        let (status, took) = daemon.terminate();
        (status, took, gateways.map(|gateway| gateway.join().expect("the gateway's session ends")))
    });

    assert!(status.success(), "ended with {status}");
    assert!(took < LONGEST_DRAIN, "took {took:?}");
    let ends = sessions.each_ref().map(|session| session.end);
    assert_eq!(ends, [End::Unbound; 4]);

    let records: Vec<_> = sessions.into_iter().flat_map(|Session { records, .. }| records).collect();
    let verdict = judge(&records, &books::balanced(&sandbox)).expect("the books hold what was answered");
    assert_eq!(verdict.unanswered_charged, 0, "what was charged was answered: {verdict:?}");
}
