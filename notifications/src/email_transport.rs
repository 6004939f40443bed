//! The way out for one e-mail: to an SMTP server, or into a directory.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lettre::message::header::{ContentTransferEncoding, ContentType};
use lettre::message::{Body, Mailbox};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{Message, SmtpTransport, Transport as _};
use tollgate_storage::clock::now;

use crate::email_texts::EmailMessage;
use tollgate_provisioning::{MailSettings, SmtpTls};

/// Longest time of one step of an SMTP server.
const STEP_MAX: Duration = Duration::from_secs(20);
/// Octets of a line that is sent as it is.
const LINE_OCTETS_MAX: usize = 998;

/// Sends e-mails to where the settings say.
pub struct Transport {
    from: String,
    destination: Destination,
}

enum Destination {
    Smtp(Box<SmtpTransport>),
    Directory {
        path: PathBuf,
        written: AtomicU64,
    },
    /// The settings say something that cannot be used.
    None(String),
}

/// True if a mail can be sent to this text.
pub fn is_email_address(text: &str) -> bool {
    text.parse::<lettre::Address>().is_ok()
}

/// The failure to send an e-mail.
#[derive(Debug)]
pub struct SendError {
    /// For the log: neither text nor recipient.
    pub reason: String,
    /// True if another try would fail the same way.
    pub is_final: bool,
}

impl Transport {
    /// By the settings. Without a server and a directory of its own, e-mails go into `mail` in the data directory.
    pub fn new(settings: &MailSettings, data_dir: &Path) -> Self {
        let destination = match settings.smtp_host.as_ref().map(|host| smtp(settings, host)) {
            Some(Ok(transport)) => Destination::Smtp(Box::new(transport)),
            Some(Err(error)) => Destination::None(error.to_string()),
            None => {
                let path = settings.directory.clone().unwrap_or_else(|| data_dir.join("mail"));
                Destination::Directory { path, written: AtomicU64::new(0) }
            }
        };
        if let Destination::None(error) = &destination {
            tracing::error!(%error, "mails cannot be sent with these settings");
        }
        Self { from: settings.from.clone(), destination }
    }

    /// Sends a mail, and waits until the server has it or the file is written.
    pub fn send(&self, to: &str, message: &EmailMessage) -> Result<(), SendError> {
        let message = message_of(&self.from, to, message)?;
        match &self.destination {
            Destination::Smtp(transport) => match transport.send(&message) {
                Ok(_) => Ok(()),
                Err(error) => {
                    Err(SendError { is_final: error.is_permanent(), reason: without_reply(&error) })
                }
            },
            Destination::Directory { path, written } => {
                let number = written.fetch_add(1, Ordering::Relaxed);
                write(path, &format!("{}-{number}.eml", now().0), &message.formatted())
                    .map_err(|error| SendError { reason: error.to_string(), is_final: false })
            }
            Destination::None(error) => Err(SendError { reason: error.clone(), is_final: true }),
        }
    }
}

/// A server's reply may repeat the address; its code says enough.
fn without_reply(error: &lettre::transport::smtp::Error) -> String {
    match error.status() {
        Some(code) => format!("the server answered {code}"),
        None => error.to_string(),
    }
}

fn smtp(settings: &MailSettings, host: &str) -> Result<SmtpTransport, lettre::transport::smtp::Error> {
    let tls = match settings.smtp_tls {
        SmtpTls::None => Tls::None,
        SmtpTls::Starttls => Tls::Required(TlsParameters::new(host.to_owned())?),
        SmtpTls::Tls => Tls::Wrapper(TlsParameters::new(host.to_owned())?),
    };
    // "Dangerous" is its word for a builder that leaves TLS to whoever calls.
    let builder = SmtpTransport::builder_dangerous(host).port(settings.smtp_port).tls(tls);
    let builder = builder.timeout(Some(STEP_MAX));
    let login = settings.smtp_user.as_ref().zip(settings.smtp_password.as_ref());
    Ok(match login {
        Some((user, password)) => {
            builder.credentials(Credentials::new(user.clone(), password.expose().to_owned())).build()
        }
        None => builder.build(),
    })
}

fn message_of(from: &str, to: &str, message: &EmailMessage) -> Result<Message, SendError> {
    let unusable =
        |what: &str| SendError { reason: format!("{what} cannot be put into a mail"), is_final: true };
    let from: Mailbox = from.parse().map_err(|_| unusable("the sender's address"))?;
    let to: Mailbox = to.parse().map_err(|_| unusable("the recipient's address"))?;
    let builder = Message::builder().from(from).to(to).subject(message.subject.clone()).message_id(None);
    let builder = builder.header(ContentType::TEXT_PLAIN);
    let body = plain(&message.text).unwrap_or_else(|| Body::new(message.text.clone()));
    builder.body(body).map_err(|_| unusable("the text"))
}

/// A plain text as it is, so that a link stays whole for programs that read it: no letters beyond ASCII, and no line beyond
/// what every server takes (RFC 5322 §2.1.1).
fn plain(text: &str) -> Option<Body> {
    let is_plain = |line: &str| {
        line.len() <= LINE_OCTETS_MAX && line.bytes().all(|octet| octet.is_ascii_graphic() || octet == b' ')
    };
    if !text.lines().all(is_plain) {
        return None;
    }
    let octets: String = text.lines().flat_map(|line| [line, "\r\n"]).collect();
    // "Dangerous" for texts that are not what was looked at just now.
    Some(Body::dangerous_pre_encoded(octets.into_bytes(), ContentTransferEncoding::SevenBit))
}

/// Writes a file that is whole once it has its name, and that only the daemon's user reads.
fn write(directory: &Path, name: &str, content: &[u8]) -> std::io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let aside = directory.join(format!(".{name}.part"));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(aside, directory.join(name))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn text_message(subject: &str, text: &str) -> EmailMessage {
        EmailMessage { subject: subject.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_mail_becomes_a_file_for_the_daemons_user_alone() {
        let folder = tempfile::tempdir().unwrap();
        let transport = Transport::new(&MailSettings::default(), folder.path());
        let link = format!("http://127.0.0.1:8080/v1/auth/verify-email/{}", "k".repeat(60));
        transport.send("ann@example.com", &text_message("Hello", &format!("Open\n\n  {link}\n"))).unwrap();
        let files: Vec<_> =
            fs::read_dir(folder.path().join("mail")).unwrap().map(|file| file.unwrap()).collect();
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
        let text = fs::read_to_string(files[0].path()).unwrap();
        for part in [&link, "To: ann@example.com", "Subject: Hello", "Date: ", "Message-ID: "] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn nothing_in_an_address_or_subject_makes_a_header() {
        let to = message_of("a@b.example", "x@y.example\r\nBcc: z@y.example", &text_message("s", "t"));
        assert!(to.unwrap_err().is_final);
        let subject = message_of("a@b.example", "x@y.example", &text_message("s\r\nBcc: z@y.example", "t"));
        let text = String::from_utf8(subject.unwrap().formatted()).unwrap();
        assert!(!text.contains("\r\nBcc"), "{text}");
    }

    #[test]
    fn letters_beyond_ascii_arrive_encoded() {
        let sent = message_of("a@b.example", "x@y.example", &text_message("Grüße", "Дождь\n")).unwrap();
        let text = String::from_utf8(sent.formatted()).unwrap();
        assert!(text.is_ascii() && text.contains("=?utf-8?"), "{text}");
    }
}
