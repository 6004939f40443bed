//! `tollgate-tools attack`: hostile clients as the command line describes them.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tollgate_console::say;

use super::attacks::Attack;
use super::clients::{self, Targets};
use super::report::{Memory, Outcome};
use super::witness::{self, Login};

const MEMORY_LOOK: Duration = Duration::from_millis(50);

/// Attack a daemon on this machine as hostile clients would, and measure what a gateway notices
///
/// Runs one attack after the other and prints what a gateway with the right password saw of each, beside the bounds.
/// Exits with 1 if a bound was not kept. It attacks addresses of this machine only. Messages that it sends are charged to
/// the account that it is given.
#[derive(Clone, Debug, clap::Args)]
pub struct AttackCommand {
    /// The address of gateways, on this machine
    #[arg(long, value_name = "ADDRESS", value_parser = loopback)]
    smpp: SocketAddr,
    /// The address of the API, on this machine; without it HTTP is not attacked
    #[arg(long, value_name = "ADDRESS", value_parser = loopback)]
    http: Option<SocketAddr>,
    /// The address of the metrics, on this machine
    #[arg(long, value_name = "ADDRESS", value_parser = loopback)]
    metrics: Option<SocketAddr>,
    /// An account of the daemon
    #[arg(long, value_name = "NAME", default_value = "biz_test_001")]
    system_id: String,
    /// The password of that account
    #[arg(long, value_name = "PASSWORD", default_value = "secret01", hide_default_value = true)]
    password: String,
    /// The process of the daemon, whose memory is watched
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,
    /// The time that each attack lasts
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3_600))]
    seconds: u64,
    /// Only these attacks
    #[arg(long, value_name = "ATTACK", value_enum, value_delimiter = ',')]
    only: Vec<Attack>,
}

/// An address that nobody outside this machine has.
fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| "is no address with a port".to_owned())?;
    if address.ip().to_canonical().is_loopback() {
        Ok(address)
    } else {
        Err("is not an address of this machine alone; only a daemon on 127.0.0.1 or ::1 is attacked"
            .to_owned())
    }
}

impl AttackCommand {
    /// Runs the attacks. `Err` is for a person to read.
    pub fn run(&self) -> Result<ExitCode, String> {
        let login = Login { system_id: self.system_id.clone(), password: self.password.clone() };
        let targets = Targets { smpp: self.smpp, http: self.http, metrics: self.metrics };
        witness::bound(self.smpp, &login)
            .map_err(|error| format!("cannot bind to {}: {error}", self.smpp))?;
        let before = self.pid.and_then(memory);
        say!("{}", Outcome::head());
        let mut broken = Vec::new();
        let wanted = |attack: &&Attack| self.only.is_empty() || self.only.contains(*attack);
        for attack in Attack::ALL.iter().filter(wanted) {
            if attack.is_over_http() && self.http.is_none() {
                continue;
            }
            let outcome = self.one(*attack, &targets, &login, before);
            say!("{outcome}");
            broken.extend(outcome.broken().into_iter().map(|what| format!("{}: {what}", attack.name())));
        }
        for what in &broken {
            say!("not kept: {what}");
        }
        Ok(if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn one(&self, attack: Attack, targets: &Targets, login: &Login, before: Option<u64>) -> Outcome {
        let stop = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..attack.clients() {
                scope.spawn(|| clients::attack(attack, targets, login, &stop));
            }
            let witness = scope.spawn(|| witness::watch(targets.smpp, login, &stop));
            let until = Instant::now() + Duration::from_secs(self.seconds);
            let mut most = 0;
            while Instant::now() < until {
                most = self.pid.and_then(memory).unwrap_or(0).max(most);
                thread::sleep(MEMORY_LOOK);
            }
            stop.store(true, Ordering::Relaxed);
            let seen = witness.join().unwrap_or_default();
            Outcome { attack, seen, memory: before.map(|before| Memory { before, most }) }
        })
    }
}

/// The memory of a process, in KiB.
fn memory(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_attacked() {
        for address in ["127.0.0.1:2775", "[::1]:2775", "127.9.9.9:1", "[::ffff:127.0.0.1]:1"] {
            assert!(loopback(address).is_ok(), "{address}");
        }
        for address in ["0.0.0.0:2775", "192.0.2.1:2775", "[2001:db8::1]:2775", "localhost:2775", "127.0.0.1"]
        {
            assert!(loopback(address).is_err(), "{address}");
        }
    }

    #[test]
    fn the_memory_of_a_process_is_read() {
        assert!(memory(std::process::id()).is_some_and(|kib| kib > 100));
        assert_eq!(memory(u32::MAX), None);
    }
}
