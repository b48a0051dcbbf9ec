//! Whether an unknown name was meant to be one of ours: an option that is silently not obeyed could
//! send what was only to be planned.

/// The one of `names` that `given` looks like: the same but for case, `-` and `_`, or a slip or two
/// away.
pub(super) fn meant<'n>(given: &str, names: &[&'n str]) -> Option<&'n str> {
    let given = folded(given);
    names
        .iter()
        .filter_map(|&name| {
            let ours = folded(name);
            let slips = slips(&given, &ours);
            (slips <= tolerated(&given, &ours)).then_some((slips, name))
        })
        .min_by_key(|&(slips, _)| slips)
        .map(|(_, name)| name)
}

/// In a name as short as `id`, one letter exchanged or missing makes another word (`ip`, `d`): only
/// letters added or swapped are slips there (`ids`, `di`).
fn tolerated(given: &[char], name: &[char]) -> usize {
    let same_letters = || name.iter().all(|letter| given.contains(letter));
    match name.len() {
        0..=2 => usize::from(same_letters()),
        3..=4 => 1,
        _ => 2,
    }
}

fn folded(name: &str) -> Vec<char> {
    name.chars().filter(|char| !matches!(char, '-' | '_')).flat_map(char::to_lowercase).collect()
}

/// Letters added, left out, exchanged or swapped with their neighbour (optimal string alignment).
/// Names whose lengths differ by more than two are not compared further.
fn slips(one: &[char], other: &[char]) -> usize {
    if one.len().abs_diff(other.len()) > 2 {
        return usize::MAX;
    }
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in other.iter().enumerate() {
            let mut least = (last[j] + usize::from(a != b)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                least = least.min(before_last[j - 1] + 1);
            }
            row.push(least);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[other.len()]
}

#[cfg(test)]
mod tests {
    use super::meant;

    #[test]
    fn a_slip_is_told_from_another_word() {
        let names = ["id", "roles", "dry_run", "verify"];
        for (given, expected) in [
            ("dryrun", Some("dry_run")),
            ("Dry-Run", Some("dry_run")),
            ("dyr_run", Some("dry_run")),
            ("dry_rnu_", Some("dry_run")),
            ("verfy", Some("verify")),
            ("vrfy", Some("verify")),
            ("role", Some("roles")),
            ("rolse", Some("roles")),
            ("ID", Some("id")),
            ("_id", Some("id")),
            ("ids", Some("id")),
            ("di", Some("id")),
            ("ip", None),
            ("d", None),
            ("_", None),
            ("q", None),
            ("page", None),
            ("verification", None),
            ("", None),
        ] {
            assert_eq!(meant(given, &names), expected, "{given}");
        }
    }
}
