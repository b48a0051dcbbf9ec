//! The served document is the committed one: a change of the contract is a visible diff.

#[test]
fn the_committed_document_is_the_served_one() {
    let committed: serde_json::Value = serde_json::from_str(include_str!("../../openapi/openapi.json")).unwrap();
    let served = offramp::http::document();
    assert_eq!(served, committed, "run `make generated` and commit openapi/openapi.json");
}

#[test]
fn every_route_is_documented_and_every_documented_path_has_an_example_or_is_plain() {
    let document = offramp::http::document();
    let paths: Vec<&str> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        paths,
        [
            "/unified/user-directory/users/unassign-role",
            "/integrated-account",
            "/integrated-account/{id}",
            "/api-token",
            "/api-token/{id}",
            "/audit",
            "/health/live",
            "/health/ready",
        ]
    );
    let unassign = &document["paths"]["/unified/user-directory/users/unassign-role"]["post"];
    assert_eq!(
        unassign["responses"]["200"]["content"]["application/json"]["example"]["unassignment"]["outcome"],
        "removed"
    );
    assert_eq!(unassign["responses"]["404"]["content"]["application/json"]["example"]["kind"], "not_found");
}
