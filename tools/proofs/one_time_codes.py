"""Joining: a code admits one machine, once; what a branch holds and writes ends at its own scope."""
import stat

from proofs.harness import FAILED, Company, Replica, expect, expect_agreement, expect_equal
from proofs.proxy import FaultyProxy, Fault

CLAIM = "one-time-codes"
ABOUT = "A code admits one machine once; a branch holds its own scope only; keys and files are the owner's alone."


def prove(proof):
    company = Company(proof)
    hub = company.hub
    ana, boris, hana = company.replicas

    code = hub.another_code(company.branch)
    first = Replica(proof, "First").join(hub.url, code)
    second = Replica(proof, "Second")
    refused = second.run("join", hub.url, "--code", code, "--replica", second.file, statuses=(FAILED,))
    expect(refused.err.strip(), "a used code is refused without a word")
    proof.round()
    for wrong in ("AAAA-AAAA-AAAA-AAAA-AAAA-AAAA-AAAA", "nonsense", code[:-1] + ("0" if code[-1] != "0" else "1")):
        Replica(proof, "Third").join(hub.url, wrong, statuses=(FAILED, 2))
    proof.round()

    # The answer to a join is lost: the same machine asks again with the same code and belongs.
    dropped = []

    def plan(exchange):
        if exchange.target.endswith("/join") and not dropped:
            dropped.append(exchange.number)
            return Fault(drop_answer=True)
        return Fault()

    with FaultyProxy(hub.url, plan) as proxy:
        code = hub.another_code(company.branch)
        unlucky = Replica(proof, "Unlucky")
        ended = unlucky.run("join", proxy.url, "--code", code, "--replica", unlucky.file, statuses=None)
        if ended.status:
            unlucky.join(proxy.url, code)
        expect(dropped, "no join went through the proxy")
        unlucky.open("After all")
        unlucky.sync()
    proof.round()

    # Another branch: it sees nothing of this one, headquarters sees both.
    other = Replica(proof, "Olga").join(hub.url, hub.branch_code("Station"))
    ana.open("At the harbour")
    other.open("At the station")
    for replica in (ana, other, first, hana, ana, other, boris):
        replica.sync()
    expect_equal(other.rows("SELECT title FROM recovery_case"), [("At the station",)], "what another branch holds")
    titles = {title for (title,) in ana.rows("SELECT title FROM recovery_case")}
    expect_equal(titles, {"After all", "At the harbour"}, "what the branch holds")
    hana.sync()
    titles = {title for (title,) in hana.rows("SELECT title FROM recovery_case")}
    expect_equal(titles, {"After all", "At the harbour", "At the station"}, "what headquarters holds")
    expect_agreement([ana, boris, hana, other], proof)
    proof.round()

    for replica in (ana, other):
        for file in replica.folder.iterdir():
            mode = stat.S_IMODE(file.stat().st_mode)
            expect(mode & 0o077 == 0, f"{file.name} can be read by others: {mode:o}")
    for file in hub.data.rglob("*"):
        if file.is_file():
            mode = stat.S_IMODE(file.stat().st_mode)
            expect(mode & 0o077 == 0, f"the hub's {file.name} can be read by others: {mode:o}")
    proof.round()
