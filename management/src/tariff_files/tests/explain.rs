//! Explanations of single charges, each with what a clerk would write down.

use tollgate_storage::rows::MessageState;

use super::support::{Books, Folder, amount, at};
use crate::tariff_files::{Explainer, Explanation};

/// Destinations of the small configuration: Safaricom, Airtel and the United States.
const SAFARICOM: &str = "254722000001";
const AIRTEL: &str = "254733000005";
const ELSEWHERE: &str = "12125550100";
const SUMMER: &str = "2026-07-01T12:00:00Z";

fn explain(books: &Books, account: &str, message_id: u64) -> Explanation {
    let number = books.number(account);
    let explanation = Explainer::new().explain(&books.store, number, message_id).unwrap().unwrap();
    assert!(explanation.agrees, "{explanation}");
    explanation
}

/// `segments x price` of each line.
fn lines(explanation: &Explanation) -> Vec<String> {
    explanation
        .lines
        .iter()
        .map(|line| format!("{} x {} {}", line.line.segments, line.line.price_per_segment, line.tier))
        .collect()
}

fn small_books() -> (Folder, Books) {
    let (folder, mut books) = (Folder::small(), Books::open());
    books.apply(&folder.load());
    (folder, books)
}

#[test]
fn a_price_comes_from_the_rate_that_held_when_the_message_was_submitted() {
    let (_folder, books) = small_books();
    // The account's own rate begins in December; the plan's common one changes in January.
    for (now, price, source) in [
        (SUMMER, "0.02", "the plan's rate for 639/02 (rates.csv:2)"),
        ("2026-11-30T23:59:59Z", "0.02", "the plan's rate for 639/02 (rates.csv:2)"),
        ("2026-12-01T00:00:00Z", "0.015", "the account's own rate for 639/02 (account terms:5)"),
    ] {
        let id = books.charge("first", SAFARICOM, 1, now);
        let explanation = explain(&books, "first", id);
        let rate = explanation.rate.as_ref().unwrap();
        assert_eq!((rate.price, &*rate.source), (amount(price), source), "{now}");
        assert_eq!((explanation.charged, explanation.submitted_at), (amount(price), at(now)));
    }
    for (now, price, line) in [("2027-05-31T23:59:59Z", "0.01", 5), ("2026-01-01T00:00:00Z", "0.01", 5)] {
        let id = books.charge("second", SAFARICOM, 1, now);
        let rate = explain(&books, "second", id).rate.unwrap();
        assert_eq!(
            (rate.price, rate.kind, rate.origin.unwrap().line),
            (amount(price), "plan_rate", line),
            "{now}"
        );
    }
}

#[test]
fn segments_over_a_tier_boundary_stand_in_a_line_each() {
    let (_folder, books) = small_books();
    for _ in 0..3 {
        books.charge("first", AIRTEL, 250, SUMMER);
    }
    books.charge("first", AIRTEL, 248, SUMMER);
    let id = books.charge("first", AIRTEL, 5, SUMMER);
    let explanation = explain(&books, "first", id);
    assert_eq!(
        lines(&explanation),
        [
            "2 x 0.018 (tier 1: segments 1 to 1000, discount 0 %)",
            "3 x 0.01575 (tier 2: segments 1001 to 10000, discount 12.5 %)",
        ]
    );
    assert_eq!((explanation.counted_before, explanation.month.to_string()), (998, "2026-07".to_owned()));
    assert_eq!((explanation.total, explanation.charged), (Some(amount("0.08325")), amount("0.08325")));
    let said = explanation.to_string();
    for expected in [
        "account     first, plan starter, USD",
        "network     639/03 Bharti Airtel Kenya (prefix 25473)",
        "rate        0.018 USD per segment: the plan's rate for 639/03 (rates.csv:6)",
        "2 x 0.018 = 0.036 (tier 1",
        "volume      998 segments in 2026-07 before, 1003 after",
        "price       0.08325 USD, as worked out here",
    ] {
        assert!(said.contains(expected), "{expected}\nis not in\n{said}");
    }
    let json = explanation.json();
    assert_eq!((json["agrees"].as_bool(), json["lines"][1]["tier"].as_u64()), (Some(true), Some(2)));
}

#[test]
fn a_base_price_gives_way_to_that_of_a_tier() {
    let (_folder, books) = small_books();
    for _ in 0..40 {
        books.charge("first", ELSEWHERE, 250, SUMMER);
    }
    let id = books.charge("first", ELSEWHERE, 2, SUMMER);
    let explanation = explain(&books, "first", id);
    let rate = explanation.rate.as_ref().unwrap();
    assert_eq!((rate.kind, rate.price, &rate.origin), ("base_price", amount("0.05"), &None));
    assert_eq!(lines(&explanation), ["2 x 0.04 (tier 3: segments 10001 on, discount 0 %)"]);
}

