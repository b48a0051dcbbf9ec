//! What a definition can do, read off its compiled form.

use serde::Serialize;

use super::compiled::{Connector, LookupPlace, Spread, Step};
use super::definition::RoleField;

/// What one connector can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Capabilities {
    pub slug: String,
    pub label: String,
    pub aliases: Vec<String>,
    /// Sets of credentials, the first complete one is used.
    pub auth: Vec<String>,
    /// What a request must give.
    pub inputs: Vec<String>,
    /// A user can be named by e-mail.
    pub user_by_email: bool,
    /// How a role's name is found: `no`, `table` or `read`.
    pub role_by_name: &'static str,
    /// How many roles one write can take: `one`, `all` or `several`.
    pub batches: &'static str,
    /// The reads that prove it.
    pub proof: Vec<String>,
    /// Whether a role that is held through a group is told apart.
    pub inherited: bool,
    /// How long the provider's reads may lag behind, as it states it.
    pub read_lag_s: u32,
    /// `stream` takes one role at a time; all the others any number.
    pub formats: &'static [&'static str],
}

impl Capabilities {
    /// Reads them off a connector.
    pub fn of(connector: &Connector) -> Self {
        let operation = &connector.unassign;
        let auth = connector.auth.iter().map(|auth| format!("{} ({})", auth.name, auth.needs.join(" + ")));
        let by_name = operation.role_lookups.iter().find(|lookup| lookup.given == RoleField::Name);
        let spread = operation.steps.iter().find_map(|step| match step {
            Step::Write(write) => Some(&write.spread),
            _ => None,
        });
        let proof = operation.proof.reads.iter().map(|read| connector.reads[read.read].name.clone());
        Self {
            slug: connector.slug.clone(),
            label: connector.label.clone(),
            aliases: connector.aliases.clone(),
            auth: auth.collect(),
            inputs: operation.inputs.iter().filter(|input| input.required).map(|input| input.name.clone()).collect(),
            user_by_email: operation.user_lookup.is_some(),
            role_by_name: match by_name.map(|lookup| &lookup.place) {
                None => "no",
                Some(LookupPlace::Table(_)) => "table",
                Some(LookupPlace::Read(..)) => "read",
            },
            batches: match spread {
                None | Some(Spread::Item) => "one",
                Some(Spread::Request) => "all",
                Some(Spread::Group { .. }) => "several",
            },
            proof: proof.collect(),
            inherited: operation.proof.inherited.is_some(),
            read_lag_s: operation.proof.read_lag_s,
            formats: &["unified", "raw", "normalized", "stream", "debug"],
        }
    }
}
