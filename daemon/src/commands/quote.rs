//! `tollgate quote`: what a message would cost and why, and on request who it would be handed to, by the code that
//! charges and routes it.

mod route;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tollgate_engine::account::{AccountNumber, SenderPolicy, TextPolicy, network_from_tlv};
use tollgate_engine::charging::{Level, Message, Payer};
use tollgate_engine::money::Amount;
use tollgate_engine::quote::quote as quote_message;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::segments::{Body, EncodedText, encode_text};
use tollgate_engine::tables::{Definition, Tables, Terms};
use tollgate_engine::throttle::Throttle;
use tollgate_engine::wallet::{Wallet, WalletState};
use tollgate_storage::clock::now;
use tollgate_storage::store::Store;

use crate::arguments::parse_time;
use crate::failure::Failure;
use tollgate_console::say;
use tollgate_engine::time::UnixMicros;
use tollgate_management::quotes::route::Route;
use tollgate_management::quotes::{Explained, ExplainedLevel};
use tollgate_management::tariff_files::{PricedLine, Sale};
use tollgate_provisioning::{self as config, Loaded, ProvisionedAccount};

/// The arguments of `tollgate quote`.
#[derive(Debug, clap::Args)]
pub struct QuoteArguments {
    /// The account that would pay
    #[arg(long)]
    pub account: String,
    /// The destination, as a gateway would submit it
    #[arg(long, value_name = "NUMBER")]
    pub to: String,
    /// The sender: a number, a short code or a sender ID
    #[arg(long, default_value = "")]
    pub from: String,
    /// The text; it is encoded as a gateway would
    #[arg(long, conflicts_with = "segments")]
    pub text: Option<String>,
    /// The number of segments, in place of a text
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..))]
    pub segments: Option<u8>,
    /// The time at which it would be submitted, in RFC 3339 [default: now]
    #[arg(long, value_parser = parse_time)]
    pub at: Option<UnixMicros>,
    /// The network named in the account's TLV, such as 63902
    #[arg(long, value_parser = parse_network)]
    pub network: Option<String>,
    /// Segments that the account has had this month; without it and a data directory, none
    #[arg(long, value_name = "SEGMENTS", value_parser = clap::value_parser!(u64).range(..=1_000_000_000_000))]
    pub counted: Option<u64>,
    /// Read balance and volume from this data directory
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Also show which operators could take it, in which order, and why the others could not
    #[arg(long)]
    pub route: bool,
    /// Print JSON, for programs
    #[arg(long)]
    pub json: bool,
}

/// The name of a network as a TLV has it, if it is one.
fn parse_network(text: &str) -> Result<String, String> {
    let network = network_from_tlv(text.as_bytes());
    network.map(|_| text.to_owned()).ok_or_else(|| "must be MCC and MNC, such as 63902 or 639/02".to_owned())
}

