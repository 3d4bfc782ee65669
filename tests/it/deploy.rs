//! What is shipped to run the gateway: unit, image, compose file. Programs, ports and settings they name are those of the code.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use claimgate_gateway::config::Config;
use claimgate_tests::gateway::{TestGateway, must};
use claimgate_tests::shared::{binary, project};
use claimgate_tests::tools::found;

fn shipped(name: &str) -> String {
    must(std::fs::read_to_string(project().join("deploy").join(name)))
}

/// The little of YAML the compose file needs: block maps and lists, a scalar or a flow list at the end of a line. Values by
/// path; a line that is neither fails.
fn yaml(text: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut path: Vec<(usize, String)> = Vec::new();
    let mut item = 0;
    for line in text.lines() {
        let bare = line.trim_start();
        if bare.is_empty() || bare.starts_with('#') {
            continue;
        }
        let depth = line.len() - bare.len();
        assert!(depth % 2 == 0 && !line.contains('\t'), "{line}");
        path.retain(|(above, _)| *above < depth);
        let (key, value) = if let Some(value) = bare.strip_prefix("- ") {
            item += 1;
            (item.to_string(), value)
        } else {
            let (key, value) = bare.split_once(':').unwrap_or_else(|| panic!("{line}"));
            assert!(value.is_empty() || value.starts_with(' '), "{line}");
            (key.to_owned(), value.trim())
        };
        path.push((depth, key));
        let whole = path.iter().map(|(_, key)| key.as_str()).collect::<Vec<_>>().join("/");
        let quoted = ['"', '\''].iter().find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
        assert!(found.insert(whole, quoted.unwrap_or(value).to_owned()).is_none(), "twice: {line}");
    }
    found
}

fn below<'a>(all: &'a BTreeMap<String, String>, path: &str) -> Vec<(&'a str, &'a str)> {
    let all = all.iter().filter_map(|(key, value)| Some((key.strip_prefix(path)?, value.as_str())));
    all.filter(|(key, _)| !key.contains('/')).collect()
}

/// The words of `["a", "b"]`.
fn words(list: &str) -> Vec<String> {
    must(serde_json::from_str(list))
}

