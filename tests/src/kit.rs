//! Other people's software for tests, Python and Node, at exact versions: a folder of `tests/` with `requirements.txt` and
//! `package-lock.json`, copied to `target/` and installed there once.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shared::project;

/// A folder with what is installed for it.
#[derive(Clone, Debug)]
pub struct Kit {
    /// The folder under `target/`.
    pub folder: PathBuf,
    /// Python with its libraries.
    pub python: PathBuf,
}

impl Kit {
    /// Copies `tests/<name>` beside a folder of `target/`, and installs what it pins where that has changed.
    ///
    /// # Panics
    /// Something cannot be installed.
    #[must_use]
    pub fn install(name: &str, beside: &Path) -> Self {
        let folder = beside.join("..").join(name);
        copy(&project().join("tests").join(name), &folder).unwrap_or_else(|error| panic!("{name}: {error}"));
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        let pinned = format!("{}{}", read("requirements.txt"), read("package-lock.json"));
        let python = folder.join("venv/bin/python");
        if read("installed") != pinned || !python.exists() {
            let venv = ["-m", "venv", "--clear", "venv"];
            run(Command::new("python3").args(venv).current_dir(&folder));
            let pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check", "-r"];
            run(Command::new(&python).args(pip).arg("requirements.txt").current_dir(&folder));
            if folder.join("package-lock.json").exists() {
                let npm = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
                run(Command::new("npm").args(npm).current_dir(&folder));
            }
            std::fs::write(folder.join("installed"), pinned).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        Self { folder, python }
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        std::fs::copy(&path, to.join(path.file_name().unwrap_or_default()))?;
    }
    Ok(())
}

fn run(command: &mut Command) {
    let shown = format!("{command:?}");
    let hint = "it needs python3 with venv, node 20 or newer, npm, PyPI and the npm registry";
    let output = command.output().unwrap_or_else(|error| panic!("{shown}: {error}; {hint} (deploy/prepare test)"));
    assert!(output.status.success(), "{shown}: {}; {hint}", String::from_utf8_lossy(&output.stderr));
}