/// Prints the explanation, for a person or as JSON.
pub fn quote(config: &Path, arguments: &QuoteArguments) -> Result<(), Failure> {
    let loaded = config::load(config)?;
    let provisioning = &loaded.provisioning;
    let account = provisioning.accounts.iter().find(|account| *account.account.id == *arguments.account);
    let account = account.ok_or_else(|| {
        format!("there is no account `{}` in the files of the configuration", arguments.account)
    })?;
    let tables = Tables::build(definition(&loaded))
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
    let terms = tables.terms(&arguments.account).ok_or("the account has no terms")?;
    let now = arguments.at.unwrap_or_else(now);
    let wallet = Wallet::new(
        AccountNumber::default(),
        wallet_state(account, arguments, terms.plan.months.month_at(now))?,
    );
    let encoded = encode(arguments);
    let message = Message {
        source: arguments.from.as_bytes(),
        destination: arguments.to.as_bytes(),
        destination_ton: u8::from(!arguments.to.starts_with('0')),
        destination_npi: 1,
        network_tlv: arguments.network.as_deref().map(str::as_bytes),
        body: Body {
            data_coding: encoded.data_coding,
            udhi: false,
            sar: None,
            octets: &encoded.octets,
            in_payload: encoded.octets.len() > Body::SHORT_MESSAGE_OCTETS_MAX,
        },
    };
    let (throttle, above) = (Throttle::default(), tables.above(terms));
    // Wallets above are not looked at: they count as full, and their months as unused.
    let wallets: Vec<Wallet> = above.iter().zip(1..).map(|(_, number)| full_wallet(number)).collect();
    let above: Vec<Level<'_>> =
        above.iter().zip(&wallets).map(|(terms, wallet)| Level { terms, wallet }).collect();
    let payer = Payer { terms, throttle: &throttle, wallet: &wallet, above: &above };
    let quoted = quote_message(&tables, &payer, &message, now.into())
        .map_err(|refusal| refused(terms, refusal.for_sender()))?;
    let explained =
        Explained::of(&quoted, &tables, &wallet.state()).map_err(|refusal| refused(terms, refusal))?;
    let route = if arguments.route {
        Some(route::find(provisioning, &tables, &quoted, explained.price, &message, now)?)
    } else {
        None
    };
    if arguments.json {
        say!("{:#}", json(&explained, route.as_ref()));
    } else {
        print(&explained);
        if let Some(route) = &route {
            route::print(route);
        }
    }
    Ok(())
}

/// The wallet of an account above, which covers every price.
fn full_wallet(number: u32) -> Wallet {
    let balance = Amount::MAX.into();
    Wallet::new(AccountNumber(number), WalletState { balance, ..WalletState::default() })
}

fn refused(terms: &Terms, refusal: Refusal) -> String {
    let status = terms.statuses.status(refusal);
    format!("refused: {refusal} (command_status 0x{status:08X})")
}

/// Everything that prices depend on. Approvals are not in the files, so that a quote lets every sender and text through
/// that needs approval.
fn definition(loaded: &Loaded) -> Definition {
    let mut definition = loaded.provisioning.definition(&loaded.settings.refusals);
    for account in &mut definition.accounts {
        account.texts = TextPolicy::Any;
        if account.senders == SenderPolicy::Approved {
            account.senders = SenderPolicy::Any;
        }
    }
    definition
}

fn json(explained: &Explained, route: Option<&Route>) -> Value {
    let mut json = quote_json(explained);
    if let (Some(route), Some(keys)) = (route, json.as_object_mut()) {
        keys.insert("route".to_owned(), route::json(route));
    }
    json
}

/// The text as a gateway would encode it; a number of segments becomes a text that long.
fn encode(arguments: &QuoteArguments) -> EncodedText {
    let filler =
        arguments.segments.map(|segments| if segments == 1 { 1 } else { usize::from(segments) * 153 });
    let filler = filler.map(|length| "a".repeat(length));
    let text = filler.as_deref().or(arguments.text.as_deref()).unwrap_or_default();
    encode_text(text)
}

/// From the data directory where one is named; else the opening balance and what `--counted` says.
fn wallet_state(
    account: &ProvisionedAccount,
    arguments: &QuoteArguments,
    month: tollgate_engine::time::Month,
) -> Result<WalletState, String> {
    let mut state = WalletState { balance: account.opening_balance.into(), ..WalletState::default() };
    if let Some(path) = &arguments.data_dir {
        let store = Store::open_read_only(path).map_err(|error| error.to_string())?;
        let accounts = store.provisioned().accounts().map_err(|error| error.to_string())?;
        if let Some((number, _)) = accounts.iter().find(|(_, row)| *row.id == *arguments.account) {
            state = store.wallets().of(*number).map_err(|error| error.to_string())?.unwrap_or_default();
        }
    }
    if let Some(counted) = arguments.counted {
        state.set_counted(month, counted);
    }
    Ok(state)
}

