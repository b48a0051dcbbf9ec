//! `GET /audit`.

use super::*;

async fn with_token(stage: &Stage, path: &str, token: &str) -> (u16, Value) {
    let request = Request::get(path).header("authorization", format!("Bearer {token}"));
    stage.ask(request.body(Body::empty()).unwrap()).await
}

async fn token(stage: &Stage, environment: &str, scope: &str) -> String {
    let body = json!({"name": "test", "scopes": [scope], "environment": environment}).to_string();
    let request = Request::post("/api-token").header("authorization", format!("Bearer {TOKEN}"));
    let (status, answer) = stage.ask(request.body(Body::from(body)).unwrap()).await;
    assert_eq!(status, 201, "{answer}");
    answer["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn entries_are_listed_oldest_first_a_page_at_a_time() {
    let stage = Stage::open().await;
    for (user, role) in [(102, 2), (107, 7)] {
        assert_eq!(stage.ask(Stage::removal(user, &[role])).await.0, 200);
    }
    let (status, page) = stage.get("/audit?limit=3").await;
    assert_eq!(status, 200, "{page}");
    let seqs: Vec<i64> =
        page["result"].as_array().unwrap().iter().map(|entry| entry["seq"].as_i64().unwrap()).collect();
    assert_eq!(seqs, [1, 2, 3]);
    let cursor = page["next_cursor"].as_str().unwrap();
    let (_, rest) = stage.get(&format!("/audit?limit=3&next_cursor={cursor}")).await;
    assert_eq!((rest["result_count"].as_i64(), &rest["next_cursor"]), (Some(1), &Value::Null));
    assert_eq!(rest["result"][0]["prev"], page["result"][2]["hash"]);

    let (_, of_user) = stage.get("/audit?user=107&kind=result").await;
    assert_eq!(of_user["result_count"], 1, "{of_user}");
    let request_id = of_user["result"][0]["request_id"].as_str().unwrap();
    assert_eq!(stage.get(&format!("/audit?request_id={request_id}")).await.1["result_count"], 2);
    assert_eq!(stage.get("/audit?integrated_account_id=other").await.1["result_count"], 0);
    assert_eq!(stage.get("/audit?open=true").await.1["result_count"], 0);
}

#[tokio::test]
async fn only_the_scope_audit_reads_it_and_only_its_own_environment() {
    let stage = Stage::open().await;
    assert_eq!(stage.ask(Stage::removal(102, &[2])).await.0, 200);
    for scope in ["call", "admin"] {
        let token = token(&stage, "default", scope).await;
        assert_eq!(with_token(&stage, "/audit", &token).await.0, 403);
    }
    let auditor = token(&stage, "default", "audit").await;
    assert_eq!(with_token(&stage, "/audit", &auditor).await.1["result_count"], 2);
    let stranger = token(&stage, "other", "audit").await;
    assert_eq!(with_token(&stage, "/audit", &stranger).await.1["result_count"], 0);
    assert_eq!(with_token(&stage, "/audit", "no token").await.0, 401);
}

#[tokio::test]
async fn a_wrong_parameter_is_named() {
    let stage = Stage::open().await;
    for (query, named) in
        [("limit=0", "limit"), ("limit=1001", "limit"), ("open=perhaps", "open"), ("acount=x", "acount")]
    {
        let (status, answer) = stage.get(&format!("/audit?{query}")).await;
        assert_eq!(status, 400);
        assert!(answer["message"].as_str().unwrap().contains(named), "{answer}");
    }
}
