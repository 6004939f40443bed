//! Parsers of texts in TOML strings and CSV cells. Every error says what would have been right, in words that
//! follow the place and the key.

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

use ipnet::IpNet;
use rust_decimal::Decimal;
use tollgate_engine::money::{Amount, Currency, Discount};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::time::{ClockZone, TimeError, UnixMicros};

use crate::bounds::text::{FILE_NAME, HOST, LABEL, NAME, PASSWORD, SENDER, SYSTEM_ID, SYSTEM_TYPE};
use crate::secret::Secret;

/// Octets of an e-mail address (RFC 5321 §4.5.3.1.3, less the brackets).
const EMAIL_OCTETS_MAX: usize = 254;
/// Octets of a URL.
const URL_OCTETS_MAX: usize = 2_000;

/// The parsed value, or the mistake in words.
pub type Parsed<T> = Result<T, String>;

/// A written value in a form for messages: short, and without characters that would upset a terminal.
pub fn shortened(written: &str) -> String {
    const MOST_CHARS: usize = 40;
    let shown: String = written.chars().take(MOST_CHARS).flat_map(char::escape_debug).collect();
    let cut = if written.chars().nth(MOST_CHARS).is_some() { "…" } else { "" };
    shown + cut
}

/// A written value between backquotes, shortened.
pub fn quoted(written: &str) -> String {
    format!("`{}`", shortened(written))
}

/// The name of a file. A quote that is not closed makes one of all that follows, which must not be printed.
pub fn file_name(text: &str) -> Parsed<String> {
    let printable = text.chars().all(|char| char.escape_debug().len() == 1);
    if (1..=FILE_NAME).contains(&text.len()) && printable {
        Ok(text.to_owned())
    } else {
        Err(format!("{} is not the name of a file: 1 to {FILE_NAME} octets, no quotes", quoted(text)))
    }
}

/// A sum of money.
pub fn amount(text: &str) -> Parsed<Amount> {
    text.parse().map_err(|error| format!("{} is {}", quoted(text), describe(&error)))
}

fn describe(error: &dyn Display) -> String {
    match error.to_string().as_str() {
        "more than six decimals" => "finer than a millionth; at most six decimals".to_owned(),
        other => other.to_owned(),
    }
}

/// A price or another amount that cannot be below zero.
pub fn price(text: &str) -> Parsed<Amount> {
    let price = amount(text)?;
    if price.is_negative() { Err(format!("{} is below zero", quoted(text))) } else { Ok(price) }
}

/// A percentage from 0 to 100.
pub fn percent(text: &str) -> Parsed<Discount> {
    Decimal::from_str_exact(text.trim()).ok().and_then(Discount::from_percent).ok_or_else(|| {
        format!("{} is not a percentage from 0 to 100 with at most four decimals", quoted(text))
    })
}

/// A code of ISO 4217's list. Units of account of the list are taken, and so are codes that were on it once, as wallets
/// may still be kept in them; its codes for metals, drawing rights, tests and no currency at all are not.
pub fn currency(text: &str) -> Parsed<Currency> {
    let code = currency_code(text)?;
    match iso_currency::Currency::from_code(text) {
        Some(listed) if !listed.is_special() => Ok(code),
        Some(listed) => Err(format!("{} is {} and no currency to pay in", quoted(text), listed.name())),
        None => Err(format!("{} is not a currency of ISO 4217, such as USD", quoted(text))),
    }
}

/// Three capitals in the archive of a tariff, where the list was not looked at once.
pub fn currency_code(text: &str) -> Parsed<Currency> {
    Currency::new(text)
        .ok_or_else(|| format!("{} is not a currency code of three capitals, such as USD", quoted(text)))
}

/// A point in time: a date alone, which is its midnight in UTC, or a time with an offset.
pub fn instant(text: &str) -> Parsed<UnixMicros> {
    UnixMicros::read(text).map_err(|error| format!("{} {error}", quoted(text)))
}

/// A point in time in the archive of a tariff. A time without an offset was once taken for its date's midnight in UTC,
/// and what was charged by it is explained so.
pub fn archived_instant(text: &str) -> Parsed<UnixMicros> {
    let of_date = || text.get(..10).and_then(UnixMicros::parse);
    match UnixMicros::read(text) {
        Err(TimeError::NoOffset) => of_date().ok_or_else(|| format!("{} is not a time", quoted(text))),
        read => read.map_err(|error| format!("{} {error}", quoted(text))),
    }
}

/// The time zone of somebody's clock.
pub fn clock_zone(text: &str) -> Parsed<ClockZone> {
    ClockZone::of_name(text).map_err(|_| {
        format!("{} is neither a time zone such as Africa/Nairobi nor an offset such as +03:00", quoted(text))
    })
}

/// A mobile country code.
pub fn mcc(text: &str) -> Parsed<NetworkCode> {
    NetworkCode::new(text, "").ok_or_else(|| format!("{} is not an MCC of three digits", quoted(text)))
}

/// The name of an account, a plan or an operator: it is used in file names, metrics and addresses of the API.
pub fn name(text: &str) -> Parsed<Arc<str>> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if (1..=NAME).contains(&text.len()) && text.bytes().all(allowed) {
        Ok(text.into())
    } else {
        Err(format!("{} is not a name: 1 to {NAME} letters, digits, `_`, `-` or `.`", quoted(text)))
    }
}

/// The name that people know something by, in one line.
pub fn label(text: &str) -> Parsed<Arc<str>> {
    let printable = text.chars().all(|char| !char.is_control());
    if (1..=LABEL).contains(&text.len()) && printable && text.trim() == text {
        Ok(text.into())
    } else {
        Err(format!(
            "{} is not a name of 1 to {LABEL} octets in one line, without blanks around it",
            quoted(text)
        ))
    }
}

