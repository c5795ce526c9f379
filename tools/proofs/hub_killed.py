"""The hub dies between its commit and its answer."""
import signal

from proofs.harness import Company, Ledger, expect, expect_agreement, expect_equal

CLAIM = "hub-killed-after-commit"
ABOUT = "The hub is killed between commit and answer: every change is there once, and the next sync goes through."

# The hub's failure points: the n-th time that it has committed, it kills itself.
VARIABLE = "AMENDS_FAILPOINT"
POINT = "hub.afterCommit:kill:{}"


def prove(proof):
    company = Company(proof)
    hub = company.hub
    ana, boris, hana = company.replicas
    ledger = Ledger()
    company.settle()
    for number in range(30 if proof.full else 6):
        hub.stop()
        for turn in range(3):
            ledger.write(ana, proof.random, f"ana {number} {turn}")
            ledger.write(boris, proof.random, f"boris {number} {turn}")
        hub.start(env={VARIABLE: POINT.format(proof.random.randint(1, 2))})
        for replica in proof.random.sample(company.replicas, 3) * 3:
            if hub.process.poll() is None:
                replica.sync(statuses=None)
        expect_equal(hub.wait_for_its_end(10), -signal.SIGKILL, "the hub's end by its failure point")
        proof.count("hubsKilled")
        hub.start()
        for replica in proof.random.sample(company.replicas, 3) * 2:
            replica.sync_stubbornly()
        for replica in company.replicas:
            ledger.expect_whole(replica)
        expect_agreement(company.replicas, proof)
        proof.round()
    for replica in company.replicas:
        replica.verify()
    expect(sum(hub.report().values()) == len(ledger.titles), "the hub counts other cases than there are")