/// Prints a quote as text for a person.
fn print(quote: &Explained) {
    let Explained { account, plan, currency, network, operator, found_by, .. } = quote;
    let country = quote.country.as_ref().map_or("", |(_, name)| name);
    say!("account     {account}, plan {plan}, {currency}");
    say!("tariff      version {}", quote.tariff_version);
    say!("number      {}", quote.number);
    say!("network     {network} {operator} {country} ({found_by})");
    say!("segments    {} ({})", quote.segments, coding(quote));
    say!("rate        {} {currency} per segment: {}", quote.unit_price, quote.price_source);
    for PricedLine { line, total, tier } in &quote.lines {
        say!("            {} x {} = {total} {tier}", line.segments, line.price_per_segment);
    }
    if quote.covered > 0 {
        say!("bundles     cover {} segments", quote.covered);
    }
    let (month, before, after) = (quote.month, quote.counted_before, quote.counted_after());
    say!("volume      {before} segments in {month} before, {after} after");
    match quote.posting {
        Ok(amount) => {
            let (before, after) = (quote.balance, quote.balance_after(amount));
            say!("price       {amount} {currency}");
            say!("posting     wallet {account}: {before} - {amount} = {after}");
            quote.above.iter().for_each(print_above);
            quote.sales.iter().for_each(|sale| say!("sale        {}", sale.text()));
        }
        Err(refusal) => {
            say!("price       {} {currency}", quote.price);
            say!("refused     {refusal}: the wallet holds {}", quote.balance);
        }
    }
}

fn print_above(level: &ExplainedLevel) {
    let ExplainedLevel { account, currency, segments, unit_price, price_source, postings } = level;
    let Some(postings) = postings else { return };
    say!("above       {account}: {segments} segments, {unit_price} {currency} per segment: {price_source}");
    match postings.commission {
        Amount::ZERO => say!("            pays {} {currency}", postings.posting.amount),
        earned => say!("            earns {earned} {currency} of commission"),
    }
}

fn quote_json(quote: &Explained) -> Value {
    let lines: Vec<Value> = quote.lines.iter().map(PricedLine::json).collect();
    json!({
        "account": &*quote.account,
        "plan": &*quote.plan,
        "currency": quote.currency.as_str(),
        "tariff_version": &*quote.tariff_version,
        "number": quote.number,
        "network": {
            "mcc": format!("{:03}", quote.network.mcc),
            "mnc": quote.network.mnc.map(|mnc| mnc.to_string()),
            "operator": quote.operator,
            "country": quote.country.as_ref().map(|(_, name)| name),
            "found_by": quote.found_by,
        },
        "segments": { "count": quote.segments, "coding": coding(quote) },
        "rate": { "price": quote.unit_price.to_string(), "source": quote.price_source },
        "lines": lines,
        "volume": {
            "month": quote.month.to_string(),
            "before": quote.counted_before,
            "after": quote.counted_after(),
        },
        "price": quote.price.to_string(),
        "postings": quote.posting.iter().map(|amount| json!({
            "wallet": &*quote.account,
            "amount": amount.to_string(),
            "balance_before": quote.balance.to_string(),
        })).collect::<Vec<_>>(),
        "covered_by_bundles": quote.covered,
        "above": quote.above.iter().map(level_json).collect::<Vec<_>>(),
        "sales": quote.sales.iter().map(Sale::json).collect::<Vec<_>>(),
        "refusal": quote.posting.err().map(Refusal::name),
    })
}

fn level_json(level: &ExplainedLevel) -> Value {
    let postings = level.postings.as_ref();
    json!({
        "account": &*level.account,
        "currency": level.currency.as_str(),
        "segments": level.segments,
        "rate": { "price": level.unit_price.to_string(), "source": level.price_source },
        "amount": postings.map(|postings| postings.posting.amount.to_string()),
        "commission": postings.map(|postings| postings.commission.to_string()),
    })
}

fn coding(quote: &Explained) -> String {
    let count = &quote.count;
    format!("{:?}, {} units, {} per segment", count.coding, count.units, count.per_segment)
}
