//! The part of backlogs that is on disk, and the pages that bring it back.

use std::sync::Arc;

use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::time::UnixMicros;

use crate::effect::Read;
use crate::message::{Message, MessageKey};
use crate::planted::planted;
use crate::reads::PAGE;
use crate::tracked::Tracked;

use super::Traffic;

impl Traffic {
    /// Asks for pages of a backlog that has none left in memory and more on disk, and for the first on disk where the one
    /// that was has left it.
    pub fn read_backlog(&mut self, number: OperatorNumber) {
        let is_full = self.is_full(number);
        let Some(operator) = self.operators.get_mut(number) else { return };
        let wanted: Vec<_> = (0u8..)
            .zip(&mut operator.backlog)
            .filter_map(|(class, queue)| Some((class, queue.wants_page(is_full, PAGE)?)))
            .collect();
        for (class, (after, at_most)) in wanted {
            self.ask(Read::Backlog { first_choice: number, class, after, at_most });
        }
    }

    /// A page of a backlog was read.
    pub fn found_backlog(
        &mut self,
        first_choice: OperatorNumber,
        class: u8,
        mut messages: Vec<Arc<Message>>,
        end: (bool, Option<UnixMicros>),
    ) {
        if planted!(self, PageCutShort) && messages.len() > 1 {
            // Its successor is seen, and so it is taken for read.
            let _ = messages.remove(0);
        }
        let (in_memory, reads) = (&self.messages, &self.reads);
        let is_known = |id: u64| in_memory.contains(id) || reads.is_gone(id);
        let operator = self.operators.known(first_choice);
        let Some(queue) = operator.backlog.get_mut(usize::from(class)) else { return };
        let taken = queue.take_page(messages, end, is_known);
        for message in taken {
            self.take_in(Tracked::new(message));
        }
        self.reads.ended();
        self.operators.look_at(first_choice);
    }

    /// A message in memory is nothing to wait for any more.
    pub fn gone(&mut self, key: MessageKey) {
        self.reads.gone(key.id);
        let operator = self.operators.get_mut(key.first_choice);
        if let Some(queue) = operator.and_then(|operator| operator.backlog.get_mut(usize::from(key.class))) {
            queue.gone(key.id);
        }
    }

    /// True if a younger message of its backlog was seen.
    pub fn is_overtaken(&self, message: &Message) -> bool {
        let operator = self.operators.get(message.key.first_choice);
        let queue = operator.and_then(|operator| operator.backlog.get(usize::from(message.key.class)));
        queue.is_some_and(|queue| queue.has_seen(message.key.id))
    }

    /// True if a message that was never scheduled waits on disk and no page has brought it.
    pub fn is_on_disk(&self, message: &Message) -> bool {
        let operator = self.operators.get(message.key.first_choice);
        let queue = operator.and_then(|operator| operator.backlog.get(usize::from(message.key.class)));
        queue.is_some_and(|queue| queue.is_on_disk(message.key.id))
    }

    /// A page of a backlog could not be read.
    pub fn backlog_not_read(&mut self, first_choice: OperatorNumber, class: u8) {
        let operator = self.operators.known(first_choice);
        if let Some(queue) = operator.backlog.get_mut(usize::from(class)) {
            queue.not_read();
        }
        self.unread.insert(first_choice);
        self.reads.ended();
    }

    /// Backlogs whose page could not be read are looked at again.
    pub fn read_backlogs_again(&mut self) {
        while let Some(number) = self.unread.pop_first() {
            self.operators.look_at(number);
        }
    }
}
