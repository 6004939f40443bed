//! `tollgate cdr tail`: the latest CDRs, and those that follow.

use std::collections::HashSet;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tollgate_console::{complain, output, say};
use tollgate_engine::time::UnixMicros;
use tollgate_storage::clock::now;

use crate::failure::Failure;
use crate::table::cell;
use crate::target::{Ask, Target, TargetArguments};

/// The arguments of `tollgate cdr tail`.
#[derive(Debug, clap::Args)]
pub struct TailArguments {
    /// Only the CDRs of this account
    #[arg(long)]
    account: Option<String>,
    /// Number of CDRs to begin with
    #[arg(short = 'n', long, value_name = "CDRS", default_value_t = 10, value_parser = clap::value_parser!(u32).range(..=10_000))]
    lines: u32,
    /// Go on with the CDRs that come
    #[arg(short, long)]
    follow: bool,
    #[command(flatten)]
    target: TargetArguments,
}

const MICROS_PER_SECOND: u64 = 1_000_000;
/// Pause between two looks, and the number of times that it is at least as long as the look before.
const PAUSE: Duration = Duration::from_millis(500);
const REST_PER_LOOK: u32 = 4;
/// A CDR may be told so long after its submit: it waits for its commit. What was told before is not told again.
const OVERLAP_MICROS: u64 = 10 * MICROS_PER_SECOND;

/// CDRs that were told, by id, of the time that is looked at again.
#[derive(Debug, Default)]
struct Told(HashSet<String>);

/// Prints the latest CDRs, in the order of their ids.
pub fn tail(config: &Path, arguments: &TailArguments) -> Result<(), Failure> {
    let target = Target::find(config, &arguments.target)?;
    let latest = latest(&target, arguments)?;
    let mut told = Told::default();
    let mut from = UnixMicros(now().0.saturating_sub(OVERLAP_MICROS));
    print(&told.untold(latest), arguments.target.json);
    if !arguments.follow {
        return Ok(());
    }
    if !target.is_running() {
        complain!("no daemon runs, so that no CDR follows");
        return Ok(());
    }
    while output::flush() {
        let began = Instant::now();
        let next = UnixMicros(now().0.saturating_sub(OVERLAP_MICROS));
        let found = since(&target, arguments.account.as_deref(), from)?;
        told.keep(&found);
        print(&told.untold(found), arguments.target.json);
        from = next;
        thread::sleep(PAUSE.max(began.elapsed() * REST_PER_LOOK));
    }
    Ok(())
}

/// The latest CDRs. The time that is looked at grows until it holds enough of them, so that few are read of many.
fn latest(target: &Target, arguments: &TailArguments) -> Result<Vec<Value>, Failure> {
    let wanted = arguments.lines as usize;
    let mut span = MICROS_PER_SECOND;
    loop {
        let begin = now().0.saturating_sub(span);
        let mut found = since(target, arguments.account.as_deref(), UnixMicros(begin))?;
        if found.len() >= wanted || begin == 0 {
            found.drain(..found.len().saturating_sub(wanted));
            return Ok(found);
        }
        span = span.saturating_mul(10);
    }
}

/// The CDRs since an instant, in the order of their ids.
fn since(target: &Target, account: Option<&str>, from: UnixMicros) -> Result<Vec<Value>, Failure> {
    let ask = Ask::Cdrs { account: account.map(ToOwned::to_owned), from };
    let mut found = Vec::new();
    target.list(&ask, |page| found.extend(page))?;
    found.sort_by_key(|cdr| id_of(cdr).parse::<u64>().unwrap_or_default());
    Ok(found)
}

impl Told {
    /// Those that were not told before. They are from now on.
    fn untold(&mut self, mut found: Vec<Value>) -> Vec<Value> {
        found.retain(|cdr| self.0.insert(id_of(cdr).to_owned()));
        found
    }

    /// Forgets all that do not come any more.
    fn keep(&mut self, found: &[Value]) {
        let come: HashSet<&str> = found.iter().map(id_of).collect();
        self.0.retain(|id| come.contains(id.as_str()));
    }
}

fn id_of(cdr: &Value) -> &str {
    cdr["message_id"].as_str().unwrap_or_default()
}

fn print(cdrs: &[Value], as_json: bool) {
    for cdr in cdrs {
        if as_json {
            say!("{cdr}");
            continue;
        }
        let field = |place: &str| cell(cdr, place);
        let state = match cdr["operator_code"].as_str() {
            Some(operator) => format!("{} by {operator}", field("/state")),
            None => field("/state"),
        };
        say!(
            "{} {} {}: {} to {}, {} segments, {} {}, {state}",
            field("/submitted_at"),
            field("/message_id"),
            field("/account"),
            field("/source"),
            field("/destination"),
            field("/segments"),
            field("/price"),
            field("/currency"),
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_cdr_is_told_once_however_often_it_is_found() {
        let cdr = |id: &str| json!({ "message_id": id });
        let mut told = Told::default();
        assert_eq!(told.untold(vec![cdr("1"), cdr("2")]).len(), 2);
        let found = vec![cdr("2"), cdr("3")];
        told.keep(&found);
        assert_eq!(told.untold(found), [cdr("3")]);
        assert_eq!(told.0.len(), 2, "those that do not come any more are forgotten");
    }
}
