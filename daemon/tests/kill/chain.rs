//! The kill test of the whole chain, gateway → daemon → operators: `kill -9` of the daemon, of an operator, of both, in
//! turn and under load, and after each round the books are held against what gateways and operators saw. `ROUNDS` sets
//! how many, `SEED` repeats a run's random choices.

use std::collections::HashSet;
use std::env;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::support::chain::{Moment, Sent, Verdict, judge};
use crate::support::daemon::Daemon;
use crate::support::esme::Esme;
use crate::support::metrics::Scrape;
use crate::support::operator::{Operator, sandbox};
use crate::support::outcomes;
use crate::support::ports::free_port;
use crate::support::receipts::{DELIVERED, as_text, text};
use crate::support::sandbox::Sandbox;
use crate::support::sim::{self, Sim, Taken};
use crate::support::sm::{Party, Sm};
use crate::support::smpp::{BUSINESS_1, BUSINESS_2, ESME_ROK, Login, SUBMIT_SM};
use crate::support::smsc::Smsc;
use crate::support::wait::eventually;

const LOGINS: [Login; 2] = [BUSINESS_1, BUSINESS_2];
const CODES: [&str; 2] = ["alpha", "beta"];
/// Both are slow enough to die with messages in hand, refuse what begins with 254709, and are sloppy with receipts.
const BEHAVIOUR: [&str; 7] = [
    "--latency-ms=2",
    "--latency-jitter-ms=3",
    "--reject-prefix=254709=0x0B",
    "--receipt-delay-ms=20",
    "--receipt-duplicate-percent=10",
    "--receipt-early-percent=5",
    "--undelivered-percent=5",
];
/// One in so many messages is refused for good.
const REFUSED_EVERY: u64 = 16;
/// Bounds what is judged in one round; then a new data directory begins.
const ROUNDS_PER_LIFE: u32 = 21;
/// Messages that a gateway has unanswered.
const BURST: usize = 20;

#[test]
fn no_message_is_lost_and_no_duplicate_goes_uncounted() {
    let rounds: u32 = env::var("ROUNDS").map_or(9, |rounds| rounds.parse().expect("ROUNDS is a number"));
    let seed = env::var("SEED").map_or_else(|_| clock_seed(), |seed| seed.parse().expect("SEED is a number"));
    println!("{rounds} rounds, SEED={seed}");
    let mut random = Random(seed);
    let mut chain = Chain::begin();
    for round in 1..=rounds {
        if chain.rounds == ROUNDS_PER_LIFE {
            println!("at rest: {:?}", std::mem::replace(&mut chain, Chain::begin()).come_to_rest());
        }
        let victims = Victims::of(round, &mut random);
        let verdict = chain.round(victims, &mut random);
        println!("round {round}, {victims:?}: {verdict:?}");
    }
    println!("at rest: {:?}", chain.come_to_rest());
}

/// The processes that are killed in a round.
#[derive(Clone, Copy, Debug)]
struct Victims {
    daemon: bool,
    operator: Option<usize>,
}

impl Victims {
    fn of(round: u32, random: &mut Random) -> Self {
        let operator = usize::from(random.below(2) == 1);
        match round % 3 {
            0 => Self { daemon: true, operator: None },
            1 => Self { daemon: false, operator: Some(operator) },
            _ => Self { daemon: true, operator: Some(operator) },
        }
    }
}

/// One data directory with two operators, and all that anybody knows of it.
struct Chain {
    sandbox: Sandbox,
    /// `None` for one that is dead.
    operators: [Option<Sim>; 2],
    ports: [u16; 2],
    numbers: AtomicU64,
    rounds: u32,
    sent: Vec<Sent>,
    /// Ids of the messages that gateways have a receipt for.
    receipts: HashSet<String>,
}

impl Chain {
    fn begin() -> Self {
        let ports = [(); 2].map(|()| free_port());
        let entries = [0, 1].map(|at: usize| Operator::new(CODES[at], ports[at]).smpp("window = 50"));
        let sandbox = sandbox(&entries);
        let refund = "refund_on = [\"rejected\", \"undelivered\"]";
        for plan in ["starter", "professional"] {
            let name = format!("name = \"{plan}\"");
            sandbox.replace("plans.toml", &name, &format!("{name}\n{refund}"));
        }
        sandbox.set("routing", "strategy = \"weighted\"");
        sandbox.replace("accounts.toml", "\"500.00\"", "\"100000.00\"");
        sandbox.replace("accounts.toml", "\"1000.00\"", "\"100000.00\"");
        Self {
            sandbox,
            operators: [None, None],
            ports,
            numbers: AtomicU64::new(0),
            rounds: 0,
            sent: Vec::new(),
            receipts: HashSet::new(),
        }
    }

