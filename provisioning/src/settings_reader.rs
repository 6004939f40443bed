//! Reads `tollgate.toml`: its settings, and the files of tariff and operators that it names.

use std::fmt::Arguments;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tollgate_engine::refusal::{Refusal, StatusTable};
use toml::de::DeValue;

use crate::api::{read_api, read_billing, read_mail};
use crate::delivery::read_delivery;
use crate::payments::read_payments;
use crate::pumping::read_pumping;
use crate::read::texts;
use crate::read::texts::{Parsed, listen_address};
use crate::read::values::{boolean, hexadecimal, integer, one_of, text};
use crate::read::{SourceFile, Sources, TableReader};
use crate::secrets::{of_service_manager, read_secrets};
use crate::settings::{
    HttpSettings, LogFormat, LogLevel, LogSettings, MetricsSettings, OperatorFiles, Settings, SmppSettings,
    StorageSettings, TariffFiles, TlvTags,
};
use crate::webhooks::read_webhooks;

/// The files of the tariff as they were read, as [`TariffFiles`] names them. One that is not here has left a
/// problem, ported numbers aside, which need not be there.
#[derive(Debug, Default)]
pub struct TariffSources {
    /// The file of plans.
    pub plans: Option<Arc<SourceFile>>,
    /// The file of accounts.
    pub accounts: Option<Arc<SourceFile>>,
    /// Rates by plan and network.
    pub rates: Vec<Arc<SourceFile>>,
    /// Prefix → network.
    pub numbering: Option<Arc<SourceFile>>,
    /// The catalogue of networks.
    pub networks: Option<Arc<SourceFile>>,
    /// The catalogue of countries.
    pub countries: Option<Arc<SourceFile>>,
    /// Number → network.
    pub ported: Option<Arc<SourceFile>>,
    /// The file of price lists.
    pub price_lists: Option<Arc<SourceFile>>,
    /// True if the configuration names one. If it is absent here, it has left a problem.
    pub names_price_lists: bool,
    /// The file of bundle products.
    pub bundles: Option<Arc<SourceFile>>,
    /// The file of exchange rates, where it is named here.
    pub exchange_rates: Option<Arc<SourceFile>>,
    /// True if it is named here.
    pub names_exchange_rates: bool,
}

/// The files of the operators as they were read, as [`OperatorFiles`] names them.
#[derive(Debug, Default)]
pub struct OperatorSources {
    /// The file of operators.
    pub operators: Option<Arc<SourceFile>>,
    /// The file of exchange rates.
    pub exchange_rates: Option<Arc<SourceFile>>,
    /// True if the configuration names a file of operators. If the file is absent here, it has left a
    /// problem.
    pub is_named: bool,
    /// True if the configuration names a file of exchange rates.
    pub names_exchange_rates: bool,
}

/// Tags that are reserved for vendors' own TLVs (SMPP 3.4 §5.3.2).
const VENDOR_TAGS: std::ops::RangeInclusive<u64> = 0x1400..=0x3FFF;

/// Statuses that a refusal may have: errors of SMPP and of vendors. All above them are reserved (SMPP 5.0
/// §4.7.6), and zero would mean that the message was taken.
const STATUSES: std::ops::RangeInclusive<u64> = 0x0001..=0x04FF;

/// The longest time that any timer may have.
const DAY_SECONDS: u64 = 86_400;

