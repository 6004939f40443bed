//! The receipts of accounts on their way to their gateways: a bounded number in memory, kept until they are answered.
//!
//! Any bind of the account gets a receipt. One that was not answered goes again before younger ones; two receipts of one
//! message are never under way at one time, so that they arrive in order. A gateway that does not answer delays only its
//! own receipts.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet;
use tollgate_engine::account::AccountNumber;

use crate::input::{BindNumber, GatewayReceipt};

/// Receipts of one account that are held in memory, and those read at one time.
pub const PAGE: u32 = 256;

/// The receipts of all accounts.
#[derive(Debug, Default)]
pub struct Gateways {
    queues: BTreeMap<AccountNumber, ReceiptQueue>,
    binds: BTreeMap<BindNumber, Bind>,
    /// Accounts whose receipts may move.
    stirred: BTreeSet<AccountNumber>,
}

#[derive(Debug)]
struct Bind {
    account: AccountNumber,
    window: u32,
    in_hand: BTreeSet<u64>,
}

#[derive(Debug, Default)]
struct ReceiptQueue {
    /// By id, which is the order in which they go.
    waiting: BTreeMap<u64, GatewayReceipt>,
    /// Put aside until their time has come.
    later: BTreeMap<u64, GatewayReceipt>,
    /// Sent and not answered.
    in_hand: BTreeMap<u64, GatewayReceipt>,
    /// Messages that have a receipt in hand or put aside: their others wait.
    busy: FxHashSet<u64>,
    binds: BTreeSet<BindNumber>,
    last_seen: u64,
    on_disk: u64,
    is_drained: bool,
    /// While a page is read: true if receipts were left on disk since it was asked for.
    reading: Option<bool>,
}

/// The meaning of a gateway's answer for its receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// The gateway has it, or never wants it.
    Done,
    /// It is sent again after a pause.
    Later,
    /// It is sent again at once, as no answer came.
    Again,
}

impl ReceiptQueue {
    fn has_room(&self) -> bool {
        self.waiting.len() + self.later.len() < PAGE as usize
    }

    fn next(&mut self) -> Option<GatewayReceipt> {
        let busy = &self.busy;
        let (id, _) = self.waiting.iter().find(|(_, receipt)| !busy.contains(&receipt.message_id))?;
        let id = *id;
        let receipt = self.waiting.remove(&id)?;
        self.busy.insert(receipt.message_id);
        self.in_hand.insert(id, receipt.clone());
        Some(receipt)
    }
}

impl Gateways {
    /// Receipts of an account that were on disk when the process started.
    pub fn restore(&mut self, account: AccountNumber, receipts: u64) {
        let queue = ReceiptQueue { on_disk: receipts, is_drained: receipts == 0, ..ReceiptQueue::default() };
        self.queues.insert(account, queue);
    }

    /// Receipts that have just become durable.
    pub fn add(&mut self, receipts: Vec<GatewayReceipt>) {
        for receipt in receipts {
            let queue = self.queues.entry(receipt.account);
            let queue = queue.or_insert_with(|| ReceiptQueue { is_drained: true, ..ReceiptQueue::default() });
            self.stirred.insert(receipt.account);
            if receipt.id <= queue.last_seen {
                continue;
            }
            if queue.is_drained && queue.has_room() {
                queue.last_seen = receipt.id;
                queue.waiting.insert(receipt.id, receipt);
                continue;
            }
            queue.is_drained = false;
            queue.on_disk += 1;
            if let Some(has_more) = &mut queue.reading {
                *has_more = true;
            }
        }
    }

    /// An account has another bind that takes receipts.
    pub fn bound(&mut self, bind: BindNumber, account: AccountNumber, window: u32) {
        self.binds.insert(bind, Bind { account, window, in_hand: BTreeSet::new() });
        self.queues
            .entry(account)
            .or_insert_with(|| ReceiptQueue { is_drained: true, ..ReceiptQueue::default() });
        if let Some(queue) = self.queues.get_mut(&account) {
            queue.binds.insert(bind);
        }
        self.stirred.insert(account);
    }

