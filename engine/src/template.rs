//! A message template: a text in which named placeholders stand for what differs from message to message.
//!
//! `Your code is {code}.` matches every text that begins with `Your code is `, ends with `.`, and has 1 to
//! 160 characters between the two. `{{` and `}}` stand for the braces themselves. Nothing is trimmed, folded
//! or normalised: a text matches character for character.

use std::fmt;
use std::str::{Chars, FromStr};

use thiserror::Error;

mod literal;
#[cfg(test)]
mod tests;

use literal::Literal;

/// A parsed template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    source: Box<str>,
    placeholders: Vec<Box<str>>,
    /// The literal that a text begins with; empty where a placeholder comes first.
    head: Literal,
    /// The literal behind each placeholder. Only the last may be empty.
    behind: Vec<Literal>,
}

/// The reason for which a text is not a template. Positions are counted in characters, from one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// There is nothing in it.
    #[error("the template is empty")]
    Empty,
    /// It has more than [`Template::CHARACTERS_MAX`] characters.
    #[error("the template has more than {} characters", Template::CHARACTERS_MAX)]
    TooLong,
    /// It has more than [`Template::PLACEHOLDERS_MAX`] placeholders.
    #[error("the template has more than {} placeholders", Template::PLACEHOLDERS_MAX)]
    TooManyPlaceholders,
    /// A brace is opened and not closed, or closed and not opened.
    #[error("the brace at character {0} has no other; a brace itself is written twice")]
    Unbalanced(usize),
    /// The text between braces is not a name.
    #[error(
        "the placeholder at character {0} has no name of 1 to {most} letters, digits and underscores",
        most = Template::NAME_CHARACTERS_MAX
    )]
    Name(usize),
    /// Two placeholders have nothing between them that would tell where the first ends.
    #[error("the placeholder at character {0} stands right behind another")]
    SideBySide(usize),
}

impl Template {
    /// The most characters of a template, as it is written.
    pub const CHARACTERS_MAX: usize = 1_600;
    /// The most placeholders of a template.
    pub const PLACEHOLDERS_MAX: usize = 20;
    /// The most characters of a placeholder's name.
    pub const NAME_CHARACTERS_MAX: usize = 64;
    /// The most characters that one placeholder stands for; the least is one.
    pub const FILLING_CHARACTERS_MAX: usize = 160;

    /// Reads a template.
    pub fn parse(source: &str) -> Result<Self, TemplateError> {
        if source.is_empty() {
            return Err(TemplateError::Empty);
        }
        if source.chars().nth(Self::CHARACTERS_MAX).is_some() {
            return Err(TemplateError::TooLong);
        }
        let mut reader = Reader { rest: source.chars(), position: 0 };
        let (mut head, mut placeholders, mut literal) = (None, Vec::new(), Vec::new());
        let mut behind = Vec::new();
        while let Some(piece) = reader.piece()? {
            match piece {
                Piece::Character(character) => literal.push(character),
                Piece::Placeholder { name, at } => {
                    if literal.is_empty() && !placeholders.is_empty() {
                        return Err(TemplateError::SideBySide(at));
                    }
                    if placeholders.len() == Self::PLACEHOLDERS_MAX {
                        return Err(TemplateError::TooManyPlaceholders);
                    }
                    placeholders.push(name.into_boxed_str());
                    let ended = Literal::new(std::mem::take(&mut literal));
                    if head.is_none() { head = Some(ended) } else { behind.push(ended) }
                }
            }
        }
        let last = Literal::new(literal);
        let head = match head {
            None => last,
            Some(head) => {
                behind.push(last);
                head
            }
        };
        Ok(Self { source: source.into(), placeholders, head, behind })
    }

    /// The template as it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The names of the placeholders, in the order of the text. A name may stand in it more than once, and
    /// need not stand for the same each time.
    pub fn placeholders(&self) -> impl ExactSizeIterator<Item = &str> {
        self.placeholders.iter().map(AsRef::as_ref)
    }

    /// True if `text` is the template with every placeholder filled.
    pub fn matches(&self, text: &str) -> bool {
        // One character more than the longest match tells that a text is too long, however long it is.
        self.matches_characters(&text.chars().take(self.longest_match() + 1).collect::<Vec<char>>())
    }

    /// The same for a text in characters, in steps of at most its length for each placeholder.
    ///
    /// What is carried from literal to literal is every place where the text so far can end, because the
    /// leftmost is not enough: a placeholder that takes as little as it can may leave more to the next one
    /// than that can hold.
    pub(crate) fn matches_characters(&self, text: &[char]) -> bool {
        let Some((last, inner)) = self.behind.split_last() else { return self.head.is(text) };
        let Some(last_start) = text.len().checked_sub(last.len()) else { return false };
        if text.len() > self.longest_match() || !self.head.begins(text) || !last.ends(text) {
            return false;
        }
        let mut ends = vec![self.head.len()];
        for literal in inner {
            let starts = literal.starts(text);
            ends = filled(&ends, starts).map(|start| start + literal.len()).collect();
            if ends.is_empty() {
                return false;
            }
        }
        filled(&ends, std::iter::once(last_start)).next().is_some()
    }

    /// Characters of the longest text that can match.
    fn longest_match(&self) -> usize {
        let literals: usize = self.behind.iter().map(Literal::len).sum();
        self.head.len() + literals + self.behind.len() * Self::FILLING_CHARACTERS_MAX
    }
}

/// Those of `starts` that a placeholder reaches from one of `ends`. Both are in ascending order.
fn filled(ends: &[usize], starts: impl Iterator<Item = usize>) -> impl Iterator<Item = usize> {
    let mut ends = ends.iter().copied().peekable();
    starts.filter(move |start| {
        // An end that is too far back for this start is so for all that come.
        while ends.next_if(|end| end + Template::FILLING_CHARACTERS_MAX < *start).is_some() {}
        ends.peek().is_some_and(|end| end < start)
    })
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(source: &str) -> Result<Self, TemplateError> {
        Self::parse(source)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.source)
    }
}

/// A piece of a template as written.
enum Piece {
    Character(char),
    Placeholder { name: String, at: usize },
}

/// Walks over a template as it is written.
struct Reader<'a> {
    rest: Chars<'a>,
    /// Characters that were taken.
    position: usize,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let character = self.rest.next()?;
        self.position += 1;
        Some(character)
    }

    fn piece(&mut self) -> Result<Option<Piece>, TemplateError> {
        let Some(character) = self.next() else { return Ok(None) };
        let at = self.position;
        let doubled = self.rest.clone().next() == Some(character);
        match character {
            '{' | '}' if doubled => {
                self.next();
            }
            '{' => return self.placeholder(at).map(Some),
            '}' => return Err(TemplateError::Unbalanced(at)),
            _ => {}
        }
        Ok(Some(Piece::Character(character)))
    }

    /// The rest of a placeholder whose brace stands at `at`.
    fn placeholder(&mut self, at: usize) -> Result<Piece, TemplateError> {
        let mut name = String::new();
        loop {
            match self.next() {
                Some('}') => break,
                Some(character) if is_of_name(character) && name.len() < Template::NAME_CHARACTERS_MAX => {
                    name.push(character);
                }
                Some(_) => return Err(TemplateError::Name(at)),
                None => return Err(TemplateError::Unbalanced(at)),
            }
        }
        if name.is_empty() { Err(TemplateError::Name(at)) } else { Ok(Piece::Placeholder { name, at }) }
    }
}

/// ASCII only, so that two names that look the same are the same.
fn is_of_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}