/// An ISO 3166-1 alpha-2 code.
pub fn country(text: &str) -> Parsed<Arc<str>> {
    if text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase()) {
        Ok(text.into())
    } else {
        Err(format!("{} is not a country code of two capitals, such as KE", quoted(text)))
    }
}

/// A name or an address to connect to.
pub fn host(text: &str) -> Parsed<String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let is_name = (1..=HOST).contains(&text.len()) && text.bytes().all(allowed);
    if is_name || text.parse::<IpAddr>().is_ok() {
        Ok(text.to_owned())
    } else {
        Err(format!("{} is not a host such as smsc.example.com or 192.0.2.7, without a port", quoted(text)))
    }
}

/// A `system_type`, which is mostly empty.
pub fn system_type(text: &str) -> Parsed<String> {
    let printable = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if text.len() <= SYSTEM_TYPE && printable {
        Ok(text.to_owned())
    } else {
        Err(format!("{} is not a system_type of at most {SYSTEM_TYPE} ASCII characters", quoted(text)))
    }
}

/// A password as it goes into a bind. No message shows any of it.
pub fn password(text: &str) -> Parsed<Secret> {
    if text.len() <= PASSWORD && !text.contains(char::is_control) {
        Ok(Secret::new(text))
    } else {
        Err(format!(
            "is longer than {PASSWORD} octets or has control characters in it, such as a second line"
        ))
    }
}

/// A `system_id` of visible ASCII characters.
pub fn system_id(text: &str) -> Parsed<Arc<str>> {
    if (1..=SYSTEM_ID).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(text.into())
    } else {
        Err(format!("{} is not a system_id: 1 to {SYSTEM_ID} visible ASCII characters", quoted(text)))
    }
}

/// A source address.
pub fn sender(text: &str) -> Parsed<Box<[u8]>> {
    if (1..=SENDER).contains(&text.len()) && !text.contains('\0') {
        Ok(text.as_bytes().into())
    } else {
        Err(format!("{} is not a source address of 1 to {SENDER} octets", quoted(text)))
    }
}

/// The calling code of a country.
pub fn calling_code(text: &str) -> Parsed<Arc<str>> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    if (1..=3).contains(&text.len()) && digits {
        Ok(text.into())
    } else {
        Err(format!("{} is not a calling code such as 254, without + or 00", quoted(text)))
    }
}

/// An e-mail address, in lower case. Mail servers know what else an address may be; this keeps out what is none.
pub fn email(text: &str) -> Parsed<String> {
    let parts = text.split_once('@').filter(|(local, host)| !local.is_empty() && !host.is_empty());
    let is_plain = text.bytes().all(|octet| octet.is_ascii_graphic() && !br#""<>,;:\()"#.contains(&octet));
    let is_address = parts.is_some_and(|(_, host)| !host.contains('@') && !host.starts_with('.'));
    if text.len() > EMAIL_OCTETS_MAX || !is_plain || !is_address {
        return Err(format!("{} is not an e-mail address such as ann@example.com", quoted(text)));
    }
    Ok(text.to_ascii_lowercase())
}

/// A URL that something can be posted to.
pub fn web_url(text: &str) -> Parsed<String> {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?', '#']).next());
    let is_plain = text.bytes().all(|octet| octet.is_ascii_graphic());
    if text.len() > URL_OCTETS_MAX || !is_plain || host.is_none_or(str::is_empty) {
        return Err(format!("{} is not a URL that begins with http:// or https:// and a host", quoted(text)));
    }
    Ok(text.to_owned())
}

/// An address to listen on, with the port.
pub fn listen_address(text: &str) -> Parsed<SocketAddr> {
    SocketAddr::from_str(text)
        .map_err(|_| format!("{} is not an address and a port, such as 0.0.0.0:2775", quoted(text)))
}

/// One address, or a block of them.
pub fn address_block(text: &str) -> Parsed<IpNet> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(address.into());
    }
    let block = text
        .parse::<IpNet>()
        .map_err(|_| format!("{} is not an address or a block such as 192.0.2.0/24", quoted(text)))?;
    if block.addr() == block.network() {
        Ok(block)
    } else {
        Err(format!("{} begins inside its block; write {}", quoted(text), block.trunc()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_needs_an_offset() {
        let midnight = instant("2026-12-24").unwrap();
        assert_eq!(instant("2026-12-24T03:00:00+03:00"), Ok(midnight));
        let refused = instant("2026-12-24T18:30:00").unwrap_err();
        assert!(refused.starts_with("`2026-12-24T18:30:00` has a time without an offset"), "{refused}");
        assert_eq!(archived_instant("2026-12-24T18:30:00"), Ok(midnight), "as it was charged");
        assert!(archived_instant("tomorrow").is_err());
    }

    #[test]
    fn currencies_are_those_of_the_list() {
        for code in ["USD", "UZS", "KES", "XAF", "XOF", "XCG", "ZWG", "SLE", "CLF", "BGN"] {
            assert_eq!(currency(code).unwrap().as_str(), code);
        }
        for code in ["UDS", "USB", "AAA", "XXX", "XTS", "XAU", "XDR", "usd", "US", "USDT", "", "840"] {
            assert!(currency(code).is_err(), "{code}");
        }
        assert_eq!(currency("UDS").unwrap_err(), "`UDS` is not a currency of ISO 4217, such as USD");
        assert_eq!(currency("XAU").unwrap_err(), "`XAU` is Gold (one troy ounce) and no currency to pay in");
        assert!(currency_code("UDS").is_ok(), "an archive keeps what was written once");
    }
}
