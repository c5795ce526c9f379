"""The hub dies between its commit and its answer."""
import signal

from proofs.harness import DONE, FAILED, NOT_EXCHANGED, Company, Ledger, eventually, expect, expect_agreement, expect_equal

CLAIM = "hub-killed-after-commit"
ABOUT = "The hub is killed between commit and answer: every change is there once, and the next sync goes through."

# The hub's failure points: every n-th time that it has committed changes, it kills itself.
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
        die_while_syncing(proof, company)
        for replica in proof.random.sample(company.replicas, 3) * 2:
            replica.sync_stubbornly()
        for replica in company.replicas:
            ledger.expect_whole(replica)
        expect_agreement(company.replicas, proof)
        proof.round()
    for replica in company.replicas:
        replica.verify()
    expect(sum(hub.report().values()) == len(ledger.titles), "the hub counts other cases than there are")


def die_while_syncing(proof, company):
    """Both machines sync until the hub has killed itself; it is started again while the unlucky one still tries."""
    hub = company.hub
    for replica in proof.random.sample(company.machines, 2):
        process = replica.start("sync")
        eventually(
            lambda: process.poll() is not None or hub.process.poll() is not None, "the sync or the hub has ended", 60)
        if hub.process.poll() is None:
            continue
        expect_equal(hub.wait_for_its_end(), -signal.SIGKILL, "the hub's end by its failure point")
        proof.count("hubsKilled")
        hub.start()
        process.wait(120)
        expect(process.returncode in (DONE, FAILED, NOT_EXCHANGED), f"the sync ended with status {process.returncode}")
        proof.count("syncsThatWentOn", process.returncode == DONE)
        return
    expect(False, "the hub did not kill itself: its failure point was not reached")
