//! Lines of the archive about accounts that buy from one another, and about price lists; and their readers.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;
use std::sync::Arc;

use tollgate_engine::country::CountryCode;
use tollgate_engine::network::NetworkCode;
use tollgate_engine::price_list::{MarkUp, PriceList};
use tollgate_engine::reselling::Earning;
use tollgate_engine::tariff::{RateRow, RowOrigin};
use tollgate_engine::time::UnixMicros;
use tollgate_engine::traffic::TrafficScope;

use crate::accounts::ProvisionedAccount;
use crate::choice::Choice;
use crate::price_lists::number;
use crate::read::texts::{self, Parsed, quoted};
use crate::read::{Problems, SourceFile};
use crate::resale::{CommissionBase, ProvisionedPriceList, commission, commission_of, mark_up_percent};

/// A row of prices or costs in one line.
pub fn line_of(noun: &str, row: &RateRow) -> String {
    let to = row.effective_to.map_or_else(|| "open".to_owned(), UnixMicros::to_rfc3339);
    format!("{noun} {} {} from {} to {to}\n", row.network, row.price, row.effective_from.to_rfc3339())
}

/// A rate as `639/02 0.015 from 1970-01-01T00:00:00Z to open`.
pub fn rate_of_line(text: &str, origin: RowOrigin) -> Parsed<RateRow> {
    let words: Vec<&str> = text.split(' ').collect();
    let [network, price, "from", from, "to", to] = words[..] else {
        return Err("is not a network, a price and a time".to_owned());
    };
    Ok(RateRow {
        network: network_of_word(network)?,
        price: texts::price(price)?,
        effective_from: instant(from)?,
        effective_to: if to == "open" { None } else { Some(instant(to)?) },
        origin,
    })
}

fn network_of_word(word: &str) -> Parsed<NetworkCode> {
    NetworkCode::parse_joined(word).ok_or_else(|| format!("{} is not a network", quoted(word)))
}

/// Reads an instant; one beyond the calendar is a number.
fn instant(text: &str) -> Parsed<UnixMicros> {
    text.parse().map(UnixMicros).or_else(|_| texts::archived_instant(text))
}

/// The lines of an account that stands in a chain or buys by a price list; empty for one that does neither. Accounts of
/// `resellers` sell to their children.
pub fn resale_lines(provisioned: &ProvisionedAccount, resellers: &HashSet<&str>) -> String {
    let account = &provisioned.account;
    let reselling = &account.reselling;
    let parent = reselling.parent.as_ref().filter(|parent| resellers.contains(&***parent));
    let mut lines = String::new();
    if parent.is_none() && !reselling.chain && provisioned.resale.price_list.is_none() {
        return lines;
    }
    // Writing to a string cannot fail.
    let _ = writeln!(lines, "plan {}", account.plan);
    if let Some(parent) = parent {
        let _ = writeln!(lines, "parent {parent}");
    }
    if reselling.chain {
        lines.push_str("chain\n");
    }
    if let (Some((share, of)), Some(_)) = (commission_of(reselling.earning), parent) {
        let _ = writeln!(lines, "commission {} of {}", share.percent(), of.word());
    }
    if let Some(list) = &provisioned.resale.price_list {
        let _ = writeln!(lines, "price_list {list}");
    }
    lines
}

/// An earning as `12.5 of charge`.
pub fn earning_of_line(text: &str) -> Parsed<Earning> {
    let (percent, of) = text.split_once(" of ").ok_or("is not a percentage and what it is of")?;
    let of =
        CommissionBase::of_word(of).ok_or_else(|| format!("{} is no base of commissions", quoted(of)))?;
    commission(number(percent)?, of)
}

/// One paragraph for each price list.
pub fn price_list_lines(lists: &[ProvisionedPriceList]) -> String {
    let mut lines = String::new();
    for ProvisionedPriceList { name, list, .. } in lists {
        let _ = writeln!(lines, "price_list {name}");
        list.rates.iter().for_each(|row| lines.push_str(&line_of("rate", row)));
        for mark_up in &list.mark_ups {
            let (percent, amount) = (mark_up.share.percent(), mark_up.per_segment);
            let _ =
                writeln!(lines, "mark_up {percent} percent and {amount} on {}", scope_words(&mark_up.scope));
        }
        lines.push('\n');
    }
    lines
}

fn scope_words(scope: &TrafficScope) -> String {
    fn joined(kind: &str, items: impl Iterator<Item = String>) -> String {
        format!("{kind} {}", items.collect::<Vec<_>>().join(","))
    }
    match scope {
        TrafficScope::All => "all".to_owned(),
        TrafficScope::Countries(countries) => joined("countries", countries.iter().map(ToString::to_string)),
        TrafficScope::Networks(networks) => joined("networks", networks.iter().map(ToString::to_string)),
        TrafficScope::Prefixes(prefixes) => joined("prefixes", prefixes.iter().map(ToString::to_string)),
    }
}

