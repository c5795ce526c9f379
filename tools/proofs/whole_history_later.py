"""A machine that began with a snapshot fetches the whole history later, over a bad line, and needs the snapshot no more."""
import sqlite3

from proofs.first_sync_snapshot import OPTIONS, live, snapshots, with_a_history
from proofs.harness import DAMAGE, DONE, NOT_EXCHANGED, Replica, expect, expect_agreement, expect_equal
from proofs.proxy import FaultyProxy, Fault

CLAIM = "whole-history-later"
ABOUT = "A machine that began with a snapshot fetches the whole history later, cut and resumed: equal to one that had it."


def prove(proof):
    company, ledger, whole = with_a_history(proof)
    with FaultyProxy(company.hub.url) as line:
        prove_on(line, proof, company, ledger, whole)


def prove_on(line, proof, company, ledger, whole):
    hub = company.hub
    newcomer = Replica(proof, "Nora").join(line.url, hub.another_code(company.branch))
    newcomer.sync()
    expect(snapshots(newcomer), "the newcomer began with no snapshot")
    # Above the base: written here, and by others.
    ledger.write(newcomer, proof.random, "Nora above the base")
    newcomer.sync()
    live(proof, company, ledger, 2)
    everybody = [*company.replicas, whole, newcomer]
    for replica in everybody * 2:
        replica.sync()
    refuse_tampered(proof, line, newcomer)
    ledger.write(newcomer, proof.random, "Nora while the history comes")
    fetch_over_a_bad_line(proof, line, hub, newcomer)
    for replica in everybody * 2:
        replica.sync()
    check(proof, company, ledger, everybody, newcomer, whole)
    again = newcomer.run("sync", "--whole-history", "--json").json
    expect_equal(again["earlier"], 0, "entries that a second fetch brought")
    expect(not list(newcomer.folder.glob("*.history")), "what was gathered is left behind")
    # Life goes on.
    live(proof, company, ledger, 3)
    for replica in everybody * 2:
        replica.sync()
    check(proof, company, ledger, everybody, newcomer, whole)
    name_flip(proof, newcomer)


def fetch_over_a_bad_line(proof, line, hub, newcomer):
    """Every answer is cut at another place again and again; the hub is restarted in between."""
    left = 12 if proof.full else 4

    def plan(exchange):
        nonlocal left
        if left > 0 and exchange.target.endswith("/sync"):
            left -= 1
            proof.count("answersCut")
            return Fault(answer_bytes=proof.random.randrange(700))
        return Fault()

    line.plan = plan
    for attempt in range(40):
        result = newcomer.run("sync", "--whole-history", "--json", statuses=None)
        newcomer.verify()
        if result.status == DONE:
            break
        proof.count("syncsThatFailed")
        if attempt % 3 == 0:
            hub.stop()
            hub.start(options=OPTIONS)
    expect_equal(result.status, DONE, f"the last sync ({result.said()})")
    expect(result.json["earlier"] > 0, "no earlier entry came")
    expect(not snapshots(newcomer), "the replica still stands on its snapshot")
    proof.count("earlierEntries", result.json["earlier"])
    line.plan = lambda exchange: Fault()


def refuse_tampered(proof, line, newcomer):
    """An answer with one byte changed is refused, and the replica stands as it stood."""
    before = newcomer.status()["scopes"]
    line.plan = lambda exchange: Fault(flip=proof.random.random()) if exchange.target.endswith("/sync") else Fault()
    result = newcomer.run("sync", "--whole-history", "--json", statuses=None)
    expect_equal(result.status, NOT_EXCHANGED, "the status of a sync with tampered answers")
    line.plan = lambda exchange: Fault()
    expect_equal(newcomer.status()["scopes"], before, "where the replica stands")
    newcomer.verify()
    proof.count("tamperedRefused")


def check(proof, company, ledger, everybody, newcomer, whole):
    for replica in everybody:
        ledger.expect_whole(replica)
        replica.verify()
    expect_agreement(everybody, proof)
    basis = " ".join(newcomer.run("verify", "--json").json["basis"])
    expect("stands on the hub's signature" not in basis, lambda: f"verify still stands on the hub's word: {basis}")
    newcomer.run("diff", whole.file, newcomer.file)
    company.hub.stop()
    for case, in newcomer.rows("SELECT number FROM recovery_case ORDER BY opened_at"):
        told, wanted = (
            sorted((line["change"], line["person"], str(line["operations"])) for line in replica.history(case))
            for replica in (newcomer, whole))
        expect_equal(told, wanted, f"the history of {case} without the hub")
        proof.round()
    company.hub.start(options=OPTIONS)


def name_flip(proof, newcomer):
    """A byte of what was fetched changes: verify names the row's table."""
    connection = sqlite3.connect(newcomer.file)
    rows = connection.execute("SELECT rid, body FROM segment ORDER BY position LIMIT 1").fetchall()
    (rid, body), = rows
    index = proof.random.randrange(len(body))
    body = body[:index] + bytes([body[index] ^ 4]) + body[index + 1:]
    connection.execute("UPDATE segment SET body = ? WHERE rid = ?", (body, rid))
    connection.commit()
    connection.close()
    found = newcomer.run("verify", "--json", statuses=(DAMAGE,)).json
    expect("segment" in {damage["table"] for damage in found["damage"]}, "the changed segment is not named")
