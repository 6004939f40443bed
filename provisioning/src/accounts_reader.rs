//! Accounts, from `accounts.toml` and the rate files that it names.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tollgate_engine::account::{
    Account, DefaultCoding, DeliveryMode, NumberLengths, SenderPolicy, TextPolicy,
};
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::refusal::{Refusal, StatusTable};
use tollgate_engine::reselling::{Earning, Reselling};
use tollgate_engine::tariff::RateRow;
use tollgate_engine::throttle::RateLimit;
use toml::de::DeValue;

use crate::accounts::{Contact, ProvisionedAccount, check_opening_balance};
use crate::bounds::account as bounds;
use crate::caps::read_caps;
use crate::catalogue::Known;
use crate::names::Names;
use crate::passwords::PasswordHash;
use crate::places::AccountPlaces;
use crate::plans::PlanNames;
use crate::price_lists::number;
use crate::pumping::read_pumping_overrides;
use crate::rate_list::RateList;
use crate::rates::{read_rate_file, read_rate_table};
use crate::read::texts;
use crate::read::texts::quoted;
use crate::read::values::{boolean, decimal, integer, one_of, text};
use crate::read::{Document, Problems, SourceFile, Sources, TableReader};
use crate::receipt_ids::Smpp33ReceiptIds;
use crate::resale::{BelowCost, Resale, commission};
use crate::settings::Settings;
use crate::settings_reader::{read_statuses, read_tlv_tags, source_file};

const HOUR_SECONDS: u64 = 3_600;

/// The things that accounts refer to.
pub struct Surroundings<'a> {
    /// The settings that hold where an account sets none.
    pub settings: &'a Settings,
    /// The plans that there are.
    pub plans: &'a PlanNames,
    /// The networks and calling codes that there are.
    pub known: &'a Known,
    /// The source of rate files of accounts.
    pub sources: &'a mut Sources,
}

/// The names that are taken.
struct Taken {
    ids: Names,
    system_ids: Names,
    /// Keys of each account.
    places: HashMap<Arc<str>, AccountPlaces>,
}

/// Reads the file. The names are what other files may call the accounts; the places are those of their keys.
pub fn read_accounts(
    source: Option<&SourceFile>,
    mut around: Surroundings,
    problems: &mut Problems,
) -> (Vec<ProvisionedAccount>, Names, HashMap<Arc<str>, AccountPlaces>) {
    let (ids, system_ids) = (Names::new("account"), Names::new("account"));
    let mut taken = Taken { ids, system_ids, places: HashMap::new() };
    let Some(source) = source else {
        taken.ids.doubt();
        return (Vec::new(), taken.ids, taken.places);
    };
    let document = Document::parse(source, problems);
    let mut root = TableReader::of(&document, problems);
    let accounts = root.tables("account", |table| read_account(table, &mut around, &mut taken));
    root.finish();
    if document.is_broken() {
        taken.ids.doubt();
    }
    (accounts.into_iter().flatten().collect(), taken.ids, taken.places)
}

fn read_account(
    table: &mut TableReader,
    around: &mut Surroundings,
    taken: &mut Taken,
) -> Option<ProvisionedAccount> {
    let id = table.required("id", text(texts::name));
    taken.ids.take(table, "id", id.as_ref());
    if let Some(id) = &id {
        taken.places.insert(Arc::clone(id), AccountPlaces::of(|key| table.place_of(key)));
    }
    let system_id = read_system_id(table, id.as_ref(), &mut taken.system_ids);
    let password_hash = table.required(
        "password_hash",
        text(|text| text.parse::<PasswordHash>().map_err(|error| error.to_string())),
    );
    let opening_balance = table.or("opening_balance", Amount::ZERO, decimal(texts::amount));
    let tlv =
        table.table("tlv", |tags| read_tlv_tags(tags, around.settings.tlv)).unwrap_or(around.settings.tlv);
    let max_binds = table.number(&bounds::MAX_BINDS);
    let window = read_window(table, around.settings);
    let allowed_ips = table.allowing("allowed_ips", text(texts::address_block)).unwrap_or_default();
    let idempotency_by_user_message_reference = read_reference_window(table, around.settings);
    let reply_tlvs = table.or("reply_tlvs", false, boolean);
    let smpp33_receipt_ids = table.or("smpp33_receipt_ids", Smpp33ReceiptIds::default(), one_of);
    let contact = Contact {
        email: table.optional("email", text(texts::email)),
        webhook_url: table.optional("alert_webhook_url", text(texts::web_url)),
    };
    let resale = read_resale(table);
    let pumping = read_pumping_overrides(table, "traffic_pumping");
    let account = read_charging(table, around, id)?;
    if let Err(message) = check_opening_balance(opening_balance, account.credit_limit) {
        table.problem("opening_balance", message);
    }
    Some(ProvisionedAccount {
        account,
        system_id: system_id?,
        password_hash: password_hash?,
        opening_balance,
        max_binds,
        window,
        allowed_ips,
        idempotency_by_user_message_reference,
        reply_tlvs,
        smpp33_receipt_ids,
        tlv,
        contact,
        resale,
        pumping,
    })
}

