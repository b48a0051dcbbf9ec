//! Reads: users one by one, by e-mail and in lists, workspaces, and whose token it is.

use serde_json::{Map, Value, json};

use super::Inside;
use super::answer::{MethodError, Outcome};
use super::directory::{Directory, User};
use super::methods::Request;
use super::paging::Listing;

const EMAIL_SCOPE: &str = "users:read.email";

pub(super) fn info(inside: &mut Inside, request: &Request<'_>) -> Outcome {
    request.arguments.require(&["user"])?;
    let id = request.arguments.text("user")?;
    let with_locale = request.arguments.flag("include_locale")? == Some(true);
    match inside.directory.users.get(id) {
        None => Err(MethodError::new("user_not_found")),
        Some(user) if user.hidden => Err(MethodError::new("user_not_visible")),
        Some(user) => {
            let shown = user_object(&inside.directory, id, user, request, with_locale);
            Ok(one("user", shown))
        }
    }
}

pub(super) fn look_up_by_email(inside: &mut Inside, request: &Request<'_>) -> Outcome {
    request.arguments.require(&["email"])?;
    let email = request.arguments.text("email")?;
    let deactivated_too = inside.settings.finds_deactivated_by_email;
    let found = inside.directory.users.iter().find(|(_, user)| {
        !user.email.is_empty()
            && user.email.eq_ignore_ascii_case(email)
            && !user.hidden
            && (!user.deleted || deactivated_too)
    });
    let (id, user) = found.ok_or_else(|| MethodError::new("users_not_found"))?;
    let shown = user_object(&inside.directory, id, user, request, false);
    Ok(one("user", shown))
}

pub(super) fn list(inside: &mut Inside, request: &Request<'_>) -> Outcome {
    let team = request.arguments.text("team_id")?;
    if team.is_empty() && request.caller.is_some_and(|caller| caller.org_install) {
        return Err(MethodError::new("missing_argument"));
    }
    known_team(&inside.directory, team)?;
    let with_locale = request.arguments.flag("include_locale")? == Some(true);
    let directory = &inside.directory;
    let rows = members(directory, team)
        .filter(|(_, user)| !user.hidden)
        .map(|(id, user)| {
            let shown = user_object(directory, id, user, request, with_locale);
            (id.clone(), shown)
        })
        .collect();
    let mut page = Listing { name: "members", rows, descending: false, largest_page: 1000 }
        .page(request.arguments, inside.settings.last_cursor)?;
    page.insert("cache_ts".into(), (request.now_ms / 1000).into());
    Ok(page)
}

pub(super) fn admin_list(inside: &mut Inside, request: &Request<'_>) -> Outcome {
    let team = request.arguments.text("team_id")?;
    known_team(&inside.directory, team)?;
    let active = request.arguments.flag("is_active")?;
    let directory = &inside.directory;
    let rows = members(directory, team)
        .filter(|(_, user)| active.is_none_or(|wanted| wanted != user.deleted))
        .map(|(id, user)| {
            let mut row = admin_row(id, user);
            if inside.settings.roles_in_admin_list {
                let held = directory.assignments.iter().filter(|a| a.user_id == *id);
                row.insert("roles".into(), held.map(|a| a.role_id.as_str()).collect());
            }
            (id.clone(), Value::Object(row))
        })
        .collect();
    Listing { name: "users", rows, descending: false, largest_page: 100 }
        .page(request.arguments, inside.settings.last_cursor)
}

pub(super) fn teams(inside: &mut Inside, request: &Request<'_>) -> Outcome {
    let directory = &inside.directory;
    let rows = directory.teams.iter().map(|(id, team)| {
        let owner = directory.users.get(&team.primary_owner);
        let shown = json!({
            "id": id,
            "name": team.name,
            "discoverability": "hidden",
            "primary_owner": {
                "user_id": team.primary_owner,
                "email": owner.map_or("", |user| user.email.as_str()),
            },
            "team_url": format!("https://{}.slack.com/", team.domain),
        });
        (id.clone(), shown)
    });
    Listing { name: "teams", rows: rows.collect(), descending: false, largest_page: 100 }
        .page(request.arguments, inside.settings.last_cursor)
}

pub(super) fn auth_test(inside: &mut Inside, request: &Request<'_>) -> Outcome {
    let directory = &inside.directory;
    let caller = request.caller.and_then(|grant| {
        let user = directory.users.get(&grant.user_id)?;
        Some((grant, user))
    });
    let (grant, user) = caller.ok_or_else(|| MethodError::new("account_inactive"))?;
    let team_id = user.teams.first().map_or("", String::as_str);
    let team = directory.teams.get(team_id);
    let mut fields = Map::new();
    let url = team.map(|t| format!("https://{}.slack.com/", t.domain));
    fields.insert("url".into(), url.into());
    fields.insert("team".into(), team.map(|t| t.name.as_str()).into());
    fields.insert("user".into(), user.name.as_str().into());
    fields.insert("team_id".into(), team_id.into());
    fields.insert("user_id".into(), grant.user_id.as_str().into());
    fields.insert("enterprise_id".into(), directory.enterprise_id.as_str().into());
    fields.insert("is_enterprise_install".into(), grant.org_install.into());
    Ok(fields)
}

