//! A tiny HTTP server that remembers what it was asked, and the requests that programs are asked with.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use super::wait::{SOON, eventually};

/// Answers 200 to everything, until dropped.
pub struct Listener {
    address: SocketAddr,
    targets: Arc<Mutex<Vec<String>>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let targets = Arc::<Mutex<Vec<String>>>::default();
        let is_over = Arc::new(AtomicBool::new(false));
        let thread = thread::spawn({
            let (targets, is_over) = (Arc::clone(&targets), Arc::clone(&is_over));
            move || {
                for stream in listener.incoming().map_while(Result::ok) {
                    if is_over.load(Ordering::Relaxed) {
                        return;
                    }
                    targets.lock().expect("no panic with it").extend(answer(&stream));
                }
            }
        });
        Self { address, targets, is_over, thread: Some(thread) }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Waits until so many requests have come, and gives their targets, such as `/dlr?id=7`.
    pub fn until(&self, at_least: usize) -> Vec<String> {
        eventually(&format!("{at_least} HTTP requests"), || {
            let targets = self.targets.lock().expect("no panic with it").clone();
            (targets.len() >= at_least).then_some(targets)
        })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // Wakes the thread, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// Reads a request up to its empty line, answers it, and gives its target.
fn answer(mut stream: &TcpStream) -> Option<String> {
    stream.set_read_timeout(Some(SOON)).ok()?;
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let first = lines.next()?;
    lines.find(String::is_empty)?;
    stream.write_all(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n").ok()?;
    first.split(' ').nth(1).map(ToOwned::to_owned)
}

/// A text as part of a URL.
pub fn escaped(text: &str) -> String {
    let escape = |octet: u8| match octet {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(octet).to_string(),
        octet => format!("%{octet:02X}"),
    };
    text.bytes().map(escape).collect()
}
