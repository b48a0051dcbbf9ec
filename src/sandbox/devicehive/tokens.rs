//! The JSON web tokens that the hive gives out. Their payload is the provider's; their signature is random, and a
//! token is known by the whole of it.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;
use uuid::Uuid;

use super::refusal::Refusal;

/// Everything.
pub(super) const ANY: u8 = 0;
pub(super) const MANAGE_USER: u8 = 12;
pub(super) const MANAGE_NETWORK: u8 = 14;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Refresh = 0,
    Access = 1,
}

/// What a token is good for.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) user: i64,
    pub(super) actions: Vec<u8>,
    /// Ids of networks, or `*`.
    pub(super) networks: Vec<String>,
    pub(super) expires_ms: u64,
}

impl Grant {
    pub(super) fn permits(&self, action: u8) -> bool {
        self.actions.contains(&ANY) || self.actions.contains(&action)
    }

    pub(super) fn living(&self, now_ms: u64) -> Result<(), Refusal> {
        if now_ms < self.expires_ms {
            return Ok(());
        }
        Err(Refusal::expired())
    }
}

#[derive(Default)]
pub(super) struct Tokens {
    issued: HashMap<String, (Kind, Grant)>,
}

impl Tokens {
    pub(super) fn issue(&mut self, kind: Kind, grant: Grant) -> String {
        let claims = json!({"payload": {
            "a": grant.actions, "e": grant.expires_ms, "t": kind as u8, "u": grant.user, "n": grant.networks, "dt": ["*"],
        }});
        let signature = [*Uuid::now_v7().as_bytes(), *Uuid::now_v7().as_bytes()].concat();
        let encode = |part: &[u8]| URL_SAFE_NO_PAD.encode(part);
        let token = format!(
            "{}.{}.{}",
            encode(br#"{"alg":"HS256"}"#),
            encode(claims.to_string().as_bytes()),
            encode(&signature)
        );
        self.know(kind, token.clone(), grant);
        token
    }

    /// Takes a token that was made elsewhere.
    pub(super) fn know(&mut self, kind: Kind, token: String, grant: Grant) {
        self.issued.insert(token, (kind, grant));
    }

    /// What the token is good for, if it is of that kind and lives.
    pub(super) fn check(&self, kind: Kind, token: &str, now_ms: u64) -> Result<Grant, Refusal> {
        let known = self.issued.get(token).filter(|(of, _)| *of == kind);
        let (_, grant) = known.ok_or_else(Refusal::unauthorized)?;
        grant.living(now_ms)?;
        Ok(grant.clone())
    }

    pub(super) fn expire(&mut self, kind: Kind) {
        for (of, grant) in self.issued.values_mut() {
            if *of == kind {
                grant.expires_ms = 0;
            }
        }
    }

    pub(super) fn count(&self, kind: Kind) -> usize {
        self.issued.values().filter(|(of, _)| *of == kind).count()
    }
}
