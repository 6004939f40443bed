//! `[api]`, `[mail]` and `[billing]`: settings of the management API, of mail and of scheduled billing.

use std::path::PathBuf;

use serde::Serialize;
use toml::de::DeValue;

use crate::choice::Choice;
use crate::issuer::{IssuerSettings, read_issuer};
use crate::read::texts;
use crate::read::texts::{Parsed, quoted};
use crate::read::values::{boolean, instead_of, integer, one_of, text};
use crate::read::{Sources, TableReader};
use crate::secret::Secret;

/// Reminders of one invoice.
const REMINDERS_MAX: usize = 10;
/// Days between a reminder and the due date.
const REMINDER_DAYS_MAX: i32 = 366;

/// The management API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a setting of its own")]
pub struct ApiSettings {
    /// True if it is served.
    pub enabled: bool,
    /// True if the screens under `/app/` are served beside it.
    pub screens: bool,
    /// Octets of a body, uploads of rate decks aside.
    pub max_body_bytes: u32,
    /// Octets of an uploaded rate deck.
    pub max_deck_bytes: u32,
    /// Time that a request may take until its answer begins.
    pub timeout_seconds: u32,
    /// Origins of browsers' pages that may call.
    pub cors_origins: Vec<String>,
    /// Requests of one user, key or address in the long run.
    pub requests_per_second: u32,
    /// Requests of one user, key or address at once, after a pause.
    pub requests_burst: u32,
    /// Lifetime of an access token.
    pub access_token_minutes: u32,
    /// Lifetime of a refresh token, and so the time for which somebody stays logged in without calling.
    pub refresh_token_days: u32,
    /// Time for which a browser's session goes on without being used.
    pub session_idle_minutes: u32,
    /// Time after which a browser's session ends, however much it is used.
    pub session_days: u32,
    /// True if browsers send the session's cookie over TLS alone; `None` if that goes by `public_url`.
    pub session_cookie_secure: Option<bool>,
    /// The plan of people who register themselves; `None` if nobody can.
    pub registration_plan: Option<String>,
    /// The plan of wallets that come into being when they are first asked for; `None` where they do not.
    pub first_request_plan: Option<String>,
    /// True if the paths of the token-subscription service are served.
    pub token_paths: bool,
    /// True if the paths of the SaaS billing service are served.
    pub saas_paths: bool,
    /// True if existing clients may read without a token, which is for development.
    pub reads_without_token: bool,
    /// Time for which an Idempotency-Key is remembered.
    pub idempotency_hours: u32,
    /// The address that links in mails begin with.
    pub public_url: String,
}

/// Settings of mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MailSettings {
    /// The sender of mails.
    pub from: String,
    /// The SMTP server; `None` writes mails into `directory`.
    pub smtp_host: Option<String>,
    /// Its TCP port.
    pub smtp_port: u16,
    /// Encryption of the connection.
    pub smtp_tls: SmtpTls,
    /// The user name for the login.
    pub smtp_user: Option<String>,
    /// The password for the login.
    #[serde(skip)]
    pub smtp_password: Option<Secret>,
    /// The directory that mails are written to without a server; `None` for `mail` in the data directory.
    pub directory: Option<PathBuf>,
}

/// Encryption of a connection to an SMTP server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// No encryption: for a server on the same machine.
    None,
    /// STARTTLS (RFC 3207).
    #[default]
    Starttls,
    /// TLS from the first octet (RFC 8314).
    Tls,
}

impl Choice for SmtpTls {
    const ALL: &'static [Self] = &[Self::None, Self::Starttls, Self::Tls];

    fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Starttls => "starttls",
            Self::Tls => "tls",
        }
    }
}

