//! `tollgate topup`: money into a wallet, by the daemon that runs or on the books of one that is stopped.

use std::path::Path;

use tollgate_console::say;
use tollgate_engine::money::Amount;

use crate::failure::Failure;
use crate::table::cell;
use crate::target::{Ask, Target, TargetArguments};

/// The arguments of `tollgate topup`.
#[derive(Debug, clap::Args)]
pub struct TopupArguments {
    /// The account whose wallet is credited
    #[arg(long)]
    pub account: String,
    /// The amount, in the account's currency, such as 100.00
    #[arg(long, allow_negative_numbers = true)]
    pub amount: Amount,
    /// A note for the ledger, such as an invoice number
    #[arg(long)]
    pub reference: String,
    /// A text that marks this top-up: repeated with it, the same top-up is made once
    #[arg(long, value_name = "TEXT")]
    pub idempotency_key: Option<String>,
    #[command(flatten)]
    target: TargetArguments,
}

/// Adds a top-up to the ledger, durably.
pub fn topup(config: &Path, arguments: &TopupArguments) -> Result<(), Failure> {
    if arguments.amount <= Amount::ZERO {
        return Err(
            "amount: must be more than zero; money is taken back by an adjustment, over the API".into()
        );
    }
    let target = Target::find(config, &arguments.target)?;
    let answered = target.ask(&Ask::TopUp {
        account: arguments.account.clone(),
        amount: arguments.amount,
        reference: arguments.reference.clone(),
        key: arguments.idempotency_key.clone(),
    })?;
    if arguments.target.json {
        say!("{}", answered.value);
        return Ok(());
    }
    let field = |name: &str| cell(&answered.value, &format!("/{name}"));
    let (account, currency) = (field("account"), field("currency"));
    let before = if answered.replayed { " was added before under this key" } else { " added" };
    say!(
        "{account}: {} {currency}{before}, balance {} {currency}, transaction {}",
        field("amount"),
        field("balance_after"),
        field("id")
    );
    Ok(())
}
