//! Reads `[operator.smpp]`: how a link to an operator is made. No message shows any of a password.

use std::path::PathBuf;
use std::sync::Arc;

use tollgate_engine::receipt_id::ReceiptIdFormat;
use toml::de::DeValue;

use crate::bounds::link as bounds;
use crate::catalogue::Known;
use crate::choice::Choice;
use crate::operators::{
    InterfaceVersion, LongMessages, NumberFormat, NumberStyle, OperatorBind, OperatorSmpp, OperatorTls,
};
use crate::read::texts;
use crate::read::texts::{Parsed, quoted};
use crate::read::values::{boolean, hexadecimal, instead_of, one_of, text};
use crate::read::{Sources, TableReader};
use crate::receipt_states::ReceiptStates;
use crate::secret::Secret;
use crate::settings_reader::existing_file;

/// Reads the table.
pub fn read_smpp(table: &mut TableReader, known: &Known, sources: &mut Sources) -> Option<OperatorSmpp> {
    let host = table.required("host", text(texts::host));
    let port = table.number(&bounds::PORT);
    let tls = read_tls(table, sources);
    let system_id = table.required("system_id", text(texts::system_id));
    let password = read_password(table, sources);
    let system_type = table.or("system_type", String::new(), text(texts::system_type));
    let interface_version = table.or("interface_version", InterfaceVersion::default(), version);
    let bind = table.or("bind", OperatorBind::default(), one_of);
    let binds = table.number(&bounds::BINDS);
    let window = table.number(&bounds::WINDOW);
    let throughput_per_second = table.optional_number(&bounds::THROUGHPUT);
    let timers = read_timers(table);
    let number_format = read_number_format(table, known);
    let receipt_ids = table.or("receipt_ids", ReceiptIdFormat::default(), one_of);
    let receipt_states = read_receipt_states(table);
    let receipt_time_zone = table.optional("receipt_time_zone", text(texts::clock_zone));
    let receipts = table.or("receipts", bounds::RECEIPTS_DEFAULT, boolean);
    let retries = table.number(&bounds::RETRIES);
    let long_messages = table.or("long_messages", LongMessages::default(), one_of);
    let unknown_outcome = table.optional("unknown_outcome", one_of);
    Some(OperatorSmpp {
        host: host?,
        port,
        tls,
        system_id: system_id?.as_ref().to_owned(),
        password: password?,
        system_type,
        interface_version,
        bind,
        binds,
        window,
        throughput_per_second,
        enquire_link_seconds: timers.enquire_link_seconds,
        response_seconds: timers.response_seconds,
        connect_seconds: timers.connect_seconds,
        reconnect_min_ms: timers.reconnect_min_ms,
        reconnect_max_ms: timers.reconnect_max_ms,
        number_format,
        receipt_ids,
        receipt_states,
        receipt_time_zone,
        receipts,
        retries,
        long_messages,
        unknown_outcome,
    })
}

/// The timers of a link.
struct Timers {
    enquire_link_seconds: u32,
    response_seconds: u32,
    connect_seconds: u32,
    reconnect_min_ms: u32,
    reconnect_max_ms: u32,
}

fn read_timers(table: &mut TableReader) -> Timers {
    let timers = Timers {
        enquire_link_seconds: table.number(&bounds::ENQUIRE_LINK_SECONDS),
        response_seconds: table.number(&bounds::RESPONSE_SECONDS),
        connect_seconds: table.number(&bounds::CONNECT_SECONDS),
        reconnect_min_ms: table.number(&bounds::RECONNECT_MIN_MS),
        reconnect_max_ms: table.number(&bounds::RECONNECT_MAX_MS),
    };
    let (least, most) = (timers.reconnect_min_ms, timers.reconnect_max_ms);
    table.not_below(("reconnect_max_ms", most), ("reconnect_min_ms", least));
    timers
}

