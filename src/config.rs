//! The settings: `config.default.toml`, a file, the environment, in this order. What each means stands in that file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::Figment;
use figment::providers::{Format, Serialized, Toml};
use secrecy::SecretString;
use serde::Deserialize;
use thiserror::Error;

use crate::engine::{EngineLimits, Pace, RetryLimits};
use crate::gateway::{GuardSettings, IdempotencySettings, RateLimits, Settings};
use crate::storage::{Durability, Envelope};
use crate::transport::{BreakerLimits, EgressPolicy, EgressPolicyError, LaneLimits, TransportLimits};

/// The defaults, and their documentation.
pub const DEFAULTS: &str = include_str!("../config.default.toml");
const LOCAL_FILE: &str = "offramp.toml";
/// A shorter one would run out while its holder is well.
const SHORTEST_LEASE: Duration = Duration::from_secs(1);

/// Why the settings cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    #[error("configuration: {0}")]
    Unreadable(String),
    #[error("configuration: {0} is no file")]
    NoFile(PathBuf),
    #[error("configuration: egress_allow: {0}")]
    Egress(#[from] EgressPolicyError),
}

/// Settings whose value no message may repeat.
const SECRET: [&str; 3] = ["vault_key", "admin_token", "database_url"];

/// What is wrong, and where; without a value that is secret, and without the line of the file that it stands in.
fn described(error: &figment::Error) -> String {
    let place = || error.metadata.as_ref().and_then(|metadata| Some(metadata.source.as_ref()?.to_string()));
    if let Some(setting) = error.path.last().filter(|setting| SECRET.contains(&setting.as_str())) {
        let place = place().map(|place| format!(" in {place}")).unwrap_or_default();
        return format!("{setting} must be a text, in quotation marks{place}");
    }
    let is_excerpt =
        |line: &str| line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit()).trim_start().starts_with('|');
    let text = error.to_string();
    let lines: Vec<&str> = text.lines().filter(|line| !is_excerpt(line)).map(str::trim).collect();
    lines.join("; ")
}

/// One variable. A text stays the text it is, `007` and `true` too: tokens and keys look like anything. Only a section's
/// settings may be numbers, or `true` and `false`.
fn from_environment(setting: &str, value: &str) -> Serialized<figment::value::Value> {
    let path = setting.replace("__", ".");
    let typed = || {
        let number = value.parse::<u64>().ok().map(figment::value::Value::from);
        number.or_else(|| value.parse::<bool>().ok().map(figment::value::Value::from))
    };
    let value = if path.contains('.') { typed() } else { None }.unwrap_or_else(|| figment::value::Value::from(value));
    Serialized::default(&path, value)
}

