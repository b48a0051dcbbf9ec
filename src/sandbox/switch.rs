//! A simulator's switches by name, so that a scenario written as data can turn them.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Sets the member `name` of the settings.
///
/// # Errors
/// If there is no such member, or the value does not fit it; nothing is changed then.
pub(super) fn turn<S: Serialize + DeserializeOwned>(settings: &mut S, name: &str, value: &Value) -> Result<(), String> {
    let mut all = serde_json::to_value(&*settings).map_err(|e| e.to_string())?;
    let place = all.get_mut(name).ok_or_else(|| format!("there is no switch `{name}`"))?;
    *place = value.clone();
    *settings = serde_json::from_value(all).map_err(|e| format!("switch `{name}`: {e}"))?;
    Ok(())
}

/// Durations as milliseconds.
pub(super) mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(in crate::sandbox) fn serialize<S: Serializer>(duration: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(duration.as_millis() as u64)
    }

    pub(in crate::sandbox) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}
