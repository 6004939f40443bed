//! Texts of e-mails, in plain text.

use std::fmt;

use url::form_urlencoded;

/// The place at which those who get a mail go on.
#[derive(Clone, Copy, Debug)]
pub struct Site<'s> {
    /// The address of the API and of the screens, without a slash at its end.
    pub url: &'s str,
    /// True if the screens are served there; without them mails name the routes of the API.
    pub has_screens: bool,
}

impl Site<'_> {
    /// The screen on which somebody uses a token that came by mail. The token stands behind the `#`, which browsers send to
    /// nobody, so that no log of a server or a proxy has it.
    fn token_screen(&self, screen: &str, email: &str, token: &str) -> String {
        let mut values = form_urlencoded::Serializer::new(String::new());
        values.append_pair("token", token).append_pair("email", email);
        format!("{}/app/{screen}#{}", self.url, values.finish())
    }

    /// The way to set a password by a token.
    fn setting_the_password(&self, email: &str, token: &str) -> String {
        if self.has_screens {
            return format!("{}\n", self.token_screen("set-password", email, token));
        }
        format!(
            "This is the token for it:\n\n\
             {token}\n\n\
             Send it with the password to\n\
             POST {}/v1/auth/reset-password/confirm\n",
            self.url
        )
    }

    /// The place that sends a mail for another password.
    fn asking_for_a_password(&self) -> String {
        let path = if self.has_screens { "/app/forgot-password" } else { "/v1/auth/reset-password" };
        let method = if self.has_screens { "" } else { "POST " };
        format!("{method}{}{path}", self.url)
    }
}

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
pub fn verify(site: Site<'_>, email: &str, token: &str) -> EmailMessage {
    let link = if site.has_screens {
        site.token_screen("verify-email", email, token)
    } else {
        format!("{}/v1/auth/verify-email/{token}", site.url)
    };
    EmailMessage {
        subject: "Please confirm your e-mail address".to_owned(),
        text: format!(
            "Welcome to Tollgate.\n\n\
             Please open this link within a day. It confirms your e-mail address\n\
             and opens your account:\n\n\
             {link}\n\n\
             If you have not registered, do nothing: nothing will happen.\n"
        ),
    }
}

/// For the owner of an address that somebody has registered with again.
pub fn known(site: Site<'_>) -> EmailMessage {
    EmailMessage {
        subject: "You are registered already".to_owned(),
        text: format!(
            "Somebody, probably you, has tried to register at\n\
             {}\n\
             with this e-mail address, which has a user already.\n\n\
             Log in with the password that you have. If you have forgotten it, ask for\n\
             a new one:\n\n\
             {}\n\n\
             If it was not you, do nothing: nothing has changed.\n",
            site.url,
            site.asking_for_a_password()
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
pub fn reset(site: Site<'_>, email: &str, token: &str) -> EmailMessage {
    EmailMessage {
        subject: "Reset your password".to_owned(),
        text: format!(
            "Somebody, probably you, wants to set a new password at\n\
             {}\n\n\
             You can set it once, within an hour:\n\n\
             {}\n\
             If it was not you, do nothing: your password stays as it is.\n",
            site.url,
            site.setting_the_password(email, token)
        ),
    }
}

/// For a new user whom an admin or a reseller has created.
pub fn invitation(site: Site<'_>, email: &str, token: &str) -> EmailMessage {
    EmailMessage {
        subject: "You have been invited to Tollgate".to_owned(),
        text: format!(
            "A user with this e-mail address has been made for you at\n\
             {}\n\n\
             You can set your password once, within a day:\n\n\
             {}",
            site.url,
            site.setting_the_password(email, token)
        ),
    }
}

/// For a user whose password was changed.
pub fn password_changed(site: Site<'_>) -> EmailMessage {
    EmailMessage {
        subject: "Your password was changed".to_owned(),
        text: format!(
            "The password of your user at\n\
             {}\n\
             was changed just now. If it was not you, ask for a new one, which ends\n\
             all sessions:\n\n\
             {}\n",
            site.url,
            site.asking_for_a_password()
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
        let site = Site { url: "https://x.example", has_screens: true };
        for message in [verify(site, "ann@example.com", "t0ken"), reset(site, "ann@example.com", "t0ken")] {
            assert!(message.text.contains("t0ken"));
            assert!(!format!("{message:?}").contains("t0ken"));
        }
    }

    #[test]
    fn a_token_leads_to_a_screen_or_to_the_api_where_there_are_no_screens() {
        let url = "https://sms.example";
        let screens = Site { url, has_screens: true };
        let api = Site { url, has_screens: false };
        let at_screen =
            |screen: &str| format!("\n{url}/app/{screen}#token=t_0&email=ann%2Bsms%40example.com\n");
        for text in [reset, invitation] {
            let mail = text(screens, "ann+sms@example.com", "t_0").text;
            assert!(mail.contains(&at_screen("set-password")) && !mail.contains("POST"), "{mail}");
            let mail = text(api, "ann+sms@example.com", "t_0").text;
            assert!(mail.contains("\nt_0\n") && !mail.contains("/app/"), "{mail}");
            assert!(mail.contains(&format!("POST {url}/v1/auth/reset-password/confirm\n")), "{mail}");
        }
        assert!(verify(screens, "ann+sms@example.com", "t_0").text.contains(&at_screen("verify-email")));
        assert!(
            verify(api, "ann@example.com", "t_0")
                .text
                .contains(&format!("\n{url}/v1/auth/verify-email/t_0\n"))
        );
        for text in [known, password_changed] {
            assert!(text(screens).text.contains(&format!("\n{url}/app/forgot-password\n")));
            assert!(text(api).text.contains(&format!("\nPOST {url}/v1/auth/reset-password\n")));
        }
    }
}
