//! `burntop logout`: forgets the token, and ends it on the server if the server permits that.

use std::io::{self, Write};

use serde::Serialize;

use crate::api::{Api, ApiError, ServerUrl};
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
    /// The token that the server still accepts.
    left_token: Option<LeftToken>,
}

#[derive(Serialize)]
struct LeftToken {
    server: ServerUrl,
    /// Null if `login` has not made the token, or it is that of a session.
    id: Option<String>,
    reason: String,
}

impl Report for LogoutReport {
    fn write(&self, out: &mut dyn Write, _style: Style) -> io::Result<()> {
        if !self.was_signed_in {
            return writeln!(out, "You were not signed in.");
        }
        if self.is_revoked {
            return writeln!(out, "Signed out. The server no longer accepts the token.");
        }
        writeln!(out, "Signed out on this machine.")?;
        let Some(LeftToken { server, id, reason }) = &self.left_token else { return Ok(()) };
        writeln!(out, "The token is still valid. {reason}")?;
        match id {
            Some(id) => writeln!(out, "To end it, send DELETE {server}/api/v1/auth/tokens/{id} with a new session.")?,
            None => writeln!(out, "To end it, find it with a new session at GET {server}/api/v1/auth/tokens.")?,
        }
        writeln!(out, "\"Sign out\" in docs/BURNTOP.md has the commands.")
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
    let revoked = credentials.map(|credentials| (revoke(&credentials), credentials));
    let is_revoked = matches!(revoked, Some((Ok(()), _)));
    let left_token = revoked.and_then(|(revoked, credentials)| {
        let reason = revoked.err()?.to_string();
        Some(LeftToken { server: credentials.server, id: credentials.token_id, reason })
    });
    context.output.print(&LogoutReport { was_signed_in, is_revoked, left_token })
}

/// Ends the token of `credentials` on the server. An API token may not end itself on servers that require a session for that.
fn revoke(credentials: &Credentials) -> Result<(), ApiError> {
    let revoked = Api::signed_in(credentials).and_then(|api| match &credentials.token_id {
        Some(id) => api.revoke_token(id),
        None => api.end_session(),
    });
    match revoked {
        // It ended before.
        Err(ApiError::Answered { status: 401 | 404, .. }) => Ok(()),
        revoked => revoked,
    }
}
