//! Two operators, of which one dies, hangs, slows down or refuses: messages keep flowing, over the other where need be,
//! and come back without a stampede.

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::support::daemon::Daemon;
use crate::support::esme::Esme;
use crate::support::metrics::{Scrape, until_count};
use crate::support::operator::{Operator, sandbox};
use crate::support::outcomes;
use crate::support::pair::{self, entries, numbered, series, until_gauge};
use crate::support::ports::free_port;
use crate::support::sm::Sm;
use crate::support::smpp::{BUSINESS_1, ESME_ROK, SUBMIT_SM};
use crate::support::smsc::{Reply, Smsc};
use crate::support::wait::eventually;

/// Promised is one second; here other tests compile and run beside it.
const LONGEST_FAILOVER: Duration = Duration::from_secs(5);
const ESME_RSYSERR: u32 = 0x08;
const ESME_RTHROTTLED: u32 = 0x58;

/// A gateway that submits about 400 messages a second until it is stopped, and notes which were acknowledged.
struct Load {
    stop: AtomicBool,
    acknowledged: Mutex<Vec<String>>,
}

impl Load {
    const BURST: usize = 20;
    const PAUSE: Duration = Duration::from_millis(50);

    fn new() -> Self {
        Self { stop: AtomicBool::new(false), acknowledged: Mutex::default() }
    }

    fn run(&self, daemon: &Daemon) {
        let gateway = Esme::transmitter(daemon.smpp, BUSINESS_1);
        let mut next = 0;
        while !self.stop.load(Ordering::Relaxed) {
            let burst = numbered(next..next + Self::BURST);
            next += Self::BURST;
            let sequences: Vec<u32> = burst.iter().map(|sm| gateway.send(SUBMIT_SM, sm.body())).collect();
            for (sequence, sm) in sequences.into_iter().zip(burst) {
                assert_eq!(gateway.answer(sequence).status, ESME_ROK, "every submit is acknowledged");
                self.acknowledged.lock().expect("no panic with it").push(sm.destination.digits);
            }
            thread::sleep(Self::PAUSE);
        }
    }

    fn count(&self) -> usize {
        self.acknowledged.lock().expect("no panic with it").len()
    }

    /// Waits until `more` further messages have been acknowledged.
    fn until_more(&self, more: usize) {
        let goal = self.count() + more;
        eventually("submits to be acknowledged", || (self.count() >= goal).then_some(()));
    }
}

/// Stops the load when dropped, also by a panic: a scope waits for its thread.
struct Running<'a>(&'a Load);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}

fn first_after(operator: &Smsc, moment: Instant) -> Instant {
    eventually("a message at the operator", || {
        operator.arrivals().into_iter().map(|(at, _)| at).find(|at| *at > moment)
    })
}

/// The most that came within any second.
fn peak_per_second(operator: &Smsc) -> usize {
    let arrivals: Vec<Instant> = operator.arrivals().into_iter().map(|(at, _)| at).collect();
    let within = |from: &Instant| {
        let rest = arrivals.iter().skip_while(|at| *at < from);
        rest.take_while(|at| at.duration_since(*from) < Duration::from_secs(1)).count()
    };
    arrivals.iter().map(within).max().unwrap_or_default()
}

#[test]
fn a_dead_operator_is_stepped_over_within_a_second_and_comes_back_at_its_pace() {
    const PACE: usize = 1_000;
    let (first, second) = (Smsc::accepting(), Smsc::accepting());
    let [preferred, other] = entries(&first, &second);
    let entries = [preferred.smpp(&format!("throughput_per_second = {PACE}")), other];
    let (sandbox, daemon) = pair::start(&entries, [&first, &second]);
    let load = Load::new();
    let seen_before = thread::scope(|scope| {
        scope.spawn(|| load.run(&daemon));
        let running = Running(&load);
        first.until_seen(100);

        let port = first.port();
        let died = Instant::now();
        let seen_before = first.seen();
        drop(first);
        let took = first_after(&second, died) - died;
        println!("failover took {took:?}");
        assert!(took < LONGEST_FAILOVER, "failover took {took:?}");
        load.until_more(200);
        until_gauge(&daemon, "tollgate_operator_bound", "first", 0);

        let returned = Smsc::accepting_on(port);
        returned.until_bound();
        returned.until_seen(PACE);
        let peak = peak_per_second(&returned);
        println!("the peak after its return was {peak} a second");
        assert!(peak <= PACE + PACE / 5, "{peak} in a second is a stampede");
        until_gauge(&daemon, "tollgate_operator_breaker_open", "first", 0);
        drop(running);
        [seen_before, returned_after(&daemon, &returned)].concat()
    });

    let counted = Scrape::of(&daemon);
    let suspected: u64 = ["first", "second"]
        .map(|code| counted.count(&series("tollgate_possible_duplicates_total", code)))
        .iter()
        .sum();
    daemon.stop();
    let arrived = [seen_before, second.seen()].concat();
    let distinct: HashSet<&str> = arrived.iter().map(|sm| sm.destination.digits.as_str()).collect();
    for destination in load.acknowledged.lock().expect("no panic with it").iter() {
        assert!(distinct.contains(destination.as_str()), "{destination} was acknowledged and reached nobody");
    }
    let duplicates = (arrived.len() - distinct.len()) as u64;
    println!("{duplicates} duplicates, {suspected} possible");
    assert!(duplicates <= suspected, "{duplicates} duplicates, {suspected} counted as possible");
    outcomes::balanced(&sandbox);
}

