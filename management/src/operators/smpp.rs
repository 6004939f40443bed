//! The links to an operator of the API: the same keys and bounds as in `[operator.smpp]`.

use std::path::PathBuf;

use tollgate_api::choice::Word;
use tollgate_api::operators::{OperatorTls, SmppConfig};
use tollgate_api::problem::Problem;

use tollgate_provisioning as config;
use tollgate_provisioning::bounds::link;
use tollgate_provisioning::{NumberFormat, NumberStyle, OperatorSmpp, ReceiptStates, Secret, texts};

/// The links that the settings ask for; `Err` names the field that is wrong.
pub fn links(smpp: &SmppConfig, password: Secret) -> Result<OperatorSmpp, Problem> {
    check_bounds(smpp)?;
    Ok(OperatorSmpp {
        host: parsed("host", texts::host(&smpp.host))?,
        port: smpp.port,
        tls: smpp.tls.as_ref().map(tls).transpose()?,
        system_id: parsed("system_id", texts::system_id(&smpp.system_id))?.as_ref().to_owned(),
        password,
        system_type: parsed("system_type", texts::system_type(&smpp.system_type))?,
        interface_version: smpp.interface_version.0,
        bind: smpp.bind.0,
        binds: smpp.binds,
        window: smpp.window,
        throughput_per_second: smpp.throughput,
        enquire_link_seconds: smpp.enquire_link_seconds,
        response_seconds: smpp.response_seconds,
        connect_seconds: smpp.connect_seconds,
        reconnect_min_ms: smpp.reconnect_min_ms,
        reconnect_max_ms: smpp.reconnect_max_ms,
        number_format: number_format(smpp)?,
        receipt_ids: smpp.receipt_ids.0,
        receipt_states: receipt_states(smpp)?,
        receipt_time_zone: parsed(
            "receipt_time_zone",
            smpp.receipt_time_zone.as_deref().map(texts::clock_zone).transpose(),
        )?,
        receipts: smpp.receipts,
        retries: smpp.retries,
        long_messages: smpp.long_messages.0,
        unknown_outcome: smpp.unknown_outcome.map(|outcome| outcome.0),
    })
}

/// The settings of links, as the API shows them: without the password.
pub fn shown(smpp: &OperatorSmpp) -> SmppConfig {
    SmppConfig {
        host: smpp.host.clone(),
        port: smpp.port,
        tls: smpp.tls.as_ref().map(|tls| OperatorTls {
            ca_file: tls.ca_file.as_ref().map(|path| path.display().to_string()),
            server_name: tls.server_name.clone(),
            insecure: tls.insecure,
        }),
        system_id: smpp.system_id.clone(),
        password: None,
        system_type: smpp.system_type.clone(),
        interface_version: Word(smpp.interface_version),
        bind: Word(smpp.bind),
        binds: smpp.binds,
        window: smpp.window,
        throughput: smpp.throughput_per_second,
        enquire_link_seconds: smpp.enquire_link_seconds,
        response_seconds: smpp.response_seconds,
        connect_seconds: smpp.connect_seconds,
        reconnect_min_ms: smpp.reconnect_min_ms,
        reconnect_max_ms: smpp.reconnect_max_ms,
        number_format: Word(smpp.number_format.style()),
        national_calling_code: smpp.number_format.calling_code().map(ToString::to_string),
        receipt_ids: Word(smpp.receipt_ids),
        receipt_states: smpp
            .receipt_states
            .iter()
            .map(|(word, state)| (word.to_owned(), Word(state)))
            .collect(),
        receipt_time_zone: smpp.receipt_time_zone.as_ref().map(|zone| zone.name().to_owned()),
        receipts: smpp.receipts,
        retries: smpp.retries,
        long_messages: Word(smpp.long_messages),
        unknown_outcome: smpp.unknown_outcome.map(Word),
    }
}

fn check_bounds(smpp: &SmppConfig) -> Result<(), Problem> {
    let port = link::PORT.bounds.check(smpp.port).map_err(|error| (error.key, error));
    let numbers = [
        (link::BINDS, smpp.binds),
        (link::WINDOW, smpp.window),
        (link::ENQUIRE_LINK_SECONDS, smpp.enquire_link_seconds),
        (link::RESPONSE_SECONDS, smpp.response_seconds),
        (link::CONNECT_SECONDS, smpp.connect_seconds),
        (link::RECONNECT_MIN_MS, smpp.reconnect_min_ms),
        (link::RECONNECT_MAX_MS, smpp.reconnect_max_ms),
        (link::RETRIES, smpp.retries),
    ];
    let numbers = numbers
        .into_iter()
        .map(|(number, value)| number.bounds.check(value).map_err(|error| (error.key, error)));
    // The API has another name for it than files have.
    let throughput = smpp
        .throughput
        .map(|throughput| link::THROUGHPUT.check(throughput).map_err(|error| ("throughput", error)));
    let checked = std::iter::once(port).chain(numbers).chain(throughput).collect::<Result<(), _>>();
    checked.map_err(|(name, error)| field(name, error.to_string()))?;
    if smpp.reconnect_max_ms < smpp.reconnect_min_ms {
        return Err(field("reconnect_max_ms", "is below reconnect_min_ms"));
    }
    Ok(())
}

