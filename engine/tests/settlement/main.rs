//! Money by outcome: lives of messages that a clerk can check by hand, and any sequence of events at all.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use tollgate_engine::settlement::{
    ChargeOn, Counted, Event, Outcome, ReceiptState, RefundOn, SettlementTerms, Stage, Transition, step,
};

/// Works through a sheet; `line: what is wrong`, and how many lives it lists.
fn check(sheet: &str) -> (usize, Vec<String>) {
    let (mut lives, mut differences) = (0, Vec::new());
    for (line, number) in sheet.lines().zip(1..) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        lives += 1;
        match read_life(line) {
            Some((due, happened)) if due == happened => {}
            Some((due, happened)) => {
                differences.push(format!("{number}: due is `{due}`, but it is `{happened}`"));
            }
            None => differences.push(format!("{number}: cannot be read")),
        }
    }
    (lives, differences)
}

/// The result due for a life, and the events in it.
fn read_life(line: &str) -> Option<(String, String)> {
    let (life, due) = line.split_once("=>")?;
    let (terms, events) = life.split_once('|')?;
    let terms = read_terms(terms)?;
    let (mut stage, mut happened) = (Stage::Waiting, Vec::new());
    for word in events.split(',') {
        let transition = step(stage, read_event(word.trim())?, terms);
        happened.push(describe(stage, &transition));
        stage = transition.stage;
    }
    let due: Vec<&str> = due.split(';').map(str::trim).collect();
    Some((due.join("; "), happened.join("; ")))
}

fn read_terms(text: &str) -> Option<SettlementTerms> {
    let (charge_on, refund_on) = text.split_once(',')?;
    let outcomes: Option<Vec<Outcome>> =
        refund_on.split_whitespace().filter(|word| *word != "-").map(Outcome::from_name).collect();
    let charge_on = ChargeOn::from_name(charge_on.trim())?;
    Some(SettlementTerms { charge_on, refund_on: RefundOn::of(&outcomes?) })
}

fn read_event(word: &str) -> Option<Event> {
    match word {
        "accepted" => Some(Event::Accepted),
        "rejected" => Some(Event::Rejected),
        "expired" => Some(Event::Expired),
        "unknown" => Some(Event::Unknown),
        "cancelled" => Some(Event::Cancelled),
        stat => ReceiptState::ALL.into_iter().find(|state| state.stat() == stat).map(Event::Receipt),
    }
}

fn describe(before: Stage, transition: &Transition) -> String {
    let Counted { submitted, delivered, failed, cancelled } = transition.counted;
    let mut words = vec![match transition.stage {
        Stage::Waiting => "waiting",
        Stage::Accepted => "accepted",
        Stage::Final(outcome) => outcome.name(),
    }];
    for (name, count) in
        [("+submitted", submitted), ("+delivered", delivered), ("+failed", failed), ("+cancelled", cancelled)]
    {
        assert!(count <= 1, "{transition:?}");
        words.extend((count == 1).then_some(name));
    }
    words.extend(transition.refund.then_some("refund"));
    if before == transition.stage && words.len() == 1 { "-".to_owned() } else { words.join(" ") }
}

#[test]
fn every_life_ends_as_the_worksheet_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/settlement/lives.txt");
    let (lives, differences) = check(&fs::read_to_string(path).unwrap());
    assert!(lives > 30, "only {lives} lives");
    assert!(differences.is_empty(), "\n{}\n", differences.join("\n"));
}

