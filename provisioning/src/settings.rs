//! The settings of the process: the content of `tollgate.toml`, with a default for every key.
//!
//! Field names are the keys of the file. [`Settings::default`] is what an empty file means, the paths of the
//! tariff aside; `config/README.md` explains every key to the operator.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;
use serde::{Serialize, Serializer};
use tollgate_engine::pumping::PumpingSettings;
use tollgate_engine::refusal::{Refusal, StatusTable};

use crate::api::{ApiSettings, BillingSettings, MailSettings};
use crate::choice::Choice;
use crate::delivery::DeliverySettings;
use crate::payments::PaymentsSettings;
use crate::pumping::by_key;
use crate::secrets::SecretsSettings;
use crate::webhooks::WebhookSettings;

/// The content of `tollgate.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// The SMPP server.
    pub smpp: SmppSettings,
    /// The HTTP server.
    pub http: HttpSettings,
    /// The Prometheus endpoint.
    pub metrics: MetricsSettings,
    /// The data directory and the committer in front of it.
    pub storage: StorageSettings,
    /// The log on standard error.
    pub log: LogSettings,
    /// Tags of the TLVs that carry Tollgate's own fields, where an account has no others.
    pub tlv: TlvTags,
    /// `command_status` of every refusal, where an account has no other.
    #[serde(serialize_with = "statuses_by_name")]
    pub refusals: StatusTable,
    /// The files of the tariff.
    pub tariff: TariffFiles,
    /// The files of the operators.
    pub operators: OperatorFiles,
    /// Messages on their way to the operators.
    pub delivery: DeliverySettings,
    /// The management API.
    pub api: ApiSettings,
    /// Mails that are sent.
    pub mail: MailSettings,
    /// Tasks that billing does by itself.
    pub billing: BillingSettings,
    /// Money that comes in, and the providers that bring it.
    pub payments: PaymentsSettings,
    /// Keys of the secrets in the data directory.
    pub secrets: SecretsSettings,
    /// Networks that events of accounts may be posted to.
    pub webhooks: WebhookSettings,
    /// The search for traffic pumping, where an account sets nothing else.
    #[serde(serialize_with = "by_key")]
    pub traffic_pumping: PumpingSettings,
    /// True if a change of a file that was read reloads the configuration.
    pub watch_files: bool,
}

/// The SMPP server. A bind that is open keeps the values it began with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SmppSettings {
    /// The address at which gateways connect; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The address at which gateways connect with TLS; `None` for no TLS.
    pub tls_listen: Option<SocketAddr>,
    /// PEM file with the certificate chain.
    pub tls_certificate: Option<PathBuf>,
    /// PEM file with the private key.
    pub tls_key: Option<PathBuf>,
    /// Longest PDU that is read, in octets.
    pub max_pdu_bytes: u32,
    /// Connections at once, bound or not.
    pub max_connections: u32,
    /// Connections at once that have not bound.
    pub max_unbound_connections: u32,
    /// Of those, connections of one address.
    pub max_unbound_per_address: u32,
    /// Proxies that say for whom they connect.
    pub trusted_proxies: Vec<IpNet>,
    /// Requests that one bind may have unanswered, where its account sets no other number.
    pub window: u32,
    /// Time from connection to bind.
    pub session_init_seconds: u32,
    /// Silence after which the peer is tested by an enquire_link.
    pub enquire_link_seconds: u32,
    /// Silence after which the connection is closed.
    pub inactivity_seconds: u32,
    /// Time that the peer has to answer a request of ours.
    pub response_seconds: u32,
    /// Time from the first octet of a PDU to its last.
    pub partial_pdu_seconds: u32,
}

/// The HTTP server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HttpSettings {
    /// The address that it listens on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Connections at once.
    pub max_connections: u32,
    /// Of those, connections of one address.
    pub max_connections_per_address: u32,
    /// Time for the head of a request to arrive, and for which a connection may wait for the next one.
    pub header_timeout_seconds: u32,
    /// Proxies that say for whom they connect.
    pub trusted_proxies: Vec<IpNet>,
}

/// The Prometheus endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MetricsSettings {
    /// The address that it listens on; port 0 takes a free one.
    pub listen: SocketAddr,
}

