#!/bin/sh
# The gateway beside its peers, on the bench of PERF_DIR: one request takes a role away (DELETE), proves it and maps the
# whole user (GET, 4 KB). Then the same without the audit. Prints the CPU per request as ratios, and fails where one is
# above its limit.
#
#   PERF_DIR     the folder of bench.sh (default ../shared/perf); it is copied, never written to
#   DURATION     seconds a row and level (default 3), ROUNDS (3), CONC (1,64; the ratios are those at 64)
#   PEERS        the rows beside the gateway's (default axum-reqwest-map,axum-hyper-lean,node)
#   MAX_REQWEST  the limit against `axum+reqwest map 2-call` (0.6); MAX_NODE against `node jsonata 2-call` (0.2)
#   MAX_AUDIT    the limit against the same without the audit (1.25), both as multiples of `axum+hyper lean map`
#   BASE_PORT    the provider's port (18080), the peers' are above it; GATEWAY_PORT (BASE_PORT + 100)
# The other settings of bench.sh pass through. It needs wrk, Node, Rust, python3.
set -eu

repository=$(cd "$(dirname "$0")/.." && pwd)
perf_source=${PERF_DIR:-$repository/../shared/perf}
target=${CARGO_TARGET_DIR:-$repository/target}
perf=$target/perf
base_port=${BASE_PORT:-18080}
gateway_port=${GATEWAY_PORT:-$((base_port + 100))}

stop() { echo "error: $1" >&2; exit 2; }
[ -f "$perf_source/bench.sh" ] || stop "there is no bench.sh in $perf_source; say with PERF_DIR where the bench of the peers is"
for tool in wrk node npm cargo python3 bash; do
  command -v "$tool" >/dev/null || stop "$tool is needed (wrk: apt-get install wrk)"
done

work=$(mktemp -d)
provider=
clean_up() {
  [ -z "$provider" ] || kill "$provider" 2>/dev/null || true
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

(cd "$repository" && cargo build --release --locked)
offramp=$(cd "$target" && pwd)/release/offramp

# What the peers are built of stays between runs, in .build.
mkdir -p "$perf"
cp -Rf "$perf_source"/. "$perf"/
chmod -R u+w "$perf"
perf=$(cd "$perf" && pwd)
export PEERS="${PEERS:-axum-reqwest-map,axum-hyper-lean,node}"
export SKIP_PINGORA="${SKIP_PINGORA-1}" SKIP_ENVOY="${SKIP_ENVOY-1}" STREAM_MB="${STREAM_MB:-0}"
export DURATION="${DURATION:-3}" ROUNDS="${ROUNDS:-3}" CONC="${CONC:-1,64}" BASE_PORT="$base_port"
export OUT="$perf/out/latest"
without_audit="$perf/out/without-audit"
rm -rf "$OUT" "$without_audit"
"$perf/bench.sh" build

# A gateway of its own: nothing of the caller's settings or data.
for name in $(env | sed -n 's/^\(OFFRAMP_[A-Za-z0-9_]*\)=.*/\1/p'); do unset "$name"; done
unset RUST_LOG || true
export OFFRAMP_LISTEN="127.0.0.1:$gateway_port"
export OFFRAMP_DATABASE_URL="sqlite://$work/offramp.db"
export OFFRAMP_VAULT_KEY_FILE="$work/vault.key"
export OFFRAMP_CONNECTORS_DIR="$repository/benches/gateway/connectors"
export OFFRAMP_EGRESS_ALLOW="127.0.0.1"

# Connecting the account reads from the provider once: the bench's own, for that moment.
"$perf/.build/target/release/upstream" "127.0.0.1:$base_port" &
provider=$!
python3 - "$base_port" <<'PYTHON'
import socket, sys, time
for _ in range(100):
    try: sys.exit(socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1).close())
    except OSError: time.sleep(0.05)
sys.exit("error: the bench's provider did not start")
PYTHON
account=$(cd "$work" && printf '{"base_url": "http://127.0.0.1:%s", "token": "bench"}' "$base_port" | "$offramp" account add bench)
token=$(cd "$work" && "$offramp" token create --name bench)
kill "$provider"
wait "$provider" 2>/dev/null || true
provider=

sed -e "s/@ACCOUNT@/$account/" -e "s/@TOKEN@/$token/" "$repository/benches/gateway/spec.json" > "$work/spec.json"
cd "$work"
export GATEWAY_URL="http://127.0.0.1:$gateway_port" GATEWAY_SPEC="$work/spec.json" GATEWAY_CMD="'$offramp' serve"
"$perf/bench.sh"
echo "Without the audit:"
OUT="$without_audit" PEERS=axum-hyper-lean CONC=64 OFFRAMP_AUDIT__ENABLED=false "$perf/bench.sh"

python3 - "$OUT/summary.json" "${MAX_REQWEST:-0.6}" "${MAX_NODE:-0.2}" "$without_audit/summary.json" "${MAX_AUDIT:-1.25}" <<'PYTHON'
import json, sys
rows, without = ({row["row"]: row for row in json.load(open(path))} for path in (sys.argv[1], sys.argv[4]))
own = next((name for name in rows if name.startswith("offramp")), None) or sys.exit("error: the gateway has no row")
def at_64(name, rows=rows):
    if name not in rows: sys.exit(f"error: no row `{name}` to compare with; see the lines SKIPPED above")
    return rows[name]["by_c"].get("64") or sys.exit("error: CONC must name 64, where the ratios are taken")
mine, above = at_64(own), False
print(f"\nCPU per request at 64 connections, {mine['cpu_us']:.1f} us, against:")
for peer, limit in ("axum+reqwest map 2-call", float(sys.argv[2])), ("node jsonata 2-call", float(sys.argv[3])):
    ratio = mine["cpu_us"] / at_64(peer)["cpu_us"]
    bad = not ratio <= limit
    above |= bad
    print(f"  {peer:<26} {at_64(peer)['cpu_us']:8.1f} us   {ratio:.3f} x (at most {limit:g}){'   ABOVE ITS LIMIT' if bad else ''}")
lean, limit = "axum+hyper lean map (typed)", float(sys.argv[5])
multiple = lambda rows: at_64(own, rows)["cpu_us"] / at_64(lean, rows)["cpu_us"]
ratio = multiple(rows) / multiple(without)
bad = not ratio <= limit
above |= bad
print(f"  {'itself without the audit':<26} {at_64(own, without)['cpu_us']:8.1f} us   {ratio:.3f} x (at most {limit:g}){'   ABOVE ITS LIMIT' if bad else ''}")
if mine["foreign_pct"] > 15: print("The machine was busy with other work: run again for ratios to quote.")
if rows[own]["err"]: sys.exit(f"error: {rows[own]['err']} requests failed")
sys.exit(above)
PYTHON
