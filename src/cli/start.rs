//! From settings to a gateway that is ready: connectors, database, vault, transport, engine.

use std::path::Path;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use super::Failure;
use crate::config::Config;
use crate::connector::{LoadError, Registry, embedded, from_directory};
use crate::credentials::vault::{KeyFile, KeyRing, Vault};
use crate::engine::Engine;
use crate::gateway::keys::{KeyUse, MissingKeys};
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
    let keys = keys_of_setting(config)?;
    let storage = SqliteStorage::open_with(&config.database_url, config.audit.durability).await?;
    let (vault, new_key_file) = match keys {
        Some(keys) => (Vault::new(keys)?, false),
        None => vault_of_file(KeyFile::at(&config.vault_key_file), &storage).await?,
    };
    let gateway = assemble(config, registry, vault, Arc::new(storage), config.admin_token.clone()).await?;
    Ok(Started { gateway, new_key_file })
}

/// Puts a gateway together of parts that are at hand.
pub(super) async fn assemble(
    config: &Config,
    registry: Registry,
    vault: Vault,
    storage: Arc<dyn Storage>,
    admin_token: SecretString,
) -> Result<Arc<Gateway>, Failure> {
    let trust = match config.extra_ca_file.as_str() {
        "" => Trust::public(),
        file => Trust::with_pem_file(Path::new(file))?,
    };
    let transport = ProviderTransport::with_trust(config.egress()?, config.transport_limits(), trust);
    let engine = Engine::with_pace(Arc::new(transport), config.engine_limits(), config.pace());
    let parts = Parts { registry, engine, storage, vault, admin_token, envelope: config.envelope };
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

/// The vault's keys, if the settings hold them.
pub(super) fn keys_of_setting(config: &Config) -> Result<Option<KeyRing>, Failure> {
    match config.vault_key.expose_secret() {
        "" => Ok(None),
        text => Ok(Some(KeyRing::from_text(text).map_err(|error| format!("vault_key: {error}"))?)),
    }
}

/// A vault of the keys in this file, which is made where it is missing and nothing is sealed yet.
async fn vault_of_file(file: KeyFile, storage: &dyn Storage) -> Result<(Vault, bool), Failure> {
    let (keys, made) = match file.load()? {
        Some(keys) => (keys, false),
        None => {
            // A new key would open none of them, and would hide that the right one is gone.
            MissingKeys::check(&KeyUse::of(storage).await?, &[])
                .map_err(|missing| format!("there is no key file {}. {missing}", file.path().display()))?;
            file.load_or_create()?
        }
    };
    Ok((Vault::following(file, keys)?, made))
}
