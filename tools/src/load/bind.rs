//! Opening a bind: the connection and the bind request (SMPP 3.4 §4.1).

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rusmpp::pdus::{BindReceiver, BindTransceiver, BindTransmitter};
use rusmpp::types::COctetString;
use rusmpp::values::{InterfaceVersion, Npi, Ton};
use rusmpp::{CommandId, Pdu};
use tollgate_smpp::encode::{put_header_only, put_pdu};

use super::connection::Connection;

/// Time that the server has to answer a bind.
const BIND_TIMEOUT: Duration = Duration::from_secs(10);

/// The kind of bind, which says what it may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Mode {
    /// Bind that submits messages.
    Transmitter,
    /// Bind that gets messages and receipts, and may not submit.
    Receiver,
    /// Bind that does both.
    #[default]
    Transceiver,
}

/// The account that binds.
#[derive(Clone)]
pub struct Credentials {
    /// At most 15 ASCII characters.
    pub system_id: String,
    /// At most 8 ASCII characters. Never logged: this type has no `Debug`.
    pub password: String,
}

/// The reason for which there is no bind.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// There is no connection, or it was lost.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// SMPP has no room for this `system_id` or password.
    #[error("system_id must have at most 15 ASCII characters, and the password at most 8")]
    Credentials,
    /// The server refused the bind.
    #[error("the server refused the bind with status 0x{0:08X}")]
    Refused(u32),
    /// The server did not answer.
    #[error("no answer to the bind for {} s", BIND_TIMEOUT.as_secs())]
    Silence,
}

/// Connects, binds and waits for the answer.
pub fn open(
    target: SocketAddr,
    credentials: &Credentials,
    mode: Mode,
    sequence: u32,
) -> Result<Connection, BindError> {
    let request = request(credentials, mode).ok_or(BindError::Credentials)?;
    let mut connection = Connection::open(target)?;
    put_pdu(connection.outgoing(), sequence, request);
    let deadline = Instant::now() + BIND_TIMEOUT;
    while Instant::now() < deadline {
        connection.write()?;
        connection.wait(BIND_TIMEOUT)?;
        let mut answer = None;
        connection.read(|frame, out| match frame.header.command {
            CommandId::EnquireLink => {
                put_header_only(out, CommandId::EnquireLinkResp, 0, frame.header.sequence);
            }
            _ if frame.header.sequence == sequence => answer = Some(frame.header.status),
            _ => {}
        })?;
        match answer {
            Some(0) => return Ok(connection),
            Some(status) => return Err(BindError::Refused(status)),
            None => {}
        }
    }
    Err(BindError::Silence)
}

fn request(credentials: &Credentials, mode: Mode) -> Option<Pdu> {
    let system_id = COctetString::from_string(credentials.system_id.clone()).ok()?;
    let password = COctetString::from_string(credentials.password.clone()).ok()?;
    let system_type = COctetString::empty();
    let version = InterfaceVersion::Smpp3_4;
    let (ton, npi, range) = (Ton::Unknown, Npi::Unknown, COctetString::empty());
    Some(match mode {
        Mode::Transmitter => {
            BindTransmitter::new(system_id, password, system_type, version, ton, npi, range).into()
        }
        Mode::Receiver => {
            BindReceiver::new(system_id, password, system_type, version, ton, npi, range).into()
        }
        Mode::Transceiver => {
            BindTransceiver::new(system_id, password, system_type, version, ton, npi, range).into()
        }
    })
}
