//! The text of the pay pages. Everything that comes from elsewhere is escaped.

use std::fmt::Write as _;

use super::dto::{InvoicePage, PayPage};
use crate::payments::{PaymentProvider, PaymentState};

/// The policy of a page without a form for cards: no script at all.
pub(super) const PLAIN_POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
/// The policy of a page with a form for cards, which Stripe's script puts into frames of its own.
pub(super) const CARD_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self' https://js.stripe.com; \
    frame-src https://js.stripe.com https://hooks.stripe.com; connect-src https://api.stripe.com; img-src 'self'; \
    form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// The policy of the page of an invoice: no script, and forms that lead to the pages of its payments.
pub(super) const INVOICE_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";

/// The style of all pages.
pub(super) const STYLE: &str = include_str!("pay.css");
/// The script of a page with a form for cards.
pub(super) const SCRIPT: &str = include_str!("pay.js");

/// The page of a payment.
pub(super) fn page(page: &PayPage) -> String {
    let title = format!("Pay {}", page.amount);
    let mut body = format!(
        "<h1>{}</h1>\n<p class=\"for\">{} for {}</p>\n",
        escaped(&title),
        escaped(&page.purpose),
        escaped(&page.account_name)
    );
    let (tone, told) = told(page);
    let _ = writeln!(body, "<p class=\"state {tone}\" role=\"status\">{}</p>", escaped(&told));
    if !is_over(page.state) {
        body.push_str(&way_to_pay(page));
    }
    document(&title, &body, page.card.is_some() && !is_over(page.state))
}

/// The page of an invoice.
pub(super) fn invoice(page: &InvoicePage) -> String {
    let title = format!("Invoice {}", page.number);
    let logo =
        format!("<p><img class=\"logo\" src=\"/pay/invoices/{}/logo\" alt=\"\"></p>\n", escaped(&page.token));
    let mut body = if page.has_logo { logo } else { String::new() };
    let _ = write!(
        body,
        "<h1>{}</h1>\n<p class=\"for\">{} for {}</p>\n",
        escaped(&title),
        escaped(&page.seller),
        escaped(&page.buyer)
    );
    let Some(open) = &page.open else {
        body.push_str("<p class=\"state good\" role=\"status\">Nothing of it is to be paid.</p>\n");
        return document(&title, &body, false);
    };
    let due = page.due.as_ref().map(|due| format!(", by {due}")).unwrap_or_default();
    let told = format!("{open} is to be paid{due}.");
    let _ = writeln!(body, "<p class=\"state\" role=\"status\">{}</p>", escaped(&told));
    for provider in &page.providers {
        let (name, label) = match provider {
            PaymentProvider::Manual => ("manual", "Pay by bank transfer"),
            PaymentProvider::Stripe => ("stripe", "Pay by card"),
            PaymentProvider::Paypal => ("paypal", "Pay with PayPal"),
        };
        let action = format!("/pay/invoices/{}/{name}", page.token);
        let _ = writeln!(
            body,
            "<form method=\"post\" action=\"{}\"><p><button>{label}</button></p></form>",
            escaped(&action)
        );
    }
    document(&title, &body, false)
}

/// The page of a token that is of no payment.
pub(super) fn nothing() -> String {
    document(
        "No such payment",
        "<h1>No such payment</h1>\n<p>The link is not that of a payment or an invoice.</p>\n",
        false,
    )
}

fn is_over(state: PaymentState) -> bool {
    matches!(state, PaymentState::Succeeded | PaymentState::Cancelled | PaymentState::Processing)
}

/// The sentence that tells how it stands.
fn told(page: &PayPage) -> (&'static str, String) {
    match page.state {
        PaymentState::Succeeded => ("good", "The payment is complete. Thank you.".to_owned()),
        PaymentState::Cancelled => ("", "The payment was cancelled. Nothing was paid.".to_owned()),
        PaymentState::Processing => {
            ("", "The payment is being processed. This page can be closed.".to_owned())
        }
        PaymentState::Unknown => {
            ("", "The outcome is not known yet. Do not pay again; look here later.".to_owned())
        }
        PaymentState::Failed => {
            let reason = page.failure.as_deref().unwrap_or("The payment was declined");
            ("bad", format!("{}. Nothing was paid; another card may be used.", reason.trim_end_matches('.')))
        }
        PaymentState::Created | PaymentState::RequiresAction => ("", "The payment is open.".to_owned()),
    }
}

fn way_to_pay(page: &PayPage) -> String {
    match page.provider {
        PaymentProvider::Manual => bank_transfer(page),
        PaymentProvider::Stripe => card(page),
        PaymentProvider::Paypal => match &page.approve_url {
            Some(url) => {
                format!(
                    "<p><a class=\"button\" href=\"{}\" rel=\"noreferrer\">Pay with PayPal</a></p>\n",
                    escaped(url)
                )
            }
            None => LATER.to_owned(),
        },
    }
}

