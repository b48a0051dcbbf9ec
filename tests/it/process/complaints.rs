//! Settings it cannot start with: it ends with 1, and names the setting.

use super::*;

const OTHER_KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

/// Ends with 1 at once, and says all of these.
async fn complains(command: Command, expected: &[&str]) {
    let output = finished(command).await;
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("error: "), "{said}");
    for part in expected {
        assert!(said.contains(part), "no {part:?} in: {said}");
    }
    assert_eq!(output.stdout, b"");
}

#[tokio::test]
async fn of_a_setting_that_does_not_exist_in_the_file() {
    let folder = Folder::new();
    std::fs::write(folder.path().join("offramp.toml"), "[limits]\nbody_byts = 1\n").unwrap();
    complains(folder.offramp(&["serve"]), &["body_byts", "limits", "offramp.toml"]).await;
}

#[tokio::test]
async fn of_a_setting_that_does_not_exist_in_the_environment() {
    let folder = Folder::new();
    let mut command = folder.offramp(&["serve"]);
    command.env("OFFRAMP_EGRES_ALLOW", "10.0.0.0/8");
    complains(command, &["egres_allow"]).await;
}

#[tokio::test]
async fn of_a_configuration_file_that_is_not_there() {
    let folder = Folder::new();
    complains(folder.offramp(&["--config", "other.toml", "serve"]), &["other.toml"]).await;
}

#[tokio::test]
async fn of_an_address_range_that_is_none() {
    let folder = Folder::new();
    let mut command = folder.offramp(&["serve"]);
    command.env("OFFRAMP_EGRESS_ALLOW", "127.0.0.1, 10.0.0.0/99");
    complains(command, &["egress_allow", "10.0.0.0/99"]).await;
}

#[tokio::test]
async fn of_a_vault_key_that_is_none() {
    let folder = Folder::new();
    let mut command = folder.offramp(&["serve"]);
    command.env("OFFRAMP_VAULT_KEY", "c2hvcnQ=");
    complains(command, &["vault_key", "5 bytes", "32"]).await;
}

#[tokio::test]
async fn of_a_vault_key_that_is_not_the_one_the_credentials_were_sealed_with() {
    let provider = provider(0).await;
    let folder = Folder::new();
    folder.add_account(&provider).await;
    let mut command = folder.offramp(&["serve"]);
    command.env("OFFRAMP_VAULT_KEY", OTHER_KEY);
    complains(command, &["key"]).await;
}

#[tokio::test]
async fn of_a_port_that_is_in_use() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = Folder::new();
    let mut command = folder.offramp(&["serve"]);
    command.env("OFFRAMP_LISTEN", &address);
    complains(command, &["listen", &address, "OFFRAMP_LISTEN"]).await;
}

#[tokio::test]
async fn of_a_connector_with_a_mistake() {
    let folder = Folder::new();
    let file = folder.path().join("connectors/plain/connector.yaml");
    std::fs::write(&file, CONNECTOR.replace("check: whoami", "check: whoareyou")).unwrap();
    complains(folder.offramp(&["serve"]), &["connectors/plain/connector.yaml:", "whoareyou"]).await;
}
