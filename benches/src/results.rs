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

/// The interval that has the median of all that could have been measured with 95 % certainty, whatever the form of their
/// distribution: between two of the values in order, so many places from either end. `None` of fewer than six values, of which
/// not even the least and the greatest are that far apart.
pub fn median_interval<T: Copy + Ord>(values: impl IntoIterator<Item = T>) -> Option<(T, T)> {
    let mut sorted: Vec<T> = values.into_iter().collect();
    sorted.sort_unstable();
    let count = u32::try_from(sorted.len()).ok().filter(|count| *count < 1_000)?;
    // How likely it is that so few of the values, or fewer, lie below the median: each does with one half.
    let half = 0.5_f64.powi(i32::try_from(count).ok()?);
    let (mut ways, mut likely, mut places) = (1.0, half, 0_u32);
    while likely <= 0.025 {
        places += 1;
        ways = ways * f64::from(count - places + 1) / f64::from(places);
        likely += ways * half;
    }
    let low = usize::try_from(places.checked_sub(1)?).ok()?;
    Some((*sorted.get(low)?, *sorted.get(sorted.len().checked_sub(low + 1)?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_the_median_is_that_of_the_tables() {
        // The ranks of the sign test at 5 %, both sides, as in any table of it.
        for (count, low, high) in
            [(6, 1, 6), (8, 1, 8), (9, 2, 8), (15, 4, 12), (20, 6, 15), (21, 6, 16), (30, 10, 21)]
        {
            assert_eq!(median_interval((1..=count).rev()), Some((low, high)), "{count}");
        }
        for count in 0..6 {
            assert_eq!(median_interval(1..=count), None, "{count} are too few");
        }
    }

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
