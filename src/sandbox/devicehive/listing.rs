//! `user/list` and `GET /user`: which users, in which order, which part of them.

use serde_json::Value;

use super::directory::{Directory, User, item};

/// What is asked of the list.
#[derive(Clone, Debug, Default)]
pub(super) struct Listing {
    /// Exactly this one.
    pub(super) login: Option<String>,
    /// SQL's LIKE.
    pub(super) pattern: Option<String>,
    pub(super) role: Option<i64>,
    pub(super) status: Option<i64>,
    pub(super) by_login: bool,
    pub(super) descending: bool,
    pub(super) take: Option<usize>,
    pub(super) skip: usize,
}

impl Listing {
    /// Takes one parameter; false if its value is none of the documented ones. Names it does not know are ignored.
    pub(super) fn take(&mut self, name: &str, value: &Value) -> bool {
        match name {
            "login" => text(&mut self.login, value),
            "loginPattern" => text(&mut self.pattern, value),
            "role" => number(&mut self.role, value),
            "status" => number(&mut self.status, value),
            "sortField" => one_of(&mut self.by_login, value, ["ID", "Login"]),
            "sortOrder" => one_of(&mut self.descending, value, ["ASC", "DESC"]),
            "take" => value.as_u64().map(|take| self.take = Some(take as usize)).is_some(),
            "skip" => value.as_u64().map(|skip| self.skip = skip as usize).is_some(),
            _ => true,
        }
    }

    pub(super) fn users(&self, directory: &Directory, default_take: usize) -> Value {
        let mut users: Vec<_> = directory.users.iter().filter(|(_, user)| self.fits(user)).collect();
        if self.by_login {
            users.sort_by(|(_, a), (_, b)| a.login.cmp(&b.login));
        }
        if self.descending {
            users.reverse();
        }
        let page = users.into_iter().skip(self.skip).take(self.take.unwrap_or(default_take));
        page.map(|(id, user)| item(*id, user)).collect()
    }

    fn fits(&self, user: &User) -> bool {
        let login = self.login.as_ref().is_none_or(|login| user.login == *login);
        let pattern = self.pattern.as_ref().is_none_or(|pattern| like(pattern, &user.login));
        let role = self.role.is_none_or(|role| i64::from(user.role) == role);
        let status = self.status.is_none_or(|status| i64::from(user.status) == status);
        login && pattern && role && status
    }
}

fn text(place: &mut Option<String>, value: &Value) -> bool {
    *place = value.as_str().map(ToOwned::to_owned);
    place.is_some()
}

fn number(place: &mut Option<i64>, value: &Value) -> bool {
    *place = value.as_i64();
    place.is_some()
}

/// Whether it is the second of the two words.
fn one_of(place: &mut bool, value: &Value, [first, second]: [&str; 2]) -> bool {
    *place = value == second;
    *place || value == first
}

/// SQL's LIKE: `%` is any text, `_` any one character.
fn like(pattern: &str, text: &str) -> bool {
    let mut matches = vec![false; text.chars().count() + 1];
    matches[0] = true;
    for wanted in pattern.chars() {
        let mut previous = matches[0];
        matches[0] &= wanted == '%';
        for (at, found) in text.chars().enumerate() {
            let here = matches[at + 1];
            matches[at + 1] = match wanted {
                '%' => here || matches[at],
                '_' => previous,
                _ => previous && wanted == found,
            };
            previous = here;
        }
    }
    matches.last().copied().unwrap_or_default()
}
