//! The command line: commands, their arguments, and how the process exits.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};
use tollgate_console::manual::{CompletionsArguments, ManArguments};
use tollgate_console::{command_line, manual, output};
use tollgate_provisioning::overrides::Overrides;

use crate::commands::accounts::AccountsArguments;
use crate::commands::admin::AdminArguments;
use crate::commands::anchor::{AnchorArguments, AnchorExportArguments};
use crate::commands::backup::BackupArguments;
use crate::commands::balance::BalanceArguments;
use crate::commands::cdr::TailArguments;
use crate::commands::check::CheckArguments;
use crate::commands::doctor::DoctorArguments;
use crate::commands::export::ExportArguments;
use crate::commands::import::ImportArguments;
use crate::commands::login::{LoginArguments, LogoutArguments};
use crate::commands::operators::OperatorsArguments;
use crate::commands::quote::QuoteArguments;
use crate::commands::receipts::ReceiptsArguments;
use crate::commands::restore::RestoreArguments;
use crate::commands::topup::TopupArguments;
use crate::commands::verify::VerifyArguments;
use crate::commands::{
    accounts, admin, anchor, backup, balance, binds, cdr, check, doctor, export, hash_password, import,
    login, operators, quote, receipts, restore, topup, verify,
};
use crate::failure::Failure;
use crate::target::TargetArguments;
use crate::{panics, run};

/// Paths that the configuration is looked for at where the command line names none, in this order.
const CONFIG_PATHS: [&str; 2] = ["config/tollgate.toml", "/etc/tollgate/tollgate.toml"];

/// A toll gate for SMS: rates, charges and records every message before it is acknowledged.
#[derive(Debug, Parser)]
#[command(name = "tollgate", version, max_term_width = 100)]
pub struct Cli {
    /// The file tollgate.toml [default: config/tollgate.toml, then /etc/tollgate/tollgate.toml]
    #[arg(long, global = true, value_name = "PATH")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve: accept binds, rate, charge, record
    Run(RunArguments),
    /// Validate every configuration file, also against the books, and say everything that is wrong
    Check(CheckArguments),
    /// Explain what a message would cost, without charging it
    Quote(QuoteArguments),
    /// Prove from the data directory that the books balance
    Verify(VerifyArguments),
    /// Write out CDRs
    #[command(subcommand)]
    Export(Export),
    /// Read a supplier's or customer's price list, show what it changes in the files of rates or costs, and change it on request
    Import(Box<ImportArguments>),
    /// List accounts, or show one
    Accounts(AccountsArguments),
    /// Say the balance of an account
    Balance(BalanceArguments),
    /// Put money into a wallet
    Topup(TopupArguments),
    /// Follow the CDRs
    #[command(subcommand)]
    Cdr(Cdr),
    /// List the gateways that are bound
    Binds(TargetArguments),
    /// List operators, show how they are, drain and resume them
    Operators(OperatorsArguments),
    /// Look at everything that a daemon needs, and say what is wrong and what to do
    Doctor(DoctorArguments),
    /// Log in to a daemon elsewhere, for commands with --remote
    Login(LoginArguments),
    /// Forget a log-in
    Logout(LogoutArguments),
    /// Manage the admins of the management API
    #[command(subcommand)]
    Admin(Admin),
    /// Show, export or accept the last commit that the data directory is anchored at
    #[command(subcommand)]
    Anchor(Anchor),
    /// Copy the books, of a daemon that may be running, and the configuration
    Backup(BackupArguments),
    /// Make a data directory from a backup
    Restore(RestoreArguments),
    /// List operators' receipts that belong to no message, or try them once more
    Receipts(ReceiptsArguments),
    /// Moved to tollgate-tools
    #[command(hide = true, disable_help_flag = true)]
    Load(Moved),
    /// Moved to tollgate-tools
    #[command(hide = true, disable_help_flag = true)]
    Sim(Moved),
    /// Moved to tollgate-tools
    #[command(hide = true, disable_help_flag = true)]
    Demo(Moved),
    /// Print the OpenAPI document of the management API
    Openapi,
    /// Hash a password for accounts.toml; the password is read from standard input
    HashPassword,
    /// Print completions of this command line for a shell
    Completions(CompletionsArguments),
    /// Write the manual pages of this command line
    Man(ManArguments),
}

