//! The record of a message that was refused: who sent it to whom and why it was not taken, and never its text.

use tollgate_engine::account::AccountNumber;
use tollgate_engine::number::Number;
use tollgate_engine::refusal::Refusal;
use tollgate_engine::segments;
use tollgate_engine::tables::Tables;
use tollgate_engine::time::UnixMicros;
use tollgate_smpp::pdu::{Address, Submit};
use tollgate_storage::chunk::Chunk;
use tollgate_storage::rows::RefusedMessage;

use super::context::ClientContext;
use super::parameters::Parameters;
use crate::snapshot::ActiveAccount;

/// A submit that is refused, or some of whose destinations are.
#[derive(Clone, Copy)]
pub(crate) struct RefusedSubmit<'a> {
    /// The number of the account that it would have been charged to.
    pub payer: AccountNumber,
    /// The same; `None` where it is no longer provisioned.
    pub account: Option<&'a ActiveAccount>,
    /// The tables in force.
    pub tables: &'a Tables,
    /// The time at which it came.
    pub at: UnixMicros,
    /// The request as it came.
    pub submit: &'a Submit<'a>,
    /// Its optional parameters; nothing where they cannot be read.
    pub parameters: Parameters<'a>,
}

impl<'a> RefusedSubmit<'a> {
    /// A submit to an account that is no longer provisioned.
    pub(crate) fn of_nobody(
        payer: AccountNumber,
        tables: &'a Tables,
        at: UnixMicros,
        submit: &'a Submit<'a>,
    ) -> Self {
        Self { payer, account: None, tables, at, submit, parameters: Parameters::default() }
    }

    /// Notes each of its messages.
    pub(crate) fn note_all(&self, context: &ClientContext, refusal: Refusal) {
        for to in &self.submit.destinations {
            self.note(context, &to, refusal);
        }
    }

    /// Notes one of its messages.
    pub(crate) fn note(&self, context: &ClientContext, to: &Address<'_>, refusal: Refusal) {
        context.note_refused(self.payer, refusal, || self.message(to, refusal));
    }

    /// The command_status that it is answered with.
    pub(crate) fn status(&self, refusal: Refusal) -> u32 {
        self.account.map_or(refusal.default_status(), |account| account.terms.statuses.status(refusal))
    }

    fn message(&self, to: &Address<'_>, reason: Refusal) -> RefusedMessage {
        let Self { submit, parameters, tables, .. } = self;
        let terms = self.account.map(|account| &account.terms);
        let calling_code = terms.and_then(|terms| terms.account.default_calling_code.as_deref());
        let number = Number::normalise(to.digits, to.ton, to.npi, calling_code);
        let network = number.and_then(|number| tables.network_of(&number));
        let counted = terms
            .and_then(|terms| segments::count(&parameters.body(submit), terms.account.default_coding).ok());
        RefusedMessage {
            account: self.payer,
            at: self.at,
            reason,
            status: self.status(reason),
            source: submit.source.digits.into(),
            destination: number.as_ref().map_or(to.digits, Number::as_bytes).into(),
            network: network.map(|(network, _)| tables.networks.get(network).code),
            segments: counted.map_or(0, |counted| counted.segments),
            dispatch_id: parameters.dispatch_id.map(Box::from),
            idempotency_key: parameters.idempotency_key.map(Box::from),
            user_message_reference: parameters.user_message_reference,
        }
    }
}

/// Notes the messages of a chunk that did not become durable, and was answered with this status.
pub(crate) fn note_not_durable(context: &ClientContext, chunk: &Chunk, status: u32) {
    let (account, reason) = (chunk.account(), Refusal::StorageUnavailable);
    chunk.for_each_cdr(|cdr| {
        let fields = &cdr.fields;
        context.note_refused(account, reason, || RefusedMessage {
            account,
            at: cdr.header.submitted_at,
            reason,
            status,
            source: fields.source.address.into(),
            destination: fields.destination.as_bytes().into(),
            network: Some(fields.network),
            segments: fields.segments,
            dispatch_id: fields.dispatch_id.map(Box::from),
            idempotency_key: fields.idempotency_key.map(Box::from),
            user_message_reference: fields.user_message_reference,
        });
    });
}
