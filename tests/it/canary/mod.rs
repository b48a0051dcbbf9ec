//! Canaries: secrets that nobody may ever see are planted in every credential of every connector and in what providers
//! answer, and looked for in all that a whole run of the program puts out. Here: what a run is, and that nothing is found.
//! `planted` shows that a leak would be.

mod planted;
mod printed;
mod provider;
mod run;
mod search;

use run::{Leak, run};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_secret_comes_out_of_a_whole_run() {
    let found = run(Leak::None).await;
    assert!(found.is_empty(), "{} leaks:\n{}", found.len(), found.join("\n"));
}
