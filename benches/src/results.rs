//! `RESULTS.md`: one section for each kind of measurement, each replaced when it is measured again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

const TITLE: &str = "# Results";
const INTRODUCTION: &str = "Written by `make bench`; each section says what it was measured on. Figures of different \
machines, and of different runs on a machine with other work, do not compare; ratios within one run do.";

/// The file, in the source tree.
pub fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("RESULTS.md")
}

/// Writes `body` under `## heading`, in place of the section of that name, or at the end.
pub fn replace_section(path: &Path, heading: &str, body: &str) -> io::Result<()> {
    let before = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(error),
    };
    fs::write(path, with_section(&before, heading, body))
}

fn with_section(text: &str, heading: &str, body: &str) -> String {
    let mut sections: Vec<(&str, &str)> = text
        .split("\n## ")
        .skip(1)
        .map(|section| section.split_once('\n').unwrap_or((section, "")))
        .collect();
    match sections.iter_mut().find(|(found, _)| *found == heading) {
        Some((_, found)) => *found = body,
        None => sections.push((heading, body)),
    }
    let written = sections.iter().map(|(heading, body)| format!("\n## {heading}\n\n{}\n", body.trim()));
    format!("{TITLE}\n\n{INTRODUCTION}\n{}", written.collect::<String>())
}

/// Rows under headings, in Markdown. Every column but the first is aligned to the right.
pub fn table<const COLUMNS: usize>(headings: [&str; COLUMNS], rows: &[[String; COLUMNS]]) -> String {
    let line = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let rules = (0..COLUMNS).map(|column| if column == 0 { "---" } else { "---:" }).collect();
    let rows = rows.iter().map(|row| line(row.iter().map(String::as_str).collect()));
    [line(headings.to_vec()), line(rules)].into_iter().chain(rows).collect()
}

/// The median; of an even number of values the upper one of the two in the middle, of none zero.
pub fn median<T: Copy + Ord + Default>(values: impl IntoIterator<Item = T>) -> T {
    let mut sorted: Vec<T> = values.into_iter().collect();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_added_or_replaced_and_the_others_stay() {
        let one = with_section("", "Whole path", "first");
        let two = with_section(&one, "Stages", "second\n\n### Part\n\nmore");
        let three = with_section(&two, "Whole path", "third");
        assert!(
            two.contains("\n## Whole path\n\nfirst\n\n## Stages\n\nsecond\n\n### Part\n\nmore\n"),
            "{two}"
        );
        assert_eq!(three, two.replace("first", "third"));
        assert!(three.starts_with("# Results\n\n"));
    }

    #[test]
    fn tables_are_markdown() {
        let rows = [["decode".to_owned(), "35 ns".to_owned()]];
        assert_eq!(table(["stage", "time"], &rows), "| stage | time |\n| --- | ---: |\n| decode | 35 ns |\n");
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median([5, 1, 9]), 5);
        assert_eq!(median([2, 1]), 2);
        assert_eq!(median(Vec::<u64>::new()), 0);
    }
}
