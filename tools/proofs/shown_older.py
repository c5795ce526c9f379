"""Somebody saves a page that was open for a while: only what the page showed is replaced."""
from proofs.harness import FAILED, USAGE, Company, expect, expect_agreement, expect_equal

CLAIM = "shown-older"
ABOUT = "A write that was shown an older version replaces only that version; what came since stays and is listed."


def prove(proof):
    company = Company(proof)
    ana, boris, hana = company.replicas
    for number in range(8 if proof.full else 3):
        case = ana.open(f"Queue {number}")
        ana.set(case, "category=first")
        shown = ana.history(case)[-1]["change"]
        company.settle()
        later, writer = proof.random.sample(company.replicas, 2)
        later.set(case, "category=second")
        company.settle()

        # The writer's replica has seen "second", the person has not.
        writer.set(case, "category=third", "--shown", shown)
        company.settle()
        for replica in company.replicas:
            values = [value["value"] for value in replica.conflict(case, "category")]
            expect_equal(values, ["second", "third"], f"{replica}: only what was shown is replaced")

        # Without --shown the person saw what the replica holds: everything is replaced.
        writer.set(case, "category=fourth")
        company.settle()
        for replica in company.replicas:
            expect_equal(replica.conflict(case, "category"), [], f"{replica}: conflicts after a write that saw all")
            expect_equal(replica.field(case, "category"), "fourth", f"{replica}: the category")
        expect_agreement(company.replicas, proof)
        proof.round()

    before = ana.history(case)
    unseen = "0" * 32 + ":999999"
    ana.set(case, "category=fifth", "--shown", unseen, statuses=(FAILED, USAGE))
    expect(ana.history(case) == before, "a write that names what was never seen is refused, but left something behind")