fn tls(tls: &OperatorTls) -> Result<config::OperatorTls, Problem> {
    let ca_file = tls.ca_file.as_ref().map(PathBuf::from);
    if ca_file.as_ref().is_some_and(|path| !path.is_absolute()) {
        return Err(field("tls.ca_file", "is not an absolute path"));
    }
    if ca_file.is_some() && tls.insecure {
        return Err(field(
            "tls.ca_file",
            "has no effect together with insecure, which accepts any certificate",
        ));
    }
    let server_name = tls.server_name.as_deref().map(texts::host).transpose();
    let server_name = parsed("tls.server_name", server_name)?;
    Ok(config::OperatorTls { ca_file, server_name, insecure: tls.insecure })
}

fn number_format(smpp: &SmppConfig) -> Result<NumberFormat, Problem> {
    let calling_code = smpp.national_calling_code.as_deref().map(texts::calling_code).transpose();
    let calling_code = parsed("national_calling_code", calling_code)?;
    let style = smpp.number_format.0;
    if style != NumberStyle::National && calling_code.is_some() {
        return Err(field("national_calling_code", "is only for the number_format `national`"));
    }
    NumberFormat::new(style, calling_code).ok_or_else(|| {
        field("national_calling_code", "is missing: national numbers need the calling code of their country")
    })
}

fn receipt_states(smpp: &SmppConfig) -> Result<ReceiptStates, Problem> {
    let mut states = ReceiptStates::default();
    for (word, state) in &smpp.receipt_states {
        states.insert(word, state.0).map_err(|message| field("receipt_states", message))?;
    }
    Ok(states)
}

fn field(name: &str, message: impl Into<String>) -> Problem {
    Problem::field(&format!("smpp_config.{name}"), message)
}

fn parsed<T>(name: &str, parsed: Result<T, String>) -> Result<T, Problem> {
    parsed.map_err(|message| field(name, message))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn config(change: impl FnOnce(&mut Value)) -> SmppConfig {
        let mut body = json!({ "host": "smsc.example.com", "system_id": "tollgate" });
        change(&mut body);
        serde_json::from_value(body).unwrap()
    }

    #[test]
    fn what_is_shown_makes_the_same_links() {
        let all = json!({
            "host": "192.0.2.7", "port": 3550, "tls": { "ca_file": "/etc/ssl/alpha.pem", "server_name": "alpha" },
            "system_id": "t", "system_type": "VMA", "interface_version": "5.0", "bind": "separate", "binds": 3,
            "window": 7, "throughput": 500, "enquire_link_seconds": 1, "response_seconds": 2,
            "connect_seconds": 3, "reconnect_min_ms": 10, "reconnect_max_ms": 20, "number_format": "national",
            "national_calling_code": "998", "receipt_ids": "hex_to_decimal",
            "receipt_states": { "ABSENT": "undeliverable" }, "receipt_time_zone": "Asia/Tashkent", "receipts": false, "retries": 0,
            "long_messages": "payload", "unknown_outcome": "settle",
        });
        for config in [config(|_| ()), config(|body| *body = all.clone())] {
            let made = links(&config, Secret::new("hunter22")).unwrap();
            assert_eq!(shown(&made), config);
        }
    }

    #[test]
    fn what_is_out_of_bounds_is_named() {
        for (key, value, named) in [
            ("host", json!("smsc:2775"), "host"),
            ("port", json!(0), "port"),
            ("system_id", json!("sixteen-octets-1"), "system_id"),
            ("system_type", json!("thirteen-char"), "system_type"),
            ("binds", json!(65), "binds"),
            ("window", json!(0), "window"),
            ("throughput", json!(0), "throughput"),
            ("reconnect_max_ms", json!(20), "reconnect_max_ms"),
            ("tls", json!({ "ca_file": "alpha.pem" }), "tls.ca_file"),
            ("receipt_states", json!({ "two words": "delivered" }), "receipt_states"),
            ("receipt_time_zone", json!("Mars/Base"), "receipt_time_zone"),
            ("number_format", json!("national"), "national_calling_code"),
            ("national_calling_code", json!("998"), "national_calling_code"),
        ] {
            let problem = links(&config(|body| body[key] = value), Secret::default()).unwrap_err();
            assert_eq!(problem.errors[0].field, format!("smpp_config.{named}"), "{key}");
        }
    }
}
