//! The settings of links to operators: the keys of `[operator.smpp]`, with a password that is accepted
//! and never shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tollgate_engine::receipt_id::ReceiptIdFormat;
use tollgate_engine::settlement;
use tollgate_provisioning::bounds::link;
use tollgate_provisioning::{NumberStyle, OperatorBind, Secret, UnknownPolicy};
use utoipa::ToSchema;

use crate::choice::documented;

/// The settings of the links to an operator. What is not given is as in `operators.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SmppConfig {
    /// A name or an address, without the port.
    #[schema(example = "smsc.example.com")]
    pub host: String,
    /// The TCP port.
    #[serde(default = "default_port")]
    #[schema(example = 2775)]
    pub port: u16,
    /// TLS; null for none, `{}` for TLS with the authorities of the system.
    #[serde(default)]
    pub tls: Option<OperatorTls>,
    /// The name it is bound to with: at most 15 visible ASCII characters.
    pub system_id: String,
    /// The password it is bound to with, at most 64 octets. It is never shown. A change without one keeps the
    /// present one.
    #[serde(default, skip_serializing)]
    #[schema(value_type = Option<String>, write_only)]
    pub password: Option<Secret>,
    /// The system_type that the operator expects, at most 12 ASCII characters; mostly empty.
    #[serde(default)]
    pub system_type: String,
    /// Version of SMPP.
    #[serde(default)]
    pub interface_version: InterfaceVersion,
    /// The filters of a list of kind of bind.
    #[serde(default)]
    pub bind: BindKind,
    /// Binds that carry messages, at once.
    #[serde(default = "default_binds")]
    pub binds: u32,
    /// Messages that one bind may have unanswered.
    #[serde(default = "default_window")]
    pub window: u32,
    /// Messages per second over all binds; null for no limit.
    #[serde(default)]
    pub throughput: Option<u32>,
    /// Silence after which the operator is asked whether it is alive.
    #[serde(default = "default_enquire_link_seconds")]
    pub enquire_link_seconds: u32,
    /// The time that the operator may take to answer.
    #[serde(default = "default_response_seconds")]
    pub response_seconds: u32,
    /// The time that connecting, TLS and binding may take together.
    #[serde(default = "default_connect_seconds")]
    pub connect_seconds: u32,
    /// The first pause between two tries to bind.
    #[serde(default = "default_reconnect_min_ms")]
    pub reconnect_min_ms: u32,
    /// The longest pause between two tries to bind; not below `reconnect_min_ms`.
    #[serde(default = "default_reconnect_max_ms")]
    pub reconnect_max_ms: u32,
    /// The form in which destinations are written.
    #[serde(default)]
    pub number_format: NumberFormat,
    /// The country whose numbers are written `national`, as its calling code; for that format alone.
    #[serde(default)]
    #[schema(pattern = "^[1-9][0-9]{0,2}$", example = "254")]
    pub national_calling_code: Option<String>,
    /// The form of the ids in its receipts, compared with those in its responses.
    #[serde(default)]
    pub receipt_ids: ReceiptIds,
    /// The operator's own words for the states of messages in its receipts, each with the state that it stands for. They
    /// count for more than the known words; a word that is neither ends no message.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(example = json!({ "ABSENT": "undeliverable" }))]
    pub receipt_states: BTreeMap<String, ReceiptState>,
    /// The time zone of the dates in its receipts, such as `Africa/Nairobi` or `+03:00`; null where it is not known:
    /// gateways then get its dates as they came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "Africa/Nairobi")]
    pub receipt_time_zone: Option<String>,
    /// True if every message asks for a receipt; otherwise those do whose sender asked for one.
    #[serde(default = "default_receipts")]
    pub receipts: bool,
    /// The number of times that a message which it refused for the moment is offered to it again before
    /// another operator is tried.
    #[serde(default = "default_retries")]
    pub retries: u32,
    /// The form in which messages of more than one segment are sent.
    #[serde(default)]
    pub long_messages: LongMessages,
    /// The treatment of a message of unknown outcome; null for the setting of `[delivery]`.
    #[serde(default)]
    pub unknown_outcome: Option<UnknownOutcome>,
}

fn default_port() -> u16 {
    link::PORT.default
}

fn default_binds() -> u32 {
    link::BINDS.default
}

fn default_window() -> u32 {
    link::WINDOW.default
}

fn default_enquire_link_seconds() -> u32 {
    link::ENQUIRE_LINK_SECONDS.default
}

fn default_response_seconds() -> u32 {
    link::RESPONSE_SECONDS.default
}

fn default_connect_seconds() -> u32 {
    link::CONNECT_SECONDS.default
}

fn default_reconnect_min_ms() -> u32 {
    link::RECONNECT_MIN_MS.default
}

fn default_reconnect_max_ms() -> u32 {
    link::RECONNECT_MAX_MS.default
}

fn default_receipts() -> bool {
    link::RECEIPTS_DEFAULT
}

fn default_retries() -> u32 {
    link::RETRIES.default
}

/// TLS to an operator.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OperatorTls {
    /// Absolute path, on the server, of a PEM file with the authorities that may have signed its certificate;
    /// null for those of the system.
    #[serde(default)]
    pub ca_file: Option<String>,
    /// The name in its certificate; null for the host.
    #[serde(default)]
    pub server_name: Option<String>,
    /// Accepts any certificate: a third party on the way can read and change everything.
    #[serde(default)]
    pub insecure: bool,
}

documented! {
    /// Version of SMPP.
    InterfaceVersion = tollgate_provisioning::InterfaceVersion;
    /// The kind of bind (SMPP 3.4 §2.2).
    BindKind = OperatorBind;
    /// The form in which destinations are written (SMPP 3.4 §5.2.5, §5.2.6).
    NumberFormat = NumberStyle;
    /// The form of the ids in receipts, compared with those in responses.
    ReceiptIds = ReceiptIdFormat;
    /// The state of a message that a word in receipts stands for (SMPP 5.0 §4.7.15).
    ReceiptState = settlement::ReceiptState;
    /// The form in which messages of more than one segment are sent.
    LongMessages = tollgate_provisioning::LongMessages;
    /// The treatment of a message of unknown outcome.
    UnknownOutcome = UnknownPolicy;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_comes_in_and_never_goes_out() {
        let text = r#"{"host": "smsc", "system_id": "tollgate", "password": "hunter22"}"#;
        let config: SmppConfig = serde_json::from_str(text).unwrap();
        assert_eq!(config.password.as_ref().map(Secret::expose), Some("hunter22"));
        for shown in [format!("{config:?}"), serde_json::to_string(&config).unwrap()] {
            assert!(!shown.contains("hunter22"), "{shown}");
        }
    }

    #[test]
    fn what_is_shown_can_be_sent_back() {
        let config: SmppConfig = serde_json::from_str(r#"{"host": "smsc", "system_id": "t"}"#).unwrap();
        let shown = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<SmppConfig>(&shown).unwrap(), config);
    }
}
