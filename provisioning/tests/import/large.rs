//! Lists of the greatest length: they are read whole, or refused with the limit and the way out.

use std::fmt::Write;

use crate::support::{read_list, rows_of, shipped};

const ROWS: usize = 300_000;

/// The rows of a list, made from its place.
fn list_of(header: &str, rows: usize, row: impl Fn(usize) -> String) -> String {
    let mut list = format!("{header}\n");
    for at in 0..rows {
        let _ = writeln!(list, "{}", row(at));
    }
    list
}

fn date(days: usize) -> String {
    format!("{}-{:02}-{:02}", 2027 + days / 336, days / 28 % 12 + 1, days % 28 + 1)
}

#[test]
fn as_many_rates_are_read_as_a_file_may_have_rows() {
    let (loaded, networks) = (shipped(), rows_of("networks.csv"));
    let list = list_of("Country,Network,MCC,MNC,Price USD,Effective", ROWS, |at| {
        let network = &networks[at % networks.len()];
        let (mcc, mnc, country) = (&network[0], &network[1], &network[3]);
        format!(
            "\"{country}\",our route {at},{mcc},{mnc},0.0{:05},{}",
            at % 99_999 + 1,
            date(at / networks.len())
        )
    });
    let read = read_list(&loaded, &list).unwrap_or_else(|refused| panic!("{}", refused.problems));
    assert_eq!(read.rates.len(), ROWS);
}

#[test]
fn names_and_dial_codes_are_read_in_any_number() {
    let (loaded, prefixes) = (shipped(), rows_of("numbering.csv"));
    let with_networks: Vec<_> = prefixes.iter().filter(|row| !row[2].is_empty()).collect();
    let list = list_of("Prefix,Price USD,Effective", ROWS, |at| {
        let prefix = with_networks[at % with_networks.len()];
        format!("{},0.02,{}", prefix[0], date(at / with_networks.len()))
    });
    let read = read_list(&loaded, &list).unwrap_or_else(|refused| panic!("{}", refused.problems));
    assert!(read.rates.len() > 10_000);
    let list = list_of("Country,Network,Price USD", ROWS, |_| "Kenya,Safaricom,0.02".to_owned());
    let read = read_list(&loaded, &list).unwrap_or_else(|refused| panic!("{}", refused.problems));
    assert_eq!(read.rates.len(), 1);
}

#[test]
fn a_row_for_each_day_is_no_matter_of_length() {
    let loaded = shipped();
    let list =
        list_of("Country,Prefix,Price USD,Effective", 40_000, |at| format!("Kenya,25472,0.02,{}", date(at)));
    let read = read_list(&loaded, &list).unwrap_or_else(|refused| panic!("{}", refused.problems));
    assert_eq!(read.rates.len(), 40_000);
}

#[test]
fn a_list_that_comes_to_more_rates_says_the_limit_and_the_way_out() {
    let loaded = shipped();
    // Each row is for all networks of a range.
    let list = list_of("MCC,MNC,Price USD,Effective", 20_000, |at| format!("262,01-99,0.07,{}", date(at)));
    let refused = read_list(&loaded, &list).expect_err("more rates than there may be").problems.to_string();
    assert!(refused.contains("the list comes to more than 300000 rates; split it"), "{refused}");
}