/// A mark-up as `12.5 percent and 0.001 on countries KE,UG`.
fn mark_up_of_line(text: &str) -> Parsed<MarkUp> {
    let wrong = || "is not a percentage, an amount and the traffic".to_owned();
    let (percent, rest) = text.split_once(" percent and ").ok_or_else(wrong)?;
    let (amount, scope) = rest.split_once(" on ").ok_or_else(wrong)?;
    let scope = match scope.split_once(' ') {
        None if scope == "all" => TrafficScope::All,
        Some(("countries", codes)) => {
            let country =
                |code| CountryCode::new(code).ok_or_else(|| format!("{} is no country", quoted(code)));
            TrafficScope::Countries(codes.split(',').map(country).collect::<Parsed<_>>()?)
        }
        Some(("networks", codes)) => {
            TrafficScope::Networks(codes.split(',').map(network_of_word).collect::<Parsed<_>>()?)
        }
        Some(("prefixes", digits)) => TrafficScope::Prefixes(digits.split(',').map(Into::into).collect()),
        _ => return Err(wrong()),
    };
    Ok(MarkUp { scope, share: mark_up_percent(number(percent)?)?, per_segment: texts::amount(amount)? })
}

/// Reads archived price lists.
pub fn read_price_list_lines(
    sources: &[Arc<SourceFile>],
    problems: &mut Problems,
) -> BTreeMap<Arc<str>, Arc<PriceList>> {
    let mut lists: BTreeMap<Arc<str>, PriceList> = BTreeMap::new();
    let mut name: Option<Arc<str>> = None;
    for source in sources {
        for (text, line) in source.text().lines().zip(1..) {
            if let Some(new) = text.strip_prefix("price_list ") {
                let new: Arc<str> = new.into();
                lists.insert(Arc::clone(&new), PriceList::default());
                name = Some(new);
                continue;
            }
            let Some((noun, rest)) = text.split_once(' ') else { continue };
            let list = name.as_ref().and_then(|name| lists.get_mut(name));
            let read = match (list, noun) {
                (None, _) => Err("belongs to no price list".to_owned()),
                (Some(list), "rate") => {
                    let origin = RowOrigin { file: Arc::clone(&source.name), line };
                    rate_of_line(rest, origin).map(|row| list.rates.push(row))
                }
                (Some(list), "mark_up") => mark_up_of_line(rest).map(|mark_up| list.mark_ups.push(mark_up)),
                _ => Err("is not known".to_owned()),
            };
            if let Err(message) = read {
                problems.add(&source.path, line, noun, message);
            }
        }
    }
    lists.into_iter().map(|(name, list)| (name, Arc::new(list))).collect()
}

#[cfg(test)]
mod tests {
    use tollgate_engine::money::Currency;

    use super::*;

    #[test]
    fn price_lists_are_read_as_they_were_written() {
        let origin = RowOrigin { file: PRICES.into(), line: 2 };
        let rate = rate_of_line("639/02 0.015 from 1970-01-01T00:00:00Z to open", origin).unwrap();
        let mark_up = |scope| MarkUp {
            scope,
            share: mark_up_percent("12.5".parse().unwrap()).unwrap(),
            per_segment: "0.001".parse().unwrap(),
        };
        let country = TrafficScope::Countries([CountryCode::new("KE").unwrap()].into());
        let networks = ["639/02", "640"].map(|code| NetworkCode::parse_joined(code).unwrap());
        let scopes = [country, TrafficScope::Networks(networks.into()), TrafficScope::All];
        let list = PriceList { rates: vec![rate], mark_ups: scopes.map(mark_up).into() };
        let list = ProvisionedPriceList {
            name: "resale".into(),
            owner: "shop".into(),
            currency: Currency::new("USD").unwrap(),
            list: Arc::new(list),
        };
        let text = price_list_lines(std::slice::from_ref(&list));
        let source = SourceFile::archived(PRICES, text.into_bytes()).unwrap();
        let mut problems = Problems::default();
        let read = read_price_list_lines(&[Arc::new(source)], &mut problems);
        assert!(problems.is_empty(), "{problems}");
        assert_eq!(read, BTreeMap::from([(list.name, list.list)]));
    }

    #[test]
    fn an_earning_is_read_as_it_was_written() {
        for text in ["12.5 of charge", "100 of margin"] {
            let (share, of) = commission_of(earning_of_line(text).unwrap()).unwrap();
            assert_eq!(format!("{} of {}", share.percent(), of.word()), text);
        }
        assert!(earning_of_line("12.5").is_err());
    }

    const PRICES: &str = "price lists";
}
