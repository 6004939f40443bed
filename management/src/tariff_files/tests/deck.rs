//! Rate decks: what they would change, and that it is what they change.

use std::collections::BTreeSet;
use std::fmt::Write;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use rust_decimal::Decimal;

use super::support::{Folder, problems_of};
use crate::tariff_files::rates::written_rates;
use crate::tariff_files::{DeckDifference, DeckOptions, EditError, plan_deck};
use tollgate_provisioning::{EVERY_PLAN, WrittenRate};

fn options(plan: Option<&str>, limit: &str) -> DeckOptions {
    let plan = plan.map(str::to_owned);
    DeckOptions { file: None, plan, move_limit_percent: limit.parse().unwrap() }
}

fn plan(folder: &Folder, deck: &str, options: &DeckOptions) -> Result<DeckDifference, EditError> {
    plan_deck(&folder.config(), &folder.load(), deck.as_bytes().to_vec(), options)
}

/// A difference in lines.
fn told(difference: &DeckDifference) -> Vec<String> {
    let moved = |price: Option<crate::tariff_files::PriceMove>| {
        price.map_or_else(String::new, |price| {
            let percent = price.percent.map_or_else(|| "?".to_owned(), |percent| percent.to_string());
            let flag = if price.is_over_limit { "!" } else { "" };
            format!(" {} → {} {percent} %{flag}", price.old, price.new)
        })
    };
    let added = difference.added.iter().map(|row| {
        format!("+ {} {} {}{}", row.rate.plan, row.rate.network, row.rate.price, moved(row.price))
    });
    let removed =
        difference.removed.iter().map(|rate| format!("- {} {} {}", rate.plan, rate.network, rate.price));
    let changed = difference.changed.iter().map(|row| {
        let lines = (row.old.origin.line, row.new.origin.line);
        format!("{} {}{} {lines:?}", row.new.plan, row.new.network, moved(Some(row.price)))
    });
    added.chain(removed).chain(changed).collect()
}

#[test]
fn a_deck_takes_the_place_of_a_whole_file() {
    let folder = Folder::small();
    let deck = "\u{feff}# June\r\nplan,price,mcc,mnc,note,effective_from\r\n\
                *,0.022,639,02,common,\r\n*,0.0231,639,02,,2027-01-01\r\n*,0.03,639,,common MCC,\r\n\
                starter,0.02,639,01,,\r\nenterprise,0.02,639,02,,2026-01-01\r\n";
    let difference = plan(&folder, deck, &options(None, "10")).unwrap();
    assert_eq!(difference.file, "rates.csv");
    assert_eq!(
        told(&difference),
        [
            "+ starter 639/01 0.02",
            "+ enterprise 639/02 0.02 0.01 → 0.02 100 %!",
            "- enterprise 639/02 0.01",
            "- starter 639/03 0.018",
            "* 639/02 0.02 → 0.022 10 % (2, 3)",
            "* 639/02 0.021 → 0.0231 10 % (3, 4)",
        ]
    );
    assert_eq!((difference.unchanged, difference.over_limit), (1, 1));
    folder.apply(&difference.change);
    assert_eq!(folder.text("rates.csv"), deck, "as it was sent");
    let again = plan(&folder, deck, &options(None, "0")).unwrap();
    assert_eq!((told(&again), again.unchanged), (Vec::new(), 5));
}

#[test]
fn a_deck_for_one_plan_leaves_the_others_alone() {
    let folder = Folder::small();
    let deck = "mcc,mnc,price,note\n639,01,0.02,new\n639,03,0.0171,\n";
    let difference = plan(&folder, deck, &options(Some("starter"), "5")).unwrap();
    assert_eq!(
        told(&difference),
        ["+ starter 639/01 0.02", "+ starter 639/03 0.0171", "- starter 639/03 0.018",]
    );
    let text = folder.text("rates.csv");
    folder.apply(&difference.change);
    let document: String = text.split_inclusive('\n').take(5).collect();
    assert_eq!(folder.text("rates.csv"), document + "starter,639,01,0.02,,,new\nstarter,639,03,0.0171,,,\n");
    // A changed row keeps its line.
    let deck = "plan,mcc,mnc,price\nstarter,639,03,0.01\nstarter,639,01,0.02\n";
    let difference = plan(&folder, deck, &options(Some("starter"), "5")).unwrap();
    assert_eq!(
        told(&difference),
        ["starter 639/03 0.0171 → 0.01 -41.5205 %! (7, 2)", "starter 639/01 0.02 → 0.02 0 % (6, 3)",]
    );
    folder.apply(&difference.change);
    assert!(folder.text("rates.csv").ends_with("starter,639,01,0.02,,,\nstarter,639,03,0.01,,,\n"));
}

