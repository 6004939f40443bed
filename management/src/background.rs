//! Work behind the API: every kind of job, and tidying up.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_storage::clock::now;

use crate::change_set::ChangeSet;
use crate::context::Context;
use crate::documents::{Document, DocumentCache};
use crate::events::{EventBooks, FanOut, Retention};
use crate::identity::api_keys::ApiKeys;
use crate::identity::browser_sessions::BrowserSessions;
use crate::identity::directory::UserDirectory;
use crate::identity::password_reset::{MailedToken, PasswordResets};
use crate::identity::passwords::Passwords;
use crate::identity::registration::{RegistrationMail, Registrations};
use crate::jobs::{JobHandler, PreparedJob};
use crate::kept_answers::KeptAnswers;
use crate::notifications::email::EmailSender;
use crate::notifications::webhooks::Webhooks;
use tollgate_notifications::delivery_record::JobEnd;
use tollgate_notifications::email_texts as texts;
use tollgate_notifications::email_texts::{EmailMessage, Site};
use tollgate_notifications::jobs::record::{JobDone, JobRecord, JobWork, Registrant};
use tollgate_notifications::post::{Event, post};
use tollgate_notifications::webhook_addresses::WebhookAddresses;

/// Documents of one commit.
const DOCUMENTS_MAX: usize = 500;

/// Does the jobs by the services that know how.
pub struct Background {
    /// The ground that changes are begun on.
    pub context: Arc<Context>,
    /// Sessions and tokens that expire.
    pub directory: Arc<UserDirectory>,
    /// Locks to write.
    pub passwords: Arc<Passwords>,
    /// Uses of keys to write.
    pub api_keys: Arc<ApiKeys>,
    /// Uses of browsers' sessions to write.
    pub browsers: Arc<BrowserSessions>,
    /// E-mails of registrations.
    pub registrations: Arc<Registrations>,
    /// E-mails that set passwords.
    pub password_resets: Arc<PasswordResets>,
    /// URLs and secrets.
    pub webhooks: Arc<Webhooks>,
    /// Answers that expire.
    pub kept_answers: KeptAnswers,
    /// The way out for e-mails.
    pub email: EmailSender,
    /// Events and their endpoints.
    pub events: Arc<EventBooks>,
    /// The step from events to deliveries.
    pub fan_out: FanOut,
    /// Events that are forgotten.
    pub retention: Retention,
}

impl std::fmt::Debug for Background {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Background").finish_non_exhaustive()
    }
}

impl JobHandler for Background {
    fn prepare(&self, job: &Document<JobRecord>) -> Answer<PreparedJob> {
        let is_first = job.value.failures == 0;
        match &job.value.work {
            JobWork::Webhook { account, body } => self.webhook_call(account, &job.key, body),
            JobWork::Mail { account, subject, body, to } => {
                Ok(self.account_mail(account, to.as_ref(), (subject, body)))
            }
            JobWork::Event { event, endpoint } => self.events.posting(event, endpoint),
            JobWork::HouseWebhook { body } => Ok(self.house_call(&job.key, body)),
            JobWork::HouseMail { subject, body } => Ok(self.house_mail(subject, body)),
            JobWork::PasswordChanged { email } => {
                Ok(self.email.send(email.clone(), texts::password_changed(self.site())))
            }
            JobWork::Registration { registrant, request_id } => {
                self.registration_mail(registrant, request_id, is_first)
            }
            JobWork::PasswordReset { email, request_id } => {
                let token = self.password_resets.token(email, request_id, is_first)?;
                Ok(self.token_mail(token, texts::reset))
            }
            JobWork::Invitation { user } => {
                Ok(self.token_mail(self.password_resets.invitation(user)?, texts::invitation))
            }
            JobWork::LockUser { user, until, network } => {
                self.passwords.write_lock(user, *until, network.as_deref()).map(|()| None)
            }
        }
    }