    fn record(&self, operator: usize) -> PathBuf {
        self.sandbox.path().join(format!("{}.record", CODES[operator]))
    }

    /// Starts whoever is dead.
    fn start(&mut self) -> Daemon {
        for at in 0..self.operators.len() {
            let (port, record) = (self.ports[at], self.record(at));
            self.operators[at].get_or_insert_with(|| Sim::start(port, &record, &BEHAVIOUR));
        }
        self.sandbox.start()
    }

    /// Start, load, kill, judge.
    fn round(&mut self, victims: Victims, random: &mut Random) -> Verdict {
        self.rounds += 1;
        let daemon = self.start();
        self.load_and_kill(daemon, victims, random);
        self.judge(Moment::Crash)
    }

    fn judge(&self, moment: Moment) -> Verdict {
        let taken = [0, 1].map(|at| sim::taken(&self.record(at))).concat();
        let arrivals: Vec<String> = taken.into_iter().map(|taken| taken.destination).collect();
        let verdict = judge(&self.sent, &outcomes::balanced(&self.sandbox), &arrivals, moment);
        verdict.unwrap_or_else(|offence| panic!("{offence}"))
    }

    /// Gateways submit until the victims are killed at a random moment. What is left of the chain goes on for a while,
    /// and is then ended as well, in good order.
    fn load_and_kill(&mut self, daemon: Daemon, victims: Victims, random: &mut Random) {
        let load = Load {
            numbers: &self.numbers,
            stop: AtomicBool::new(false),
            acknowledged: AtomicU64::new(0),
            bound: AtomicUsize::new(0),
        };
        let before = 200 + random.below(1_500);
        let moment = Duration::from_micros(random.below(5_000));
        let operators = &mut self.operators;
        let sessions = thread::scope(|scope| {
            let gateways = LOGINS.map(|login| {
                let (load, address) = (&load, daemon.smpp);
                scope.spawn(move || load.run(Esme::transceiver(address, login)))
            });
            let running = Running(&load);
            eventually("every gateway to be bound", || {
                (load.bound.load(Ordering::Relaxed) == LOGINS.len()).then_some(())
            });
            load.until(before);
            thread::sleep(moment);
            if let Some(victim) = victims.operator {
                operators[victim].take().expect("it was started").kill();
            }
            if victims.daemon {
                daemon.kill();
            } else {
                load.until(before + 300);
                drop(running);
                until_known(&daemon);
                daemon.stop();
            }
            gateways.map(|gateway| gateway.join().expect("the gateway's session ends"))
        });
        for session in sessions {
            self.sent.extend(session.sent);
            self.receipts.extend(session.receipts);
        }
    }

    /// Nobody dies any more: everything must come to where it is going, and every receipt to its gateway, also those that
    /// an operator still owed when it died.
    fn come_to_rest(mut self) -> Verdict {
        let daemon = self.start();
        let gateways = LOGINS.map(|login| Esme::transceiver(daemon.smpp, login));
        until_known(&daemon);
        eventually("the queues to be empty", || {
            let scrape = Scrape::of(&daemon);
            let queued =
                CODES.map(|code| scrape.count(&format!("tollgate_queue_messages{{operator=\"{code}\"}}")));
            (queued == [0, 0]).then_some(())
        });
        // A queue is empty while its last messages are on the wire, and an operator that went then would not come back.
        let records = [0, 1].map(|at| self.record(at));
        eventually("every message to be with an operator or at its end", || {
            self.receipts.extend(gateways.iter().flat_map(Esme::receipts).map(|receipt| receipt.id));
            let taken = records.each_ref().map(|record| sim::taken(record)).concat();
            let taken: HashSet<String> = taken.into_iter().map(|taken| taken.destination).collect();
            let is_there = |message: &Sent| {
                taken.contains(&message.destination)
                    || message.acknowledged.as_ref().is_none_or(|id| self.receipts.contains(id))
            };
            self.sent.iter().all(is_there).then_some(())
        });
        self.send_owed_receipts();
        let acknowledged: Vec<String> =
            self.sent.iter().filter_map(|message| message.acknowledged.clone()).collect();
        eventually("a receipt for every acknowledged message", || {
            self.receipts.extend(gateways.iter().flat_map(Esme::receipts).map(|receipt| receipt.id));
            acknowledged.iter().all(|id| self.receipts.contains(id)).then_some(())
        });
        drop(gateways);
        daemon.stop();
        let verdict = self.judge(Moment::Rest);
        assert!(verdict.refunded > 0, "what operators refuse for good is given back");
        verdict
    }

