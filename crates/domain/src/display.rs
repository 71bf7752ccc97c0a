//! Texts that are shown to other users: they must not change, hide or reorder the text around them.
//!
//! Control characters (Unicode Cc), format characters (Cf: bidirectional controls, invisible characters, tags) and separators of
//! lines and paragraphs (Zl, Zp) are refused. Joiners are permitted where they shape a character: in emoji (👩‍💻), and between
//! letters of scripts that need them (Persian, the scripts of India). Variation selectors, which are not format characters, and
//! flags written with tags (🏴󠁧󠁢󠁳󠁣󠁴󠁿) are permitted too.

use crate::text::{TextProblem, bounded};

/// The problem of a refused name.
const NO_NAME: &str = "must be one line without control or formatting characters";

/// The problem of a refused text.
const NO_TEXT: &str = "must not contain control or formatting characters other than line breaks";

/// The format characters (Cf), and the separators of lines and paragraphs, of Unicode 16.
const FORMAT: &[(char, char)] = &[
    ('\u{AD}', '\u{AD}'),
    ('\u{600}', '\u{605}'),
    ('\u{61C}', '\u{61C}'),
    ('\u{6DD}', '\u{6DD}'),
    ('\u{70F}', '\u{70F}'),
    ('\u{890}', '\u{891}'),
    ('\u{8E2}', '\u{8E2}'),
    ('\u{180E}', '\u{180E}'),
    ('\u{200B}', '\u{200F}'),
    ('\u{2028}', '\u{202E}'),
    ('\u{2060}', '\u{2064}'),
    ('\u{2066}', '\u{206F}'),
    ('\u{FEFF}', '\u{FEFF}'),
    ('\u{FFF9}', '\u{FFFB}'),
    ('\u{110BD}', '\u{110BD}'),
    ('\u{110CD}', '\u{110CD}'),
    ('\u{13430}', '\u{1343F}'),
    ('\u{1BCA0}', '\u{1BCA3}'),
    ('\u{1D173}', '\u{1D17A}'),
    ('\u{E0001}', '\u{E0001}'),
    ('\u{E0020}', '\u{E007F}'),
];

/// The control characters that paragraphs may contain.
const BREAKS: [char; 3] = ['\n', '\r', '\t'];

/// The zero width joiner and non-joiner.
const JOINERS: [char; 2] = ['\u{200C}', '\u{200D}'];

/// The flag that can be followed by tags, and the tag that ends them.
const FLAG: char = '\u{1F3F4}';
const LAST_TAG: char = '\u{E007F}';

/// Checks that `text` is a name of `shortest` to `longest` characters that is safe to show to others.
pub fn name(text: &str, shortest: usize, longest: usize) -> Result<&str, TextProblem> {
    let text = bounded(text, shortest, longest)?;
    if is_harmless(text) { Ok(text) } else { Err(TextProblem::Value(NO_NAME)) }
}

/// Checks that `text` has `shortest` to `longest` characters and is safe to show to others. It may have several lines.
pub fn paragraphs(text: &str, shortest: usize, longest: usize) -> Result<&str, TextProblem> {
    let text = bounded(text, shortest, longest)?;
    let mut lines = text.split(BREAKS);
    if lines.all(is_harmless) { Ok(text) } else { Err(TextProblem::Value(NO_TEXT)) }
}

