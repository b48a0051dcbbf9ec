use offramp::sandbox::teamviewer::{TeamViewer, seed};

use super::*;

pub(super) fn stories() -> Vec<Story> {
    let user = json!({
        "id": seed::BOTH,
        "name": "Bo Both",
        "username": "both@example.com",
        "emails": [{"email": "both@example.com", "is_primary": true}],
        "status": "active",
        "is_2fa_enabled": true,
        "roles": [{"id": seed::SUPPORT_AGENT, "name": "Support Agent"}],
        "licenses": [{"id": "5f0c7a52-6a4e-4a3c-9a51-0d6b1c1b2f10", "name": "Tensor (Tensor Seat)"}],
        "last_active_at": "2025-11-20T08:15:30Z",
    });
    let remote_data = json!({
        "id": seed::BOTH,
        "name": "Bo Both",
        "email": "both@example.com",
        "active": true,
        "last_access_date": "2025-11-20T08:15:30Z",
        "online_state": "Offline",
        "userRoleId": "9b465ea2-2f75-4101-a057-58a81ed0e57b",
        "activated_license_id": "5f0c7a52-6a4e-4a3c-9a51-0d6b1c1b2f10",
        "activated_license_name": "Tensor",
        "activated_subLicense_name": "Tensor Seat",
        "activated_meeting_license_key": "e7f1c3aa-9d0b-4c56-8a53-6f2f60c9d001",
        "custom_quicksupport_id": "",
        "custom_quickjoin_id": "",
        "tfa_enforcement": false,
        "tfa_enabled": true,
        "log_sessions": true,
        "show_comment_window": false,
        "sso_status": 1,
        "permissions": "ShareOwnGroups,EditConnections",
    });
    let body = json!({"id": seed::BOTH, "roles": [{"id": seed::EVERYONE}]});
    vec![Story::of("a user", TeamViewer::new(Clock::default()), body, user, remote_data)]
}
