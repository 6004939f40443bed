//! Templates against a matcher that tries everything, and the rules of their syntax.

use proptest::prelude::*;

use super::*;

fn template(source: &str) -> Template {
    Template::parse(source).unwrap_or_else(|error| panic!("{source:?}: {error}"))
}

#[test]
fn placeholders_stand_for_something_and_the_rest_for_itself() {
    let code = "Your code is {code}. Valid {minutes} minutes.";
    for (source, text, expected) in [
        (code, "Your code is 1234. Valid 5 minutes.", true),
        (code, "Your code is 1. Valid. Valid 5 minutes.", true),
        (code, "Your code is . Valid 5 minutes.", false),
        (code, "your code is 1234. Valid 5 minutes.", false),
        (code, "Your code is 1234. Valid 5 minutes. Pay here", false),
        (code, "Hi. Your code is 1234. Valid 5 minutes.", false),
        (code, "Your code is 1234.\nValid 5 minutes.", false),
        (code, "Your code is {code}. Valid {minutes} minutes.", true),
        ("{name}, your order has left", "Zoë, your order has left", true),
        ("{name}, your order has left", ", your order has left", false),
        ("Hello {name}", "Hello Ada\nLovelace", true),
        ("Hello {name}", "Hello ", false),
        ("Hello {name}", "Hello", false),
        ("{everything}", "€", true),
        ("{everything}", "", false),
        ("Thank you", "Thank you", true),
        ("Thank you", "Thank you ", false),
        ("a{x}a", "aa", false),
        ("a{x}a", "aaa", true),
        ("{{{a}}}", "{x}", true),
        ("{{{a}}}", "x", false),
        ("100 %{{}}", "100 %{}", true),
        ("{a}-{a}", "1-2", true),
    ] {
        assert_eq!(template(source).matches(text), expected, "{source:?} and {text:?}");
    }
}

#[test]
fn a_placeholder_stands_for_a_bounded_number_of_characters() {
    let most = Template::FILLING_CHARACTERS_MAX;
    for (count, expected) in [(0, false), (1, true), (most, true), (most + 1, false), (100_000, false)] {
        let filling = "é".repeat(count);
        assert_eq!(template("({x})").matches(&format!("({filling})")), expected, "{count}");
        assert_eq!(template("{x}").matches(&filling), expected, "{count}");
    }
}

/// The first `-` leaves more behind it than one placeholder can stand for, the second does not.
#[test]
fn the_leftmost_place_of_a_literal_is_not_always_the_right_one() {
    let text = format!("a-{}-{}.", "b".repeat(100), "c".repeat(100));
    assert!(template("{x}-{y}.").matches(&text));
    let text = format!("a-{}-{}.", "b".repeat(160), "c".repeat(160));
    assert!(!template("{x}-{y}.").matches(&text));
}

#[test]
fn what_is_no_template_is_told_with_its_place() {
    for (source, expected) in [
        ("", TemplateError::Empty),
        ("a {", TemplateError::Unbalanced(3)),
        ("a {b", TemplateError::Unbalanced(3)),
        ("a }", TemplateError::Unbalanced(3)),
        ("{a}}", TemplateError::Unbalanced(4)),
        ("{}", TemplateError::Name(1)),
        ("é{a b}", TemplateError::Name(2)),
        ("{é}", TemplateError::Name(1)),
        ("{a{b}}", TemplateError::Name(1)),
        ("{a}{b}", TemplateError::SideBySide(4)),
        ("x{a}y{b}{c}", TemplateError::SideBySide(9)),
    ] {
        assert_eq!(Template::parse(source), Err(expected), "{source:?}");
    }
    assert_eq!(Template::parse("a }").unwrap_err().to_string().matches('3').count(), 1);
}

