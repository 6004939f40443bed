//! Operators as provisioned: how they are routed to, and how a link to them is made.
//!
//! These are values only. `operators_reader.rs` reads them, the engine routes by [`ProvisionedOperator::operator`],
//! and the links are made from [`OperatorSmpp`].

use std::path::PathBuf;
use std::sync::Arc;

use tollgate_engine::operator::Operator;
use tollgate_smpp::receipt::ReceiptIdFormat;

use crate::choice::Choice;
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
    /// Version of SMPP.
    pub interface_version: InterfaceVersion,
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

impl Choice for OperatorBind {
    const ALL: &'static [Self] = &[Self::Transceiver, Self::TransmitterReceiver];

    fn word(self) -> &'static str {
        match self {
            Self::Transceiver => "transceiver",
            Self::TransmitterReceiver => "separate",
        }
    }
}

/// Version of SMPP that a link binds with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InterfaceVersion {
    /// SMPP 3.3.
    V33,
    /// SMPP 3.4.
    #[default]
    V34,
    /// SMPP 5.0.
    V50,
}

impl InterfaceVersion {
    /// The octet in a bind (SMPP 3.4 §5.2.4).
    pub const fn octet(self) -> u8 {
        match self {
            Self::V33 => 0x33,
            Self::V34 => 0x34,
            Self::V50 => 0x50,
        }
    }

    /// The version that has this octet.
    pub fn of_octet(octet: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|version| version.octet() == octet)
    }
}

impl Choice for InterfaceVersion {
    const ALL: &'static [Self] = &[Self::V33, Self::V34, Self::V50];

    fn word(self) -> &'static str {
        match self {
            Self::V33 => "3.3",
            Self::V34 => "3.4",
            Self::V50 => "5.0",
        }
    }
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

/// Name of a [`NumberFormat`], without the country that [`NumberFormat::National`] needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NumberStyle {
    /// As [`NumberFormat::International`].
    #[default]
    International,
    /// As [`NumberFormat::Plus`].
    Plus,
    /// As [`NumberFormat::DoubleZero`].
    DoubleZero,
    /// As [`NumberFormat::National`].
    National,
    /// As [`NumberFormat::AsSubmitted`].
    AsSubmitted,
}

impl Choice for NumberStyle {
    const ALL: &'static [Self] =
        &[Self::International, Self::Plus, Self::DoubleZero, Self::National, Self::AsSubmitted];

    fn word(self) -> &'static str {
        match self {
            Self::International => "international",
            Self::Plus => "plus",
            Self::DoubleZero => "double_zero",
            Self::National => "national",
            Self::AsSubmitted => "as_submitted",
        }
    }
}

impl NumberFormat {
    /// The format of that name, with the calling code of the country if it needs one; `None` if that is missing.
    pub fn new(style: NumberStyle, calling_code: Option<Arc<str>>) -> Option<Self> {
        Some(match style {
            NumberStyle::International => Self::International,
            NumberStyle::Plus => Self::Plus,
            NumberStyle::DoubleZero => Self::DoubleZero,
            NumberStyle::National => Self::National { calling_code: calling_code? },
            NumberStyle::AsSubmitted => Self::AsSubmitted,
        })
    }

    /// The name of the format.
    pub const fn style(&self) -> NumberStyle {
        match self {
            Self::International => NumberStyle::International,
            Self::Plus => NumberStyle::Plus,
            Self::DoubleZero => NumberStyle::DoubleZero,
            Self::National { .. } => NumberStyle::National,
            Self::AsSubmitted => NumberStyle::AsSubmitted,
        }
    }

    /// The calling code of the country whose numbers are written as national ones.
    pub const fn calling_code(&self) -> Option<&Arc<str>> {
        match self {
            Self::National { calling_code } => Some(calling_code),
            _ => None,
        }
    }
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

impl Choice for LongMessages {
    const ALL: &'static [Self] = &[Self::AsSubmitted, Self::Payload];

    fn word(self) -> &'static str {
        match self {
            Self::AsSubmitted => "as_submitted",
            Self::Payload => "payload",
        }
    }
}