/// The arguments of `tollgate run`.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// The data directory, in place of the one configured
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The address that gateways connect to; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    smpp_listen: Option<SocketAddr>,
    /// The address of /healthz, /readyz and the API
    #[arg(long, value_name = "ADDRESS")]
    http_listen: Option<SocketAddr>,
    /// The address of /metrics
    #[arg(long, value_name = "ADDRESS")]
    metrics_listen: Option<SocketAddr>,
}

/// The arguments of a command that has moved; none is read.
#[derive(Debug, Args)]
pub struct Moved {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    arguments: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum Export {
    /// One row per message, in order of account and time
    Cdr(ExportArguments),
}

#[derive(Debug, Subcommand)]
enum Cdr {
    /// Print the latest CDRs, and with --follow those that come
    Tail(TailArguments),
}

#[derive(Debug, Subcommand)]
enum Admin {
    /// Make an admin; the password is asked for, or read from standard input
    Create(AdminArguments),
}

#[derive(Debug, Subcommand)]
enum Anchor {
    /// Say which commit is the last one
    Show(AnchorArguments),
    /// Write it as a line of JSON, signed on request, to be kept elsewhere
    Export(AnchorExportArguments),
    /// Let the data directory of a daemon that is not running count as it is, whatever its anchor says
    Accept(AnchorArguments),
}

/// Runs the command. Exit codes: 0 for success, 1 for a failure, 2 for wrong usage.
pub fn main() -> ExitCode {
    panics::abort_on_panic();
    // Whatever is written is for the user of the process alone, unless it is given to others by name.
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let Cli { config, command } = match command_line::parse() {
        Ok(line) => line,
        Err(code) => return code,
    };
    let config = config.unwrap_or_else(default_config);
    let result = match command {
        Command::Run(arguments) => run::run(config, &arguments.overrides()),
        Command::Check(arguments) => check::check(&config, &arguments),
        Command::Quote(arguments) => quote::quote(&config, &arguments),
        Command::Verify(arguments) => verify::verify(&config, &arguments),
        Command::Export(Export::Cdr(arguments)) => export::export(&config, &arguments),
        Command::Import(arguments) => import::import(&config, &arguments),
        Command::Accounts(arguments) => accounts::accounts(&config, &arguments),
        Command::Balance(arguments) => balance::balance(&config, &arguments),
        Command::Cdr(Cdr::Tail(arguments)) => cdr::tail(&config, &arguments),
        Command::Binds(arguments) => binds::binds(&config, &arguments),
        Command::Operators(arguments) => operators::operators(&config, &arguments),
        Command::Doctor(arguments) => doctor::doctor(&config, &arguments),
        Command::Login(arguments) => login::login(&arguments),
        Command::Logout(arguments) => login::logout(&arguments),
        Command::Topup(arguments) => topup::topup(&config, &arguments),
        Command::Admin(Admin::Create(arguments)) => admin::create(&config, &arguments),
        Command::Anchor(Anchor::Show(arguments)) => anchor::show(&config, &arguments),
        Command::Anchor(Anchor::Export(arguments)) => anchor::export(&config, &arguments),
        Command::Anchor(Anchor::Accept(arguments)) => anchor::accept(&config, &arguments),
        Command::Backup(arguments) => backup::backup(&config, &arguments),
        Command::Restore(arguments) => restore::restore(&arguments),
        Command::Receipts(arguments) => receipts::receipts(&config, &arguments),
        Command::Load(_) => Err(moved("load")),
        Command::Sim(_) => Err(moved("sim")),
        Command::Demo(_) => Err(moved("demo")),
        Command::Openapi => {
            output::write(format_args!("{}", tollgate_api::router::document_text()));
            Ok(())
        }
        Command::HashPassword => hash_password::hash_password(),
        Command::Completions(arguments) => {
            manual::completions(Cli::command(), &arguments);
            Ok(())
        }
        Command::Man(arguments) => manual::pages(Cli::command(), &arguments).map_err(Failure::Said),
    };
    output::end(match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            ExitCode::FAILURE
        }
    })
}

/// The answer to a command that this program had once.
fn moved(command: &str) -> Failure {
    Failure::Said(format!("`{command}` is a command of tollgate-tools: run `tollgate-tools {command}`"))
}

fn default_config() -> PathBuf {
    let found = CONFIG_PATHS.into_iter().map(PathBuf::from).find(|path| path.is_file());
    found.unwrap_or_else(|| PathBuf::from(CONFIG_PATHS[0]))
}

impl RunArguments {
    fn overrides(self) -> Overrides {
        let Self { data_dir, smpp_listen, http_listen, metrics_listen } = self;
        Overrides { data_dir, smpp_listen, http_listen, metrics_listen }
    }
}
