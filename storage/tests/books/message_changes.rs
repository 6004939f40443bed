//! Charges given back by hand, and what gateways say of messages that were charged only.

use tollgate_engine::money::Amount;
use tollgate_engine::settlement::{ChargeOn, Outcome, ReceiptState, RefundOn, SettlementTerms};
use tollgate_storage::chunk::CancelError;
use tollgate_storage::delivery::EventOutcome;
use tollgate_storage::message_change::{
    MessageChange, MessageChangeError as Error, MessageChanged, ReportedOutcome as Reported,
};
use tollgate_storage::rows::{DispatchCounters, MessageState};

use crate::support::routed::{RoutedBooks, acceptance, accepted, failed, leased, receipt};
use crate::support::{FAR, Message, Route};

const PRICE: Amount = Amount::from_micros(50_000);

fn spring(route: Option<Route<'_>>) -> Message<'_> {
    Message { dispatch: Some(b"spring"), route, ..Message::default() }
}

fn counters(routed: &RoutedBooks) -> DispatchCounters {
    routed.books.store.dispatches().counters(routed.account, b"spring").unwrap().unwrap()
}

fn given_back(message_id: u64, state: MessageState) -> MessageChanged {
    MessageChanged { message_id, state, refunded: PRICE, changed_now: true }
}

fn report(routed: &RoutedBooks, id: u64, outcome: Reported) -> Result<MessageChanged, Error> {
    routed.books.report(routed.account, id, outcome, SettlementTerms::default())
}

#[test]
fn what_nothing_has_become_of_is_cancelled_by_a_refund() {
    let routed = RoutedBooks::open();
    let plain = Route::to(routed.alpha);
    let scheduled = Route { scheduled_at: Some(FAR), expires_at: Some(FAR), ..plain };
    for route in [None, Some(plain), Some(scheduled)] {
        let id = routed.charge(&spring(route));
        assert_eq!(routed.books.refund(routed.account, id), Ok(given_back(id, MessageState::Deleted)));
        assert_eq!(routed.books.refund(routed.account, id), Err(Error::AlreadyRefunded));
        assert_eq!(routed.books.cancel(routed.account, id), Err(CancelError::Final));
        assert!(!routed.state(id).unwrap().refunded_by_hand, "it was cancelled");
        assert_eq!(routed.books.recorder.take().refunds.len(), 1);
        assert_eq!((routed.spent(), routed.books.prove().refunds > 0), (0, true));
    }
    let expected = DispatchCounters { messages: 3, cancelled: 3, ..DispatchCounters::default() };
    assert_eq!(counters(&routed), expected);
    routed.close();
}

#[test]
fn a_message_that_was_given_back_while_it_waited_is_not_sent() {
    let routed = RoutedBooks::open();
    let row = routed.send_plain();
    routed.books.refund(routed.account, row.key.message_id).unwrap();
    let outcome = routed.books.tell(leased(1, routed.alpha, &[row.key]));
    assert_eq!(outcome, EventOutcome::Leased { dropped: vec![row.key], replaced: Vec::new() });
    assert!(!routed.is_queued(row.key));
    routed.books.prove();
    routed.close();
}

#[test]
fn what_an_operator_has_or_may_have_keeps_its_charge() {
    let routed = RoutedBooks::open();
    let row = routed.send_plain();
    let id = row.key.message_id;
    routed.books.tell(leased(1, routed.alpha, &[row.key]));
    assert_eq!(routed.books.refund(routed.account, id), Err(Error::NotFinal));
    routed.books.tell(accepted(&row, routed.alpha, b"1"));
    assert_eq!(routed.books.refund(routed.account, id), Err(Error::NotFinal));
    assert_eq!(routed.books.refund(routed.account, id + 1), Err(Error::Unknown));
    let other = routed.books.provision(&["b"], 1)[0];
    assert_eq!(routed.books.refund(other, id), Err(Error::Unknown));
    assert_eq!(routed.spent(), 50_000);
    routed.books.prove();
    routed.close();
}

#[test]
fn a_delivered_message_is_given_back_once_whatever_comes_later() {
    let routed = RoutedBooks::open();
    let terms = SettlementTerms { charge_on: ChargeOn::Delivery, refund_on: RefundOn::of(&Outcome::ALL) };
    let row = routed.send(&spring(Some(Route { terms, ..Route::to(routed.alpha) })));
    let id = row.key.message_id;
    routed.books.tell(accepted(&row, routed.alpha, b"1"));
    routed.books.tell(receipt(routed.alpha, &[b"1"], ReceiptState::Delivered));
    let before = routed.state(id).unwrap();
    routed.books.recorder.take();

    assert_eq!(routed.books.refund(routed.account, id), Ok(given_back(id, MessageState::Delivered)));
    let after = routed.state(id).unwrap();
    assert_eq!((after.refunded, after.is_refunded, after.refunded_by_hand), (PRICE, true, true));
    assert_eq!(
        (after.at, after.accepted_at, &after.upstream_id),
        (before.at, before.accepted_at, &before.upstream_id)
    );
    let refunds = routed.books.recorder.take().refunds;
    assert_eq!(
        refunds.iter().map(|posting| (posting.amount, posting.segments)).collect::<Vec<_>>(),
        [(PRICE, 1)]
    );
    let expected = DispatchCounters {
        messages: 1,
        submitted: 1,
        delivered: 1,
        cost_operators: Amount::from_micros(33_000).into(),
        ..DispatchCounters::default()
    };
    assert_eq!(counters(&routed), expected);

    assert_eq!(routed.books.refund(routed.account, id), Err(Error::AlreadyRefunded));
    for state in ReceiptState::ALL {
        assert_eq!(routed.books.tell(receipt(routed.alpha, &[b"1"], state)), EventOutcome::Noted);
    }
    routed.books.tell(accepted(&row, routed.beta, b"2"));
    routed.books.tell(receipt(routed.beta, &[b"2"], ReceiptState::Undeliverable));
    routed.books.tell(failed(&row, Outcome::Rejected));
    assert!(routed.books.recorder.take().refunds.is_empty());
    assert_eq!((routed.spent(), routed.state(id).unwrap().refunded_by_hand), (0, true));
    let routed = routed.reopen();
    assert_eq!(routed.books.refund(routed.account, id), Err(Error::AlreadyRefunded));
    assert_eq!(routed.books.prove().refunds, 1);
    routed.close();
}

#[test]
fn other_ends_are_given_back_unless_their_plan_did_so() {
    let routed = RoutedBooks::open();
    let [unknown, rejected, unconfirmed] = [(); 3].map(|()| routed.send_plain());
    routed.books.tell(failed(&unknown, Outcome::Unknown));
    routed.books.tell(failed(&rejected, Outcome::Rejected));
    let for_good = tollgate_storage::delivery::Acceptance {
        final_now: true,
        ..acceptance(&unconfirmed, routed.alpha, b"1")
    };
    routed.books.tell(tollgate_storage::delivery::DeliveryEvent::Accepted(for_good));
    let refund =
        |row: &tollgate_storage::message::QueuedRow| routed.books.refund(routed.account, row.key.message_id);
    assert_eq!(refund(&rejected), Err(Error::AlreadyRefunded));
    assert_eq!(refund(&unknown), Ok(given_back(unknown.key.message_id, MessageState::Unknown)));
    assert_eq!(refund(&unconfirmed), Ok(given_back(unconfirmed.key.message_id, MessageState::Accepted)));
    routed.books.tell(receipt(routed.alpha, &[b"1"], ReceiptState::Undeliverable));
    routed.books.tell(accepted(&unknown, routed.alpha, b"2"));
    assert_eq!((routed.spent(), routed.books.prove().refunds), (0, 3));
    routed.close();
}

/// The reports of a gateway on a message, one after the other, and the counts of its dispatch after each: submitted, delivered
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
        let routed = RoutedBooks::open();
        let id = routed.charge(&spring(None));
        for outcome in *reports {
            let expected = MessageChanged {
                message_id: id,
                state: outcome.state(),
                refunded: if *refunded == 1 { PRICE } else { Amount::ZERO },
                changed_now: true,
            };
            assert_eq!(report(&routed, id, *outcome), Ok(expected), "{reports:?}");
            let again = MessageChanged { changed_now: false, ..expected };
            assert_eq!(report(&routed, id, *outcome), Ok(again), "{reports:?}");
        }
        let row = routed.state(id).unwrap();
        assert_eq!((row.state, row.accepted_at.is_some()), (*state, *submitted == 1), "{reports:?}");
        let counted = counters(&routed);
        let found = [counted.submitted, counted.delivered, counted.failed, 1 - counted.segments];
        assert_eq!(found, [*submitted, *delivered, *failed, *refunded], "{reports:?}");
        assert_eq!(routed.spent(), if *refunded == 1 { 0 } else { 50_000 });
        for other in Reported::ALL.into_iter().filter(|other| other.state() != *state && state.is_final()) {
            let late = report(&routed, id, other);
            let is_late_word = other == Accepted;
            assert_eq!(late.is_ok(), is_late_word, "{reports:?}, then {other:?}: {late:?}");
            assert!(is_late_word || late == Err(Error::Final));
        }
        assert!(routed.receipts().is_empty(), "its gateway knows");
        let report = routed.books.prove();
        assert_eq!((report.ended, report.awaited), (u64::from(state.is_final()), 0));
        routed.close();
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
    let routed = RoutedBooks::open();
    let mut spent = 0;
    for (charge_on, reports, is_given_back) in cases {
        let id = routed.charge(&Message::default());
        for outcome in *reports {
            routed.books.report(routed.account, id, *outcome, terms(*charge_on)).unwrap();
        }
        spent += if *is_given_back { 0 } else { 50_000 };
        assert_eq!(routed.spent(), spent, "{charge_on:?} {reports:?}");
        let refund = routed.books.refund(routed.account, id);
        assert_eq!(refund.is_ok(), !is_given_back);
        spent -= if *is_given_back { 0 } else { 50_000 };
        assert_eq!(routed.spent(), spent);
    }
    routed.books.prove();
    routed.close();
}

