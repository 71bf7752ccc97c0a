//! The names of projects, as far as the user lets them leave the machine.

use sha2::{Digest, Sha256};

use crate::settings::ProjectNames;

impl ProjectNames {
    /// The name of `project` that is sent for the account `user_id`.
    pub(crate) fn sent(self, project: &str, user_id: &str) -> Option<String> {
        match self {
            Self::Off => None,
            Self::Plain => Some(project.to_owned()),
            Self::Hashed => Some(hash(project, user_id)),
        }
    }
}

/// The first 64 bits of SHA-256 over the account and the name: the same on all machines of an account, another one for each account.
/// A reader that knows the id of the account can still test guesses of a name.
fn hash(project: &str, user_id: &str) -> String {
    let digest = Sha256::digest(format!("burntop project\n{user_id}\n{project}"));
    digest.iter().take(8).fold(String::from("#"), |text, byte| format!("{text}{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::usage::ProjectName;

    /// Of two copies that differ in the project only, the server keeps the one whose project sorts first. `docs/BURNTOP.md` says what that means
    /// for a change of the setting.
    #[test]
    fn project_hash_replaces_name_on_server() {
        let project = |names: ProjectNames, project| {
            ProjectName::parse(&names.sent(project, "u1").expect("it is sent")).expect("the server takes it")
        };
        for name in ["shop", "Shop", "2048", ".dotfiles", "-", "_", "über"] {
            assert!(project(ProjectNames::Hashed, name) < project(ProjectNames::Plain, name), "{name}");
        }
    }

    #[test]
    fn project_name_leaves_only_if_wanted() {
        assert_eq!(ProjectNames::Off.sent("shop", "u1"), None);
        assert_eq!(ProjectNames::Plain.sent("shop", "u1").as_deref(), Some("shop"));
        let hashed = |project, user| ProjectNames::Hashed.sent(project, user).expect("a hash");
        assert_eq!(hashed("shop", "u1"), hashed("shop", "u1"));
        assert_ne!(hashed("shop", "u1"), hashed("shop", "u2"));
        assert_ne!(hashed("shop", "u1"), hashed("shops", "u1"));
        assert_eq!(hashed("shop", "u1").len(), 17);
        assert!(!hashed("shop", "u1").contains("shop"));
    }
}
