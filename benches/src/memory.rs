//! Memory of wallets, rates and the numbering plan.

use std::path::Path;
use std::time::{Duration, Instant};

use tollgate_engine::account::AccountNumber;
use tollgate_engine::money::Amount;
use tollgate_engine::prices::PriceTable;
use tollgate_engine::tariff::{RateRow, RowOrigin};
use tollgate_engine::time::UnixMicros;
use tollgate_engine::wallet::{Wallet, WalletState, Wallets};
use tollgate_provisioning::{self as config, Provisioning};
use tollgate_tools::demo::server::Server;
use tollgate_tools::load::figures::grouped;

use crate::results::table;
use crate::{Failure, fixture, machine, process};

const WALLETS: u32 = 1_000_000;

/// Accounts that the daemon is started with.
const ACCOUNTS: usize = 1_000_000;

const SETTLE_TIMEOUT: Duration = Duration::from_secs(20);
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Rows of the rate table that is measured: for each network one in force, and some that are not yet or no
/// longer.
const ROWS_PER_NETWORK: u64 = 10;

/// Loads everything and measures it. The results in Markdown.
pub fn measure(config: &Path) -> Result<String, Failure> {
    let (wallets, wallet_bytes) = wallets()?;
    let provisioning = config::load(config).map_err(|problems| problems.to_string())?.provisioning;
    let (rate_rows, rate_bytes) = rates(&provisioning);
    let prefixes = provisioning.numbering.len();
    let daemon = daemon_with_accounts()?;
    let rows = [
        row("wallets", wallets.len(), wallet_bytes),
        row("rate rows, ten for each network", rate_rows, rate_bytes),
        row("prefixes of the numbering plan", prefixes, provisioning.numbering.heap_bytes()),
        row(
            "daemon with accounts, each with its wallet, password and settings",
            ACCOUNTS,
            daemon.resident_bytes,
        ),
    ];
    Ok(format!(
        "{}.\n\n{}\nWallets are measured as the growth of the process, rates and prefixes as what they have on the \
         heap, the daemon as all that it holds. It was ready {:.1} s after its first start with these accounts, and \
         {:.1} s after the next.\n",
        machine::describe(),
        table(["what", "how many", "memory", "bytes each"], &rows),
        daemon.first_start.as_secs_f64(),
        daemon.next_start.as_secs_f64(),
    ))
}

struct LoadedDaemon {
    resident_bytes: usize,
    first_start: Duration,
    next_start: Duration,
}

fn daemon_with_accounts() -> Result<LoadedDaemon, Failure> {
    let directory = fixture::directory()?;
    let config = fixture::configure(directory.path(), ACCOUNTS)?;
    let start = || -> Result<(Server, Duration), Failure> {
        let begun = Instant::now();
        let (server, _) = fixture::start_tollgate(directory.path(), &config)?;
        Ok((server, begun.elapsed()))
    };
    let (server, first_start) = start()?;
    server.stop(STOP_TIMEOUT)?;
    let (server, next_start) = start()?;
    process::settle(server.pid(), SETTLE_TIMEOUT)?;
    let resident_bytes = usize::try_from(process::resident_bytes(server.pid())?)?;
    server.stop(STOP_TIMEOUT)?;
    Ok(LoadedDaemon { resident_bytes, first_start, next_start })
}

fn row(what: &str, count: usize, bytes: usize) -> [String; 4] {
    let tenths = bytes * 10 / count.max(1);
    let each = format!("{}.{}", tenths / 10, tenths % 10);
    [what.to_owned(), grouped(count as u64), format!("{} KiB", grouped(bytes as u64 >> 10)), each]
}

fn wallets() -> Result<(Wallets, usize), Failure> {
    let pid = std::process::id();
    let before = process::resident_bytes(pid)?;
    let wallets = Wallets::default();
    for number in 0..WALLETS {
        let state =
            WalletState { balance: Amount::from_micros(i64::from(number)).into(), ..WalletState::default() };
        wallets.insert(Wallet::new(AccountNumber(number), state));
    }
    let grown = process::resident_bytes(pid)?.saturating_sub(before);
    Ok((wallets, usize::try_from(grown)?))
}

fn rates(provisioning: &Provisioning) -> (usize, usize) {
    let networks = &provisioning.networks;
    let day = 24 * 3600 * 1_000_000;
    let rows: Vec<RateRow> = networks
        .iter()
        .flat_map(|(_, network)| (0..ROWS_PER_NETWORK).map(move |days| (network.code, days)))
        .zip(1..)
        .map(|((network, days), line)| RateRow {
            network,
            price: Amount::from_micros(20_000 + i64::from(line)),
            effective_from: UnixMicros(days * day),
            effective_to: None,
            origin: RowOrigin { file: "rates.csv".into(), line },
        })
        .collect();
    (rows.len(), PriceTable::build(&rows, networks).heap_bytes())
}
