//! `tollgate operators`: the operators, their health, and taking them out and in.

use std::path::Path;

use serde_json::{Value, json};
use tollgate_console::{complain, say};
use tollgate_engine::operator::OperatorStatus;

use crate::failure::Failure;
use crate::table::{self, Column, cell};
use crate::target::{Ask, Target, TargetArguments};

/// The arguments of `tollgate operators`.
#[derive(Debug, clap::Args)]
pub struct OperatorsArguments {
    #[command(subcommand)]
    command: Option<OperatorsCommand>,
    #[command(flatten)]
    target: TargetArguments,
}

#[derive(Debug, clap::Subcommand)]
enum OperatorsCommand {
    /// List the operators [default]
    List,
    /// Show the links, breaker, queue and health of each, or of one
    State {
        /// The operator's code [default: all]
        #[arg(value_name = "OPERATOR")]
        code: Option<String>,
    },
    /// Give an operator no new messages, and let it finish those that it has
    Drain {
        /// The operator's code
        #[arg(value_name = "OPERATOR")]
        code: String,
    },
    /// Give an operator messages again
    Resume {
        /// The operator's code
        #[arg(value_name = "OPERATOR")]
        code: String,
    },
}

const COLUMNS: [Column; 6] = [
    ("OPERATOR", "/code"),
    ("NAME", "/name"),
    ("STATUS", "/status"),
    ("PRIORITY", "/priority"),
    ("CURRENCY", "/currency"),
    ("SOURCE", "/source"),
];

const STATE_COLUMNS: [Column; 7] = [
    ("OPERATOR", "/code"),
    ("STATUS", "/status"),
    ("AVAILABLE", "/health/available"),
    ("LINKS", "/health/links_bound"),
    ("BREAKER", "/health/breaker"),
    ("SCORE", "/health/now/score"),
    ("QUEUED", "/health/queued"),
];

/// Lists the operators, shows how they are, or changes the status of one.
pub fn operators(config: &Path, arguments: &OperatorsArguments) -> Result<(), Failure> {
    let target = Target::find(config, &arguments.target)?;
    let as_json = arguments.target.json;
    match &arguments.command {
        None | Some(OperatorsCommand::List) => {
            let operators = all(&target)?;
            table::print(&operators, &COLUMNS, as_json);
            say_if_none(&operators);
            Ok(())
        }
        Some(OperatorsCommand::State { code }) => state(&target, code.as_deref(), as_json),
        Some(OperatorsCommand::Drain { code }) => {
            set_status(&target, code, OperatorStatus::Draining, as_json)
        }
        Some(OperatorsCommand::Resume { code }) => set_status(&target, code, OperatorStatus::Active, as_json),
    }
}

fn state(target: &Target, code: Option<&str>, as_json: bool) -> Result<(), Failure> {
    let mut operators = all(target)?;
    operators.retain(|operator| code.is_none_or(|code| operator["code"] == code));
    if let Some(code) = code.filter(|_| operators.is_empty()) {
        return Err(format!("there is no operator `{code}`").into());
    }
    if target.is_running() {
        for operator in &mut operators {
            let health = Ask::OperatorHealth(cell(operator, "/code"));
            operator["health"] = target.ask(&health)?.value;
        }
    } else {
        complain!("no daemon runs, so that no operator has a link");
    }
    let shown: Vec<Value> = operators
        .iter()
        .map(|operator| {
            json!({ "code": operator["code"], "status": operator["status"], "health": operator["health"] })
        })
        .collect();
    table::print(&shown, &STATE_COLUMNS, as_json);
    say_if_none(&shown);
    Ok(())
}

/// The operators, in the order of their codes.
pub fn all(target: &Target) -> Result<Vec<Value>, Failure> {
    let mut operators = Vec::new();
    target.list(&Ask::Operators, |page| operators.extend(page))?;
    Ok(operators)
}

fn set_status(target: &Target, code: &str, status: OperatorStatus, as_json: bool) -> Result<(), Failure> {
    let operator = target.ask(&Ask::SetOperatorStatus(code.to_owned(), status))?.value;
    if as_json {
        say!("{operator}");
        return Ok(());
    }
    let when = if target.is_running() { "" } else { " from the next start" };
    say!("{}: {}{when}", cell(&operator, "/code"), cell(&operator, "/status"));
    for traffic in operator["unrouted"].as_array().into_iter().flatten() {
        complain!(
            "{} of {} finds no operator now: {} messages of the last day",
            cell(traffic, "/mcc"),
            cell(traffic, "/account"),
            cell(traffic, "/messages")
        );
    }
    Ok(())
}

fn say_if_none(operators: &[Value]) {
    if operators.is_empty() {
        complain!("there are no operators: messages are charged only");
    }
}
