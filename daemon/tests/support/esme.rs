//! A gateway that reads on while it submits: answers are found by their sequence number, and receipts are taken as they
//! come.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use super::receipts::Receipt;
use super::sm::Sm;
use super::smpp::{
    BIND_RECEIVER, BIND_TRANSCEIVER, BIND_TRANSMITTER, ENQUIRE_LINK, ESME_ROK, Login, Pdu, RESPONSE,
    SUBMIT_SM, UNBIND, bind_body,
};
use super::wait::{SOON, eventually};

pub const DELIVER_SM: u32 = 0x0000_0005;

/// One bind, unbound or not, gone when dropped.
pub struct Esme {
    stream: TcpStream,
    shared: Arc<Shared>,
    last_sequence: AtomicU32,
    reader: Option<JoinHandle<()>>,
}

struct Shared {
    writer: Mutex<TcpStream>,
    answers: Mutex<HashMap<u32, Pdu>>,
    receipts: Mutex<Vec<Receipt>>,
    taking: Mutex<Taking>,
    ended: AtomicBool,
}

/// The way in which a gateway answers receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taking {
    /// Acknowledges all of them.
    All,
    /// Answers with this `command_status`.
    Refused(u32),
    /// Reads them and never answers.
    Silently,
}

impl Esme {
    pub fn transceiver(address: SocketAddr, login: Login) -> Self {
        Self::bind(address, login, BIND_TRANSCEIVER, Taking::All)
    }

    /// One that speaks SMPP 3.3, which has no transceivers: a transmitter and a receiver.
    pub fn old_pair(address: SocketAddr, login: Login) -> [Self; 2] {
        [BIND_TRANSMITTER, BIND_RECEIVER].map(|mode| {
            let mut body = bind_body(login);
            let version = body.len() - 4;
            body[version] = 0x33;
            Self::bind_as(address, login, (mode, body), Taking::All)
        })
    }

    pub fn transmitter(address: SocketAddr, login: Login) -> Self {
        Self::bind(address, login, BIND_TRANSMITTER, Taking::All)
    }

    pub fn receiver(address: SocketAddr, login: Login, taking: Taking) -> Self {
        Self::bind(address, login, BIND_RECEIVER, taking)
    }

    fn bind(address: SocketAddr, login: Login, mode: u32, taking: Taking) -> Self {
        Self::bind_as(address, login, (mode, bind_body(login)), taking)
    }

    fn bind_as(address: SocketAddr, login: Login, bind: (u32, Vec<u8>), taking: Taking) -> Self {
        let stream = TcpStream::connect(address).expect("the daemon accepts connections");
        stream.set_nodelay(true).expect("an option of the socket");
        stream.set_write_timeout(Some(SOON)).expect("an option of the socket");
        let clone = || stream.try_clone().expect("one more handle of the socket");
        let shared = Arc::new(Shared {
            writer: Mutex::new(clone()),
            answers: Mutex::default(),
            receipts: Mutex::default(),
            taking: Mutex::new(taking),
            ended: AtomicBool::new(false),
        });
        let reader = thread::spawn({
            let (shared, stream) = (Arc::clone(&shared), clone());
            move || shared.read_on(stream)
        });
        let esme = Self { stream, shared, last_sequence: AtomicU32::new(0), reader: Some(reader) };
        let answer = esme.call(bind.0, bind.1);
        assert_eq!(answer.status, ESME_ROK, "{} can bind", login.system_id);
        esme
    }

    /// Sends a request and gives its sequence number.
    pub fn send(&self, command: u32, body: Vec<u8>) -> u32 {
        let sequence = 1 + self.last_sequence.fetch_add(1, Ordering::Relaxed);
        self.shared.write(&Pdu::request(command, sequence, body));
        sequence
    }

    /// Waits for the answer to a request.
    pub fn answer(&self, sequence: u32) -> Pdu {
        eventually(&format!("the answer to request {sequence}"), || self.take_answer(sequence))
    }

    /// The answer to a request, if it has come.
    pub fn take_answer(&self, sequence: u32) -> Option<Pdu> {
        self.shared.answers.lock().expect("no panic with it").remove(&sequence)
    }

    pub fn call(&self, command: u32, body: Vec<u8>) -> Pdu {
        self.answer(self.send(command, body))
    }

