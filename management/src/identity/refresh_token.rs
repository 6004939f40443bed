//! Refresh tokens: `tr_`, the session's name, `_`, the family, and what is new in each.
//!
//! The family is random, and the same in all tokens of one session. So a token that was used before is told from one that
//! somebody has made up for a session whose name is known: names of sessions are in access tokens and in the audit log.

use tollgate_api::problem::Problem;

use super::random;

/// Characters of a family, of five bits each.
const FAMILY_CHARACTERS: usize = 26;
/// Characters of what is new in each token, of five bits each.
const FRESH_CHARACTERS: usize = 52;

/// A refresh token of a form that is given out.
pub struct RefreshToken {
    /// The token in clear.
    pub text: String,
    /// The place at which the family begins.
    family_at: usize,
}

/// Not printed: the token goes on with a session.
impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefreshToken(…)")
    }
}

impl RefreshToken {
    /// The first token of a session.
    pub fn first(session: &str) -> Result<Self, Problem> {
        Self::new(session, &random::text::<FAMILY_CHARACTERS>()?)
    }

    /// The token that takes the place of this one. One of an earlier version, which had no family, begins one.
    pub fn next(&self) -> Result<Self, Problem> {
        if self.family().len() == FAMILY_CHARACTERS {
            return Self::new(&self.session(), self.family());
        }
        Self::first(&self.session())
    }

    fn new(session: &str, family: &str) -> Result<Self, Problem> {
        let head = format!("tr_{}_", session.trim_start_matches("ses_"));
        let fresh = random::text::<FRESH_CHARACTERS>()?;
        Ok(Self { family_at: head.len(), text: format!("{head}{family}{fresh}") })
    }

    /// A token as somebody sent it; `None` if it has not the form of one.
    pub fn read(text: &str) -> Option<Self> {
        let (session, _) = text.strip_prefix("tr_")?.split_once('_')?;
        Some(Self { family_at: "tr_".len() + session.len() + "_".len(), text: text.to_owned() })
    }

    /// The id of the session that the token names.
    pub fn session(&self) -> String {
        let name = self.text.get("tr_".len()..self.family_at.saturating_sub(1)).unwrap_or_default();
        format!("ses_{name}")
    }

    /// The part that the token has in common with the others of its session; empty where it is too short to have it.
    pub fn family(&self) -> &str {
        let rest = self.text.get(self.family_at..).unwrap_or_default();
        if rest.len() != FAMILY_CHARACTERS + FRESH_CHARACTERS {
            return "";
        }
        rest.get(..FAMILY_CHARACTERS).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tokens_of_a_session_have_its_name_and_their_family_in_common() {
        let first = RefreshToken::first("ses_abc").unwrap();
        let next = first.next().unwrap();
        assert_ne!(first.text, next.text);
        assert_eq!((first.session(), next.session()), ("ses_abc".to_owned(), "ses_abc".to_owned()));
        assert_eq!(first.family(), next.family());
        let read = RefreshToken::read(&next.text).unwrap();
        assert_eq!((read.session(), read.family()), (next.session(), next.family()));
        assert_ne!(RefreshToken::first("ses_abc").unwrap().family(), first.family());
    }

    #[test]
    fn what_was_made_up_has_no_family() {
        for text in ["tr_abc_x", "tr_abc_", &format!("tr_abc_{}", "é".repeat(40))] {
            let read = RefreshToken::read(text).unwrap();
            assert_eq!((read.session().as_str(), read.family()), ("ses_abc", ""), "{text}");
        }
        for garbage in ["", "tr_", "tr_abc", "tg_abc_def", "abc_def"] {
            assert!(RefreshToken::read(garbage).is_none(), "{garbage}");
        }
    }

    #[test]
    fn a_token_of_an_earlier_version_begins_a_family() {
        let earlier = RefreshToken::read(&format!("tr_abc_{}", "q".repeat(FRESH_CHARACTERS))).unwrap();
        let next = earlier.next().unwrap();
        assert_eq!((earlier.family(), next.family().len()), ("", FAMILY_CHARACTERS));
        assert_eq!(next.session(), "ses_abc");
    }
}
