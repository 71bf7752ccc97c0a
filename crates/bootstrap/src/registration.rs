//! The limits on new accounts, from the settings.

use std::collections::BTreeSet;

use adapters_oauth::Oidc;
use domain::identity::{Email, RegistrationMode, RegistrationPolicy};

use crate::settings::{self, Settings, Visibility};

/// The policy that `[registration]` and `[privacy]` describe.
pub fn policy(settings: &Settings) -> RegistrationPolicy {
    let registration = &settings.registration;
    let mode = match registration.mode {
        settings::RegistrationMode::Open => RegistrationMode::Open,
        settings::RegistrationMode::Invite => RegistrationMode::Invite,
        settings::RegistrationMode::Closed => RegistrationMode::Closed,
    };
    let are_profiles_private = match settings.privacy.default_profile {
        Some(visibility) => visibility == Visibility::Private,
        None => mode != RegistrationMode::Open,
    };
    let groups = settings.oidc.groups.iter().map(|group| Oidc::organization(group));
    let organizations = registration.github_organizations.iter().cloned().chain(groups);
    let organizations = organizations.map(|name| name.to_ascii_lowercase()).collect();
    RegistrationPolicy {
        mode,
        email_domains: domains(&registration.email_domains),
        organizations,
        are_profiles_private,
    }
}

/// The domains in the form in which [`Email`] has them.
fn domains(configured: &[String]) -> BTreeSet<String> {
    let emails = configured.iter().filter_map(|domain| Email::parse(&format!("any@{domain}")).ok());
    emails.filter_map(|email| email.as_str().rsplit_once('@').map(|(_, domain)| domain.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(variables: &[(&str, &str)]) -> RegistrationPolicy {
        let owned = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        policy(&Settings::from_environment(owned).expect("settings"))
    }

    #[test]
    fn profiles_are_private_unless_registration_is_open_or_settings_say_otherwise() {
        let profile = "BURNTOP__PRIVACY__DEFAULT_PROFILE";
        for (case, variables, are_private) in [
            ("default", vec![], false),
            ("invite", vec![("REGISTRATION_MODE", "invite")], true),
            ("closed", vec![("REGISTRATION_MODE", "closed")], true),
            ("invite, public", vec![("REGISTRATION_MODE", "invite"), (profile, "public")], false),
            ("open, private", vec![(profile, "private")], true),
        ] {
            assert_eq!(set(&variables).are_profiles_private, are_private, "{case}");
        }
    }

    #[test]
    fn domains_and_organizations_are_compared_in_one_form() {
        let policy = set(&[
            ("BURNTOP__REGISTRATION__EMAIL_DOMAINS", "Example.ORG,bücher.example"),
            ("BURNTOP__REGISTRATION__GITHUB_ORGANIZATIONS", "Acme-Inc"),
            ("GITHUB_CLIENT_ID", "id"),
            ("GITHUB_CLIENT_SECRET", "secret"),
        ]);
        let domains: Vec<&str> = policy.email_domains.iter().map(String::as_str).collect();
        assert_eq!(domains, ["example.org", "xn--bcher-kva.example"]);
        assert!(policy.organizations.contains("acme-inc"));
    }

    #[test]
    fn groups_of_openid_connect_are_no_github_organizations() {
        let policy = set(&[
            ("BURNTOP__OIDC__GROUPS", "Staff"),
            ("OIDC_ISSUER", "https://id.example.org"),
            ("OIDC_CLIENT_ID", "id"),
            ("OIDC_CLIENT_SECRET", "secret"),
        ]);
        let organizations: Vec<&str> = policy.organizations.iter().map(String::as_str).collect();
        assert_eq!(organizations, ["oidc:staff"]);
    }
}