/// Makes a [`name`] of `text` where nothing can be refused: the first `longest` characters that are safe to show.
pub fn cleaned_name(text: &str, longest: usize) -> String {
    if name(text, 0, longest).is_ok() {
        return text.to_owned();
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    let text: String = words.join(" ").chars().take(longest).collect();
    let text = if is_harmless(&text) { text } else { text.chars().filter(|c| !is_refused(*c)).collect() };
    text.trim().to_owned()
}

/// `text` as [`paragraphs`], without unsafe characters.
pub fn cleaned_paragraphs(text: &str) -> String {
    if paragraphs(text, 0, usize::MAX).is_ok() {
        return text.to_owned();
    }
    text.chars().filter(|c| BREAKS.contains(c) || !is_refused(*c)).collect()
}

/// Whether `text` has a character that is never permitted.
pub fn has_refused(text: &str) -> bool {
    text.chars().any(is_refused)
}

/// Whether every character of `text` is safe in its place.
fn is_harmless(text: &str) -> bool {
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(character) = rest.next() {
        let is_allowed = if JOINERS.contains(&character) {
            // Between ASCII characters a joiner shapes nothing and is only invisible.
            let shapes = |neighbour: Option<char>| neighbour.is_some_and(|c| !c.is_ascii() && !is_refused(c));
            shapes(before) && shapes(rest.peek().copied())
        } else if character == FLAG {
            skip_tags(&mut rest)
        } else {
            !is_refused(character)
        };
        if !is_allowed {
            return false;
        }
        before = Some(character);
    }
    true
}

/// Skips the tags of a flag; returns whether they are valid: none, or up to six letters or digits and the end.
fn skip_tags(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> bool {
    let mut tags = 0;
    while let Some(tag) = rest.next_if(|c| ('\u{E0020}'..=LAST_TAG).contains(c)) {
        match tag {
            LAST_TAG => return (1..=6).contains(&tags),
            '\u{E0030}'..='\u{E0039}' | '\u{E0061}'..='\u{E007A}' => tags += 1,
            _ => return false,
        }
    }
    tags == 0
}

fn is_refused(character: char) -> bool {
    character.is_control() || FORMAT.iter().any(|(first, last)| (*first..=*last).contains(&character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_of_people_and_programs_is_accepted() {
        for good in [
            "Ada Lovelace",
            "O'Brien \"the cat\" – <b>cli</b>",
            "Жанна д’Арк",
            "李小龍",
            "葛\u{E0100}城", // a variant of an ideograph
            "محمد",
            "می\u{200C}خواهم",
            "क्\u{200D}ष",
            "Ada \u{1F469}\u{200D}\u{1F4BB}",
            "\u{1F469}\u{1F3FD}\u{200D}\u{1F680} ❤\u{FE0F}\u{200D}\u{1F525}",
            "1\u{FE0F}\u{20E3} ☺\u{FE0E}",
            "\u{1F3F4} \u{1F3F4}\u{200D}\u{2620}\u{FE0F}",
            "\u{1F3F4}\u{E0067}\u{E0062}\u{E0073}\u{E0063}\u{E0074}\u{E007F}",
            "",
        ] {
            assert_eq!(name(good, 0, 100), Ok(good), "{good:?}");
        }
    }

    #[test]
    fn name_characters_that_change_surrounding_text_are_refused() {
        let around = |c: char| format!("cli{c}x");
        let mut bad: Vec<String> =
            "\n\r\t\u{0}\u{1b}\u{7f}\u{85}\u{9b}\u{ad}\u{61c}\u{180e}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\
            \u{2028}\u{2029}\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}\u{2060}\u{2066}\u{2067}\u{2068}\u{2069}\u{206f}\
            \u{feff}\u{fff9}\u{110bd}\u{1d173}\u{e0001}\u{e0041}\u{e007f}"
                .chars()
                .map(around)
                .collect();
        bad.extend(
            [
                "\u{200D}\u{1F4BB}",
                "\u{1F469}\u{200D}",
                "\u{1F469}\u{200D}\u{200D}\u{1F4BB}",
                "\u{1F469}\u{200D}\u{202E}",
                "é\u{200D}a",
                "\u{1F3F4}\u{E0067}",
                "\u{1F3F4}\u{E007F}",
                "\u{1F3F4}\u{E0041}\u{E007F}",
                "\u{1F3F4}\u{E0067}\u{E0067}\u{E0067}\u{E0067}\u{E0067}\u{E0067}\u{E0067}\u{E007F}",
            ]
            .map(str::to_owned),
        );
        for bad in bad {
            assert!(matches!(name(&bad, 0, 100), Err(TextProblem::Value(_))), "{bad:?}");
        }
        assert_eq!(name("", 1, 100), Err(TextProblem::TooShort(1)));
        assert_eq!(name("abc", 1, 2), Err(TextProblem::TooLong(2)));
    }

    #[test]
    fn paragraphs_have_lines_and_nothing_else_invisible() {
        for (text, is_taken) in [
            ("one\ntwo\r\n\tthree", true),
            ("\n", true),
            ("one\u{202E}two", false),
            ("one\u{2028}two", false),
            ("\u{1F469}\u{200D}\n\u{1F4BB}", false),
            ("one\u{1b}[2J", false),
        ] {
            assert_eq!(paragraphs(text, 0, 500).is_ok(), is_taken, "{text:?}");
        }
    }

    #[test]
    fn cleaned_name_keeps_what_is_safe() {
        for (text, expected) in [
            (" Ada  L", " Ada  L"),
            ("Ada\n Lo\t", "Ada Lo"),
            ("Ada\u{202E} \u{1F469}\u{200D}\u{1F4BB}", "Ada \u{1F469}"),
            ("\u{1F469}\u{200D}\u{1F4BB}", "\u{1F469}\u{200D}\u{1F4BB}"),
            ("a\u{0}b\u{2028}c", "ab c"),
            ("abcdef ghi", "abcdef"),
            ("abcde\u{1F469}\u{200D}\u{1F4BB}", "abcde\u{1F469}"),
            ("\u{200B}", ""),
        ] {
            let cleaned = cleaned_name(text, 7);
            assert_eq!((cleaned.as_str(), name(&cleaned, 0, 7)), (expected, Ok(expected)), "{text:?}");
        }
    }

    #[test]
    fn cleaned_paragraphs_keep_lines() {
        for (text, expected) in [("one\n\ttwo", "one\n\ttwo"), ("one\u{202E}\r\ntwo\u{0}", "one\r\ntwo")] {
            assert_eq!(cleaned_paragraphs(text), expected);
        }
    }
}
