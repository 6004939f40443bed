//! Reads a worksheet, charges its messages, and compares what happens with what it says.

use tollgate_engine::chain::LevelRefusal;
use tollgate_engine::charging::{Charge, Message, Payer, Rated, charge};
use tollgate_engine::money::Amount;
use tollgate_engine::prices::FoundRate;
use tollgate_engine::quote::{Quote, quote};
use tollgate_engine::refusal::Refusal;
use tollgate_engine::segments::Body;
use tollgate_engine::tables::{PriceSource, Tables, Terms};
use tollgate_engine::tariff::PriceLine;
use tollgate_engine::time::UnixMicros;
use tollgate_engine::wallet::WalletState;

use crate::setup::Setup;

/// The result of a worksheet.
#[derive(Default)]
pub struct Outcome {
    /// The number of messages that it lists.
    pub messages: usize,
    /// `file:line: what is wrong`.
    pub differences: Vec<String>,
}

/// Works through a sheet from its first line to its last.
pub fn check(name: &str, sheet: &str) -> Outcome {
    let (mut setup, mut outcome) = (Setup::default(), Outcome::default());
    for (line, number) in sheet.lines().map(str::trim).zip(1..) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let result = if let Some((message, due)) = line.split_once("=>") {
            outcome.messages += 1;
            happens(&setup, message).and_then(|happened| compare(due, &happened))
        } else {
            setup.set_up(line)
        };
        if let Err(problem) = result {
            outcome.differences.push(format!("{name}:{number}: {problem}"));
        }
    }
    outcome
}

fn compare(due: &str, happened: &str) -> Result<(), String> {
    let due = cells(due).join(" | ");
    if due == happened { Ok(()) } else { Err(format!("due is `{due}`, but it is `{happened}`")) }
}

fn cells(row: &str) -> Vec<&str> {
    row.split('|').map(str::trim).collect()
}

/// A message as its line gives it, owning its octets.
pub struct Submitted<'a> {
    to: &'a str,
    source: &'a str,
    via: Option<&'a str>,
    udhi: bool,
    octets: Vec<u8>,
}

impl<'a> Submitted<'a> {
    /// From the destination and the message's cell.
    pub fn read(to: &'a str, cell: &'a str) -> Result<Self, String> {
        let mut words = cell.split_whitespace();
        let body = words.next().ok_or("the message is missing")?;
        let (udhi, octets) = match body {
            // A header of nine octets, of which there are none.
            "broken" => (true, vec![9]),
            "1" => (false, b"a".to_vec()),
            many => (false, vec![b'a'; 153 * many.parse::<usize>().map_err(|error| error.to_string())?]),
        };
        let mut submitted = Self { to, source: "", via: None, udhi, octets };
        while let Some(word) = words.next() {
            match (word, words.next()) {
                ("from", Some(address)) => submitted.source = address,
                ("via", Some(network)) => submitted.via = Some(network),
                _ => return Err(format!("`{word}` cannot be read")),
            }
        }
        Ok(submitted)
    }

    /// As the engine takes it.
    pub fn message(&self) -> Message<'_> {
        Message {
            source: self.source.as_bytes(),
            destination: self.to.as_bytes(),
            destination_ton: 0,
            destination_npi: 1,
            network_tlv: self.via.map(str::as_bytes),
            body: Body {
                data_coding: 0,
                udhi: self.udhi,
                sar: None,
                octets: &self.octets,
                in_payload: self.octets.len() > Body::SHORT_MESSAGE_OCTETS_MAX,
            },
        }
    }
}

/// Charges one message and says what happened, in the worksheet's words.
fn happens(setup: &Setup, message: &str) -> Result<String, String> {
    let [time, account, to, cell] = cells(message)[..] else {
        return Err("a message is `time | account | to | message`".to_owned());
    };
    let now = UnixMicros::parse(time).ok_or_else(|| format!("`{time}` is no time"))?;
    let tables = setup.tables()?;
    let terms = tables.terms(account).ok_or_else(|| format!("no account `{account}`"))?;
    let submitted = Submitted::read(to, cell)?;
    settle(setup, &tables, terms, &submitted.message(), now)
}

