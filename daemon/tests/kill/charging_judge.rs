//! The judge of the kill test, judged: each kind of offence must be seen.

use crate::support::books::{Cdr, micros};
use crate::support::gateway::{Answer, Record};
use crate::support::judge::{Verdict, judge};

fn record(destination: &str, answer: Answer) -> Record {
    Record { account: "a", destination: destination.into(), key: None, answer }
}

fn accepted(destination: &str, id: &str) -> Record {
    record(destination, Answer::Accepted(id.into()))
}

fn cdr(id: &str, destination: &str) -> Cdr {
    let row = format!("{id},a,charged,s,{destination},639,02,Safaricom,1,0.02,USD,,starter,v,,,,,,,,,,,");
    let header = "message_id,account,state,source,destination,mcc,mnc,operator,segments,price,currency,refunded,plan,\
                  tariff_version,dispatch_id,idempotency_key,operator_code,accepted_at,cost,cost_currency,margin,attempts,\
                  possible_duplicate,error,upstream_id";
    let text = format!("{header}\n{row}");
    csv::Reader::from_reader(text.as_bytes()).deserialize().next().expect("a row").expect("a CDR")
}

fn offence(records: &[Record], cdrs: &[Cdr]) -> String {
    judge(records, cdrs).expect_err("an offence")
}

#[test]
fn sound_books_are_found_sound() {
    let records = [
        accepted("1", "10"),
        record("2", Answer::Refused(0x45)),
        record("3", Answer::None),
        record("4", Answer::None),
    ];
    let verdict = judge(&records, &[cdr("10", "1"), cdr("11", "3")]).expect("sound books");
    assert_eq!(verdict, Verdict { accepted: 1, refused: 1, unanswered_charged: 1, unanswered_free: 1 });
}

#[test]
fn every_offence_is_seen() {
    let missing = offence(&[accepted("1", "10")], &[]);
    assert!(missing.starts_with("acknowledged and not in the books"), "{missing}");

    let twice = offence(&[accepted("1", "10")], &[cdr("10", "1"), cdr("11", "1")]);
    assert!(twice.starts_with("charged twice"), "{twice}");

    let one_id = offence(&[accepted("1", "10"), accepted("2", "10")], &[cdr("10", "1"), cdr("10", "2")]);
    assert!(one_id.starts_with("one message_id for two messages"), "{one_id}");

    let refused = offence(&[record("1", Answer::Refused(0x45))], &[cdr("10", "1")]);
    assert!(refused.starts_with("refused and charged"), "{refused}");

    let other = offence(&[accepted("1", "10")], &[cdr("11", "1")]);
    assert!(other.contains("has the CDR of another"), "{other}");

    let nobody = offence(&[], &[cdr("10", "1")]);
    assert!(nobody.contains("nobody sent"), "{nobody}");
}

#[test]
fn amounts_are_read_exactly() {
    assert_eq!(micros("1000.00"), 1_000_000_000);
    assert_eq!(micros("0.0216"), 21_600);
    assert_eq!(micros("-0.000001"), -1);
    assert_eq!(micros("7"), 7_000_000);
}