/// The settings of a process. See `config.default.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub listen: String,
    pub database_url: String,
    pub vault_key: SecretString,
    pub vault_key_file: PathBuf,
    pub admin_token: SecretString,
    pub connectors_dir: String,
    pub egress_allow: String,
    pub extra_ca_file: String,
    pub envelope: Envelope,
    pub limits: Limits,
    pub retry: Retry,
    pub breaker: Breaker,
    pub verify: Verify,
    pub audit: Audit,
    pub guard: GuardSettings,
    pub idempotency: Idempotency,
    pub log: Log,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    pub body_bytes: usize,
    pub call_timeout_ms: u64,
    pub connect_timeout_ms: u64,
    pub answer_bytes: usize,
    pub account_at_once: usize,
    pub account_wait_ms: u64,
    pub shutdown_ms: u64,
    pub token_requests_per_minute: u32,
    pub account_requests_per_minute: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retry {
    pub times: u32,
    pub repeatable_writes: u32,
    pub pause_ms: u64,
    pub longest_pause_ms: u64,
    pub total_ms: u64,
    pub rate_limit_wait_ms: u64,
    pub budget_percent: u32,
    pub budget_per_second: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Breaker {
    pub failures: u32,
    pub window_ms: u64,
    pub pause_ms: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    pub wait_limit_ms: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    pub enabled: bool,
    pub durability: Durability,
    pub redact_after_days: u32,
    pub keep_days: u32,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Idempotency {
    pub wait_ms: u64,
    pub lease_ms: u64,
    pub keep_hours: u64,
    pub answer_bytes: usize,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    pub format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    Text,
    Json,
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    /// If the file is missing, or a setting is unknown or of the wrong form.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        if let Some(file) = file.filter(|file| !file.is_file()) {
            return Err(ConfigError::NoFile(file.to_owned()));
        }
        let file = file.unwrap_or(Path::new(LOCAL_FILE));
        let mut figment = Figment::new().merge(Toml::string(DEFAULTS));
        if file.is_file() {
            figment = figment.merge(Toml::file_exact(file));
        }
        for (name, value) in std::env::vars() {
            if let Some(setting) = name.strip_prefix("OFFRAMP_") {
                figment = figment.merge(from_environment(&setting.to_lowercase(), &value));
            }
        }
        figment.extract().map_err(|error| ConfigError::Unreadable(described(&error)))
    }

    /// Which addresses providers may have.
    ///
    /// # Errors
    /// If an entry is no address and no range.
    pub fn egress(&self) -> Result<EgressPolicy, ConfigError> {
        Ok(self.egress_allow.parse()?)
    }

    /// The engine's limits.
    pub fn engine_limits(&self) -> EngineLimits {
        EngineLimits {
            call_timeout: Duration::from_millis(self.limits.call_timeout_ms),
            wait_limit: Duration::from_millis(self.verify.wait_limit_ms),
            answer_bytes: self.limits.answer_bytes,
        }
    }

    /// How providers are asked again, how much at once, and when they are left alone.
    pub fn pace(&self) -> Pace {
        let Self { limits, retry, breaker, .. } = self;
        Pace {
            retry: RetryLimits {
                times: retry.times,
                repeatable_writes: retry.repeatable_writes,
                pause: Duration::from_millis(retry.pause_ms),
                longest_pause: Duration::from_millis(retry.longest_pause_ms),
                total: Duration::from_millis(retry.total_ms),
                rate_limit_wait: Duration::from_millis(retry.rate_limit_wait_ms),
            },
            lane: LaneLimits {
                at_once: limits.account_at_once,
                wait: Duration::from_millis(limits.account_wait_ms),
                repeats_per_call: retry.budget_percent as f32 / 100.0,
                repeats_per_second: retry.budget_per_second,
            },
            breaker: BreakerLimits {
                failures: breaker.failures,
                window: Duration::from_millis(breaker.window_ms),
                pause: Duration::from_millis(breaker.pause_ms),
            },
        }
    }

    /// What the gateway does beyond carrying requests out.
    pub fn gateway_settings(&self) -> Settings {
        Settings {
            audit: self.audit.enabled,
            redact_after_days: self.audit.redact_after_days,
            keep_days: self.audit.keep_days,
            guard: self.guard.clone(),
            rates: RateLimits {
                per_token: self.limits.token_requests_per_minute,
                per_account: self.limits.account_requests_per_minute,
            },
            idempotency: self.idempotency_settings(),
        }
    }

    fn idempotency_settings(&self) -> IdempotencySettings {
        IdempotencySettings {
            wait: Duration::from_millis(self.idempotency.wait_ms),
            lease: Duration::from_millis(self.idempotency.lease_ms).max(SHORTEST_LEASE),
            keep: Duration::from_secs(self.idempotency.keep_hours.saturating_mul(60 * 60)),
            answer_bytes: self.idempotency.answer_bytes,
        }
    }

    /// The transport's limits.
    pub fn transport_limits(&self) -> TransportLimits {
        TransportLimits {
            connect_timeout: Duration::from_millis(self.limits.connect_timeout_ms),
            response_body_bytes: self.limits.answer_bytes,
            ..TransportLimits::default()
        }
    }
}
