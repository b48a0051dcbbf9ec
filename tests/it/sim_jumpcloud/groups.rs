//! Candidate B: user groups and their members.

use offramp::sandbox::Simulator as _;
use offramp::sandbox::jumpcloud::seed;
use serde_json::json;

use super::{Bench, add, column, members, remove};

const NOT_FOUND: &str = r#"{"code":404,"message":"Not Found","status":"Not Found"}"#;

fn memberof(user: &str) -> String {
    format!("/api/v2/users/{user}/memberof?filter=type:eq:user_group")
}

#[tokio::test]
async fn removing_a_member_answers_204_and_takes_only_that_membership() {
    let bench = Bench::new().await;
    let before = bench.sim.memberships();
    let answer = bench.post(&members(seed::ENGINEERING), &remove(seed::JANE)).await;
    answer.is(204, "");
    let after = bench.sim.memberships();
    let lost: Vec<_> = before.difference(&after).collect();
    assert_eq!(lost, ["system user 5f9c1a2b3c4d5e6f7a8b9c0d is in group 5fa0000000000000000000e1"]);
    assert!(after.is_subset(&before));
    assert!(!bench.sim.is_member(seed::ENGINEERING, seed::JANE));
}

#[tokio::test]
async fn removing_a_non_member_and_a_wrong_group_or_user_are_the_same_404() {
    let bench = Bench::new().await;
    let before = bench.sim.memberships();
    let nobody = "ffffffffffffffffffffffff";
    bench.post(&members(seed::CONTRACTORS), &remove(seed::JANE)).await.is(404, NOT_FOUND);
    bench.post(&members(nobody), &remove(seed::JANE)).await.is(404, NOT_FOUND);
    bench.post(&members(seed::ENGINEERING), &remove(nobody)).await.is(404, NOT_FOUND);
    // Only the reads tell them apart.
    assert_eq!(bench.get(&format!("/api/v2/usergroups/{}", seed::CONTRACTORS)).await.status, 200);
    bench.get(&format!("/api/v2/usergroups/{nobody}")).await.is(404, NOT_FOUND);
    assert_eq!(bench.sim.memberships(), before);
}

