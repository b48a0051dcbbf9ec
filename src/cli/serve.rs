//! `offramp serve`.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::serve::ListenerExt;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::Failure;
use super::start::{Started, start};
use crate::config::Config;
use crate::gateway::{DEFAULT_ENVIRONMENT, Gateway, NewToken};
use crate::http::{Site, decode, router};
use crate::storage::Scope;

const FORGET_EVERY: Duration = Duration::from_secs(60 * 60);
/// How soon a change another process made in the database, or in the file of the vault's keys, is seen.
pub(super) const REFRESH_EVERY: Duration = Duration::from_millis(500);

pub(super) async fn run(config: Config) -> Result<ExitCode, Failure> {
    // Before anything is said: whoever reads that it serves may already ask it to end.
    let stopped = stop_signal()?;
    let listener = listen(&config.listen).await?;
    let address = listener.local_addr()?;
    let Started { gateway, new_key_file } = start(&config).await?;
    if new_key_file {
        eprintln!("made {} (mode 0600): whoever loses it loses the credentials", config.vault_key_file.display());
    }
    if !gateway.has_administrator() {
        let new = NewToken::new("administrator", Scope::ALL.to_vec(), DEFAULT_ENVIRONMENT);
        let (_, token) = gateway.create_token(new).await?;
        greet(address, token.expose_secret());
    }
    tokio::spawn(keep_fresh(Arc::clone(&gateway)));
    tokio::spawn(forget(Arc::clone(&gateway)));
    tracing::info!(%address, connectors = gateway.registry().slugs().join(" "), "serving");
    serve(listener, gateway, &config, stopped).await?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn listen(address: &str) -> Result<TcpListener, Failure> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|error| {
        format!("listen = {address:?}: {error}; another address can be set with OFFRAMP_LISTEN").into()
    })
}

/// Serves until `stopped`; requests in flight then have a while to finish.
pub(super) async fn serve(
    listener: TcpListener,
    gateway: Arc<Gateway>,
    config: &Config,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Failure> {
    let limits = decode::Limits { body_bytes: config.limits.body_bytes, ..decode::Limits::default() };
    let app = router(Arc::clone(&gateway), Site { limits });
    let (stopping, mut stop) = tokio::sync::watch::channel(false);
    let signalled = async move {
        stopped.await;
        tracing::info!("stopping: requests in flight are finished");
        let _ = stopping.send(true);
    };
    let listener = listener.tap_io(|stream| {
        // Answers are small: they must not wait for more.
        let _ = stream.set_nodelay(true);
    });
    let server = axum::serve(listener, app).with_graceful_shutdown(signalled);
    let patience = Duration::from_millis(config.limits.shutdown_ms);
    let finished = async {
        let served = server.await;
        // Whoever hung up has left work behind.
        gateway.finish().await;
        served
    };
    tokio::select! {
        served = finished => served?,
        () = async {
            let _ = stop.wait_for(|stopping| *stopping).await;
            tokio::time::sleep(patience).await;
        } => tracing::warn!(shutdown_ms = config.limits.shutdown_ms, "some requests did not finish in time"),
    }
    Ok(())
}

async fn keep_fresh(gateway: Arc<Gateway>) {
    let mut ticks = tokio::time::interval(REFRESH_EVERY);
    let (mut failing, mut without_keys, mut orphaned) = (false, false, false);
    loop {
        ticks.tick().await;
        if gateway.has_administrator() {
            orphaned = false;
        } else if !std::mem::replace(&mut orphaned, true) {
            tracing::warn!(
                "no API token administers this gateway any more; `offramp token create --scope admin` makes one"
            );
        }
        // A file may be slow: it is not read where requests are served.
        let reader = Arc::clone(&gateway);
        let keys = tokio::task::spawn_blocking(move || reader.reload_keys()).await;
        match keys.unwrap_or(Ok(())) {
            Ok(()) => without_keys = false,
            Err(error) if !without_keys => {
                without_keys = true;
                tracing::error!(%error, "the vault's keys cannot be read again; those at hand stay in use");
            }
            Err(_) => {}
        }
        match gateway.refresh().await {
            Ok(()) => failing = false,
            Err(error) if !failing => {
                failing = true;
                tracing::error!(%error, "accounts and tokens cannot be refreshed; those at hand stay in use");
            }
            Err(_) => {}
        }
    }
}

/// Lets the audit forget what the settings say, and idempotency keys whose time is over.
async fn forget(gateway: Arc<Gateway>) {
    let mut ticks = tokio::time::interval(FORGET_EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = gateway.forget().await {
            tracing::error!(%error, "old entries of the audit are kept for now");
        }
        if let Err(error) = gateway.forget_keys().await {
            tracing::error!(%error, "old idempotency keys are kept for now");
        }
    }
}

/// Ends with SIGTERM or SIGINT.
pub(super) fn stop_signal() -> Result<impl Future<Output = ()> + Send + 'static, Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn greet(address: SocketAddr, token: &str) {
    eprintln!(
        "\nA new gateway. The administrator's token, shown once:\n\n    {token}\n\nNext, connect an account and see what \
         a removal would do:\n\n    export TOKEN={token}\n    curl -sS http://{address}/integrated-account -H \"Authorization: \
         Bearer $TOKEN\" -d '{{\"integration\": \"…\", \"tenant_id\": \"acme\", \"context\": {{…}}}}'\n    curl -sS \
         \"http://{address}/unified/user-directory/users/unassign-role?integrated_account_id=…&dry_run=true\" -H \
         \"Authorization: Bearer $TOKEN\" -d '{{\"id\": \"…\", \"roles\": [{{\"id\": \"…\"}}]}}'\n"
    );
}
