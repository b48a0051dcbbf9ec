//! The JSON Schema of `connector.yaml`, made of the types that read it.

use schemars::generate::SchemaSettings;

use super::definition::Definition;

/// The JSON Schema (2020-12) of `connector.yaml`; the descriptions are the types' own.
pub fn schema() -> serde_json::Value {
    let schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Definition>();
    serde_json::Value::from(schema)
}