/// Reads the whole file except `[routing]`, which refers to operators and networks of other files.
pub fn read_settings(
    root: &mut TableReader,
    sources: &mut Sources,
) -> (Settings, TariffSources, OperatorSources) {
    if !root.has("tariff") {
        root.missing("tariff");
    }
    let tariff = root.table("tariff", |table| read_tariff(table, sources));
    let (tariff, tariff_sources) = tariff.unwrap_or_default();
    let operators = root.table("operators", |table| read_operator_files(table, sources));
    let (operators, mut operator_sources) = operators.unwrap_or_default();
    if tariff_sources.names_exchange_rates && operator_sources.names_exchange_rates {
        root.problem("operators.exchange_rates", "cannot be set together with tariff.exchange_rates");
    } else if tariff_sources.names_exchange_rates {
        operator_sources.exchange_rates.clone_from(&tariff_sources.exchange_rates);
        operator_sources.names_exchange_rates = true;
    }
    let mut settings = Settings {
        smpp: root.table("smpp", |table| read_smpp(table, sources)).unwrap_or_default(),
        http: root.table("http", read_http).unwrap_or_default(),
        metrics: root.table("metrics", read_metrics).unwrap_or_default(),
        storage: root.table("storage", |table| read_storage(table, sources)).unwrap_or_default(),
        log: root.table("log", read_log).unwrap_or_default(),
        tlv: root.table("tlv", |table| read_tlv_tags(table, TlvTags::default())).unwrap_or_default(),
        refusals: root
            .table("refusals", |table| read_statuses(table, &StatusTable::default()))
            .map_or_else(StatusTable::default, |overrides| with_statuses(StatusTable::default(), &overrides)),
        tariff,
        operators,
        delivery: root.table("delivery", read_delivery).unwrap_or_default(),
        api: root.table("api", read_api).unwrap_or_default(),
        mail: root.table("mail", |table| read_mail(table, sources)).unwrap_or_default(),
        billing: root.table("billing", |table| read_billing(table, sources)).unwrap_or_default(),
        payments: root.table("payments", |table| read_payments(table, sources)).unwrap_or_default(),
        webhooks: root.table("webhooks", read_webhooks).unwrap_or_default(),
        traffic_pumping: root.table("traffic_pumping", read_pumping).unwrap_or_default(),
        secrets: root.table("secrets", |table| read_secrets(table, sources)).unwrap_or_default(),
        watch_files: root.or("watch_files", true, boolean),
    };
    if settings.secrets.keys.is_empty() {
        match of_service_manager(sources) {
            Ok(keys) => settings.secrets.keys = keys,
            Err(message) => {
                root.problem("secrets.key_file", format!("the credential of the service manager {message}"));
            }
        }
    }
    check_bounds_together(root, &settings);
    (settings, tariff_sources, operator_sources)
}

/// Bounds that no table can check alone.
fn check_bounds_together(root: &mut TableReader, settings: &Settings) {
    let (smpp, storage) = (&settings.smpp, &settings.storage);
    if smpp.window > storage.queue_messages {
        let message = format!(
            "{} is more than storage.queue_messages, {}: one bind could fill the queue",
            smpp.window, storage.queue_messages
        );
        root.problem("smpp.window", message);
    }
    if smpp.max_pdu_bytes > storage.batch_bytes {
        let message = format!(
            "{} is more than storage.batch_bytes, {}: one message might not fit in a commit",
            smpp.max_pdu_bytes, storage.batch_bytes
        );
        root.problem("smpp.max_pdu_bytes", message);
    }
}

fn read_smpp(table: &mut TableReader, sources: &Sources) -> SmppSettings {
    let default = SmppSettings::default();
    let seconds = || integer(1..=DAY_SECONDS);
    let file = |value: &DeValue| existing_file(value, sources);
    let smpp = SmppSettings {
        listen: table.or("listen", default.listen, text(listen_address)),
        tls_listen: table.optional("tls_listen", text(listen_address)),
        tls_certificate: table.optional("tls_certificate", file),
        tls_key: table.optional("tls_key", file),
        max_pdu_bytes: table.or("max_pdu_bytes", default.max_pdu_bytes, integer(1_024..=1 << 20)),
        max_connections: table.or("max_connections", default.max_connections, integer(1..=100_000)),
        max_unbound_connections: table.or(
            "max_unbound_connections",
            default.max_unbound_connections,
            integer(1..=100_000),
        ),
        max_unbound_per_address: table.or(
            "max_unbound_per_address",
            default.max_unbound_per_address,
            integer(1..=100_000),
        ),
        trusted_proxies: table.list("trusted_proxies", text(texts::address_block)).unwrap_or_default(),
        window: table.or("window", default.window, integer(1..=65_535)),
        session_init_seconds: table.or("session_init_seconds", default.session_init_seconds, seconds()),
        enquire_link_seconds: table.or("enquire_link_seconds", default.enquire_link_seconds, seconds()),
        inactivity_seconds: table.or("inactivity_seconds", default.inactivity_seconds, seconds()),
        response_seconds: table.or("response_seconds", default.response_seconds, seconds()),
        partial_pdu_seconds: table.or("partial_pdu_seconds", default.partial_pdu_seconds, seconds()),
    };
    if smpp.tls_listen.is_some() {
        for key in ["tls_certificate", "tls_key"] {
            if !table.has(key) {
                table.problem(key, "is missing; tls_listen needs it");
            }
        }
    }
    if smpp.enquire_link_seconds >= smpp.inactivity_seconds {
        let message = format!(
            "{} is not less than inactivity_seconds, {}: silence would end a bind before it is asked",
            smpp.enquire_link_seconds, smpp.inactivity_seconds
        );
        table.problem("enquire_link_seconds", message);
    }
    smpp
}

