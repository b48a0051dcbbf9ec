//! Guardhouse's System API v1: users, the tenant-wide roles they hold, and the token endpoint before them.
//! Written from the vendor's pages. Faults of the network are planted in front, in `SimServer::faults`.

mod access;
mod answers;
mod directory;
mod route;
mod seed;
mod settings;

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use self::access::Access;
use self::directory::Directory;
use self::route::Route;
use super::{Call, Clock, Demo, Reply, Simulator, switch};

pub use self::directory::{Permission, Role, Status, User};
pub use self::settings::{NotFoundBody, Settings, StatusNotation, UnknownRole, WrongContentType};

/// One tenant of Guardhouse.
pub struct Guardhouse {
    clock: Clock,
    tenant: Mutex<Tenant>,
}

struct Tenant {
    settings: Settings,
    access: Access,
    directory: Directory,
    unassignments: Vec<Unassignment>,
}

/// An unassign call that was answered with 204.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unassignment {
    pub user: i32,
    pub role: i32,
    /// Accepted and remembered; no effect is documented.
    pub instant_logout: bool,
}

impl Guardhouse {
    /// A tenant of twelve users, 101 to 112, and seven roles, 1 to 7.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let tenant = Tenant {
            settings: Settings::default(),
            access: seed::access(),
            directory: seed::directory(),
            unassignments: Vec::new(),
        };
        Self { clock, tenant: Mutex::new(tenant) }
    }

    /// Changes the switches.
    pub fn settings(&self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.tenant().settings);
    }

    /// Whether the user holds the role, whatever reads may show.
    pub fn holds(&self, user: i32, role: i32) -> bool {
        self.tenant().directory.holds(user, role)
    }

    /// Gives the role to the user.
    pub fn assign(&self, user: i32, role: i32) {
        self.tenant().directory.assign(user, role);
    }

    /// Takes the role from the user, as somebody else might meanwhile.
    pub fn unassign(&self, user: i32, role: i32) {
        let now_ms = self.clock.now_ms();
        self.tenant().directory.unassign(user, role, now_ms);
    }

    /// Adds a user, or puts another in its place.
    pub fn put_user(&self, id: i32, user: User) {
        self.tenant().directory.users.insert(id, user);
    }

    /// Deletes a user.
    pub fn remove_user(&self, id: i32) {
        self.tenant().directory.users.remove(&id);
    }

    /// Adds a role, or puts another in its place.
    pub fn put_role(&self, id: i32, role: Role) {
        self.tenant().directory.roles.insert(id, role);
    }

    /// Deletes a role, also from those who hold it.
    pub fn remove_role(&self, id: i32) {
        self.tenant().directory.remove_role(id);
    }

    /// Every unassign call answered with 204 so far.
    pub fn unassignments(&self) -> Vec<Unassignment> {
        self.tenant().unassignments.clone()
    }

    /// Ends the life of every token given out so far.
    pub fn expire_all_tokens(&self) {
        self.tenant().access.expire_all();
    }

    /// How many tokens were given out so far.
    pub fn tokens_issued(&self) -> usize {
        self.tenant().access.tokens_issued()
    }

    /// Allows or takes "System API Access" of the client, also for tokens it has already.
    pub fn allow_system_api(&self, client_id: &str, allowed: bool) {
        if let Some(client) = self.tenant().access.clients.get_mut(client_id) {
            client.system_api_access = allowed;
        }
    }

    /// Gives the client another secret; its tokens live on.
    pub fn rotate_secret(&self, client_id: &str, secret: &str) {
        if let Some(client) = self.tenant().access.clients.get_mut(client_id) {
            secret.clone_into(&mut client.secret);
        }
    }

    fn tenant(&self) -> MutexGuard<'_, Tenant> {
        self.tenant.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Simulator for Guardhouse {
    fn slug(&self) -> &'static str {
        "guardhouse"
    }

    fn handle(&self, call: &Call) -> Reply {
        let now_ms = self.clock.now_ms();
        let mut tenant = self.tenant();
        tenant.answer(call, now_ms).unwrap_or_else(|refusal| refusal)
    }

    fn memberships(&self) -> BTreeSet<String> {
        let tenant = self.tenant();
        let users = tenant.directory.users.iter();
        let facts = users.flat_map(|(id, user)| {
            let roles = user.roles.iter();
            let roles = roles.map(move |role| format!("user {id} holds role {role}"));
            let permissions = user.system_permissions.keys();
            roles.chain(permissions.map(move |p| format!("user {id} has system permission {p}")))
        });
        facts.collect()
    }

    fn turn(&self, switch: &str, to: &serde_json::Value) -> Result<(), String> {
        switch::turn(&mut self.tenant().settings, switch, to)
    }

    fn demo(&self) -> Demo {
        Demo {
            context: json!({
                "tenant": "acme",
                "client_id": seed::CLIENT_ID,
                "client_secret": seed::CLIENT_SECRET,
                "audience": self.tenant().settings.audience,
            }),
            query: Vec::new(),
            body: json!({"id": "102", "roles": [{"id": "2"}]}),
        }
    }
}

