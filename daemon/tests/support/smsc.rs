//! An operator that is driven by hand: a test answers each message itself, when and how it likes, and sends receipts of
//! its own making.

use std::collections::{HashMap, VecDeque};
use std::io::Write;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::esme::{DELIVER_SM, read_pdu};
use super::ports::free_port;
use super::sm::Sm;
use super::smpp::{
    BIND_RECEIVER, BIND_TRANSCEIVER, BIND_TRANSMITTER, ENQUIRE_LINK, Pdu, RESPONSE, SUBMIT_SM, UNBIND,
};
use super::wait::eventually;

/// The answer to a message that comes without the test's doing; `None` leaves it to the test.
pub type Policy = dyn Fn(&Sm) -> Option<Reply> + Send + Sync;

pub enum Reply {
    /// Taken, under this id.
    Accept(String),
    /// Not taken, for this reason.
    Refuse(u32),
}

/// Listens until dropped.
pub struct Smsc {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

struct Shared {
    policy: Box<Policy>,
    /// Links that are bound.
    links: Mutex<Vec<Arc<Link>>>,
    /// Messages that wait for the test to answer.
    waiting: Mutex<VecDeque<Submit>>,
    /// Every message and when it came, in the order they came.
    seen: Mutex<Vec<(Instant, Sm)>>,
    /// Statuses of the receipts that were answered, by sequence number.
    answered: Mutex<HashMap<u32, u32>>,
    last_sequence: AtomicU32,
    /// Binds since the beginning.
    binds: AtomicU32,
    is_over: AtomicBool,
}

/// One bind of the daemon.
struct Link {
    writer: Mutex<TcpStream>,
    receives: bool,
}

/// A message that waits for its answer.
pub struct Submit {
    pub sm: Sm,
    sequence: u32,
    link: Arc<Link>,
}

impl Submit {
    pub fn accept(&self, id: &str) {
        self.link.answer(self.sequence, &Reply::Accept(id.into()));
    }

    pub fn refuse(&self, status: u32) {
        self.link.answer(self.sequence, &Reply::Refuse(status));
    }
}

impl Smsc {
    /// On a free port, with every message left to the test.
    pub fn start() -> Self {
        Self::start_with(0, |_| None)
    }

    /// On a port, zero for a free one.
    pub fn start_with(port: u16, policy: impl Fn(&Sm) -> Option<Reply> + Send + Sync + 'static) -> Self {
        // A port of its own even where any will do: some tests leave it and come back to it.
        let port = if port == 0 { free_port() } else { port };
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            policy: Box::new(policy),
            links: Mutex::default(),
            waiting: Mutex::default(),
            seen: Mutex::default(),
            answered: Mutex::default(),
            last_sequence: AtomicU32::new(0),
            binds: AtomicU32::new(0),
            is_over: AtomicBool::new(false),
        });
        let listening = thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.listen(&listener)
        });
        Self { address, shared, listening: Some(listening) }
    }

    /// Takes every message under an id of its own.
    pub fn accepting() -> Self {
        Self::accepting_on(0)
    }

    /// The same on a port.
    pub fn accepting_on(port: u16) -> Self {
        static LAST_ID: AtomicU32 = AtomicU32::new(1_000_000);
        let next = |_: &Sm| Some(Reply::Accept((1 + LAST_ID.fetch_add(1, Ordering::Relaxed)).to_string()));
        Self::start_with(port, next)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Links that are bound.
    pub fn bound(&self) -> usize {
        self.shared.links.lock().expect("no panic with it").len()
    }

    /// Binds since it was started, also of links that are gone.
    pub fn binds(&self) -> u32 {
        self.shared.binds.load(Ordering::Relaxed)
    }

    pub fn until_bound(&self) {
        eventually("a link to the operator", || (self.bound() > 0).then_some(()));
    }

    /// Waits for the next message that the test is to answer.
    pub fn next(&self) -> Submit {
        eventually("a message at the operator", || self.try_next())
    }

    /// The next message that the test is to answer, if there is one.
    pub fn try_next(&self) -> Option<Submit> {
        self.shared.waiting.lock().expect("no panic with it").pop_front()
    }

    /// Every message until now, answered or not, in the order they came.
    pub fn seen(&self) -> Vec<Sm> {
        self.arrivals().into_iter().map(|(_, sm)| sm).collect()
    }

    /// The same, with the time at which each came.
    pub fn arrivals(&self) -> Vec<(Instant, Sm)> {
        self.shared.seen.lock().expect("no panic with it").clone()
    }

    pub fn until_seen(&self, messages: usize) -> Vec<Sm> {
        eventually(&format!("{messages} messages at the operator"), || {
            let seen = self.seen();
            (seen.len() >= messages).then_some(seen)
        })
    }

    /// Sends a receipt, or whatever it is, and waits for the status it is answered with.
    pub fn deliver(&self, sm: &Sm) -> u32 {
        self.deliver_all(std::slice::from_ref(sm))[0]
    }

    /// Sends them all at once, and waits for the status of each.
    pub fn deliver_all(&self, all: &[Sm]) -> Vec<u32> {
        let link = eventually("a link that takes receipts", || {
            let links = self.shared.links.lock().expect("no panic with it");
            links.iter().find(|link| link.receives).map(Arc::clone)
        });
        let send = |sm: &Sm| {
            let sequence = 1 + self.shared.last_sequence.fetch_add(1, Ordering::Relaxed);
            link.write(&Pdu::request(DELIVER_SM, sequence, sm.body()));
            sequence
        };
        let sequences: Vec<u32> = all.iter().map(send).collect();
        let answer = |sequence| {
            eventually("the answer to a receipt", || {
                self.shared.answered.lock().expect("no panic with it").remove(&sequence)
            })
        };
        sequences.into_iter().map(answer).collect()
    }

    /// Ends every link without a word.
    pub fn cut(&self) {
        for link in self.shared.links.lock().expect("no panic with it").drain(..) {
            link.end();
        }
    }
}

