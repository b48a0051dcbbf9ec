//! A streamed answer of any length passes in constant memory.

use std::time::Instant;

use super::*;

const ANSWER_BYTES: u64 = 1 << 30;
/// Of the 48 MB that the optimised program may have in all. An unoptimised one is three times as large, so that its own
/// pages say nothing; what it allocates is the same.
const ALLOCATED_LIMIT_BYTES: u64 = 40_000_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_of_a_gibibyte_is_streamed_in_constant_memory() {
    let provider = provider(ANSWER_BYTES).await;
    let folder = Folder::new();
    let account = folder.add_account(&provider).await;
    let server = folder.serve().await;
    let token = server.shown_token().unwrap();

    let request = server.unassign(&token, &account, "&truto_response_format=stream").timeout(PATIENCE * 4);
    let mut answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["offramp-outcome"], "removed");
    assert_eq!(answer.headers()["offramp-verified"], "yes");
    let mut received = answer.chunk().await.unwrap().unwrap().len() as u64;
    let mut peak = allocated_bytes(server.process_id());
    // A slow client: whoever read ahead of it without bound would do so now.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut looked = Instant::now();
    while let Some(chunk) = answer.chunk().await.unwrap() {
        received += chunk.len() as u64;
        if looked.elapsed() > Duration::from_millis(5) {
            peak = peak.max(allocated_bytes(server.process_id()));
            looked = Instant::now();
        }
    }

    assert_eq!(received, ANSWER_BYTES);
    assert!(peak < ALLOCATED_LIMIT_BYTES, "a peak of {peak} bytes");
}

/// What is resident of a process besides the pages of files.
fn allocated_bytes(process_id: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process_id}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
}
