//! What the pages with a form share.

use domain::text::TextProblem;

use crate::page::escaped;

/// `template` with each placeholder replaced by its value. They are given in their order, and each is filled in once, so that a
/// placeholder in a value stays text.
pub(super) fn filled(template: &str, values: &[(&str, &str)]) -> String {
    let (mut page, mut rest) = (String::new(), template);
    for (placeholder, value) in values {
        let Some((before, after)) = rest.split_once(placeholder) else { continue };
        page.push_str(before);
        page.push_str(&escaped(value));
        rest = after;
    }
    page + rest
}

/// `template` without its form, with `message`.
pub(super) fn finished(template: &str, message: &str) -> String {
    let before = template.split("<form").next().unwrap_or_default();
    before.replace("{message}", &escaped(message))
}

/// What is wrong with the typed value of `field`.
pub(super) fn sentence(field: &str, problem: &TextProblem) -> String {
    match problem {
        TextProblem::TooShort(least) => format!("{field} needs at least {least} characters."),
        TextProblem::TooLong(most) => format!("{field} can have at most {most} characters."),
        TextProblem::Pattern(_) => format!("{field} has characters that are not permitted."),
        TextProblem::Value(reason) => format!("{field} {reason}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholder_in_a_value_stays_text() {
        let page = filled("<p>{a}</p><i v=\"{b}\">", &[("{a}", "{b}<"), ("{b}", "\"{a}")]);
        assert_eq!(page, "<p>{b}&lt;</p><i v=\"&quot;{a}\">");
        assert_eq!(finished("<h1>x</h1>{message}<form>y</form>", "a & b"), "<h1>x</h1>a &amp; b");
    }
}
