//! The text that a server with an embedded database prints at start.

use bootstrap::out::print_line;

/// Prints the server's address and a tour of four lines for a shell.
pub(crate) fn print(public_url: &str) {
    print_line(text(public_url));
}

fn text(url: &str) -> String {
    format!(
        r#"
burntop is ready at {url}
Documentation of the API: {url}/docs

A tour, from the directory of the repository:

  API={url}/api/v1; ME=me_$RANDOM
  TOKEN=$(curl -s $API/auth/register --json '{{"email":"'$ME'@example.org","password":"correct horse","username":"'$ME'"}}' | sed 's/.*"token":"\([^"]*\)".*/\1/')
  curl -s $API/sync -H "Authorization: Bearer $TOKEN" --json @tests/samples/sync-claude-code.json
  curl -s $API/dashboard/overview -H "Authorization: Bearer $TOKEN"

Stop with Ctrl-C.
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn welcome_tour_uses_public_url() {
        let text = text("http://127.0.0.1:8123");
        assert_eq!(text.matches("http://127.0.0.1:8123").count(), 3);
        assert_eq!(text.lines().filter(|line| line.starts_with("  ")).count(), 4);
    }
}
