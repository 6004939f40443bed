//! Lists whose cells say what the shipped lists of networks, countries and numbers say: nothing in them is a contradiction.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use tollgate_provisioning::import::RefusedList;

use crate::support::{read_list, rows_of, shipped};

/// The faults told of the rows of a list, where that is more than that they have no price of their own.
fn contradictions(refused: &RefusedList) -> Vec<String> {
    let told = refused.problems.iter().map(ToString::to_string);
    told.filter(|problem| problem.contains(": says ") || problem.contains("calling code")).collect()
}

fn cell(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

#[test]
fn every_network_has_its_own_country_and_names() {
    let loaded = shipped();
    for column in [5, 6] {
        let mut list = "Country,Network,MCC,MNC,MCCMNC,Price USD\n".to_owned();
        for row in rows_of("networks.csv") {
            let (mcc, mnc, country, name) = (&row[0], &row[1], &row[3], &row[column]);
            let _ = writeln!(list, "{},{},{mcc},{mnc},{mcc}{mnc},0.02", cell(country), cell(name));
        }
        let read = read_list(&loaded, &list);
        let read = read.unwrap_or_else(|refused| panic!("{}", refused.problems));
        assert!(read.rates.len() > 3_000);
        let warned: Vec<_> = read.warnings.iter().filter(|warning| warning.line > 0).collect();
        assert!(warned.is_empty(), "{warned:?}");
    }
}

#[test]
fn every_prefix_is_of_its_own_country() {
    let loaded = shipped();
    let countries: BTreeMap<String, String> =
        rows_of("countries.csv").into_iter().map(|row| (row[0].clone(), row[1].clone())).collect();
    let mut list = "ISO,Prefix,Price USD\n".to_owned();
    let mut named = "Country,Prefix,Price USD\n".to_owned();
    for row in rows_of("numbering.csv") {
        let _ = writeln!(list, "{},{},0.02", row[3], row[0]);
        // Names of several countries are left to their codes.
        let Some(country) = countries.get(&row[3]) else { continue };
        if countries.values().filter(|name| *name == country).count() == 1 {
            let _ = writeln!(named, "{},{},0.02", cell(country), row[0]);
        }
    }
    for list in [list, named] {
        if let Err(refused) = read_list(&loaded, &list) {
            assert_eq!(contradictions(&refused), Vec::<String>::new());
        }
    }
}

#[test]
fn every_country_has_its_names_and_codes() {
    let loaded = shipped();
    let names = include_str!("../../src/import/country_words.txt");
    let own: BTreeSet<String> = rows_of("countries.csv").into_iter().map(|row| row[0].clone()).collect();
    let mccs: BTreeMap<String, String> =
        rows_of("networks.csv").into_iter().map(|row| (row[2].clone(), row[0].clone())).collect();
    let mut list = "Country,MCC,Price USD\n".to_owned();
    for line in names.lines() {
        let (iso2, rest) = line.split_once(' ').unwrap();
        let (iso3, names) = rest.split_once(' ').unwrap();
        assert!(own.contains(iso2), "{iso2}");
        let Some(mcc) = mccs.get(iso2) else { continue };
        for name in names.split('|').chain([iso2, iso3]) {
            for name in [name.to_uppercase(), format!("The {name}"), name.to_owned()] {
                let _ = writeln!(list, "{},{mcc},0.02", cell(&name));
            }
        }
    }
    let read = read_list(&loaded, &list).unwrap_or_else(|refused| panic!("{}", refused.problems));
    assert!(read.mapping.rows > 1_500);
    assert!(read.warnings.iter().all(|warning| warning.line == 0), "{:?}", read.warnings);
}

#[test]
fn every_name_of_a_country_is_known() {
    // Beside the MCC of a country that is related to no other, a name that is not its own is refused.
    let loaded = shipped();
    let names = include_str!("../../src/import/country_words.txt");
    let mut list = "Country,MCC,Price USD\n".to_owned();
    let mut rows = 0;
    for line in names.lines().filter(|line| !line.starts_with("BR ")) {
        let names = line.splitn(3, ' ').nth(2).unwrap();
        for name in names.split('|') {
            rows += 1;
            let _ = writeln!(list, "{},724,0.02", cell(name));
        }
    }
    let refused = read_list(&loaded, &list).expect_err("all of them are contradictions");
    assert_eq!(refused.problems.count(), rows);
}
