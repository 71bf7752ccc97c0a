//! The rule that decides whether a new account may be created.

use std::collections::BTreeSet;

use super::error::IdentityError;
use super::invitation::Invitation;
use super::registration::Applicant;

/// Who can create an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RegistrationMode {
    #[default]
    Open,
    /// Accounts need an invitation.
    Invite,
    Closed,
}

/// The limits on new accounts, which the operator sets. Existing accounts keep signing in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RegistrationPolicy {
    pub mode: RegistrationMode,
    /// Permitted domains of email addresses, in lower case and ASCII.
    pub email_domains: BTreeSet<String>,
    /// Permitted organizations at sign-in providers, in the form of [`ExternalAccount::organizations`] and in lower case.
    ///
    /// [`ExternalAccount::organizations`]: super::ExternalAccount::organizations
    pub organizations: BTreeSet<String>,
    /// Whether profiles of new accounts are private.
    pub are_profiles_private: bool,
}

impl RegistrationPolicy {
    /// Whether it refuses any new account.
    pub(super) fn limits_accounts(&self) -> bool {
        self.mode != RegistrationMode::Open || !self.is_for_everyone()
    }

    fn is_for_everyone(&self) -> bool {
        self.email_domains.is_empty() && self.organizations.is_empty()
    }

    /// Fails unless an account of `applicant` may be created. `invitation` is valid, and permits the address.
    ///
    /// Where domains or organizations are listed, an account needs one of them. An invitation for the very address needs none, and
    /// the invitation of the first administrator is accepted in every mode. An invitation that is not valid is refused where none is
    /// needed too: the account would not be what its link promises.
    pub(super) fn authorize(
        &self,
        applicant: Applicant<'_>,
        invitation: Option<&Invitation>,
    ) -> Result<(), IdentityError> {
        if invitation.is_some_and(|invitation| invitation.is_for_administrator) {
            return Ok(());
        }
        match (self.mode, invitation) {
            (RegistrationMode::Closed, _) => return Err(IdentityError::RegistrationClosed),
            (_, None) if applicant.invitation.is_some() => return Err(IdentityError::InvalidInvitation),
            (RegistrationMode::Invite, None) => return Err(IdentityError::InvitationRequired),
            (RegistrationMode::Invite | RegistrationMode::Open, _) => {}
        }
        let is_for_address = invitation.is_some_and(|invitation| invitation.email.is_some());
        if is_for_address || self.fits(applicant) { Ok(()) } else { Err(IdentityError::NotPermitted) }
    }

    fn fits(&self, applicant: Applicant<'_>) -> bool {
        if self.is_for_everyone() {
            return true;
        }
        let domain = applicant.email.and_then(|email| email.as_str().rsplit_once('@')).map(|(_, domain)| domain);
        domain.is_some_and(|domain| self.email_domains.contains(domain))
            || applicant.organizations.iter().any(|name| self.organizations.contains(&name.to_ascii_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::identity::{Email, NamedInvitation, Secret};
    use crate::ids::InvitationId;
    use crate::testing::variant;
    use crate::usage::testing::NOW;

    fn invitation(email: Option<&str>, is_for_administrator: bool) -> Invitation {
        Invitation {
            id: InvitationId(Uuid::from_u128(1)),
            hash: Secret::invitation([1; 32]).hash(),
            email: email.map(Email::trusted),
            is_for_administrator,
            created_by: None,
            created_at: NOW,
            expires_at: NOW + Invitation::LIFETIME,
        }
    }

    #[test]
    fn new_account_needs_what_the_operator_demands() {
        use RegistrationMode::{Closed, Invite, Open};
        let any = || Some(invitation(None, false));
        let addressed = || Some(invitation(Some("ada@elsewhere.org"), false));
        let setup = || Some(invitation(None, true));
        let (none, acme): (&[&str], &[&str]) = (&[], &["Acme"]);
        for (case, mode, domains, organizations, email, member_of, invitation, refusal) in [
            ("open", Open, none, none, Some("ada@elsewhere.org"), none, None, None),
            ("open, without an address", Open, none, none, None, none, None, None),
            ("domain", Open, &["acme.org"][..], none, Some("ada@acme.org"), none, None, None),
            ("subdomain", Open, &["acme.org"], none, Some("ada@x.acme.org"), none, None, Some("NotPermitted")),
            ("other domain", Open, &["acme.org"], none, Some("ada@elsewhere.org"), none, None, Some("NotPermitted")),
            ("no address", Open, &["acme.org"], none, None, none, None, Some("NotPermitted")),
            ("organization", Open, none, &["acme"][..], None, acme, None, None),
            ("other organization", Open, none, &["other"], None, acme, None, Some("NotPermitted")),
            (
                "password for an organization",
                Open,
                none,
                &["acme"],
                Some("ada@acme.org"),
                none,
                None,
                Some("NotPermitted"),
            ),
            ("one of both", Open, &["acme.org"], &["acme"], Some("ada@elsewhere.org"), acme, None, None),
            ("no invitation", Invite, none, none, Some("ada@elsewhere.org"), none, None, Some("InvitationRequired")),
            ("invitation", Invite, none, none, Some("ada@elsewhere.org"), none, any(), None),
            (
                "invitation, other domain",
                Invite,
                &["acme.org"],
                none,
                Some("ada@elsewhere.org"),
                none,
                any(),
                Some("NotPermitted"),
            ),
            (
                "invitation for the address",
                Invite,
                &["acme.org"],
                none,
                Some("ada@elsewhere.org"),
                none,
                addressed(),
                None,
            ),
            ("closed", Closed, none, none, Some("ada@elsewhere.org"), none, addressed(), Some("RegistrationClosed")),
            ("first administrator", Closed, &["acme.org"], none, Some("ada@elsewhere.org"), none, setup(), None),
        ] {
            let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            let policy = RegistrationPolicy {
                mode,
                email_domains: set(domains),
                organizations: set(organizations),
                are_profiles_private: false,
            };
            let email = email.map(Email::trusted);
            let organizations: Vec<String> = member_of.iter().map(|name| (*name).to_owned()).collect();
            let named = invitation.as_ref().and_then(|_| NamedInvitation::typed("i_1"));
            let applicant = Applicant { email: email.as_ref(), organizations: &organizations, invitation: named };
            let decided = policy.authorize(applicant, invitation.as_ref());
            assert_eq!(decided.err().map(|error| variant(&error)), refusal, "{case}");
        }
    }

    #[test]
    fn invitation_that_is_invalid_is_refused_where_none_is_needed_too() {
        for mode in [RegistrationMode::Invite, RegistrationMode::Open] {
            let policy = RegistrationPolicy { mode, ..RegistrationPolicy::default() };
            let applicant = Applicant { email: None, organizations: &[], invitation: NamedInvitation::typed("i_1") };
            assert!(matches!(policy.authorize(applicant, None), Err(IdentityError::InvalidInvitation)), "{mode:?}");
        }
    }

    #[test]
    fn invitation_permits_its_address_only() {
        let ada = Email::trusted("ada@acme.org");
        for (bound, email, permits) in [
            (None, Some(&ada), true),
            (None, None, true),
            (Some("ada@acme.org"), Some(&ada), true),
            (Some("bob@acme.org"), Some(&ada), false),
            (Some("ada@acme.org"), None, false),
        ] {
            assert_eq!(invitation(bound, false).permits(email), permits, "{bound:?} {email:?}");
        }
    }
}
