use offramp::sandbox::blackline::{BlackLine, seed};

use super::*;

pub(super) fn stories() -> Vec<Story> {
    let user = json!({
        "id": "728",
        "identifiers": {"loginId": "alice"},
        "first_name": "Alice",
        "last_name": "Anderson",
        "name": "Alice Anderson",
        "title": "Accountant",
        "username": "alice",
        "emails": [{"email": "alice@example.com", "is_primary": true}],
        "phones": [{"number": "+1 555 0100"}],
        "status": "active",
        "roles": [
            {"id": "1", "name": "Preparer", "group": "J"},
            {"id": "2", "name": "Approver", "group": "A"},
            {"id": "5", "name": "Viewer", "group": "M"},
        ],
        "timezone": "10",
        "updated_at": "2026-10-01T12:00:00Z",
    });
    let remote_data = json!({
        "id": 728,
        "loginId": "alice",
        "firstName": "Alice",
        "lastName": "Anderson",
        "fullName": "Alice Anderson",
        "email": "alice@example.com",
        "isActive": true,
        "jobTitle": "Accountant",
        "supervisor": null,
        "timeZoneId": 10,
        "phoneNumber": "+1 555 0100",
        "annualHours": 2080,
        "referenceField1": null,
        "referenceField2": null,
        "referenceField3": null,
        "lastUpdated": "2026-10-01T12:00:00Z",
        "allowUserMentions": true,
        "allowUserToEditJournalConfig": false,
        "allowUserToEditIntercompanyConfig": false,
        "allowAdhocMatching": false,
        "allowIntercompanySettlement": false,
        "requiresJournalReviewer": false,
        "allowUserToAccessJournalAnalyser": false,
    });
    let story = |what, change: fn(&BlackLine)| {
        let simulator = BlackLine::new(Clock::default());
        change(&simulator);
        let body = json!({"id": seed::ALICE.to_string(), "roles": [{"id": "1", "group": "A"}]});
        Story::of(what, simulator, body, user.clone(), remote_data.clone())
    };
    vec![
        story("read by itself", |simulator| simulator.settings(|settings| settings.single_user_read = true)),
        story("found in the list", |simulator| simulator.settings(|settings| settings.single_user_read = false)),
    ]
}
