//! Texts of e-mails, in plain text.

use std::fmt;

/// An e-mail without its recipient.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailMessage {
    /// One line of text.
    pub subject: String,
    /// Lines of at most some seventy characters, links aside.
    pub text: String,
}

/// The text is not printed: it may hold a token.
impl fmt::Debug for EmailMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailMessage(…)")
    }
}

/// For somebody who has registered: the link that proves the address.
pub fn verify(public_url: &str, token: &str) -> EmailMessage {
    EmailMessage {
        subject: "Please confirm your e-mail address".to_owned(),
        text: format!(
            "Welcome to Tollgate.\n\n\
             Please open this link within a day. It confirms your e-mail address\n\
             and opens your account:\n\n\
             {public_url}/v1/auth/verify-email/{token}\n\n\
             If you have not registered, do nothing: nothing will happen.\n"
        ),
    }
}

/// For the owner of an address that somebody has registered with again.
pub fn known(public_url: &str) -> EmailMessage {
    EmailMessage {
        subject: "You are registered already".to_owned(),
        text: format!(
            "Somebody, probably you, has tried to register at\n\
             {public_url}\n\
             with this e-mail address, which has a user already.\n\n\
             Log in with the password that you have. If you have forgotten it, ask for\n\
             a new one with POST /v1/auth/reset-password.\n\n\
             If it was not you, do nothing: nothing has changed.\n"
        ),
    }
}

/// An invoice that was sent, as its mail tells of it. Amounts have their currency.
#[derive(Clone, Debug)]
pub struct SentInvoice<'t> {
    /// The number of it.
    pub number: &'t str,
    /// The name of its issuer; empty for none.
    pub seller: &'t str,
    /// The total with tax.
    pub total: String,
    /// The part that is to be paid.
    pub open: String,
    /// The date by which it is to be paid; none where nothing is to be paid.
    pub due: Option<String>,
    /// The page on which it is paid.
    pub pay_link: Option<String>,
}

/// For an account whose invoice was sent.
pub fn invoice_sent(invoice: &SentInvoice<'_>) -> EmailMessage {
    let SentInvoice { number, seller, total, open, due, pay_link } = invoice;
    let from = if seller.is_empty() { String::new() } else { format!(" from {seller}") };
    let owed = match due {
        Some(due) => format!("To be paid: {open}\nIt is due on {due}."),
        None => "It is paid already: nothing is to be done.".to_owned(),
    };
    let way = pay_link.as_ref().map(|link| format!("It can be paid here:\n\n{link}\n\n")).unwrap_or_default();
    EmailMessage {
        subject: format!("Invoice {number}{from}"),
        text: format!(
            "Invoice {number}{from} was made out to you.\n\n\
             Total: {total}\n\
             {owed}\n\n\
             {way}The whole invoice is among your invoices.\n"
        ),
    }
}

/// An invoice of which its mail reminds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemindedInvoice<'t> {
    /// The number of it.
    pub number: &'t str,
    /// The open amount with its currency.
    pub open: String,
    /// The local date by which it was to be paid.
    pub due: String,
    /// Days since that date; below zero before it.
    pub days_after_due: i32,
    /// The local date on which it was opened again, as money of its payment went back.
    pub reopened: Option<String>,
    /// The page on which it is paid.
    pub pay_link: Option<String>,
}

/// The mail that reminds of an invoice which is owed.
pub fn invoice_reminder(invoice: &RemindedInvoice<'_>) -> EmailMessage {
    let RemindedInvoice { number, open, due, days_after_due, reopened, pay_link } = invoice;
    let way = pay_link.as_ref().map(|link| format!("It can be paid here:\n\n{link}\n\n")).unwrap_or_default();
    let (mut subject, sentence) = match days_after_due {
        ..0 => (format!("Invoice {number} is due on {due}"), "will be due"),
        0 => (format!("Invoice {number} is due today"), "is due"),
        1.. => (format!("Invoice {number} is overdue"), "was due"),
    };
    let mut again = String::new();
    if let Some(date) = reopened {
        subject = format!("Invoice {number} is open again");
        again = format!("It was paid, and the money has gone back on {date}, so that it is open again.\n");
    }
    EmailMessage {
        subject,
        text: format!(
            "This is a reminder of invoice {number}.\n\n\
             Open amount: {open}\n\
             {again}It {sentence} on {due}.\n\n\
             {way}If you have paid meanwhile, nothing is to be done.\n"
        ),
    }
}

/// For a user who has forgotten the password.
pub fn reset(public_url: &str, token: &str) -> EmailMessage {
    EmailMessage {
        subject: "Reset your password".to_owned(),
        text: format!(
            "Somebody, probably you, wants to set a new password at\n\
             {public_url}\n\n\
             This token sets it, once, within an hour:\n\n\
             {token}\n\n\
             Send it with the new password to\n\
             POST {public_url}/v1/auth/reset-password/confirm\n\n\
             If it was not you, do nothing: your password stays as it is.\n"
        ),
    }
}

/// For a new user whom an admin or a reseller has created.
pub fn invitation(public_url: &str, token: &str) -> EmailMessage {
    EmailMessage {
        subject: "You have been invited to Tollgate".to_owned(),
        text: format!(
            "A user with this e-mail address has been made for you at\n\
             {public_url}\n\n\
             This token sets your password, once, within a day:\n\n\
             {token}\n\n\
             Send it with the password to\n\
             POST {public_url}/v1/auth/reset-password/confirm\n"
        ),
    }
}

/// For a user whose password was changed.
pub fn password_changed(public_url: &str) -> EmailMessage {
    EmailMessage {
        subject: "Your password was changed".to_owned(),
        text: format!(
            "The password of your user at\n\
             {public_url}\n\
             was changed just now. If it was not you, ask for a new one with\n\
             POST /v1/auth/reset-password, which ends all sessions.\n"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mail_of_an_invoice_leads_to_where_it_is_paid() {
        let owed = SentInvoice {
            number: "INV-2026-000007",
            seller: "Example Ltd",
            total: "119.00 USD".to_owned(),
            open: "99.00 USD".to_owned(),
            due: Some("2026-12-14".to_owned()),
            pay_link: Some("https://x.example/pay/invoices/t0ken".to_owned()),
        };
        let mail = invoice_sent(&owed);
        assert_eq!(mail.subject, "Invoice INV-2026-000007 from Example Ltd");
        for part in ["119.00 USD", "99.00 USD", "2026-12-14", "\nhttps://x.example/pay/invoices/t0ken\n"] {
            assert!(mail.text.contains(part), "{part}: {}", mail.text);
        }
        let paid = invoice_sent(&SentInvoice { due: None, pay_link: None, ..owed });
        assert!(paid.text.contains("nothing is to be done"));
    }

    #[test]
    fn messages_hold_their_token_and_do_not_print_it() {
        for message in [verify("https://x.example", "t0ken"), reset("https://x.example", "t0ken")] {
            assert!(message.text.contains("t0ken"));
            assert!(!format!("{message:?}").contains("t0ken"));
        }
    }
}
