//! Defaults, layers and what is refused.

use super::*;

fn with(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::from_layers(None, variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

#[test]
fn the_defaults_alone_are_a_configuration() {
    let config = with(&[]).unwrap();
    assert_eq!(config.http.listen, "127.0.0.1:8080");
    assert_eq!(config.database(), Database::Sqlite(PathBuf::from("claimgate-data/claimgate.db")));
}

#[test]
fn the_environment_overrides_with_the_right_type() {
    let config = with(&[("CLAIMGATE_HTTP__WORKERS", "3"), ("CLAIMGATE_STORE__PATH", "/x.db")]).unwrap();
    assert_eq!(config.http.workers, 3);
    assert_eq!(config.database(), Database::Sqlite(PathBuf::from("/x.db")));
}

#[test]
fn what_is_unknown_or_wrong_is_refused_without_its_value() {
    let error = with(&[("CLAIMGATE_HTTP__PORT", "1")]).unwrap_err().to_string();
    assert!(error.contains("CLAIMGATE_HTTP__PORT"), "{error}");
    let error = with(&[("CLAIMGATE_HTTP__WORKERS", "hunter2")]).unwrap_err().to_string();
    assert!(error.contains("whole number") && !error.contains("hunter2"), "{error}");
    let error = with(&[("CLAIMGATE_KEYS__MASTER_KEY", "s3cret"), ("CLAIMGATE_KEYS__MASTER_KEY_FILE", "/f")]);
    assert!(!error.unwrap_err().to_string().contains("s3cret"));
}

#[test]
fn four_eyes_need_two_operators() {
    let with_names = |names| with(&[("CLAIMGATE_OPERATORS__FOUR_EYES", "true"), ("CLAIMGATE_OPERATORS__NAMES", names)]);
    for few in ["alice", "alice,alice", "alice,Bob", "alice,"] {
        assert!(with_names(few).is_err(), "{few}");
    }
    assert!(with_names("alice,bob").unwrap().operators.four_eyes);
    assert!(!with(&[]).unwrap().operators.four_eyes);
}

#[test]
fn debug_output_shows_no_secret() {
    let config = with(&[("CLAIMGATE_KEYS__MASTER_KEY", "s3cret")]).unwrap();
    assert!(!format!("{config:?}").contains("s3cret"));
}

#[test]
fn a_file_with_an_unknown_name_is_refused() {
    let path = std::env::temp_dir().join(format!("claimgate-config-{}.toml", std::process::id()));
    std::fs::write(&path, "[http]\nlistn = \"x\"\n").unwrap();
    let error = Config::from_layers(Some(&path), []).unwrap_err().to_string();
    std::fs::remove_file(&path).unwrap();
    assert!(error.contains("listn"), "{error}");
}

#[test]
fn mydata_is_off_until_it_can_be_believed() {
    assert!(!with(&[]).unwrap().mydata.is_on());
    let platform = ("CLAIMGATE_MYDATA__PLATFORM", "https://mydata.example");
    let pinned = ("CLAIMGATE_MYDATA__AUTHORITIES_DIR", "authorities");
    let error = with(&[platform]).unwrap_err().to_string();
    assert!(error.contains("mydata.authorities_dir"), "{error}");
    let secret = ("CLAIMGATE_MYDATA__CLIENT_SECRET", "s3cret-of-sixteen");
    let config = with(&[platform, pinned, secret]).unwrap();
    assert!(config.mydata.is_on() && !format!("{config:?}").contains("s3cret"));
    for broken in [
        ("CLAIMGATE_MYDATA__PLATFORM", "mydata.example"),
        ("CLAIMGATE_MYDATA__RETURN_PAGES", "https://app.example/#x"),
        ("CLAIMGATE_MYDATA__RETURN_PAGES", "javascript:alert(1)"),
        ("CLAIMGATE_MYDATA__CLIENT_SECRET_FILE", "secret"),
        ("CLAIMGATE_MYDATA__CONSENT_MINUTES", "0"),
        ("CLAIMGATE_MYDATA__KEEP_HOURS", "9000"),
    ] {
        let error = with(&[platform, pinned, secret, broken]).unwrap_err().to_string();
        assert!(error.contains("mydata.") && !error.contains("s3cret"), "{error}");
    }
}
