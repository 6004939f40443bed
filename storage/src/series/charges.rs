//! Charges that were added up, by cell: what the messages of a second add before anything becomes of them.

use std::sync::Arc;

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::{Currency, Total};
use tollgate_engine::operator::OperatorNumber;

use super::cell::{Cell, Cells, MessageCell, SalesCell};
use super::contributions::Currencies;
use crate::chain_tallies::{ChainTallies, PaidAbove, Sale};
use crate::rows::SeriesRow;
use crate::tallies::{Submitted, Tallies};

/// The accounts whose currencies [`cells_of`] asks for.
pub(crate) fn accounts_of(tallies: &Tallies) -> impl Iterator<Item = AccountNumber> {
    let senders = tallies.charges().map(|(of, _)| of.account);
    let sellers = tallies.chains().values().flat_map(ChainTallies::sellers);
    senders.chain(sellers.flat_map(|seller| [seller.account, seller.child]))
}

/// The counts that charges add, the same as the sum over their CDRs.
pub(crate) fn cells_of(tallies: &Tallies, currencies: &impl Currencies) -> Cells {
    let mut cells = Cells::default();
    for (of, charges) in tallies.charges() {
        let cell = message_cell(of, charges.network, charges.country);
        let row = cells.entry(cell).or_default();
        row.messages += charges.messages.cast_signed();
        row.segments += charges.segments.cast_signed();
        add_charged(row, currencies.currency(of.account), charges.charged);
    }
    for (of, chain) in tallies.chains() {
        add_chain(&mut cells, of, chain, currencies);
    }
    cells.retain(|_, row| {
        row.tidy();
        !row.is_empty()
    });
    cells
}

fn add_chain(cells: &mut Cells, of: &Submitted, chain: &ChainTallies, currencies: &impl Currencies) {
    let own = currencies.currency(of.account);
    for PaidAbove { payer, network, country, paid, charged } in chain.paid_above() {
        let theirs = currencies.currency(payer);
        let row = cells.entry(message_cell(of, network, country)).or_default();
        add_charged(row, own, Total::ZERO.minus(paid));
        add_charged(row, theirs, charged);
        row.beside.entry(own).or_default().charged += paid;
        row.beside.entry(theirs).or_default().charged -= charged;
    }
    for sale in chain.sales() {
        let (account, network, country) = (sale.seller.account, sale.network, sale.country);
        let cell = SalesCell { minute: of.minute, account, network, country };
        let between = (currencies.currency(account), currencies.currency(sale.seller.child));
        add_sale(cells.entry(Cell::Sales(cell)).or_default(), between, &sale);
    }
}

fn add_sale(row: &mut SeriesRow, (own, child): (Currency, Currency), sale: &Sale) {
    let sums = sale.sums;
    row.messages += sale.messages.cast_signed();
    row.segments += sums.segments.cast_signed();
    if sale.seller.is_agent {
        row.beside.entry(own).or_default().margin += sums.commission;
        return;
    }
    row.money.entry(own).or_default().charged += sums.bought;
    row.beside.entry(child).or_default().charged += sums.sold;
    if own == child {
        row.beside.entry(own).or_default().margin += sums.sold.minus(sums.bought);
    } else {
        row.margin_unknown += sale.messages.cast_signed();
    }
}

fn add_charged(row: &mut SeriesRow, currency: Currency, charged: Total) {
    let money = row.money.entry(currency).or_default();
    money.charged += charged;
    money.margin += charged;
}

fn message_cell(
    of: &Submitted,
    network: tollgate_engine::network::NetworkCode,
    country: Option<tollgate_engine::country::CountryCode>,
) -> Cell {
    Cell::Messages(MessageCell {
        minute: of.minute,
        account: of.account,
        plan: Arc::clone(&of.plan),
        network,
        country,
        operator: OperatorNumber::default(),
    })
}
