//! The command line: commands, their arguments, and how the process exits.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
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
    /// The file tollgate.toml, for commands that read it [default: config/tollgate.toml, then /etc/tollgate/tollgate.toml]
    #[arg(long, value_name = "PATH")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

/// The arguments of a command that reads the configuration, which may be named behind the command too.
#[derive(Debug, Args)]
pub struct Configured<A: Args> {
    #[command(flatten)]
    file: ConfigArgument,
    #[command(flatten)]
    arguments: A,
}

/// Commands that read the configuration, below a common name.
#[derive(Debug, Args)]
pub struct ConfiguredCommands<S: Subcommand> {
    #[command(flatten)]
    file: ConfigArgument,
    #[command(subcommand)]
    command: S,
}

/// The file of the configuration.
#[derive(Debug, Default, Args)]
pub struct ConfigArgument {
    /// The file tollgate.toml [default: config/tollgate.toml, then /etc/tollgate/tollgate.toml]
    #[arg(long, global = true, value_name = "PATH")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve: accept binds, rate, charge, record
    Run(Configured<RunArguments>),
    /// Validate every configuration file, also against the books, and say everything that is wrong
    Check(Configured<CheckArguments>),
    /// Explain what a message would cost, without charging it
    Quote(Configured<QuoteArguments>),
    /// Prove from the data directory that the books balance
    Verify(Configured<VerifyArguments>),
    /// Write out CDRs
    Export(ConfiguredCommands<Export>),
    /// Read a supplier's or customer's price list, show what it changes in the files of rates or costs, and change it on request
    Import(Box<Configured<ImportArguments>>),
    /// List accounts, or show one
    Accounts(Configured<AccountsArguments>),
    /// Say the balance of an account
    Balance(Configured<BalanceArguments>),
    /// Put money into a wallet
    Topup(Configured<TopupArguments>),
    /// Follow the CDRs
    Cdr(ConfiguredCommands<Cdr>),
    /// List the gateways that are bound
    Binds(Configured<TargetArguments>),
    /// List operators, show how they are, drain and resume them
    Operators(Configured<OperatorsArguments>),
    /// Look at everything that a daemon needs, and say what is wrong and what to do
    Doctor(Configured<DoctorArguments>),
    /// Log in to a daemon elsewhere, for commands with --remote
    Login(LoginArguments),
    /// Forget a log-in
    Logout(LogoutArguments),
    /// Manage the admins of the management API
    Admin(ConfiguredCommands<Admin>),
    /// Show, export or accept the last commit that the data directory is anchored at
    Anchor(ConfiguredCommands<Anchor>),
    /// Copy the books, of a daemon that may be running, and the configuration
    Backup(Configured<BackupArguments>),
    /// Make a data directory from a backup
    Restore(RestoreArguments),
    /// List operators' receipts that belong to no message, or try them once more
    Receipts(Configured<ReceiptsArguments>),
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
    let result = match command {
        Command::Run(Configured { file, arguments }) => run::run(file.or(config), &arguments.overrides()),
        Command::Check(Configured { file, arguments }) => check::check(&file.or(config), &arguments),
        Command::Quote(Configured { file, arguments }) => quote::quote(&file.or(config), &arguments),
        Command::Verify(Configured { file, arguments }) => verify::verify(&file.or(config), &arguments),
        Command::Export(ConfiguredCommands { file, command: Export::Cdr(arguments) }) => {
            export::export(&file.or(config), &arguments)
        }
        Command::Import(arguments) => {
            let Configured { file, arguments } = *arguments;
            import::import(&file.or(config), &arguments)
        }
        Command::Accounts(Configured { file, arguments }) => accounts::accounts(&file.or(config), &arguments),
        Command::Balance(Configured { file, arguments }) => balance::balance(&file.or(config), &arguments),
        Command::Cdr(ConfiguredCommands { file, command: Cdr::Tail(arguments) }) => {
            cdr::tail(&file.or(config), &arguments)
        }
        Command::Binds(Configured { file, arguments }) => binds::binds(&file.or(config), &arguments),
        Command::Operators(Configured { file, arguments }) => {
            operators::operators(&file.or(config), &arguments)
        }
        Command::Doctor(Configured { file, arguments }) => doctor::doctor(&file.or(config), &arguments),
        Command::Login(arguments) => login::login(&arguments),
        Command::Logout(arguments) => login::logout(&arguments),
        Command::Topup(Configured { file, arguments }) => topup::topup(&file.or(config), &arguments),
        Command::Admin(ConfiguredCommands { file, command: Admin::Create(arguments) }) => {
            admin::create(&file.or(config), &arguments)
        }
        Command::Anchor(ConfiguredCommands { file, command }) => anchors(&file.or(config), &command),
        Command::Backup(Configured { file, arguments }) => backup::backup(&file.or(config), &arguments),
        Command::Restore(arguments) => restore::restore(&arguments),
        Command::Receipts(Configured { file, arguments }) => receipts::receipts(&file.or(config), &arguments),
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

fn anchors(config: &Path, command: &Anchor) -> Result<(), Failure> {
    match command {
        Anchor::Show(arguments) => anchor::show(config, arguments),
        Anchor::Export(arguments) => anchor::export(config, arguments),
        Anchor::Accept(arguments) => anchor::accept(config, arguments),
    }
}

impl ConfigArgument {
    /// The file that is named behind the command, else the one in front of it, else the first of the usual ones.
    fn or(self, in_front: Option<PathBuf>) -> PathBuf {
        self.config.or(in_front).unwrap_or_else(default_config)
    }
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
