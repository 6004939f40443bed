//! E-mails as jobs send them.
//!
//! Without an SMTP server e-mails are written into a directory, one file each, which only the daemon's user can read. The text
//! of an e-mail is never logged: it may hold a token.

use std::path::Path;
use std::sync::Arc;

use tollgate_provisioning::MailSettings;

use crate::jobs::PreparedJob;
use tollgate_notifications::email_texts::EmailMessage;
use tollgate_notifications::email_transport::{SendError, Transport};
use tollgate_notifications::jobs::record::{JobDone, JobFailure};

/// Makes the sending part of jobs.
pub struct EmailSender {
    transport: Arc<Transport>,
}

impl std::fmt::Debug for EmailSender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmailSender").finish_non_exhaustive()
    }
}

impl EmailSender {
    /// By the settings; `data_dir` is where e-mails go that no server takes.
    pub fn new(settings: &MailSettings, data_dir: &Path) -> Self {
        Self { transport: Arc::new(Transport::new(settings, data_dir)) }
    }

    /// The sending of one e-mail, to be done by a worker.
    #[expect(clippy::unnecessary_wraps, reason = "a job may also have no part that waits")]
    pub fn send(&self, to: String, message: EmailMessage) -> PreparedJob {
        let transport = Arc::clone(&self.transport);
        Some(Box::new(move || {
            let sent = transport.send(&to, &message);
            let failure = |error: SendError| JobFailure { reason: error.reason, is_final: error.is_final };
            JobDone::of(sent.map_err(failure))
        }))
    }
}
