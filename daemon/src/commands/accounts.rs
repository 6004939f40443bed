//! `tollgate accounts`: the accounts, of a daemon that runs or is stopped.

use std::path::Path;

use serde_json::Value;
use tollgate_console::say;

use crate::failure::Failure;
use crate::table::{self, Column, cell};
use crate::target::{Ask, Target, TargetArguments};

/// The arguments of `tollgate accounts`.
#[derive(Debug, clap::Args)]
pub struct AccountsArguments {
    #[command(subcommand)]
    command: Option<AccountsCommand>,
    #[command(flatten)]
    target: TargetArguments,
}

#[derive(Debug, clap::Subcommand)]
enum AccountsCommand {
    /// List every account [default]
    List,
    /// Show one account with all its settings
    Show {
        /// The account's id
        #[arg(value_name = "ACCOUNT")]
        account: String,
    },
}

const COLUMNS: [Column; 6] = [
    ("ACCOUNT", "/id"),
    ("STATUS", "/status"),
    ("PLAN", "/plan"),
    ("CURRENCY", "/currency"),
    ("CREDIT LIMIT", "/credit_limit"),
    ("SOURCE", "/source"),
];

/// Lists the accounts, or shows one.
pub fn accounts(config: &Path, arguments: &AccountsArguments) -> Result<(), Failure> {
    let target = Target::find(config, &arguments.target)?;
    let as_json = arguments.target.json;
    match &arguments.command {
        None | Some(AccountsCommand::List) => {
            let mut accounts = Vec::new();
            target.list(&Ask::Accounts, |page| accounts.extend(page))?;
            table::print(&accounts, &COLUMNS, as_json);
            Ok(())
        }
        Some(AccountsCommand::Show { account }) => {
            let shown = target.ask(&Ask::Account(account.clone()))?.value;
            show(&shown, as_json);
            Ok(())
        }
    }
}

/// Prints the fields of a value, one on a line, or the value as JSON.
pub fn show(value: &Value, as_json: bool) {
    if as_json {
        say!("{value}");
        return;
    }
    let fields = value.as_object().into_iter().flatten();
    for (name, _) in fields {
        say!("{name}: {}", cell(value, &format!("/{name}")));
    }
}
