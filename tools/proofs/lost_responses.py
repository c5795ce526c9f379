"""The hub commits a push and answers, and nobody hears the answer."""
from proofs.harness import Company, Ledger, Replica, expect, expect_agreement
from proofs.proxy import FaultyProxy, Fault

CLAIM = "lost-responses"
ABOUT = "The response to a push is lost after the hub committed: every change is there once, no queue is stuck."


def prove(proof):
    lost = set()
    company = Company(proof)
    ana, boris, hana = company.replicas
    ledger = Ledger()

    def plan(exchange):
        return Fault(drop_answer=exchange.is_sync and exchange.number in lost)

    with FaultyProxy(company.hub.url, plan) as proxy:
        weak = Replica(proof, "Wilma").join(proxy.url, company.hub.another_code(company.branch))
        for number in range(40 if proof.full else 8):
            for turn in range(3):
                ledger.write(weak, proof.random, f"weak {number} {turn}")
                ledger.write(boris, proof.random, f"boris {number} {turn}")
            # Any of the next exchanges loses its answer, once or several times.
            start = len(proxy.exchanges)
            lost.update(start + place for place in range(6) if proof.random.random() < 0.5)
            before = len(proxy.exchanges)
            weak.sync(statuses=None)
            proof.count("answersLost", len([n for n in range(before, len(proxy.exchanges)) if n in lost]))
            lost.clear()
            weak.sync_stubbornly()
            boris.sync()
            weak.sync()
            proof.round()
    for replica in (ana, boris, hana):
        replica.sync()
        replica.sync()
        ledger.expect_whole(replica)
        replica.verify()
    ledger.expect_whole(weak)
    expect_agreement([ana, boris, hana, weak], proof)
    expect(proof.figures["answersLost"] > 0, "no answer was lost, so nothing was tried")
