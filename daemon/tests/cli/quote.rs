//! `tollgate quote --route` and what `tollgate check` says of operators, as people see them.

use crate::support::sandbox::{Sandbox, run};
use serde_json::{Value, json};

const KENYA: &str = "254722000001";
const ETHIOPIA: &str = "251911000001";
const FRANCE: &str = "33612345678";

const CONDITIONS: &str =
    "offline: every operator counts as up and healthy, and draws by weight differ from message to message";

/// The shipped config with its sample operators, and with these lines in `[routing]`.
fn with_operators(routing: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    for line in ["# [operators]", "# file = \"operators.toml\"", "# exchange_rates = "] {
        sandbox.replace("tollgate.toml", line, &line[2..]);
    }
    for line in routing.lines() {
        sandbox.set("routing", line);
    }
    sandbox
}

/// The lines of a quote from the route on.
fn route(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let mut quote = sandbox.tollgate("quote");
    quote.args(["--account", "biz_test_001", "--text", "hello", "--at", "2026-11-21", "--route"]);
    let finished = run(quote.args(arguments));
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let (_, route) = finished.stdout.split_once("\nroute ").expect("the route is shown");
    format!("route {route}")
}

#[track_caller]
fn expect_route(sandbox: &Sandbox, to: &str, expected: &[&str]) {
    let shown = route(sandbox, &["--to", to]);
    let (heading, table) = shown.split_once('\n').expect("lines");
    assert_eq!(heading, format!("route       {CONDITIONS}"));
    assert_eq!(table.lines().map(str::trim_start).collect::<Vec<_>>(), expected, "{shown}");
}

#[test]
fn operators_are_shown_in_their_order() {
    expect_route(
        &with_operators(""),
        KENYA,
        &[
            "rank  operator  verdict                        cost        margin",
            "1  alpha     chosen                   0.0142 USD    0.0058 USD",
            "2  beta      eligible  0.0126 EUR = 0.013766 USD  0.006234 USD",
        ],
    );
}

#[test]
fn the_cheaper_one_comes_first_where_costs_count() {
    let sandbox = with_operators("strategy = \"least_cost\"");
    let shown = route(&sandbox, &["--to", KENYA]);
    let chosen = shown.lines().find(|line| line.contains("chosen")).unwrap();
    assert!(chosen.contains("beta"), "{shown}");
}

#[test]
fn every_operator_that_cannot_take_it_says_why() {
    expect_route(
        &with_operators("margin_guard = \"reroute\""),
        FRANCE,
        &[
            "rank  operator  verdict                                cost        margin",
            "1  beta      chosen              0.03 EUR = 0.032775 USD  0.017225 USD",
            "-  alpha     network_not_served                        -             -",
        ],
    );
    expect_route(
        &with_operators("margin_guard = \"reroute\""),
        ETHIOPIA,
        &[
            "rank  operator  verdict                         cost         margin",
            "1  alpha     chosen                    0.0212 USD     0.0068 USD",
            "-  beta      above_price  0.03 EUR = 0.032775 USD  -0.004775 USD",
        ],
    );
}

#[test]
fn a_message_that_no_operator_may_take_is_said_to_be_refused() {
    let sandbox = with_operators("margin_guard = \"refuse\"");
    sandbox.replace("operators.toml", "base_cost = \"0.03\"", "base_cost = \"0.06\"");
    expect_route(
        &sandbox,
        FRANCE,
        &[
            "rank  operator  verdict                               cost        margin",
            "-  beta      above_price         0.06 EUR = 0.06555 USD  -0.01555 USD",
            "-  alpha     network_not_served                       -             -",
            "refused     above_price (command_status 0x0000000B)",
        ],
    );
    for currency in ["currency = \"USD\"", "currency = \"EUR\""] {
        sandbox.replace("operators.toml", currency, &format!("{currency}\nstatus = \"draining\""));
    }
    expect_route(
        &sandbox,
        KENYA,
        &[
            "rank  operator  verdict                        cost        margin",
            "-  alpha     draining                 0.0142 USD    0.0058 USD",
            "-  beta      draining  0.0126 EUR = 0.013766 USD  0.006234 USD",
            "refused     no_route (command_status 0x0000000B)",
        ],
    );
}

