//! A small SMPP gateway: binds, submits one message, and waits for its receipt.
//!
//! A gateway in production keeps a window of unanswered messages and binds again when its connection is lost; Tollgate
//! needs nothing else of it. TLV numbers are those of the shipped configuration (`[tlv]` in `tollgate.toml`).

use std::error::Error;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use clap::Parser;
use futures::{SinkExt, StreamExt};
use rusmpp::pdus::{BindTransceiver, DeliverSmResp, SubmitSm};
use rusmpp::tlvs::{MessageSubmissionRequestTlvValue, Tlv, TlvTag, TlvValue};
use rusmpp::tokio_codec::CommandCodec;
use rusmpp::types::{AnyOctetString, COctetString, OctetString};
use rusmpp::values::{InterfaceVersion, Npi, RegisteredDelivery, Ton};
use rusmpp::{Command, CommandId, CommandStatus, Pdu};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::codec::Framed;

const IDEMPOTENCY_KEY: TlvTag = TlvTag::Other(0x1450);
const PRICE_REQUEST: TlvTag = TlvTag::Other(0x1421);
const PRICE: TlvTag = TlvTag::Other(0x1422);
const BALANCE: TlvTag = TlvTag::Other(0x1423);
const REASON: TlvTag = TlvTag::Other(0x1452);

/// Submit one message over SMPP and wait for its receipt
#[derive(Parser)]
struct Options {
    /// Address of the daemon
    #[arg(long, default_value = "127.0.0.1:2775")]
    server: String,
    #[arg(long, default_value = "biz_test_001")]
    system_id: String,
    #[arg(long, default_value = "secret01")]
    password: String,
    /// Sender, at most 11 characters
    #[arg(long, default_value = "ACME")]
    from: String,
    /// Destination, international and without +
    #[arg(long)]
    to: String,
    /// Text in ASCII, at most 160 characters
    #[arg(long, default_value = "Your code is 493817")]
    text: String,
    /// Idempotency key; a resend with the same key is not charged again
    #[arg(long)]
    key: Option<String>,
    /// Seconds to wait for the receipt
    #[arg(long, default_value_t = 10)]
    wait: u64,
}

type Failure = Box<dyn Error>;

/// One connection that is bound as a transceiver.
struct Gateway {
    stream: Framed<TcpStream, CommandCodec>,
    sequence: u32,
    receipts: Vec<String>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Failure> {
    let options = Options::parse();
    let mut gateway = Gateway::bind(&options).await?;
    let answer = gateway.ask(message(&options)?).await?;
    let Some(Pdu::SubmitSmResp(response)) = answer.pdu() else {
        return Err(format!("refused with {:?}", answer.status()).into());
    };
    if answer.status() != CommandStatus::EsmeRok {
        let reason = field(response.tlvs(), REASON).unwrap_or_default();
        println!("refused with {:?}, {reason}", answer.status());
        gateway.ask(Pdu::Unbind).await?;
        return Ok(ExitCode::FAILURE);
    }
    let id = response.message_id();
    let told = |tag| field(response.tlvs(), tag).unwrap_or_default();
    // A resend with the same key gets the same id and price again, and is charged nothing.
    println!("charged {id}: price {}, balance {}", told(PRICE), told(BALANCE));
    match timeout(Duration::from_secs(options.wait), gateway.receipt()).await {
        Ok(receipt) => println!("receipt {}", receipt?),
        Err(_) => println!("no receipt yet; it waits for the next bind"),
    }
    gateway.ask(Pdu::Unbind).await?;
    Ok(ExitCode::SUCCESS)
}

/// The submit_sm with a receipt asked for, and Tollgate's TLVs for the price and for the key.
fn message(options: &Options) -> Result<Pdu, Failure> {
    let mut submit = SubmitSm::builder()
        .source_addr_ton(Ton::Alphanumeric)
        .source_addr(COctetString::from_str(&options.from)?)
        .dest_addr_ton(Ton::International)
        .dest_addr_npi(Npi::Isdn)
        .destination_addr(COctetString::from_str(&options.to)?)
        .registered_delivery(RegisteredDelivery::request_all())
        .short_message(OctetString::from_str(&options.text)?)
        .push_tlv(other(PRICE_REQUEST, "1"));
    if let Some(key) = &options.key {
        submit = submit.push_tlv(other(IDEMPOTENCY_KEY, key));
    }
    Ok(submit.build().into())
}

fn other(tag: TlvTag, text: &str) -> MessageSubmissionRequestTlvValue {
    MessageSubmissionRequestTlvValue::Other { tag, value: AnyOctetString::from_slice(text.as_bytes()) }
}

/// The text of one of Tollgate's TLVs in a response, if it is there.
fn field(tlvs: &[Tlv], wanted: TlvTag) -> Option<String> {
    let value = tlvs.iter().find(|tlv| tlv.tag() == wanted).and_then(Tlv::value);
    match value {
        // A text in a TLV ends with a NUL.
        Some(TlvValue::Other { value, .. }) => {
            Some(String::from_utf8_lossy(value.as_ref()).trim_end_matches('\0').to_owned())
        }
        _ => None,
    }
}

impl Gateway {
    async fn bind(options: &Options) -> Result<Self, Failure> {
        let stream = Framed::new(TcpStream::connect(&options.server).await?, CommandCodec::new());
        let mut gateway = Self { stream, sequence: 0, receipts: Vec::new() };
        let bind = BindTransceiver::builder()
            .system_id(COctetString::from_str(&options.system_id)?)
            .password(COctetString::from_str(&options.password)?)
            .interface_version(InterfaceVersion::Smpp3_4)
            .build();
        let answer = gateway.ask(bind).await?;
        match answer.status() {
            CommandStatus::EsmeRok => Ok(gateway),
            status => Err(format!("the bind was refused with {status:?}").into()),
        }
    }

    /// Sends a request and reads until its answer is there.
    async fn ask(&mut self, request: impl Into<Pdu>) -> Result<Command, Failure> {
        self.sequence += 1;
        let asked = self.sequence;
        self.stream.send(Command::new(CommandStatus::EsmeRok, asked, request)).await?;
        loop {
            let command = self.next().await?;
            if command.id().is_response() && command.sequence_number() == asked {
                return Ok(command);
            }
        }
    }

    /// The next receipt, however long it takes.
    async fn receipt(&mut self) -> Result<String, Failure> {
        while self.receipts.is_empty() {
            self.next().await?;
        }
        Ok(self.receipts.remove(0))
    }

    /// The next PDU, which is answered here where it is a request.
    async fn next(&mut self) -> Result<Command, Failure> {
        let command = self.stream.next().await.ok_or("the server closed the connection")??;
        let response: Pdu = match command.pdu() {
            Some(Pdu::DeliverSm(deliver)) => {
                self.receipts.push(String::from_utf8_lossy(deliver.short_message().as_ref()).into_owned());
                DeliverSmResp::default().into()
            }
            _ if command.id() == CommandId::EnquireLink => Pdu::EnquireLinkResp,
            _ if command.id() == CommandId::Unbind => Pdu::UnbindResp,
            _ => return Ok(command),
        };
        let sequence = command.sequence_number();
        self.stream.send(Command::new(CommandStatus::EsmeRok, sequence, response)).await?;
        Ok(command)
    }
}
