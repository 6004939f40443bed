//! `tollgate quote`: what a message would cost and why, and on request who it would be handed to, by the code that
//! charges and routes it.

mod route;

use std::path::Path;

use serde_json::{Value, json};
use tollgate_engine::account::AccountNumber;
use tollgate_engine::charging::Message;
use tollgate_engine::money::Amount;
use tollgate_engine::prices::{FoundRate, RateScope};
use tollgate_engine::quote::{Quote, quote as quote_message};
use tollgate_engine::segments::{Body, EncodedText, encode_text};
use tollgate_engine::tables::{NetworkSource, PriceSource, Tables};
use tollgate_engine::wallet::{Wallet, WalletState};
use tollgate_storage::clock::now;
use tollgate_storage::store::Store;

use self::route::Route;
use super::{Failure, load};
use crate::cli::QuoteArguments;
use crate::config::ProvisionedAccount;

/// Prints the explanation, for a person or as JSON.
pub fn quote(config: &Path, arguments: &QuoteArguments) -> Result<(), Failure> {
    let loaded = load(config)?;
    let provisioning = &loaded.provisioning;
    let account = provisioning.accounts.iter().find(|account| *account.account.id == *arguments.account);
    let account = account.ok_or_else(|| format!("no account `{}`", arguments.account))?;
    let tables = Tables::build(provisioning.definition(&loaded.settings.refusals))
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
    let quoted = quote_message(&tables, terms, &wallet, &message, now).map_err(|refusal| {
        let status = terms.statuses.status(refusal);
        format!("refused: {refusal} (command_status 0x{status:08X})")
    })?;
    let explanation = Explanation { quote: &quoted, tables: &tables, state: wallet.state() };
    let route = if arguments.route {
        Some(Route::find(provisioning, &tables, &quoted, explanation.price(), &message, now)?)
    } else {
        None
    };
    if arguments.json {
        println!("{:#}", json(&explanation, route.as_ref()));
    } else {
        explanation.print();
        route.inspect(Route::print);
    }
    Ok(())
}

fn json(explanation: &Explanation, route: Option<&Route>) -> Value {
    let mut json = explanation.json();
    if let (Some(route), Some(keys)) = (route, json.as_object_mut()) {
        keys.insert("route".to_owned(), route.json());
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
    let mut state = WalletState { balance: account.opening_balance, ..WalletState::default() };
    if let Some(path) = &arguments.data_dir {
        let store = Store::open_read_only(path).map_err(|error| error.to_string())?;
        let accounts = store.accounts().map_err(|error| error.to_string())?;
        if let Some((number, _)) = accounts.iter().find(|(_, row)| *row.id == *arguments.account) {
            state = store.wallet(*number).map_err(|error| error.to_string())?.unwrap_or_default();
        }
    }
    if let Some(counted) = arguments.counted {
        state.forget(month, u64::MAX);
        state.count(month, counted);
    }
    Ok(state)
}

/// A quote with what turns its numbers into names.
struct Explanation<'a> {
    quote: &'a Quote<'a>,
    tables: &'a Tables,
    state: WalletState,
}