    pub fn submit(&self, message: &Sm) -> Pdu {
        self.call(SUBMIT_SM, message.body())
    }

    /// Submits what must be acknowledged, and gives its `message_id`.
    pub fn accepted(&self, message: &Sm) -> String {
        let answer = self.submit(message);
        assert_eq!(answer.status, ESME_ROK, "{message:?} is acknowledged");
        answer.message_id()
    }

    /// Submits many at once and gives their `message_id`s, in order.
    pub fn accepted_all(&self, messages: &[Sm]) -> Vec<String> {
        let sequences: Vec<u32> =
            messages.iter().map(|message| self.send(SUBMIT_SM, message.body())).collect();
        let answers = sequences.into_iter().map(|sequence| {
            let answer = self.answer(sequence);
            assert_eq!(answer.status, ESME_ROK, "message {sequence} is acknowledged");
            answer.message_id()
        });
        answers.collect()
    }

    /// Every receipt until now, in the order they came.
    pub fn receipts(&self) -> Vec<Receipt> {
        self.shared.receipts.lock().expect("no panic with it").clone()
    }

    /// Waits for the first receipt for a message.
    pub fn receipt_of(&self, message_id: &str) -> Receipt {
        eventually(&format!("a receipt for {message_id}"), || {
            self.receipts().into_iter().find(|receipt| receipt.id == message_id)
        })
    }

    /// Ends the connection, and gives every receipt that was acknowledged on it.
    pub fn end(mut self) -> Vec<Receipt> {
        self.hang_up();
        self.receipts()
    }

    /// From now on receipts are taken this way.
    pub fn take_receipts(&self, taking: Taking) {
        *self.shared.taking.lock().expect("no panic with it") = taking;
    }

    /// True if the connection has ended.
    pub fn is_ended(&self) -> bool {
        self.shared.ended.load(Ordering::Relaxed)
    }
}

impl Esme {
    fn hang_up(&mut self) {
        // Fails when the other side was first, which is just as well.
        let _ = self.stream.shutdown(Shutdown::Both);
        let failed = self.reader.take().is_some_and(|reader| reader.join().is_err());
        assert!(thread::panicking() || !failed, "the reader found nothing amiss");
    }
}

impl Drop for Esme {
    fn drop(&mut self) {
        self.hang_up();
    }
}

impl Shared {
    fn write(&self, pdu: &Pdu) {
        // The daemon may be gone, which the reader notices.
        let _ = self.writer.lock().expect("no panic with it").write_all(&pdu.encode());
    }

    fn read_on(&self, mut stream: TcpStream) {
        while let Some(pdu) = read_pdu(&mut stream) {
            match pdu.command {
                DELIVER_SM => self.delivered(&pdu),
                ENQUIRE_LINK | UNBIND => self.write(&pdu.response()),
                command if command & RESPONSE != 0 => {
                    self.answers.lock().expect("no panic with it").insert(pdu.sequence, pdu);
                }
                command => panic!("command {command:#x} was not to be expected"),
            }
        }
        self.ended.store(true, Ordering::Relaxed);
    }

    fn delivered(&self, pdu: &Pdu) {
        let receipt = Receipt::of(Sm::read(&pdu.body)).expect("nothing but receipts is delivered");
        self.receipts.lock().expect("no panic with it").push(receipt);
        let status = match *self.taking.lock().expect("no panic with it") {
            Taking::All => ESME_ROK,
            Taking::Refused(status) => status,
            Taking::Silently => return,
        };
        self.write(&Pdu { status, body: vec![0], ..pdu.response() });
    }
}

/// The next PDU; `None` when the connection has ended, however.
pub fn read_pdu(stream: &mut impl Read) -> Option<Pdu> {
    let mut header = [[0; 4]; 4];
    stream.read_exact(header.as_flattened_mut()).ok()?;
    let [length, command, status, sequence] = header.map(u32::from_be_bytes);
    let length = usize::try_from(length).expect("a 64-bit machine");
    assert!((16..100_000).contains(&length), "the framing is sound, not {length}");
    let mut body = vec![0; length - 16];
    stream.read_exact(&mut body).ok()?;
    Some(Pdu { command, status, sequence, body })
}
