//! A small disk of the harness's own that can be filled: a file system in memory, which only root can mount.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::gateway::must;

/// A mounted disk.
#[derive(Debug)]
pub struct Disk {
    at: TempDir,
}

impl Disk {
    /// Mounts one of so many MiB; none where that is not allowed.
    ///
    /// # Panics
    /// There is no place for it.
    #[must_use]
    pub fn mount(size: u32) -> Option<Self> {
        let at = must(tempfile::tempdir());
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}m"), "claimgate-test"]).arg(at.path());
        let done = mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        done.then_some(Self { at })
    }

    /// Lets nothing be written to it, or lets it again; `false` where that cannot be done here.
    #[must_use]
    pub fn read_only(&self, read_only: bool) -> bool {
        let how = if read_only { "remount,ro" } else { "remount,rw" };
        let mut mount = Command::new("mount");
        mount.args(["-o", how]).arg(self.at.path());
        mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
    }

    /// A folder on it.
    ///
    /// # Panics
    /// It cannot be made.
    #[must_use]
    pub fn folder(&self) -> TempDir {
        must(TempDir::new_in(self.at.path()))
    }

    /// Takes all the space that is left.
    ///
    /// # Panics
    /// The file cannot be made.
    pub fn fill(&self) {
        let mut file = must(File::create(self.filler()));
        for size in [65_536, 1] {
            let piece = vec![0; size];
            while file.write_all(&piece).is_ok() {}
        }
    }

    /// Gives it back.
    ///
    /// # Panics
    /// It was not taken.
    pub fn free(&self) {
        must(std::fs::remove_file(self.filler()));
    }

    fn filler(&self) -> PathBuf {
        self.at.path().join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.at.path()).status();
    }
}