/// Reads the part of an account that the engine charges by.
fn read_charging(
    table: &mut TableReader,
    around: &mut Surroundings,
    id: Option<Arc<str>>,
) -> Option<Account> {
    let plan = table.required("plan", text(|name| around.plans.resolve(name)));
    let currency = read_currency(table, plan.as_ref().and_then(|plan| around.plans.currency_of(plan)));
    let credit_limit = table.or("credit_limit", Amount::ZERO, decimal(texts::price));
    let suspended = table.or("suspended", false, boolean);
    let low_balance_threshold = table.optional("low_balance_threshold", decimal(texts::amount));
    let default_calling_code = table
        .optional("default_calling_code", text(|code| texts::calling_code(around.known.calling_code(code)?)));
    let number_lengths = table.or("number_lengths", NumberLengths::default(), one_of);
    let rates = read_own_rates(table, around);
    let senders = read_senders(table);
    let templates = table.or("templates", TextPolicy::default(), one_of);
    let trusts_network_tlv = table.or("trusts_network_tlv", false, boolean);
    let rate_limit = table.table("rate_limit", read_rate_limit).flatten();
    let default_coding = table.or("default_coding", DefaultCoding::default(), one_of);
    let delivery = table.or("delivery", DeliveryMode::default(), one_of);
    let statuses = read_refusals(table, &around.settings.refusals);
    let caps = read_caps(table, around.known);
    let reselling = read_reselling(table);
    Some(Account {
        id: id?,
        currency: currency?,
        plan: plan?,
        credit_limit,
        suspended,
        low_balance_threshold,
        default_calling_code,
        number_lengths,
        rates,
        senders,
        texts: templates,
        approvals: Arc::default(),
        trusts_network_tlv,
        rate_limit,
        default_coding,
        delivery,
        statuses,
        caps,
        reselling,
    })
}

/// Reads the place in a chain. Price lists are read later, from a file that names accounts.
fn read_reselling(table: &mut TableReader) -> Reselling {
    Reselling {
        parent: table.optional("parent", text(texts::name)),
        chain: table.or("chain", false, boolean),
        earning: read_earning(table),
        price_list: None,
    }
}

/// Reads the word `wholesale` or a table.
fn read_earning(table: &mut TableReader) -> Earning {
    match table.value("earning").map(toml::Spanned::get_ref) {
        None => Earning::Wholesale,
        Some(DeValue::Table(_)) => {
            let earning = table.table("earning", |below| {
                // The API calls it `percent`.
                let key = if below.has("percent") { "percent" } else { "commission_percent" };
                if key == "percent" && below.has("commission_percent") {
                    below.problem("percent", "is given beside commission_percent, which means the same");
                }
                let percent = below.required(key, decimal(number));
                let of = below.required("of", one_of);
                let earning = commission(percent?, of?);
                earning.map_err(|message| below.problem(key, message)).ok()
            });
            earning.flatten().unwrap_or_default()
        }
        Some(value) => {
            if value.as_str() != Some("wholesale") {
                let example = "{ commission_percent = \"10\", of = \"charge\" }";
                table.problem("earning", format!("is neither `wholesale` nor a table such as `{example}`"));
            }
            Earning::Wholesale
        }
    }
}

