//! The account's own secrets are kept out of whatever is shown: a provider may repeat them anywhere in its answers.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use serde_json::Value as Json;

use super::mapped::{Mapped, UserFields};
use super::report::{PlanStep, Report};
use super::wire::Answered;
use crate::credentials::{MASK, Mask};
use crate::expression::{Cell, Value};
use crate::model::RoleRef;

/// What hides the secrets of an account, and those that come with its credentials.
pub(super) type Masks = [Arc<Mask>; 2];

/// The text with all of their secrets replaced; `None` if it holds none.
fn hidden(text: &[u8], masks: &[Arc<Mask>]) -> Option<Vec<u8>> {
    masks.iter().fold(None, |hidden: Option<Vec<u8>>, mask| mask.hide(hidden.as_deref().unwrap_or(text)).or(hidden))
}

impl Answered {
    /// The bytes as they may be shown: not the account's own secrets, should the provider have repeated them.
    pub fn shown(&self) -> &Bytes {
        self.repeated.as_ref().map_or(&self.raw, |repeated| &repeated.masked)
    }

    /// Whether what may be shown is another text than what came.
    pub fn is_masked(&self) -> bool {
        self.repeated.is_some()
    }

    /// The headers as they may be shown.
    pub fn shown_headers(&self) -> HeaderMap {
        let mut headers = self.headers.clone();
        for value in headers.values_mut() {
            if let Some(hidden) = hidden(value.as_bytes(), &self.masks) {
                *value = HeaderValue::from_bytes(&hidden).unwrap_or(HeaderValue::from_static(MASK));
            }
        }
        headers
    }
}

/// An answer that repeated a secret.
#[derive(Clone)]
pub(super) struct Repeated {
    /// Its bytes with the secrets masked.
    pub(super) masked: Bytes,
    /// What it was searched with: what is made of such an answer is searched, too.
    masks: Masks,
}

impl Repeated {
    /// Searches an answer; `None` if it holds no secret, which is nearly always so.
    pub(super) fn find(raw: &Bytes, masks: &Masks) -> Option<Box<Self>> {
        let masked = hidden(raw, masks)?.into();
        Some(Box::new(Self { masked, masks: masks.clone() }))
    }

    /// The same secrets, of a listing whose first page is `raw`, which repeated none.
    pub(super) fn on_a_later_page(&self, raw: &Bytes) -> Box<Self> {
        Box::new(Self { masked: raw.clone(), masks: self.masks.clone() })
    }
}

/// Secrets that were repeated in answers. Never printed.
#[derive(Clone, Default)]
pub(super) struct Secrets(Vec<Arc<Mask>>);

impl Secrets {
    /// Takes over the secrets that an answer repeated.
    pub(super) fn note(&mut self, answered: &Answered) {
        if let Some(repeated) = &answered.repeated {
            self.0.extend_from_slice(&repeated.masks);
        }
    }

    /// Whether no answer repeated any.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn without(&self, text: &[u8]) -> Option<Vec<u8>> {
        hidden(text, &self.0)
    }

    /// Masks a text.
    pub(super) fn mask(&self, text: &mut String) {
        if let Some(masked) = self.without(text.as_bytes()) {
            *text = String::from_utf8_lossy(&masked).into_owned();
        }
    }

    /// Masks all that is shown of a report but the provider's own bytes, which are masked already.
    pub(super) fn mask_report(&self, report: &mut Report) {
        if self.is_empty() {
            return;
        }
        self.mask(&mut report.user_id);
        self.mask_user(&mut report.user);
        for item in &mut report.items {
            self.mask_role(&mut item.role);
            if let Some(failure) = &mut item.failure {
                self.mask(&mut Arc::make_mut(failure).message);
            }
        }
        report.plan.iter_mut().flatten().for_each(|step| self.mask_step(step));
        report.trace.iter_mut().for_each(|step| self.mask_step(&mut step.call));
    }

    /// Masks a role as it is shown, or recorded.
    pub(super) fn mask_role(&self, role: &mut RoleRef) {
        let texts = [&mut role.id, &mut role.name, &mut role.group, &mut role.organization, &mut role.workspace];
        texts.into_iter().flatten().for_each(|text| self.mask(text));
    }

    fn mask_step(&self, step: &mut PlanStep) {
        [&mut step.url, &mut step.topic].into_iter().flatten().for_each(|text| self.mask(text));
        step.headers.values_mut().chain(&mut step.body).for_each(|json| self.mask_json(json));
    }

    fn mask_json(&self, json: &mut Json) {
        match json {
            Json::String(text) => self.mask(text),
            Json::Array(list) => list.iter_mut().for_each(|element| self.mask_json(element)),
            Json::Object(map) => map.values_mut().for_each(|member| self.mask_json(member)),
            _ => {}
        }
    }

    fn mask_user(&self, user: &mut UserFields) {
        let UserFields { document, fields } = user;
        for (.., mapped) in fields {
            let cells = match mapped {
                Mapped::Cell(cell) => std::slice::from_mut(cell),
                Mapped::Rows(_, cells) => cells.as_mut_slice(),
            };
            cells.iter_mut().for_each(|cell| self.mask_cell(cell, document));
        }
    }

    fn mask_cell(&self, cell: &mut Cell, document: &Bytes) {
        match cell {
            Cell::Absent => {}
            Cell::Text(start, end) => {
                if let Some(masked) = document.get(*start..*end).and_then(|text| self.without(text)) {
                    *cell = Cell::Value(Value::from(&*String::from_utf8_lossy(&masked)));
                }
            }
            Cell::Value(value) => self.mask_value(value),
        }
    }

    fn mask_value(&self, value: &mut Value) {
        match value {
            Value::Array(list) => list.iter_mut().for_each(|element| self.mask_value(element)),
            Value::Object(map) => map.values_mut().for_each(|member| self.mask_value(member)),
            Value::String(_) | Value::Bytes(_) => {
                let masked = value.to_str_lossy().and_then(|text| self.without(text.as_bytes()));
                if let Some(masked) = masked {
                    *value = Value::from(&*String::from_utf8_lossy(&masked));
                }
            }
            _ => {}
        }
    }
}