/// Quotes and charges; the two must agree, and a refusal must change nothing.
pub fn settle(
    setup: &Setup,
    tables: &Tables,
    terms: &Terms,
    message: &Message<'_>,
    now: UnixMicros,
) -> Result<String, String> {
    let (wallet, throttle) = setup.wallet(&terms.account.id)?;
    let before = wallet.state();
    let payer = Payer { terms, throttle, wallet, above: &[] };
    let quoted = quote(tables, &payer, message, now);
    if wallet.state() != before {
        return Err("quoting changed the wallet".to_owned());
    }
    let price = |_: &Rated, expected: &dyn Fn() -> Amount| Ok(expected());
    match charge(tables, &payer, message, now, price).map_err(LevelRefusal::for_sender) {
        Ok((charged, expected)) if charged.posting.amount != expected => {
            Err(format!("charged {}, but expected {expected}", charged.posting.amount))
        }
        Ok((charged, _)) => explain(tables, &charged, quoted, &wallet.state()),
        Err(refusal) if wallet.state() != before => {
            Err(format!("refused as {refusal}, but the wallet changed"))
        }
        Err(refusal) => {
            let of_quote = quoted.and_then(|quoted| quoted.postings).err().map(LevelRefusal::for_sender);
            // A quote asks for no place in the account's messages per second.
            let agree = of_quote == Some(refusal) || refusal == Refusal::Throttled;
            agree
                .then(|| format!("refused: {refusal}"))
                .ok_or_else(|| format!("refused as {refusal}, but the quote says {of_quote:?}"))
        }
    }
}

/// A charge in the worksheet's words, explained by its quote.
fn explain(
    tables: &Tables,
    charged: &Charge,
    quoted: Result<Quote<'_>, LevelRefusal>,
    after: &WalletState,
) -> Result<String, String> {
    let quoted = quoted.map_err(|refusal| format!("charged, but the quote says {refusal:?}"))?;
    let posting = charged.posting;
    let quoted_posting = quoted.postings.as_ref().map(|own| own.posting);
    if (quoted.rated, quoted_posting) != (charged.rated, Ok(posting)) {
        return Err(format!("charged {charged:?}, but quoted {quoted:?}"));
    }
    if after.counted(posting.month) != posting.counted_before + u64::from(posting.segments) {
        return Err(format!("{posting:?} left {after:?}"));
    }
    if quoted.lines.iter().filter_map(PriceLine::total).sum::<Amount>() != posting.amount {
        return Err(format!("{posting:?} is not the sum of {:?}", quoted.lines));
    }
    Ok([
        tables.networks.get(charged.rated.network).code.to_string(),
        rate_of(&quoted),
        tiers_of(&quoted.lines),
        format!("{} = {}", working_of(&quoted.lines), posting.amount),
        format!("{} + {}", posting.counted_before, posting.segments),
        after.balance.to_string(),
    ]
    .join(" | "))
}

fn rate_of(quoted: &Quote<'_>) -> String {
    let row = |whose: &str, found: &FoundRate<'_>| format!("{whose} {}", found.network);
    match &quoted.price_source {
        Some(PriceSource::AccountRate(found)) => row("own", found),
        Some(PriceSource::ListRate(found)) => row("list", found),
        Some(PriceSource::MarkUp) => "mark-up".to_owned(),
        Some(PriceSource::PlanRate(found)) => row("plan", found),
        Some(PriceSource::BasePrice) => "base".to_owned(),
        None => "nothing".to_owned(),
    }
}

fn tiers_of(lines: &[PriceLine]) -> String {
    let name = |line: &PriceLine| line.tier.map_or("-".to_owned(), |tier| (tier + 1).to_string());
    lines.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn working_of(lines: &[PriceLine]) -> String {
    let term = |line: &PriceLine| format!("{} x {}", line.segments, line.price_per_segment);
    lines.iter().map(term).collect::<Vec<_>>().join(" + ")
}