/// The data directory and the committer in front of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StorageSettings {
    /// The directory, which is made if it does not exist.
    pub data_dir: PathBuf,
    /// The point at which a commit counts as durable.
    pub durability: Durability,
    /// Charges that may wait for the committer.
    pub queue_messages: u32,
    /// Charges in one commit.
    pub batch_messages: u32,
    /// Octets in one commit.
    pub batch_bytes: u32,
    /// Free space in the file system below which messages are refused.
    pub minimum_free_bytes: u64,
    /// The moments at which the anchor is written.
    pub anchor: AnchorMode,
    /// The shortest time between two writes of a periodic anchor.
    pub anchor_interval_ms: u32,
    /// A second file for the anchor, on another disk.
    pub second_anchor: Option<PathBuf>,
    /// Time for which an idempotency key is remembered.
    pub idempotency_window_hours: u32,
    /// Time for which a wall clock that jumped has to stand before it is believed.
    pub clock_trust_seconds: u32,
    /// Days for which the texts of messages are kept; zero where they are not.
    pub message_text_days: u32,
}

/// The point at which a commit counts as durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Durability {
    /// The disk has it: it survives power loss.
    #[default]
    Sync,
    /// The operating system has it: it survives the end of the process, but not that of the machine.
    Os,
}

impl Choice for Durability {
    const ALL: &'static [Self] = &[Self::Sync, Self::Os];

    fn word(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Os => "os",
        }
    }
}

/// The moments at which the anchor is written, which says up to which commit the log must reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnchorMode {
    /// With every commit, before anybody is answered: a loss of anything acknowledged is noticed at the next start.
    #[default]
    EveryCommit,
    /// Behind the commits, once in an interval: nobody waits, and a loss within the interval is not noticed.
    Periodic,
}

impl Choice for AnchorMode {
    const ALL: &'static [Self] = &[Self::EveryCommit, Self::Periodic];

    fn word(self) -> &'static str {
        match self {
            Self::EveryCommit => "every_commit",
            Self::Periodic => "periodic",
        }
    }
}

/// The log on standard error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LogSettings {
    /// The least severe level that is written.
    pub level: LogLevel,
    /// The form in which an event is written.
    pub format: LogFormat,
}

/// Severity of a log event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Events that somebody must act on.
    Error,
    /// Events that somebody should look at.
    Warn,
    /// Normal events: binds, reloads, recoveries.
    #[default]
    Info,
    /// Details of what the process does, for its developers.
    Debug,
    /// Every step of it.
    Trace,
}

impl Choice for LogLevel {
    const ALL: &'static [Self] = &[Self::Error, Self::Warn, Self::Info, Self::Debug, Self::Trace];

    fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// The form in which log events are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Text for people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

impl Choice for LogFormat {
    const ALL: &'static [Self] = &[Self::Text, Self::Json];

    fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

/// Tags of the TLVs that carry Tollgate's own fields; all in the vendors' space, 0x1400 to 0x3FFF (SMPP 3.4
/// §5.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TlvTags {
    /// In a request: a text that makes a resend of the same message recognisable.
    #[serde(serialize_with = "hexadecimal")]
    pub idempotency_key: u16,
    /// In a request: the dispatch that the message belongs to.
    #[serde(serialize_with = "hexadecimal")]
    pub dispatch_id: u16,
    /// In a request: the client's own id for the message; `None` where no tag is for it.
    #[serde(serialize_with = "hexadecimal_option", skip_serializing_if = "Option::is_none")]
    pub user_sms_id: Option<u16>,
    /// In a request: the network of the destination, such as `63902`; used for accounts with
    /// `trusts_network_tlv`.
    #[serde(serialize_with = "hexadecimal")]
    pub network: u16,
    /// In a request: `1` asks for the reply TLVs.
    #[serde(serialize_with = "hexadecimal")]
    pub price_request: u16,
    /// In a response: the price of the message.
    #[serde(serialize_with = "hexadecimal")]
    pub price: u16,
    /// In a response: the balance after it.
    #[serde(serialize_with = "hexadecimal")]
    pub balance: u16,
    /// In a response: the network that was charged for.
    #[serde(serialize_with = "hexadecimal")]
    pub network_reply: u16,
    /// In a response: the name of the refusal.
    #[serde(serialize_with = "hexadecimal")]
    pub reason: u16,
}

/// The files of the tariff, as written: absolute, or relative to the directory of `tollgate.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TariffFiles {
    /// The file of plans, `plans.toml`.
    pub plans: String,
    /// The file of accounts, `accounts.toml`.
    pub accounts: String,
    /// Rates by plan and network.
    pub rates: Vec<String>,
    /// Prefix → network.
    pub numbering: String,
    /// The catalogue of networks.
    pub networks: String,
    /// The catalogue of countries.
    pub countries: String,
    /// Number → network, before the numbering plan; `None` for no ported numbers.
    pub ported: Option<String>,
    /// Price lists of resellers, `price_lists.toml`; `None` for none.
    pub price_lists: Option<String>,
    /// Bundle products, `bundles.toml`; `None` for none.
    pub bundles: Option<String>,
    /// Exchange rates, where there are no operators whose settings name them; `None` for none.
    pub exchange_rates: Option<String>,
}

