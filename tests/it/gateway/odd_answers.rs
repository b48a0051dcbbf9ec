//! Answers that are in order as HTTP goes and odd in every other way: they prove nothing, spoof nothing, break nothing.

use offramp::sandbox::jumpcloud::seed;
use offramp::sandbox::{Fault, Reply, ReplyBody};
use serde_json::json;

use super::{guardhouse, jumpcloud, slack};

const FORMATS: [&str; 5] = ["unified", "raw", "normalized", "stream", "debug"];

#[tokio::test]
async fn the_same_role_written_otherwise_is_still_held() {
    for roles in [
        json!([{"id": "2"}]),
        json!([{"name": "Support Agent"}]),
        json!([2]),
        json!(["2"]),
        json!({"2": {}}),
        json!([[]]),
    ] {
        let site = guardhouse().await;
        site.simulator.settings(|settings| settings.unassign_has_no_effect = true);
        let user = json!({"id": 102, "email": "Jane.Roe@Example.com", "roles": roles});
        site.server.faults.always("GET", "/api/v1/users/", Fault::Answer(Reply::json(200, &user)));
        let answer = site.demo().blindfolded().send().await;
        assert_ne!(answer.header("offramp-verified"), Some("yes"), "{roles}: {}", answer.text());
    }
}

#[tokio::test]
async fn rows_that_cannot_be_read_are_no_absence() {
    for rows in [json!(["x"]), json!([{}]), json!([{"user_id": null}]), json!({"0": {}}), json!("none")] {
        let site = slack().await;
        site.simulator.settings(|settings| settings.ignores_removals = true);
        let listing = json!({"ok": true, "role_assignments": rows, "response_metadata": {"next_cursor": ""}});
        site.server.faults.always("", "listAssignments", Fault::Answer(Reply::json(200, &listing)));
        let answer = site.demo().blindfolded().send().await;
        assert_ne!(answer.header("offramp-verified"), Some("yes"), "{rows}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_rejected_read_back_leaves_the_removal_unproven() {
    for (status, fault) in
        [(401, Reply::empty(401)), (403, Reply::empty(403)), (429, Reply::empty(429)), (500, Reply::empty(500))]
    {
        let site = guardhouse().await;
        site.server.faults.always("GET", "/api/v1/users", Fault::Answer(fault));
        let answer = site.demo().send().await;
        assert_eq!(
            (answer.status, answer.verdict().as_str()),
            (200, "removed unverifiable"),
            "{status}: {}",
            answer.text()
        );
    }
}

#[tokio::test]
async fn a_user_who_is_gone_holds_nothing_but_is_not_shown() {
    let site = guardhouse().await;
    // The read-back says `User not found`: whatever is made of it, there is no user object to show.
    site.server.faults.always("GET", "/api/v1/users", Fault::Answer(Reply::text(404, "User not found")));
    let answer = site.demo().send().await;
    assert_eq!((answer.status, answer.header("offramp-outcome")), (200, Some("removed")), "{}", answer.text());
    assert_eq!(answer.json()["id"], "102");
}

#[tokio::test]
async fn depth_is_no_weapon() {
    let bomb = |open: &str| Reply::bytes(200, Some("application/json"), open.repeat(100_000).into());
    for format in FORMATS {
        for open in ["[", "{\"a\":", "[{\"a\":"] {
            let site = slack().await;
            site.server.faults.once("POST", "removeAssignments", Fault::Answer(bomb(open)));
            let answer = site.demo().format(format).send().await;
            assert_eq!((answer.status, answer.header("offramp-outcome")), (502, Some("unknown")), "{format}");
            let site = guardhouse().await;
            site.server.faults.always("GET", "/api/v1/users", Fault::Answer(bomb(open)));
            let answer = site.demo().format(format).send().await;
            assert_eq!(answer.verdict(), "removed unverifiable", "{format}");
            let site = guardhouse().await;
            let refusal = Reply { status: 400, ..bomb(open) };
            site.server.faults.once("DELETE", "", Fault::Answer(refusal));
            assert_eq!(site.demo().format(format).send().await.status, 400, "{format}");
        }
    }
}

#[tokio::test]
async fn an_answer_too_large_to_read_is_settled_by_reading() {
    let long =
        |status| Reply { body: ReplyBody::Filler(5 << 20), ..Reply::bytes(status, Some("text/plain"), "".into()) };
    let site = slack().await;
    site.server.faults.once("POST", "removeAssignments", Fault::ActThenAnswer(long(200)));
    let answer = site.demo().send().await;
    assert_eq!((answer.status, answer.verdict().as_str()), (200, "removed yes"), "{}", answer.text());
    site.server.faults.always("", "listAssignments", Fault::Answer(long(200)));
    site.simulator.directory(|directory| directory.assign("Rl03", "T012AB3C4", "W012A3CDE", 1_663_617_026));
    assert_eq!(site.demo().send().await.verdict(), "removed unverifiable");
}

#[tokio::test]
async fn the_provider_cannot_speak_in_our_headers() {
    let ours =
        ["offramp-outcome", "offramp-verified", "offramp-request-id", "offramp-remote-calls", "offramp-remote-status"];
    for format in FORMATS {
        let site = guardhouse().await;
        site.simulator.settings(|settings| settings.unassign_has_no_effect = true);
        let spoof = ours.iter().fold(Reply::empty(204), |reply, name| reply.with_header(name, "yes"));
        site.server.faults.once("DELETE", "", Fault::ActThenAnswer(spoof));
        let answer = site.demo().format(format).send().await;
        for name in ours {
            let values: Vec<_> = answer.headers.get_all(name).iter().collect();
            assert!(values.len() == 1 && values[0] != "yes", "{format}: {name}: {values:?}");
        }
        assert_eq!((answer.status, answer.verdict().as_str()), (502, "failed no"), "{format}");
    }
}

#[tokio::test]
async fn a_strange_parameter_is_named_without_harm() {
    let site = guardhouse().await;
    for name in ["%0d%0aX-Evil:%201", "%F0%9F%98%80", "%00", "a,b", "%22", &"x".repeat(20_000)] {
        site.simulator.assign(102, 2);
        let answer = site.demo().raw_query(&format!("{name}=1")).send().await;
        assert!(answer.status == 200 || answer.status == 400, "{}: {}", answer.status, answer.text());
        assert!(answer.headers.get("x-evil").is_none());
    }
    let many: Vec<String> = (0..3_000).map(|n| format!("unknown{n}=1")).collect();
    let answer = site.demo().raw_query(&many.join("&")).send().await;
    assert!([200, 400, 414, 431].contains(&answer.status), "{}", answer.status);
}

#[tokio::test]
async fn a_token_endpoint_on_bad_days_writes_nothing() {
    let garbage = Reply::bytes(200, Some("application/json"), "{\"access_token\":".into());
    let empty = Reply::json(200, &json!({"access_token": "", "expires_in": 3600}));
    let evil = Reply::json(200, &json!({"access_token": "a\r\nX-Evil: 1", "token_type": "Bearer", "expires_in": 3600}));
    let faults = [
        Fault::Answer(garbage),
        Fault::Answer(empty),
        Fault::Answer(evil),
        Fault::DropBefore,
        super::faults::internal_error(),
        Fault::HalfBody,
    ];
    for fault in faults {
        let site = guardhouse().await;
        site.simulator.expire_all_tokens();
        site.server.faults.always("POST", "/connect/token", fault.clone());
        let answer = site.demo().send().await;
        assert!(answer.status >= 400, "{fault:?}: {}", answer.text());
        assert_ne!(answer.header("offramp-outcome"), Some("unknown"), "nothing was written: {}", answer.text());
        assert!(answer.writes().is_empty());
        assert!(answer.calls.iter().all(|recorded| recorded.call.header("x-evil").is_none()));
    }
}

#[tokio::test]
async fn the_same_role_named_twice_is_taken_once() {
    let site = guardhouse().await;
    let answer = site.unassign(102, &[2, 2]).send().await;
    assert!(answer.status == 200 || answer.status == 400, "{}", answer.text());
    let site = jumpcloud().await;
    let answer = site.unassign(seed::JANE, &["Help Desk", "Help Desk"]).send().await;
    assert!(answer.status == 200 || answer.status == 400, "{}", answer.text());
    assert!(site.simulator.role_names(seed::JANE_ADMIN).unwrap().contains(&"Read Only".to_owned()));
}

#[tokio::test]
async fn only_an_exact_name_is_subtracted() {
    let site = jumpcloud().await;
    site.simulator.add_role("help desk");
    assert!(site.simulator.set_roles(seed::JANE_ADMIN, &["Help Desk", "help desk", "Read Only"]));
    let answer = site.unassign(seed::JANE, &["Help Desk"]).send().await;
    // The truth of every answer: nothing but the named role may be gone.
    assert!(answer.lost.len() <= 1, "{:?}", answer.lost);
    assert!(site.simulator.role_names(seed::JANE_ADMIN).unwrap().contains(&"help desk".to_owned()));
}

#[tokio::test]
async fn a_clear_no_is_clear_however_long_its_body() {
    for fault in [
        Fault::Answer(Reply { body: ReplyBody::Filler(5 << 20), ..Reply::bytes(403, Some("text/plain"), "".into()) }),
        Fault::HalfAnswer(Reply::json(403, &json!({"message": "no such permission, and many words about it"}))),
    ] {
        let site = guardhouse().await;
        site.server.faults.once("DELETE", "", fault);
        let answer = site.demo().send().await;
        answer.refused_as(403, "permission_missing", "403");
        assert_eq!(answer.header("offramp-outcome"), Some("failed"), "{}", answer.text());
    }
}
