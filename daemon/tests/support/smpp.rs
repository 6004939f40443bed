//! A plain SMPP 3.4 client over one blocking socket. It builds PDUs from bytes, so that tests can also build wrong ones.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use super::wait::SOON;

pub const BIND_RECEIVER: u32 = 0x0000_0001;
pub const BIND_TRANSMITTER: u32 = 0x0000_0002;
pub const QUERY_SM: u32 = 0x0000_0003;
pub const SUBMIT_SM: u32 = 0x0000_0004;
pub const UNBIND: u32 = 0x0000_0006;
pub const CANCEL_SM: u32 = 0x0000_0008;
pub const BIND_TRANSCEIVER: u32 = 0x0000_0009;
pub const ENQUIRE_LINK: u32 = 0x0000_0015;
/// Set in the `command_id` of every response.
pub const RESPONSE: u32 = 0x8000_0000;

pub const ESME_ROK: u32 = 0x00;
pub const ESME_RSYSERR: u32 = 0x08;
pub const ESME_RINVDSTADR: u32 = 0x0B;
pub const ESME_RINVPASWD: u32 = 0x0E;
pub const ESME_RSUBMITFAIL: u32 = 0x45;

/// Tollgate's TLVs as they are by default.
pub const TLV_IDEMPOTENCY_KEY: u16 = 0x1450;
pub const TLV_DISPATCH_ID: u16 = 0x1451;
pub const TLV_PRICE_REQUEST: u16 = 0x1421;
pub const TLV_PRICE: u16 = 0x1422;
pub const TLV_BALANCE: u16 = 0x1423;

const HEADER_BYTES: usize = 16;

/// One PDU, its body as bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pdu {
    pub command: u32,
    pub status: u32,
    pub sequence: u32,
    pub body: Vec<u8>,
}

impl Pdu {
    pub fn request(command: u32, sequence: u32, body: Vec<u8>) -> Self {
        Self { command, status: 0, sequence, body }
    }

    /// The empty response to a request.
    pub fn response(&self) -> Self {
        Self { command: self.command | RESPONSE, status: 0, sequence: self.sequence, body: Vec::new() }
    }

    pub fn encode(&self) -> Vec<u8> {
        let length = u32::try_from(HEADER_BYTES + self.body.len()).expect("a PDU is short");
        let mut bytes = Vec::with_capacity(HEADER_BYTES + self.body.len());
        for field in [length, self.command, self.status, self.sequence] {
            bytes.extend_from_slice(&field.to_be_bytes());
        }
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// The `message_id` that a `submit_sm_resp` begins with.
    pub fn message_id(&self) -> String {
        let end = self.body.iter().position(|byte| *byte == 0).expect("a C string");
        String::from_utf8(self.body[..end].to_vec()).expect("an ASCII message id")
    }

    /// A TLV behind the `message_id`, as text without its final NUL.
    pub fn tlv(&self, wanted: u16) -> Option<String> {
        let start = self.body.iter().position(|byte| *byte == 0)? + 1;
        let mut rest = &self.body[start..];
        while let [tag_high, tag_low, length_high, length_low, value @ ..] = rest {
            let (tag, length) =
                (u16::from_be_bytes([*tag_high, *tag_low]), u16::from_be_bytes([*length_high, *length_low]));
            let (value, after) = value.split_at(length.into());
            if tag == wanted {
                return Some(String::from_utf8_lossy(value).trim_end_matches('\0').to_owned());
            }
            rest = after;
        }
        None
    }
}

/// A message to submit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub source: String,
    pub destination: String,
    pub text: Vec<u8>,
    pub tlvs: Vec<(u16, Vec<u8>)>,
}

impl Message {
    /// A short GSM-7 text.
    pub fn to(destination: &str) -> Self {
        Self {
            source: "Tollgate".into(),
            destination: destination.into(),
            text: b"Your code is 493817".to_vec(),
            tlvs: Vec::new(),
        }
    }

    pub fn text(mut self, text: &str) -> Self {
        self.text = text.as_bytes().to_vec();
        self
    }

    pub fn tlv(mut self, tag: u16, value: &str) -> Self {
        self.tlvs.push((tag, value.as_bytes().to_vec()));
        self
    }

