//! Operators as provisioned: how they are routed to, and how a link to them is made.
//!
//! These are values only. `operators_reader.rs` reads them, the engine routes by
//! [`ProvisionedOperator::operator`], and the links are made from [`OperatorSmpp`].

use std::path::PathBuf;
use std::sync::Arc;

use tollgate_engine::operator::Operator;
use tollgate_engine::receipt_id::ReceiptIdFormat;
use tollgate_engine::time::ClockZone;

use crate::choice::Choice;
use crate::delivery::UnknownPolicy;
use crate::receipt_states::ReceiptStates;
use crate::secret::Secret;

/// An operator and its links.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvisionedOperator {
    /// The operator for the engine's routing. Its number is zero until it is provisioned on disk.
    pub operator: Operator,
    /// The links to it.
    pub smpp: OperatorSmpp,
}

/// The links to one operator, which are the same but for what they carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorSmpp {
    /// A name or an address.
    pub host: String,
    /// The TCP port.
    pub port: u16,
    /// TLS; `None` for none.
    pub tls: Option<OperatorTls>,
    /// The name it is bound to with, at most 15 octets.
    pub system_id: String,
    /// The password it is bound to with.
    pub password: Secret,
    /// `system_type` of the bind, at most 12 octets; mostly empty.
    pub system_type: String,
    /// Version of SMPP.
    pub interface_version: InterfaceVersion,
    /// The kind of bind.
    pub bind: OperatorBind,
    /// Simultaneous binds that carry messages.
    pub binds: u32,
    /// Unanswered messages that one bind may have.
    pub window: u32,
    /// Messages per second over all binds; `None` for no limit.
    pub throughput_per_second: Option<u32>,
    /// Silence after which the link is tested by an enquire_link.
    pub enquire_link_seconds: u32,
    /// Time that the operator has to answer a request.
    pub response_seconds: u32,
    /// Time that connecting, TLS and binding have together.
    pub connect_seconds: u32,
    /// The first pause between two attempts to bind, in milliseconds.
    pub reconnect_min_ms: u32,
    /// The longest pause between two attempts to bind, in milliseconds.
    pub reconnect_max_ms: u32,
    /// Format of destination numbers.
    pub number_format: NumberFormat,
    /// Relation of the message ids in its receipts to those in its responses.
    pub receipt_ids: ReceiptIdFormat,
    /// The operator's own words for the states of messages.
    pub receipt_states: ReceiptStates,
    /// The time zone of the dates in its receipts; `None` where it is not known.
    pub receipt_time_zone: Option<ClockZone>,
    /// True if every message asks for a receipt; otherwise only those do whose client asked for one.
    pub receipts: bool,
    /// Number of times that a temporarily refused message is offered to it again before another operator is
    /// tried.
    pub retries: u32,
    /// Form in which messages of more than one segment are sent.
    pub long_messages: LongMessages,
    /// Policy for messages of unknown outcome; `None` for that of `[delivery]`.
    pub unknown_outcome: Option<UnknownPolicy>,
}

/// TLS to an operator.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperatorTls {
    /// PEM file with the authorities that may have signed its certificate; `None` for those of the system.
    pub ca_file: Option<PathBuf>,
    /// The name in its certificate; `None` for the host.
    pub server_name: Option<String>,
    /// Accepts any certificate: anybody on the way can read and change everything.
    pub insecure: bool,
}

/// The kind of bind that an operator gets (SMPP 3.4 §2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OperatorBind {
    /// Every bind carries messages and receipts.
    #[default]
    Transceiver,
    /// One transmitter for each of `binds`, and one receiver.
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
    /// SMPP version 3.3.
    V33,
    /// SMPP version 3.4.
    #[default]
    V34,
    /// SMPP version 5.0.
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

/// Format of the destination numbers that an operator gets (SMPP 3.4 §5.2.5, §5.2.6).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum NumberFormat {
    /// Digits with calling code, TON 1, NPI 1.
    #[default]
    International,
    /// Digits with calling code after a `+`.
    Plus,
    /// Digits with calling code after `00`.
    DoubleZero,
    /// Numbers of one country as its people dial them, without calling code; others as international.
    National {
        /// The country's, such as `254`.
        calling_code: Arc<str>,
    },
    /// The number as the gateway wrote it.
    AsSubmitted,
}

/// Name of a [`NumberFormat`], without the country that [`NumberFormat::National`] needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NumberStyle {
    /// The name of [`NumberFormat::International`].
    #[default]
    International,
    /// The name of [`NumberFormat::Plus`].
    Plus,
    /// The name of [`NumberFormat::DoubleZero`].
    DoubleZero,
    /// The name of [`NumberFormat::National`].
    National,
    /// The name of [`NumberFormat::AsSubmitted`].
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
    /// The format of that name, with the calling code of the country if it needs one; `None` if that is
    /// missing.
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

/// Form in which messages of more than one segment are sent to an operator. A text that is longer than a
/// short_message (254 octets) goes into a message_payload in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LongMessages {
    /// The form in which the gateway submitted them.
    #[default]
    AsSubmitted,
    /// A message_payload TLV, whatever the form in which the gateway submitted them (SMPP 3.4 §5.3.2.32).
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