fn read_http(table: &mut TableReader) -> HttpSettings {
    let default = HttpSettings::default();
    HttpSettings {
        listen: read_listen(table, default.listen),
        max_connections: table.or("max_connections", default.max_connections, integer(1..=100_000)),
        max_connections_per_address: table.or(
            "max_connections_per_address",
            default.max_connections_per_address,
            integer(1..=100_000),
        ),
        header_timeout_seconds: table.or(
            "header_timeout_seconds",
            default.header_timeout_seconds,
            integer(1..=DAY_SECONDS),
        ),
        trusted_proxies: table.list("trusted_proxies", text(texts::address_block)).unwrap_or_default(),
    }
}

fn read_metrics(table: &mut TableReader) -> MetricsSettings {
    MetricsSettings { listen: read_listen(table, MetricsSettings::default().listen) }
}

fn read_listen(table: &mut TableReader, default: SocketAddr) -> SocketAddr {
    table.or("listen", default, text(listen_address))
}

fn read_storage(table: &mut TableReader, sources: &Sources) -> StorageSettings {
    let default = StorageSettings::default();
    let storage = StorageSettings {
        data_dir: table.or(
            "data_dir",
            default.data_dir,
            text(|name| texts::file_name(name).map(|name| sources.path_of(&name))),
        ),
        durability: table.or("durability", default.durability, one_of),
        queue_messages: table.or("queue_messages", default.queue_messages, integer(1..=1 << 22)),
        batch_messages: table.or("batch_messages", default.batch_messages, integer(1..=1 << 20)),
        batch_bytes: table.or("batch_bytes", default.batch_bytes, integer(4_096..=1 << 28)),
        minimum_free_bytes: table.or("minimum_free_bytes", default.minimum_free_bytes, integer(0..=1 << 50)),
        anchor: table.or("anchor", default.anchor, one_of),
        anchor_interval_ms: table.or("anchor_interval_ms", default.anchor_interval_ms, integer(10..=60_000)),
        second_anchor: table.optional(
            "second_anchor",
            text(|name| texts::file_name(name).map(|name| sources.path_of(&name))),
        ),
        idempotency_window_hours: table.or(
            "idempotency_window_hours",
            default.idempotency_window_hours,
            integer(1..=24 * 366),
        ),
        clock_trust_seconds: table.or(
            "clock_trust_seconds",
            default.clock_trust_seconds,
            integer(1..=86_400),
        ),
        message_text_days: table.or("message_text_days", default.message_text_days, integer(0..=3_650)),
    };
    if storage.batch_messages > storage.queue_messages {
        let message = format!(
            "{} is more than queue_messages, {}: a commit is taken from the queue",
            storage.batch_messages, storage.queue_messages
        );
        table.problem("batch_messages", message);
    }
    storage
}

fn read_log(table: &mut TableReader) -> LogSettings {
    LogSettings {
        level: table.or("level", LogLevel::default(), one_of),
        format: table.or("format", LogFormat::default(), one_of),
    }
}

/// Reads tags, with `default` for those that are absent. Two fields of one PDU cannot share a tag.
pub fn read_tlv_tags(table: &mut TableReader, default: TlvTags) -> TlvTags {
    let user_sms_id = table.optional("user_sms_id", hexadecimal(VENDOR_TAGS)).or(default.user_sms_id);
    let mut tag = |key, default| table.or(key, default, hexadecimal(VENDOR_TAGS));
    let tags = TlvTags {
        idempotency_key: tag("idempotency_key", default.idempotency_key),
        dispatch_id: tag("dispatch_id", default.dispatch_id),
        user_sms_id,
        network: tag("network", default.network),
        price_request: tag("price_request", default.price_request),
        price: tag("price", default.price),
        balance: tag("balance", default.balance),
        network_reply: tag("network_reply", default.network_reply),
        reason: tag("reason", default.reason),
    };
    for fields in [tags.in_requests(), tags.in_responses()] {
        for (at, (key, tag)) in fields.iter().enumerate() {
            if let Some((other, _)) = fields.iter().take(at).find(|(_, other)| other == tag) {
                clash(table, key, other, format_args!("0x{tag:04X} is the tag"), "");
            }
        }
    }
    tags
}

