//! Stateful simulators of the providers: their state is real, a role taken away is gone.
//! Written from each provider's documents; knows nothing of the engine or of the connectors.

use std::collections::BTreeSet;
use std::sync::Arc;

pub mod blackline;
mod clock;
pub mod crowdstrike;
pub mod devicehive;
pub mod elastic_cloud;
mod fault;
pub mod guardhouse;
pub mod jumpcloud;
mod messages;
mod server;
pub mod slack_enterprise;
mod switch;
pub mod teamviewer;
pub mod voucherify;

pub use clock::Clock;
pub use fault::{Aim, Fault, Faults, Meets, Trigger};
pub use messages::{Conversation, Delivery, Messages, Step};
pub use server::{Call, Recorded, Reply, ReplyBody, SimServer};

/// A provider's API as a synchronous state machine: one call in, one reply out.
pub trait Simulator: Send + Sync + 'static {
    /// The connector's slug.
    fn slug(&self) -> &'static str;

    /// Answers one call, and changes the state as the provider would.
    fn handle(&self, call: &Call) -> Reply;

    /// Every fact a removal could touch, a line each and the same line as long as the fact is true, such as
    /// `user 101 holds role 1`: compared before and after a removal, it shows exactly what was lost.
    fn memberships(&self) -> BTreeSet<String>;

    /// The face that takes messages, where the provider has one. What reaches the provider through it becomes a
    /// `Call` of the method `MQTT` for `handle`, and meets the same journal and the same faults.
    fn messages(&self) -> Option<&dyn Messages> {
        None
    }

    /// Turns one of the simulator's switches, a member of its settings; durations are in milliseconds.
    ///
    /// # Errors
    /// If there is no such switch, or it cannot stand so.
    fn turn(&self, switch: &str, _to: &serde_json::Value) -> Result<(), String> {
        Err(format!("there is no switch `{switch}`"))
    }

    /// An account that can connect here, and a removal that is sure to find something to remove.
    fn demo(&self) -> Demo;
}

/// Every simulator there is, on one clock.
pub fn all(clock: &Clock) -> Vec<Arc<dyn Simulator>> {
    vec![
        Arc::new(blackline::BlackLine::new(clock.clone())),
        Arc::new(crowdstrike::CrowdStrike::new(clock.clone())),
        Arc::new(devicehive::DeviceHive::new(clock.clone())),
        Arc::new(elastic_cloud::ElasticCloud::new(clock.clone())),
        Arc::new(guardhouse::Guardhouse::new(clock.clone())),
        Arc::new(jumpcloud::JumpCloud::new(clock.clone())),
        Arc::new(slack_enterprise::SlackEnterprise::new(clock.clone())),
        Arc::new(teamviewer::TeamViewer::new(clock.clone())),
        Arc::new(voucherify::Voucherify::new(clock.clone())),
    ]
}

/// The simulator of that connector, if there is one.
pub fn of(slug: &str, clock: &Clock) -> Option<Arc<dyn Simulator>> {
    all(clock).into_iter().find(|simulator| simulator.slug() == slug)
}

/// What the sandbox connects and shows for one simulator.
#[derive(Clone, Debug)]
pub struct Demo {
    /// The integrated account's `context`, without `base_url`; `SimServer::account_context` puts the one that fits.
    pub context: serde_json::Value,
    /// Query parameters of the unassign request, besides the account's; values as a client would write them.
    pub query: Vec<(&'static str, String)>,
    /// The JSON body of the unassign request.
    pub body: serde_json::Value,
}