#[test]
fn a_backlog_leaves_at_the_operators_pace() {
    const PACE: usize = 500;
    const BACKLOG: usize = 1_500;
    let port = free_port();
    let entry = Operator::new("first", port).smpp(&format!("throughput_per_second = {PACE}"));
    let sandbox = sandbox(&[entry]);
    let daemon = sandbox.start();
    let gateway = Esme::transmitter(daemon.smpp, BUSINESS_1);
    for first in (0..BACKLOG).step_by(100) {
        gateway.accepted_all(&numbered(first..first + 100));
    }
    let operator = Smsc::accepting_on(port);
    operator.until_seen(BACKLOG);
    let arrivals = operator.arrivals();
    let took = arrivals[BACKLOG - 1].0 - arrivals[0].0;
    let peak = peak_per_second(&operator);
    println!("{BACKLOG} messages took {took:?}, {peak} in the fullest second");
    assert!(peak <= PACE + PACE / 5, "{peak} in a second is a stampede");
    assert!(took < Duration::from_secs(8), "{took:?} for what may take three seconds");
    drop(gateway);
    daemon.stop();
}

#[test]
fn an_operator_that_answers_nothing_is_given_up() {
    let (first, second) = (Smsc::start(), Smsc::accepting());
    let [preferred, other] = entries(&first, &second);
    let hung = preferred.smpp("window = 5").smpp("response_seconds = 1");
    let (sandbox, daemon) = pair::start(&[hung, other], [&first, &second]);
    let gateway = Esme::transmitter(daemon.smpp, BUSINESS_1);
    let ids = gateway.accepted_all(&numbered(0..20));
    let arrived = eventually("everything at the other operator", || {
        let arrived: HashSet<String> = second.seen().into_iter().map(|sm| sm.destination.digits).collect();
        (arrived.len() == 20).then_some(arrived)
    });
    assert_eq!(second.seen().len(), arrived.len(), "each arrives there once");
    eventually("no unknown outcome", || {
        (Scrape::of(&daemon).count("tollgate_unknown_outcomes") == 0).then_some(())
    });
    let tried: HashSet<String> = first.seen().into_iter().map(|sm| sm.destination.digits).collect();
    drop(gateway);
    daemon.stop();
    let outcomes = outcomes::balanced(&sandbox);
    for id in &ids {
        let outcome = &outcomes[id];
        assert_eq!(outcome.is_possible_duplicate(), tried.contains(outcome.destination()), "{outcome:?}");
    }
}

/// The messages that the operator has once none waits any more.
fn returned_after(daemon: &Daemon, operator: &Smsc) -> Vec<Sm> {
    for code in ["first", "second"] {
        until_gauge(daemon, "tollgate_queue_messages", code, 0);
    }
    eventually("no unknown outcome", || {
        (Scrape::of(daemon).count("tollgate_unknown_outcomes") == 0).then_some(())
    });
    operator.seen()
}

#[test]
fn temporary_refusals_open_the_breaker_and_the_other_operator_takes_over() {
    let first = Smsc::start_with(0, |_| Some(Reply::Refuse(ESME_RSYSERR)));
    let second = Smsc::accepting();
    let (sandbox, daemon) = pair::start(&entries(&first, &second), [&first, &second]);
    let gateway = Esme::transmitter(daemon.smpp, BUSINESS_1);
    gateway.accepted_all(&numbered(0..200));
    let arrived: HashSet<String> =
        second.until_seen(200).into_iter().map(|sm| sm.destination.digits).collect();
    assert_eq!(arrived.len(), 200, "each arrives once");
    until_count(&daemon, &series("tollgate_operator_breaker_open", "first"), 1);
    drop(gateway);
    daemon.stop();
    let refused = first.seen().len();
    assert!(refused < 1_000, "{refused} tries for 200 messages at an operator that takes none");
    let outcomes = outcomes::balanced(&sandbox);
    assert!(outcomes.values().all(|outcome| !outcome.is_refunded()));
}

#[test]
fn throttling_slows_an_operator_down_and_costs_no_message_its_tries() {
    const THROTTLED: usize = 6;
    let left = Mutex::new(THROTTLED);
    let operator = Smsc::start_with(0, move |sm| {
        let mut left = left.lock().expect("no panic with it");
        let throttled = *left > 0;
        *left = left.saturating_sub(1);
        Some(if throttled {
            Reply::Refuse(ESME_RTHROTTLED)
        } else {
            Reply::Accept(sm.destination.digits.clone())
        })
    });
    let sandbox = sandbox(&[Operator::new("first", operator.port()).smpp("window = 4")]);
    sandbox.set("delivery", "attempts = 2");
    let daemon = sandbox.start();
    let gateway = Esme::transmitter(daemon.smpp, BUSINESS_1);
    gateway.accepted_all(&numbered(0..3));
    until_count(&daemon, "tollgate_operator_submits_total{operator=\"first\",outcome=\"accepted\"}", 3);
    drop(gateway);
    daemon.stop();
    assert_eq!(operator.seen().len(), THROTTLED + 3);
    assert!(outcomes::balanced(&sandbox).values().all(|outcome| outcome.state() == "enroute"));
}
