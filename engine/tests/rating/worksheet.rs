//! Reads a worksheet, charges its messages, and compares what happens with what it says.

use std::sync::Arc;

use tollgate_engine::beside::LevelCharge;
use tollgate_engine::bundle::{BundleNumber, BundleTake};
use tollgate_engine::chain::LevelRefusal;
use tollgate_engine::charging::{Charge, Level, Message, Payer, Rated, charge};
use tollgate_engine::money::Amount;
use tollgate_engine::posting::{AccountPostings, LevelPostings};
use tollgate_engine::prices::FoundRate;
use tollgate_engine::quote::{LevelQuote, Quote, quote};
use tollgate_engine::refusal::Refusal;
use tollgate_engine::segments::Body;
use tollgate_engine::tables::{PriceSource, Tables, Terms};
use tollgate_engine::tariff::PriceLine;
use tollgate_engine::time::UnixMicros;
use tollgate_engine::wallet::Wallet;

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
            let happened = match message.trim() {
                "take back" => take_back(&setup),
                message => happens(&setup, message),
            };
            happened.and_then(|happened| compare(due, &happened))
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
    let above = tables.above(terms);
    let level = |terms: &&'_ Arc<Terms>| {
        setup.wallet(&terms.account.id).map(|(wallet, _)| (Arc::clone(terms), wallet))
    };
    let above = above.iter().map(level).collect::<Result<Vec<_>, _>>()?;
    let above: Vec<Level<'_>> = above.iter().map(|(terms, wallet)| Level { terms, wallet }).collect();
    let state = || -> Vec<_> {
        let wallets = std::iter::once(wallet).chain(above.iter().map(|level| level.wallet));
        wallets.map(|wallet| (wallet.state(), wallet.pockets())).collect()
    };
    let before = state();
    let payer = Payer { terms, throttle, wallet, above: &above };
    let quoted = quote(tables, &payer, message, now.into());
    if state() != before {
        return Err("quoting changed a wallet".to_owned());
    }
    let price = |_: &Rated, expected: &dyn Fn() -> Amount| Ok(expected());
    match charge(tables, &payer, message, now.into(), None, price).map_err(LevelRefusal::for_sender) {
        // The expected price knows no bundles.
        Ok((charged, expected)) if !is_covered(&charged) && charged.posting.amount != expected => {
            Err(format!("charged {}, but expected {expected}", charged.posting.amount))
        }
        Ok((charged, _)) => {
            remember(setup, &payer, &charged);
            explain(setup, tables, &charged, quoted, &payer)
        }
        Err(refusal) if state() != before => Err(format!("refused as {refusal}, but a wallet changed")),
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
    setup: &Setup,
    tables: &Tables,
    charged: &Charge,
    quoted: Result<Quote<'_>, LevelRefusal>,
    payer: &Payer<'_>,
) -> Result<String, String> {
    let after = payer.wallet.state();
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
    let mut cells = vec![
        tables.networks.get(charged.rated.network).code.to_string(),
        rate_of(&quoted),
        tiers_of(&quoted.lines),
        format!("{} = {}", working_of(&quoted.lines), posting.amount),
        format!("{} + {}", posting.counted_before, posting.segments),
        after.balance.to_string(),
    ];
    if let Some(beside) = &charged.beside {
        let own = quoted.postings.as_ref().map_err(|refused| format!("{refused:?}"))?;
        if *own != beside.own {
            return Err(format!("moved {:?}, but quoted {own:?}", beside.own));
        }
        cells.extend(takes_of(setup, payer.wallet, &beside.own.takes));
        for ((level, charged), quoted) in payer.above.iter().zip(&beside.above).zip(&quoted.above) {
            if quoted.postings.as_ref() != Some(&charged.postings) {
                return Err(format!("moved {:?}, but quoted {:?}", charged.postings, quoted.postings));
            }
            cells.extend(level_of(setup, level, charged, quoted));
        }
    }
    Ok(cells.join(" | "))
}

fn is_covered(charged: &Charge) -> bool {
    charged.beside.as_ref().is_some_and(|beside| beside.own.covered > 0)
}

