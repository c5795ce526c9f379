"""Every request reaches the hub two to five times, and any of the answers comes back."""
from proofs.harness import Company, Ledger, Replica, expect, expect_agreement
from proofs.proxy import FaultyProxy, Fault

CLAIM = "duplicated-requests"
ABOUT = "Every request is sent two to five times: every change is there once, hashes are equal."


def prove(proof):
    company = Company(proof)
    ledger = Ledger()

    def plan(exchange):
        # Joining is by a one-time code: its repetition is tried by the claim one-time-codes.
        if exchange.target.endswith("/join"):
            return Fault()
        copies = proof.random.randint(2, 5)
        proof.count("requestsRepeated", copies - 1)
        return Fault(copies=copies, answer=proof.random.randrange(copies))

    with FaultyProxy(company.hub.url, plan) as proxy:
        wilma = Replica(proof, "Wilma").join(proxy.url, company.hub.another_code(company.branch))
        boris = company.machines[1]
        for number in range(30 if proof.full else 6):
            for turn in range(3):
                ledger.write(wilma, proof.random, f"wilma {number} {turn}")
                ledger.write(boris, proof.random, f"boris {number} {turn}")
            boris.sync()
            wilma.sync()
            proof.round()
        boris.sync()
        wilma.sync()
        ledger.expect_whole(wilma)
        company.settle()
        wilma.sync()
    for replica in company.replicas:
        ledger.expect_whole(replica)
        replica.verify()
    expect_agreement([*company.replicas, wilma], proof)
    expect(proof.figures.get("requestsRepeated", 0) > 0, "no request was repeated, so nothing was tried")