impl Tenant {
    /// The reply, or the refusal that ended the call early.
    fn answer(&mut self, call: &Call, now_ms: u64) -> Result<Reply, Reply> {
        if self.settings.wrong_tenant {
            return Err(answers::wrong_tenant());
        }
        let route = Route::of(&call.path).ok_or_else(|| Reply::empty(404))?;
        if !route.methods().contains(&call.method.as_str()) {
            let allow = route.methods().join(", ");
            return Err(Reply::empty(405).with_header("allow", allow));
        }
        if route != Route::Token {
            self.access.admit(call, now_ms)?;
        }
        match route {
            Route::Token => Ok(self.access.issue(call, &self.settings, now_ms)),
            Route::Users => self.list_users(&call.query, now_ms),
            Route::User(user) => {
                let user = positive(user)?;
                let single = self.directory.single(user, &self.settings, now_ms);
                let single = single.ok_or_else(|| self.not_found(answers::USER_NOT_FOUND))?;
                Ok(answers::json_utf8(200, &single))
            }
            Route::Roles => {
                let roles = self.directory.roles.iter();
                let items: Vec<Value> = roles.map(|(id, r)| directory::role(*id, r)).collect();
                Ok(answers::json_utf8(200, &json!({"items": items})))
            }
            Route::Role(role) => {
                let id = positive(role)?;
                let role = self.directory.roles.get(&id);
                let role = role.ok_or_else(|| self.not_found(answers::ROLE_NOT_FOUND))?;
                Ok(answers::json_utf8(200, &directory::role(id, role)))
            }
            Route::UserRole(user, role) if call.method == "POST" => self.assign(user, role),
            Route::UserRole(user, role) => self.unassign(user, role, call, now_ms),
        }
    }

    fn list_users(&self, query: &str, now_ms: u64) -> Result<Reply, Reply> {
        let (mut page_size, mut offset, mut email) = (None, None, None);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = match &*name {
                "pageSize" => &mut page_size,
                "offset" => &mut offset,
                "email" => {
                    email.get_or_insert_with(|| value.to_lowercase());
                    continue;
                }
                _ => continue,
            };
            if place.is_none() && !value.is_empty() {
                *place = Some(count(&name, &value)?);
            }
        }
        let page_size = page_size.unwrap_or(self.settings.default_page_size);
        let email = email.unwrap_or_default();
        let users = self.directory.users.iter();
        let found = users.filter(|(_, user)| user.email.to_lowercase().contains(&email));
        let total = found.clone().count();
        let page = found.skip(offset.unwrap_or_default()).take(page_size);
        let users: Vec<Value> =
            page.map(|(id, user)| self.directory.list_item(*id, user, &self.settings, now_ms)).collect();
        Ok(answers::json_utf8(200, &json!({"total": total, "users": users})))
    }

    fn unassign(&mut self, user: i32, role: i32, call: &Call, now_ms: u64) -> Result<Reply, Reply> {
        if access::media_type(call).as_deref() != Some("application/json") {
            return Err(match self.settings.wrong_content_type {
                WrongContentType::UnsupportedMediaType => {
                    answers::problem(415, "Content-Type must be application/json.")
                }
                WrongContentType::BadRequest => answers::problem(400, "Content-Type must be application/json."),
            });
        }
        if self.settings.query_on_unassign_refused && !call.query.is_empty() {
            return Err(answers::problem(400, "This endpoint does not accept query parameters."));
        }
        let instant_logout = instant_logout(&call.body)?;
        let (user, role) = (positive(user)?, positive(role)?);
        self.user_exists(user)?;
        if !self.directory.roles.contains_key(&role) && self.settings.unknown_role_on_unassign == UnknownRole::NotFound
        {
            return Err(self.not_found(answers::ROLE_NOT_FOUND));
        }
        if !self.settings.unassign_has_no_effect {
            self.directory.unassign(user, role, now_ms);
        }
        self.unassignments.push(Unassignment { user, role, instant_logout });
        Ok(Reply::empty(204))
    }

    fn assign(&mut self, user: i32, role: i32) -> Result<Reply, Reply> {
        let (user, role) = (positive(user)?, positive(role)?);
        self.user_exists(user)?;
        if !self.directory.roles.contains_key(&role) {
            return Err(self.not_found(answers::ROLE_NOT_FOUND));
        }
        self.directory.assign(user, role);
        Ok(Reply::empty(204))
    }

    fn user_exists(&self, user: i32) -> Result<(), Reply> {
        if self.directory.users.contains_key(&user) {
            return Ok(());
        }
        Err(self.not_found(answers::USER_NOT_FOUND))
    }

    fn not_found(&self, text: &str) -> Reply {
        answers::not_found(text, &self.settings)
    }
}

/// "Must be greater than 0."
fn positive(id: i32) -> Result<i32, Reply> {
    if id > 0 {
        return Ok(id);
    }
    Err(answers::problem(400, "Identifiers must be greater than 0."))
}

/// A number of users; negatives become 0.
fn count(name: &str, value: &str) -> Result<usize, Reply> {
    let number: i32 = value.parse().map_err(|_| answers::problem(400, &format!("{name} must be an integer.")))?;
    Ok(usize::try_from(number).unwrap_or(0))
}

/// The one field of an unassign call's body. The body may be left out, the field too; unknown fields are ignored.
fn instant_logout(body: &[u8]) -> Result<bool, Reply> {
    if body.is_empty() {
        return Ok(false);
    }
    let refused = || answers::problem(400, "The request body is not valid.");
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => match fields.get("instantLogout") {
            None => Ok(false),
            Some(Value::Bool(wanted)) => Ok(*wanted),
            Some(_) => Err(refused()),
        },
        _ => Err(refused()),
    }
}
