//! The daemon that runs: its clock and its operators.

use serde_json::Value;

use super::finding::Finding;
use crate::failure::Failure;
use crate::table::cell;
use crate::target::{Ask, Target};

/// The findings that only a running daemon can tell; one that says so where none runs.
pub fn findings(target: &Result<Target, Failure>) -> Vec<Finding> {
    const SUBJECT: &str = "daemon";
    let target = match target {
        Ok(target) if target.is_running() => target,
        Ok(_) => {
            return vec![Finding::warning(
                SUBJECT,
                "none runs on the data directory",
                "start it: `tollgate run`",
            )];
        }
        Err(failure) => {
            return vec![Finding::fault(SUBJECT, failure.text(), "run this as its user, or as root")];
        }
    };
    let mut findings = vec![match target.ask(&Ask::Clock) {
        Ok(clock) => clock_finding(&clock.value),
        Err(failure) => Finding::fault(SUBJECT, failure.text(), "look at its log"),
    }];
    let mut operators = Vec::new();
    if let Err(failure) = target.list(&Ask::Operators, |page| operators.extend(page)) {
        findings.push(Finding::fault("operators", failure.text(), "look at the log of the daemon"));
    }
    if operators.is_empty() {
        findings.push(Finding::good("operators", "there are none: messages are charged only"));
    }
    findings.extend(operators.iter().map(|operator| {
        let code = cell(operator, "/code");
        match target.ask(&Ask::OperatorHealth(code.clone())) {
            Ok(health) => operator_finding(&code, &cell(operator, "/status"), &health.value),
            Err(failure) => Finding::fault("operators", failure.text(), "look at the log of the daemon"),
        }
    }));
    findings
}

fn clock_finding(clock: &Value) -> Finding {
    const SUBJECT: &str = "clock";
    match clock["doubt"].as_str() {
        None => Finding::good(SUBJECT, "the clock is believed"),
        Some(doubt) => {
            let text = format!("the clock is not believed, so that nothing expires: {doubt}");
            Finding::fault(SUBJECT, text, "see ops/runbooks/clock.md")
        }
    }
}

fn operator_finding(code: &str, status: &str, health: &Value) -> Finding {
    const SUBJECT: &str = "operators";
    if status == "disabled" {
        return Finding::good(SUBJECT, format!("{code} is disabled"));
    }
    let (links, breaker) = (cell(health, "/links_bound"), cell(health, "/breaker"));
    let remedy = "see ops/runbooks/operator-down.md";
    if links == "0" {
        Finding::fault(SUBJECT, format!("{code} has no bound link"), remedy)
    } else if breaker != "closed" {
        Finding::warning(SUBJECT, format!("{code} has its circuit breaker {breaker}"), remedy)
    } else if status == "draining" {
        let text = format!("{code} is draining, {} messages wait for it", cell(health, "/queued"));
        Finding::warning(SUBJECT, text, format!("`tollgate operators resume {code}` takes it in again"))
    } else {
        Finding::good(SUBJECT, format!("{code} has {links} bound links"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::finding::Level;
    use super::*;

    #[test]
    fn an_operator_without_links_is_a_fault() {
        let health =
            |links: u32, breaker: &str| json!({ "links_bound": links, "breaker": breaker, "queued": 7 });
        let level = |status: &str, health: &Value| operator_finding("UZ", status, health).level;
        assert_eq!(level("active", &health(0, "closed")), Level::Fault);
        assert_eq!(level("active", &health(1, "open")), Level::Warning);
        assert_eq!(level("draining", &health(1, "closed")), Level::Warning);
        assert_eq!(level("active", &health(2, "closed")), Level::Good);
        assert_eq!(level("disabled", &health(0, "closed")), Level::Good);
    }

    #[test]
    fn a_clock_in_doubt_is_a_fault() {
        assert_eq!(clock_finding(&json!({ "doubt": null })).level, Level::Good);
        let doubted = clock_finding(&json!({ "doubt": "the clock has jumped" }));
        assert!(doubted.level == Level::Fault && doubted.text.contains("jumped"), "{doubted:?}");
    }
}
