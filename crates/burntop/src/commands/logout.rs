//! `burntop logout`: forgets the token, and revokes it if the server permits it.

use std::io::{self, Write};

use serde::Serialize;

use crate::api::{Api, ApiError};
use crate::context::Context;
use crate::credentials::Credentials;
use crate::failure::Failure;
use crate::files;
use crate::output::{Report, Style, note};

#[derive(Serialize)]
struct LogoutReport {
    was_signed_in: bool,
    /// Whether the server no longer accepts the token.
    is_revoked: bool,
}

impl Report for LogoutReport {
    fn write(&self, out: &mut dyn Write, _style: Style) -> io::Result<()> {
        match (self.was_signed_in, self.is_revoked) {
            (false, _) => writeln!(out, "You were not signed in."),
            (true, true) => writeln!(out, "Signed out."),
            (true, false) => writeln!(
                out,
                "Signed out on this machine. The token is still valid: delete it in the settings of your account."
            ),
        }
    }
}

pub(crate) fn logout(context: &Context) -> Result<(), Failure> {
    let path = context.paths.credentials();
    let credentials = Credentials::load(&path).unwrap_or_else(|failure| {
        note(format_args!("warning: {failure}"));
        None
    });
    // The file is removed in any case: signing out must work without a network.
    let was_signed_in = files::remove(&path)?;
    let is_revoked = credentials.is_some_and(|credentials| revoke(&credentials));
    context.output.print(&LogoutReport { was_signed_in, is_revoked })
}

/// Revokes the token of `credentials`; says whether the server has ended it.
fn revoke(credentials: &Credentials) -> bool {
    let revoked = Api::signed_in(credentials).and_then(|api| match &credentials.token_id {
        Some(id) => api.revoke_token(id),
        None => api.end_session(),
    });
    matches!(revoked, Ok(()) | Err(ApiError::Answered { status: 401 | 404, .. }))
}
