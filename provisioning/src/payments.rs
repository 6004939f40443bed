//! `[payments]`: money that comes in, and the providers that bring it.

use std::net::IpAddr;

use serde::Serialize;
use toml::de::DeValue;

use crate::choice::Choice;
use crate::read::texts::{self, Parsed, quoted};
use crate::read::values::{boolean, integer, one_of, text};
use crate::read::{Sources, TableReader};
use crate::secret::Secret;

/// Lines of the bank details on a pay page.
const BANK_LINES_MAX: usize = 20;
/// Characters of one of them, and of the texts of a provider.
const TEXT_CHARACTERS_MAX: usize = 200;

/// Settings of payments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PaymentsSettings {
    /// True if somebody else than who made a payment by bank transfer has to confirm that the money came.
    pub two_person_rule: bool,
    /// The step of a dispute at which its account is suspended.
    pub suspend_on_dispute: SuspendOnDispute,
    /// True if the house takes payments for resellers: what customers of a chain pay is then in the wallets above them too.
    pub collect_for_resellers: bool,
    /// The lines that tell where to transfer money to.
    pub bank_details: Vec<String>,
    /// The account at Stripe; `None` where cards are not taken by it.
    pub stripe: Option<StripeSettings>,
    /// The account at PayPal; `None` where it is not used.
    pub paypal: Option<PayPalSettings>,
}

/// The step of a dispute at which its account is suspended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SuspendOnDispute {
    /// At no step.
    Never,
    /// As soon as it is opened.
    Opened,
    /// Once it is lost.
    #[default]
    Lost,
}

impl Choice for SuspendOnDispute {
    const ALL: &'static [Self] = &[Self::Never, Self::Opened, Self::Lost];

    fn word(self) -> &'static str {
        match self {
            Self::Never => "never",
            Self::Opened => "opened",
            Self::Lost => "lost",
        }
    }
}

/// An account at Stripe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StripeSettings {
    /// The key that requests are made with. It is not shown.
    #[serde(skip)]
    pub secret_key: Secret,
    /// The secret that events are signed with; `None` where there is no endpoint for them. It is not shown.
    #[serde(skip)]
    pub webhook_secret: Option<Secret>,
    /// The key that pages may know; `None` where there is no page with a form for cards.
    pub publishable_key: Option<String>,
    /// The address that requests go to.
    pub api_base: String,
    /// Age up to which the signature of an event is taken.
    pub webhook_tolerance_seconds: u32,
    /// Time that a request may take.
    pub timeout_seconds: u32,
}

/// An account at PayPal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PayPalSettings {
    /// The id of the application.
    pub client_id: String,
    /// Its secret, which is not shown.
    #[serde(skip)]
    pub client_secret: Secret,
    /// The id of the webhook, by which events are verified; `None` where there is none.
    pub webhook_id: Option<String>,
    /// The address that requests go to.
    pub api_base: String,
    /// Time that a request may take.
    pub timeout_seconds: u32,
}

/// Reads the table `[payments]`.
pub fn read_payments(table: &mut TableReader, sources: &mut Sources) -> PaymentsSettings {
    let default = PaymentsSettings::default();
    let bank_details = table.list("bank_details", text(line)).unwrap_or_default();
    if bank_details.len() > BANK_LINES_MAX {
        table.problem("bank_details", format!("has more than {BANK_LINES_MAX} lines"));
    }
    PaymentsSettings {
        two_person_rule: table.or("two_person_rule", default.two_person_rule, boolean),
        suspend_on_dispute: table.or("suspend_on_dispute", default.suspend_on_dispute, one_of),
        collect_for_resellers: table.or("collect_for_resellers", default.collect_for_resellers, boolean),
        bank_details,
        stripe: table.table("stripe", |table| read_stripe(table, sources)).flatten(),
        paypal: table.table("paypal", |table| read_paypal(table, sources)).flatten(),
    }
}

fn read_stripe(table: &mut TableReader, sources: &mut Sources) -> Option<StripeSettings> {
    let secret_key = table.required("secret_key_file", |value| key_of(value, sources));
    let webhook_secret = table.optional("webhook_secret_file", |value| key_of(value, sources));
    let publishable_key = table.optional("publishable_key", text(line));
    let api_base = table.or("api_base", "https://api.stripe.com".to_owned(), text(provider_address));
    let webhook_tolerance_seconds = table.or("webhook_tolerance_seconds", 300, integer(10..=86_400));
    let timeout_seconds = table.or("timeout_seconds", 20, integer(1..=120));
    Some(StripeSettings {
        secret_key: secret_key?,
        webhook_secret,
        publishable_key,
        api_base,
        webhook_tolerance_seconds,
        timeout_seconds,
    })
}

fn read_paypal(table: &mut TableReader, sources: &mut Sources) -> Option<PayPalSettings> {
    let client_id = table.required("client_id", text(line));
    let client_secret = table.required("client_secret_file", |value| key_of(value, sources));
    let webhook_id = table.optional("webhook_id", text(line));
    let api_base = table.or("api_base", "https://api-m.paypal.com".to_owned(), text(provider_address));
    let timeout_seconds = table.or("timeout_seconds", 20, integer(1..=120));
    Some(PayPalSettings {
        client_id: client_id?,
        client_secret: client_secret?,
        webhook_id,
        api_base,
        timeout_seconds,
    })
}

/// The key in a file of one line.
fn key_of(value: &DeValue, sources: &mut Sources) -> Parsed<Secret> {
    let name = text(texts::file_name)(value)?;
    let content = sources.read_private(&name)?;
    let key = content.trim();
    if key.is_empty() || !key.bytes().all(|octet| octet.is_ascii_graphic()) {
        return Err(format!("the file {} has to hold one key on one line", quoted(&name)));
    }
    Ok(Secret::new(key))
}

fn line(text: &str) -> Parsed<String> {
    let length = text.chars().count();
    if text.chars().any(char::is_control) || !(1..=TEXT_CHARACTERS_MAX).contains(&length) {
        return Err(format!("{} is not one line of 1 to {TEXT_CHARACTERS_MAX} characters", quoted(text)));
    }
    Ok(text.to_owned())
}

/// An address that keys may be sent to: with TLS, or on this machine.
fn provider_address(text: &str) -> Parsed<String> {
    let address = texts::web_url(text)?.trim_end_matches('/').to_owned();
    let plain = address.strip_prefix("http://");
    let is_here = |host: &str| {
        let host = host.split('/').next().unwrap_or_default();
        let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
        host == "localhost"
            || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|host| host.is_loopback())
    };
    if plain.is_some_and(|host| !is_here(host)) {
        return Err(format!("{} has no TLS, and keys are sent there; use https://", quoted(text)));
    }
    if address.contains(['?', '#', '@']) {
        return Err(format!("{} is not a scheme, a host and a path", quoted(text)));
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_go_to_this_machine_or_over_tls() {
        for address in
            ["https://api.stripe.com", "http://127.0.0.1:12111", "http://localhost:1", "http://[::1]:80/x"]
        {
            assert_eq!(provider_address(address), Ok(address.to_owned()));
        }
        for address in [
            "http://api.stripe.com",
            "http://127.0.0.1.example.com",
            "ftp://x",
            "https://u@x",
            "http://10.0.0.1",
            "",
        ] {
            assert!(provider_address(address).is_err(), "{address}");
        }
    }
}