/// The files of the operators, as written: absolute, or relative to the directory of `tollgate.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OperatorFiles {
    /// The file of operators, `operators.toml`; `None` if messages are charged and kept but not sent.
    pub file: Option<String>,
    /// Exchange rates; `None` for none.
    pub exchange_rates: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            smpp: SmppSettings::default(),
            http: HttpSettings::default(),
            metrics: MetricsSettings::default(),
            storage: StorageSettings::default(),
            log: LogSettings::default(),
            tlv: TlvTags::default(),
            refusals: StatusTable::default(),
            tariff: TariffFiles::default(),
            operators: OperatorFiles::default(),
            delivery: DeliverySettings::default(),
            api: ApiSettings::default(),
            mail: MailSettings::default(),
            billing: BillingSettings::default(),
            payments: PaymentsSettings::default(),
            secrets: SecretsSettings::default(),
            webhooks: WebhookSettings::default(),
            traffic_pumping: PumpingSettings::DEFAULT,
            watch_files: true,
        }
    }
}

impl Default for SmppSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 2775),
            tls_listen: None,
            tls_certificate: None,
            tls_key: None,
            max_pdu_bytes: 70_000, // a message_payload of 64 KiB and the rest of the PDU
            max_connections: 1_000,
            max_unbound_connections: 500,
            max_unbound_per_address: 100,
            trusted_proxies: Vec::new(),
            window: 1_000,
            session_init_seconds: 10,
            enquire_link_seconds: 30,
            inactivity_seconds: 120,
            response_seconds: 30,
            partial_pdu_seconds: 10,
        }
    }
}

impl Default for HttpSettings {
    /// This machine only.
    fn default() -> Self {
        Self {
            listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080),
            max_connections: 500,
            max_connections_per_address: 100,
            header_timeout_seconds: 15,
            trusted_proxies: Vec::new(),
        }
    }
}

impl Default for MetricsSettings {
    /// This machine only.
    fn default() -> Self {
        Self { listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9464) }
    }
}

impl Default for StorageSettings {
    fn default() -> Self {
        Self {
            data_dir: PathBuf::from("/var/lib/tollgate"),
            durability: Durability::Sync,
            queue_messages: 65_536,
            batch_messages: 8_192,
            batch_bytes: 4 << 20,
            minimum_free_bytes: 256 << 20,
            anchor: AnchorMode::EveryCommit,
            anchor_interval_ms: 100,
            second_anchor: None,
            idempotency_window_hours: 72,
            clock_trust_seconds: 600,
            message_text_days: 0,
        }
    }
}

impl Default for TlvTags {
    fn default() -> Self {
        Self {
            idempotency_key: 0x1450,
            dispatch_id: 0x1451,
            user_sms_id: None,
            network: 0x1403,
            price_request: 0x1421,
            price: 0x1422,
            balance: 0x1423,
            network_reply: 0x1402,
            reason: 0x1452,
        }
    }
}

impl TlvTags {
    /// The tags that are read from requests, by key.
    pub fn in_requests(&self) -> Vec<(&'static str, u16)> {
        let always = [
            ("idempotency_key", self.idempotency_key),
            ("dispatch_id", self.dispatch_id),
            ("network", self.network),
            ("price_request", self.price_request),
        ];
        always.into_iter().chain(self.user_sms_id.map(|tag| ("user_sms_id", tag))).collect()
    }

    /// The tags that are written into responses, by key.
    pub fn in_responses(&self) -> Vec<(&'static str, u16)> {
        vec![
            ("price", self.price),
            ("balance", self.balance),
            ("network_reply", self.network_reply),
            ("reason", self.reason),
        ]
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn hexadecimal<S: Serializer>(tag: &u16, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&format!("0x{tag:04X}"))
}

#[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "the signature that serde calls")]
fn hexadecimal_option<S: Serializer>(tag: &Option<u16>, serializer: S) -> Result<S::Ok, S::Error> {
    match tag {
        Some(tag) => hexadecimal(tag, serializer),
        None => serializer.serialize_none(),
    }
}

fn statuses_by_name<S: Serializer>(table: &StatusTable, serializer: S) -> Result<S::Ok, S::Error> {
    let named =
        Refusal::ALL.iter().map(|refusal| (refusal.name(), format!("0x{:04X}", table.status(*refusal))));
    named.collect::<BTreeMap<_, _>>().serialize(serializer)
}
