//! A provider that repeats the credentials it was sent, in whatever encoding: no format of the answer holds them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use offramp::sandbox::Fault;

use super::*;

const ACCOUNT: &str = "{ client_id: {}, client_secret: { secret: true } }";
const AUTH: &str = r#"  - scheme: oauth2_client_credentials
    token_url: /token
    client_id: "{{ account.client_id }}"
    client_secret: "{{ account.client_secret }}""#;
/// Letters and digits that stay what they are in every spelling but base64.
const CORE: &str = "qV7kzTmWpYr3";
const SECRET: &str = "qV7kzTmWpYr3\"\\/+=%&?:<>'~-_.LnB9sXcDfGh2";

fn spellings() -> Vec<String> {
    let json = json!(SECRET).to_string();
    let percent = percent_encoding::utf8_percent_encode(SECRET, percent_encoding::NON_ALPHANUMERIC).to_string();
    let small: String = percent.split('%').enumerate().fold(String::new(), |text, (index, part)| match index {
        0 => part.to_owned(),
        _ => format!("{text}%{}{}", part[..2].to_lowercase(), &part[2..]),
    });
    let form: String = form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let html = SECRET.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let html = html.replace('\'', "&#39;");
    let mut all = vec![SECRET.to_owned(), json.clone(), json!(json).to_string(), json.replace('/', "\\/")];
    all.push(json.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e"));
    all.extend([percent, small, form, html]);
    for before in ["", "c:", "id:", "four"] {
        all.push(STANDARD.encode(format!("{before}{SECRET}")));
        all.push(URL_SAFE_NO_PAD.encode(format!("{before}{SECRET}, and more")));
    }
    all
}

async fn stage() -> Stage {
    let script = |_: &Call, known: &mut Known| {
        known.issued += 1;
        known.access = BTreeSet::from([SECRET.chars().rev().collect()]);
        Reply::json(200, &json!({"access_token": SECRET.chars().rev().collect::<String>(), "expires_in": 3600}))
    };
    let stage = Stage::open(definition(ACCOUNT, AUTH, ""), script).await;
    stage.connected(json!({"client_id": "c", "client_secret": SECRET})).await
}

/// The answer's head and body, as text.
async fn answered(stage: &Stage, format: &str) -> (HeaderMap, Vec<u8>) {
    let path = format!(
        "/unified/user-directory/users/unassign-role?integrated_account_id={}&truto_response_format={format}",
        stage.account
    );
    let request = Request::post(path).header("authorization", format!("Bearer {ADMIN}"));
    let body = json!({"id": "7", "roles": [{"id": "1"}]}).to_string();
    let response = stage.app.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    let headers = response.headers().clone();
    (headers, response.into_body().collect().await.unwrap().to_bytes().to_vec())
}

fn holds(text: &[u8], part: &str) -> bool {
    text.windows(part.len()).any(|window| window == part.as_bytes())
}

#[tokio::test]
async fn in_every_spelling_and_in_every_format() {
    let stage = stage().await;
    for spelling in spellings() {
        // A part of it that no neighbour changes: all of the letters, or the middle of the base64.
        let part = if spelling.contains(CORE) { CORE } else { &spelling[12..24] };
        let is_json = spelling.starts_with('"');
        let message = if is_json { spelling.clone() } else { json!(spelling).to_string() };
        let replies = [
            Reply::bytes(403, Some("application/json"), format!("{{\"message\":{message},\"x\":[{message}]}}").into()),
            Reply::text(403, &format!("no: {spelling}")),
        ];
        for reply in replies {
            for format in ["unified", "normalized", "raw", "stream", "debug"] {
                let reply = reply.clone().with_header("x-seen", spelling.clone());
                stage.server.faults.once("DELETE", "", Fault::Answer(reply));
                let (headers, body) = answered(&stage, format).await;
                let shown = String::from_utf8_lossy(&body);
                assert!(!holds(&body, part) && !format!("{headers:?}").contains(part), "{format}, {spelling}: {shown}");
                assert!(holds(&body, "*****"), "{format}, {spelling}: {shown}");
                if let Some(length) = headers.get("content-length") {
                    assert_eq!(length.to_str().unwrap().parse::<usize>().unwrap(), body.len(), "{format}");
                }
            }
        }
    }
}

#[tokio::test]
async fn wherever_it_stands_in_a_stream() {
    let stage = stage().await;
    let before = 64 << 10;
    for at in [0, before - SECRET.len(), before - 20, before - 1, before, before + 1, 2 * before - 7, 3 * before + 100]
    {
        let mut long = vec![b'x'; 4 * before];
        long[at..at + SECRET.len()].copy_from_slice(SECRET.as_bytes());
        let reply = Reply::bytes(403, Some("application/x-long"), long.clone().into());
        stage.server.faults.once("DELETE", "", Fault::Answer(reply));
        let (headers, body) = answered(&stage, "stream").await;
        long[at..at + SECRET.len()].fill(b'*');
        assert!(body == long, "at {at}: {} bytes", body.len());
        assert_eq!(headers["content-length"], (4 * before).to_string().as_str());
    }
    // At the very end.
    let mut long = vec![b'x'; 2 * before];
    long.extend_from_slice(SECRET.as_bytes());
    let reply = Reply::bytes(403, Some("application/x-long"), long.into());
    stage.server.faults.once("DELETE", "", Fault::Answer(reply));
    let (_, body) = answered(&stage, "stream").await;
    assert!(!holds(&body, CORE) && body.len() == 2 * before + SECRET.len() && body.ends_with(b"***"));
}

#[tokio::test]
async fn what_holds_no_secret_is_passed_on_byte_by_byte() {
    let stage = stage().await;
    let odd: Vec<u8> = (0..=255).cycle().take(200_000).collect();
    for format in ["raw", "stream"] {
        let reply = Reply::bytes(403, Some("application/x-odd"), odd.clone().into());
        stage.server.faults.once("DELETE", "", Fault::Answer(reply));
        assert!(answered(&stage, format).await.1 == odd, "{format}");
    }
}