fn known_team(directory: &Directory, team: &str) -> Result<(), MethodError> {
    if team.is_empty() || directory.teams.contains_key(team) {
        return Ok(());
    }
    Err(MethodError::new("team_not_found"))
}

fn members<'a>(directory: &'a Directory, team: &'a str) -> impl Iterator<Item = (&'a String, &'a User)> {
    let belongs = move |user: &User| team.is_empty() || user.teams.iter().any(|t| t == team);
    directory.users.iter().filter(move |(_, u)| belongs(u))
}

fn one(name: &str, value: Value) -> Map<String, Value> {
    Map::from_iter([(name.to_owned(), value)])
}

/// A user as `users.*` shows it to this caller.
fn user_object(directory: &Directory, id: &str, user: &User, request: &Request<'_>, with_locale: bool) -> Value {
    let team_id = user.teams.first();
    let mut shown = json!({
        "id": id,
        "team_id": team_id,
        "name": user.name,
        "deleted": user.deleted,
        "color": "9f69e7",
        "real_name": user.real_name(),
        "tz": user.tz,
        "tz_label": user.tz_label,
        "tz_offset": user.tz_offset,
        "updated": user.updated,
        "is_admin": user.is_workspace_admin,
        "is_owner": false,
        "is_primary_owner": false,
        "is_restricted": user.is_restricted,
        "is_ultra_restricted": user.is_ultra_restricted,
        "is_bot": user.is_bot,
        "is_app_user": false,
        "is_invited_user": user.is_invited_user,
        "is_email_confirmed": user.is_email_confirmed,
        "has_2fa": user.has_2fa,
        "who_can_share_contact_card": "EVERYONE",
        "enterprise_user": {
            "id": id,
            "enterprise_id": directory.enterprise_id,
            "enterprise_name": directory.enterprise_name,
            "is_admin": user.is_org_admin,
            "is_owner": user.is_org_owner,
            "is_primary_owner": user.is_primary_owner,
            "teams": user.teams,
        },
    });
    if with_locale {
        shown["locale"] = user.locale.as_str().into();
    }
    let may_see_email = request.caller.is_some_and(|c| c.scopes.contains(EMAIL_SCOPE));
    shown["profile"] = profile(user, may_see_email);
    shown
}

fn profile(user: &User, with_email: bool) -> Value {
    let image = |size: &str| format!("https://avatars.example.com/{}_{size}.jpg", user.name);
    let mut profile = json!({
        "title": user.title,
        "phone": user.phone,
        "skype": "",
        "real_name": user.real_name(),
        "real_name_normalized": user.real_name(),
        "display_name": user.name,
        "display_name_normalized": user.name,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "status_text": user.status_text,
        "status_emoji": "",
        "status_expiration": 0,
        "avatar_hash": "ge3b51ca72de",
        "image_24": image("24"),
        "image_72": image("72"),
        "image_192": image("192"),
        "image_512": image("512"),
    });
    if user.has_original_image {
        profile["image_original"] = image("original").into();
    }
    if with_email && !user.email.is_empty() {
        profile["email"] = user.email.as_str().into();
    }
    profile["team"] = user.teams.first().cloned().into();
    profile
}

/// A user as `admin.users.list` shows it.
fn admin_row(id: &str, user: &User) -> Map<String, Value> {
    let mut row = Map::new();
    let mut put = |name: &str, value: Value| row.insert(name.to_owned(), value);
    put("id", id.into());
    put("email", user.email.as_str().into());
    put("username", user.name.as_str().into());
    put("full_name", user.real_name().into());
    put("is_admin", user.is_org_admin.into());
    put("is_owner", user.is_org_owner.into());
    put("is_primary_owner", user.is_primary_owner.into());
    put("is_restricted", user.is_restricted.into());
    put("is_ultra_restricted", user.is_ultra_restricted.into());
    put("is_bot", user.is_bot.into());
    put("is_active", (!user.deleted).into());
    put("date_created", user.date_created.into());
    if let Some(deactivated_ts) = user.deactivated_ts {
        put("deactivated_ts", deactivated_ts.into());
    }
    put("expiration_ts", 0.into());
    put("workspaces", user.teams.iter().cloned().collect());
    put("has_2fa", user.has_2fa.into());
    put("has_sso", user.external_id.is_some().into());
    row
}