#[test]
fn reports_and_refunds_of_one_message_do_not_mix() {
    let routed = RoutedBooks::open();
    let undelivered = routed.send_plain().key.message_id;
    assert_eq!(report(&routed, undelivered, Reported::Delivered), Err(Error::NotChargeOnly));
    assert_eq!(report(&routed, undelivered + 1, Reported::Delivered), Err(Error::Unknown));

    let cancelled = routed.charge(&Message::default());
    routed.books.cancel(routed.account, cancelled).unwrap();
    for outcome in Reported::ALL {
        assert_eq!(report(&routed, cancelled, outcome), Err(Error::Final));
    }

    let id = routed.charge(&Message::default());
    report(&routed, id, Reported::Accepted).unwrap();
    assert_eq!(routed.books.refund(routed.account, id), Err(Error::NotFinal));
    assert_eq!(routed.books.cancel(routed.account, id), Err(CancelError::Final));
    report(&routed, id, Reported::Undelivered).unwrap();
    routed.books.refund(routed.account, id).unwrap();
    let again = report(&routed, id, Reported::Undelivered).unwrap();
    assert_eq!((again.refunded, again.changed_now), (PRICE, false));
    assert_eq!(report(&routed, id, Reported::Delivered), Err(Error::Final));
    assert_eq!(routed.spent(), 50_000, "of the message that waits");
    assert_eq!(routed.books.prove().refunds, 2);
    routed.close();
}

#[test]
fn a_report_keeps_the_error_that_it_names() {
    let routed = RoutedBooks::open();
    let id = routed.charge(&Message::default());
    let (account, terms) = (routed.account, SettlementTerms::default());
    let change =
        MessageChange::Report { account, message_id: id, outcome: Reported::Undelivered, error: 27, terms };
    routed.books.change_message(change).unwrap();
    assert_eq!(routed.state(id).unwrap().error, 27);
    routed.close();
}
