//! The service of the log of mails.

use std::sync::Arc;

use serde_json::Value;
use tollgate_api::answer::Answer;
use tollgate_api::caller::Caller;
use tollgate_api::mails::{Mail, MailsQuery, MailsService};
use tollgate_api::page::Page;
use tollgate_api::problem::Problem;
use tollgate_notifications::delivery_record::{MAILS, MailRecord, mail_key};
use tollgate_storage::change::Expected;
use tollgate_storage::clock::now;

use super::books::EventBooks;
use crate::collections::EVENT_DELIVERIES;
use crate::document_page::{page_down, readable};
use crate::documents::stored_document;

/// The service of the log of mails.
#[derive(Debug)]
pub struct Mails {
    books: Arc<EventBooks>,
}

impl MailsService for Mails {
    fn mails(&self, caller: &Caller, query: &MailsQuery) -> Answer<Page<Mail>> {
        if let Some(account) = query.account.as_deref().filter(|id| !self.books.may_know(caller, Some(id))) {
            return Err(Problem::not_found(format!("there is no account `{account}`")));
        }
        let store = self.books.context.store();
        page_down(store, (EVENT_DELIVERIES, MAILS), &query.paging()?, |body| {
            let mail = readable(serde_json::from_slice::<MailRecord>(body), "the log of a mail")?;
            let is_wanted = self.books.may_know(caller, mail.account.as_deref())
                && query.account.as_ref().is_none_or(|account| mail.account.as_ref() == Some(account))
                && query.state.is_none_or(|state| mail.progress.state == state);
            Ok(is_wanted.then(|| mail.view()))
        })
    }

    fn mail(&self, caller: &Caller, id: &str) -> Answer<Mail> {
        Ok(self.visible(caller, id)?.1.view())
    }

    fn resend_mail(&self, caller: &Caller, id: &str) -> Answer<Mail> {
        let (revision, mut mail) = self.visible(caller, id)?;
        let Some(work) = mail.work.clone() else {
            return Err(Problem::wrong_state("what the mail was about is over; ask for another one"));
        };
        if !self.books.jobs.has_room() {
            return Err(Problem::unavailable("too many jobs wait; try again later"));
        }
        mail.progress.again(now());
        let mut change = self.books.context.change(caller);
        let expected = Expected::Revision(revision);
        change.document(EVENT_DELIVERIES, mail_key(id).as_bytes(), expected, Some(&mail));
        self.books.jobs.put_again(&mut change, id, work);
        change.note("mail.resend", format!("mail/{id}"), &Value::Null, &Value::Null);
        change.commit()?;
        Ok(mail.view())
    }
}

impl Mails {
    /// Of these books.
    pub fn new(books: Arc<EventBooks>) -> Self {
        Self { books }
    }

    fn visible(&self, caller: &Caller, id: &str) -> Answer<(u64, MailRecord)> {
        let found =
            stored_document::<MailRecord>(self.books.context.store(), EVENT_DELIVERIES, &mail_key(id))?;
        let found = found.filter(|(_, mail)| self.books.may_know(caller, mail.account.as_deref()));
        found.ok_or_else(|| Problem::not_found(format!("there is no mail `{id}`")))
    }
}
