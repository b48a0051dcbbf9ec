//! Names that are read where nothing feeds them: they would be null, silently.

use super::Lint;
use super::places::{Seg, Way, way};
use super::reads::Site;

impl Lint<'_> {
    pub(super) fn scope(&mut self) {
        let grouped: Vec<Way> =
            self.writes().into_iter().filter(|(_, write)| write.group.is_some()).map(|(way, _)| way).collect();
        let mut unfed = Vec::new();
        for site in self.sites.all() {
            for root in site.reads.iter().filter_map(|path| path.first()) {
                if let Some(only) = known_only_in(root, site, &grouped) {
                    unfed.push((site.way.clone(), format!("`.{root}` is known {only} only: here it is null")));
                }
            }
        }
        for (way, message) in unfed {
            self.error("L033", &way, message);
        }
        self.account_alone();
        self.check_read();
    }

    /// The address, the way there and the credentials are made when an account is connected: there is no request then.
    fn account_alone(&mut self) {
        let of_account = [way!["base_url"], way!["auth"], way!["transports"]];
        let sites = of_account.iter().flat_map(|way| self.sites.under(way)).filter(|site| reads_request(site));
        let ways: Vec<Way> = sites.map(|site| site.way.clone()).collect();
        for way in ways {
            self.error("L032", &way, "this is made of the account alone, when there is no request yet");
        }
    }

    /// The read that tries credentials is made without a request, too.
    fn check_read(&mut self) {
        let path = way!["reads", &self.definition.check, "path"];
        if self.sites.under(&path).any(reads_request) {
            let message =
                "the account's check makes this call when there is no user and no role: its path cannot be made";
            self.error("L031", &path, message);
            self.hint("`check` needs a read whose path takes nothing of a request");
        }
    }
}

fn reads_request(site: &Site) -> bool {
    site.reads
        .iter()
        .any(|path| matches!(path.first().map(String::as_str), Some("input" | "item" | "items" | "let" | "before")))
}

/// Where alone the root is fed, if this is another place.
fn known_only_in(root: &str, site: &Site, grouped: &[Way]) -> Option<&'static str> {
    let keys = |name: &str| site.way.iter().any(|seg| matches!(seg, Seg::Key(key) if key == name));
    let (is_fed, only) = match root {
        "answer" => {
            let place = ["success", "errors", "paginate", "auth", "transports"].into_iter().any(keys);
            (place, "in `success`, `errors` and `paginate`")
        }
        "value" => {
            (keys("inputs") && matches!(site.way.last(), Some(Seg::Key(key)) if key == "as"), "in an input's `as`")
        }
        "each" => (keys("fields") && keys("as"), "in `as` beside `each`"),
        "removed" | "all" => (keys("user"), "in `user`"),
        "group" => (grouped.iter().any(|way| site.way.starts_with(way)), "in a write with `for`"),
        _ => return None,
    };
    (!is_fed).then_some(only)
}
