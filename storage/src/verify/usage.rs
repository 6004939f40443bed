//! Usage counters, counted again from CDRs and states. CDRs and counters are both in the order of accounts,
//! so that only one account's counters are held in memory, the operators' over all accounts, and those of messages of accounts
//! below, which may stand anywhere in that order.

use std::collections::HashMap;

use tollgate_engine::account::AccountNumber;

use super::fault::{Fault, damaged, off};
use crate::cdr::Cdr;
use crate::countries::NumberCountries;
use crate::number_countries;
use crate::rows::{Row, StateRow, UsageRow};
use crate::schema::{Family, parse_usage_key, usage_quarter_key};
use crate::store::Store;
use crate::usage::{ALL_ACCOUNTS, ChargeFacts, Quarter, UsageKey, UsageOf, contributions};

/// The usage that was counted, and the result of comparing it.
#[derive(Debug, Default)]
pub(super) struct UsageCount {
    /// The account whose messages are being read.
    account: AccountNumber,
    rows: HashMap<UsageKey, UsageRow>,
    over_all_accounts: HashMap<UsageKey, UsageRow>,
    /// The charges of accounts for messages of accounts below them.
    below: HashMap<UsageKey, UsageRow>,
    compared: u64,
    /// The first id whose charge is not in the rows yet.
    counted_to: u64,
    countries: NumberCountries,
    /// The first fault found. It is reported last, because a changed CDR or state explains it better.
    fault: Option<Fault>,
}

impl UsageCount {
    /// Reads which charges are counted.
    pub(super) fn begin(store: &Store) -> Result<Self, Fault> {
        let countries = number_countries::load(store.database())?;
        Ok(Self { counted_to: store.usage().counted_to()?, countries, ..Self::default() })
    }

    /// Counts a message.
    pub(super) fn count(&mut self, cdr: &Cdr<'_>, state: Option<&StateRow>) {
        let facts = ChargeFacts::of(cdr, &self.countries);
        for (key, added) in contributions(&facts, state) {
            self.rows_of(&key).entry(key).or_default().add(&added);
        }
        if !self.is_counted(cdr.message_id) {
            // Its charge is not in the rows yet; its state is.
            for (key, charged) in contributions(&facts, None) {
                self.rows_of(&key).entry(key).or_default().remove(&charged);
            }
        }
    }

    /// True if the rows have the charge of a message already.
    pub(super) fn is_counted(&self, message_id: u64) -> bool {
        message_id < self.counted_to
    }

    fn rows_of(&mut self, key: &UsageKey) -> &mut HashMap<UsageKey, UsageRow> {
        match key.of {
            UsageOf::Below(..) => &mut self.below,
            _ if key.account == ALL_ACCOUNTS => &mut self.over_all_accounts,
            UsageOf::Network(..) | UsageOf::Operator(_) => &mut self.rows,
        }
    }

    /// Goes on to the messages of another account, and compares the counters of the accounts before it.
    pub(super) fn go_on_to(&mut self, store: &Store, account: AccountNumber) {
        if account <= self.account || self.fault.is_some() {
            return;
        }
        // The rows over all accounts stand in front, and are counted to the end.
        let from = AccountNumber(self.account.0.max(ALL_ACCOUNTS.0 + 1));
        let mut counted = std::mem::take(&mut self.rows);
        let compared = compare(store, (from, Some(account)), is_own, &mut counted);
        self.note(compared);
        self.account = account;
    }

    fn note(&mut self, compared: Result<u64, Fault>) {
        match compared {
            Ok(rows) => self.compared += rows,
            Err(fault) => self.fault = Some(fault),
        }
    }

    /// Compares the rest; returns the number of counters compared.
    pub(super) fn finish(mut self, store: &Store) -> Result<u64, Fault> {
        let mut counted = std::mem::take(&mut self.rows);
        let from = AccountNumber(self.account.0.max(ALL_ACCOUNTS.0 + 1));
        if self.fault.is_none() {
            let compared = compare(store, (from, None), is_own, &mut counted);
            self.note(compared);
        }
        if self.fault.is_none() {
            let mut counted = std::mem::take(&mut self.over_all_accounts);
            let compared = compare(store, (ALL_ACCOUNTS, Some(AccountNumber(1))), is_own, &mut counted);
            self.note(compared);
        }
        if self.fault.is_none() {
            let mut counted = std::mem::take(&mut self.below);
            let compared = compare(store, (ALL_ACCOUNTS, None), is_below, &mut counted);
            self.note(compared);
        }
        match self.fault {
            Some(fault) => Err(fault),
            None => Ok(self.compared),
        }
    }
}

fn is_below(of: UsageOf) -> bool {
    matches!(of, UsageOf::Below(..))
}

fn is_own(of: UsageOf) -> bool {
    !is_below(of)
}

/// Compares the rows of the accounts from `from` up to `to`, or to the last, with what was counted of them, as far as they are
/// of a kind. Returns how many there are.
fn compare(
    store: &Store,
    (from, to): (AccountNumber, Option<AccountNumber>),
    is_of_kind: fn(UsageOf) -> bool,
    counted: &mut HashMap<UsageKey, UsageRow>,
) -> Result<u64, Fault> {
    let (mut rows, mut fault) = (0, Ok(()));
    // A key that is too short stands in front of those that it is the beginning of.
    let start = usage_quarter_key(from, Quarter::default());
    let start = if from == ALL_ACCOUNTS { &[][..] } else { &start[..] };
    store.scan(Family::Usage, start, |key, value| {
        let Some(parsed) = parse_usage_key(key) else {
            fault = Err(damaged(Family::Usage, key));
            return false;
        };
        if to.is_some_and(|to| parsed.account >= to) {
            return false;
        }
        if !is_of_kind(parsed.of) {
            return true;
        }
        rows += 1;
        fault = match UsageRow::read(value) {
            Some(kept) => agree(&parsed, &kept, &counted.remove(&parsed).unwrap_or_default()),
            None => Err(damaged(Family::Usage, key)),
        };
        fault.is_ok()
    })?;
    fault?;
    match counted.iter().find(|(_, counted)| !counted.is_empty()) {
        Some((key, counted)) => off(format!("{}: nothing kept, counted {counted:?}", name(key))),
        None => Ok(rows),
    }
}

fn agree(key: &UsageKey, kept: &UsageRow, counted: &UsageRow) -> Result<(), Fault> {
    if kept == counted && !kept.is_empty() {
        return Ok(());
    }
    off(format!("{}: kept {kept:?}, counted {counted:?}", name(key)))
}

fn name(key: &UsageKey) -> String {
    let UsageKey { account, quarter, of } = *key;
    let whose =
        if account == ALL_ACCOUNTS { "all accounts".to_owned() } else { format!("account {}", account.0) };
    let of = match of {
        UsageOf::Network(network, None) => format!("network {network}"),
        UsageOf::Network(network, Some(country)) => format!("network {network}, country {country}"),
        UsageOf::Operator(operator) => format!("operator {}", operator.0),
        UsageOf::Below(network, None) => format!("accounts below, network {network}"),
        UsageOf::Below(network, Some(country)) => {
            format!("accounts below, network {network}, country {country}")
        }
    };
    format!("usage of {whose} from {} on, {of}", quarter.starts_at().to_rfc3339())
}