    /// A bind is gone: what it did not answer goes again. Returns those receipts.
    pub fn unbound(&mut self, bind: BindNumber) -> Vec<u64> {
        let Some(Bind { account, in_hand, .. }) = self.binds.remove(&bind) else { return Vec::new() };
        if let Some(queue) = self.queues.get_mut(&account) {
            queue.binds.remove(&bind);
        }
        in_hand.into_iter().filter(|receipt| self.put_back(account, *receipt)).collect()
    }

    /// A bind is gone, and what it did not answer with it.
    pub fn lose(&mut self, bind: BindNumber) {
        let of_bind = self.binds.remove(&bind);
        if let Some(queue) = of_bind.and_then(|bind| self.queues.get_mut(&bind.account)) {
            queue.binds.remove(&bind);
        }
    }

    /// A gateway has answered. Returns the account of the receipt, if it was in its hand.
    pub fn answered(&mut self, bind: BindNumber, receipt: u64, answered: Answered) -> Option<AccountNumber> {
        let of_bind = self.binds.get_mut(&bind)?;
        let account = of_bind.account;
        if !of_bind.in_hand.remove(&receipt) {
            return None;
        }
        self.stirred.insert(account);
        if answered == Answered::Again {
            self.put_back(account, receipt);
            return Some(account);
        }
        let queue = self.queues.get_mut(&account)?;
        let answered_receipt = queue.in_hand.remove(&receipt)?;
        if answered == Answered::Done {
            queue.busy.remove(&answered_receipt.message_id);
        } else {
            queue.later.insert(receipt, answered_receipt);
        }
        Some(account)
    }

    /// A receipt that was put aside comes back.
    pub fn retry(&mut self, account: AccountNumber, receipt: u64) {
        let Some(queue) = self.queues.get_mut(&account) else { return };
        if let Some(aside) = queue.later.remove(&receipt) {
            queue.busy.remove(&aside.message_id);
            queue.waiting.insert(receipt, aside);
            self.stirred.insert(account);
        }
    }

    /// The next receipt to send, and on which bind; or the next page to read.
    pub fn next(&mut self) -> Option<Next> {
        while let Some(account) = self.stirred.first().copied() {
            let Some(queue) = self.queues.get_mut(&account) else {
                self.stirred.remove(&account);
                continue;
            };
            let binds = &self.binds;
            let has_room = |bind: &&BindNumber| {
                binds.get(*bind).is_some_and(|bind| bind.in_hand.len() < bind.window as usize)
            };
            let emptiest = queue.binds.iter().filter(has_room);
            let emptiest = emptiest.min_by_key(|bind| binds.get(*bind).map_or(0, |bind| bind.in_hand.len()));
            let Some(bind) = emptiest.copied() else {
                self.stirred.remove(&account);
                continue;
            };
            if let Some(receipt) = queue.next() {
                if let Some(of_bind) = self.binds.get_mut(&bind) {
                    of_bind.in_hand.insert(receipt.id);
                }
                return Some(Next::Send(bind, receipt));
            }
            self.stirred.remove(&account);
            if !queue.is_drained && queue.reading.is_none() && queue.waiting.is_empty() {
                queue.reading = Some(false);
                return Some(Next::Read(account, queue.last_seen));
            }
        }
        None
    }

    /// A page was read.
    pub fn take_page(&mut self, account: AccountNumber, receipts: Vec<GatewayReceipt>, is_last: bool) {
        let Some(queue) = self.queues.get_mut(&account) else { return };
        let has_more = queue.reading.take().unwrap_or(false);
        queue.is_drained = is_last && !has_more;
        for receipt in receipts {
            if receipt.id > queue.last_seen {
                queue.last_seen = receipt.id;
                queue.on_disk = queue.on_disk.saturating_sub(1);
                queue.waiting.insert(receipt.id, receipt);
            }
        }
        self.stirred.insert(account);
    }

