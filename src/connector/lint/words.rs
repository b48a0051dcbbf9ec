//! Listings and the user's mapping.

use super::Lint;
use super::places::{below, way};

impl Lint<'_> {
    pub(super) fn words(&mut self) {
        let definition = self.definition;
        for (name, call) in &definition.reads {
            if call.paginate.as_ref().is_some_and(|paginate| paginate.max_pages <= 1) {
                let message = "a listing of one page at most: whatever has a second is cut short, and proves nothing";
                self.warning("L023", &way!["reads", name, "paginate"], message);
            }
        }
        for (index, from) in definition.user.from.iter().enumerate() {
            if !from.fields.contains_key("id") {
                let way = below(&way!["user", "from", index], way!["fields"]);
                self.warning("L025", &way, "the user has no `id`");
            }
        }
    }
}