#[test]
fn a_new_row_moves_the_price_that_held_until_it_begins() {
    let folder = Folder::small();
    let deck = "plan,mcc,mnc,price,effective_from,effective_to\n\
                *,639,02,0.02,,\n*,639,02,0.021,2027-01-01,\n*,639,,0.03,,\n\
                starter,639,03,0.018,2026-01-01T00:00:00+03:00,\n\
                enterprise,639,02,0.01,,2027-06-01\n\
                enterprise,639,02,0.02,2027-05-31,2027-06-01\n\
                starter,639,02,0.042,2027-02-01,\n\
                enterprise,639,01,0.042,2027-02-01,\n";
    let difference = plan(&folder, deck, &options(None, "50")).unwrap();
    assert_eq!(
        told(&difference)[..3],
        [
            "+ enterprise 639/02 0.02 0.01 → 0.02 100 %!",
            "+ starter 639/02 0.042 0.021 → 0.042 100 %!",
            "+ enterprise 639/01 0.042",
        ]
    );
}

#[test]
fn what_is_wrong_is_named_by_the_decks_own_lines() {
    let folder = Folder::small();
    let deck = "# Deck\n\nmcc,mnc,price\n639,02,0.02\n639,02,0.03\n639,99,0.01\n639,03,zero\n";
    let problems = problems_of(&folder, plan(&folder, deck, &options(Some("starter"), "5")));
    let lines: Vec<&str> = problems.lines().collect();
    assert_eq!(
        lines,
        [
            "deck:5: effective_from: 639/02 has a rate from this time on already, in deck:4",
            "deck:6: mnc: 639/99 is not in the file of networks",
            "deck:7: price: `zero` is not a decimal number",
        ]
    );
    let other = "plan,mcc,mnc,price\nstarter,639,02,0.02\nenterprise,639,02,0.02\n";
    let problems = problems_of(&folder, plan(&folder, other, &options(Some("starter"), "5")));
    assert_eq!(problems, "deck:3: plan: is `enterprise`, but the deck is for `starter`\n");
    let missing = plan(&folder, other, &options(Some("gold"), "5")).unwrap_err();
    assert_eq!(missing.to_string(), "there is no plan gold");
    let not_text =
        plan_deck(&folder.config(), &folder.load(), b"mcc\n\xff\n".to_vec(), &options(Some("*"), "5"));
    assert_eq!(problems_of(&folder, not_text), "deck: line 2 of deck is not UTF-8\n");
}

/// A deck of random rows, some of which are in the other decks too.
fn random_deck(random: &mut Pcg64Mcg) -> String {
    let mut places = BTreeSet::new();
    let mut deck = "plan,mcc,mnc,price,effective_from,effective_to,note\n".to_owned();
    for _ in 0..random.random_range(0..12) {
        let plan = [EVERY_PLAN, "starter", "enterprise"][random.random_range(0..3)];
        let network = ["639,01", "639,02", "639,", "310,"][random.random_range(0..4)];
        let from = ["", "2026-01-01", "2027-01-01"][random.random_range(0..3)];
        if !places.insert((plan, network, from)) {
            continue;
        }
        let (cents, to) = (random.random_range(0..4), ["", "2028-01-01"][random.random_range(0..2)]);
        let note = ["", "a, b", "#"][random.random_range(0..3)];
        let _ = writeln!(deck, "{plan},{network},0.0{cents},{from},{to},\"{note}\"");
    }
    deck
}

/// A row without its place in the file, to be compared.
fn said(rate: &WrittenRate) -> String {
    let WrittenRate { plan, network, price, effective_from, effective_to, note, .. } = rate;
    format!("{plan} {network} {price} {effective_from:?} {effective_to:?} {note}")
}

#[test]
fn the_old_rows_with_the_difference_are_the_new_rows() {
    let folder = Folder::small();
    let mut random = Pcg64Mcg::seed_from_u64(4);
    for round in 0..150 {
        let only = [None, Some("starter"), Some(EVERY_PLAN)][random.random_range(0..3)];
        let mut deck = random_deck(&mut random);
        if let Some(plan) = only {
            let of_plan = format!("{plan},");
            let rows = deck.split_inclusive('\n').enumerate();
            deck =
                rows.filter(|(at, row)| *at == 0 || row.starts_with(&of_plan)).map(|(_, row)| row).collect();
        }
        let before = written_rates(&folder.load()).unwrap();
        let difference = plan(&folder, &deck, &options(only, "20")).unwrap();
        folder.apply(&difference.change);
        let after: BTreeSet<String> = written_rates(&folder.load()).unwrap().iter().map(said).collect();
        let mut expected: BTreeSet<String> = before.iter().map(said).collect();
        for gone in difference.removed.iter().chain(difference.changed.iter().map(|row| &row.old)) {
            assert!(expected.remove(&said(gone)), "round {round}: {gone:?} was there");
        }
        for new in
            difference.added.iter().map(|row| &row.rate).chain(difference.changed.iter().map(|row| &row.new))
        {
            assert!(expected.insert(said(new)), "round {round}: {new:?} was not there");
        }
        assert_eq!(after, expected, "round {round}");
        let meant = |rate: &&WrittenRate| only.is_none_or(|plan| plan == &*rate.plan);
        assert_eq!(
            difference.unchanged + difference.removed.len() + difference.changed.len(),
            before.iter().filter(meant).count()
        );
        for row in &difference.changed {
            let (old, new) = (row.old.price.to_decimal(), row.new.price.to_decimal());
            let is_over = (new - old).abs() * Decimal::ONE_HUNDRED > old * Decimal::from(20);
            assert_eq!(row.price.is_over_limit, is_over, "round {round}: {row:?}");
        }
    }
}
