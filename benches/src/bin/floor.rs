//! The floor: the least that an SMPP server can do over rusmpp's own codec, to measure Tollgate against.
//!
//! It takes every bind, answers every `submit_sm` with `ESME_ROK` and an id, one flush for all that one read
//! brought, and charges, checks and stores nothing. Prints the address it listens on.

use std::io;

use futures::{SinkExt, StreamExt};
use rusmpp::pdus::{BindReceiverResp, BindTransceiverResp, BindTransmitterResp, SubmitSmResp};
use rusmpp::tokio_codec::{CommandCodec, EncodeError};
use rusmpp::types::COctetString;
use rusmpp::{Command, CommandId, CommandStatus, Pdu};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::Framed;

/// Read and write buffers; larger ones gain nothing.
const BUFFER_OCTETS: usize = 64 * 1024;

/// Commands of one chunk at most; more than a full buffer holds of the shortest.
const CHUNK_COMMANDS: usize = 4096;

/// A `message_payload` of 64 KiB and the rest of its PDU.
const PDU_OCTETS_MAX: usize = 70_000;

#[tokio::main]
async fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        tokio::spawn(async move {
            if let Err(error) = serve(stream).await {
                eprintln!("floor: {error}");
            }
        });
    }
}

async fn serve(stream: TcpStream) -> Result<(), EncodeError> {
    let codec = CommandCodec::new().with_max_length(PDU_OCTETS_MAX);
    let mut framed = Framed::with_capacity(stream, codec, BUFFER_OCTETS);
    // Flushed by hand, once for each chunk.
    framed.set_backpressure_boundary(usize::MAX);
    let (mut responses, requests) = framed.split();
    let mut chunks = requests.ready_chunks(CHUNK_COMMANDS);
    let mut ids = Ids::new();
    while let Some(chunk) = chunks.next().await {
        for command in chunk {
            let Ok(command) = command else { return Ok(()) };
            if let Some(response) = answer(&command, &mut ids) {
                responses
                    .feed(Command::new(CommandStatus::EsmeRok, command.sequence_number(), response))
                    .await?;
            }
        }
        responses.flush().await?;
    }
    Ok(())
}

fn answer(command: &Command, ids: &mut Ids) -> Option<Pdu> {
    Some(match command.id() {
        CommandId::SubmitSm => SubmitSmResp::new(ids.next(), Vec::new()).into(),
        CommandId::BindTransmitter => BindTransmitterResp::default().into(),
        CommandId::BindReceiver => BindReceiverResp::default().into(),
        CommandId::BindTransceiver => BindTransceiverResp::default().into(),
        CommandId::EnquireLink => Pdu::EnquireLinkResp,
        CommandId::Unbind => Pdu::UnbindResp,
        _ => return None,
    })
}

/// Counts in decimal, so that an id costs no more than a copy.
struct Ids {
    /// Ten digits and the NUL that ends a C-octet string.
    digits: [u8; 11],
}

impl Ids {
    const fn new() -> Self {
        Self { digits: *b"1000000000\0" }
    }

    fn next(&mut self) -> COctetString<1, 65> {
        for digit in self.digits.iter_mut().rev().skip(1) {
            *digit += 1;
            if *digit <= b'9' {
                break;
            }
            *digit = b'0';
        }
        COctetString::from_slice(&self.digits).unwrap_or_default()
    }
}
