//! Lists that are made from rates in any form that is read: they come to the same rates.

use std::collections::BTreeMap;

use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::network::NetworkCode;
use tollgate_engine::time::UnixMicros;
use tollgate_provisioning::import::{ImportProfile, NetworkDirectory, ReadOptions, Wording, read_price_list};

use crate::support::shipped;
use crate::workbooks::{NO_STRINGS, sheet_of, workbook};

/// Numbers of lists that are tried in a run without `BOLERO_RANDOM_ITERATIONS`.
const ITERATIONS: usize = 150;

/// A network by its place in the list, millionths, and a day from the first of December 2026 on.
type Row = (u16, u32, u8);

/// The form of a list: delimiter, comma, joined codes, dates, encoding, preamble and headers.
#[derive(Clone, Copy, Debug, bolero::generator::TypeGenerator)]
#[expect(clippy::struct_excessive_bools, reason = "each is one choice of a form")]
struct Form {
    delimiter: u8,
    has_comma: bool,
    is_joined: bool,
    dates: u8,
    encoding: u8,
    has_preamble: bool,
    names: u8,
    in_cents: bool,
}

const DAY_MICROS: u64 = 86_400_000_000;

fn day_text(day: u64, form: Form) -> String {
    // The first day is the fourteenth, so that day and month are never confused.
    let day = day + 14;
    match form.dates % 6 {
        0 => format!("2026-12-{day:02}"),
        1 => format!("{day:02}.12.2026"),
        2 => format!("{day:02}/12/2026"),
        3 => format!("12/{day:02}/2026"),
        4 => format!("{day} Dec 2026"),
        _ => (46_356 + day).to_string(),
    }
}

fn price_text(price: Amount, form: Form) -> String {
    let shift = if form.in_cents { 2 } else { 0 };
    let text = (price.to_decimal() * rust_decimal::Decimal::from(10_u32.pow(shift))).normalize().to_string();
    // Two decimals at least say what the mark is.
    let text = if text.contains('.') { text } else { text + ".0" };
    let text =
        if text.rsplit('.').next().is_some_and(|decimals| decimals.len() == 3) { text + "0" } else { text };
    if form.has_comma { text.replace('.', ",") } else { text }
}

fn rows_of(rates: &BTreeMap<(NetworkCode, u64), Amount>, form: Form) -> Vec<Vec<String>> {
    let price = match (form.names % 3, form.in_cents) {
        (_, true) => "Price (USD cents)",
        (0, _) => "Price (USD)",
        (1, _) => "Rate USD",
        _ => "$ per SMS",
    };
    let codes: &[&str] = match (form.is_joined, form.names % 2) {
        (true, 0) => &["MCCMNC"],
        (true, _) => &["MCC/MNC"],
        (false, 0) => &["MCC", "MNC"],
        (false, _) => &["Mobile Country Code", "Mobile Network Code"],
    };
    let mut rows: Vec<Vec<String>> = Vec::new();
    if form.has_preamble {
        rows.push(vec!["Acme Telecom".to_owned()]);
        rows.push(vec!["All prices in USD".to_owned()]);
    }
    let from = ["Effective date", "Valid from", "Start Date"][usize::from(form.names) % 3];
    rows.push(codes.iter().chain([&price, &from]).map(|name| (*name).to_owned()).collect());
    for ((network, day), amount) in rates {
        let (mcc, mnc) =
            (format!("{:03}", network.mcc), network.mnc.map(|mnc| mnc.to_string()).unwrap_or_default());
        let mut row = if form.is_joined { vec![format!("{mcc}{mnc}")] } else { vec![mcc, mnc] };
        row.extend([price_text(*amount, form), day_text(*day, form)]);
        rows.push(row);
    }
    rows
}

fn octets_of(rows: &[Vec<String>], form: Form) -> Vec<u8> {
    if form.delimiter % 5 == 4 {
        return workbook(&sheet_of(rows), NO_STRINGS);
    }
    let delimiter = [',', ';', '\t', '|'][usize::from(form.delimiter) % 5];
    let cell = |cell: &String| if cell.contains(delimiter) { format!("\"{cell}\"") } else { cell.clone() };
    let line = |row: &Vec<String>| row.iter().map(cell).collect::<Vec<_>>().join(&delimiter.to_string());
    let end = if form.encoding.is_multiple_of(2) { "\r\n" } else { "\n" };
    let text = rows.iter().map(line).collect::<Vec<_>>().join(end);
    match form.encoding % 4 {
        0 => text.into_bytes(),
        1 => format!("\u{feff}{text}").into_bytes(),
        2 => format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect(),
        _ => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
    }
}

#[test]
fn a_list_in_any_form_comes_to_the_rates_that_it_was_made_from() {
    let loaded = shipped();
    let directory = NetworkDirectory::of(&loaded.provisioning);
    let networks: Vec<NetworkCode> = loaded
        .provisioning
        .networks
        .iter()
        .map(|(_, network)| network.code)
        .filter(|code| !code.is_mcc_alone())
        .collect();
    let first = UnixMicros::parse("2026-12-14").unwrap().0;
    bolero::check!().with_iterations(ITERATIONS).with_type::<(Vec<Row>, Form)>().for_each(|(rows, form)| {
        let mut rates = BTreeMap::new();
        for (network, micros, day) in rows.iter().chain([&(40, 21_600, 3)]) {
            // A workbook's numbers have fifteen digits.
            let amount = Amount::from_micros(i64::from(*micros));
            rates.insert((networks[usize::from(*network) % networks.len()], u64::from(*day % 10)), amount);
        }
        let octets = octets_of(&rows_of(&rates, *form), *form);
        let options = ReadOptions {
            name: "made",
            profile: &ImportProfile::default(),
            currency: Currency::new("USD").unwrap(),
            plan: None,
            effective: None,
            wording: Wording::Fields,
        };
        let list = read_price_list(&octets, &options, &directory);
        let list = list.unwrap_or_else(|refused| panic!("{form:?}: {}", refused.problems));
        let got: BTreeMap<(NetworkCode, u64), Amount> = list
            .rates
            .iter()
            .map(|rate| ((rate.network, (rate.from.0 - first) / DAY_MICROS), rate.price))
            .collect();
        assert_eq!(got, rates, "{form:?}");
    });
}
