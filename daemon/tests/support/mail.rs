//! A mail server on loopback: enough of SMTP (RFC 5321) to take mails from a real client, and to turn some away for a while.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use super::sandbox::Sandbox;
use super::wait::{SOON, eventually};

/// Takes mails until dropped.
pub struct MailServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    mails: Mutex<Vec<Mail>>,
    refusals: AtomicUsize,
    is_over: AtomicBool,
}

/// A mail as it came.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Of the envelope.
    pub from: String,
    pub to: String,
    /// Header and text, with plain line ends.
    pub content: String,
}

impl Mail {
    /// The first word of the text that begins so.
    pub fn word(&self, beginning: &str) -> Option<&str> {
        self.content.split_whitespace().find(|word| word.starts_with(beginning))
    }

    pub fn subject(&self) -> &str {
        self.content.lines().find_map(|line| line.strip_prefix("Subject: ")).unwrap_or_default()
    }

    /// The token of the link to a screen.
    pub fn token(&self) -> &str {
        let behind = self.content.split_once("#token=").expect("a link with a token").1;
        behind.split_once('&').expect("an address behind it").0
    }
}

impl MailServer {
    /// Turns away the first `refusals` mails for a while (450), and takes all that follow.
    pub fn start(refusals: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared { refusals: AtomicUsize::new(refusals), ..Shared::default() });
        let thread = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                for stream in listener.incoming().map_while(Result::ok) {
                    if shared.is_over.load(Ordering::Relaxed) {
                        return;
                    }
                    // A client that leaves in the middle has sent nothing.
                    let _ = converse(&stream, &shared);
                }
            }
        });
        Self { address, shared, thread: Some(thread) }
    }

    /// Has the daemon of this sandbox send its mails here.
    pub fn serve(&self, sandbox: &Sandbox) {
        sandbox.set("mail", "smtp_host = \"127.0.0.1\"");
        sandbox.set("mail", &format!("smtp_port = {}", self.address.port()));
        sandbox.set("mail", "smtp_tls = \"none\"");
    }

    /// Waits for the mail number `index` to somebody, counted from zero.
    pub fn mail_to(&self, to: &str, index: usize) -> Mail {
        eventually(&format!("mail {index} to {to}"), || {
            let mails = self.shared.mails.lock().expect("no panic with it");
            mails.iter().filter(|mail| mail.to == to).nth(index).cloned()
        })
    }

    /// The number of mails that came to an address until now.
    pub fn count_to(&self, to: &str) -> usize {
        let mails = self.shared.mails.lock().expect("no panic with it");
        mails.iter().filter(|mail| mail.to == to).count()
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        // Wakes the thread, which then sees that it is over.
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn converse(mut stream: &TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_read_timeout(Some(SOON))?;
    let mut lines = BufReader::new(stream).lines();
    let (mut from, mut to) = (String::new(), String::new());
    stream.write_all(b"220 mail.test ESMTP\r\n")?;
    while let Some(line) = lines.next().transpose()? {
        let command = line.to_uppercase();
        let answer = if command.starts_with("EHLO") || command.starts_with("HELO") {
            "250 mail.test"
        } else if command.starts_with("MAIL FROM:") {
            from = address_of(&line);
            "250 Ok"
        } else if command.starts_with("RCPT TO:") {
            to = address_of(&line);
            let is_refused = |left: usize| left.checked_sub(1);
            match shared.refusals.fetch_update(Ordering::Relaxed, Ordering::Relaxed, is_refused) {
                Ok(_) => "450 come back later",
                Err(_) => "250 Ok",
            }
        } else if command == "DATA" {
            stream.write_all(b"354 go on\r\n")?;
            let mut content = String::new();
            for line in lines.by_ref() {
                let line = line?;
                if line == "." {
                    break;
                }
                content += line.strip_prefix('.').unwrap_or(&line);
                content.push('\n');
            }
            let mail = Mail { from: from.clone(), to: to.clone(), content };
            shared.mails.lock().expect("no panic with it").push(mail);
            "250 taken"
        } else if command == "QUIT" {
            return stream.write_all(b"221 bye\r\n");
        } else if command == "RSET" || command == "NOOP" {
            "250 Ok"
        } else {
            "502 not known here"
        };
        stream.write_all(format!("{answer}\r\n").as_bytes())?;
    }
    Ok(())
}

/// The text in angle brackets.
fn address_of(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map(|(address, _)| address.to_owned()).unwrap_or_default()
}
