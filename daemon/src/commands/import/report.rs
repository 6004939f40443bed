//! The result of an import, as text for a person.

use tollgate_engine::network::Networks;
use tollgate_engine::time::UnixMicros;
use tollgate_management::tariff_files::PriceMove;
use tollgate_provisioning::WrittenRate;
use tollgate_provisioning::import::{Mapping, network_label};

use super::result::Import;
use tollgate_console::say;

/// Prints all that people should look at.
pub fn print(import: &Import<'_>) {
    print_mapping(&import.name, &import.list.mapping);
    print_difference(import);
    for warning in &import.list.warnings {
        say!("warning     {}{}", place(warning.line), warning.message);
    }
    for outlier in import.difference.outliers.iter().take(import.arguments.show) {
        say!("flagged     {}{}", place(outlier.line), outlier.message);
    }
    more(import.difference.outliers.len(), import.arguments.show, "flagged");
}

fn place(line: u32) -> String {
    if line == 0 { String::new() } else { format!("line {line}: ") }
}

fn more(count: usize, shown: usize, what: &str) {
    if count > shown {
        say!("            and {} more {what}; --show shows them", count - shown);
    }
}

/// Prints the meaning that a list was read with.
pub fn print_mapping(name: &str, mapping: &Mapping) {
    let kind = match (&mapping.sheet, &mapping.delimiter) {
        (Some(sheet), _) => format!("workbook, sheet {sheet}"),
        (None, Some(delimiter)) => format!("{} text with `{delimiter}` between cells", mapping.encoding),
        (None, None) => mapping.encoding.clone(),
    };
    let header = match mapping.header_line {
        0 => "no header".to_owned(),
        line => format!("header in line {line}"),
    };
    say!("list        {name}: {kind}, {header}, {} rows", mapping.rows);
    for column in &mapping.columns {
        let field = column.field.as_deref().unwrap_or("left out");
        let sample =
            if column.sample.is_empty() { String::new() } else { format!(" (such as {})", column.sample) };
        say!("column      {} -> {field}{sample}", column.header);
    }
    let mut formats = vec![
        format!("currency {} from {}", mapping.currency, mapping.currency_from),
        format!("price unit {}", mapping.price_unit),
    ];
    let named = [
        ("decimal mark", &mapping.decimal_mark),
        ("day order", &mapping.day_order),
        ("time zone", &mapping.time_zone),
        ("end date", &mapping.end_date),
    ];
    formats.extend(named.into_iter().filter_map(|(what, word)| Some(format!("{what} {}", word.as_ref()?))));
    formats.push(format!("content {}", mapping.content));
    say!("formats     {}", formats.join(", "));
    if mapping.ignored > 0 {
        let lines: Vec<String> = mapping.ignored_lines.iter().map(u32::to_string).collect();
        let more = if mapping.ignored > lines.len() as u64 { " and more" } else { "" };
        say!("no rates    lines {}{more}", lines.join(", "));
    }
}

fn print_difference(import: &Import<'_>) {
    let (difference, show) = (&import.difference, import.arguments.show);
    let moves = &difference.moves;
    say!(
        "difference  {} in {}: {} added, {} removed, {} changed, {} unchanged",
        import.target.shown(),
        difference.file,
        moves.added.len(),
        moves.removed.len(),
        moves.changed.len(),
        moves.unchanged
    );
    for added in moves.added.iter().take(show) {
        say!(
            "added       {}{}",
            row(&added.rate, import.networks),
            added.price.as_ref().map(moved).unwrap_or_default()
        );
    }
    more(moves.added.len(), show, "added");
    for removed in moves.removed.iter().take(show) {
        say!("removed     {}", row(removed, import.networks));
    }
    more(moves.removed.len(), show, "removed");
    for changed in moves.changed.iter().take(show) {
        say!("changed     {}{}", row(&changed.new, import.networks), moved(&changed.price));
    }
    more(moves.changed.len(), show, "changed");
}

/// A row with the country and the name of its network.
fn row(rate: &WrittenRate, networks: &Networks) -> String {
    let label = network_label(networks, rate.network);
    let from = if rate.effective_from == UnixMicros::default() {
        String::new()
    } else {
        format!(" from {}", rate.effective_from.to_rfc3339())
    };
    let to = rate.effective_to.map(|to| format!(" to {}", to.to_rfc3339())).unwrap_or_default();
    let has_note = !rate.note.is_empty() && rate.note != label;
    let note = if has_note { format!(" ({})", rate.note) } else { String::new() };
    let label = if label.is_empty() { label } else { format!(" {label}") };
    format!("{}{label} {}{from}{to}{note}", rate.network, rate.price)
}

fn moved(price: &PriceMove) -> String {
    if price.old == price.new {
        return String::new();
    }
    let percent = price.percent.map(|percent| format!(", {percent:+} %")).unwrap_or_default();
    format!(": was {}{percent}", price.old)
}
