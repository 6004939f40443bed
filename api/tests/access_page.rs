//! The page that says who may change what has a line for each field of each request, and none for what is no field.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests stop at a surprise")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tollgate_api::access::{ADMIN, Who};
use tollgate_api::rules::rules;

const PAGE: &str = include_str!("../../docs/access.md");

/// The schemas of the bodies of requests that change something, with the routes that take them.
fn bodies(document: &Value) -> BTreeMap<String, Vec<(String, String)>> {
    let mut bodies: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap().iter().filter(|(method, _)| *method != "get")
        {
            for name in references(&operation["requestBody"]) {
                bodies.entry(name).or_default().push((method.to_uppercase(), path.clone()));
            }
        }
    }
    bodies
}

/// The names of the schemas that a part of the document refers to.
fn references(part: &Value) -> Vec<String> {
    match part {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| match value.as_str().filter(|_| key == "$ref") {
                Some(reference) => vec![reference.rsplit('/').next().unwrap().to_owned()],
                None => references(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

/// The words between backticks of the first column of each row.
fn rows() -> impl Iterator<Item = (Vec<&'static str>, Vec<&'static str>)> {
    PAGE.lines().filter(|line| line.starts_with("| `")).map(|line| {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        (cells[0].split('`').skip(1).step_by(2).collect(), cells)
    })
}

#[test]
fn every_field_of_every_change_has_a_line() {
    let document: Value = serde_json::from_str(&tollgate_api::router::document_text()).unwrap();
    let mut expected = BTreeSet::new();
    let whole: BTreeMap<&str, &str> = rows()
        .flat_map(|(names, cells)| names.into_iter().map(move |name| (name, cells[1])))
        .filter(|(name, _)| !name.contains('.'))
        .collect();
    for (body, routes) in bodies(&document) {
        if let Some(who) = whole.get(body.as_str()) {
            for (method, path) in routes {
                let rule = rules().find(|rule| rule.method == method && rule.path == path).unwrap();
                let is_admin =
                    matches!(rule.who, Who::Roles(roles, _) | Who::RolesOnly(roles) if roles == ADMIN);
                assert_eq!(is_admin, *who == "admins", "{method} {path}");
                assert_eq!(rule.who == Who::Anybody, *who == "anybody", "{method} {path}");
            }
            expected.insert(body);
            continue;
        }
        let fields = document["components"]["schemas"][&body]["properties"].as_object().unwrap();
        expected.extend(fields.keys().map(|field| format!("{body}.{field}")));
    }
    let written: BTreeSet<String> =
        rows().flat_map(|(names, _)| names.into_iter().map(str::to_owned)).collect();
    let missing: Vec<_> = expected.difference(&written).collect();
    let surplus: Vec<_> = written.difference(&expected).collect();
    assert!(missing.is_empty(), "docs/access.md does not say who may set {missing:?}");
    assert!(surplus.is_empty(), "docs/access.md has lines of what is no field: {surplus:?}");
}
