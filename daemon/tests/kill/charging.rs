//! The kill test: load over several binds and accounts, `kill -9` at random moments, and after each the books are held
//! against what the gateways recorded. `ROUNDS` sets how many, which `make crash` makes more, `SEED` repeats a run's random
//! choices.

use std::env;
use std::net::SocketAddr;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::bundles::Bundles;
use crate::support::books::{self, Cdr, micros};
use crate::support::daemon::Daemon;
use crate::support::gateway::{Answer, Control, Gateway, Record, resend};
use crate::support::judge::{Verdict, judge};
use crate::support::sandbox::Sandbox;
use crate::support::smpp::{
    BUSINESS_1, BUSINESS_2, Connection, ESME_ROK, ESME_RSUBMITFAIL, Login, Message, TLV_BALANCE, TLV_PRICE,
    TLV_PRICE_REQUEST,
};
use crate::support::wait::eventually;

const LOGINS: [Login; 2] = [BUSINESS_1, BUSINESS_2];
/// The opening balances of the accounts, in millionths. The second one runs out of money in the course of a life.
const OPENING_MICROS: [i64; 2] = [100_000_000_000, 150_000_000];
/// No message of this test costs more.
const DEAREST_MICROS: i64 = 20_000;
/// The reason why a message is refused, and by whom: a cap of the account itself, or one above it.
const TLV_REASON: u16 = 0x1452;
const REASONS_OF_CAPS: [Option<&str>; 2] = [Some("spending_cap"), Some("parent_refused")];
/// Bounds what is judged in one round; then a new data directory begins.
const ROUNDS_PER_LIFE: u32 = 20;

#[test]
fn no_acknowledged_message_is_lost_and_none_is_charged_twice() {
    charge_and_kill(8, Life::begin);
}

/// The log goes on behind the anchor, and is whole all the same.
#[test]
fn with_a_periodic_anchor_no_acknowledged_message_is_lost_either() {
    charge_and_kill(3, || {
        let life = Life::begin();
        life.sandbox.set("storage", "anchor = \"periodic\"");
        // Some kills come between two writes of it, and some right behind one.
        life.sandbox.set("storage", "anchor_interval_ms = 50");
        life
    });
}

/// So many rounds, unless `ROUNDS` says otherwise; returns the books as the last one left them.
pub fn charge_and_kill(rounds_wanted: u32, begin: impl Fn() -> Life) -> Vec<Cdr> {
    let rounds: u32 =
        env::var("ROUNDS").map_or(rounds_wanted, |rounds| rounds.parse().expect("ROUNDS is a number"));
    let seed = env::var("SEED").map_or_else(|_| clock_seed(), |seed| seed.parse().expect("SEED is a number"));
    println!("{rounds} rounds, SEED={seed}");
    let mut random = Random(seed);
    let mut life = begin();
    for round in 1..=rounds {
        if life.rounds == ROUNDS_PER_LIFE {
            life = begin();
        }
        let verdict = life.round(&mut random);
        println!("round {round}: {verdict:?}");
    }
    life.cdrs
}

/// One data directory, and all that gateways know of it.
pub struct Life {
    pub sandbox: Sandbox,
    /// Bundles that are bought and used while messages are charged; then caps refuse some of these, too.
    pub bundles: Option<Bundles>,
    control: Control,
    records: Vec<Record>,
    /// The books as of the last crash.
    cdrs: Vec<Cdr>,
    rounds: u32,
}

impl Life {
    pub fn begin() -> Self {
        let sandbox = Sandbox::new();
        sandbox.replace("accounts.toml", "\"1000.00\"", "\"100000.00\"");
        sandbox.replace("accounts.toml", "\"500.00\"", "\"150.00\"");
        Self {
            sandbox,
            bundles: None,
            control: Control::default(),
            records: Vec::new(),
            cdrs: Vec::new(),
            rounds: 0,
        }
    }

    /// Start, check, load, kill, judge.
    fn round(&mut self, random: &mut Random) -> Verdict {
        self.rounds += 1;
        if random.below(4) == 0 {
            self.killed_while_starting(random);
        }
        let daemon = self.sandbox.start();
        self.check_wallets(daemon.smpp);
        for login in LOGINS {
            resend(daemon.smpp, login, &mut self.records);
        }
        if let Some(bundles) = &mut self.bundles {
            bundles.begin_round(&daemon);
        }
        self.load_and_kill(daemon, random);
        self.cdrs = books::balanced(&self.sandbox);
        let verdict = judge(&self.records, &self.cdrs);
        verdict.unwrap_or_else(|offence| panic!("round {} of this data directory: {offence}", self.rounds))
    }

    /// Recovery itself must survive being killed.
    fn killed_while_starting(&self, random: &mut Random) {
        let mut command = self.sandbox.run_command();
        let mut starting =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the daemon starts");
        thread::sleep(Duration::from_micros(random.below(200_000)));
        starting.kill().expect("the daemon can be killed");
        starting.wait().expect("the daemon can be waited for");
    }

    /// Every wallet is its opening balance less its CDRs, as the daemon tells it with the next message.
    fn check_wallets(&mut self, address: SocketAddr) {
        for (login, opening) in LOGINS.into_iter().zip(OPENING_MICROS) {
            let of_account = self.cdrs.iter().filter(|cdr| cdr.account == login.system_id);
            let left = opening - of_account.map(Cdr::net_micros).sum::<i64>();
            let destination = self.control.numbers.valid();
            let message = Message::to(&destination).tlv(TLV_PRICE_REQUEST, "1");
            let response = Connection::bound(address, login).submit(&message);
            if response.status == ESME_ROK {
                let told = |tag| micros(&response.tlv(tag).expect("price and balance were asked for"));
                assert_eq!(told(TLV_BALANCE), left - told(TLV_PRICE), "{}", login.system_id);
            } else {
                assert_eq!(response.status, ESME_RSUBMITFAIL);
                let is_capped =
                    self.bundles.is_some() && REASONS_OF_CAPS.contains(&response.tlv(TLV_REASON).as_deref());
                assert!(
                    is_capped || left < DEAREST_MICROS,
                    "{} has {left} left and is refused",
                    login.system_id
                );
            }
            let answer = Answer::of(&response);
            self.records.push(Record { account: login.system_id, destination, key: None, answer });
        }
    }

    /// Four binds submit until the daemon is killed at a random moment.
    fn load_and_kill(&mut self, daemon: Daemon, random: &mut Random) {
        let address = daemon.smpp;
        let answered = self.control.answered() + random.below(4_000);
        let moment = Duration::from_micros(random.below(5_000));
        let (control, bundles) = (&self.control, &mut self.bundles);
        let records = thread::scope(|scope| {
            if let Some(bundles) = bundles {
                scope.spawn(|| bundles.until_killed());
            }
            let logins = [LOGINS[0], LOGINS[0], LOGINS[1], LOGINS[1]];
            let gateways = logins.map(|login| Gateway { login, burst: 50 }.spawn(scope, address, control));
            let _running = control.running();
            eventually("the load to be under way", || (control.answered() >= answered).then_some(()));
            thread::sleep(moment);
            daemon.kill();
            gateways.map(|gateway| gateway.join().expect("the gateway's session ends").records)
        });
        self.records.extend(records.into_iter().flatten());
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