#[test]
fn a_template_is_bounded() {
    let most = Template::CHARACTERS_MAX;
    assert!(Template::parse(&"é".repeat(most)).is_ok());
    assert_eq!(Template::parse(&"é".repeat(most + 1)), Err(TemplateError::TooLong));
    let most = Template::PLACEHOLDERS_MAX;
    assert!(Template::parse(&"{a}-".repeat(most)).is_ok());
    assert_eq!(Template::parse(&"{a}-".repeat(most + 1)), Err(TemplateError::TooManyPlaceholders));
    let named = |letters: usize| format!("{{{}}}", "n".repeat(letters));
    let most = Template::NAME_CHARACTERS_MAX;
    assert!(Template::parse(&named(most)).is_ok());
    assert_eq!(Template::parse(&named(most + 1)), Err(TemplateError::Name(1)));
}

#[test]
fn a_template_says_what_it_is_made_of() {
    let parsed = template("{first}, {{no}} {last_2}");
    assert_eq!(parsed.placeholders().collect::<Vec<_>>(), ["first", "last_2"]);
    assert_eq!((parsed.source(), parsed.to_string().as_str()), ("{first}, {{no}} {last_2}", parsed.source()));
    assert_eq!("{first}, {{no}} {last_2}".parse(), Ok(parsed));
}

/// Every way to fill is tried: slow, and plainly right. `None` is a placeholder.
fn naive(pattern: &[Option<char>], text: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [Some(character), rest @ ..] => text.first() == Some(character) && naive(rest, &text[1..]),
        [None, rest @ ..] => {
            (1..=text.len().min(Template::FILLING_CHARACTERS_MAX)).any(|taken| naive(rest, &text[taken..]))
        }
    }
}

fn written(pattern: &[Option<char>]) -> String {
    let piece = |piece: &Option<char>| match piece {
        None => "{p}".to_owned(),
        Some(brace @ ('{' | '}')) => format!("{brace}{brace}"),
        Some(character) => character.to_string(),
    };
    pattern.iter().map(piece).collect()
}

/// Few letters, so that literals stand in the text again and again, overlapping themselves and each other.
fn letter() -> impl Strategy<Value = char> {
    prop_oneof![6 => Just('a'), 3 => Just('b'), 1 => Just('{'), 1 => Just('}'), 1 => Just('é')]
}

fn pattern() -> impl Strategy<Value = Vec<Option<char>>> {
    let pieces = prop::collection::vec(prop::option::weighted(0.6, letter()), 1..12);
    pieces.prop_map(|mut pieces| {
        pieces.dedup_by(|next, before| next.is_none() && before.is_none());
        pieces
    })
}

/// A text that fills the pattern with anything, some of it longer than a placeholder may be.
fn filled_text(pattern: Vec<Option<char>>) -> impl Strategy<Value = (Vec<Option<char>>, String)> {
    let short = prop::collection::vec(letter(), 0..6);
    let long = (150_usize..170, letter()).prop_map(|(count, letter)| vec![letter; count]);
    let filling = prop_oneof![8 => short, 1 => long];
    let fillings = prop::collection::vec(filling, pattern.len());
    fillings.prop_map(move |fillings| {
        let pieces = pattern.iter().zip(fillings);
        let text = pieces.flat_map(|(piece, filling)| piece.map_or(filling, |character| vec![character]));
        let text = text.collect();
        (pattern.clone(), text)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    #[test]
    fn any_text_matches_as_if_everything_was_tried(
        pattern in pattern(),
        text in prop::collection::vec(letter(), 0..16),
    ) {
        let expected = naive(&pattern, &text);
        prop_assert_eq!(template(&written(&pattern)).matches(&String::from_iter(&text)), expected);
    }

    #[test]
    fn a_filled_template_matches_as_if_everything_was_tried(
        (pattern, text) in pattern().prop_flat_map(filled_text),
    ) {
        let characters: Vec<char> = text.chars().collect();
        // What tries everything takes too long where there is much to try.
        prop_assume!(characters.len() < 60 || pattern.iter().filter(|piece| piece.is_none()).count() < 4);
        let expected = naive(&pattern, &characters);
        prop_assert_eq!(template(&written(&pattern)).matches(&text), expected);
    }

    #[test]
    fn nothing_that_is_written_is_too_much(source in any::<String>(), braces in "[{}a_ ]{0,40}") {
        for source in [source, braces] {
            if let Ok(parsed) = Template::parse(&source) {
                prop_assert_eq!(parsed.source(), source);
            }
        }
    }
}
