"""A new machine begins with the hub's signed snapshot instead of all changes."""
import collections
import shutil
import sqlite3

from proofs.harness import (
    DAMAGE, DONE, NOT_EXCHANGED, Company, Ledger, Replica, expect, expect_agreement, expect_equal)
from proofs.proxy import FaultyProxy, Fault

CLAIM = "first-sync-by-snapshot"
ABOUT = "A new machine's first sync by snapshot, cut everywhere and resumed: equal to one with the whole history."

# Snapshots of small scopes too, in many pieces.
OPTIONS = ("--snapshot-entries", "30", "--snapshot-chunk-bytes", "1024")


def is_piece(exchange):
    return "/snapshots/" in exchange.target


def prove(proof):
    company, ledger, whole = with_a_history(proof)
    with FaultyProxy(company.hub.url) as line:
        prove_on(line, proof, company, ledger, whole)


def with_a_history(proof):
    """A chain that has lived for a while, its hub giving snapshots, and a replica that fetched the whole history."""
    company = Company(proof)
    hub = company.hub
    ledger = Ledger()
    company.settle()
    live(proof, company, ledger, 60 if proof.full else 24)
    hub.stop()
    hub.start(options=OPTIONS)
    whole = Replica(proof, "Wanda").join(hub.url, hub.another_code(company.branch))
    whole.run("sync", "--whole-history", "--json")
    expect(not snapshots(whole), "a replica that was to fetch the whole history has a snapshot")
    return company, ledger, whole


def prove_on(line, proof, company, ledger, whole):
    newcomer = over_a_bad_line(proof, company, line)
    refuse_tampered(proof, company)
    everybody = [*company.replicas, whole, newcomer]
    for replica in everybody:
        replica.sync()
    check(proof, everybody, ledger, newcomer)
    # Life goes on, above the base and on what lies in it.
    for _ in range(2):
        live(proof, company, ledger, 4)
        for replica in (newcomer, whole):
            replica.sync()
            ledger.write(replica, proof.random, f"{replica} later")
            replica.sync()
        for replica in everybody * 2:
            replica.sync()
        check(proof, everybody, ledger, newcomer)
    bundle_from_base(proof, company, newcomer)
    name_flips(proof, newcomer)


def live(proof, company, ledger, rounds):
    for number in range(rounds):
        for replica in company.machines:
            ledger.write(replica, proof.random, f"{replica} {number} {proof.rounds}")
        if number % 3 == 2:
            company.settle()
    company.settle()


def snapshots(replica):
    return {scope["scope"]: scope["snapshot"] for scope in replica.status()["scopes"] if scope["snapshot"]}


def check(proof, everybody, ledger, newcomer):
    expect(snapshots(newcomer), "the newcomer began with no snapshot")
    for replica in everybody:
        ledger.expect_whole(replica)
        replica.verify()
    expect_agreement(everybody, proof)
    table = "SELECT s.kind, s.person, s.recorded_at, s.change FROM recovery_case_steps s ORDER BY 4, 1"
    expect_equal(newcomer.rows(table), everybody[0].rows(table), "the table of steps")
    newcomer.run("diff", everybody[0].file, newcomer.file)
    basis = " ".join(newcomer.run("verify", "--json").json["basis"])
    expect("stands on the hub's signature" in basis, f"verify does not say what stands on the hub's word: {basis}")
    proof.round()


def over_a_bad_line(proof, company, proxy):
    """Every piece is cut again and again, at another place each time; the hub is restarted in between."""
    cut, limits = {}, {}
    cuts = 8 if proof.full else 3

    def plan(exchange):
        if not is_piece(exchange):
            return Fault()
        if cut.get(exchange.target, 0) < cuts:
            cut[exchange.target] = cut.get(exchange.target, 0) + 1
            proof.count("piecesCut")
            limits[exchange.number] = proof.random.randrange(900)
            return Fault(answer_bytes=limits[exchange.number])
        return Fault()

    hub = company.hub
    proxy.plan = plan
    newcomer = Replica(proof, "Nora").join(proxy.url, hub.another_code(company.branch))
    for attempt in range(60):
        result = newcomer.sync(statuses=None)
        newcomer.verify()
        if result.status == DONE:
            break
        proof.count("syncsThatFailed")
        if attempt % 4 == 0:
            hub.stop()
            hub.start(options=OPTIONS)
    expect_equal(result.status, DONE, f"the newcomer's last sync ({result.said()})")
    proxy.plan = lambda exchange: Fault()
    came = collections.Counter(
        exchange.target for exchange, answer in proxy.answers
        if exchange.target.count("/") > 5 and limits.get(exchange.number, len(answer)) >= len(answer)
        and b" 200 " in answer[:20])
    pieces = list(came)
    expect(len(pieces) > 4, f"the snapshot had {len(pieces)} pieces, too few to cut between them")
    again = [target for target in pieces if came[target] != 1]
    expect(not again, f"pieces that had come were fetched again: {again}")
    proof.count("pieces", len(pieces))
    return newcomer