#[test]
fn programs_get_the_same() {
    let sandbox = with_operators("");
    let mut quote = sandbox.tollgate("quote");
    quote.args(["--account", "biz_test_001", "--to", KENYA, "--at", "2026-11-21", "--route", "--json"]);
    let finished = run(&mut quote);
    let quoted: Value = serde_json::from_str(&finished.stdout).expect("JSON");
    assert_eq!(
        quoted["route"],
        json!({
            "conditions": CONDITIONS,
            "candidates": [
                {
                    "rank": 1,
                    "operator": "alpha",
                    "verdict": "chosen",
                    "cost": { "amount": "0.0142", "currency": "USD", "in_account_currency": "0.0142" },
                    "margin": "0.0058",
                },
                {
                    "rank": 2,
                    "operator": "beta",
                    "verdict": "eligible",
                    "cost": { "amount": "0.0126", "currency": "EUR", "in_account_currency": "0.013766" },
                    "margin": "0.006234",
                },
            ],
            "refusal": null,
        })
    );
}

#[test]
fn a_message_that_is_only_charged_has_no_route() {
    let shown = route(&Sandbox::new(), &["--to", KENYA]);
    assert_eq!(
        shown,
        "route       none: the account sets no delivery, and the default is charge_only, so the message is only charged\n"
    );
    let sandbox = with_operators("");
    sandbox.replace("plans.toml", "name = \"starter\"", "name = \"starter\"\ndelivery = \"charge_only\"");
    let shown = route(&sandbox, &["--to", KENYA]);
    assert_eq!(
        shown,
        "route       none: the account sets no delivery, and that of its plan is charge_only, so the message is only charged\n"
    );
    let checked = run(&mut sandbox.tollgate("check"));
    let line = "delivery: messages of 1 accounts go to operators, those of 1 are only charged";
    assert!(checked.stdout.contains(line), "{checked:?}");
    let sandbox = with_operators("");
    sandbox.replace("accounts.toml", "opening_balance = \"1000.00\"", "delivery = \"charge_only\"");
    let shown = route(&sandbox, &["--to", KENYA]);
    assert_eq!(
        shown,
        "route       none: the account's delivery is charge_only, so the message is only charged\n"
    );
}

#[test]
fn check_names_the_operators() {
    let check = |sandbox: &Sandbox| run(&mut sandbox.tollgate("check"));
    let checked = check(&with_operators("strategy = \"least_cost\"\nmargin_guard = \"alert\""));
    assert_eq!(
        checked.stdout.lines().nth(1),
        Some(
            "2 operators: alpha (active, 127.0.0.1:2776), beta (active, 127.0.0.1:2777); \
             strategy least_cost, margin guard alert, 0 rules"
        ),
        "{checked:?}"
    );
    let checked = check(&Sandbox::new());
    assert_eq!(
        checked.stdout.lines().skip(1).take(2).collect::<Vec<_>>(),
        [
            "no operators",
            "delivery: messages of 0 accounts go to operators, those of 2 are only charged; by default charge_only \
             (kept from the first start on)"
        ]
    );
    let sandbox = with_operators("margin_guard = \"alert\"");
    sandbox.replace("exchange_rates.csv", "EUR,USD,1.085,,\n", "");
    sandbox.replace("exchange_rates.csv", "EUR,USD,1.0925", "EUR,GBP,0.86");
    let checked = check(&sandbox);
    assert_eq!(checked.code, Some(1), "{checked:?}");
    assert!(checked.stderr.contains("no exchange rate between EUR and USD"), "{checked:?}");
}