fn version(value: &DeValue) -> Parsed<InterfaceVersion> {
    let octet: u8 = hexadecimal(0..=u8::MAX.into())(value)?;
    InterfaceVersion::of_octet(octet).ok_or_else(|| {
        let known: Vec<String> =
            InterfaceVersion::ALL.iter().map(|version| format!("0x{:02X}", version.octet())).collect();
        format!("0x{octet:02X} is not one of {}", known.join(", "))
    })
}

/// Reads `true`, `false` or a table.
fn read_tls(table: &mut TableReader, sources: &Sources) -> Option<OperatorTls> {
    match table.value("tls").map(toml::Spanned::get_ref) {
        None => None,
        Some(DeValue::Boolean(on)) => on.then(OperatorTls::default),
        Some(DeValue::Table(_)) => table.table("tls", |tls| read_tls_table(tls, sources)),
        Some(other) => {
            table.problem("tls", instead_of("true, false or a table", other));
            None
        }
    }
}

fn read_tls_table(tls: &mut TableReader, sources: &Sources) -> OperatorTls {
    let ca_file: Option<PathBuf> = tls.optional("ca_file", |value| existing_file(value, sources));
    let server_name = tls.optional("server_name", text(texts::host));
    let insecure = tls.or("insecure", false, boolean);
    if insecure && tls.has("ca_file") {
        tls.problem("ca_file", "has no effect beside insecure, which accepts any certificate");
    }
    OperatorTls { ca_file, server_name, insecure }
}

/// Reads the table of an operator's own words for states.
fn read_receipt_states(table: &mut TableReader) -> ReceiptStates {
    let mut states = ReceiptStates::default();
    match table.value("receipt_states").map(toml::Spanned::get_ref) {
        None => {}
        Some(DeValue::Table(words)) => {
            for (word, value) in words {
                let (word, value) = (word.get_ref(), value.get_ref());
                let inserted = one_of(value).and_then(|state| states.insert(word, state));
                if let Err(message) = inserted {
                    let key = format!("receipt_states.{}", texts::shortened(word));
                    table.problem(&key, message);
                }
            }
        }
        Some(other) => table.problem("receipt_states", instead_of("a table", other)),
    }
    states
}

/// Reads the password, or the file that holds nothing but the password.
fn read_password(table: &mut TableReader, sources: &mut Sources) -> Option<Secret> {
    let written = table.optional("password", text(texts::password));
    let in_file =
        table.optional("password_file", |value| sources.read_secret(&text(texts::file_name)(value)?));
    match (table.has("password"), table.has("password_file")) {
        (true, true) => table.problem("password_file", "cannot be set together with password"),
        (false, false) => table.missing("password"),
        _ => {}
    }
    written.or(in_file)
}

/// Reads a word, or the table that names the country of national numbers.
fn read_number_format(table: &mut TableReader, known: &Known) -> NumberFormat {
    match table.value("number_format").map(toml::Spanned::get_ref) {
        None => NumberFormat::default(),
        Some(DeValue::Table(_)) => {
            let code: Option<Arc<str>> = table
                .table("number_format", |format| {
                    let code = |code: &str| texts::calling_code(known.calling_code(code)?);
                    format.required("national", text(code))
                })
                .flatten();
            code.map(|calling_code| NumberFormat::National { calling_code }).unwrap_or_default()
        }
        Some(DeValue::String(word)) => {
            let found = NumberStyle::of_word(word).and_then(|style| NumberFormat::new(style, None));
            if found.is_none() {
                let words = NumberStyle::ALL.iter().filter(|style| **style != NumberStyle::National);
                let words: Vec<String> = words.map(|style| format!("`{}`", style.word())).collect();
                let message =
                    format!("{} is not one of {}, {{ national = \"254\" }}", quoted(word), words.join(", "));
                table.problem("number_format", message);
            }
            found.unwrap_or_default()
        }
        Some(other) => {
            table.problem("number_format", instead_of("a string or { national = \"254\" }", other));
            NumberFormat::default()
        }
    }
}
