//! A gateway that knows the password: it binds again and again, and asks over a bind that it keeps.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use rusmpp::CommandId;
use tollgate_smpp::frame::HEADER_LENGTH;

use super::pdus;

/// The longest time that an answer is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);
const BIND_RESP: u32 = 0x8000_0009;

/// The account of the witness.
#[derive(Clone)]
pub struct Login {
    /// The name that it binds with.
    pub system_id: String,
    /// Never shown: this type has no `Debug`.
    pub password: String,
}

/// The figures of the witness.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Binds that were tried.
    pub binds: u32,
    /// Binds that were welcome.
    pub welcome: u32,
    /// The time of the slowest of them.
    pub slowest_bind: Duration,
    /// The times of the answers over the bind that is kept, sorted.
    pub answers: Vec<Duration>,
}

impl Seen {
    /// The time that all but one answer of a hundred are below.
    pub fn answer_p99(&self) -> Duration {
        let at = self.answers.len().saturating_sub(1) * 99 / 100;
        self.answers.get(at).copied().unwrap_or(PATIENCE)
    }
}

/// Watches until it is told to stop. The error is that the first bind, before the attack, fails.
pub fn watch(address: SocketAddr, login: &Login, stop: &AtomicBool) -> Seen {
    let mut seen = Seen::default();
    let mut kept = bound(address, login).ok();
    while !stop.load(Ordering::Relaxed) {
        let begun = Instant::now();
        seen.binds += 1;
        if bound(address, login).is_ok() {
            seen.welcome += 1;
            seen.slowest_bind = seen.slowest_bind.max(begun.elapsed());
        }
        let begun = Instant::now();
        let answered = kept.as_mut().map(|stream| answer(stream, &pdus::pdu(CommandId::EnquireLink, 2, b"")));
        if let Some(Ok(_)) = answered {
            seen.answers.push(begun.elapsed());
        } else {
            seen.answers.push(PATIENCE);
            kept = bound(address, login).ok();
        }
        thread::sleep(PAUSE);
    }
    seen.answers.sort_unstable();
    seen
}

/// A bind that is welcome.
pub fn bound(address: SocketAddr, login: &Login) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    match answer(&mut stream, &pdus::bind(&login.system_id, &login.password))? {
        (BIND_RESP, 0) => Ok(stream),
        (_, status) => Err(io::Error::other(format!("the bind is refused with status 0x{status:08X}"))),
    }
}

/// The command and the status of the next PDU that answers.
fn answer(stream: &mut TcpStream, request: &[u8]) -> io::Result<(u32, u32)> {
    stream.write_all(request)?;
    loop {
        let mut header = [0; HEADER_LENGTH];
        stream.read_exact(&mut header)?;
        let words: Vec<u32> =
            header.as_chunks::<4>().0.iter().map(|word| u32::from_be_bytes(*word)).collect();
        let &[length, command, status, _] = words.as_slice() else { continue };
        let body = usize::try_from(length).unwrap_or(0).saturating_sub(HEADER_LENGTH);
        stream.read_exact(&mut vec![0; body.min(1 << 20)])?;
        if command >= 0x8000_0000 {
            return Ok((command, status));
        }
    }
}
