//! Exchange rates row by row.

use tollgate_engine::exchange::ExchangeRates;
use tollgate_engine::money::{Amount, Currency};
use tollgate_engine::time::UnixMicros;

use super::support::{Folder, at, problems_of};
use crate::tariff_files::{
    EditError, ExchangeInput, ExchangePlace, list_exchange, put_exchange, remove_exchange,
};

const FILE: &str = "exchange_rates.csv";

fn place(base: &str, quote: &str, effective_from: UnixMicros) -> ExchangePlace {
    let currency = |code| Currency::new(code).unwrap();
    ExchangePlace { base: currency(base), quote: currency(quote), effective_from }
}

fn input(place: ExchangePlace, rate: &str, note: Option<&str>) -> ExchangeInput {
    ExchangeInput { place, rate: rate.parse().unwrap(), note: note.map(str::to_owned) }
}

#[test]
fn rates_are_added_replaced_and_removed_and_other_lines_stay() {
    let folder = Folder::small();
    folder.write(FILE, &format!("# By the treasury\n{}", folder.text(FILE)));
    let current = folder.load();
    let always = place("USD", "KES", UnixMicros::default());
    let inputs = [
        input(always, "129.5", None),
        input(place("USD", "KES", at("2027-01-01")), "131", Some("again, later")),
        input(place("EUR", "USD", at("2026-12-01")), "1.1", Some("new")),
    ];
    let change = put_exchange(&folder.config(), &current, &inputs).unwrap();
    folder.apply(&change);
    assert_eq!(
        folder.text(FILE),
        "# By the treasury\nbase,quote,rate,effective_from,note\nUSD,KES,129.50,,\nUSD,KES,131.00,2027-01-01,\"again, later\"\n\
         EUR,USD,1.10,2026-12-01T00:00:00Z,new\n"
    );
    let loaded = folder.load();
    assert_ne!(loaded.provisioning.version, current.provisioning.version, "a tariff version of its own");
    let rates = ExchangeRates::build(loaded.provisioning.exchange.clone());
    let dollar = "1".parse::<Amount>().unwrap();
    let worth = |now| rates.convert(dollar, always.base, always.quote, at(now)).unwrap().to_string();
    assert_eq!((worth("2026-06-01"), worth("2027-06-01")), ("129.50".to_owned(), "131.00".to_owned()));
    let listed = list_exchange(&loaded).unwrap();
    let lines: Vec<(u32, &str)> = listed.iter().map(|written| (written.line, &*written.note)).collect();
    assert_eq!(lines, [(3, ""), (4, "again, later"), (5, "new")]);

    let change = remove_exchange(&folder.config(), &loaded, place("USD", "KES", at("2027-01-01"))).unwrap();
    folder.apply(&change);
    assert!(!folder.text(FILE).contains("again, later"));
    let gone = remove_exchange(&folder.config(), &folder.load(), place("USD", "KES", at("2027-01-01")));
    assert!(matches!(gone, Err(EditError::Missing { what: "exchange rate", .. })), "{gone:?}");
}

#[test]
fn what_is_the_same_is_no_change() {
    let folder = Folder::small();
    let always = place("USD", "KES", UnixMicros::default());
    let change = put_exchange(&folder.config(), &folder.load(), &[input(always, "129.25", None)]).unwrap();
    assert!(change.is_empty());
}

#[test]
fn a_rate_that_is_needed_stays_and_without_a_file_nothing_is_written() {
    let folder = Folder::small();
    let shipped = Folder::shipped();
    assert_eq!(list_exchange(&shipped.load()).unwrap(), []);
    let always = place("USD", "KES", UnixMicros::default());
    let nowhere = put_exchange(&shipped.config(), &shipped.load(), &[input(always, "1", None)]);
    assert!(matches!(nowhere, Err(EditError::NoExchangeRates)), "{nowhere:?}");
    // The operator's costs are in another currency than accounts pay in, and the guard compares them with prices.
    let current = folder.load();
    let later = remove_exchange(&folder.config(), &current, place("USD", "KES", at("2027-01-01"))).unwrap();
    folder.apply(&later);
    let refused = remove_exchange(&folder.config(), &folder.load(), always);
    let problems = problems_of(&folder, refused);
    assert!(problems.contains("there is no exchange rate between KES and USD"), "{problems}");
    assert_eq!(list_exchange(&folder.load()).unwrap().len(), 1);
}