/// Tasks that billing does by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BillingSettings {
    /// True if every account gets a draft of its invoice when a month has ended in its plan's time zone.
    pub monthly_invoices: bool,
    /// Days after which a sent invoice is overdue.
    pub invoice_due_days: u32,
    /// True if invoices that the schedule drafts are sent at once, where an account's terms do not say.
    pub send_invoices: bool,
    /// Days after an invoice's due date on which its account is reminded of it; before it where they are below zero.
    pub reminder_days: Vec<i32>,
    /// The house as it stands on invoices.
    pub issuer: IssuerSettings,
    /// Percentage of the credit limit in use from which there is a warning.
    pub credit_warning_percent: u32,
    /// Hours after the first failed attempt to renew a subscription at which it is tried again, in order. After the last of them
    /// it ends.
    pub subscription_retry_hours: Vec<u32>,
    /// Time for which an operator is down before there is an alert.
    pub operator_down_seconds: u32,
    /// The address to which alerts of the house go: operators that are down, a clock that is not believed.
    pub house_email: Option<String>,
    /// The URL that alerts of the house are posted to.
    pub house_webhook_url: Option<String>,
    /// The secret that signs them. It is not shown.
    #[serde(skip)]
    pub house_webhook_secret: Option<Secret>,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            enabled: true,
            screens: true,
            max_body_bytes: 1 << 20,
            max_deck_bytes: 32 << 20,
            timeout_seconds: 30,
            cors_origins: Vec::new(),
            requests_per_second: 200,
            requests_burst: 400,
            access_token_minutes: 15,
            refresh_token_days: 30,
            session_idle_minutes: 480,
            session_days: 30,
            session_cookie_secure: None,
            registration_plan: None,
            first_request_plan: None,
            token_paths: false,
            saas_paths: false,
            reads_without_token: false,
            idempotency_hours: 72,
            public_url: "http://127.0.0.1:8080".to_owned(),
        }
    }
}

impl ApiSettings {
    /// True if browsers send the session's cookie over TLS alone.
    pub fn has_secure_cookie(&self) -> bool {
        self.session_cookie_secure.unwrap_or_else(|| self.public_url.starts_with("https://"))
    }
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            from: "Tollgate <tollgate@localhost>".to_owned(),
            smtp_host: None,
            smtp_port: 587,
            smtp_tls: SmtpTls::default(),
            smtp_user: None,
            smtp_password: None,
            directory: None,
        }
    }
}

impl Default for BillingSettings {
    fn default() -> Self {
        Self {
            monthly_invoices: true,
            invoice_due_days: 14,
            send_invoices: false,
            reminder_days: vec![-3, 0, 7, 14],
            issuer: IssuerSettings::default(),
            credit_warning_percent: 90,
            subscription_retry_hours: vec![24, 72, 168],
            operator_down_seconds: 60,
            house_email: None,
            house_webhook_url: None,
            house_webhook_secret: None,
        }
    }
}

/// Reads the table `[api]`.
pub fn read_api(table: &mut TableReader) -> ApiSettings {
    let default = ApiSettings::default();
    ApiSettings {
        enabled: table.or("enabled", default.enabled, boolean),
        screens: table.or("screens", default.screens, boolean),
        max_body_bytes: table.or("max_body_bytes", default.max_body_bytes, integer(1_024..=1 << 26)),
        max_deck_bytes: table.or("max_deck_bytes", default.max_deck_bytes, integer(1_024..=1 << 30)),
        timeout_seconds: table.or("timeout_seconds", default.timeout_seconds, integer(1..=3_600)),
        cors_origins: table.list("cors_origins", text(origin)).unwrap_or_default(),
        requests_per_second: table.or(
            "requests_per_second",
            default.requests_per_second,
            integer(1..=1_000_000),
        ),
        requests_burst: table.or("requests_burst", default.requests_burst, integer(1..=1_000_000)),
        access_token_minutes: table.or(
            "access_token_minutes",
            default.access_token_minutes,
            integer(1..=1_440),
        ),
        refresh_token_days: table.or("refresh_token_days", default.refresh_token_days, integer(1..=366)),
        session_idle_minutes: table.or(
            "session_idle_minutes",
            default.session_idle_minutes,
            integer(5..=44_640),
        ),
        session_days: table.or("session_days", default.session_days, integer(1..=366)),
        session_cookie_secure: table.optional("session_cookie_secure", boolean),
        registration_plan: table.optional("registration_plan", text(plan)),
        first_request_plan: table.optional("first_request_plan", text(plan)),
        token_paths: table.or("token_paths", default.token_paths, boolean),
        saas_paths: table.or("saas_paths", default.saas_paths, boolean),
        reads_without_token: table.or("reads_without_token", default.reads_without_token, boolean),
        idempotency_hours: table.or("idempotency_hours", default.idempotency_hours, integer(1..=24 * 366)),
        public_url: table.or("public_url", default.public_url, text(web_address)),
    }
}

