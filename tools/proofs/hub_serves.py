"""The hub tells how it is, keeps several chains apart, and ends in order."""
import re

from proofs.harness import Company, Hub, Replica, eventually, expect, expect_equal

CLAIM = "hub-serves"
ABOUT = "Health, readiness, OpenMetrics; several chains in one process; branch add beside serve; a graceful stop."

METRIC = re.compile(r'^[a-zA-Z_:][a-zA-Z0-9_:]*(\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})? -?[0-9.eE+-]+( [0-9.]+)?$')


def prove(proof):
    company = Company(proof, machines=1)
    hub, ana = company.hub, company.machines[0]
    ana.open("A cold room")
    company.settle()
    for path in ("/healthz", "/readyz"):
        status, _, _ = hub.get(path)
        expect_equal(status, 200, f"the status of {path}")
        proof.round()
    status, body, headers = hub.get("/metrics")
    expect_equal(status, 200, "the status of /metrics")
    expect("openmetrics-text" in headers["Content-Type"], lambda: f"/metrics is {headers['Content-Type']}")
    lines = body.decode().splitlines()
    expect_equal(lines[-1], "# EOF", "the last line of /metrics")
    samples = [line for line in lines if not line.startswith("#")]
    expect(samples, "/metrics has no samples")
    for line in samples:
        expect(METRIC.match(line), lambda: f"this is no OpenMetrics sample: {line}")
    proof.figures["metrics"] = len(samples)
    proof.round()
    for path in ("/", "/v1/chains", "/v1/nothing", "/../../etc/passwd", "/v1/chains/%00/sync"):
        status, _, _ = hub.get(path)
        expect(400 <= status < 500, f"{path} without any right: status {status}")
    proof.round()

    several_chains(proof)

    # A graceful stop: with an event stream open, and everything kept.
    watcher = ana.start("sync", "--watch")
    eventually(lambda: hub.get("/metrics")[0] == 200, "the hub answers beside an event stream")
    expect_equal(hub.stop(), 0, "the hub's exit status after SIGTERM")
    proof.end(watcher)
    hub.start()
    expect_equal(sum(hub.report().values()), 1, "cases after a graceful stop")
    proof.round()


def several_chains(proof):
    """Two chains in one folder, served by one process: neither sees anything of the other."""
    hub = Hub(proof, chain="North", name="two-chains")
    proof.run([proof.programs.hub, "init", "--data", hub.data, "--chain", "South"])
    hub.start()
    replicas = {}
    for chain in ("North", "South"):
        code = hub.command("branch", "add", "Harbour", "--chain", chain, "--json").json["code"]
        replicas[chain] = Replica(proof, chain).join(hub.url, code)
        replicas[chain].open(f"Only in {chain}")
        replicas[chain].sync()
    for chain, replica in replicas.items():
        replica.sync()
        expect_equal(replica.rows("SELECT title FROM recovery_case"), [(f"Only in {chain}",)], f"what {chain} holds")
        rows = hub.command("report", "cases", "--chain", chain, "--json").json
        expect_equal(sum(row["count"] for row in rows), 1, f"cases that the hub counts in {chain}")
    proof.round()
    expect_equal(hub.stop(), 0, "the hub's exit status after SIGTERM")
