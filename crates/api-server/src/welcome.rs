//! The texts that a server prints at start: a tour if its database is embedded, and the link of the first administrator.

use bootstrap::Settings;
use bootstrap::out::print_line;
use bootstrap::registration::link;
use domain::administration::Invitations;
use domain::deps::Deps;

/// Prints the server's address and a tour of four lines for a shell.
pub(crate) fn print(public_url: &str) {
    print_line(text(public_url));
}

/// Prints the link with which the first account of an empty instance becomes an administrator. Each start of an empty instance
/// makes a new one.
pub(crate) async fn invite_first_administrator(settings: &Settings, deps: &Deps) {
    match Invitations::new(deps.clone()).first_administrator().await {
        Ok(None) => {}
        Ok(Some(issued)) => print_line(format_args!(
            "There is no account yet. Create the first administrator, within a day, at\n\n  {}\n",
            link(settings, &issued.token)
        )),
        Err(error) => tracing::warn!(%error, "inviting the first administrator failed"),
    }
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
