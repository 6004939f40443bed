//! Operators that are drained, disabled, taken out, added or changed by a reload, under the links and queues of the others.

use crate::support::daemon::Daemon;
use crate::support::esme::Esme;
use crate::support::metrics::{Scrape, until_count};
use crate::support::operator::{Operator, provision, sandbox};
use crate::support::outcomes;
use crate::support::pair::{self, destination, entries, numbered, until_gauge};
use crate::support::ports::free_port;
use crate::support::sm::Sm;
use crate::support::smpp::BUSINESS_1;
use crate::support::smsc::Smsc;
use crate::support::wait::eventually;

/// Waits until the next load of the configuration, which `change` brings about, has been applied.
fn reload(daemon: &Daemon, change: impl FnOnce()) {
    const APPLIED: &str = "tollgate_tariff_loads_total{result=\"applied\"}";
    let before = Scrape::of(daemon).count(APPLIED);
    change();
    until_count(daemon, APPLIED, before + 1);
}

#[test]
fn a_drained_operator_gets_nothing_new_and_empties_its_queue() {
    let (first, second) = (Smsc::start(), Smsc::accepting());
    let [preferred, other] = entries(&first, &second);
    let preferred = preferred.smpp("window = 5");
    let (sandbox, daemon) = pair::start(&[preferred.clone(), other.clone()], [&first, &second]);
    let gateway = Esme::transmitter(daemon.smpp, BUSINESS_1);
    gateway.accepted_all(&numbered(0..20));
    first.until_seen(5);
    reload(&daemon, || provision(&sandbox, &[preferred.with("status = \"draining\""), other]));

    gateway.accepted_all(&numbered(20..40));
    second.until_seen(20);
    for _ in 0..20 {
        let submit = first.next();
        submit.accept(&submit.sm.destination.digits);
    }
    until_gauge(&daemon, "tollgate_queue_messages", "first", 0);
    assert_eq!((first.binds(), second.binds()), (1, 1), "no link was made anew");
    drop(gateway);
    daemon.stop();
    let of = |operator: &Smsc| {
        let mut destinations: Vec<String> =
            operator.seen().into_iter().map(|sm| sm.destination.digits).collect();
        destinations.sort_unstable();
        destinations
    };
    assert_eq!(of(&first), (0..20).map(destination).collect::<Vec<_>>());
    assert_eq!(of(&second), (20..40).map(destination).collect::<Vec<_>>());
    outcomes::balanced(&sandbox);
}

#[test]
fn what_waits_for_an_operator_that_is_taken_out_goes_elsewhere() {
    let absent = Operator::new("first", free_port()).with("priority = 1");
    let taken_out: [fn(&Operator) -> Vec<Operator>; 2] =
        [|absent| vec![absent.clone().with("status = \"disabled\"")], |_| Vec::new()];
    for without in taken_out {
        let second = Smsc::accepting();
        let other = Operator::new("second", second.port()).with("priority = 2");
        let elsewhere = other.clone().with("networks = [\"641\"]");
        let sandbox = sandbox(&[absent.clone(), elsewhere]);
        let daemon = sandbox.start();
        second.until_bound();
        let gateway = Esme::transmitter(daemon.smpp, BUSINESS_1);
        gateway.accepted_all(&numbered(0..10));
        reload(&daemon, || provision(&sandbox, &[without(&absent), vec![other]].concat()));
        second.until_seen(10);
        drop(gateway);
        daemon.stop();
        assert_eq!(second.seen().len(), 10);
        outcomes::balanced(&sandbox);
    }
}

#[test]
fn a_reload_touches_only_the_links_that_it_changes() {
    let (first, second, third) = (Smsc::accepting(), Smsc::accepting(), Smsc::accepting());
    let [changed, unchanged] = entries(&first, &second);
    let (sandbox, daemon) = pair::start(&[changed.clone(), unchanged.clone()], [&first, &second]);
    let added = Operator::new("third", third.port()).with("priority = 3");
    let wider = changed.clone().smpp("window = 7");
    reload(&daemon, || provision(&sandbox, &[wider.clone(), unchanged.clone(), added]));
    third.until_bound();
    eventually("the changed link to be made anew", || (first.binds() == 2).then_some(()));
    assert_eq!(second.binds(), 1, "the unchanged one stays");

    reload(&daemon, || provision(&sandbox, &[wider.with("status = \"disabled\""), unchanged]));
    eventually("the links of what is gone to end", || (first.bound() + third.bound() == 0).then_some(()));
    assert_eq!((second.binds(), second.bound()), (1, 1));
    let gateway = Esme::transmitter(daemon.smpp, BUSINESS_1);
    gateway.accepted(&Sm::to(&destination(1)));
    second.until_seen(1);
    drop(gateway);
    daemon.stop();
}