impl Explanation<'_> {
    fn print(&self) {
        let quote = self.quote;
        let (account, rated) = (&quote.terms.account, &quote.rated);
        let network = self.tables.networks.get(rated.network);
        let country = self.tables.networks.country_of(rated.network).map_or("", |country| &*country.name);
        println!("account     {}, plan {}, {}", account.id, account.plan, account.currency);
        println!("tariff      version {}", quote.tariff_version);
        println!("number      {}", rated.number);
        println!("network     {} {} {} ({})", network.code, network.operator, country, self.network_source());
        println!("segments    {} ({})", rated.segments, self.coding());
        println!(
            "rate        {} {} per segment: {}",
            rated.unit.price,
            account.currency,
            self.price_source()
        );
        for line in &quote.lines {
            let total = line.total().unwrap_or_default();
            println!(
                "            {} x {} = {} {}",
                line.segments,
                line.price_per_segment,
                total,
                self.tier(line.tier)
            );
        }
        let counted = self.state.counted(rated.month);
        let after = counted + u64::from(rated.segments);
        println!("volume      {counted} segments in {} before, {after} after", rated.month);
        match &quote.posting {
            Ok(posting) => {
                let after = self.state.balance.checked_sub(posting.amount).unwrap_or_default();
                println!("price       {} {}", posting.amount, account.currency);
                println!(
                    "posting     wallet {}: {} - {} = {after}",
                    account.id, self.state.balance, posting.amount
                );
            }
            Err(refusal) => {
                println!("price       {} {}", self.price(), account.currency);
                println!("refused     {refusal}: the wallet holds {}", self.state.balance);
            }
        }
    }

    fn json(&self) -> Value {
        let quote = self.quote;
        let (account, rated) = (&quote.terms.account, &quote.rated);
        let network = self.tables.networks.get(rated.network);
        let country = self.tables.networks.country_of(rated.network).map(|country| country.name.to_string());
        let lines: Vec<Value> = quote
            .lines
            .iter()
            .map(|line| {
                json!({
                    "tier": line.tier.map(|tier| tier + 1),
                    "segments": line.segments,
                    "price_per_segment": line.price_per_segment.to_string(),
                    "total": line.total().unwrap_or_default().to_string(),
                })
            })
            .collect();
        let counted = self.state.counted(rated.month);
        json!({
            "account": &*account.id,
            "plan": &*account.plan,
            "currency": account.currency.as_str(),
            "tariff_version": &*quote.tariff_version,
            "number": rated.number.to_string(),
            "network": {
                "mcc": format!("{:03}", network.code.mcc),
                "mnc": network.code.mnc.map(|mnc| mnc.to_string()),
                "operator": network.operator.to_string(),
                "country": country,
                "found_by": self.network_source(),
            },
            "segments": { "count": rated.segments, "coding": self.coding() },
            "rate": { "price": rated.unit.price.to_string(), "source": self.price_source() },
            "lines": lines,
            "volume": { "month": rated.month.to_string(), "before": counted, "after": counted + u64::from(rated.segments) },
            "price": self.price().to_string(),
            "postings": quote.posting.iter().map(|posting| json!({
                "wallet": &*account.id,
                "amount": posting.amount.to_string(),
                "balance_before": self.state.balance.to_string(),
            })).collect::<Vec<_>>(),
            "refusal": quote.posting.err().map(tollgate_engine::refusal::Refusal::name),
        })
    }

    fn price(&self) -> Amount {
        self.quote.lines.iter().filter_map(tollgate_engine::tariff::PriceLine::total).sum()
    }

    fn network_source(&self) -> String {
        match self.quote.rated.network_source {
            NetworkSource::Tlv => "named in the TLV".to_owned(),
            NetworkSource::Ported => "ported number".to_owned(),
            NetworkSource::Prefix(digits) => {
                let number = self.quote.rated.number.to_string();
                format!("prefix {}", number.get(..usize::from(digits)).unwrap_or(&number))
            }
        }
    }

    fn coding(&self) -> String {
        let count = &self.quote.segments;
        format!("{:?}, {} units, {} per segment", count.coding, count.units, count.per_segment)
    }

    fn price_source(&self) -> String {
        match &self.quote.price_source {
            Some(PriceSource::AccountRate(rate)) => format!("the account's own rate for {}", describe(rate)),
            Some(PriceSource::PlanRate(rate)) => format!("the plan's rate for {}", describe(rate)),
            Some(PriceSource::BasePrice) => "the plan's base price".to_owned(),
            None => "none".to_owned(),
        }
    }

    fn tier(&self, tier: Option<usize>) -> String {
        let tiers = &self.quote.terms.plan.plan.tiers;
        let Some((index, tier)) = tier.and_then(|index| Some((index, tiers.get(index)?))) else {
            return String::new();
        };
        let to = tier.to_segment.map_or("on".to_owned(), |to| format!("to {to}"));
        let discount = tier.discount.percent();
        format!("(tier {}: segments {} {to}, discount {discount} %)", index + 1, tier.from_segment)
    }
}

fn describe(rate: &FoundRate<'_>) -> String {
    let scope = match rate.scope {
        RateScope::Network => "",
        RateScope::Alias => ", another code of the operator",
        RateScope::Country => ", the whole MCC",
        RateScope::CountryAlias => ", another MCC of the country",
    };
    format!("{}{scope} ({}:{})", rate.network, rate.origin.file, rate.origin.line)
}
