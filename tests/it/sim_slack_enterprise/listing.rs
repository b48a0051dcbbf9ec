//! The read-back: `admin.roles.listAssignments` with its filters, order and pages.

use offramp::sandbox::slack_enterprise::LastCursor;
use serde_json::Value;

use super::{CHANNEL, HQ, LIST, ORG, SPENGLER, Slack, VENKMAN};

fn encoded(cursor: &str) -> String {
    form_urlencoded::byte_serialize(cursor.as_bytes()).collect()
}

/// Holder and second of each row.
fn rows(page: &Value) -> Vec<(String, u64)> {
    let rows = page["role_assignments"].as_array().expect("rows");
    let row = |row: &Value| {
        let user = row["user_id"].as_str().expect("a user");
        let at = row["date_create"].as_u64().expect("a time");
        (format!("{}@{} {user}", text(&row["role_id"]), text(&row["entity_id"])), at)
    };
    rows.iter().map(row).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// Twenty-five holders of Rl0L on the organisation, so that lists have pages.
async fn with_many_holders() -> Slack {
    let slack = Slack::start().await;
    slack.sim.directory(|d| {
        let like = d.users[SPENGLER].clone();
        for n in 0..25 {
            let id = format!("W0MANY{n:03}");
            d.users.insert(id.clone(), like.clone());
            // Some made in the same second.
            d.assign("Rl0L", ORG, &id, 1_700_000_000 + n / 3);
        }
    });
    slack
}

#[tokio::test]
async fn the_read_back_of_one_role_on_one_workspace_names_its_holders() {
    let slack = Slack::start().await;
    let query = "role_ids=Rl03&entity_ids=T012AB3C4&limit=200";
    slack.get(LIST, query).await.is(
        r#"{"ok":true,"role_assignments":[{"role_id":"Rl03","entity_id":"T012AB3C4","user_id":"U0VENKMAN","date_create":1680000000},{"role_id":"Rl03","entity_id":"T012AB3C4","user_id":"W012A3CDE","date_create":1663617026}],"response_metadata":{"next_cursor":""}}"#,
    );
}

#[tokio::test]
async fn there_is_no_user_filter() {
    let slack = Slack::start().await;
    let plain = slack.get(LIST, "role_ids=Rl03").await.text;
    let filtered = "role_ids=Rl03&user_id=W012A3CDE&user_ids=W012A3CDE";
    assert_eq!(slack.get(LIST, filtered).await.text, plain);
}

#[tokio::test]
async fn filters_take_several_ids_comma_joined_or_as_json_text() {
    let slack = Slack::start().await;
    let joined = slack.get(LIST, "role_ids=Rl0A,Rl0D&entity_ids=C0CONTAIN1,E0ACME4242").await;
    let json = "role_ids=%5B%22Rl0A%22%2C%22Rl0D%22%5D&entity_ids=[%22C0CONTAIN1%22,%22E0ACME4242%22]";
    assert_eq!(slack.get(LIST, json).await.text, joined.text);
    let names: Vec<String> = rows(&joined.json()).into_iter().map(|r| r.0).collect();
    assert_eq!(names, [format!("Rl0A@{CHANNEL} W0STANTZ1"), format!("Rl0D@{ORG} {VENKMAN}")]);
}

#[tokio::test]
async fn a_repeated_filter_counts_only_once_and_the_last_one_wins() {
    let slack = Slack::start().await;
    let answer = slack.get(LIST, "role_ids=Rl03&role_ids=Rl0D").await;
    assert_eq!(rows(&answer.json()).len(), 1);
}

#[tokio::test]
async fn without_filters_everything_is_listed_newest_first() {
    let slack = Slack::start().await;
    let newest = rows(&slack.get(LIST, "").await.json());
    assert_eq!(newest.len(), slack.sim.directory(|d| d.assignments.len()));
    assert!(newest.windows(2).all(|w| w[0].1 >= w[1].1), "{newest:?}");
    let mut oldest = rows(&slack.get(LIST, "sort_dir=ASC").await.json());
    oldest.reverse();
    assert_eq!(oldest, newest);
    let named = rows(&slack.get(LIST, "sort_dir=DESC").await.json());
    assert_eq!(named, newest);
}

#[tokio::test]
async fn pages_follow_the_cursor_until_it_is_empty() {
    let slack = with_many_holders().await;
    for direction in ["ASC", "DESC"] {
        let mut cursor = String::new();
        let mut seen = Vec::new();
        let mut sizes = Vec::new();
        loop {
            let query = format!("role_ids=Rl0L&limit=10&sort_dir={direction}&cursor={}", encoded(&cursor));
            let page = slack.get(LIST, &query).await.json();
            sizes.push(rows(&page).len());
            seen.extend(rows(&page));
            cursor = text(&page["response_metadata"]["next_cursor"]).to_owned();
            if cursor.is_empty() {
                break;
            }
        }
        assert_eq!(sizes, [10, 10, 5], "{direction}");
        let whole = format!("role_ids=Rl0L&sort_dir={direction}");
        assert_eq!(seen, rows(&slack.get(LIST, &whole).await.json()));
    }
}

#[tokio::test]
async fn a_full_last_page_has_no_cursor() {
    let slack = with_many_holders().await;
    let page = slack.get(LIST, "role_ids=Rl0L&limit=25").await.json();
    assert_eq!(rows(&page).len(), 25);
    assert_eq!(page["response_metadata"]["next_cursor"], "");
}

#[tokio::test]
async fn rows_that_go_away_between_pages_make_no_other_row_be_missed() {
    let slack = with_many_holders().await;
    let first = slack.get(LIST, "role_ids=Rl0L&limit=10").await.json();
    let seen = rows(&first);
    let gone: Vec<&str> = seen[..5].iter().map(|(row, _)| row.split_once(' ').expect("a holder").1).collect();
    slack.remove("Rl0L", &[ORG], &gone).await.is(r#"{"ok":true}"#);
    let cursor = encoded(text(&first["response_metadata"]["next_cursor"]));
    let query = format!("role_ids=Rl0L&limit=200&cursor={cursor}");
    let rest = rows(&slack.get(LIST, &query).await.json());
    assert_eq!(rest.len(), 15);
    assert!(rest.iter().all(|row| !seen.contains(row)));
}

#[tokio::test]
async fn the_last_page_may_lack_the_cursor_or_all_metadata() {
    let slack = Slack::start().await;
    let query = "role_ids=Rl0D";
    slack.sim.settings(|s| s.last_cursor = LastCursor::NoCursor);
    let page = slack.get(LIST, query).await.text;
    assert!(page.ends_with(r#"],"response_metadata":{}}"#), "{page}");
    slack.sim.settings(|s| s.last_cursor = LastCursor::NoMetadata);
    slack.get(LIST, query).await.is(
        r#"{"ok":true,"role_assignments":[{"role_id":"Rl0D","entity_id":"E0ACME4242","user_id":"U0VENKMAN","date_create":1681000000}]}"#,
    );
}

#[tokio::test]
async fn the_limit_goes_from_1_to_200() {
    let slack = Slack::start().await;
    for limit in ["0", "201", "-1", "ten", "1.5", "99999999999999999999"] {
        slack.get(LIST, &format!("limit={limit}")).await.is(
            r#"{"ok":false,"error":"invalid_arguments","response_metadata":{"messages":["[ERROR] must be between 1 and 200 [json-pointer:/limit]"]}}"#,
        );
    }
    assert_eq!(rows(&slack.get(LIST, "limit=1").await.json()).len(), 1);
}

#[tokio::test]
async fn without_a_limit_a_page_has_200_rows() {
    let slack = Slack::start().await;
    slack.sim.directory(|d| {
        for n in 0..201 {
            d.assign("Rl0L", ORG, &format!("W0MANY{n:03}"), 1_700_000_000);
        }
    });
    let page = slack.get(LIST, "role_ids=Rl0L").await.json();
    assert_eq!(rows(&page).len(), 200);
    assert_ne!(page["response_metadata"]["next_cursor"], "");
}

#[tokio::test]
async fn an_unknown_role_in_the_filter_is_invalid_role_id() {
    let slack = Slack::start().await;
    for query in ["role_ids=Rl99", "role_ids=Rl03,Rl99", "role_ids=User+Admin"] {
        let answer = slack.get(LIST, query).await;
        answer.is(r#"{"ok":false,"error":"invalid_role_id"}"#);
    }
}

#[tokio::test]
async fn an_unknown_entity_in_the_filter_just_lists_nothing() {
    let slack = Slack::start().await;
    slack
        .get(LIST, "entity_ids=T0NOWHERE")
        .await
        .is(r#"{"ok":true,"role_assignments":[],"response_metadata":{"next_cursor":""}}"#);
}

#[tokio::test]
async fn a_made_up_cursor_is_invalid_cursor() {
    let slack = Slack::start().await;
    // Rubbish, half a base64 word, and a cursor of another list.
    for cursor in ["nonsense!", "dXNlcl9pZDoz", "dXNlcnM6VzAxMkEzQ0RF", "%ff"] {
        let answer = slack.get(LIST, &format!("cursor={cursor}")).await;
        answer.is(r#"{"ok":false,"error":"invalid_cursor"}"#);
    }
}

#[tokio::test]
async fn another_sort_direction_is_invalid_sort() {
    let slack = Slack::start().await;
    for direction in ["asc", "UP", "1"] {
        let answer = slack.get(LIST, &format!("sort_dir={direction}")).await;
        answer.is(r#"{"ok":false,"error":"invalid_sort"}"#);
    }
}

#[tokio::test]
async fn a_role_on_the_organisation_outlives_its_removal_on_a_workspace() {
    let slack = Slack::start().await;
    slack.remove("Rl03", &[HQ], &[VENKMAN]).await.is(r#"{"ok":true}"#);
    assert!(!slack.lists("Rl03", HQ, VENKMAN).await);
    assert!(slack.lists("Rl03", ORG, VENKMAN).await);
}
