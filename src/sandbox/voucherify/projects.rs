//! How a project is listed: every documented field, as in the vendor's example.

use serde_json::{Value, json};

use super::organization::Project;
use super::settings::Settings;

/// Calls an hour that a sandbox project is listed with, unless a switch says otherwise.
const SANDBOX_CALLS_PER_HOUR: u64 = 100;
const ADDRESS: &str = "notices@example.com";

/// One project as an item of `GET /management/v1/projects`.
pub(super) fn item(id: &str, project: &Project, settings: &Settings) -> Value {
    let on = json!({"value": 80, "emails": [ADDRESS], "in_app": true, "enabled": true});
    let off = json!({"value": 80, "emails": [], "in_app": false, "enabled": false});
    let callout = json!({"email": true, "emails": [ADDRESS], "in_app": true});
    let mut item = json!({
        "id": id,
        "name": project.name,
        "currency": project.currency,
        "timezone": project.timezone,
        "cluster_id": "eu1",
        "api_version": "v2018-08-01",
        "description": project.description,
        "dial_code": null,
        "case_sensitive_codes": true,
        "client_trusted_domains": [],
        "client_redeem_enabled": false,
        "client_publish_enabled": false,
        "client_list_vouchers_enabled": false,
        "client_create_customer_enabled": false,
        "client_loyalty_events_enabled": false,
        "client_set_voucher_expiration_date_enabled": false,
        "api_usage_notifications": {
            "messages": on,
            "api_calls": on,
            "cycle_calls": on,
            "redemptions": off,
            "webhook_calls": on,
            "bulk_api_calls": on,
        },
        "webhooks_callout_notifications": {"webhooks": callout, "distributions": callout},
        "is_sandbox": project.is_sandbox,
    });
    if project.is_sandbox {
        let calls = settings.sandbox_calls_per_hour.unwrap_or(SANDBOX_CALLS_PER_HOUR);
        item["limits"] = json!({
            "api_calls": [{"value": calls, "duration": "PT1H"}],
            "bulk_api_calls": [{"value": 1, "duration": "PT1H"}],
        });
        item["default_code_config"] =
            json!({"charset": "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"});
    }
    item["webhook_version"] = "v2024-01-01".into();
    if settings.webhook_token_in_project {
        item["webhook_token"] = "sandbox-only-webhook-token".into();
    }
    item
}
