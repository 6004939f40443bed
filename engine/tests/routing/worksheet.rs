//! Reads a worksheet, routes its messages, and compares what happens with what it says.

use tollgate_engine::money::Currency;
use tollgate_engine::operator::OperatorNumber;
use tollgate_engine::routing::{Candidate, CandidateVerdict, Choice, NoRoute, RouteAsk, RouteStage, Routes};
use tollgate_engine::time::UnixMicros;

use crate::setup::{Setup, Words, network_code};

/// The result of a worksheet.
#[derive(Default)]
pub struct Outcome {
    /// The number of messages that it lists.
    pub messages: usize,
    /// `file:line: what is wrong`.
    pub differences: Vec<String>,
}

/// Works through a sheet from its first line to its last.
pub fn check(name: &str, sheet: &str) -> Outcome {
    let (mut setup, mut outcome) = (Setup::default(), Outcome::default());
    for (line, number) in sheet.lines().map(str::trim).zip(1..) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let result = if let Some((message, due)) = line.split_once("=>") {
            outcome.messages += 1;
            happens(&setup, message).and_then(|happened| compare(due, &happened))
        } else {
            setup.set_up(line)
        };
        if let Err(problem) = result {
            outcome.differences.push(format!("{name}:{number}: {problem}"));
        }
    }
    outcome
}

fn compare(due: &str, happened: &str) -> Result<(), String> {
    let due = cells(due).join(" | ");
    if due == happened { Ok(()) } else { Err(format!("due is `{due}`, but it is `{happened}`")) }
}

fn cells(row: &str) -> Vec<&str> {
    row.split('|').map(str::trim).collect()
}

/// Routes one message and says what happened, in the worksheet's words.
fn happens(setup: &Setup, message: &str) -> Result<String, String> {
    let [time, account, network, price, message] = cells(message)[..] else {
        return Err("a message is `time | account | network | price | message`".to_owned());
    };
    let mut price = Words(price.split_whitespace());
    let (price, currency) = (price.parse()?, price.read(Currency::new)?);
    let (routes, networks) = setup.routes(currency)?;
    let code = network_code(network);
    let network = code.and_then(|code| networks.id(code)).ok_or_else(|| format!("no network `{network}`"))?;
    let mut words = Words(message.split_whitespace());
    let segments = words.parse()?;
    let (mut source, mut data_coding, mut spread) = ("", 0, 0);
    let (mut tried, mut stage): (Vec<OperatorNumber>, _) = (Vec::new(), RouteStage::Submit);
    while let Some(word) = words.0.next() {
        match word {
            "from" => source = words.word()?,
            "coding" => data_coding = words.parse()?,
            "spread" => spread = words.parse()?,
            "tried" => tried = words.list(|code| setup.number(code))?,
            "resend" => stage = RouteStage::Resend,
            other => return Err(format!("a message has no `{other}`")),
        }
    }
    let ask = RouteAsk {
        network,
        account,
        source: source.as_bytes(),
        data_coding,
        segments,
        price,
        currency,
        now: UnixMicros::parse(time).ok_or_else(|| format!("`{time}` is no time"))?,
        spread,
        tried: &tried,
        stage,
    };
    Ok(describe(&routes, routes.choose(&ask, setup), &routes.explain(&ask, setup)))
}

fn describe(routes: &Routes, chosen: Result<Choice, NoRoute>, explained: &[Candidate]) -> String {
    let code = |number| routes.operator(number).map_or("?", |operator| &operator.code);
    let outcome = match chosen {
        Ok(Choice { operator, above_price: false, .. }) => format!("to {}", code(operator)),
        Ok(Choice { operator, above_price: true, .. }) => format!("to {} above price", code(operator)),
        Err(NoRoute::NoCandidate) => "no_candidate".to_owned(),
        Err(NoRoute::AbovePrice) => "above_price".to_owned(),
    };
    let (mut ranking, mut refused) = (Vec::new(), Vec::new());
    for candidate in explained {
        let code = code(candidate.operator);
        match candidate.verdict {
            CandidateVerdict::Refused(refusal) => refused.push(format!("{code} {}", refusal.name())),
            CandidateVerdict::Chosen | CandidateVerdict::Eligible => {
                let cost = candidate.cost.and_then(|cost| cost.in_account_currency);
                ranking.push(cost.map_or_else(|| format!("{code} ?"), |cost| format!("{code} {cost}")));
            }
        }
    }
    let list = |entries: Vec<String>| {
        if entries.is_empty() { "-".to_owned() } else { entries.join(", ") }
    };
    [outcome, list(ranking), list(refused)].join(" | ")
}
