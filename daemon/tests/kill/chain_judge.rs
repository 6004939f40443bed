//! The judge of the chain's kill test, judged: each kind of offence must be seen.

use std::collections::BTreeMap;

use crate::support::chain::{Moment, Sent, Verdict, judge};
use crate::support::outcomes::Outcome;

/// A message in the books.
#[derive(Clone, Copy)]
struct Entry {
    id: &'static str,
    to: &'static str,
    state: &'static str,
    accepted_at: &'static str,
    refunded: &'static str,
    possible_duplicate: &'static str,
}

const DELIVERED: Entry = Entry {
    id: "10",
    to: "1",
    state: "delivered",
    accepted_at: "2026-11-21",
    refunded: "0",
    possible_duplicate: "false",
};
const WAITING: Entry = Entry { state: "enroute", accepted_at: "", ..DELIVERED };
const REJECTED: Entry = Entry { state: "rejected", accepted_at: "", refunded: "0.02", ..DELIVERED };

fn books(entries: &[Entry]) -> BTreeMap<String, Outcome> {
    let outcome = |entry: &Entry| {
        Outcome::of(&[
            ("destination", entry.to),
            ("state", entry.state),
            ("accepted_at", entry.accepted_at),
            ("refunded", entry.refunded),
            ("possible_duplicate", entry.possible_duplicate),
        ])
    };
    entries.iter().map(|entry| (entry.id.to_owned(), outcome(entry))).collect()
}

fn sent(to: &str, id: Option<&str>) -> Sent {
    Sent { destination: to.into(), acknowledged: id.map(ToOwned::to_owned) }
}

/// The verdict on one message that was acknowledged.
fn of_one(entry: Entry, arrivals: &[&str], moment: Moment) -> Result<Verdict, String> {
    let arrivals: Vec<String> = arrivals.iter().map(|to| (*to).to_owned()).collect();
    judge(&[sent("1", Some("10"))], &books(&[entry]), &arrivals, moment)
}

#[test]
fn sound_chains_are_found_sound() {
    let one = Verdict { acknowledged: 1, ..Verdict::default() };
    let delivered = of_one(DELIVERED, &["1"], Moment::Rest);
    assert_eq!(delivered, Ok(Verdict { with_operator: 1, ..one }));
    let waiting = of_one(WAITING, &[], Moment::Crash);
    assert_eq!(waiting, Ok(Verdict { waiting: 1, ..one }));
    assert_eq!(of_one(REJECTED, &[], Moment::Rest), Ok(Verdict { refunded: 1, ..one }));
    let twice = of_one(Entry { possible_duplicate: "true", ..DELIVERED }, &["1", "1"], Moment::Rest);
    assert_eq!(twice, Ok(Verdict { with_operator: 1, duplicates: 1, possible_duplicates: 1, ..one }));
    let in_doubt = of_one(WAITING, &["1", "1"], Moment::Crash);
    assert_eq!(in_doubt, Ok(Verdict { waiting: 1, duplicates: 1, ..one }));
    let unanswered = judge(&[sent("1", None), sent("2", None)], &books(&[WAITING]), &[], Moment::Crash);
    assert_eq!(unanswered, Ok(Verdict { unanswered: 1, waiting: 1, ..Verdict::default() }));
}

#[test]
fn every_offence_is_seen() {
    let offence = |verdict: Result<Verdict, String>| verdict.expect_err("an offence");
    let acknowledged = [sent("1", Some("10"))];

    let lost = offence(judge(&acknowledged, &books(&[]), &[], Moment::Crash));
    assert!(lost.starts_with("acknowledged, and the books have None"), "{lost}");
    let other = offence(judge(&[sent("1", Some("11"))], &books(&[DELIVERED]), &["1".into()], Moment::Crash));
    assert!(other.starts_with("acknowledged, and the books have Some(\"10\")"), "{other}");
    let nobody = offence(judge(&[], &books(&[DELIVERED]), &["1".into()], Moment::Crash));
    assert!(nobody.starts_with("charged, and nobody sent it"), "{nobody}");
    let entries = [DELIVERED, Entry { id: "11", ..DELIVERED }];
    let twice = offence(judge(&acknowledged, &books(&entries), &[], Moment::Crash));
    assert!(twice.starts_with("charged twice"), "{twice}");

    let free = offence(of_one(DELIVERED, &["1", "2"], Moment::Crash));
    assert!(free.starts_with("handed to an operator, and nobody paid for it: 2"), "{free}");
    let dropped = offence(of_one(DELIVERED, &[], Moment::Crash));
    assert!(dropped.starts_with("with an operator, having arrived 0 times"), "{dropped}");
    let late = offence(of_one(WAITING, &[], Moment::Rest));
    assert!(late.starts_with("still waiting"), "{late}");
    let kept = offence(of_one(Entry { refunded: "0", ..REJECTED }, &[], Moment::Crash));
    assert!(kept.starts_with("with nobody, and not refunded"), "{kept}");
    let given = offence(of_one(REJECTED, &["1"], Moment::Crash));
    assert!(given.starts_with("refunded, having arrived 1 times"), "{given}");
    let silent = offence(of_one(DELIVERED, &["1", "1"], Moment::Crash));
    assert!(silent.starts_with("a duplicate that nobody owned up to"), "{silent}");
    let still = offence(of_one(WAITING, &["1", "1"], Moment::Rest));
    assert!(still.starts_with("still waiting"), "{still}");
}
