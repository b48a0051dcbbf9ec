//! From settings to a gateway that is ready: connectors, database, vault, transport, engine.

use std::path::Path;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::Failure;
use crate::config::Config;
use crate::connector::{LoadError, Registry, embedded, from_directory};
use crate::credentials::vault::{MasterKey, Vault};
use crate::engine::Engine;
use crate::gateway::{Gateway, Parts};
use crate::storage::Storage;
use crate::storage::sqlite::SqliteStorage;
use crate::transport::{ProviderTransport, Trust};

/// A gateway, and what making it did to the machine.
pub(super) struct Started {
    pub(super) gateway: Arc<Gateway>,
    /// The vault's key file, if it was made just now.
    pub(super) new_key_file: bool,
}

/// Puts a gateway together.
pub(super) async fn start(config: &Config) -> Result<Started, Failure> {
    let registry = connectors(config)?;
    let (key, new_key_file) = master_key(config)?;
    let storage = SqliteStorage::open_with(&config.database_url, config.audit.durability).await?;
    let gateway = assemble(config, registry, key, Arc::new(storage), config.admin_token.clone()).await?;
    Ok(Started { gateway, new_key_file })
}

/// Puts a gateway together of parts that are at hand.
pub(super) async fn assemble(
    config: &Config,
    registry: Registry,
    key: MasterKey,
    storage: Arc<dyn Storage>,
    admin_token: SecretString,
) -> Result<Arc<Gateway>, Failure> {
    let trust = match config.extra_ca_file.as_str() {
        "" => Trust::public(),
        file => Trust::with_pem_file(Path::new(file))?,
    };
    let transport = ProviderTransport::with_trust(config.egress()?, config.transport_limits(), trust);
    let engine = Engine::with_pace(Arc::new(transport), config.engine_limits(), config.pace());
    let parts = Parts { registry, engine, storage, vault: Vault::new(key)?, admin_token, envelope: config.envelope };
    Ok(Arc::new(Gateway::open_with(parts, config.gateway_settings()).await?))
}

/// The connectors the settings ask for.
pub(super) fn connectors(config: &Config) -> Result<Registry, Failure> {
    let loaded = match config.connectors_dir.as_str() {
        "" => embedded(),
        folder => from_directory(Path::new(folder)),
    };
    loaded.map_err(|error| match error {
        LoadError::Definition(error) => error.render().into(),
        error => error.into(),
    })
}

fn master_key(config: &Config) -> Result<(MasterKey, bool), Failure> {
    let text = config.vault_key.expose_secret();
    if !text.is_empty() {
        return Ok((MasterKey::from_base64(text).map_err(|error| format!("vault_key: {error}"))?, false));
    }
    Ok(MasterKey::load_or_create(&config.vault_key_file)?)
}
