//! Transactions as rows of a table. Its columns are the fields of the JSON.

use tollgate_api::wallets::Transaction;

use tollgate_exports::{Cell, Table};

/// The table of transactions.
pub const TABLE: Table = Table {
    name: "Transactions",
    columns: &[
        "id",
        "account",
        "kind",
        "amount",
        "currency",
        "status",
        "reference",
        "details",
        "metadata",
        "actor",
        "at",
        "balance_after",
        "message_id",
        "sent_by",
        "units",
        "commission",
    ],
};

/// The row of a transaction.
pub fn cells(transaction: &Transaction) -> Vec<Cell> {
    let metadata = transaction.metadata.as_ref();
    vec![
        transaction.id.as_str().into(),
        transaction.account.as_str().into(),
        Cell::named(&transaction.kind),
        transaction.amount.into(),
        transaction.currency.into(),
        Cell::named(&transaction.status),
        transaction.reference.as_str().into(),
        transaction.details.as_str().into(),
        metadata.and_then(|metadata| serde_json::to_string(metadata).ok()).into(),
        transaction.actor.as_str().into(),
        transaction.at.into(),
        transaction.balance_after.into(),
        transaction.message_id.as_deref().into(),
        transaction.sent_by.as_deref().into(),
        transaction.units.map_or(Cell::Empty, Cell::number),
        transaction.commission.into(),
    ]
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tollgate_api::money::{CurrencyCode, Money, MoneySum};
    use tollgate_api::time::Time;
    use tollgate_api::wallets::{TransactionKind, TransactionStatus};
    use tollgate_engine::money::{Amount, Currency, Total};
    use tollgate_engine::time::UnixMicros;

    use super::*;
    use crate::downloads::json_rows;

    #[test]
    fn the_columns_are_the_fields_of_the_json() {
        let metadata = json!({ "invoice_number": "INV-2026-000001" });
        let transaction = Transaction {
            id: "178466400000000000".to_owned(),
            account: "acme".to_owned(),
            kind: TransactionKind::TopUp,
            amount: Some(Money(Amount::from_micros(-10_000_000))),
            currency: CurrencyCode(Currency::new("USD").unwrap()),
            status: TransactionStatus::Completed,
            reference: "=1+1".to_owned(),
            details: "a \"payment\", of many".to_owned(),
            metadata: metadata.as_object().cloned(),
            actor: "cli:0".to_owned(),
            at: Time(UnixMicros(1_000_000)),
            balance_after: Some(MoneySum(Total::from(Amount::MAX).plus(Amount::MAX))),
            message_id: None,
            sent_by: Some("client".to_owned()),
            units: Some(-7),
            commission: Some(Money(Amount::from_micros(-1))),
        };
        let mut expected = serde_json::to_value(&transaction).unwrap();
        expected["metadata"] = Value::from(metadata.to_string());
        assert_eq!(json_rows(TABLE, &[cells(&transaction)]), [expected]);
    }
}
