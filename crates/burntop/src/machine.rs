//! `machine.toml`: the id under which this machine syncs.

use domain::usage::MachineId;
use serde::{Deserialize, Serialize};

use crate::failure::{Failure, FailureKind};
use crate::files;
use crate::paths::Paths;
use crate::random;

/// The id of this machine. It is kept beside the settings, not with the state, so that a lost state does not make a new machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    id: String,
    /// Whether the npm client synced under this id before. Its messages need a handover.
    #[serde(default)]
    pub(crate) has_npm_history: bool,
}

impl Machine {
    /// The stored machine. The first time, the id of the npm client is taken over if it was used here; else a new one is made.
    pub(crate) fn load_or_create(paths: &Paths) -> Result<Self, Failure> {
        let path = paths.machine();
        if let Some(text) = files::read(&path)? {
            return toml::from_str(&text)
                .ok()
                .filter(|machine: &Self| MachineId::parse(&machine.id).is_some())
                .ok_or_else(|| {
                    let message = format!(
                        "{} is damaged. It has the line `id = \"…\"` with the id of this machine.",
                        path.display()
                    );
                    Failure::new(FailureKind::Local, message)
                });
        }
        let machine = match npm_machine_id(paths)? {
            Some(id) => Self { id, has_npm_history: true },
            None => Self { id: format!("{:08x}", random::number() >> 32), has_npm_history: false },
        };
        let text = toml::to_string(&machine)
            .map_err(|error| Failure::new(FailureKind::Local, format!("the machine cannot be written: {error}")))?;
        files::replace(&path, text.as_bytes())?;
        Ok(machine)
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The id under which the npm client syncs from this machine, if it is or was here. A client that was installed after burntop has an id
    /// of its own.
    pub(crate) fn npm_client(&self, paths: &Paths) -> Result<Option<String>, Failure> {
        Ok(npm_machine_id(paths)?.or_else(|| self.has_npm_history.then(|| self.id.clone())))
    }
}

/// The id that the npm client has in `machine-id`: eight hexadecimal digits. Its checkpoint of syncs has a copy.
fn npm_machine_id(paths: &Paths) -> Result<Option<String>, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Checkpoint {
        machine_id: String,
    }
    let directory = paths.npm_client();
    if let Some(id) = files::read(&directory.join("machine-id"))?.and_then(|text| npm_id(&text)) {
        return Ok(Some(id));
    }
    let checkpoint = files::read(&directory.join("sync-checkpoint.json"))?;
    let checkpoint = checkpoint.and_then(|text| serde_json::from_str::<Checkpoint>(&text).ok());
    Ok(checkpoint.and_then(|checkpoint| npm_id(&checkpoint.machine_id)))
}

fn npm_id(text: &str) -> Option<String> {
    let id = text.trim();
    (id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| id.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine_after(files_of_npm_client: &[(&str, &str)]) -> (Machine, Machine) {
        let home = tempfile::tempdir().expect("a directory");
        let paths = Paths::of_home(home.path());
        for (name, content) in files_of_npm_client {
            files::replace(&paths.npm_client().join(name), content.as_bytes()).expect("written");
        }
        let load = || Machine::load_or_create(&paths).expect("a machine");
        (load(), load())
    }

    #[test]
    fn machine_takes_over_id_of_npm_client() {
        let checkpoint = r#"{"version":"1.0","machineId":"0badcafe","sources":{}}"#;
        for (name, files, expected) in [
            ("its file", &[("machine-id", "ABCD1234\n")] as &[_], Some("abcd1234")),
            ("only its checkpoint", &[("sync-checkpoint.json", checkpoint)], Some("0badcafe")),
            (
                "the file before the checkpoint",
                &[("machine-id", "abcd1234"), ("sync-checkpoint.json", checkpoint)],
                Some("abcd1234"),
            ),
            ("an invalid id", &[("machine-id", "my laptop"), ("sync-checkpoint.json", "{")], None),
            ("no npm client", &[], None),
        ] {
            let (first, second) = machine_after(files);
            assert_eq!(first, second, "{name}: the id is kept");
            assert_eq!(first.has_npm_history, expected.is_some(), "{name}");
            match expected {
                Some(expected) => assert_eq!(first.id(), expected, "{name}"),
                None => assert!(npm_id(first.id()).is_some(), "{name}: {first:?}"),
            }
        }
    }

    #[test]
    fn npm_client_is_known_after_it_is_gone_and_when_it_comes_later() {
        let home = tempfile::tempdir().expect("a directory");
        let paths = Paths::of_home(home.path());
        let file = paths.npm_client().join("machine-id");
        let machine = Machine::load_or_create(&paths).expect("a machine");
        assert_eq!(machine.npm_client(&paths), Ok(None));
        files::replace(&file, b"0badcafe").expect("written");
        let machine = Machine::load_or_create(&paths).expect("a machine");
        assert_eq!((machine.has_npm_history, machine.npm_client(&paths)), (false, Ok(Some("0badcafe".to_owned()))));

        std::fs::remove_file(paths.machine()).expect("removed");
        let machine = Machine::load_or_create(&paths).expect("a machine");
        std::fs::remove_file(&file).expect("removed");
        assert_eq!(machine.npm_client(&paths), Ok(Some("0badcafe".to_owned())));
    }

    #[test]
    fn damaged_machine_file_makes_no_new_machine() {
        let home = tempfile::tempdir().expect("a directory");
        let paths = Paths::of_home(home.path());
        for text in ["id = \"\"", "id", "", &format!("id = \"{}\"", "x".repeat(51))] {
            files::replace(&paths.machine(), text.as_bytes()).expect("written");
            assert!(Machine::load_or_create(&paths).is_err(), "{text:?}");
        }
    }
}
