//! A web server on loopback that webhooks are posted to: it remembers every post, and answers as the test says.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use serde_json::Value;

use super::wait::{SOON, eventually};

/// One post to a webhook.
#[derive(Clone, Debug)]
pub struct Post {
    pub path: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    pub body: String,
}

/// Answers 200, or first what the test has put before that; until dropped.
pub struct Webhook {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    posts: Mutex<Vec<Post>>,
    /// Status lines for the next posts.
    answers: Mutex<VecDeque<String>>,
    is_over: AtomicBool,
}

impl Webhook {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::<Shared>::default();
        let thread = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                for stream in listener.incoming().map_while(Result::ok) {
                    if shared.is_over.load(Ordering::Relaxed) {
                        return;
                    }
                    // Whoever hangs up early is not remembered.
                    let _ = shared.answer(&stream);
                }
            }
        });
        Self { address, shared, thread: Some(thread) }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Sets the answer to the next posts, such as `500 No` or `302 Found\r\nLocation: /other`.
    pub fn answer_next(&self, answers: &[&str]) {
        self.shared.answers.lock().expect("no panic with it").extend(answers.iter().map(ToString::to_string));
    }

    pub fn posts(&self) -> Vec<Post> {
        self.shared.posts.lock().expect("no panic with it").clone()
    }

    /// Waits until so many posts have come.
    pub fn until(&self, at_least: usize) -> Vec<Post> {
        eventually(&format!("{at_least} posts"), || {
            Some(self.posts()).filter(|posts| posts.len() >= at_least)
        })
    }
}

impl Drop for Webhook {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        // Wakes the thread, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Shared {
    fn answer(&self, mut stream: &TcpStream) -> Option<()> {
        stream.set_read_timeout(Some(SOON)).ok()?;
        let mut reader = BufReader::new(stream);
        let mut head = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            match line.trim_end() {
                "" => break,
                line => head.push(line.to_owned()),
            }
        }
        let path = head.first()?.split(' ').nth(1)?.to_owned();
        let headers: Vec<(String, String)> = head
            .iter()
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();
        let length = headers.iter().find(|(name, _)| name == "content-length")?.1.parse().ok()?;
        let mut octets = vec![0; length];
        reader.read_exact(&mut octets).ok()?;
        let body = String::from_utf8(octets).ok()?;
        self.posts.lock().expect("no panic with it").push(Post { path, headers, body });
        let status =
            self.answers.lock().expect("no panic with it").pop_front().unwrap_or_else(|| "200 OK".into());
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).ok()
    }
}

impl Post {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or_else(|| panic!("no {name} in {:?}", self.headers), |(_, value)| value)
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("a post is JSON")
    }

    /// Checks the signatures of Standard Webhooks, one for each secret in their order.
    pub fn check_standard_signature(&self, secrets: &[&str]) {
        let (id, seconds) = (self.header("webhook-id"), self.header("webhook-timestamp"));
        let made: Vec<&str> = self.header("webhook-signature").split(' ').collect();
        assert_eq!(made.len(), secrets.len(), "a signature for each secret: {made:?}");
        for (made, secret) in made.iter().zip(secrets) {
            let key = from_base64(secret.strip_prefix("whsec_").expect("the prefix of a secret"));
            let expected = hmac(&key, &format!("{id}.{seconds}.{}", self.body));
            let found = from_base64(made.strip_prefix("v1,").expect("the version of a signature"));
            assert_eq!(found, expected, "the signature of {}", self.body);
        }
    }

    /// Checks the signature as whoever gets the post would, with another program's HMAC.
    pub fn check_signature(&self, secret: &str) {
        let signature = self.header("x-tollgate-signature");
        let (time, made) = signature.split_once(',').expect("time and signature");
        let seconds = time.strip_prefix("t=").expect("seconds");
        let expected = hmac_sha256(secret, &format!("{seconds}.{}", self.body));
        assert_eq!(made, format!("v1={expected}"), "the signature of {}", self.body);
    }
}

/// HMAC-SHA256 in hexadecimal (RFC 2104 §2), made by hand, so that it shares nothing with the daemon's.
pub(super) fn hmac_sha256(secret: &str, text: &str) -> String {
    let outer = hmac(secret.as_bytes(), text);
    outer.iter().fold(String::new(), |text, octet| text + &format!("{octet:02x}"))
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The octets of a text in Base64 (RFC 4648 §4).
fn from_base64(text: &str) -> Vec<u8> {
    let (mut octets, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for digit in text.bytes().filter(|digit| *digit != b'=') {
        let value = BASE64.iter().position(|known| *known == digit).expect("a digit of Base64");
        (bits, count) = ((bits << 6) | u32::try_from(value).expect("six bits"), count + 6);
        if count >= 8 {
            count -= 8;
            octets.push(u8::try_from((bits >> count) & 0xFF).expect("eight bits"));
        }
    }
    octets
}

fn hmac(secret: &[u8], text: &str) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    let mut key = secret.to_vec();
    assert!(key.len() <= 64, "a key within one block");
    key.resize(64, 0);
    let padded = |pad: u8| key.iter().map(|octet| octet ^ pad).collect::<Vec<u8>>();
    let inner = Sha256::digest([padded(0x36), text.as_bytes().to_vec()].concat());
    Sha256::digest([padded(0x5C), inner.to_vec()].concat()).into()
}
