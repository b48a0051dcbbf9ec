//! The README is true: every curl line in it is sent to a fresh sandbox, in order, and answers what is printed below it.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value as Json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

const README: &str = include_str!("../../README.md");
const ADDRESS: &str = "127.0.0.1:8080";

/// A curl line, and the JSON printed below it, if any is.
struct Example {
    curl: Vec<String>,
    answer: Option<Json>,
}

fn examples() -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut blocks = README.split("```").skip(1).step_by(2);
    let mut fresh = false;
    for block in &mut blocks {
        let (language, text) = block.split_once('\n').unwrap();
        match language {
            "sh" => {
                examples.push(Example { curl: words(text.trim()), answer: None });
                fresh = true;
            }
            "json" if fresh => {
                examples.last_mut().unwrap().answer = Some(serde_json::from_str(text).unwrap());
                fresh = false;
            }
            _ => {}
        }
    }
    examples
}

/// A line as the shell splits it: white space, and single quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (index, part) in line.split('\'').enumerate() {
        if index % 2 == 1 {
            words.last_mut().unwrap().push_str(part);
        } else {
            for (at, piece) in part.split(' ').enumerate() {
                if at > 0 {
                    words.push(String::new());
                }
                words.last_mut().unwrap().push_str(piece);
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// `…` in the README stands for what differs from run to run: in a text, for any text.
fn agrees(printed: &Json, real: &Json) -> bool {
    match (printed, real) {
        (Json::String(printed), Json::String(real)) => match printed.split_once('…') {
            Some((start, end)) => real.starts_with(start) && real.ends_with(end),
            None => printed == real,
        },
        (Json::String(printed), Json::Number(_)) => printed == "…",
        (Json::Array(printed), Json::Array(real)) => {
            printed.len() == real.len() && printed.iter().zip(real).all(|(printed, real)| agrees(printed, real))
        }
        (Json::Object(printed), Json::Object(real)) => {
            printed.keys().eq(real.keys()) && printed.iter().all(|(name, value)| agrees(value, &real[name]))
        }
        (printed, real) => printed == real,
    }
}

/// A sandbox, its address, and the curl lines it prints.
async fn start_sandbox() -> (Child, String, Vec<String>) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_offramp"))
        .arg("sandbox")
        .env("OFFRAMP_LISTEN", "127.0.0.1:0")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next =
        async || tokio::time::timeout(Duration::from_secs(20), lines.next_line()).await.unwrap().unwrap().unwrap();
    let address = next().await.split("http://").nth(1).unwrap().split(';').next().unwrap().to_owned();
    let mut curls = Vec::new();
    loop {
        let line = next().await;
        if line.ends_with("Ctrl-C ends it.") {
            break;
        }
        curls.extend(Some(line).filter(|line| line.starts_with("curl ")));
    }
    // What else it prints must have somewhere to go.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, address, curls)
}

/// The request that a curl line is.
fn request(client: &reqwest::Client, curl: &[String], address: &str) -> reqwest::RequestBuilder {
    let mut request = None;
    let mut arguments = curl.iter();
    let mut body = String::new();
    let mut headers = Vec::new();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "curl" | "-sS" => {}
            "-X" => assert_eq!(arguments.next().unwrap(), "POST"),
            "-H" => headers.push(arguments.next().unwrap().split_once(": ").unwrap()),
            "-d" => body.clone_from(arguments.next().unwrap()),
            url => request = Some(client.post(url.replace(ADDRESS, address))),
        }
    }
    headers.into_iter().fold(request.unwrap().body(body), |request, (name, value)| request.header(name, value))
}

#[tokio::test]
async fn every_curl_line_that_the_sandbox_prints_takes_a_role_away() {
    let (_sandbox, address, curls) = start_sandbox().await;
    assert_eq!(curls.len(), offramp::connector::embedded().unwrap().slugs().len(), "{curls:?}");
    let client = reqwest::Client::new();
    for line in curls {
        let response = request(&client, &words(&line), &address).send().await.unwrap();
        let outcome = response.headers().get("offramp-outcome").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!((response.status().as_u16(), outcome.as_deref()), (200, Some("removed")), "{line}");
    }
}

#[tokio::test]
async fn every_curl_line_of_the_readme_answers_what_is_printed_below_it() {
    let examples = examples();
    assert!(examples.len() >= 8, "the README shows a curl line for each format");
    let (_sandbox, address, _) = start_sandbox().await;
    let client = reqwest::Client::new();
    for example in examples {
        let line = example.curl.join(" ");
        let response = request(&client, &example.curl, &address).send().await.unwrap();
        let text = response.text().await.unwrap();
        match example.answer {
            Some(printed) => {
                let real: Json =
                    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{line}\nanswers no JSON: {text}"));
                assert!(agrees(&printed, &real), "{line}\nprinted:  {printed}\nanswered: {real}");
            }
            None => assert_eq!(text, "", "{line}\nis shown without an answer"),
        }
    }
}

#[test]
fn a_wrong_answer_in_the_readme_would_be_noticed() {
    let printed: Json = serde_json::from_str(r#"{"a":"x…z","b":[1]}"#).unwrap();
    assert!(agrees(&printed, &serde_json::json!({"a": "xyz", "b": [1]})));
    assert!(!agrees(&printed, &serde_json::json!({"a": "xyz", "b": [2]})));
    assert!(!agrees(&printed, &serde_json::json!({"a": "yz", "b": [1]})));
    assert!(!agrees(&printed, &serde_json::json!({"a": "xyz", "b": [1], "c": 1})));
}
