//! The search finds what it looks for: each spelling by itself, and a leak planted in a run.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::run::{Leak, run};
use super::search::{Output, Secrets};

const SECRET: &str = "qV7kzTmWpYr3\"\\+/=%&?:<LnB9sXcDfGh2";

fn secrets() -> Secrets {
    let mut secrets = Secrets::default();
    secrets.add("the secret", SECRET);
    secrets.add("the key", [211; 32]);
    secrets
}

#[test]
fn every_spelling_is_found() {
    let json = serde_json::json!({"t": SECRET}).to_string();
    let percent = percent_encoding::utf8_percent_encode(SECRET, percent_encoding::NON_ALPHANUMERIC).to_string();
    let form: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let mut leaks = vec![
        format!("Bearer {SECRET}"),
        serde_json::json!({"body": json}).to_string(),
        json,
        percent.to_lowercase().replace("qv7kztmwpyr3", "qV7kzTmWpYr3").replace("lnb9sxcdfgh2", "LnB9sXcDfGh2"),
        percent,
        format!("a={form}&b"),
        format!("{:?}", Some(SECRET)),
        format!("{:?}", SECRET.as_bytes()),
        format!("{:?}", bytes::Bytes::from(SECRET)),
        // Cut short, as messages are.
        format!("invalid token {}…", &SECRET[..14]),
        "d3".repeat(32),
        STANDARD.encode([211; 32]),
        format!("{:?}", [211; 32]),
    ];
    for before in ["", "i", "id", "id:", "name:"] {
        leaks.push(STANDARD.encode(format!("{before}{SECRET} and more")));
        leaks.push(URL_SAFE_NO_PAD.encode(format!("{before}{SECRET}")));
    }
    for leak in leaks {
        let found = secrets().search(&[Output::new("here", format!("before {leak} after"))]);
        assert_eq!(found.len(), 1, "{leak}: {found:?}");
        assert!(found[0].contains("in here"), "{found:?}");
    }
}

#[test]
fn what_is_no_secret_is_not_found() {
    let harmless = ["", "Bearer ***", "qV7kzTmWp", "0198c0de-0000-7000-8000-000000000001", "the secret"];
    let outputs = harmless.map(|text| Output::new("here", text));
    assert_eq!(secrets().search(&outputs), Vec::<String>::new());
}

async fn finds(leak: Leak, places: &[&str]) {
    let found = run(leak).await;
    for place in places {
        assert!(found.iter().any(|leak| leak.contains(place)), "{leak:?} is not found in {place}: {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn around_the_gateway() {
    finds(Leak::AroundTheGateway, &["the administrator's token (base64) in the answer to a removal"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_database_and_what_shows_it() {
    let places = ["after it ended", "offramp.db-wal while it served", "the answer to /integrated-account"];
    finds(Leak::InTheDatabase, &places).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_the_audit_and_what_shows_it() {
    finds(Leak::InTheAudit, &["the answer to /audit", "standard output of audit export"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_command() {
    finds(Leak::OfACommand, &["of connector test"]).await;
}
