//! Mistakes in the files, for the people who correct them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Mistakes of one file that are listed; a spreadsheet saved in the wrong format would otherwise fill the
/// screen.
const MOST_PER_FILE: usize = 100;

/// A mistake with its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The path of the file.
    pub file: Arc<str>,
    /// The line, from one; zero where the file as a whole is meant.
    pub line: u32,
    /// The key with the tables around it, or the column; empty where neither applies.
    pub key: String,
    /// The mistake, and the correction where it is known.
    pub message: String,
}

/// `file:line: key: message`.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.message)
    }
}

/// All mistakes by file and line: at most 100 of each file, and the number of further ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems {
    by_file: BTreeMap<Arc<str>, OfFile>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct OfFile {
    told: Vec<Problem>,
    more: usize,
}

impl Problems {
    /// Adds a mistake.
    pub fn add(&mut self, file: &Arc<str>, line: u32, key: impl Into<String>, message: impl Into<String>) {
        let of_file = self.by_file.entry(Arc::clone(file)).or_default();
        if of_file.told.len() == MOST_PER_FILE {
            of_file.more += 1;
            return;
        }
        let problem = Problem { file: Arc::clone(file), line, key: key.into(), message: message.into() };
        // Files are read from the top but for relations between keys, so the place is near the end.
        let at = of_file.told.partition_point(|told| told <= &problem);
        of_file.told.insert(at, problem);
    }

    /// Returns true if there are no mistakes.
    pub fn is_empty(&self) -> bool {
        self.by_file.is_empty()
    }

    /// The number of mistakes, including those that are not listed.
    pub fn count(&self) -> usize {
        self.by_file.values().map(|of_file| of_file.told.len() + of_file.more).sum()
    }

    /// The same mistakes with other names of files, also where messages name them: for readers who know the files by other
    /// names than those that they have on disk.
    #[must_use]
    pub fn with_names(self, rename: impl Fn(&str) -> String) -> Self {
        let mut by_file: BTreeMap<Arc<str>, OfFile> = BTreeMap::new();
        for (file, of_file) in self.by_file {
            let file: Arc<str> = rename(&file).into();
            let renamed = of_file.told.into_iter().map(|problem| Problem {
                file: Arc::clone(&file),
                message: rename(&problem.message),
                ..problem
            });
            let merged = by_file.entry(Arc::clone(&file)).or_default();
            merged.told.extend(renamed);
            merged.told.sort();
            merged.more += of_file.more;
        }
        Self { by_file }
    }

    /// The mistakes that are listed, by file and line.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.by_file.values().flat_map(|of_file| &of_file.told)
    }
}

/// One line for each, and one for each file that has more.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (file, of_file) in &self.by_file {
            for problem in &of_file.told {
                writeln!(f, "{problem}")?;
            }
            if of_file.more > 0 {
                writeln!(f, "{file}: … and {} more", of_file.more)?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_get_other_names_also_in_messages() {
        let mut problems = Problems::default();
        problems.add(&"/srv/a.csv".into(), 2, "price", "see /srv/b.csv:3");
        let shown = problems.with_names(|text| text.replace("/srv/", "")).to_string();
        assert_eq!(shown, "a.csv:2: price: see b.csv:3\n");
    }

    #[test]
    fn sorted_by_file_and_line_and_cut_at_a_hundred() {
        let (a, b): (Arc<str>, Arc<str>) = ("a.csv".into(), "b.toml".into());
        let mut problems = Problems::default();
        assert!(problems.is_empty());
        problems.add(&b, 0, "", "cannot be read");
        for line in (1..=103).rev() {
            problems.add(&a, line, "price", "not a decimal number");
        }
        let lines: Vec<u32> =
            problems.iter().filter(|problem| problem.file == a).map(|problem| problem.line).collect();
        assert!(lines.is_sorted());
        assert_eq!(lines.len(), 100);
        assert_eq!(problems.count(), 104);
        let shown = problems.to_string();
        assert!(shown.starts_with("a.csv:4: price: not a decimal number\n"), "{shown}");
        assert!(shown.ends_with("a.csv: … and 3 more\nb.toml: cannot be read\n"), "{shown}");
    }
}