fn read_resale(table: &mut TableReader) -> Resale {
    Resale {
        is_reseller: table.or("is_reseller", false, boolean),
        below_cost: table.or("below_cost", BelowCost::default(), one_of),
        price_list: table.optional("price_list", text(texts::name)),
    }
}

/// Reads the word `approved` or a list.
fn read_senders(table: &mut TableReader) -> SenderPolicy {
    match table.value("senders").map(toml::Spanned::get_ref) {
        None => SenderPolicy::Any,
        Some(DeValue::String(word)) => {
            if word != "approved" {
                table.problem("senders", format!("{} is neither `approved` nor a list", quoted(word)));
            }
            SenderPolicy::Approved
        }
        Some(_) => {
            table.allowing("senders", text(texts::sender)).map_or(SenderPolicy::Any, SenderPolicy::Listed)
        }
    }
}

/// Reads the currency, which must be that of the plan.
fn read_currency(table: &mut TableReader, of_plan: Option<Currency>) -> Option<Currency> {
    let currency = table.optional("currency", text(texts::currency));
    if let (Some(currency), Some(of_plan)) = (currency, of_plan)
        && currency != of_plan
    {
        table.problem("currency", format!("is {currency}, but the plan's is {of_plan}"));
    }
    of_plan.or(currency)
}

/// Reads the `system_id`; the account's id is the default.
fn read_system_id(table: &mut TableReader, id: Option<&Arc<str>>, taken: &mut Names) -> Option<Arc<str>> {
    let written = table.optional("system_id", text(texts::system_id));
    let system_id = if table.has("system_id") {
        written
    } else {
        let stand_in = texts::system_id(id?);
        let absent = |message| format!("is missing, and the id cannot stand in for it: {message}");
        stand_in.map_err(|message| table.problem("system_id", absent(message))).ok()
    };
    taken.take(table, "system_id", system_id.as_ref());
    system_id
}

fn read_window(table: &mut TableReader, settings: &Settings) -> Option<u32> {
    let window = table.optional_number(&bounds::WINDOW);
    let queue = settings.storage.queue_messages;
    if window.is_some_and(|window| window > queue) {
        table.problem(
            "window",
            format!("is more than storage.queue_messages, {queue}: one bind could fill the queue"),
        );
    }
    window
}

fn read_reference_window(table: &mut TableReader, settings: &Settings) -> Option<Duration> {
    let hours = u64::from(settings.storage.idempotency_window_hours);
    let most = hours.saturating_mul(HOUR_SECONDS);
    let seconds = table.optional_number(&bounds::REFERENCE_SECONDS).map(u64::from)?;
    if seconds > most {
        let key = bounds::REFERENCE_SECONDS.key;
        table.problem(key, format!("is more than storage.idempotency_window_hours, which is {most} seconds"));
    }
    Some(Duration::from_secs(seconds))
}

fn read_rate_limit(table: &mut TableReader) -> Option<RateLimit> {
    let per_second = table.required(bounds::PER_SECOND.key, integer(bounds::PER_SECOND.range()));
    let burst = table.optional_number(&bounds::BURST);
    let per_second = per_second?;
    Some(RateLimit { per_second, burst: burst.unwrap_or(per_second) })
}

fn read_refusals(table: &mut TableReader, default: &StatusTable) -> Vec<(Refusal, u32)> {
    let statuses = table.table("refusals", |statuses| read_statuses(statuses, default));
    statuses.unwrap_or_default()
}

/// The account's own rates: the name of a CSV file, or a list of tables.
fn read_own_rates(table: &mut TableReader, around: &mut Surroundings) -> Vec<RateRow> {
    match table.value("rates").map(toml::Spanned::get_ref) {
        None => Vec::new(),
        Some(DeValue::String(_)) => {
            let Some(source) = table.optional("rates", |value| source_file(value, around.sources)) else {
                return Vec::new();
            };
            read_rate_file(&source, around.known, table.problems()).into_rows()
        }
        Some(_) => {
            let mut list = RateList::default();
            table.tables("rates", |row| read_rate_table(&mut list, row, around.known));
            list.into_rows()
        }
    }
}
