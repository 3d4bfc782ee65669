//! What bundles are judged by at the desk: packages, aliases and policy, as a gateway's operator would set them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use claimgate_adapters::hospital::{self, Settings};
use claimgate_fhir::format::Format;
use claimgate_fhir::outcome::Policy;
use claimgate_fhir::package::{NamedBytes, PackageLimits};
use claimgate_fhir::profile::Rules;
use claimgate_fhir::taiwan::Aliases;

use super::Read;

pub(super) struct Judge {
    rules: Option<Rules>,
    aliases: Aliases,
    policy: Policy,
}

impl Judge {
    /// Reads what was named; a fault says which file or name and why.
    pub(super) fn load(packages: &[PathBuf], aliases: Option<&Path>, errors: &[String]) -> Result<Self, String> {
        let policy = Policy::errors(errors).map_err(|fault| format!("--errors: {fault}"))?;
        let aliases = match aliases {
            Some(path) => read_aliases(path).map_err(|fault| format!("--aliases {}: {fault}", path.display()))?,
            None => Aliases::none(),
        };
        Ok(Self { rules: read_packages(packages)?, aliases, policy })
    }

    pub(super) fn read(&self, bytes: &[u8], trace: bool) -> Read {
        let (rules, policy, aliases) = (self.rules.as_ref(), &self.policy, &self.aliases);
        let settings = Settings { rules, policy, aliases, ..Settings::default() };
        hospital::read_traced(bytes, Format::of_bytes(bytes), &settings, trace)
    }

    /// What was loaded, and how much of it is not evaluated.
    pub(super) fn packages(&self) -> Option<String> {
        let rules = self.rules.as_ref()?;
        let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
        for one in rules.unevaluated() {
            *kinds.entry(one.asked.as_str()).or_default() += one.count;
        }
        let all: usize = kinds.values().sum();
        let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        let packages = rules.packages().join(", ");
        Some(match all {
            0 => format!("FHIR packages: {packages} with {} profiles; every rule is evaluated", rules.profiles()),
            _ => format!(
                "FHIR packages: {packages} with {} profiles; {all} rules not evaluated ({})",
                rules.profiles(),
                kinds.join(", ")
            ),
        })
    }
}

fn read_packages(paths: &[PathBuf]) -> Result<Option<Rules>, String> {
    if paths.is_empty() {
        return Ok(None);
    }
    let limits = PackageLimits::default();
    let mut packages = Vec::new();
    for path in paths {
        let name = path.display().to_string();
        // One byte more than allowed is enough to be told that it is too large.
        let bytes = super::files::at_most(path, limits.packed).map_err(|fault| format!("--package {name}: {fault}"))?;
        packages.push((name, bytes));
    }
    let named: Vec<_> = packages.iter().map(|(name, bytes)| NamedBytes { name, bytes }).collect();
    Rules::load(&named, &limits).map(Some).map_err(|fault| {
        let cause = std::error::Error::source(&fault).map(|cause| format!(" ({cause})")).unwrap_or_default();
        format!("--package: {fault}{cause}")
    })
}

/// `"spelling" = "system"`, as a file of its own or as `fhir.aliases` of a gateway's configuration.
fn read_aliases(path: &Path) -> Result<Aliases, String> {
    let bytes = super::files::at_most(path, 1 << 20)?;
    let text = String::from_utf8(bytes).map_err(|_| "not UTF-8".to_owned())?;
    let file: toml::Table = text.trim_start_matches('\u{FEFF}').parse().map_err(|fault| format!("no TOML: {fault}"))?;
    let within = file.get("fhir").and_then(|section| section.get("aliases")).and_then(toml::Value::as_table);
    let mut pairs = Vec::new();
    for (alias, meant) in within.unwrap_or(&file) {
        let meant = meant.as_str().ok_or_else(|| format!("{alias:?}: a line reads \"spelling\" = \"system\""))?;
        pairs.push((alias.as_str(), meant));
    }
    Aliases::new(pairs).map_err(|fault| fault.to_string())
}