    /// Receipts of an operator are lost with it. Here it comes back and sends them all again, as operators do.
    fn send_owed_receipts(&mut self) {
        for at in 0..CODES.len() {
            self.operators[at] = None;
            let operator = Smsc::start_with(self.ports[at], |_| None);
            operator.until_bound();
            let receipts: Vec<Sm> = sim::taken(&self.record(at)).iter().map(receipt).collect();
            assert!(operator.deliver_all(&receipts).iter().all(|status| *status == ESME_ROK));
        }
    }
}

fn receipt(taken: &Taken) -> Sm {
    let message = Sm { source: Party::named(&taken.source), ..Sm::to(&taken.destination) };
    as_text(&message, &text(&taken.message_id, DELIVERED))
}

/// Waits until no message is left of which it is unknown whether an operator has it.
fn until_known(daemon: &Daemon) {
    eventually("every outcome to be known", || {
        (Scrape::of(daemon).count("tollgate_unknown_outcomes") == 0).then_some(())
    });
}

/// State that the gateways of one round share.
struct Load<'a> {
    numbers: &'a AtomicU64,
    stop: AtomicBool,
    acknowledged: AtomicU64,
    /// Gateways that are bound: who is killed before would leave a bind without an answer.
    bound: AtomicUsize,
}

/// The record of one gateway from bind to end.
struct Session {
    sent: Vec<Sent>,
    receipts: Vec<String>,
}

impl Load<'_> {
    /// Submits burst after burst until stopped or cut off.
    fn run(&self, gateway: Esme) -> Session {
        self.bound.fetch_add(1, Ordering::Relaxed);
        let mut sent = Vec::new();
        while !self.stop.load(Ordering::Relaxed) && !gateway.is_ended() {
            let burst = [(); BURST].map(|()| self.next_destination());
            let sequences =
                burst.each_ref().map(|destination| gateway.send(SUBMIT_SM, Sm::to(destination).body()));
            for (destination, sequence) in burst.into_iter().zip(sequences) {
                let acknowledged = self.acknowledged(&gateway, sequence);
                sent.push(Sent { destination, acknowledged });
            }
        }
        let receipts = gateway.end().into_iter().map(|receipt| receipt.id).collect();
        Session { sent, receipts }
    }

    fn next_destination(&self) -> String {
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let prefix = if number.is_multiple_of(REFUSED_EVERY) { "254709" } else { "254700" };
        format!("{prefix}{number:06}")
    }

    /// The id that a message is acknowledged with; `None` when the connection ends first.
    fn acknowledged(&self, gateway: &Esme, sequence: u32) -> Option<String> {
        let answer = eventually("an answer, or the end", || {
            // In this order: what was answered before the end counts.
            let is_ended = gateway.is_ended();
            gateway.take_answer(sequence).map(Some).or(is_ended.then_some(None))
        })?;
        assert_eq!(answer.status, ESME_ROK, "there is money and a route");
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
        Some(answer.message_id())
    }

    /// Waits until so many messages have been acknowledged in this round.
    fn until(&self, acknowledged: u64) {
        eventually("messages to be acknowledged", || {
            (self.acknowledged.load(Ordering::Relaxed) >= acknowledged).then_some(())
        });
    }
}

/// Stops the load when dropped, also by a panic: a scope waits for its threads.
struct Running<'a>(&'a Load<'a>);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}

/// A small generator (xorshift), so that a run can be repeated from its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

/// Never zero, which the generator could not leave.
fn clock_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    u64::from(now.subsec_nanos()) << 32 | now.as_secs() | 1
}