#[test]
fn how_the_network_was_found_is_told() {
    let (_folder, books) = small_books();
    let ported = explain(&books, "first", books.charge("first", "254733000001", 1, SUMMER));
    assert_eq!(
        (&*ported.network.found_by, ported.network.code.to_string()),
        ("ported number", "639/02".to_owned())
    );
    let tlv = books.charge_with("first", AIRTEL, 1, at(SUMMER), Some(b"63902"));
    let tlv = explain(&books, "first", tlv);
    assert_eq!((&*tlv.network.found_by, &*tlv.network.operator), ("named in the TLV", "Safaricom"));
    let prefix = explain(&books, "first", books.charge("first", ELSEWHERE, 1, SUMMER));
    assert_eq!((&*prefix.network.found_by, prefix.network.country.as_deref()), ("prefix 1", Some("US")));
}

#[test]
fn a_rate_of_another_code_or_of_the_whole_country_is_told_as_such() {
    let (folder, mut books) = (Folder::small(), Books::open());
    folder.write("rates.csv", "plan,mcc,mnc,price\n*,639,01,0.025\n*,311,,0.03\n*,639,,0.035\n");
    books.apply(&folder.load());
    for (to, price, source) in [
        (SAFARICOM, "0.025", "the plan's rate for 639/01, another code of the operator (rates.csv:2)"),
        (AIRTEL, "0.035", "the plan's rate for 639, the whole MCC (rates.csv:4)"),
        (ELSEWHERE, "0.03", "the plan's rate for 311, another MCC of the country (rates.csv:3)"),
    ] {
        let id = books.charge("first", to, 1, SUMMER);
        let rate = explain(&books, "first", id).rate.unwrap();
        assert_eq!((rate.price, &*rate.source), (amount(price), source));
    }
}

#[test]
fn an_old_price_is_explained_by_the_old_tariff() {
    let (folder, mut books) = small_books();
    let old_version = folder.load().provisioning.version;
    let old = books.charge("first", SAFARICOM, 2, SUMMER);
    folder.edit("rates.csv", "*,639,02,0.02,,", "*,639,02,0.09,,");
    folder.edit(
        "plans.toml",
        "{ from = 1, to = 1000 }",
        "{ from = 1, to = 1000, discount_percent = \"50\" }",
    );
    folder.edit("accounts.toml", "\nrates = [{ mcc", "\n# rates = [{ mcc");
    books.apply(&folder.load());
    let new = books.charge("first", SAFARICOM, 2, SUMMER);
    let (old, new) = (explain(&books, "first", old), explain(&books, "first", new));
    assert_eq!((old.charged, &*old.tariff_version), (amount("0.04"), &*old_version));
    assert_eq!((new.charged, &*new.tariff_version), (amount("0.09"), &*folder.load().provisioning.version));
    assert!(old.tariff_applied_at < new.tariff_applied_at);
}

#[test]
fn what_was_given_back_is_told() {
    let (_folder, books) = small_books();
    let id = books.charge("first", SAFARICOM, 3, SUMMER);
    let before = explain(&books, "first", id);
    assert_eq!((before.state, before.refunded, before.state_at), (MessageState::Enroute, amount("0"), None));
    books.cancel(books.number("first"), id);
    let after = explain(&books, "first", id);
    assert_eq!(
        (after.state, after.refunded, after.charged),
        (MessageState::Deleted, amount("0.06"), amount("0.06"))
    );
}

#[test]
fn a_message_that_is_not_there_is_not_explained() {
    let (_folder, books) = small_books();
    let id = books.charge("first", SAFARICOM, 1, SUMMER);
    let (explainer, second) = (Explainer::new(), books.number("second"));
    assert_eq!(explainer.explain(&books.store, second, id).unwrap(), None);
    assert_eq!(explainer.explain(&books.store, books.number("first"), 7).unwrap(), None);
}

#[test]
fn few_versions_are_kept_parsed_the_latest_used_last() {
    let (folder, mut books) = small_books();
    let explainer = Explainer::new();
    let mut messages = Vec::new();
    for price in 1..=6 {
        folder.write("rates.csv", &format!("plan,mcc,mnc,price\n*,639,,0.{price}\n"));
        let tariff = books.apply(&folder.load());
        messages.push((tariff, books.charge("first", AIRTEL, 1, SUMMER), amount(&format!("0.{price}"))));
    }
    let first = books.number("first");
    for at in [0, 1, 2, 3, 4, 5, 3, 0, 0, 5] {
        let (tariff, id, price) = messages[at];
        let explanation = explainer.explain(&books.store, first, id).unwrap().unwrap();
        assert_eq!((explanation.charged, explanation.agrees), (price, true));
        let kept = explainer.versions_kept();
        assert!(kept.len() <= 4 && kept.last() == Some(&tariff), "{kept:?}");
    }
    assert_eq!(explainer.versions_kept(), [6, 5, 2, 7]);
}
