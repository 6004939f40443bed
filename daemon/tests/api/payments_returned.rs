//! Money of an invoice's payments that goes back: the invoice is open again by as much, whatever the order of payments by hand, by
//! card and by transfer, of more than is open, of refunds and of disputes, and `verify` finds it so.

use serde_json::{Value, json};

use crate::payments::{Shop, text};
use crate::payments_of_things::{balance, begin, invoice, invoiced, of_invoice, with};
use crate::support::api::Api;
use crate::support::books::micros;
use crate::support::stripe::GOOD_CARD;
use crate::support::wait::eventually;

const OWES: &str = "owes";
/// The amount due of the invoice, in cents.
const DUE: i64 = 10;

fn cents(amount: &Value) -> i64 {
    micros(text(amount)) / 10_000
}

fn amount(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn pay_by_hand(admin: &Api, number: &str, paid: i64) {
    admin.post(&format!("/v1/invoices/{number}/pay"), &json!({ "amount": amount(paid) })).expect(200);
}

/// A transfer of so much for the invoice, which is there; its id.
fn transfer(admin: &Api, number: &str, paid: i64) -> String {
    let new = with(&of_invoice(number), &json!({ "provider": "manual", "amount": amount(paid) }));
    let id = text(&begin(admin, &new).expect(201).json["id"]).to_owned();
    admin.order(&format!("/v1/payments/{id}/confirm")).expect(200);
    id
}

fn refund(admin: &Api, payment: &str, back: i64) {
    let body = json!({ "amount": amount(back), "reason": "paid twice" });
    admin.post(&format!("/v1/payments/{payment}/refunds"), &body).expect(201);
}

/// The invoice says that so many cents have come for it, and so do balance and ageing.
fn comes_to(admin: &Api, number: &str, received: i64) {
    let shown = invoice(admin, number);
    let (paid, open) = (received.min(DUE), (DUE - received).max(0));
    assert_eq!((cents(&shown["amount_paid"]), cents(&shown["amount_open"])), (paid, open), "{shown}");
    assert_eq!(shown["status"] == "paid", open == 0, "{shown}");
    assert_eq!(shown["pay_link"].is_null(), open == 0, "{shown}");
    assert_eq!(cents(&balance(admin, OWES)), received - DUE);
    let ageing = admin.get(&format!("/v1/ageing?account={OWES}")).expect(200).json;
    let owed = ageing["items"].as_array().expect("items").first().map_or(0, |row| cents(&row["total"]));
    assert_eq!(owed, open, "{ageing}");
}

#[test]
fn what_goes_back_of_an_invoices_payments_is_open_again() {
    let shop = Shop::open();
    let admin = &shop.admin;
    let (number, _) = invoiced(admin);
    comes_to(admin, &number, 0);
    pay_by_hand(admin, &number, 3);
    let by_card =
        begin(admin, &with(&of_invoice(&number), &json!({ "provider": "stripe", "amount": "0.05" })));
    let by_card = by_card.expect(201).json;
    let (id, intent) = (text(&by_card["id"]), text(&by_card["provider_id"]));
    shop.stripe.pay(intent, GOOD_CARD);
    assert_eq!(shop.refresh(id)["state"], "succeeded");
    comes_to(admin, &number, 8);
    // More than is open is credit, until a lost dispute opens a part again, which it pays.
    let more = transfer(admin, &number, 20);
    comes_to(admin, &number, 28);
    let dispute = shop.stripe.open_dispute(intent, 5);
    shop.stripe.tell(admin, "evt_1", "charge.dispute.created", &dispute);
    shop.stripe.end_dispute(&dispute, "lost");
    shop.stripe.tell(admin, "evt_2", "charge.dispute.closed", &dispute);
    eventually("the dispute to be lost", || (shop.payment(id)["disputed"] == "0.05").then_some(()));
    comes_to(admin, &number, 23);
    refund(admin, &more, 13);
    comes_to(admin, &number, 10);
    refund(admin, &more, 4);
    comes_to(admin, &number, 6);
    let told = admin.get(&format!("/v1/events?account={OWES}&type=invoice.reopened")).expect(200).json;
    assert_eq!(told["items"].as_array().map(Vec::len), Some(1), "{told}");
    assert_eq!(told["items"][0]["data"]["amount_open"], "0.04");
    // One of the provider's own pages, told of twice.
    let other = begin(admin, &with(&of_invoice(&number), &json!({ "provider": "stripe" }))).expect(201).json;
    let (id, intent) = (text(&other["id"]), text(&other["provider_id"]));
    shop.stripe.pay(intent, GOOD_CARD);
    assert_eq!(shop.refresh(id)["state"], "succeeded");
    comes_to(admin, &number, 10);
    let made = shop.stripe.refund_in_dashboard(intent, 4);
    for event in ["evt_3", "evt_4"] {
        shop.stripe.tell(admin, event, "charge.refunded", &made);
    }
    eventually("the refund to be there", || (shop.payment(id)["refunded"] == "0.04").then_some(()));
    comes_to(admin, &number, 6);
    // The bank sends it back: it has paid after all.
    shop.stripe.set_refund(&made, "failed");
    shop.stripe.tell(admin, "evt_5", "refund.failed", &made);
    eventually("the refund to fail", || (shop.payment(id)["refunded"] == "0.00").then_some(()));
    comes_to(admin, &number, 10);
    shop.close();
}

#[test]
fn any_order_of_payments_and_refunds_leaves_what_their_entries_say() {
    let shop = Shop::open();
    let admin = &shop.admin;
    let (number, _) = invoiced(admin);
    let mut random = 20_261_130_u64;
    let mut below = |bound: i64| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(random >> 33).expect("31 bits") % bound
    };
    let (mut received, mut payments) = (0, Vec::<(String, i64)>::new());
    for _ in 0..40 {
        let paid = 1 + below(8);
        match below(4) {
            0 if received < DUE => {
                pay_by_hand(admin, &number, paid);
                received += paid;
            }
            1 if received < DUE => {
                payments.push((transfer(admin, &number, paid), paid));
                received += paid;
            }
            _ if !payments.is_empty() => {
                let at =
                    usize::try_from(below(i64::try_from(payments.len()).expect("a few"))).expect("a place");
                let (id, left) = &mut payments[at];
                let back = 1 + below(*left);
                refund(admin, id, back);
                *left -= back;
                received -= back;
                payments.retain(|(_, left)| *left > 0);
            }
            _ => {}
        }
        comes_to(admin, &number, received);
    }
    shop.close();
}