impl Drop for Smsc {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        let ended = self.listening.take().map(JoinHandle::join);
        self.cut();
        assert!(thread::panicking() || matches!(ended, Some(Ok(()))), "the operator found nothing amiss");
    }
}

impl Shared {
    fn listen(self: &Arc<Self>, listener: &TcpListener) {
        listener.set_nonblocking(true).expect("an option of the socket");
        while !self.is_over.load(Ordering::Relaxed) {
            if let Ok((stream, _)) = listener.accept() {
                stream.set_nonblocking(false).expect("an option of the socket");
                stream.set_nodelay(true).expect("an option of the socket");
                let shared = Arc::clone(self);
                // Ends with its connection, at the latest when all links are cut.
                thread::spawn(move || shared.serve(stream));
            } else {
                thread::sleep(Duration::from_millis(1));
            }
        }
    }

    fn serve(&self, mut stream: TcpStream) {
        let Some(bind) = read_pdu(&mut stream) else { return };
        let clone = stream.try_clone().expect("one more handle of the socket");
        assert!(matches!(bind.command, BIND_RECEIVER | BIND_TRANSMITTER | BIND_TRANSCEIVER), "{bind:?}");
        let link = Arc::new(Link { writer: Mutex::new(clone), receives: bind.command != BIND_TRANSMITTER });
        link.write(&Pdu { body: b"hand\0".to_vec(), ..bind.response() });
        self.links.lock().expect("no panic with it").push(Arc::clone(&link));
        self.binds.fetch_add(1, Ordering::Relaxed);
        while let Some(pdu) = read_pdu(&mut stream) {
            match pdu.command {
                SUBMIT_SM => self.submitted(&link, &pdu),
                ENQUIRE_LINK | UNBIND => link.write(&pdu.response()),
                command if command == DELIVER_SM | RESPONSE => {
                    self.answered.lock().expect("no panic with it").insert(pdu.sequence, pdu.status);
                }
                command => assert!(command & RESPONSE != 0, "command {command:#x} was not to be expected"),
            }
        }
        self.links.lock().expect("no panic with it").retain(|other| !Arc::ptr_eq(other, &link));
    }

    fn submitted(&self, link: &Arc<Link>, pdu: &Pdu) {
        let sm = Sm::read(&pdu.body);
        let reply = (self.policy)(&sm);
        self.seen.lock().expect("no panic with it").push((Instant::now(), sm.clone()));
        match reply {
            Some(reply) => link.answer(pdu.sequence, &reply),
            None => self.waiting.lock().expect("no panic with it").push_back(Submit {
                sm,
                sequence: pdu.sequence,
                link: Arc::clone(link),
            }),
        }
    }
}

impl Link {
    fn answer(&self, sequence: u32, reply: &Reply) {
        let (status, body) = match reply {
            Reply::Accept(id) => (0, format!("{id}\0").into_bytes()),
            Reply::Refuse(status) => (*status, Vec::new()),
        };
        self.write(&Pdu { command: SUBMIT_SM | RESPONSE, status, sequence, body });
    }

    fn write(&self, pdu: &Pdu) {
        // The daemon may be gone, which the reader notices.
        let _ = self.writer.lock().expect("no panic with it").write_all(&pdu.encode());
    }

    fn end(&self) {
        let _ = self.writer.lock().expect("no panic with it").shutdown(Shutdown::Both);
    }
}
