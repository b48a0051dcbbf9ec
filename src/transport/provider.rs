//! Every way there is to a provider, behind one guard: HTTP for calls, MQTT for messages.

use std::future::Future;
use std::pin::Pin;

use super::connect::{ProviderConnector, Resolver, system_resolver};
use super::egress::EgressPolicy;
use super::trust::Trust;
use super::{
    BrokerCall, HttpTransport, MessageLink, MqttTransport, ProviderAnswer, ProviderCall, Transport, TransportError,
    TransportLimits,
};

type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, TransportError>> + Send + 'a>>;

/// Reaches providers over HTTP and over MQTT.
#[derive(Clone)]
pub struct ProviderTransport {
    http: HttpTransport,
    mqtt: MqttTransport,
}

impl ProviderTransport {
    /// With Mozilla's roots and the system's resolver.
    pub fn new(policy: EgressPolicy, limits: TransportLimits) -> Self {
        Self::with(policy, limits, Trust::public(), system_resolver())
    }

    /// With the system's resolver.
    pub fn with_trust(policy: EgressPolicy, limits: TransportLimits, trust: Trust) -> Self {
        Self::with(policy, limits, trust, system_resolver())
    }

    /// With everything given.
    pub fn with(policy: EgressPolicy, limits: TransportLimits, trust: Trust, resolver: Resolver) -> Self {
        let connector = ProviderConnector::new(policy, trust, resolver, limits.connect_timeout);
        Self { mqtt: MqttTransport::over(connector.clone(), &limits), http: HttpTransport::over(connector, limits) }
    }
}

/// Written out: what the inner transport has boxed is given on as it is.
impl Transport for ProviderTransport {
    fn send<'s, 'f>(&'s self, call: ProviderCall) -> Answering<'f, ProviderAnswer>
    where
        's: 'f,
        Self: 'f,
    {
        self.http.send(call)
    }

    fn connect<'s, 'f>(&'s self, broker: BrokerCall) -> Answering<'f, MessageLink>
    where
        's: 'f,
        Self: 'f,
    {
        self.mqtt.connect(broker)
    }
}
