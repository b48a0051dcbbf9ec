//! How a definition says which way a provider is reached, where there is more than HTTP.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::ErrorKind;

/// A way to the provider. One that has `publish` carries messages over MQTT 3.1.1; any other is HTTP.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::connector) struct TransportSource {
    /// An expression over `.account`: the first way for which it is true is taken, and one without it always.
    pub(in crate::connector) when: Option<String>,
    /// The broker: `mqtt://host[:port]`, or `mqtts://…` with TLS. A `base_url` of the account with such a scheme replaces it.
    pub(in crate::connector) url: Option<String>,
    /// The topic that messages are published on. Besides `.account`, `.client.id` may be read: the client identifier,
    /// random and new for each connection; and `.message`, what is published.
    pub(in crate::connector) publish: Option<String>,
    /// The topic that the reply comes on; it is subscribed to before anything is published.
    pub(in crate::connector) reply: Option<String>,
    /// The member of a message, and of its reply, that tells which belong together.
    pub(in crate::connector) correlate: Option<String>,
    /// An expression over `.answer.body`, the whole reply: its status, as HTTP has them. A reply without one says nothing.
    pub(in crate::connector) status: Option<String>,
    /// What it means that the broker refuses a subscription; `permission_missing` if nothing is said.
    pub(in crate::connector) subscription_refused: Option<ErrorKind>,
}

impl TransportSource {
    /// Whether it carries messages.
    pub(in crate::connector) fn has_messages(&self) -> bool {
        self.publish.is_some()
    }
}
