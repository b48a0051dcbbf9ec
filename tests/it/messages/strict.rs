//! A definition for a broker as strict as a vendor's: every way in, by messages and over HTTP, a renewal on each.

use std::collections::BTreeSet;

use offramp::sandbox::devicehive::DeviceHive;
use offramp::sandbox::{Clock, SimServer, Simulator};

use super::*;

pub(super) const STRICT: &str = include_str!("../../../connectors/devicehive/connector.yaml");

#[tokio::test]
async fn every_way_in_takes_exactly_one_membership_away() {
    let app = gateway(STRICT).await;
    let hive = Arc::new(DeviceHive::new(Clock::default()));
    let server = SimServer::start(hive.clone()).await.unwrap();
    let login = hive.demo().context;
    for transport in ["mqtt", "rest"] {
        let (access, refresh) = hive.tokens(1, None).unwrap();
        for (credentials, renews) in [
            (json!({"access_token": access}), false),
            (json!({"refresh_token": refresh}), true),
            (json!({"login": login["login"], "password": login["password"]}), true),
        ] {
            let mut context = credentials.clone();
            context["transport"] = json!(transport);
            match transport {
                "mqtt" => context["mqtt_url"] = json!(server.mqtt_url().unwrap()),
                _ => context["base_url"] = json!(format!("{}/api/rest", server.base_url())),
            }
            let got =
                send(&app, "/integrated-account", &json!({"integration": "devicehive", "context": context})).await;
            assert_eq!(got.status, 201, "{transport} {credentials}: {}", got.text);
            let account = got.body["id"].as_str().unwrap().to_owned();
            for is_over in [false, false, true] {
                if is_over && !renews {
                    continue;
                }
                hive.assign(42, 7);
                let before = hive.memberships();
                if is_over {
                    hive.expire_access_tokens();
                }
                let path = format!(
                    "/unified/user-directory/users/unassign-role?integrated_account_id={account}&id=42&workspace_id=7"
                );
                let got = send(&app, &path, &json!({})).await;
                let story = format!("{transport} {credentials}, over: {is_over}: {}", got.text);
                assert_eq!((got.status, got.verdict().as_str()), (200, "removed yes"), "{story}");
                let after = hive.memberships();
                let lost: BTreeSet<String> = before.difference(&after).cloned().collect();
                assert_eq!(lost, BTreeSet::from(["user 42 is in network 7".to_owned()]), "{story}");
            }
        }
    }
}
