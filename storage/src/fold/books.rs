//! Money by outcome: the wallets, ledger entries and counters that a transition of a message changes. The
//! engine decides what a transition is.

use std::collections::HashMap;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::beside::Beside;
use tollgate_engine::bundle::BundleNumber;
use tollgate_engine::money::{Amount, Total, segments_left};
use tollgate_engine::posting::{AccountPostings, LevelPostings};
use tollgate_engine::settlement::{Event, Stage, Transition, step};
use tollgate_engine::time::UnixMicros;
use tollgate_engine::wallet::Posting;

use super::counters::Counters;
use super::output::Output;
use super::pockets::{PocketDraft, Times};
use super::price::Price;
use super::series::SeriesDraft;
use super::usage::UsageDraft;
use crate::batch::Batch;
use crate::cdr::Cdr;
use crate::change::{EntryText, PostedEntry};
use crate::chunk::ChunkBeside;
use crate::counting::CountedCharges;
use crate::database::{Unavailable, damaged};
use crate::resales;
use crate::rows::{EntryKind, LedgerEntry, Row, StateRow};
use crate::schema::{Family, account_id_key};
use crate::store::Store;
use crate::usage::{ChargeFacts, LevelFacts};

/// A change of an account's money, units and commission, for its ledger.
#[derive(Debug)]
pub struct NewEntry {
    /// The kind of entry.
    pub kind: EntryKind,
    /// Added to the balance.
    pub amount: Amount,
    /// Units added to bundles.
    pub units: Vec<(BundleNumber, i64)>,
    /// Added to the commission balance.
    pub commission: Amount,
    /// The author and the reason.
    pub text: EntryText,
}

impl NewEntry {
    /// An entry that moves nothing but money.
    pub fn of_money(kind: EntryKind, amount: Amount, text: EntryText) -> Self {
        Self { kind, amount, units: Vec::new(), commission: Amount::ZERO, text }
    }
}

/// Wallets, counters, usage and states as the commit will leave them.
#[derive(Debug)]
pub struct Books<'a> {
    store: &'a Store,
    /// Wallets, volumes and counters of dispatches.
    pub counters: Counters<'a>,
    /// The usage counters of the commit.
    pub usage: UsageDraft<'a>,
    /// The time series of the commit.
    pub series: SeriesDraft<'a>,
    /// Bundles, caps, commissions and resales.
    pub pockets: PocketDraft<'a>,
    /// Whatever ends at this instant or before has ended.
    due: UnixMicros,
    states: HashMap<(AccountNumber, u64), StateRow>,
    /// The charges of accounts above for messages that this commit is about, by message id.
    charged_above: HashMap<u64, Vec<LevelFacts>>,
}

