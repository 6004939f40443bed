//! Metrics of requests: their number, the status of responses and their duration.
//!
//! Label sets are bounded: a route is a path as it is registered, never as somebody asked for it.

use std::time::Duration;

use axum::http::{Method, StatusCode};
use metrics::{counter, histogram};

use crate::existing_clients::EXISTING_CLIENTS;
use crate::rules::rules;

const REQUESTS: &str = "tollgate_api_requests_total";
const DURATION: &str = "tollgate_api_request_duration_seconds";

const IGNORED_PARAMETERS: &str = "tollgate_api_ignored_parameters_total";

/// Stands for every path that is no route.
const NO_ROUTE: &str = "none";

/// The statuses of our own faults.
const FAULTS: [StatusCode; 3] =
    [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::SERVICE_UNAVAILABLE, StatusCode::GATEWAY_TIMEOUT];

/// Begins to count faults at zero, so that a rate over them sees the first one.
pub fn begin() {
    for rule in rules() {
        for status in FAULTS {
            requests(rule.path.to_owned(), rule.method, status).absolute(0);
        }
        if rule.path.starts_with(EXISTING_CLIENTS) {
            counter!(IGNORED_PARAMETERS, "route" => rule.path).absolute(0);
        }
    }
}

/// Counts parameters that an existing client sent and that its route does not have.
pub fn count_ignored_parameters(route: &str, parameters: usize) {
    counter!(IGNORED_PARAMETERS, "route" => route.to_owned()).increment(parameters as u64);
}

/// Counts a request whose answer begins. `path` is its route's.
pub fn count(path: Option<String>, method: &Method, status: StatusCode, took: Duration) {
    let route = path.unwrap_or_else(|| NO_ROUTE.to_owned());
    histogram!(DURATION, "route" => route.clone()).record(took);
    requests(route, name_of(method), status).increment(1);
}

fn requests(route: String, method: &'static str, status: StatusCode) -> metrics::Counter {
    counter!(REQUESTS, "route" => route, "method" => method, "status" => status.as_u16().to_string())
}

/// Methods have any name that a client gives them.
fn name_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_make_no_labels() {
        assert_eq!(name_of(&Method::PATCH), "PATCH");
        assert_eq!(name_of(&Method::from_bytes(b"BREW").unwrap()), "other");
        assert_eq!(name_of(&Method::from_bytes(b"get").unwrap()), "other");
    }

    #[test]
    fn every_method_of_a_route_has_its_name() {
        for rule in rules() {
            let method = Method::from_bytes(rule.method.as_bytes()).unwrap();
            assert_eq!(name_of(&method), rule.method, "{}", rule.path);
        }
    }
}
