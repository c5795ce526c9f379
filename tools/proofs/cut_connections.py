"""Connections end in the middle: of a request, of an answer, at every part of both."""
from proofs.harness import Company, Ledger, Replica, expect, expect_agreement
from proofs.proxy import FaultyProxy, Fault

CLAIM = "cut-connections"
ABOUT = "The connection is cut at each chunk of a request and of an answer: what was acknowledged is there once."


def prove(proof):
    company = Company(proof)
    ledger = Ledger()
    boris = company.machines[1]
    pieces = 32 if proof.full else 6
    cut = {"where": None, "share": 0.0}

    def plan(exchange):
        if not exchange.is_sync or cut["where"] is None:
            return Fault()
        proof.count("connectionsCut")
        if cut["where"] == "request":
            length = len(exchange.head) + len(exchange.body)
            return Fault(request_bytes=max(1, int(length * cut["share"])))
        return Fault(answer_bytes=int(cut["share"] * cut["length"]))

    with FaultyProxy(company.hub.url, plan) as proxy:
        wilma = Replica(proof, "Wilma").join(proxy.url, company.hub.another_code(company.branch))
        wilma.sync()
        for piece in range(pieces):
            for where in ("request", "answer"):
                for turn in range(2):
                    ledger.write(wilma, proof.random, f"wilma {where} {piece} {turn}")
                    ledger.write(boris, proof.random, f"boris {where} {piece} {turn}")
                boris.sync()
                # A cut a byte before the end is the last of them: everything but that byte came.
                share = (piece + proof.random.random()) / pieces
                cut.update(where=where, share=share, length=len(proxy.answers[-1][1]) if proxy.answers else 400)
                failed = wilma.sync(statuses=None)
                proof.count("syncsThatFailed", failed.status != 0)
                cut["where"] = None
                wilma.sync_stubbornly()
                ledger.expect_whole(wilma)
                proof.round()
        newcomer = newcomer_over_a_bad_line(proof, company, proxy, cut, ledger)
        company.settle()
        for replica in (wilma, newcomer):
            replica.sync()
    everybody = [*company.replicas, wilma, newcomer]
    for replica in everybody:
        ledger.expect_whole(replica)
        replica.verify()
    expect_agreement(everybody, proof)
    expect(proof.figures.get("connectionsCut", 0) > 0, "no connection was cut, so nothing was tried")


def newcomer_over_a_bad_line(proof, company, proxy, cut, ledger):
    """A new machine fetches everything while every other answer breaks off later than the one before."""
    newcomer = Replica(proof, "Nora").join(proxy.url, company.hub.another_code(company.branch))
    for share in (0.01, 0.2, 0.4, 0.6, 0.8, 0.95):
        cut.update(where="answer", share=share, length=max(len(answer) for _, answer in proxy.answers))
        newcomer.sync(statuses=None)
        newcomer.verify()
    cut["where"] = None
    newcomer.sync_stubbornly()
    ledger.expect_whole(newcomer)
    proof.round()
    return newcomer
