//! The clients of each attack. Each is a thread of its own that goes on until it is told to stop; whatever fails is tried
//! again, as the daemon is meant to turn such clients away.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tollgate_smpp::frame::HEADER_LENGTH;

use super::attacks::Attack;
use super::pdus;
use super::witness::Login;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// For an answer, or for the daemon to take more.
const PATIENCE: Duration = Duration::from_millis(500);
/// Connections that one client keeps open.
const CONNECTIONS_MAX: usize = 600;
/// Between two octets of a slow client, for all its connections.
const TRICKLE_PAUSE: Duration = Duration::from_millis(100);
const WRONG_PASSWORD: &str = "wrong";
/// Messages in one write.
const BURST: u32 = 64;

/// The addresses of the daemon.
#[derive(Clone, Copy, Debug)]
pub struct Targets {
    /// That of gateways.
    pub smpp: SocketAddr,
    /// That of the API, where it is attacked.
    pub http: Option<SocketAddr>,
    /// That of the metrics, where it is attacked.
    pub metrics: Option<SocketAddr>,
}

/// One client until it is told to stop.
pub fn attack(attack: Attack, targets: &Targets, login: &Login, stop: &AtomicBool) {
    let http = targets.http.unwrap_or(targets.smpp);
    let bind = pdus::bind(&login.system_id, &login.password);
    let guess = pdus::bind(&login.system_id, WRONG_PASSWORD);
    match attack {
        Attack::IdleConnections => keep_open(&[targets.smpp], b"", b"", stop),
        Attack::SlowWriters => keep_open(&[targets.smpp], b"", &bind, stop),
        Attack::IdleHttp => keep_open(&[http, targets.metrics.unwrap_or(http)], b"", b"", stop),
        Attack::SlowHeads => keep_open(&[http], b"", b"GET /healthz HTTP/1.1\r\nX-Slow: ", stop),
        Attack::SlowBodies => {
            let head =
                b"POST /v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                Content-Length: 10000\r\n\r\n";
            keep_open(&[http], head, &[b' '; 10_000], stop);
        }
        Attack::WrongBinds => again_and_again(stop, || ask(targets.smpp, &guess)),
        Attack::Resets => again_and_again(stop, || connect(targets.smpp)?.write_all(&guess)),
        Attack::SlowReaders => again_and_again(stop, || flood(targets.smpp, &bind, pdus::submit, stop)),
        Attack::OctetBombs => again_and_again(stop, || flood(targets.smpp, &bind, pdus::bomb, stop)),
        Attack::WrongLogins => {
            let body = r#"{"email":"admin@example.com","password":"wrong wrong wrong"}"#;
            let head = "POST /v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json";
            let length = body.len();
            let request = format!("{head}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
            again_and_again(stop, || ask(http, request.as_bytes()));
        }
    }
}

fn again_and_again(stop: &AtomicBool, mut act: impl FnMut() -> io::Result<()>) {
    while !stop.load(Ordering::Relaxed) {
        // Being turned away is what is measured.
        let _ = act();
    }
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, CONNECT_TIMEOUT)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Sends something and reads the beginning of the answer.
fn ask(address: SocketAddr, request: &[u8]) -> io::Result<()> {
    let mut stream = connect(address)?;
    stream.write_all(request)?;
    stream.read(&mut [0; 512]).map(drop)
}

/// Keeps as many connections open as it gets, each of which sends `first` at once and then `octets` one by one.
fn keep_open(addresses: &[SocketAddr], first: &[u8], octets: &[u8], stop: &AtomicBool) {
    let mut open: Vec<(TcpStream, usize)> = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        for address in addresses.iter().cycle().take(CONNECTIONS_MAX.saturating_sub(open.len())) {
            let Ok(mut stream) = connect(*address) else { break };
            let sent = stream.write_all(first).and_then(|()| stream.set_nonblocking(true));
            if stop.load(Ordering::Relaxed) || sent.is_err() {
                break;
            }
            open.push((stream, 0));
        }
        open.retain_mut(|(stream, sent)| trickle(stream, octets, sent));
        thread::sleep(TRICKLE_PAUSE);
    }
}

/// Sends the next octet, if there is one. False once the daemon has closed the connection.
fn trickle(stream: &mut TcpStream, octets: &[u8], sent: &mut usize) -> bool {
    if let Some(octet) = octets.get(*sent..=*sent) {
        *sent += 1;
        if stream.write_all(octet).is_err() {
            return false;
        }
    }
    match stream.read(&mut [0; 64]) {
        Ok(count) => count > 0,
        Err(error) => error.kind() == io::ErrorKind::WouldBlock,
    }
}

/// Binds and sends messages without reading an answer, until the daemon takes no more.
fn flood(
    address: SocketAddr,
    bind: &[u8],
    message: impl Fn(u32) -> Vec<u8>,
    stop: &AtomicBool,
) -> io::Result<()> {
    let mut stream = connect(address)?;
    stream.write_all(bind)?;
    // The header of the answer; the rest of it is not read either.
    stream.read_exact(&mut [0; HEADER_LENGTH])?;
    let burst: Vec<u8> = (2..BURST + 2).flat_map(message).collect();
    while !stop.load(Ordering::Relaxed) {
        let written = stream.write_all(&burst);
        if written.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::WouldBlock) {
            return written;
        }
    }
    Ok(())
}
