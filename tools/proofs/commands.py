"""Every command that scripts rely on is there, explains itself, and prints the keys that they read."""
import datetime
import json

from proofs.harness import CONFLICTS, Company, Ledger, expect, expect_equal

CLAIM = "commands"
ABOUT = "Every read prints JSON with the keys that scripts rely on; every command has help with an example."

COMMANDS = (
    "init", "join", "case open", "case step", "case set", "case show", "case list", "import", "sync", "status", "log",
    "conflicts", "resolve", "explain", "trace", "verify", "diff", "bundle create", "bundle apply")
HUB_COMMANDS = ("init", "serve", "branch add", "branch code", "branch list", "report cases")


def prove(proof):
    company = Company(proof)
    hub = company.hub
    ana, boris, hana = company.replicas
    for command in COMMANDS:
        told = ana.run(*command.split(), "--help").out
        expect("amends " + command.split()[0] in told, lambda: f"help of {command} shows no example:\n{told}")
    for command in HUB_COMMANDS:
        told = proof.run([proof.programs.hub, *command.split(), "--help"]).out
        expect("amends-hub" in told, lambda: f"help of amends-hub {command} shows no example:\n{told}")
    for program in (proof.programs.amends, proof.programs.hub):
        expect(proof.run([program, "--version"]).out.strip(), f"{program} tells no version")
        for shell in ("bash", "zsh", "fish"):
            expect(proof.run([program, "--generate-completion-script", shell]).out, f"no completion for {shell}")
    proof.round()

    case = ana.open("Rude waiter", "--severity", "2", "--customer", "Mrs Aydin", "--tag", "evening")
    told = ana.run("case", "step", case, "apologised", "--note", "in person", "--at", "2024-05-01T18:30+02:00", "--json").json
    expect(isinstance(told, dict), "case step prints no object")
    company.settle()
    ana.set(case, "category=waiting")
    boris.set(case, "category=manners")
    waiting = ana.status()
    has(waiting, "status", "waiting", "lastSync", "conflicts", "scopes")
    expect(waiting["waiting"] >= 1, lambda: f"a change that was not sent does not wait: {waiting}")
    for scope in waiting["scopes"]:
        has(scope, "a scope of status", "scope", "position", "historyHash", "fingerprint")
    has(ana.sync().json, "sync", "sent", "received", "applied", "quarantined", "roundTrips")
    company.settle()
    proof.round()

    rows = ana.history(case)
    for row in rows:
        has(row, "a row of log", "change", "position", "person", "branch", "recordedAt", "effectiveAt", "operations")
    expect(all(row["position"] for row in rows), lambda: f"placed changes without position: {rows}")
    [conflict] = ana.run("conflicts", "--json", statuses=(CONFLICTS,)).json
    has(conflict, "a conflict", "case", "field", "values")
    for value in conflict["values"]:
        has(value, "a value in conflict", "value", "person", "branch", "at", "change")
    has(ana.run("explain", case, "category", "--json").json, "explain", "winner", "over", "reason")
    ana.run("explain", case, "--json").json
    told = ana.run("trace", rows[-1]["change"], "--json").json
    expect(isinstance(told, dict), "trace prints no object")
    has(ana.run("verify", "--json").json, "verify", "ok", "damage")
    has(ana.run("diff", ana.file, boris.file, "--json").json, "diff", "equal", "onlyA", "onlyB", "different")
    shown = ana.run("case", "show", case, "--json").json
    expect("Mrs Aydin" in json.dumps(shown, ensure_ascii=False), lambda: f"case show lacks the customer: {shown}")
    expect("2024-05-01T18:30" in json.dumps(shown), lambda: f"case show lacks the time that was told: {shown}")
    proof.round()

    for row in hub.command("branch", "list", "--json").json:
        has(row, "a row of branch list", "branch")
    for row in hub.command("report", "cases", "--json").json:
        has(row, "a row of the report", "branch", "status", "count")
    with_token = {"AMENDS_ADMIN_TOKEN": hub.admin_token}
    over_network = proof.run([proof.programs.hub, "report", "cases", "--url", hub.url, "--json"], env=with_token).json
    expect_equal(over_network, hub.command("report", "cases", "--json").json, "the report over the network")
    added = proof.run([proof.programs.hub, "branch", "add", "Station", "--url", hub.url, "--json"], env=with_token).json
    has(added, "branch add", "branch", "code", "expires")
    expires = datetime.datetime.fromisoformat(added["expires"].replace("Z", "+00:00"))
    expect(expires > datetime.datetime.now(datetime.timezone.utc), f"the code has expired already: {added['expires']}")
    proof.round()

    # What people read: no colours where nobody looks, and never a customer's words on stderr.
    for command in (("status",), ("case", "list"), ("case", "show", case), ("log", case), ("explain", case)):
        ended = ana.run(*command, "--log-level", "trace", "--log-json")
        expect("\x1b" not in ended.out, f"{command} colours what goes to a file")
        expect("Aydin" not in ended.err and "in person" not in ended.err, f"{command} logs a customer's words")
        for line in filter(None, ended.err.splitlines()):
            json.loads(line)
    expect("Aydin" not in hub.log_text(), "the hub logs a customer's name")
    sync = ana.run("sync", "--log-level", "trace")
    expect("Aydin" not in sync.err, "sync logs a customer's name")
    proof.round()
    open_to_anybody(proof, ana)


def open_to_anybody(proof, replica):
    """The file answers plain SQL, in other processes, while it is written."""
    ledger = Ledger()
    for turn in range(5):
        ledger.write(replica, proof.random, f"plain {turn}")
    by_sql = dict(replica.rows("SELECT status, count(*) FROM recovery_case GROUP BY 1"))
    by_command = {}
    for case in replica.run("case", "list", "--json").json:
        by_command[case["status"]] = by_command.get(case["status"], 0) + 1
    expect_equal(by_sql, by_command, "cases by status, by plain SQL")
    proof.round()


def has(found, what, *keys):
    lacking = [key for key in keys if key not in found]
    expect(not lacking, lambda: f"{what} lacks {', '.join(lacking)}: {json.dumps(found)[:300]}")
