"""Two machines of a branch come together by file, without the hub; the hub later agrees."""
from proofs.harness import Company, Ledger, expect, expect_agreement, expect_equal

CLAIM = "bundle-sync"
ABOUT = "A bundle carried by file brings two replicas of a branch together without the hub; the hub later agrees."

SHOWN = ("number", "title", "category", "severity", "assignee", "team", "status", "step_count")


def prove(proof):
    company = Company(proof)
    ana, boris, hana = company.replicas
    ledger = Ledger()
    company.settle()
    for number in range(8 if proof.full else 2):
        # The hub is away; both work on, each on their own and on what they have in common.
        company.hub.stop()
        for turn in range(6):
            ledger.write(ana, proof.random, f"ana {number} {turn}")
            ledger.write(boris, proof.random, f"boris {number} {turn}")
        for giver, taker in ((ana, boris), (boris, ana)):
            stick = proof.path("bundle")
            giver.run("bundle", "create", stick)
            proof.count("bundleBytes", stick.stat().st_size)
            taker.run("bundle", "apply", stick)
            taker.run("bundle", "apply", stick)  # a second time: nothing new
        table = f"SELECT {', '.join(SHOWN)} FROM recovery_case ORDER BY number"
        expect_equal(ana.rows(table), boris.rows(table), "the two machines' cases after the bundles")
        for replica in (ana, boris):
            ledger.expect_whole(replica)

        # One of them reaches the hub first, with the changes of both.
        company.hub.start()
        first, second = proof.random.sample([ana, boris], 2)
        first.sync()
        hana.sync()
        ledger.expect_whole(hana)
        second.sync()
        company.settle()
        for replica in company.replicas:
            ledger.expect_whole(replica)
        expect_agreement(company.replicas, proof)
        expect(sum(company.hub.report().values()) == len(ledger.titles), "the hub counts other cases than the branch")
        proof.round()
    for replica in company.replicas:
        replica.verify()