    /// A page could not be read.
    pub fn not_read(&mut self, account: AccountNumber) {
        if let Some(queue) = self.queues.get_mut(&account) {
            queue.reading = None;
            self.stirred.insert(account);
        }
    }

    /// Receipts of an account that are not answered for good.
    pub fn waiting(&self, account: AccountNumber) -> u64 {
        let waiting = |queue: &ReceiptQueue| queue.waiting.len() + queue.later.len() + queue.in_hand.len();
        self.queues.get(&account).map_or(0, |queue| queue.on_disk + waiting(queue) as u64)
    }

    fn put_back(&mut self, account: AccountNumber, receipt: u64) -> bool {
        let Some(queue) = self.queues.get_mut(&account) else { return false };
        let Some(unanswered) = queue.in_hand.remove(&receipt) else { return false };
        queue.busy.remove(&unanswered.message_id);
        queue.waiting.insert(receipt, unanswered);
        self.stirred.insert(account);
        true
    }
}

/// The next step for a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// A receipt is sent.
    Send(BindNumber, GatewayReceipt),
    /// The receipts of an account behind this one are read.
    Read(AccountNumber, u64),
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: AccountNumber = AccountNumber(1);
    const BIND: BindNumber = BindNumber(9);

    fn receipt(id: u64, message_id: u64) -> GatewayReceipt {
        GatewayReceipt { id, account: ACCOUNT, message_id, content: [].into() }
    }

    fn sent(gateways: &mut Gateways) -> Vec<u64> {
        let sends = std::iter::from_fn(|| match gateways.next() {
            Some(Next::Send(_, receipt)) => Some(receipt.id),
            _ => None,
        });
        sends.collect()
    }

    #[test]
    fn receipts_of_one_message_go_one_after_the_other() {
        let mut gateways = Gateways::default();
        gateways.bound(BIND, ACCOUNT, 10);
        gateways.add(vec![receipt(1, 7), receipt(2, 7), receipt(3, 8)]);
        assert_eq!(sent(&mut gateways), [1, 3]);
        assert_eq!(gateways.answered(BIND, 1, Answered::Later), Some(ACCOUNT));
        assert!(sent(&mut gateways).is_empty(), "the first is still to come");
        gateways.retry(ACCOUNT, 1);
        assert_eq!(sent(&mut gateways), [1]);
        gateways.answered(BIND, 1, Answered::Done);
        assert_eq!(sent(&mut gateways), [2]);
        assert_eq!(gateways.answered(BIND, 2, Answered::Done), Some(ACCOUNT));
        assert_eq!(gateways.answered(BIND, 2, Answered::Done), None);
        assert_eq!(gateways.waiting(ACCOUNT), 1);
    }

    #[test]
    fn what_a_bind_that_is_gone_did_not_answer_goes_to_another() {
        let mut gateways = Gateways::default();
        gateways.bound(BIND, ACCOUNT, 1);
        gateways.add(vec![receipt(1, 7), receipt(2, 8)]);
        assert_eq!(sent(&mut gateways), [1]);
        assert_eq!(gateways.unbound(BIND), [1]);
        assert!(sent(&mut gateways).is_empty());
        gateways.bound(BindNumber(10), ACCOUNT, 5);
        assert_eq!(sent(&mut gateways), [1, 2]);
    }

    #[test]
    fn receipts_beyond_the_bound_are_read_back() {
        let mut gateways = Gateways::default();
        gateways.add((1..=300).map(|id| receipt(id, id)).collect());
        assert_eq!(gateways.waiting(ACCOUNT), 300);
        gateways.bound(BIND, ACCOUNT, 1_000);
        assert_eq!(sent(&mut gateways).len(), 256);
        gateways.bound(BindNumber(10), ACCOUNT, 1_000);
        // The page was asked for while the first were sent.
        gateways.take_page(ACCOUNT, (257..=300).map(|id| receipt(id, id)).collect(), true);
        assert_eq!(sent(&mut gateways).len(), 44);
        assert_eq!(gateways.waiting(ACCOUNT), 300);
    }
}
