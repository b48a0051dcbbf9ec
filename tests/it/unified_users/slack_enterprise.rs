use offramp::sandbox::slack_enterprise::SlackEnterprise;

use super::*;

const EGON: &str = "W012A3CDE";
const ACME: &str = "E0ACME4242";

/// When a user was made, and since when one is deactivated, only the list of all users tells: neither is fed.
pub(super) fn stories() -> Vec<Story> {
    let simulator = SlackEnterprise::new(Clock::default());
    simulator.directory(|directory| {
        directory.assign("Rl0A", "C0CONTAIN1", EGON, 1_690_000_000);
        directory.assign("Rl0J", ACME, EGON, 1_690_000_001);
        // A custom role: no table has its name.
        directory.assign("R0742DESK", "T012AB3C4", EGON, 1_690_000_002);
    });
    let user = json!({
        "id": EGON,
        "identifiers": {"enterprise_user_id": EGON, "team_id": "T012AB3C4", "enterprise_id": ACME},
        "first_name": "Egon",
        "last_name": "Spengler",
        "title": "Analyst",
        "name": "Egon Spengler",
        "username": "spengler",
        "emails": [{"email": "spengler@acme.example.com", "is_primary": true}],
        "phones": [{"number": "+1 555 0100"}],
        "status": "active",
        "is_email_verified": true,
        "is_2fa_enabled": false,
        "roles": [
            {"id": "R0742DESK", "workspace": "T012AB3C4"},
            {"id": "Rl0J", "name": "Security Admin", "organization": ACME},
            {"id": "Rl0A", "name": "Channel Manager", "group": "C0CONTAIN1"},
            {"id": "Rl0C", "name": "Audit Logs Admin", "workspace": "T012AB3C4"},
        ],
        "organizations": [{"id": ACME, "name": "Acme"}],
        "user_type": "admin",
        "workspaces": [
            {"id": "T012AB3C4", "name": "Headquarters"},
            {"id": "T0FIELD01", "name": "Field Operations"},
        ],
        "avatar": "https://avatars.example.com/spengler_original.jpg",
        "timezone": "America/Los_Angeles",
        "languages": ["en-US"],
        "updated_at": "2023-08-15T22:31:26Z",
    });
    let image = |size: &str| format!("https://avatars.example.com/spengler_{size}.jpg");
    let profile = json!({
        "title": "Analyst",
        "phone": "+1 555 0100",
        "skype": "",
        "real_name": "Egon Spengler",
        "real_name_normalized": "Egon Spengler",
        "display_name": "spengler",
        "display_name_normalized": "spengler",
        "first_name": "Egon",
        "last_name": "Spengler",
        "status_text": "Print is dead",
        "status_emoji": "",
        "status_expiration": 0,
        "avatar_hash": "ge3b51ca72de",
        "image_24": image("24"),
        "image_72": image("72"),
        "image_192": image("192"),
        "image_512": image("512"),
        "image_original": image("original"),
        "email": "spengler@acme.example.com",
        "team": "T012AB3C4",
    });
    let remote_data = json!({
        "id": EGON,
        "team_id": "T012AB3C4",
        "name": "spengler",
        "deleted": false,
        "color": "9f69e7",
        "real_name": "Egon Spengler",
        "tz": "America/Los_Angeles",
        "tz_label": "Pacific Daylight Time",
        "tz_offset": -25_200,
        "updated": 1_692_138_686,
        "is_admin": true,
        "is_owner": false,
        "is_primary_owner": false,
        "is_restricted": false,
        "is_ultra_restricted": false,
        "is_bot": false,
        "is_app_user": false,
        "is_invited_user": false,
        "is_email_confirmed": true,
        "has_2fa": false,
        "who_can_share_contact_card": "EVERYONE",
        "enterprise_user": {
            "id": EGON,
            "enterprise_id": ACME,
            "enterprise_name": "Acme",
            "is_admin": false,
            "is_owner": false,
            "is_primary_owner": false,
            "teams": ["T012AB3C4", "T0FIELD01"],
        },
        "locale": "en-US",
        "profile": profile,
    });
    let body = json!({"id": EGON, "roles": [{"id": "Rl03"}], "workspace_id": "T012AB3C4"});
    vec![Story::of("a user", simulator, body, user, remote_data)]
}