/// Reads the table `[mail]`.
pub fn read_mail(table: &mut TableReader, sources: &mut Sources) -> MailSettings {
    let default = MailSettings::default();
    let from = table.or("from", default.from, text(line));
    let smtp_host = table.optional("smtp_host", text(line));
    let smtp_port = table.or("smtp_port", default.smtp_port, integer(1..=65_535));
    let smtp_tls = table.or("smtp_tls", default.smtp_tls, one_of);
    let smtp_user = table.optional("smtp_user", text(line));
    let smtp_password =
        table.optional("smtp_password_file", |value| sources.read_secret(&text(texts::file_name)(value)?));
    if smtp_user.is_some() != smtp_password.is_some() {
        table.problem("smtp_user", "needs smtp_password_file beside it, and the other way round");
    }
    let path = |value: &DeValue| text(texts::file_name)(value).map(|name| sources.path_of(&name));
    let directory = table.optional("directory", path);
    MailSettings { from, smtp_host, smtp_port, smtp_tls, smtp_user, smtp_password, directory }
}

/// Reads the table `[billing]`.
pub fn read_billing(table: &mut TableReader, sources: &mut Sources) -> BillingSettings {
    let default = BillingSettings::default();
    let secret = |value: &DeValue| sources.read_secret(&text(texts::file_name)(value)?);
    let house_webhook_secret = table.optional("house_webhook_secret_file", secret);
    let house_webhook_url = table.optional("house_webhook_url", text(texts::web_url));
    if house_webhook_secret.is_some() && house_webhook_url.is_none() {
        table.problem("house_webhook_secret_file", "needs house_webhook_url beside it");
    }
    let retry_hours = table.list("subscription_retry_hours", integer(1..=8_760));
    let retry_hours = retry_hours.unwrap_or(default.subscription_retry_hours);
    if !retry_hours.is_sorted_by(|one, next| one < next) {
        table.problem("subscription_retry_hours", "must count up");
    }
    let reminder_days = table.list("reminder_days", reminder_day).unwrap_or(default.reminder_days);
    if reminder_days.len() > REMINDERS_MAX {
        table.problem("reminder_days", format!("has more than {REMINDERS_MAX} days"));
    }
    let issuer = table.table("issuer", |issuer| read_issuer(issuer, sources)).unwrap_or_default();
    BillingSettings {
        subscription_retry_hours: retry_hours,
        send_invoices: table.or("send_invoices", default.send_invoices, boolean),
        reminder_days,
        issuer,
        house_email: table.optional("house_email", text(texts::email)),
        house_webhook_url,
        house_webhook_secret,
        monthly_invoices: table.or("monthly_invoices", default.monthly_invoices, boolean),
        invoice_due_days: table.or("invoice_due_days", default.invoice_due_days, integer(0..=366)),
        credit_warning_percent: table.or(
            "credit_warning_percent",
            default.credit_warning_percent,
            integer(1..=100),
        ),
        operator_down_seconds: table.or(
            "operator_down_seconds",
            default.operator_down_seconds,
            integer(1..=86_400),
        ),
    }
}

/// Days after the due date of an invoice, or before it with a minus.
fn reminder_day(value: &DeValue) -> Parsed<i32> {
    let DeValue::Integer(days) = value else { return Err(instead_of("a whole number of days", value)) };
    let days = days.as_str().parse().ok().filter(|days: &i32| days.abs() <= REMINDER_DAYS_MAX);
    days.ok_or_else(|| format!("must be from -{REMINDER_DAYS_MAX} to {REMINDER_DAYS_MAX}"))
}

fn plan(name: &str) -> Parsed<String> {
    texts::name(name).map(|name| name.to_string())
}

fn line(text: &str) -> Parsed<String> {
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(format!("{} is not one line of text", quoted(text)));
    }
    Ok(text.to_owned())
}

/// Scheme and host, and no path: what a browser sends as Origin (RFC 6454 §6.1).
fn origin(text: &str) -> Parsed<String> {
    let address = web_address(text)?;
    let host = address.split_once("://").map_or("", |(_, host)| host);
    if host.contains('/') {
        return Err(format!("{} has a path; an origin has none", quoted(text)));
    }
    Ok(address)
}

fn web_address(text: &str) -> Parsed<String> {
    let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !text.contains(char::is_whitespace) => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => Err(format!("{} does not begin with http:// or https://", quoted(text))),
    }
}
