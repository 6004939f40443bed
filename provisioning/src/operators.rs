//! Operators as provisioned: how they are routed to, and how a link to them is made.
//!
//! These are values only. `operators_reader.rs` reads them, the engine routes by [`ProvisionedOperator::operator`],
//! and the links are made from [`OperatorSmpp`].

use std::path::PathBuf;
use std::sync::Arc;

use tollgate_engine::operator::Operator;
use tollgate_smpp::receipt::ReceiptIdFormat;

use crate::delivery::UnknownPolicy;
use crate::secret::Secret;

/// An operator, with what it takes to bind to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisionedOperator {
    /// As the engine routes to it. Its number is zero until it is provisioned on disk.
    pub operator: Operator,
    /// Its links.
    pub smpp: OperatorSmpp,
}

/// The links to one operator, which are the same but for what they carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorSmpp {
    /// A name or an address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// TLS; `None` for none.
    pub tls: Option<OperatorTls>,
    /// The name it is bound to with, at most 15 octets.
    pub system_id: String,
    /// The password it is bound to with.
    pub password: Secret,
    /// What the operator wants there, at most 12 octets; mostly empty.
    pub system_type: String,
    /// Of SMPP: 0x33, 0x34 or 0x50.
    pub interface_version: u8,
    /// Which kind of bind.
    pub bind: OperatorBind,
    /// Binds that carry messages, at once.
    pub binds: u32,
    /// Messages that one bind may have unanswered.
    pub window: u32,
    /// Messages per second over all binds; `None` for no limit.
    pub throughput_per_second: Option<u32>,
    /// Silence after which the operator is asked whether it is alive.
    pub enquire_link_seconds: u32,
    /// How long the operator may take to answer a request.
    pub response_seconds: u32,
    /// How long connecting, TLS and binding may take together.
    pub connect_seconds: u32,
    /// The first pause between two tries to bind, in milliseconds.
    pub reconnect_min_ms: u32,
    /// The longest pause between two tries to bind, in milliseconds.
    pub reconnect_max_ms: u32,
    /// How destinations are written.
    pub number_format: NumberFormat,
    /// How the ids in its receipts relate to those in its responses.
    pub receipt_ids: ReceiptIdFormat,
    /// Whether every message asks for a receipt; otherwise those do whose client asked for one.
    pub receipts: bool,
    /// How often a message that it refused for the moment is offered to it again before another operator is asked.
    pub retries: u32,
    /// How messages of more than one segment are handed over.
    pub long_messages: LongMessages,
    /// What becomes of a message of unknown outcome; `None` for what `[delivery]` says.
    pub unknown_outcome: Option<UnknownPolicy>,
}

/// TLS to an operator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperatorTls {
    /// PEM file with the authorities that may have signed its certificate; `None` for those of the system.
    pub ca_file: Option<PathBuf>,
    /// The name in its certificate; `None` for the host.
    pub server_name: Option<String>,
    /// Accepts any certificate: whoever stands between can read and change everything.
    pub insecure: bool,
}

/// Which kind of bind an operator gets (SMPP 3.4 §2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OperatorBind {
    /// Every bind carries messages and receipts.
    #[default]
    Transceiver,
    /// As many transmitters as there are `binds`, and one receiver.
    TransmitterReceiver,
}

impl OperatorBind {
    /// Every kind, by its word in the file.
    pub const NAMES: [(&'static str, Self); 2] =
        [("transceiver", Self::Transceiver), ("separate", Self::TransmitterReceiver)];
}

/// How destinations are written to an operator (SMPP 3.4 §5.2.5, §5.2.6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum NumberFormat {
    /// Digits with calling code, TON 1, NPI 1.
    #[default]
    International,
    /// The same digits after a `+`.
    Plus,
    /// The same digits after `00`.
    DoubleZero,
    /// Numbers of one country as its people dial them, without calling code; others as international.
    National {
        /// The country's, such as `254`.
        calling_code: Arc<str>,
    },
    /// As the gateway wrote them.
    AsSubmitted,
}

impl NumberFormat {
    /// Those that are one word in the file; [`Self::National`] is a table.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("international", Self::International),
        ("plus", Self::Plus),
        ("double_zero", Self::DoubleZero),
        ("as_submitted", Self::AsSubmitted),
    ];
}

/// How messages of more than one segment are handed to an operator. What is longer than a short_message (254 octets)
/// goes into a message_payload in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LongMessages {
    /// As the gateway submitted them.
    #[default]
    AsSubmitted,
    /// Those of more than one segment in a message_payload TLV, however the gateway submitted them (SMPP 3.4
    /// §5.3.2.32).
    Payload,
}

impl LongMessages {
    /// Every way, by its word in the file.
    pub const NAMES: [(&'static str, Self); 2] =
        [("as_submitted", Self::AsSubmitted), ("payload", Self::Payload)];
}
