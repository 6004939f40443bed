//! The result of an import, as JSON for a program.

use serde_json::{Value, json};
use tollgate_engine::network::Networks;
use tollgate_engine::time::UnixMicros;
use tollgate_management::tariff_files::PriceMove;
use tollgate_provisioning::WrittenRate;

use super::result::Import;

/// The whole result.
pub fn report(import: &Import<'_>) -> Value {
    let (difference, show, networks) = (&import.difference, import.arguments.show, import.networks);
    let moves = &difference.moves;
    let added = moves.added.iter().take(show).map(|added| {
        let mut value = row(&added.rate, networks);
        value["price_move"] = added.price.as_ref().map_or(Value::Null, moved);
        value
    });
    let changed = moves.changed.iter().take(show).map(|changed| {
        json!({ "before": row(&changed.old, networks), "after": row(&changed.new, networks), "price_move": moved(&changed.price) })
    });
    let outliers = difference.outliers.iter().take(show).map(|outlier| {
        json!({
            "kind": outlier.kind,
            "network": outlier.network.map(|network| network.to_string()),
            "line": outlier.line,
            "message": outlier.message,
        })
    });
    json!({
        "list": import.name,
        "target": import.target.shown(),
        "mapping": import.list.mapping,
        "profile": import.list.profile,
        "file": difference.file,
        "added": moves.added.len(),
        "removed": moves.removed.len(),
        "changed": moves.changed.len(),
        "unchanged": moves.unchanged,
        "flagged": difference.outliers.len(),
        "added_rows": added.collect::<Vec<_>>(),
        "removed_rows": moves.removed.iter().take(show).map(|rate| row(rate, networks)).collect::<Vec<_>>(),
        "changed_rows": changed.collect::<Vec<_>>(),
        "flagged_rows": outliers.collect::<Vec<_>>(),
        "warnings": import.list.warnings,
    })
}

fn row(rate: &WrittenRate, networks: &Networks) -> Value {
    let network = networks.id(rate.network);
    let country = network.and_then(|id| networks.country_of(id));
    let from = (rate.effective_from != UnixMicros::default()).then(|| rate.effective_from.to_rfc3339());
    json!({
        "mcc": format!("{:03}", rate.network.mcc),
        "mnc": rate.network.mnc.map(|mnc| mnc.to_string()),
        "country_name": country.map(|country| &*country.name),
        "operator": network.map(|id| &*networks.get(id).operator),
        "price": rate.price.to_string(),
        "effective_from": from,
        "effective_to": rate.effective_to.map(UnixMicros::to_rfc3339),
        "note": rate.note,
        "line": rate.origin.line,
    })
}

fn moved(price: &PriceMove) -> Value {
    json!({
        "old": price.old.to_string(),
        "new": price.new.to_string(),
        "percent": price.percent.map(|percent| percent.to_string()),
    })
}
