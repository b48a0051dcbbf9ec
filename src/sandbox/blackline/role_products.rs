//! `/v1/users/{id}/role-products`: what a user holds, and giving and taking it in whichever form the tenant knows.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Tenant;
use super::answers::{self, Refusal};
use super::directory::Pair;
use super::listing::{self, parameter};
use super::people::{object, required, text};
use super::route::integer;
use super::settings::{Accepted, ActionElsewhere, NotAssigned, RemoveForm};
use crate::sandbox::{Call, Reply};

impl Tenant {
    pub(super) fn list_role_products(&self, user: i64, call: &Call, now_ms: u64) -> Result<Reply, Refusal> {
        self.user_exists(user)?;
        let mut pairs: BTreeSet<Pair> = self.directory.shown(user, self.settings.read_lag, now_ms);
        if self.settings.teams_give_roles {
            let by_team = self.directory.by_team.iter().filter(|(member, ..)| *member == user);
            pairs.extend(by_team.map(|(.., pair)| pair.clone()));
        }
        listing::page(call, pairs.iter().map(|pair| self.directory.item(pair)).collect(), &self.settings)
    }

    /// `DELETE …?roleId=…&productId=…`; a body is not looked at.
    pub(super) fn remove_by_query(&mut self, user: i64, call: &Call, now_ms: u64) -> Result<Reply, Refusal> {
        let role = parameter(call, "roleId")?.ok_or_else(|| Refusal::bad_request("roleId is required."))?;
        let role = integer(&role).ok_or_else(|| Refusal::bad_request("roleId must be an integer."))?;
        let product = parameter(call, "productId")?.ok_or_else(|| Refusal::bad_request("productId is required."))?;
        self.remove(user, &Pair::of(role, &product), now_ms)
    }

    /// `POST` with a pair: assigns it, or removes it if the action says so.
    pub(super) fn post_role_product(&mut self, user: i64, call: &Call, now_ms: u64) -> Result<Reply, Refusal> {
        let fields = object(call)?;
        let role = fields.get("roleId").and_then(Value::as_i64);
        let role = role.ok_or_else(|| Refusal::bad_request("roleId must be an integer."))?;
        let pair = Pair::of(role, required(&fields, "productId")?);
        let by_post = self.settings.remove_form != RemoveForm::Delete;
        match text(&fields, &self.settings.action_member)? {
            None => self.assign(user, pair, now_ms),
            Some(_) if !by_post => match self.settings.action_elsewhere {
                ActionElsewhere::MethodNotAllowed => Err(Refusal::method_not_allowed(&["GET", "DELETE"])),
                ActionElsewhere::BadRequest => Err(Refusal::bad_request("The request body is not valid.")),
                ActionElsewhere::Assigns => self.assign(user, pair, now_ms),
            },
            Some(word) if word == self.settings.action_word => self.remove(user, &pair, now_ms),
            Some(_) => Err(Refusal::bad_request("The action is not known.")),
        }
    }

    fn remove(&mut self, user: i64, pair: &Pair, now_ms: u64) -> Result<Reply, Refusal> {
        self.user_exists(user)?;
        let held = match self.settings.remove_has_no_effect {
            true => self.directory.holds(user, pair),
            false => self.directory.unassign(user, pair, now_ms),
        };
        if held {
            return Ok(match self.settings.removed {
                Accepted::NoContent => Reply::empty(204),
                Accepted::Ok => answers::answer(200, &self.directory.item(pair)),
            });
        }
        match self.settings.not_assigned {
            NotAssigned::NotFound => Err(Refusal::not_found()),
            NotAssigned::NoContent => Ok(Reply::empty(204)),
            NotAssigned::Ok => Ok(answers::answer(200, &json!({}))),
        }
    }

    fn assign(&mut self, user: i64, pair: Pair, now_ms: u64) -> Result<Reply, Refusal> {
        self.user_exists(user)?;
        if !self.directory.roles.contains_key(&pair.role) || !self.directory.products.contains_key(&pair.product) {
            return Err(Refusal::bad_request("The role or the product is not known."));
        }
        let body = self.directory.item(&pair);
        self.directory.assign(user, pair, now_ms);
        Ok(match self.settings.assigned_status {
            204 => Reply::empty(204),
            status => answers::answer(status, &body),
        })
    }

    fn user_exists(&self, user: i64) -> Result<(), Refusal> {
        let known = self.directory.users.contains_key(&user);
        known.then_some(()).ok_or_else(Refusal::not_found)
    }
}