/// The cells of a level above: its payment or its commission.
fn level_of(setup: &Setup, level: &Level<'_>, charged: &LevelCharge, quoted: &LevelQuote<'_>) -> Vec<String> {
    let (postings, state) = (&charged.postings, level.wallet.state());
    let (name, posting) = (&level.terms.account.id, postings.posting);
    let volume = format!("{} + {}", posting.counted_before, posting.segments);
    if postings.commission != Amount::ZERO {
        let earned = level.wallet.pockets().commission;
        return vec![format!("{name} earns {}", postings.commission), volume, format!("{earned} earned")];
    }
    let plan = &level.terms.plan.plan;
    let covered = if plan.bundle_segments_count { postings.covered } else { 0 };
    let paid = u32::from(charged.segments) - postings.covered;
    let before = posting.counted_before + u64::from(covered);
    let lines: Vec<PriceLine> = plan.price_lines(quoted.rated.unit, before, paid).collect();
    let mut cells = vec![
        format!("{name} pays {} = {}", working_of(&lines), posting.amount),
        volume,
        state.balance.to_string(),
    ];
    cells.extend(takes_of(setup, level.wallet, &postings.takes));
    cells
}

/// Units taken from bundles, and what is left of these.
fn takes_of(setup: &Setup, wallet: &Wallet, takes: &[BundleTake]) -> Vec<String> {
    let pockets = wallet.pockets();
    let name = |number: BundleNumber| &setup.bundles[usize::try_from(number.0).unwrap() - 1];
    let left = |number| pockets.bundles.get(number).map_or(0, |bundle| bundle.left);
    let take =
        |take: &BundleTake| format!("{} of {}, {} left", take.units, name(take.bundle), left(take.bundle));
    takes.iter().map(take).collect()
}

/// Keeps what a charge moved, so that the next line can take it back.
fn remember(setup: &Setup, payer: &Payer<'_>, charged: &Charge) {
    let own = LevelPostings { posting: charged.posting, ..LevelPostings::default() };
    let (own, above) =
        charged.beside.as_deref().map_or((&own, [].as_slice()), |beside| (&beside.own, &beside.above));
    let accounts = std::iter::once(payer.terms).chain(payer.above.iter().map(|level| level.terms));
    let postings = std::iter::once(own).chain(above.iter().map(|level| &level.postings));
    let moved = accounts.zip(postings).map(|(terms, level)| {
        let mut moved = AccountPostings::of(level.posting.account);
        moved.add(level);
        (terms.account.id.to_string(), moved)
    });
    *setup.last.borrow_mut() = moved.collect();
}

/// Takes the last charge back, as a refund does, and says what every account has then.
fn take_back(setup: &Setup) -> Result<String, String> {
    let mut cells = Vec::new();
    for (account, moved) in setup.last.take() {
        let wallet = &setup.wallet(&account)?.0;
        wallet.undo_postings(&moved.clone().refundable());
        cells.push(format!("{account} {}", wallet.state().balance));
        let pockets = wallet.pockets();
        for take in &moved.takes {
            let left = pockets.bundles.get(take.bundle).map_or(0, |bundle| bundle.left);
            cells.push(format!("{left} of {}", setup.bundles[usize::try_from(take.bundle.0).unwrap() - 1]));
        }
        if moved.commission.micros() != 0 {
            cells.push(format!("{} earned", pockets.commission));
        }
    }
    Ok(cells.join(" | "))
}

fn rate_of(quoted: &Quote<'_>) -> String {
    let row = |whose: &str, found: &FoundRate<'_>| format!("{whose} {}", found.network);
    match &quoted.price_source {
        Some(PriceSource::AccountRate(found)) => row("own", found),
        Some(PriceSource::ListRate(found)) => row("list", found),
        Some(PriceSource::MarkUp(_)) => "mark-up".to_owned(),
        Some(PriceSource::PlanRate(found)) => row("plan", found),
        Some(PriceSource::BasePrice) => "base".to_owned(),
        None => "nothing".to_owned(),
    }
}

fn tiers_of(lines: &[PriceLine]) -> String {
    if lines.is_empty() {
        return "-".to_owned();
    }
    let name = |line: &PriceLine| line.tier.map_or("-".to_owned(), |tier| (tier + 1).to_string());
    lines.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn working_of(lines: &[PriceLine]) -> String {
    if lines.is_empty() {
        return "nothing".to_owned();
    }
    let term = |line: &PriceLine| format!("{} x {}", line.segments, line.price_per_segment);
    lines.iter().map(term).collect::<Vec<_>>().join(" + ")
}