/// Whether the program knows these words of its command line.
fn known(arguments: &[&str]) {
    let output = must(Command::new(binary()).args(arguments).arg("--help").output());
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_compose_file_names_programs_ports_and_settings_that_are() {
    let all = yaml(&shipped("compose.yaml"));
    // Names of settings: an unknown one stops the start.
    let settings: Vec<(String, String)> = below(&all, "x-gateway/environment/")
        .into_iter()
        .filter(|(name, _)| name.starts_with("CLAIMGATE_"))
        .map(|(name, value)| {
            let given = if value.starts_with("${PUBLIC_URL:?") { "https://claimgate.example" } else { value };
            assert!(!given.contains('$'), "{name}: {given}");
            (name.to_owned(), given.to_owned())
        })
        .collect();
    assert!(settings.len() >= 5, "{settings:?}");
    let config = must(Config::from_layers(None, settings));
    let at_most = config.http.drain_seconds + config.http.shutdown_seconds;
    let grace: u64 = must(all["x-gateway/stop_grace_period"].trim_end_matches('s').parse());
    assert!(grace > at_most, "{grace} s are shorter than {at_most} s");
    let balancer = &all["services/balancer/networks/inside/ipv4_address"];
    assert_eq!(config.limits.proxies.iter().map(ToString::to_string).collect::<Vec<_>>().join(","), *balancer);
    // Services: what they wait for exists, what they mount is declared, their words are commands.
    let services: BTreeSet<&str> = below(&all, "services/").into_iter().map(|(name, _)| name).collect();
    assert_eq!(services, BTreeSet::from(["balancer", "database", "gateway-1", "gateway-2", "gateway-3"]));
    for service in &services {
        for (needed, _) in below(&all, &format!("services/{service}/depends_on/")) {
            assert!(services.contains(needed), "{service} waits for {needed}");
        }
        if service.starts_with("gateway") {
            assert_eq!(all[&format!("services/{service}/<<")], "*gateway");
            let command = words(&all[&format!("services/{service}/command")]);
            known(&command.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
    assert!(
        project()
            .join("deploy")
            .join(&all["x-gateway/build/context"])
            .join(&all["x-gateway/build/dockerfile"])
            .exists()
    );
    let volumes: BTreeSet<&str> = below(&all, "volumes/").into_iter().map(|(name, _)| name).collect();
    for mounted in all.iter().filter(|(key, _)| key.contains("/volumes/")).map(|(_, value)| value) {
        let from = mounted.split(':').next().unwrap();
        let exists = volumes.contains(from) || project().join("deploy").join(from).exists();
        assert!(exists, "{mounted}");
    }
    // One port everywhere: the gateway's, the balancer's way to it, the image's.
    let port = config.http.listen.rsplit(':').next().unwrap().to_owned();
    let balancer = shipped("haproxy.cfg");
    for service in services.iter().filter(|service| service.starts_with("gateway")) {
        assert!(balancer.contains(&format!("server {service} {service}:{port}\n")), "{service}");
    }
    assert!(all.values().any(|value| *value == format!("127.0.0.1:8080:{port}")));
}

/// The lines of a Containerfile, continued ones as one.
fn steps() -> Vec<(String, String)> {
    let text = shipped("Containerfile").replace("\\\n", " ");
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| line.split_once(' ').unwrap()).map(|(word, rest)| (word.to_owned(), rest.to_owned())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_image_names_programs_ports_and_settings_that_are() {
    let steps = steps();
    let all =
        |word: &str| steps.iter().filter(|(found, _)| found == word).map(|(_, rest)| rest.as_str()).collect::<Vec<_>>();
    let one = |word: &str| match all(word).as_slice() {
        [one] => (*one).to_owned(),
        other => panic!("{word}: {other:?}"),
    };
    // Built with no older compiler than the workspace needs, and not run as root.
    let manifest: toml::Table = must(must(std::fs::read_to_string(project().join("Cargo.toml"))).parse());
    let needed = manifest["workspace"]["package"]["rust-version"].as_str().unwrap();
    assert!(all("FROM")[0].contains(&format!("rust:{needed}-")), "{needed}");
    assert!(all("FROM").iter().all(|image| !image.contains(":latest")));
    assert_ne!(must(one("USER").parse::<u32>()), 0);
    let settings = one("ENV");
    let settings = settings.split_whitespace().map(|pair| pair.split_once('=').unwrap());
    let base = ("CLAIMGATE_GATEWAY__BASE_URL", "https://claimgate.example");
    let layers = settings.chain([base]).map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = must(Config::from_layers(None, layers));
    let port = one("EXPOSE");
    assert_eq!(config.http.listen, format!("0.0.0.0:{port}"));
    assert_eq!(config.gateway.data_dir.display().to_string(), one("VOLUME"));
    let entry = words(&one("ENTRYPOINT"));
    assert!(all("COPY").iter().any(|copy| copy.starts_with("--from=build ") && copy.ends_with(&entry[0])));
    assert!(binary().ends_with(std::path::Path::new(&entry[0]).file_name().unwrap()));
    known(&words(&one("CMD")).iter().map(String::as_str).collect::<Vec<_>>());
    // The health check itself, against a gateway that runs and after it has stopped.
    let check = words(one("HEALTHCHECK").split_once("CMD ").unwrap().1);
    assert!(check[2].contains(&port));
    let test = TestGateway::start().await;
    let here = test.world.gateway.address.port().to_string();
    let healthy = || {
        let asked = Command::new(&check[0]).args([&check[1], &check[2].replace(&port, &here)]).output();
        must(asked).status.success()
    };
    assert!(tokio::task::block_in_place(healthy));
    test.stop().await;
    assert!(!tokio::task::block_in_place(healthy));
}

#[test]
fn the_unit_and_the_balancers_configuration_are_understood() {
    let folder = must(tempfile::tempdir());
    let unit = shipped("claimgate.service");
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let arguments: Vec<&str> = start.split(' ').skip(1).collect();
    known(&arguments);
    let written = |name: &str, text: String| {
        let path = folder.path().join(name);
        must(std::fs::write(&path, text));
        path
    };
    if let Some(program) = found("systemd-analyze") {
        let here = unit.replace("/usr/local/bin/claimgate", &binary().display().to_string());
        let path = written("claimgate.service", here);
        let output = must(Command::new(program).args(["verify", "--man=no"]).arg(path).output());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let ours: Vec<&str> = said.lines().filter(|line| line.contains("claimgate.service")).collect();
        assert!(output.status.success() && ours.is_empty(), "{said}");
    }
    if let Some(program) = found("haproxy") {
        let path = written("haproxy.cfg", shipped("haproxy.cfg"));
        let output = must(Command::new(program).args(["-c", "-f"]).arg(path).output());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}
