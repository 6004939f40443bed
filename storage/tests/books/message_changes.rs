//! Charges given back by hand, and what gateways say of messages that were charged only.

use tollgate_engine::money::Amount;
use tollgate_engine::settlement::{ChargeOn, Outcome, ReceiptState, RefundOn, SettlementTerms};
use tollgate_storage::chunk::CancelError;
use tollgate_storage::delivery::EventOutcome;
use tollgate_storage::message_change::{
    MessageChange, MessageChangeError as Error, MessageChanged, ReportedOutcome as Reported,
};
use tollgate_storage::rows::{DispatchCounters, MessageState};

use crate::support::desk::{Desk, acceptance, accepted, failed, leased, receipt};
use crate::support::{FAR, Message, Route};

const PRICE: Amount = Amount::from_micros(50_000);

fn spring(route: Option<Route<'_>>) -> Message<'_> {
    Message { dispatch: Some(b"spring"), route, ..Message::default() }
}

fn counters(desk: &Desk) -> DispatchCounters {
    desk.books.store.dispatches().counters(desk.account, b"spring").unwrap().unwrap()
}

fn given_back(message_id: u64, state: MessageState) -> MessageChanged {
    MessageChanged { message_id, state, refunded: PRICE, changed_now: true }
}

fn report(desk: &Desk, id: u64, outcome: Reported) -> Result<MessageChanged, Error> {
    desk.books.report(desk.account, id, outcome, SettlementTerms::default())
}

#[test]
fn what_nothing_has_become_of_is_cancelled_by_a_refund() {
    let desk = Desk::open();
    let plain = Route::to(desk.alpha);
    let scheduled = Route { scheduled_at: Some(FAR), expires_at: Some(FAR), ..plain };
    for route in [None, Some(plain), Some(scheduled)] {
        let id = desk.charge(&spring(route));
        assert_eq!(desk.books.refund(desk.account, id), Ok(given_back(id, MessageState::Deleted)));
        assert_eq!(desk.books.refund(desk.account, id), Err(Error::AlreadyRefunded));
        assert_eq!(desk.books.cancel(desk.account, id), Err(CancelError::Final));
        assert!(!desk.state(id).unwrap().refunded_by_hand, "it was cancelled");
        assert_eq!(desk.books.ears.take().refunds.len(), 1);
        assert_eq!((desk.spent(), desk.books.prove().refunds > 0), (0, true));
    }
    let expected = DispatchCounters { messages: 3, cancelled: 3, ..DispatchCounters::default() };
    assert_eq!(counters(&desk), expected);
    desk.close();
}

#[test]
fn a_message_that_was_given_back_while_it_waited_is_not_sent() {
    let desk = Desk::open();
    let row = desk.send_plain();
    desk.books.refund(desk.account, row.key.message_id).unwrap();
    let outcome = desk.books.tell(leased(1, desk.alpha, &[row.key]));
    assert_eq!(outcome, EventOutcome::Leased { dropped: vec![row.key], replaced: Vec::new() });
    assert!(!desk.is_queued(row.key));
    desk.books.prove();
    desk.close();
}

#[test]
fn what_an_operator_has_or_may_have_keeps_its_charge() {
    let desk = Desk::open();
    let row = desk.send_plain();
    let id = row.key.message_id;
    desk.books.tell(leased(1, desk.alpha, &[row.key]));
    assert_eq!(desk.books.refund(desk.account, id), Err(Error::NotFinal));
    desk.books.tell(accepted(&row, desk.alpha, b"1"));
    assert_eq!(desk.books.refund(desk.account, id), Err(Error::NotFinal));
    assert_eq!(desk.books.refund(desk.account, id + 1), Err(Error::Unknown));
    let other = desk.books.provision(&["b"], 1)[0];
    assert_eq!(desk.books.refund(other, id), Err(Error::Unknown));
    assert_eq!(desk.spent(), 50_000);
    desk.books.prove();
    desk.close();
}

#[test]
fn a_delivered_message_is_given_back_once_whatever_comes_later() {
    let desk = Desk::open();
    let terms = SettlementTerms { charge_on: ChargeOn::Delivery, refund_on: RefundOn::of(&Outcome::ALL) };
    let row = desk.send(&spring(Some(Route { terms, ..Route::to(desk.alpha) })));
    let id = row.key.message_id;
    desk.books.tell(accepted(&row, desk.alpha, b"1"));
    desk.books.tell(receipt(desk.alpha, &[b"1"], ReceiptState::Delivered));
    let before = desk.state(id).unwrap();
    desk.books.ears.take();

    assert_eq!(desk.books.refund(desk.account, id), Ok(given_back(id, MessageState::Delivered)));
    let after = desk.state(id).unwrap();
    assert_eq!((after.refunded, after.is_refunded, after.refunded_by_hand), (PRICE, true, true));
    assert_eq!(
        (after.at, after.accepted_at, &after.upstream_id),
        (before.at, before.accepted_at, &before.upstream_id)
    );
    let refunds = desk.books.ears.take().refunds;
    assert_eq!(
        refunds.iter().map(|posting| (posting.amount, posting.segments)).collect::<Vec<_>>(),
        [(PRICE, 1)]
    );
    let expected = DispatchCounters {
        messages: 1,
        submitted: 1,
        delivered: 1,
        cost_operators: Amount::from_micros(33_000),
        ..DispatchCounters::default()
    };
    assert_eq!(counters(&desk), expected);

    assert_eq!(desk.books.refund(desk.account, id), Err(Error::AlreadyRefunded));
    for state in ReceiptState::ALL {
        assert_eq!(desk.books.tell(receipt(desk.alpha, &[b"1"], state)), EventOutcome::Noted);
    }
    desk.books.tell(accepted(&row, desk.beta, b"2"));
    desk.books.tell(receipt(desk.beta, &[b"2"], ReceiptState::Undeliverable));
    desk.books.tell(failed(&row, Outcome::Rejected));
    assert!(desk.books.ears.take().refunds.is_empty());
    assert_eq!((desk.spent(), desk.state(id).unwrap().refunded_by_hand), (0, true));
    let desk = desk.reopen();
    assert_eq!(desk.books.refund(desk.account, id), Err(Error::AlreadyRefunded));
    assert_eq!(desk.books.prove().refunds, 1);
    desk.close();
}

#[test]
fn other_ends_are_given_back_unless_their_plan_did_so() {
    let desk = Desk::open();
    let [unknown, rejected, unconfirmed] = [(); 3].map(|()| desk.send_plain());
    desk.books.tell(failed(&unknown, Outcome::Unknown));
    desk.books.tell(failed(&rejected, Outcome::Rejected));
    let for_good = tollgate_storage::delivery::Acceptance {
        final_now: true,
        ..acceptance(&unconfirmed, desk.alpha, b"1")
    };
    desk.books.tell(tollgate_storage::delivery::DeliveryEvent::Accepted(for_good));
    let refund =
        |row: &tollgate_storage::message::QueuedRow| desk.books.refund(desk.account, row.key.message_id);
    assert_eq!(refund(&rejected), Err(Error::AlreadyRefunded));
    assert_eq!(refund(&unknown), Ok(given_back(unknown.key.message_id, MessageState::Unknown)));
    assert_eq!(refund(&unconfirmed), Ok(given_back(unconfirmed.key.message_id, MessageState::Accepted)));
    desk.books.tell(receipt(desk.alpha, &[b"1"], ReceiptState::Undeliverable));
    desk.books.tell(accepted(&unknown, desk.alpha, b"2"));
    assert_eq!((desk.spent(), desk.books.prove().refunds), (0, 3));
    desk.close();
}

/// What a gateway says of a message, one after the other, and what its dispatch has counted then: submitted, delivered
/// and failed messages, and those given back.
#[test]
fn reports_settle_messages_that_were_charged_only() {
    use Reported::{Accepted, Delivered, Expired, Rejected, Undelivered, Unknown};
    let table: &[(&[Reported], MessageState, [u64; 4])] = &[
        (&[Accepted], MessageState::Enroute, [1, 0, 0, 0]),
        (&[Delivered], MessageState::Delivered, [1, 1, 0, 0]),
        (&[Accepted, Delivered], MessageState::Delivered, [1, 1, 0, 0]),
        (&[Undelivered], MessageState::Undeliverable, [1, 0, 1, 0]),
        (&[Accepted, Undelivered], MessageState::Undeliverable, [1, 0, 1, 0]),
        // What nobody took is given back on the usual terms.
        (&[Expired], MessageState::Expired, [0, 0, 1, 1]),
        (&[Accepted, Expired], MessageState::Expired, [1, 0, 1, 0]),
        (&[Rejected], MessageState::Rejected, [0, 0, 1, 1]),
        (&[Accepted, Rejected], MessageState::Rejected, [1, 0, 1, 0]),
        (&[Unknown], MessageState::Unknown, [0, 0, 1, 0]),
        (&[Accepted, Unknown], MessageState::Unknown, [1, 0, 1, 0]),
    ];
    for (reports, state, [submitted, delivered, failed, refunded]) in table {
        let desk = Desk::open();
        let id = desk.charge(&spring(None));
        for outcome in *reports {
            let expected = MessageChanged {
                message_id: id,
                state: outcome.state(),
                refunded: if *refunded == 1 { PRICE } else { Amount::ZERO },
                changed_now: true,
            };
            assert_eq!(report(&desk, id, *outcome), Ok(expected), "{reports:?}");
            let again = MessageChanged { changed_now: false, ..expected };
            assert_eq!(report(&desk, id, *outcome), Ok(again), "{reports:?}");
        }
        let row = desk.state(id).unwrap();
        assert_eq!((row.state, row.accepted_at.is_some()), (*state, *submitted == 1), "{reports:?}");
        let counted = counters(&desk);
        let found = [counted.submitted, counted.delivered, counted.failed, 1 - counted.segments];
        assert_eq!(found, [*submitted, *delivered, *failed, *refunded], "{reports:?}");
        assert_eq!(desk.spent(), if *refunded == 1 { 0 } else { 50_000 });
        for other in Reported::ALL.into_iter().filter(|other| other.state() != *state && state.is_final()) {
            let late = report(&desk, id, other);
            let is_late_word = other == Accepted;
            assert_eq!(late.is_ok(), is_late_word, "{reports:?}, then {other:?}: {late:?}");
            assert!(is_late_word || late == Err(Error::Final));
        }
        assert!(desk.receipts().is_empty(), "its gateway knows");
        let report = desk.books.prove();
        assert_eq!((report.ended, report.awaited), (u64::from(state.is_final()), 0));
        desk.close();
    }
}

#[test]
fn a_plan_decides_what_a_report_gives_back() {
    let terms = |charge_on| SettlementTerms { charge_on, refund_on: RefundOn::NONE };
    let cases: &[(ChargeOn, &[Reported], bool)] = &[
        (ChargeOn::Submit, &[Reported::Rejected], false),
        (ChargeOn::Acceptance, &[Reported::Rejected], true),
        (ChargeOn::Acceptance, &[Reported::Accepted, Reported::Rejected], false),
        (ChargeOn::Acceptance, &[Reported::Undelivered], false),
        (ChargeOn::Delivery, &[Reported::Undelivered], true),
        (ChargeOn::Delivery, &[Reported::Accepted, Reported::Unknown], true),
        (ChargeOn::Delivery, &[Reported::Delivered], false),
    ];
    let desk = Desk::open();
    let mut spent = 0;
    for (charge_on, reports, is_given_back) in cases {
        let id = desk.charge(&Message::default());
        for outcome in *reports {
            desk.books.report(desk.account, id, *outcome, terms(*charge_on)).unwrap();
        }
        spent += if *is_given_back { 0 } else { 50_000 };
        assert_eq!(desk.spent(), spent, "{charge_on:?} {reports:?}");
        let refund = desk.books.refund(desk.account, id);
        assert_eq!(refund.is_ok(), !is_given_back);
        spent -= if *is_given_back { 0 } else { 50_000 };
        assert_eq!(desk.spent(), spent);
    }
    desk.books.prove();
    desk.close();
}

#[test]
fn reports_and_refunds_of_one_message_do_not_mix() {
    let desk = Desk::open();
    let routed = desk.send_plain().key.message_id;
    assert_eq!(report(&desk, routed, Reported::Delivered), Err(Error::NotChargeOnly));
    assert_eq!(report(&desk, routed + 1, Reported::Delivered), Err(Error::Unknown));

    let cancelled = desk.charge(&Message::default());
    desk.books.cancel(desk.account, cancelled).unwrap();
    for outcome in Reported::ALL {
        assert_eq!(report(&desk, cancelled, outcome), Err(Error::Final));
    }

    let id = desk.charge(&Message::default());
    report(&desk, id, Reported::Accepted).unwrap();
    assert_eq!(desk.books.refund(desk.account, id), Err(Error::NotFinal));
    assert_eq!(desk.books.cancel(desk.account, id), Err(CancelError::Final));
    report(&desk, id, Reported::Undelivered).unwrap();
    desk.books.refund(desk.account, id).unwrap();
    let again = report(&desk, id, Reported::Undelivered).unwrap();
    assert_eq!((again.refunded, again.changed_now), (PRICE, false));
    assert_eq!(report(&desk, id, Reported::Delivered), Err(Error::Final));
    assert_eq!(desk.spent(), 50_000, "of the message that waits");
    assert_eq!(desk.books.prove().refunds, 2);
    desk.close();
}

#[test]
fn a_report_keeps_the_error_that_it_names() {
    let desk = Desk::open();
    let id = desk.charge(&Message::default());
    let (account, terms) = (desk.account, SettlementTerms::default());
    let change =
        MessageChange::Report { account, message_id: id, outcome: Reported::Undelivered, error: 27, terms };
    desk.books.change_message(change).unwrap();
    assert_eq!(desk.state(id).unwrap().error, 27);
    desk.close();
}
