//! Tickets, states, operators' ids and leases that are off.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;
use tollgate_storage::message::Message as Queued;
use tollgate_storage::rows::{ExpiryRow, GatewayReceipt, LeaseRow, Row, StateRow, UpstreamRow};
use tollgate_storage::schema::{
    Family, account_id_key, awaiting_key, instant_id_key, lease_key, operator_key, upstream_key,
};

use super::super::{A, cents, edit};
use super::{FIRST, LATER, SECOND, Sent, place};
use crate::support::Raw;

/// A fault that is put into a message.
type Change<'a> = &'a dyn Fn(&mut Queued<'_>);

#[test]
fn tickets_that_say_other_than_the_cdr_are_named() {
    let sent = Sent::new();
    let change = |raw: &Raw, change: Change<'_>| {
        let key = place(sent.queued);
        let bytes = raw.get(Family::Queue, key.to_bytes());
        let mut message = Queued::read(key.message_id, &bytes).unwrap();
        let mut changed = Vec::new();
        change(&mut message);
        message.write_to(key.message_id, &mut changed);
        raw.put(Family::Queue, key.to_bytes(), changed);
    };
    let changes: [(&str, Change<'_>); 6] = [
        ("account", &|message| message.ticket.account = AccountNumber(9)),
        ("amount", &|message| message.ticket.amount = cents(6)),
        ("number of segments", &|message| message.ticket.segments += 1),
        ("month", &|message| message.ticket.month.0 += 1),
        ("dispatch", &|message| message.ticket.dispatch_id = None),
        ("time", &|message| message.ticket.submitted_at = UnixMicros(2)),
    ];
    for (what, wrong) in changes {
        let id = sent.queued;
        let expected = format!("message {id}: its row in the queue names another {what} than its CDR");
        sent.expect(&expected, |raw| change(raw, wrong));
    }
    sent.expect("its row in upstream names another account", |raw| {
        edit(raw, Family::Upstream, upstream_key(SECOND, b"a1"), |row: &mut UpstreamRow| {
            row.ticket[3] = 9;
        });
    });
}

#[test]
fn states_that_cannot_be_are_named() {
    let sent = Sent::new();
    let Sent { awaited, delivered, rejected, cancelled, unconfirmed, charge_only, .. } = sent;
    sent.expect_of_state("is delivered, but was delivered and accepted by nobody", delivered, |row| {
        row.accepted_at = None;
    });
    sent.expect_of_state("is delivered, but was given back", delivered, |row| {
        (row.is_refunded, row.refunded) = (true, cents(5));
    });
    sent.expect_of_state("is accepted, but was accepted by nobody", unconfirmed, |row| {
        row.accepted_at = None;
    });
    sent.expect_of_state("is enroute, but was accepted by nobody", awaited, |row| row.accepted_at = None);
    sent.expect_of_state("is deleted, but was cancelled and not given back", cancelled, |row| {
        (row.is_refunded, row.refunded) = (false, Amount::ZERO);
    });
    sent.expect_of_state("was charged 0.05, refunded 0.04", rejected, |row| {
        row.refunded = cents(4);
    });
    sent.expect_of_state("is to keep its charge of 0.05, refunded 0.05", rejected, |row| {
        row.is_refunded = false;
    });
    sent.expect_of_state("is delivered, but was accepted by no operator", delivered, |row| {
        row.operator = OperatorNumber(0);
    });
    sent.expect_of_state("names operator 9, which does not exist", delivered, |row| {
        row.operator = OperatorNumber(9);
    });
    sent.expect("which asks for no such refund", |raw| {
        let key = account_id_key(A, rejected);
        edit(raw, Family::States, key, |row: &mut StateRow| {
            (row.is_refunded, row.refunded) = (false, Amount::ZERO);
        });
    });
    sent.expect(&format!("message {charge_only} is rejected, but was handed to nobody"), |raw| {
        let state = raw.get(Family::States, account_id_key(A, rejected));
        raw.put(Family::States, account_id_key(A, charge_only), state);
    });
    // A cancelled message that was charged only is as sound as one that waited.
    let changed = StateRow { at: UnixMicros(1), ..StateRow::cancelled(UnixMicros(1), cents(5)) };
    sent.expect("is to be refunded but the ledger of account a has no entry", |raw| {
        raw.put(Family::States, account_id_key(A, charge_only), changed.to_bytes());
    });
}

#[test]
fn receipts_that_nobody_could_match_are_named() {
    let sent = Sent::new();
    let Sent { awaited, delivered, .. } = sent;
    let (a1, b2) = (upstream_key(SECOND, b"a1"), upstream_key(SECOND, b"b2"));
    let lost = format!("message {awaited} is with operator 2, but no receipt can find it");
    sent.expect(&lost, |raw| raw.delete(Family::Upstream, &a1));
    sent.expect(&lost, |raw| edit(raw, Family::Upstream, &a1, |row: &mut UpstreamRow| row.message_id += 1));
    sent.expect(&lost, |raw| {
        edit(raw, Family::Upstream, &a1, |row: &mut UpstreamRow| row.expires_at = UnixMicros(5));
    });
    sent.expect(&lost, |raw| {
        edit(raw, Family::States, account_id_key(A, awaited), |row: &mut StateRow| {
            row.upstream_id = b"b2".to_vec();
        });
    });
    sent.expect(&format!("message {awaited}: operator 2 accepted it at two times"), |raw| {
        edit(raw, Family::Upstream, &a1, |row: &mut UpstreamRow| row.accepted_at.0 += 1);
    });
    sent.expect(&format!("message {delivered}: it is settled, but its receipt awaited"), |raw| {
        edit(raw, Family::Upstream, &b2, |row: &mut UpstreamRow| {
            row.expires_at = UpstreamRow::NOT_BEFORE_SETTLED;
        });
    });
    sent.expect(&format!("message {delivered}: its receipt is not awaited"), |raw| {
        edit(raw, Family::Upstream, &b2, |row: &mut UpstreamRow| {
            (row.expires_at, row.settled) = (UpstreamRow::NOT_BEFORE_SETTLED, false);
        });
    });
    sent.expect(&format!("message {delivered}: operator 2 is to settle it, but does not have it"), |raw| {
        let mut row = UpstreamRow::read(&raw.get(Family::Upstream, &b2)).unwrap();
        (row.expires_at, row.settled) = (UpstreamRow::NOT_BEFORE_SETTLED, false);
        raw.put(Family::Awaiting, awaiting_key(row.accepted_at, SECOND, b"b2"), []);
        raw.put(Family::Upstream, &b2, row.to_bytes());
    });
    sent.expect("operator 2: a receipt is awaited that settles nothing", |raw| {
        raw.put(Family::Awaiting, awaiting_key(UnixMicros(5), SECOND, b"b2"), []);
    });
    sent.expect(&format!("message {awaited}: its receipt is not awaited"), |raw| {
        let (key, _) = raw.rows(Family::Awaiting).remove(0);
        raw.delete(Family::Awaiting, key);
    });
    // Compaction takes what is settled away, once a commit has forgotten it.
    sent.closed.after_resummed(|raw| raw.delete(Family::Upstream, &b2)).unwrap();
    sent.expect("other than a commit: upstream, operator 2", |raw| raw.delete(Family::Upstream, &b2));
}

#[test]
fn what_names_nobody_is_named() {
    let sent = Sent::new();
    let Sent { queued, delivered, leased, .. } = sent;
    sent.expect(&format!("message {delivered} is to expire, but is in no queue"), |raw| {
        let row = ExpiryRow { first_choice: FIRST, class: 3, scheduled_at: None };
        raw.put(Family::Expiries, instant_id_key(LATER, delivered), row.to_bytes());
    });
    let lease = |change: fn(&mut LeaseRow)| move |raw: &Raw| edit(raw, Family::Leases, lease_key(5), change);
    sent.expect("lease 5 names operator 7, which does not exist", lease(|row| row.operator.0 = 7));
    sent.expect(
        "lease 5 names operator 8, which does not exist",
        lease(|row| row.keys[0].first_choice.0 = 8),
    );
    sent.expect("lease 5 names message 3, which never was", lease(|row| row.keys[0].message_id = 3));
    sent.expect(&format!("lease 5 names message {}, which never was", queued + 9), |raw| {
        let past = queued + 9;
        let mut row = LeaseRow::read(&raw.get(Family::Leases, lease_key(5))).unwrap();
        row.keys[0].message_id = past;
        raw.put(Family::Leases, lease_key(5), row.to_bytes());
    });
    // A crash leaves leases of messages that are settled; whoever starts next clears them.
    sent.closed
        .after_resummed(|raw| {
            let mut row = LeaseRow::read(&raw.get(Family::Leases, lease_key(5))).unwrap();
            row.keys = vec![place(delivered), place(leased)];
            raw.put(Family::Leases, lease_key(5), row.to_bytes());
        })
        .unwrap();
    sent.expect("does not exist", |raw| raw.delete(Family::Operators, operator_key(FIRST)));
    sent.expect("operator 3 cannot be `one`", |raw| {
        let row = raw.get(Family::Operators, operator_key(FIRST));
        raw.put(Family::Operators, operator_key(OperatorNumber(3)), row);
    });
    sent.expect("belongs to account 9, which does not exist", |raw| {
        let (key, row) = raw.rows(Family::Receipts).remove(0);
        raw.put(Family::Receipts, [&9_u32.to_be_bytes(), &key[4..]].concat(), row);
    });
    sent.expect("belongs to no commit", |raw| {
        let (_, row) = raw.rows(Family::Receipts).remove(0);
        assert!(GatewayReceipt::read(&row).is_some());
        raw.put(Family::Receipts, account_id_key(A, queued - 5), row);
    });
    sent.expect("is present twice", |raw| {
        let (key, _) = raw.rows(Family::Ledger).remove(0);
        let (_, row) = raw.rows(Family::Unmatched).remove(0);
        raw.put(Family::Unmatched, [&operator_key(FIRST), &key[4..]].concat(), row);
    });
}