    fn note<'a>(&'a self, change: &mut ChangeSet<'a>, job: &Document<JobRecord>, end: &JobEnd) -> Answer<()> {
        self.events.note(change, job, end)
    }

    fn look(&self) -> Answer<bool> {
        self.fan_out.look()
    }

    fn tidy_up(&self) {
        let now = now();
        let done = [
            self.retention.forget_old(),
            self.api_keys.write_uses(),
            self.browsers.write_uses(),
            self.kept_answers.remove_expired(),
            self.remove_expired(&self.directory.sessions, |session| session.expires_at.0 <= now),
            self.remove_expired(&self.directory.mail_tokens, |token| token.expires_at.0 <= now),
        ];
        for problem in done.into_iter().filter_map(Result::err) {
            tracing::warn!(problem = %problem.detail, "expired documents stay; it is tried again in a minute");
        }
    }
}

impl Background {
    fn site(&self) -> Site<'_> {
        let api = &self.context.settings.api;
        Site { url: &api.public_url, has_screens: api.screens }
    }

    /// The URL and the secret are those of now, not those of the time when the alert was raised.
    fn webhook_call(&self, account: &str, event: &str, body: &str) -> Answer<PreparedJob> {
        let Some(url) = self.webhooks.url_of(account) else { return Ok(None) };
        let secret = self.webhooks.secret_of(&Caller::system(), account)?;
        Ok(Some(posting(self.webhooks.addresses(), url, secret, (event, body))))
    }

    /// The house's own URL, which may lead anywhere: it stands in the configuration.
    fn house_call(&self, event: &str, body: &str) -> PreparedJob {
        let billing = &self.context.settings.billing;
        let url = billing.house_webhook_url.clone()?;
        let secret = billing.house_webhook_secret.as_ref().map(|secret| secret.expose().to_owned());
        Some(posting(WebhookAddresses::everywhere(), url, secret.unwrap_or_default(), (event, body)))
    }

    fn house_mail(&self, subject: &str, body: &str) -> PreparedJob {
        let email = self.context.settings.billing.house_email.clone()?;
        self.email.send(email, EmailMessage { subject: subject.to_owned(), text: body.to_owned() })
    }

    fn account_mail(&self, account: &str, to: Option<&String>, (subject, body): (&str, &str)) -> PreparedJob {
        let own = || self.context.account(account)?.provisioned.contact.email.clone();
        let email = to.cloned().or_else(own)?;
        self.email.send(email, EmailMessage { subject: subject.to_owned(), text: body.to_owned() })
    }

    fn registration_mail(
        &self,
        registrant: &Registrant,
        request_id: &str,
        is_first: bool,
    ) -> Answer<PreparedJob> {
        Ok(match self.registrations.mail(registrant, request_id, is_first)? {
            None => None,
            Some(RegistrationMail::AlreadyRegistered) => {
                self.email.send(registrant.email.clone(), texts::known(self.site()))
            }
            Some(RegistrationMail::Confirm(token)) => self.token_mail(Some(token), texts::verify),
        })
    }

    fn token_mail(
        &self,
        token: Option<MailedToken>,
        text: impl FnOnce(Site<'_>, &str, &str) -> EmailMessage,
    ) -> PreparedJob {
        let MailedToken { email, token } = token?;
        let message = text(self.site(), &email, &token);
        self.email.send(email, message)
    }

    /// Removes documents that have expired, some at a time: nobody's change, so that the audit log does not name it.
    fn remove_expired<T: Serialize + DeserializeOwned>(
        &self,
        documents: &DocumentCache<T>,
        is_over: impl Fn(&T) -> bool,
    ) -> Answer<()> {
        let over = documents.filter(|document| is_over(&document.value));
        let system = Caller::system();
        for some in over.chunks(DOCUMENTS_MAX) {
            let mut change = self.context.change(&system);
            for document in some {
                change.remove(documents, document);
            }
            change.commit()?;
        }
        Ok(())
    }
}

/// The call of a webhook, to be made later.
fn posting(
    to: WebhookAddresses,
    url: String,
    secret: String,
    (event, body): (&str, &str),
) -> Box<dyn FnOnce() -> JobDone + Send> {
    let (event, body) = (event.to_owned(), body.to_owned());
    Box::new(move || JobDone::posted(post(&to, &url, &secret, &Event { id: &event, body: &body }, now())))
}