#[test]
fn a_wrong_worksheet_is_found_out() {
    let right = "submit, undelivered | accepted, UNDELIV => accepted +submitted; undelivered +failed refund";
    assert_eq!(check(right), (1, Vec::new()));
    for (here, wrong) in [
        ("submit, ", "refund, "),
        ("submit, undelivered", "submit, -"),
        ("UNDELIV", "UNDELIVERED"),
        ("UNDELIV", "DELIVRD"),
        (" +submitted", ""),
        (" refund", ""),
        ("; undelivered +failed refund", ""),
    ] {
        assert_eq!(check(&right.replacen(here, wrong, 1)).1.len(), 1, "{wrong}");
    }
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let receipts = prop::sample::select(ReceiptState::ALL.to_vec()).prop_map(Event::Receipt);
    let others = [Event::Accepted, Event::Rejected, Event::Expired, Event::Unknown, Event::Cancelled];
    prop::collection::vec(prop_oneof![receipts, prop::sample::select(others.to_vec())], 0..12)
}

fn terms() -> impl Strategy<Value = SettlementTerms> {
    let all: Vec<SettlementTerms> = (0..=u8::MAX).filter_map(SettlementTerms::from_bits).collect();
    prop::sample::select(all)
}

/// The amounts and counters that have moved over a whole life.
#[derive(Default)]
struct Books {
    counted: Counted,
    refunds: u32,
    acceptances: u64,
    endings: u32,
}

impl Books {
    fn add(&mut self, transition: &Transition) {
        let Counted { submitted, delivered, failed, cancelled } = transition.counted;
        self.counted.submitted += submitted;
        self.counted.delivered += delivered;
        self.counted.failed += failed;
        self.counted.cancelled += cancelled;
        self.refunds += u32::from(transition.refund);
        self.acceptances += u64::from(transition.accepted_now);
        self.endings += u32::from(transition.finished_now);
    }
}

proptest! {
    /// Any events in any order, however often: at most one refund, and the books say where the message is.
    #[test]
    fn the_books_balance_whatever_happens(terms in terms(), events in events()) {
        let (mut stage, mut books) = (Stage::Waiting, Books::default());
        for event in events {
            let transition = step(stage, event, terms);
            if let Stage::Final(_) = stage {
                let nothing = (stage, false, Counted::default(), false, false);
                let Transition { stage, refund, counted, accepted_now, finished_now } = transition;
                prop_assert_eq!((stage, refund, counted, accepted_now, finished_now), nothing);
            }
            prop_assert!(!transition.refund || transition.finished_now, "money moves at the end only");
            books.add(&transition);
            stage = transition.stage;
            let again = step(stage, event, terms);
            prop_assert_eq!((again.stage, again.refund, again.counted), (stage, false, Counted::default()));
        }
        let Counted { submitted, delivered, failed, cancelled } = books.counted;
        prop_assert_eq!((submitted, submitted <= 1), (books.acceptances, true));
        let (ended, refunded) = match stage {
            Stage::Waiting | Stage::Accepted => ((0, 0, 0), 0),
            Stage::Final(outcome) => (
                match outcome {
                    Outcome::Delivered => (1, 0, 0),
                    Outcome::Cancelled => (0, 0, 1),
                    _ => (0, 1, 0),
                },
                u32::from(terms.refunds(outcome, submitted == 1)),
            ),
        };
        prop_assert_eq!((delivered, failed, cancelled), ended);
        prop_assert_eq!((books.refunds, books.endings), (refunded, u32::from(ended != (0, 0, 0))));
        prop_assert_eq!(submitted == 1, stage == Stage::Accepted || submitted == 1 && books.endings == 1);
    }

    /// A receipt that comes before its response leaves the books as the other order does.
    #[test]
    fn an_early_receipt_is_as_good_as_one_in_time(terms in terms(), number in 0_u8..10) {
        let receipt = Event::Receipt(ReceiptState::from_number(number).unwrap());
        let live = |events: [Event; 2]| {
            let (mut stage, mut books) = (Stage::Waiting, Books::default());
            for event in events {
                let transition = step(stage, event, terms);
                books.add(&transition);
                stage = transition.stage;
            }
            (stage, books.counted, books.refunds)
        };
        prop_assert_eq!(live([receipt, Event::Accepted]), live([Event::Accepted, receipt]));
    }
}
