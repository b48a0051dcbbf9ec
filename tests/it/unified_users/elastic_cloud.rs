use offramp::sandbox::elastic_cloud::{ElasticCloud, seed};

use super::*;

pub(super) fn stories() -> Vec<Story> {
    let acme = seed::ACME;
    let user = json!({
        "id": seed::GRACE,
        "name": "Grace Hopper",
        "username": "Grace.Hopper@Acme.Example",
        "emails": [{"email": "Grace.Hopper@Acme.Example", "is_primary": true}],
        "status": "active",
        "roles": [
            {"id": "organization-admin", "organization": acme},
            {"id": "deployment-admin", "group": "all", "organization": acme},
            {"id": "elasticsearch-viewer", "organization": acme, "workspace": "all"},
            {
                "id": "observability-editor",
                "organization": acme,
                "workspace": format!("{},{}", seed::P1, seed::P2),
            },
            {"id": "security-admin", "organization": acme, "workspace": "all"},
        ],
        "organizations": [{"id": acme, "name": "Acme"}],
        "created_at": "2024-01-01T00:00:00Z",
    });
    let remote_data = json!({
        "organization_id": acme,
        "user_id": seed::GRACE,
        "name": "Grace Hopper",
        "email": "Grace.Hopper@Acme.Example",
        "member_since": "2024-01-01T00:00:00Z",
        "role_assignments": {
            "organization": [{"organization_id": acme, "role_id": "organization-admin"}],
            "deployment": [{"organization_id": acme, "role_id": "deployment-admin", "all": true}],
            "project": {
                "elasticsearch": [{"organization_id": acme, "role_id": "elasticsearch-viewer", "all": true}],
                "observability": [{
                    "organization_id": acme,
                    "role_id": "observability-editor",
                    "all": false,
                    "project_ids": [seed::P1, seed::P2],
                }],
                "security": [{"organization_id": acme, "role_id": "security-admin", "all": true}],
            },
        },
    });
    let body = json!({"id": seed::GRACE, "roles": [{"id": "billing-admin"}]});
    vec![Story::of("a member", ElasticCloud::new(Clock::default()), body, user, remote_data)]
}
