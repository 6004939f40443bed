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

/// For an account that owes an invoice: so many days after its due date, or before it where they are below zero.
pub fn invoice_reminder(
    number: &str,
    amount: &str,
    due: &str,
    days_after_due: i32,
    pay_link: Option<&str>,
) -> EmailMessage {
    let way = pay_link.map(|link| format!("It can be paid here:\n\n{link}\n\n")).unwrap_or_default();
    let (subject, sentence) = match days_after_due {
        ..0 => (format!("Invoice {number} is due on {due}"), "will be due"),
        0 => (format!("Invoice {number} is due today"), "is due"),
        1.. => (format!("Invoice {number} is overdue"), "was due"),
    };
    EmailMessage {
        subject,
        text: format!(
            "This is a reminder of invoice {number}.\n\n\
             Open amount: {amount}\n\
             It {sentence} on {due}.\n\n\
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
    fn messages_hold_their_token_and_do_not_print_it() {
        for message in [verify("https://x.example", "t0ken"), reset("https://x.example", "t0ken")] {
            assert!(message.text.contains("t0ken"));
            assert!(!format!("{message:?}").contains("t0ken"));
        }
    }
}