impl<'a> Books<'a> {
    /// Nothing is changed yet.
    pub fn new(
        store: &'a Store,
        counters: Counters<'a>,
        (usage, series): (UsageDraft<'a>, SeriesDraft<'a>),
        (pockets, due): (PocketDraft<'a>, UnixMicros),
    ) -> Self {
        let (states, charged_above) = (HashMap::new(), HashMap::new());
        Self { store, counters, usage, series, pockets, due, states, charged_above }
    }

    /// Reads all that the settlement of a message in this state may change. Only this can fail, and it
    /// changes nothing.
    pub fn load(&mut self, price: &Price<'_>, state: Option<&StateRow>) -> Result<(), Unavailable> {
        self.counters.load(price.account, price.month, price.dispatch_id)?;
        self.load_beside(price)?;
        self.load_usage(price, state)
    }

    /// Reads the usage counters of a message in this state. Only this can fail, and it changes nothing.
    pub fn load_usage(&mut self, price: &Price<'_>, state: Option<&StateRow>) -> Result<(), Unavailable> {
        let facts = self.facts(price)?;
        self.series.load(&facts)?;
        self.usage.load(&facts, state)
    }

    /// The facts that the usage of a message depends on. The charges of accounts above are read from its CDR, once.
    fn facts(&mut self, price: &Price<'_>) -> Result<ChargeFacts, Unavailable> {
        let above = match self.charged_above.get(&price.message_id) {
            _ if !price.has_postings => Vec::new(),
            Some(above) => above.clone(),
            None => {
                let above: Vec<_> = self.beside(price)?.iter().flat_map(LevelFacts::of).collect();
                self.charged_above.insert(price.message_id, above.clone());
                above
            }
        };
        Ok(price.facts(self.usage.countries(), above))
    }

    /// Everything that a message moved beside its account's wallet.
    fn beside(&self, price: &Price<'_>) -> Result<Option<Beside>, Unavailable> {
        if !price.has_postings {
            return Ok(None);
        }
        let found = self.store.messages().cdr(price.account, price.message_id, beside_of)?;
        found.flatten().map(Some).ok_or_else(|| damaged(Family::Cdrs))
    }

    /// Reads all that the postings of a chunk beside its wallet change. Only this can fail, and it changes nothing.
    pub fn load_chunk(&mut self, beside: &ChunkBeside) -> Result<(), Unavailable> {
        self.pockets.load(&beside.own)?;
        for (_, postings) in &beside.above {
            for (month, _) in &postings.volumes {
                self.counters.load(postings.account, *month, [])?;
            }
            self.pockets.load(postings)?;
        }
        self.pockets.load_resales(beside.sold_to())
    }

    /// Applies the postings of a chunk beside its wallet.
    pub fn apply_chunk(&mut self, beside: &ChunkBeside) {
        self.pockets.apply(&beside.own);
        for (_, postings) in &beside.above {
            let AccountPostings { account, amount, ref volumes, .. } = *postings;
            for (month, segments) in volumes {
                *self.counters.volume_mut(account, *month) += u64::from(*segments);
                self.counters.wallet_mut(account).count(*month, u64::from(*segments));
            }
            self.counters.wallet_mut(account).balance -= amount;
            self.pockets.apply(postings);
        }
        self.pockets.mark_resales(beside.sold_to());
    }

    /// Adds charges that were counted to the rows of usage and of resales and to the time series, unless others were added in between. Only reading
    /// the rows can fail, and it changes nothing.
    pub fn count_charges(&mut self, batch: &mut Batch, counted: &CountedCharges) -> Result<(), Unavailable> {
        let resales = counted.tallies.resales();
        self.pockets.load_resales(resales.keys().copied())?;
        self.series.load_charges(&counted.tallies)?;
        if self.usage.count_charges(batch, counted)? {
            self.pockets.add_resales(&resales);
            self.series.count_charges(&counted.tallies);
        }
        Ok(())
    }

    /// The state of a message.
    pub fn state(&self, account: AccountNumber, message_id: u64) -> Result<Option<StateRow>, Unavailable> {
        match self.states.get(&(account, message_id)) {
            Some(row) => Ok(Some(row.clone())),
            None => self.store.messages().state(account, message_id),
        }
    }

    /// Writes the state of a message, and counts it in the usage and the time series. Only reading counters that [`Self::load`]
    /// has not read can fail, and it changes nothing.
    pub fn set_state(
        &mut self,
        out: &mut Output,
        price: &Price<'_>,
        message_id: u64,
        before: Option<&StateRow>,
        after: StateRow,
    ) -> Result<(), Unavailable> {
        let facts = self.facts(price)?;
        self.series.load(&facts)?;
        self.usage.count_state(&facts, before, &after)?;
        self.series.count_state(&facts, message_id, before, &after);
        let key = account_id_key(price.account, message_id);
        out.batch.replace(Family::States, key, after.to_bytes(), before.map(Row::to_bytes));
        self.states.insert((price.account, message_id), after);
        Ok(())
    }

    /// Writes what is noted in a state beside what usage and time series count.
    pub fn amend_state(
        &mut self,
        out: &mut Output,
        (account, message_id): (AccountNumber, u64),
        before: &StateRow,
        after: StateRow,
    ) {
        let key = account_id_key(account, message_id);
        out.batch.replace(Family::States, key, after.to_bytes(), Some(before.to_bytes()));
        self.states.insert((account, message_id), after);
    }

    /// Moves the money and the counters of a message on which `event` comes in `stage`, and notes a refund in
    /// its state.
    pub fn settle(
        &mut self,
        out: &mut Output,
        message_id: u64,
        price: &Price<'_>,
        (stage, event): (Stage, Event),
        state: &mut StateRow,
    ) -> Result<Transition, Unavailable> {
        let asked = step(stage, event, price.terms);
        // A charge that was refunded by hand is not refunded once more, whatever comes later.
        let transition = Transition { refund: asked.refund && !state.is_refunded, ..asked };
        self.counters.load_dispatches(price.account, price.dispatch_id)?;
        if transition.refund {
            self.refund(out, message_id, price, state)?;
        }
        if let Some(dispatch) = price.dispatch_id {
            let counted = transition.counted;
            let counters = self.counters.dispatch_mut(price.account, dispatch);
            counters.submitted += counted.submitted;
            counters.delivered += counted.delivered;
            counters.failed += counted.failed;
            counters.cancelled += counted.cancelled;
        }
        Ok(transition)
    }

    /// Refunds a charge, once, and notes it in its message's state: at every level the ledger entry, the balance, the
    /// month's segments and all that the message moved beside the wallet, and the counters of its dispatch. Only reading
    /// what is to change can fail.
    pub fn refund(
        &mut self,
        out: &mut Output,
        message_id: u64,
        price: &Price<'_>,
        state: &mut StateRow,
    ) -> Result<(), Unavailable> {
        let Price { account, amount, segments, month, dispatch_id, .. } = *price;
        self.counters.load(account, month, dispatch_id)?;
        let beside = self.load_beside(price)?;
        assert!(!state.is_refunded, "the charge of message {message_id} is refunded twice");
        (state.refunded, state.is_refunded) = (amount, true);
        if let Some(dispatch) = dispatch_id {
            let counters = self.counters.dispatch_mut(account, dispatch);
            counters.segments = segments_left(counters.segments, u64::from(segments));
            counters.cost -= amount;
        }
        if let Some(beside) = beside {
            self.refund_levels(out, message_id, &beside);
            return Ok(());
        }
        let posting = Posting { account, amount, month, counted_before: 0, segments };
        self.uncount(&posting);
        let text = EntryText::reference(message_id.to_string());
        self.post(out, account, NewEntry::of_money(EntryKind::Refund, amount, text));
        out.news.refunds.push(posting);
        Ok(())
    }

    /// Reads what a message moved beside its account's wallet and all that giving it back changes.
    fn load_beside(&mut self, price: &Price<'_>) -> Result<Option<Beside>, Unavailable> {
        let Some(beside) = self.beside(price)? else { return Ok(None) };
        for moved in levels(&beside) {
            let mut postings = AccountPostings::of(moved.posting.account);
            postings.add(moved);
            self.counters.load(moved.posting.account, moved.posting.month, [])?;
            self.pockets.load(&postings)?;
        }
        self.pockets.load_resales(resales::contributions(&beside).map(|(key, _)| key))?;
        Ok(Some(beside))
    }

    /// Gives back what a message moved at each of its levels, the account's own first.
    fn refund_levels(&mut self, out: &mut Output, message_id: u64, beside: &Beside) {
        let times = Times { now: out.now, due: self.due };
        for moved in levels(beside) {
            let (units, given_back) = self.pockets.give_back(moved, times);
            self.uncount(&moved.posting);
            let entry = NewEntry {
                kind: EntryKind::Refund,
                amount: moved.posting.amount,
                units,
                commission: moved.commission.negated(),
                text: EntryText::reference(message_id.to_string()),
            };
            self.post(out, moved.posting.account, entry);
            out.news.given_back.push(given_back);
        }
        self.pockets.remove_resales(beside);
    }

    /// Takes a message's segments out of the month that they count in.
    fn uncount(&mut self, posting: &Posting) {
        let Posting { account, month, segments, .. } = *posting;
        let volume = self.counters.volume_mut(account, month);
        *volume = segments_left(*volume, u64::from(segments));
        self.counters.wallet_mut(account).forget(month, u64::from(segments));
    }

    /// Adds an operator's cost to the counters of a message's dispatch.
    pub fn count_cost(&mut self, price: &Price<'_>, cost: Option<Total>) -> Result<(), Unavailable> {
        self.counters.load_dispatches(price.account, price.dispatch_id)?;
        if let (Some(dispatch), Some(cost)) = (price.dispatch_id, cost) {
            let counters = self.counters.dispatch_mut(price.account, dispatch);
            counters.cost_operators += cost;
        }
        Ok(())
    }

    /// Adds an entry to an account's ledger.
    pub fn post(&mut self, out: &mut Output, account: AccountNumber, entry: NewEntry) -> PostedEntry {
        let id = out.ids.take_entry();
        self.post_as(out, account, id, entry)
    }

    /// Adds an entry whose id was taken before.
    pub fn post_as(
        &mut self,
        out: &mut Output,
        account: AccountNumber,
        id: u64,
        entry: NewEntry,
    ) -> PostedEntry {
        let NewEntry { kind, amount, units, commission, text } = entry;
        let wallet = self.counters.wallet_mut(account);
        wallet.balance += amount;
        let balance_after = wallet.balance;
        let EntryText { actor, reference, details, metadata } = text;
        let entry = LedgerEntry {
            kind,
            amount,
            at: out.now,
            reference,
            balance_after: Some(balance_after),
            actor,
            details,
            metadata,
            units,
            commission,
        };
        out.batch.insert(Family::Ledger, account_id_key(account, id), entry.to_bytes());
        PostedEntry { id, balance_after }
    }
}

fn beside_of(cdr: &Cdr<'_>) -> Option<Beside> {
    cdr.beside()
}

/// Everything that a message moved, in its own account and in those above.
fn levels(beside: &Beside) -> impl Iterator<Item = &LevelPostings> {
    std::iter::once(&beside.own).chain(beside.above.iter().map(|level| &level.postings))
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use tollgate_engine::network::NetworkCode;
    use tollgate_engine::settlement::SettlementTerms;
    use tollgate_engine::time::Month;
    use tollgate_engine::wallet::WalletState;

    use super::super::ids::IdCounter;
    use super::super::pockets::KeptPockets;
    use super::super::series::SeriesState;
    use super::super::usage::UsageCache;
    use super::*;
    use crate::countries::NumberCountries;
    use crate::store::StoreOptions;

    const ACCOUNT: AccountNumber = AccountNumber(1);

    /// Refunds messages of five segments to a wallet with this balance and as many segments in the month.
    fn refund(balance: Amount, counted: u64, refunds: usize, state: &mut StateRow) {
        let dir = tempfile::tempdir().unwrap();
        let options = StoreOptions::at(dir.path().to_owned());
        let store = Store::open(options).unwrap();
        let mut wallet = WalletState { balance: balance.into(), ..WalletState::default() };
        wallet.count(Month(101), counted);
        let (wallets, cache) = (HashMap::from([(ACCOUNT, wallet)]), UsageCache::default());
        let countries = NumberCountries::default();
        let counters = Counters::new(&store, &wallets);
        let kept = KeptPockets::default();
        let pockets = (PocketDraft::new(&store, &kept), UnixMicros(1));
        let usage = UsageDraft::new(&store, (&cache, &countries), 0);
        let state_of_series = SeriesState::load(&store).unwrap();
        let series = SeriesDraft::new(&store, &state_of_series);
        let mut books = Books::new(&store, counters, (usage, series), pockets);
        let price = Price {
            account: ACCOUNT,
            message_id: 1,
            number: b"254722000001",
            amount: Amount::from_micros(7),
            segments: 5,
            month: Month(101),
            network: NetworkCode { mcc: 639, mnc: None },
            submitted_at: UnixMicros(1),
            dispatch_id: None,
            terms: SettlementTerms::default(),
            has_postings: false,
        };
        let mut out = Output::new(UnixMicros(1), IdCounter::default());
        for _ in 0..refunds {
            books.refund(&mut out, 1, &price, state).unwrap();
        }
        assert_eq!(books.counters.balance(ACCOUNT), Total::from(balance).plus(price.amount));
    }

    #[test]
    fn a_refund_gives_back_the_charge() {
        let mut state = StateRow::default();
        refund(Amount::ZERO, 5, 1, &mut state);
        assert_eq!((state.is_refunded, state.refunded.micros()), (true, 7));
    }

    #[test]
    #[should_panic(expected = "is refunded twice")]
    fn a_second_refund_stops() {
        refund(Amount::ZERO, 10, 2, &mut StateRow::default());
    }

    #[test]
    #[should_panic(expected = "5 segments are taken from 4")]
    fn a_refund_of_segments_that_were_never_counted_stops() {
        refund(Amount::ZERO, 4, 1, &mut StateRow::default());
    }

    #[test]
    fn a_refund_always_has_room_in_the_balance() {
        refund(Amount::MAX, 5, 1, &mut StateRow::default());
    }
}
