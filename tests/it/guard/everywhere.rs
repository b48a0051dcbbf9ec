//! At every provider: whatever the unified user and the item show of a user or a role protects them, and nothing else
//! stops a removal.

use offramp::sandbox::{self, Clock};

use super::*;
use crate::staged::TOKEN;

/// The removal that the sandbox shows for this provider.
async fn demo(stage: &Stage, options: &str) -> Answer {
    let demo = stage.server.simulator.demo();
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(demo.query.iter().map(|(name, value)| (*name, value.as_str())));
    let query = query.finish();
    let query = if query.is_empty() { query } else { format!("&{query}") };
    stage.unassign(&format!("{query}{options}"), &demo.body).await
}

/// Ids, names and addresses of the user, and of the role, as an answer shows them.
fn shown(answer: &Answer) -> (Vec<String>, Vec<String>) {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let user = &answer.body;
    let mut users: Vec<String> = ["id", "username", "name"].iter().filter_map(|field| text(&user[*field])).collect();
    let emails = user["emails"].as_array().cloned().unwrap_or_default();
    users.extend(emails.iter().filter_map(|email| text(&email["email"])));
    let role = &user["unassignment"]["items"][0]["role"];
    let roles = ["id", "name"].iter().filter_map(|field| text(&role[*field])).collect();
    (users, roles)
}

#[tokio::test]
async fn what_is_shown_of_a_user_or_a_role_protects_them() {
    for simulator in sandbox::all(&Clock::default()) {
        let slug = simulator.slug();
        let plain = Stage::at(slug, Settings::default(), TOKEN).await;
        let answer = demo(&plain, "").await;
        is_removed(&answer);
        let (mut known_users, known_roles) = shown(&answer);
        known_users.dedup();
        assert!(known_users.len() >= 2 && !known_roles.is_empty(), "{slug}: {known_users:?} {known_roles:?}");

        let others = GuardSettings {
            protected_users: texts(&["somebody.else@example.com", "Somebody Else", "9999999"]),
            protected_roles: texts(&["Another Role"]),
            removals_per_account_per_hour: 1,
        };
        let stage = Stage::at(slug, with(others), TOKEN).await;
        is_removed(&demo(&stage, "").await);

        let rules = known_users.iter().map(|text| users(&[&text.to_uppercase()]));
        let rules = rules.chain(known_roles.iter().map(|text| roles(&[&text.to_uppercase()])));
        for settings in rules {
            let rule = format!("{slug}: {:?}", settings.guard);
            let stage = Stage::at(slug, settings, TOKEN).await;
            let held = stage.server.simulator.memberships();
            for options in ["&dry_run=true", "", "&check_before=true"] {
                let answer = demo(&stage, options).await;
                assert_eq!((answer.status, answer.kind()), (422, "refused"), "{rule}{options}: {answer:?}");
            }
            assert_eq!(stage.server.simulator.memberships(), held, "{rule}");
            assert_eq!(stage.entries().await.len(), 2, "{rule}");
        }
    }
}
