//! What became of a removal. The order of the variants is the contract's: the worst is the greatest.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What became of one item, or of a request: its worst item's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A dry run: nothing was sent.
    Planned,
    /// It was not held; nothing was changed.
    AlreadyAbsent,
    /// The provider accepted the removal, or a conclusive read-back shows it done.
    Removed,
    /// A guard or the definition forbids it; no write was sent.
    Refused,
    /// The provider's clear no, or accepted without effect.
    Failed,
    /// A write was sent, and neither its answer nor a read settles it.
    #[default]
    Unknown,
}

impl Outcome {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::AlreadyAbsent => "already_absent",
            Self::Removed => "removed",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// What a read-back showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verified {
    /// The role is gone.
    Yes,
    /// Nobody looked.
    Skipped,
    /// Still shown, but within the provider's stated read lag.
    Pending,
    /// Cannot be told.
    Unverifiable,
    /// The direct assignment is gone; the role is still held through a group.
    Inherited,
    /// The role is still held.
    No,
}

impl Verified {
    /// The word of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Skipped => "skipped",
            Self::Pending => "pending",
            Self::Unverifiable => "unverifiable",
            Self::Inherited => "inherited",
            Self::No => "no",
        }
    }
}

/// Whether the role was held before the removal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldBefore {
    Yes,
    No,
    #[default]
    Unknown,
}