/// Notes that two keys have the same value, at one that is written here; where neither is, it was noted
/// elsewhere.
fn clash(table: &mut TableReader, key: &str, other: &str, what: Arguments, why: &str) {
    if let Some((told, untold)) = [(key, other), (other, key)].into_iter().find(|(told, _)| table.has(told)) {
        table.problem(told, format!("{what} of {untold} too{why}"));
    }
}

/// Reads the statuses that differ from `default`.
pub fn read_statuses(table: &mut TableReader, default: &StatusTable) -> Vec<(Refusal, u32)> {
    let statuses: Vec<(Refusal, u32)> = Refusal::ALL
        .iter()
        .filter_map(|refusal| Some((*refusal, table.optional(refusal.name(), hexadecimal(STATUSES))?)))
        .collect();
    // A client that mistakes lack of money for a fault sends the message again and again.
    let after = with_statuses(default.clone(), &statuses);
    let funds = Refusal::InsufficientFunds;
    for fault in [Refusal::StorageUnavailable, Refusal::Overloaded, Refusal::Malformed, Refusal::Throttled] {
        let status = after.status(fault);
        if status == after.status(funds) {
            let what = format_args!("0x{status:02X} is the status");
            clash(table, funds.name(), fault.name(), what, "; clients could not tell them apart");
        }
    }
    statuses
}

fn with_statuses(mut table: StatusTable, statuses: &[(Refusal, u32)]) -> StatusTable {
    for (refusal, status) in statuses {
        table.set(*refusal, *status);
    }
    table
}

fn read_tariff(table: &mut TableReader, sources: &mut Sources) -> (TariffFiles, TariffSources) {
    let mut names = TariffFiles::default();
    let mut read = TariffSources::default();
    let mut file = |value: &DeValue| source_file(value, sources);
    for (key, name, source) in [
        ("plans", &mut names.plans, &mut read.plans),
        ("accounts", &mut names.accounts, &mut read.accounts),
        ("numbering", &mut names.numbering, &mut read.numbering),
        ("networks", &mut names.networks, &mut read.networks),
        ("countries", &mut names.countries, &mut read.countries),
    ] {
        *source = table.required(key, &mut file);
        *name = source.as_ref().map(|source| source.name.to_string()).unwrap_or_default();
    }
    read.rates = table.list("rates", &mut file).unwrap_or_default();
    read.ported = table.optional("ported", &mut file);
    read.price_lists = table.optional("price_lists", &mut file);
    read.names_price_lists = table.has("price_lists");
    read.bundles = table.optional("bundles", &mut file);
    read.exchange_rates = table.optional("exchange_rates", &mut file);
    read.names_exchange_rates = table.has("exchange_rates");
    let name = |source: &Option<Arc<SourceFile>>| source.as_ref().map(|source| source.name.to_string());
    names.rates = read.rates.iter().map(|source| source.name.to_string()).collect();
    names.ported = name(&read.ported);
    names.price_lists = name(&read.price_lists);
    names.bundles = name(&read.bundles);
    names.exchange_rates = name(&read.exchange_rates);
    (names, read)
}

fn read_operator_files(table: &mut TableReader, sources: &mut Sources) -> (OperatorFiles, OperatorSources) {
    let operators = table.required("file", |value| source_file(value, sources));
    let exchange_rates = table.optional("exchange_rates", |value| source_file(value, sources));
    let name = |source: &Option<Arc<SourceFile>>| source.as_ref().map(|source| source.name.to_string());
    let names = OperatorFiles { file: name(&operators), exchange_rates: name(&exchange_rates) };
    let names_exchange_rates = table.has("exchange_rates");
    (names, OperatorSources { operators, exchange_rates, is_named: true, names_exchange_rates })
}

/// The file that a value names, read.
pub fn source_file(value: &DeValue, sources: &mut Sources) -> Parsed<Arc<SourceFile>> {
    sources.read(&text(texts::file_name)(value)?)
}

/// A file that the process will open itself.
pub fn existing_file(value: &DeValue, sources: &Sources) -> Parsed<PathBuf> {
    let path = sources.path_of(&text(texts::file_name)(value)?);
    if path.is_file() { Ok(path) } else { Err(format!("there is no file {}", path.display())) }
}