const LATER: &str = "<p>It cannot be paid here now. Please look here again in a minute.</p>\n";

fn bank_transfer(page: &PayPage) -> String {
    let reference = page.reference.as_deref().unwrap_or_default();
    let mut text = format!(
        "<h2>Bank transfer</h2>\n<dl>\n<dt>Amount</dt><dd>{}</dd>\n<dt>Reference</dt><dd><strong>{}</strong></dd>\n</dl>\n",
        escaped(&page.amount),
        escaped(reference)
    );
    text.push_str("<p>Write the reference into the transfer: by it the money is recognised.</p>\n");
    if page.bank_details.is_empty() {
        text.push_str("<p>Ask for the bank account to transfer to.</p>\n");
    } else {
        let lines: Vec<String> = page.bank_details.iter().map(|line| escaped(line)).collect();
        let _ = writeln!(text, "<address>{}</address>", lines.join("<br>\n"));
    }
    text
}

fn card(page: &PayPage) -> String {
    let Some(card) = &page.card else { return LATER.to_owned() };
    format!(
        "<form id=\"card\" data-key=\"{}\" data-secret=\"{}\" data-return=\"{}\">\n<div id=\"element\"></div>\n\
         <p id=\"message\" class=\"bad\" role=\"alert\"></p>\n<button id=\"submit\">Pay {}</button>\n</form>\n\
         <noscript><p>Paying by card needs JavaScript in the browser.</p></noscript>\n",
        escaped(&card.publishable_key),
        escaped(&card.client_secret),
        escaped(&page.return_url),
        escaped(&page.amount)
    )
}

fn document(title: &str, body: &str, has_script: bool) -> String {
    let scripts = if has_script {
        "<script src=\"https://js.stripe.com/v3/\" defer></script>\n<script src=\"/pay/assets/pay.js\" defer></script>\n"
    } else {
        ""
    };
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n<title>{}</title>\n\
         <link rel=\"stylesheet\" href=\"/pay/assets/pay.css\">\n{scripts}</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n",
        escaped(title)
    )
}

/// A text as it stands in HTML, inside elements and inside quoted attributes.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manual(state: PaymentState) -> PayPage {
        PayPage {
            token: "t".to_owned(),
            account_name: "<b>\"Ann\" & 'Bob'".to_owned(),
            amount: "10.00 USD".to_owned(),
            purpose: "Top-up".to_owned(),
            provider: PaymentProvider::Manual,
            state,
            failure: None,
            reference: Some("TG7K2M9QX4".to_owned()),
            bank_details: vec!["IBAN <DE>".to_owned(), "Bank & Co".to_owned()],
            card: None,
            approve_url: None,
            return_url: "https://x/pay/t/return".to_owned(),
        }
    }

    #[test]
    fn a_bank_transfer_needs_no_script_and_shows_where_to() {
        let text = page(&manual(PaymentState::RequiresAction));
        assert!(text.contains("TG7K2M9QX4") && text.contains("IBAN &lt;DE&gt;<br>\nBank &amp; Co"), "{text}");
        assert!(text.contains("&lt;b&gt;&quot;Ann&quot; &amp; &#39;Bob&#39;"), "{text}");
        assert!(!text.contains("<script") && !text.contains("style=") && !text.contains("onclick"), "{text}");
    }

    #[test]
    fn an_invoice_is_paid_by_forms_without_script() {
        let mut shown = InvoicePage {
            token: "t".to_owned(),
            number: "INV-1".to_owned(),
            seller: "<House>".to_owned(),
            has_logo: false,
            buyer: "A & B".to_owned(),
            open: Some("10.00 USD".to_owned()),
            due: Some("2026-12-14".to_owned()),
            providers: vec![PaymentProvider::Manual, PaymentProvider::Stripe],
        };
        let text = invoice(&shown);
        assert!(
            text.contains("&lt;House&gt; for A &amp; B")
                && text.contains("10.00 USD is to be paid, by 2026-12-14.")
        );
        assert_eq!(text.matches("<form method=\"post\"").count(), 2);
        assert!(text.contains("action=\"/pay/invoices/t/stripe\"") && !text.contains("<script"), "{text}");
        assert!(!text.contains("<img"), "{text}");
        shown.has_logo = true;
        assert!(invoice(&shown).contains("src=\"/pay/invoices/t/logo\""));
        shown.open = None;
        assert!(!invoice(&shown).contains("<form"));
    }

    #[test]
    fn what_is_over_is_not_paid_again() {
        for state in [PaymentState::Succeeded, PaymentState::Cancelled, PaymentState::Processing] {
            assert!(!page(&manual(state)).contains("TG7K2M9QX4"), "{state:?}");
        }
    }
}
