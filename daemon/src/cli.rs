//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use tollgate_engine::money::Amount;
use tollgate_engine::time::UnixMicros;

use crate::commands::{Failure, admin, check, export, hash_password, quote, receipts, topup, verify};
use crate::demo::DemoCommand;
use crate::load::LoadCommand;
use crate::run::{self, Overrides};
use crate::sim::SimCommand;

/// Where the configuration is looked for when the command line does not say.
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
    /// Validate every configuration file and say everything that is wrong
    Check,
    /// Explain what a message would cost, without charging it
    Quote(QuoteArguments),
    /// Prove from the data directory that the books balance
    Verify(VerifyArguments),
    /// Write out CDRs
    #[command(subcommand)]
    Export(Export),
    /// Put money into a wallet of a daemon that is not running
    Topup(TopupArguments),
    /// Look after the admins of the management API
    #[command(subcommand)]
    Admin(Admin),
    /// List operators' receipts that belong to no message, or try them once more
    Receipts(ReceiptsArguments),
    /// Send messages to an SMPP server as fast as it answers them
    Load(LoadCommand),
    Sim(Box<SimCommand>),
    /// Show the main job end to end on temporary data
    Demo(DemoCommand),
    /// Print the OpenAPI document of the management API
    Openapi,
    /// Hash a password for accounts.toml; the password is read from standard input
    HashPassword,
}

/// Of `tollgate run`.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// The data directory, in place of the one configured
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Where gateways connect; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    smpp_listen: Option<SocketAddr>,
    /// Where /healthz and /readyz are
    #[arg(long, value_name = "ADDRESS")]
    http_listen: Option<SocketAddr>,
    /// Where /metrics is
    #[arg(long, value_name = "ADDRESS")]
    metrics_listen: Option<SocketAddr>,
}

/// Of `tollgate receipts`.
#[derive(Debug, Args)]
pub struct ReceiptsArguments {
    /// The data directory, in place of the one configured
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Look for their messages once more, as operators' ids are read now; the daemon has to be stopped
    #[arg(long)]
    pub replay: bool,
}

/// Of `tollgate quote`.
#[derive(Debug, Args)]
pub struct QuoteArguments {
    /// The account that would pay
    #[arg(long)]
    pub account: String,
    /// The destination, as a gateway would submit it
    #[arg(long, value_name = "NUMBER")]
    pub to: String,
    /// The sender
    #[arg(long, default_value = "")]
    pub from: String,
    /// The text; it is encoded as a gateway would
    #[arg(long, conflicts_with = "segments")]
    pub text: Option<String>,
    /// How many segments, in place of a text
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..))]
    pub segments: Option<u8>,
    /// When it would be submitted, in RFC 3339 [default: now]
    #[arg(long, value_parser = parse_time)]
    pub at: Option<UnixMicros>,
    /// The network named in the account's TLV, such as 63902
    #[arg(long)]
    pub network: Option<String>,
    /// Segments that the account has had this month; without it and a data directory, none
    #[arg(long, value_name = "SEGMENTS")]
    pub counted: Option<u64>,
    /// Read balance and volume from this data directory
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Also show which operators could take it, in which order, and why the others could not
    #[arg(long)]
    pub route: bool,
    /// For programs
    #[arg(long)]
    pub json: bool,
}

/// Of `tollgate verify`.
#[derive(Debug, Args)]
pub struct VerifyArguments {
    /// The data directory, in place of the one configured
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// For programs
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Subcommand)]
enum Export {
    /// One row per message, in order of account and time
    Cdr(ExportArguments),
}

/// Of `tollgate export cdr`.
#[derive(Debug, Args)]
pub struct ExportArguments {
    /// The data directory, in place of the one configured
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Submitted at or after this time, in RFC 3339 or as a date
    #[arg(long, value_parser = parse_time)]
    pub from: Option<UnixMicros>,
    /// Submitted before this time
    #[arg(long, value_parser = parse_time)]
    pub to: Option<UnixMicros>,
    /// Only this account's
    #[arg(long)]
    pub account: Option<String>,
    /// How rows are written
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    pub format: Format,
    /// Where to [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// How exported rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// RFC 4180, with a header
    Csv,
    /// One JSON object per line
    Jsonl,
}

/// Of `tollgate topup`.
#[derive(Debug, Args)]
pub struct TopupArguments {
    /// Whose wallet
    #[arg(long)]
    pub account: String,
    /// How much, in the account's currency, such as 100.00
    #[arg(long)]
    pub amount: Amount,
    /// What the ledger says of it, such as an invoice number
    #[arg(long)]
    pub reference: String,
    /// The data directory, in place of the one configured
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Admin {
    /// Make an admin on the books of a daemon that is not running; the password is read from standard input
    Create(AdminArguments),
}

/// Of `tollgate admin create`.
#[derive(Debug, Args)]
pub struct AdminArguments {
    /// What the admin logs in with
    #[arg(long)]
    pub email: String,
    /// What people call the admin [default: the e-mail address]
    #[arg(long)]
    pub name: Option<String>,
    /// Make a password and print it once, in place of reading one
    #[arg(long)]
    pub generate: bool,
    /// The data directory, in place of the one configured; it is made where it is not there yet
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

fn parse_time(text: &str) -> Result<UnixMicros, String> {
    UnixMicros::parse(text).ok_or_else(|| "not a time such as 2026-11-21T08:00:00Z, nor a date".to_owned())
}

/// Runs the command. Exit codes: 0 done, 1 the thing asked failed, 2 wrong usage.
pub fn main() -> ExitCode {
    let Cli { config, command } = Cli::parse();
    let config = config.unwrap_or_else(default_config);
    let result = match command {
        Command::Run(arguments) => run::run(config, &arguments.overrides()),
        Command::Check => check::check(&config),
        Command::Quote(arguments) => quote::quote(&config, &arguments),
        Command::Verify(arguments) => verify::verify(&config, &arguments),
        Command::Export(Export::Cdr(arguments)) => export::export(&config, &arguments),
        Command::Topup(arguments) => topup::topup(&config, &arguments),
        Command::Admin(Admin::Create(arguments)) => admin::create(&config, &arguments),
        Command::Receipts(arguments) => receipts::receipts(&config, &arguments),
        Command::Load(command) => match command.run() {
            Ok(code) => return code,
            Err(error) => Err(Failure::Said(error.to_string())),
        },
        Command::Sim(command) => command.run().map_err(Failure::Said),
        Command::Demo(command) => command.run(&config).map_err(Failure::Said),
        Command::Openapi => {
            print!("{}", tollgate_api::openapi::text());
            Ok(())
        }
        Command::HashPassword => hash_password::hash_password(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            ExitCode::FAILURE
        }
    }
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