    pub fn submit(&self, sequence: u32) -> Pdu {
        let mut body = vec![0]; // service_type
        body.extend_from_slice(&[5, 0]); // alphanumeric source
        put_c_string(&mut body, &self.source);
        body.extend_from_slice(&[1, 1]); // international E.164 destination
        put_c_string(&mut body, &self.destination);
        body.extend_from_slice(&[0, 0, 0]); // esm_class, protocol_id, priority_flag
        body.extend_from_slice(&[0, 0]); // schedule_delivery_time, validity_period
        body.extend_from_slice(&[0, 0, 0, 0]); // registered_delivery, replace_if_present, data_coding, sm_default_msg_id
        body.push(u8::try_from(self.text.len()).expect("a short message"));
        body.extend_from_slice(&self.text);
        for (tag, value) in &self.tlvs {
            body.extend_from_slice(&tag.to_be_bytes());
            body.extend_from_slice(&u16::try_from(value.len()).expect("a short value").to_be_bytes());
            body.extend_from_slice(value);
        }
        Pdu::request(SUBMIT_SM, sequence, body)
    }
}

/// One connection to the daemon.
pub struct Connection {
    stream: TcpStream,
    last_sequence: u32,
}

impl Connection {
    pub fn open(address: SocketAddr) -> Self {
        Self::try_open(address).expect("the daemon accepts connections")
    }

    pub fn try_open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(SOON))?;
        stream.set_write_timeout(Some(SOON))?;
        Ok(Self { stream, last_sequence: 0 })
    }

    /// A transceiver bound for an account.
    pub fn bound(address: SocketAddr, login: Login) -> Self {
        Self::try_bound(address, login).expect("the daemon answers a bind")
    }

    /// The same where the daemon may be gone at any moment.
    pub fn try_bound(address: SocketAddr, login: Login) -> io::Result<Self> {
        let mut connection = Self::try_open(address)?;
        let request = Pdu::request(BIND_TRANSCEIVER, connection.next_sequence(), bind_body(login));
        connection.send(&request.encode())?;
        let response = connection.receive()?.ok_or(io::ErrorKind::UnexpectedEof)?;
        assert_eq!(response.status, ESME_ROK, "{} can bind", login.system_id);
        Ok(connection)
    }

    pub fn bind(&mut self, mode: u32, login: Login) -> Pdu {
        self.call(mode, bind_body(login))
    }

    pub fn next_sequence(&mut self) -> u32 {
        self.last_sequence += 1;
        self.last_sequence
    }

    /// Sends a request and waits for its response.
    pub fn call(&mut self, command: u32, body: Vec<u8>) -> Pdu {
        let request = Pdu::request(command, self.next_sequence(), body);
        self.send(&request.encode()).expect("the request can be sent");
        self.answer_to(&request)
    }

    pub fn submit(&mut self, message: &Message) -> Pdu {
        let request = message.submit(self.next_sequence());
        self.send(&request.encode()).expect("the message can be sent");
        self.answer_to(&request)
    }

    fn answer_to(&mut self, request: &Pdu) -> Pdu {
        let response = self.receive().expect("the daemon answers").expect("the daemon keeps the connection");
        assert_eq!(response.sequence, request.sequence, "{response:?} answers {request:?}");
        response
    }

    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The next PDU; `None` when the peer has closed the connection in good order.
    pub fn receive(&mut self) -> io::Result<Option<Pdu>> {
        let mut header = [0; HEADER_BYTES];
        let first = self.stream.read(&mut header[..1])?;
        if first == 0 {
            return Ok(None);
        }
        self.stream.read_exact(&mut header[1..])?;
        let field =
            |at: usize| u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let length = usize::try_from(field(0)).expect("a 64-bit machine");
        assert!((HEADER_BYTES..100_000).contains(&length), "the daemon's framing is sound, not {length}");
        let mut body = vec![0; length - HEADER_BYTES];
        self.stream.read_exact(&mut body)?;
        Ok(Some(Pdu { command: field(4), status: field(8), sequence: field(12), body }))
    }
}

/// The credentials of a bind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Login {
    pub system_id: &'static str,
    pub password: &'static str,
}

/// The sample accounts of the shipped config.
pub const BUSINESS_1: Login = Login { system_id: "biz_test_001", password: "secret01" };
pub const BUSINESS_2: Login = Login { system_id: "biz_test_002", password: "secret02" };

pub fn bind_body(login: Login) -> Vec<u8> {
    let mut body = Vec::new();
    for text in [login.system_id, login.password, ""] {
        put_c_string(&mut body, text); // system_id, password, system_type
    }
    body.extend_from_slice(&[0x34, 0, 0, 0]); // interface_version, addr_ton, addr_npi, address_range
    body
}

/// The body of `query_sm`: the id and the source address of the message.
pub fn query_body(message_id: &str, source: &str) -> Vec<u8> {
    let mut body = Vec::new();
    put_c_string(&mut body, message_id);
    body.extend_from_slice(&[5, 0]);
    put_c_string(&mut body, source);
    body
}

fn put_c_string(body: &mut Vec<u8>, text: &str) {
    body.extend_from_slice(text.as_bytes());
    body.push(0);
}