def refuse_tampered(proof, company):
    """A chunk with one byte changed is refused by name, and nothing of it stays."""
    hub = company.hub

    def plan(exchange):
        return Fault(flip=proof.random.random()) if "/chunks/" in exchange.target else Fault()

    with FaultyProxy(hub.url, plan) as proxy:
        victim = Replica(proof, "Vera").join(proxy.url, hub.another_code(company.branch))
        result = victim.sync(statuses=None)
        expect_equal(result.status, NOT_EXCHANGED, "the status of a sync with tampered chunks")
        expect("cannot be taken" in result.err, lambda: f"the refusal is not named: {result.said()}")
        expect(not snapshots(victim), "a tampered snapshot was taken")
        victim.verify()
        proxy.plan = lambda exchange: Fault()
        victim.sync()
        expect(snapshots(victim), "the snapshot was not taken after the line had become sound")
        victim.verify()
    proof.count("tamperedRefused")


def bundle_from_base(proof, company, newcomer):
    """Offline work of a machine with a base still reaches the hub and everybody."""
    case = newcomer.open("written offline above a base")
    company.hub.stop()
    newcomer.step(case, "apologised")
    company.hub.start(options=OPTIONS)
    newcomer.sync()
    for replica in company.machines:
        replica.sync()
        expect_equal(replica.steps(case)[-1], "apologised", f"{replica}: the last step")
    newcomer.run("log", case)
    history_on_demand(company, newcomer)
    newcomer.run("explain", case)
    newcomer.run("case", "show", case)
    proof.round()


def history_on_demand(company, newcomer):
    """The hub tells what was done to a case before the snapshot; without it the command says so."""
    case = newcomer.rows("SELECT number FROM recovery_case ORDER BY opened_at LIMIT 1")[0][0]
    told = newcomer.history(case)
    # The order in which another replica learned of them may differ.
    wanted = company.machines[0].history(case)
    def by_change(lines):
        return sorted((line["change"], line["person"], str(line["operations"])) for line in lines)
    expect_equal(by_change(told), by_change(wanted), f"the history of {case}")
    company.hub.stop()
    offline = newcomer.run("log", case, "--json")
    expect(len(offline.json) < len(told), "without the hub the history is as long")
    expect("not here" in offline.err, lambda: f"the missing history is not named: {offline.said()}")
    company.hub.start(options=OPTIONS)


def name_flips(proof, newcomer):
    """One byte changed in what the records stand on: verify names the row's table."""
    places = (("snapshot", "manifest"), ("snapshot_piece", "body"))
    for number in range(40 if proof.full else 8):
        table, column = places[number % 2]
        folder = proof.path("flipped")
        shutil.copytree(newcomer.folder, folder)
        file = folder / newcomer.file.name
        connection = sqlite3.connect(file)
        rows = connection.execute(f"SELECT DISTINCT {column} FROM {table} ORDER BY 1").fetchall()
        before, = proof.random.choice(rows)
        body = before
        index = proof.random.randrange(len(body))
        body = body[:index] + bytes([body[index] ^ (1 << proof.random.randrange(8))]) + body[index + 1:]
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE {column} = ?", (body, before))
        connection.commit()
        connection.close()
        found = newcomer.run("verify", "--replica", file, "--json", statuses=(DAMAGE,)).json
        named = {damage["table"] for damage in found["damage"]}
        expect(table in named, f"byte {index} of {table}.{column} was changed, and verify names {named}")
        proof.count("flipsNamed")
