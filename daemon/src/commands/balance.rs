//! `tollgate balance`: an account's money, as the next message finds it or as it is on disk.

use std::path::Path;

use tollgate_console::say;

use crate::failure::Failure;
use crate::table::cell;
use crate::target::{Ask, Target, TargetArguments};

/// The arguments of `tollgate balance`.
#[derive(Debug, clap::Args)]
pub struct BalanceArguments {
    /// The account's id
    #[arg(value_name = "ACCOUNT")]
    account: String,
    #[command(flatten)]
    target: TargetArguments,
}

/// Says the balance of an account.
pub fn balance(config: &Path, arguments: &BalanceArguments) -> Result<(), Failure> {
    let target = Target::find(config, &arguments.target)?;
    let balance = target.ask(&Ask::Balance(arguments.account.clone()))?.value;
    if arguments.target.json {
        say!("{balance}");
        return Ok(());
    }
    let field = |name: &str| cell(&balance, &format!("/{name}"));
    let low = if balance["low"] == true { ", which is low" } else { "" };
    let available = match balance["available"].as_str() {
        Some(available) => format!("; {available} available with the credit limit"),
        None => String::new(),
    };
    say!("{}: {} {}{low}{available}", field("account"), field("balance"), field("currency"));
    Ok(())
}
