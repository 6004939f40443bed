//! The layer that knows which parameters a query may have: those that the document names.
//!
//! On `/v1` any other is refused, and so are one that is there twice and one without a value: a typing error is never
//! silently ignored. On the paths of existing clients such parameters are ignored, as these clients expect, and counted. The pay
//! pages take whatever providers add to the address that they send somebody back to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{Method, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::existing_clients::EXISTING_CLIENTS;
use crate::metrics;
use crate::pay_pages::PAY_PATHS;
use crate::problem::Problem;

/// Parameters whose value may be empty.
const MAY_BE_EMPTY: [&str; 1] = ["mnc"];

/// The parameters of every route, by method and path.
#[derive(Debug, Default)]
pub(crate) struct KnownParameters(BTreeMap<(String, String), BTreeSet<String>>);

/// The reason why a parameter is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault<'a> {
    Unknown { meant: Option<&'a str> },
    Repeated,
    Empty,
}

impl KnownParameters {
    /// Those of a document.
    pub(crate) fn of(document: &Value) -> Self {
        let mut known = BTreeMap::new();
        for (path, methods) in document["paths"].as_object().into_iter().flatten() {
            for (method, operation) in methods.as_object().into_iter().flatten() {
                let parameters = operation["parameters"].as_array().into_iter().flatten();
                let in_query = parameters.filter(|parameter| parameter["in"] == "query");
                let names =
                    in_query.filter_map(|parameter| parameter["name"].as_str().map(ToOwned::to_owned));
                known.insert((method.to_uppercase(), path.clone()), names.collect());
            }
        }
        Self(known)
    }

    fn of_route(&self, method: &Method, path: &str) -> Option<&BTreeSet<String>> {
        // HEAD is answered by the route of GET (RFC 9110 §9.3.2).
        let method = if method == Method::HEAD { &Method::GET } else { method };
        self.0.get(&(method.to_string(), path.to_owned()))
    }
}

/// Lets a request through whose parameters are known.
pub(crate) async fn check_parameters(
    State(known): State<Arc<KnownParameters>>,
    mut request: Request,
    next: Next,
) -> Response {
    let path = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let names = path.as_deref().and_then(|path| known.of_route(request.method(), path));
    let (Some(path), Some(names), Some(query)) = (&path, names, request.uri().query()) else {
        return next.run(request).await;
    };
    if path.starts_with(PAY_PATHS) {
        return next.run(request).await;
    }
    let (taken, faults) = sorted_out(query, names);
    if !path.starts_with(EXISTING_CLIENTS) {
        return match problem_of(&faults) {
            Some(problem) => problem.into_response(),
            None => next.run(request).await,
        };
    }
    if !faults.is_empty() {
        metrics::count_ignored_parameters(path, faults.len());
        let taken = with_query(request.uri(), &taken);
        *request.uri_mut() = taken;
    }
    next.run(request).await
}

/// The parameters of a query that are taken, as they are, and those that are not, by name.
fn sorted_out<'a>(query: &'a str, known: &'a BTreeSet<String>) -> (Vec<&'a str>, Vec<(String, Fault<'a>)>) {
    let (mut taken, mut faults, mut seen) = (Vec::new(), Vec::new(), BTreeSet::new());
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let name = percent_decode_str(&name.replace('+', " ")).decode_utf8_lossy().into_owned();
        let fault = if !known.contains(&name) {
            let meant = known.iter().find(|known| known.eq_ignore_ascii_case(&name));
            Some(Fault::Unknown { meant: meant.map(String::as_str) })
        } else if !seen.insert(name.clone()) {
            Some(Fault::Repeated)
        } else if value.is_empty() && !MAY_BE_EMPTY.contains(&name.as_str()) {
            Some(Fault::Empty)
        } else {
            None
        };
        match fault {
            Some(fault) => faults.push((name, fault)),
            None => taken.push(parameter),
        }
    }
    (taken, faults)
}

/// The problem that names every parameter that is not taken.
fn problem_of(faults: &[(String, Fault<'_>)]) -> Option<Problem> {
    let message = |fault: &Fault<'_>| match fault {
        Fault::Unknown { meant: Some(meant) } => format!("is no parameter here; did you mean `{meant}`?"),
        Fault::Unknown { meant: None } => "is no parameter here".to_owned(),
        Fault::Repeated => "is there more than once".to_owned(),
        Fault::Empty => "has no value".to_owned(),
    };
    let (name, fault) = faults.first()?;
    let problem = Problem::invalid_request(format!("parameter `{name}` {}", message(fault)));
    Some(faults.iter().fold(problem, |problem, (name, fault)| problem.and_field(name, message(fault))))
}

/// The same address with these parameters alone.
fn with_query(uri: &Uri, parameters: &[&str]) -> Uri {
    let path = uri.path();
    let text =
        if parameters.is_empty() { path.to_owned() } else { format!("{path}?{}", parameters.join("&")) };
    let mut parts = uri.clone().into_parts();
    // What is left out of a query that was read leaves one that can be read.
    let Ok(path_and_query) = PathAndQuery::try_from(text) else { return uri.clone() };
    parts.path_and_query = Some(path_and_query);
    Uri::from_parts(parts).unwrap_or_else(|_| uri.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> BTreeSet<String> {
        ["limit", "country", "mnc"].map(ToOwned::to_owned).into()
    }

    #[test]
    fn what_is_not_documented_is_named() {
        let names = known();
        let faults = |query: &'static str| {
            let (_, faults) = sorted_out(query, &names);
            let problem = problem_of(&faults);
            problem.map(|problem| {
                problem.errors.into_iter().map(|error| (error.field, error.message)).collect::<Vec<_>>()
            })
        };
        assert_eq!(faults("limit=1&country=KE&mnc="), None);
        assert_eq!(faults("&&"), None);
        let named = |field: &str, message: &str| Some(vec![(field.to_owned(), message.to_owned())]);
        assert_eq!(faults("county=KE"), named("county", "is no parameter here"));
        assert_eq!(faults("Country=KE"), named("Country", "is no parameter here; did you mean `country`?"));
        assert_eq!(faults("limit=1&limit=1"), named("limit", "is there more than once"));
        assert_eq!(faults("li%6Dit=1&limit=2"), named("limit", "is there more than once"));
        assert_eq!(faults("country="), named("country", "has no value"));
        assert_eq!(faults("country"), named("country", "has no value"));
        assert_eq!(faults("a=1&b=2").map(|faults| faults.len()), Some(2));
    }

    #[test]
    fn what_is_ignored_leaves_the_rest_as_it_is() {
        let names = known();
        let left = |query: &'static str| {
            let (taken, _) = sorted_out(query, &names);
            let uri: Uri = format!("/api/x/?{query}").parse().unwrap();
            with_query(&uri, &taken).to_string()
        };
        assert_eq!(left("a=1&country=K%45&country=UG"), "/api/x/?country=K%45");
        assert_eq!(left("a=1"), "/api/x/");
    }
}
