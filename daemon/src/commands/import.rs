//! The command `tollgate import`: a supplier's or customer's price list in whatever form, shown as rates or costs, compared with
//! those in the files, and written there on request.

mod arguments;
mod json;
mod report;
mod result;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use rust_decimal::Decimal;
use tollgate_engine::operator::Operator;
use tollgate_engine::time::UnixMicros;
use tollgate_management::tariff_files::{
    EditError, Editor, ImportDifference, ImportOptions, ImportTarget, ListedPrices, ProfileFolder,
    TargetPrices, is_profile_name, plan_import,
};
use tollgate_provisioning::Loaded;
use tollgate_provisioning::import::{
    ImportProfile, NetworkDirectory, OCTETS_MAX, PriceList, ReadOptions, Wording, read_price_list,
};
use tollgate_storage::clock::now;

pub use self::arguments::ImportArguments;
use self::result::Import;
use crate::failure::Failure;
use tollgate_console::{complain, say};

/// Reads the list, shows what it would change, and changes it where the arguments say so.
pub fn import(config: &Path, arguments: &ImportArguments) -> Result<(), Failure> {
    let target = arguments.target();
    let current = Editor::new(config.to_owned()).current()?;
    let prices = target
        .prices(config, &current, arguments.rate_file.as_deref())
        .map_err(|error| failure_of_prices(error, &target))?;
    let profile = profile_of(config, arguments)?;
    let octets = octets_of(&arguments.list)?;
    let name = name_of(&arguments.list);
    let list = read(&name, &octets, &profile, arguments, (&current, &prices))?;
    let difference = compare(config, &current, &prices, &list, &name, arguments)?;
    let networks = &current.provisioning.networks;
    let import = Import { arguments, target: &target, name, list, difference, networks };
    if let Some(name) = &arguments.save_profile {
        save(config, name, &import.list.profile)?;
    }
    if arguments.json {
        say!("{:#}", json::report(&import));
    } else {
        report::print(&import);
    }
    apply(config, &import)
}

fn read(
    name: &str,
    octets: &[u8],
    profile: &ImportProfile,
    arguments: &ImportArguments,
    (current, prices): (&Loaded, &TargetPrices),
) -> Result<PriceList, Failure> {
    let directory = NetworkDirectory::of(&current.provisioning);
    let effective = arguments.effective.as_deref().map(UnixMicros::read).transpose();
    let effective = effective.map_err(|error| format!("--effective {error}"))?;
    let options = ReadOptions {
        name,
        profile,
        currency: prices.currency,
        plan: prices.target.plan(),
        effective,
        wording: Wording::Options,
    };
    read_price_list(octets, &options, &directory).map_err(|refused| {
        if let Some(mapping) = &refused.mapping
            && !arguments.json
        {
            report::print_mapping(name, mapping);
        }
        refused.problems.into()
    })
}

fn compare(
    config: &Path,
    current: &Loaded,
    prices: &TargetPrices,
    list: &PriceList,
    name: &str,
    arguments: &ImportArguments,
) -> Result<ImportDifference, Failure> {
    let operators: Vec<Operator> =
        current.provisioning.operators.iter().map(|provisioned| provisioned.operator.clone()).collect();
    let limit = Decimal::from_str_exact(&arguments.move_limit).ok().filter(|limit| !limit.is_sign_negative());
    let limit = limit.ok_or("--move-limit is not a number of percent of at least 0, such as 12.5")?;
    let listed = ListedPrices { name, rates: &list.rates, closed: &list.closed, content: list.content };
    let options = ImportOptions { operators: &operators, move_limit_percent: limit, now: now() };
    plan_import(config, current, prices, &listed, &options).map_err(failure_of)
}

/// The profile that is named, with the formats of the command line in front of its own.
fn profile_of(config: &Path, arguments: &ImportArguments) -> Result<ImportProfile, Failure> {
    let kept = match &arguments.profile {
        None => ImportProfile::default(),
        Some(name) => {
            let folder = ProfileFolder::of(config);
            folder.read(name)?.ok_or_else(|| {
                let names = folder.names();
                let there = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
                format!("--profile: there is no profile {name}; there are: {there}")
            })?
        }
    };
    Ok(kept.overridden_by(&arguments.formats.profile()?))
}

fn save(config: &Path, name: &str, profile: &ImportProfile) -> Result<(), Failure> {
    if !is_profile_name(name) {
        return Err(format!(
            "--save-profile: {name} is not a name of a profile: letters, digits, `_`, `-` or `.`"
        )
        .into());
    }
    let written = ProfileFolder::of(config).write(name, profile);
    let path = written.map_err(|error| format!("the profile {name} cannot be written: {error}"))?;
    complain!("profile {name} written to {}", path.display());
    Ok(())
}

/// Writes the difference where that is asked for and nothing that is flagged stands in the way.
fn apply(config: &Path, import: &Import<'_>) -> Result<(), Failure> {
    let (arguments, difference) = (import.arguments, &import.difference);
    let flagged = difference.outliers.len();
    if difference.change.is_empty() {
        note(arguments, "nothing differs, so there is nothing to write");
        return Ok(());
    }
    if !arguments.apply {
        note(arguments, "nothing was written; --apply writes it");
        return Ok(());
    }
    if flagged > 0 && !arguments.accept_flagged {
        let message = format!(
            "nothing was written, as {flagged} {} flagged; look at them, and say --accept-flagged to take them",
            if flagged == 1 { "price is" } else { "prices are" }
        );
        return Err(message.into());
    }
    Editor::new(config.to_owned()).apply(&difference.change).map_err(failure_of)?;
    let file = &difference.file;
    note(
        arguments,
        &format!("{file} is written; a daemon that watches its files puts it in force by itself"),
    );
    Ok(())
}

fn note(arguments: &ImportArguments, text: &str) {
    if arguments.json {
        complain!("{text}");
    } else {
        say!("{text}");
    }
}

/// The failure of finding the prices, which names the option that would help.
fn failure_of_prices(error: EditError, target: &ImportTarget) -> Failure {
    let option = match target {
        ImportTarget::Plan(_) => "--plan",
        ImportTarget::Operator(_) => "--operator",
        ImportTarget::Account(_) => "--account",
    };
    match error {
        EditError::NotEditable { .. } | EditError::WhichFile(_) => format!("--rate-file: {error}").into(),
        EditError::SeveralCurrencies | EditError::Missing { .. } => format!("{option}: {error}").into(),
        other => failure_of(other),
    }
}

fn failure_of(error: EditError) -> Failure {
    match error {
        EditError::Invalid(problems) => problems.into(),
        other => other.to_string().into(),
    }
}

/// The octets of the list, from a file or, for `-`, from standard input.
fn octets_of(list: &Path) -> Result<Vec<u8>, Failure> {
    let cannot = |error: std::io::Error| format!("{} cannot be read: {error}", list.display());
    let input: Box<dyn Read> = if list == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(File::open(list).map_err(cannot)?)
    };
    let mut octets = Vec::new();
    let most = u64::try_from(OCTETS_MAX).unwrap_or(u64::MAX);
    input.take(most.saturating_add(1)).read_to_end(&mut octets).map_err(cannot)?;
    Ok(octets)
}

/// The name of the list in messages.
fn name_of(list: &Path) -> String {
    if list == Path::new("-") { "stdin".to_owned() } else { list.to_string_lossy().into_owned() }
}
