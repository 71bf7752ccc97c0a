//! `burntop whoami`: the account of the sign-in, as the server knows it.

use std::io::{self, Write};

use serde::Serialize;

use crate::api::{Account, Api, ServerUrl};
use crate::context::Context;
use crate::credentials::Credentials;
use crate::failure::Failure;
use crate::output::{Report, Style};

#[derive(Serialize)]
struct WhoamiReport {
    server: ServerUrl,
    #[serde(flatten)]
    account: Account,
}

impl Report for WhoamiReport {
    fn write(&self, out: &mut dyn Write, style: Style) -> io::Result<()> {
        writeln!(out, "{} on {}", style.bold(&self.account.username), self.server)
    }
}

pub(crate) fn whoami(context: &Context) -> Result<(), Failure> {
    let credentials = Credentials::require(&context.paths.credentials())?;
    let account = Api::signed_in(&credentials)?.me()?;
    context.output.print(&WhoamiReport { server: credentials.server, account })
}