#[tokio::test]
async fn adding_a_member_twice_is_409() {
    let bench = Bench::new().await;
    bench.post(&members(seed::CONTRACTORS), &add(seed::JANE)).await.is(204, "");
    assert!(bench.sim.is_member(seed::CONTRACTORS, seed::JANE));
    let again = bench.post(&members(seed::CONTRACTORS), &add(seed::JANE)).await;
    again.is(409, r#"{"code":409,"message":"Conflict","status":"Conflict"}"#);
}

#[tokio::test]
async fn a_dynamic_group_refuses_manual_edits_with_a_code_of_its_choice() {
    let bench = Bench::new().await;
    for (status, phrase) in [(400, "Bad Request"), (403, "Forbidden"), (409, "Conflict")] {
        bench.sim.settings(|s| s.dynamic_group_refusal = status);
        let body = format!(
            r#"{{"code":{status},"message":"the members of a dynamic group cannot be changed by hand","status":"{phrase}"}}"#
        );
        bench.post(&members(seed::DENVER), &remove(seed::JANE)).await.is(status, &body);
        bench.post(&members(seed::DENVER), &add(seed::NINA)).await.is(status, &body);
    }
    assert!(bench.sim.is_member(seed::DENVER, seed::JANE));
    assert!(!bench.sim.is_member(seed::DENVER, seed::NINA));
    let group = bench.get(&format!("/api/v2/usergroups/{}", seed::DENVER)).await;
    group.shows("/membershipMethod", json!("DYNAMIC_AUTOMATED"));
}

#[tokio::test]
async fn a_group_that_only_suggests_members_takes_manual_edits() {
    let bench = Bench::new().await;
    bench.post(&members(seed::REVIEWED), &remove(seed::JANE)).await.is(204, "");
    assert!(!bench.sim.is_member(seed::REVIEWED, seed::JANE));
}

#[tokio::test]
async fn a_change_without_op_type_or_id_is_400() {
    let bench = Bench::new().await;
    for body in [
        "{}",
        "",
        r#"{"op":"remove","type":"user"}"#,
        r#"{"op":"remove","id":"5f9c1a2b3c4d5e6f7a8b9c0d"}"#,
        r#"{"op":"delete","type":"user","id":"5f9c1a2b3c4d5e6f7a8b9c0d"}"#,
        r#"{"op":"remove","type":"system","id":"5f9c1a2b3c4d5e6f7a8b9c0d"}"#,
        r#"{"op":"remove","type":"user","id":["5f9c1a2b3c4d5e6f7a8b9c0d"]}"#,
    ] {
        assert_eq!(bench.post(&members(seed::ENGINEERING), body).await.status, 400, "{body}");
    }
    assert!(bench.sim.is_member(seed::ENGINEERING, seed::JANE));
}

#[tokio::test]
async fn memberof_shows_the_paths_to_each_group() {
    let bench = Bench::new().await;
    let answer = bench.get(&format!("/api/v2/users/{}/memberof", seed::NINA)).await;
    answer.is(
        200,
        r#"[{"id":"5fa0000000000000000000e2","type":"user_group","paths":[[{"from":{"type":"user","id":"5f9c1a2b3c4d5e6f7a8b9c02"},"to":{"type":"user_group","id":"5fa0000000000000000000e2"},"attributes":null}]]},{"id":"5fa0000000000000000000e5","type":"user_group","paths":[[{"from":{"type":"user","id":"5f9c1a2b3c4d5e6f7a8b9c02"},"to":{"type":"user_group","id":"5fa0000000000000000000e5"},"attributes":null}]]}]"#,
    );
    bench.get(&memberof("ffffffffffffffffffffffff")).await.is(404, NOT_FOUND);
}

#[tokio::test]
async fn a_removed_member_disappears_from_memberof_and_from_the_members() {
    let bench = Bench::new().await;
    let jane = json!({"to": {"type": "user", "id": seed::JANE}});
    let listed = bench.get(&members(seed::REVIEWED)).await.json();
    assert_eq!(listed, json!([jane]));
    bench.post(&members(seed::REVIEWED), &remove(seed::JANE)).await;
    bench.get(&members(seed::REVIEWED)).await.is(200, "[]");
    let groups = bench.get(&memberof(seed::JANE)).await.json();
    assert_eq!(column(&groups, "id"), [seed::ENGINEERING, seed::DENVER, seed::EVERYONE]);
}

#[tokio::test]
async fn a_membership_can_survive_through_another_path() {
    let bench = Bench::new().await;
    let paths = async || {
        let path = format!("{},object_id:eq:{}", memberof(seed::JANE), seed::EVERYONE);
        let groups = bench.get(&path).await.json();
        assert_eq!(column(&groups, "id"), [seed::EVERYONE]);
        groups[0]["paths"].as_array().unwrap().clone()
    };
    assert_eq!(paths().await.len(), 2);
    bench.post(&members(seed::EVERYONE), &remove(seed::JANE)).await.is(204, "");
    let left = paths().await;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].as_array().unwrap().len(), 2, "user → Engineering → Everyone");
    assert_eq!(left[0][1]["from"]["id"], seed::ENGINEERING);
    // The indirect membership is not one to remove.
    bench.post(&members(seed::EVERYONE), &remove(seed::JANE)).await.is(404, NOT_FOUND);
}

#[tokio::test]
async fn memberof_filters_by_type_and_object_id_only() {
    let bench = Bench::new().await;
    let path = format!("/api/v2/users/{}/memberof?filter=", seed::NINA);
    bench.get(&format!("{path}type:eq:system_group")).await.is(200, "[]");
    let other = bench.get(&format!("{path}name:eq:Engineering")).await;
    other.is(400, r#"{"code":400,"message":"cannot filter by name","status":"Bad Request"}"#);
}
