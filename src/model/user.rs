//! The unified user: its fields, in the order of the contract, and what each may hold.

/// What a field of the unified user holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldType {
    Text,
    Boolean,
    /// RFC 3339, in UTC.
    Time,
    /// `active`, `inactive`, `deleted` or `invited`; the provider's own word where none of these fits.
    Status,
    /// An object with members of the provider's own.
    Object,
    Texts,
    List(&'static [(&'static str, FieldType)]),
}

use FieldType::{Boolean, List, Object, Status, Text, Texts, Time};

/// The statuses a normalized user may have.
pub const USER_STATUSES: &[&str] = &["active", "inactive", "deleted", "invited"];

/// The fields of the unified user, without `remote_data`.
pub const USER_FIELDS: &[(&str, FieldType)] = &[
    ("id", Text),
    ("external_id", Text),
    ("identifiers", Object),
    ("first_name", Text),
    ("last_name", Text),
    ("title", Text),
    ("name", Text),
    ("username", Text),
    ("emails", List(&[("email", Text), ("type", Text), ("is_primary", Boolean)])),
    ("phones", List(&[("number", Text), ("extension", Text), ("type", Text)])),
    ("status", Status),
    ("is_email_verified", Boolean),
    ("is_2fa_enabled", Boolean),
    ("roles", List(&[("id", Text), ("name", Text), ("group", Text), ("organization", Text), ("workspace", Text)])),
    ("organizations", List(&[("id", Text), ("name", Text)])),
    ("user_type", Text),
    ("licenses", List(&[("id", Text), ("name", Text), ("organization", Text), ("last_active_at", Time)])),
    ("groups", List(&[("id", Text), ("name", Text), ("organization", Text)])),
    ("workspaces", List(&[("id", Text), ("name", Text)])),
    ("avatar", Text),
    ("timezone", Text),
    ("languages", Texts),
    ("bio", Text),
    ("created_at", Time),
    ("updated_at", Time),
    ("last_active_at", Time),
    ("last_login_at", Time),
    ("status_changed_at", Time),
    ("activated_at", Time),
    ("urls", List(&[("url", Text), ("type", Text)])),
];
