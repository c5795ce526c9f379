"""A field that asks shows every concurrent value with its person and time, until somebody settles it."""
from proofs.harness import CONFLICTS, DONE, Company, expect, expect_agreement, expect_equal

CLAIM = "ask-conflicts"
ABOUT = "An ask field shows both values with person and time in conflicts; resolve settles it everywhere."


def prove(proof):
    company = Company(proof)
    ana, boris, hana = company.replicas
    for number in range(8 if proof.full else 3):
        case = ana.open(f"Wrong order {number}", "--category", "waiting")
        company.settle()
        ana.set(case, "category=wrong order")
        boris.set(case, "category=rude words")
        company.settle()
        for replica in company.replicas:
            shows_both(replica, case)

        # Somebody settles it while somebody else, offline, settles it the other way: that is a question again.
        settler = proof.random.choice(company.replicas)
        others = [replica for replica in company.replicas if replica is not settler]
        settler.run("resolve", case, "category", "wrong order")
        others[0].run("resolve", case, "category", "rude words")
        company.settle()
        for replica in company.replicas:
            values = [value["value"] for value in replica.conflict(case, "category")]
            expect_equal(values, ["rude words", "wrong order"], f"{replica}: after two people settled it differently")

        settler.run("resolve", case, "category", "a word of its own")
        company.settle()
        for replica in company.replicas:
            expect_equal(replica.conflict(case, "category"), [], f"{replica}: conflicts after resolve")
            expect_equal(replica.field(case, "category"), "a word of its own", f"{replica}: what was settled")
            replica.run("conflicts", statuses=(DONE,))
        expect_agreement(company.replicas, proof)
        proof.round()


def shows_both(replica, case):
    values = replica.conflict(case, "category")
    expect_equal([value["value"] for value in values], ["rude words", "wrong order"], f"{replica}: values to choose from")
    expect_equal([value["person"] for value in values], ["boris", "ana"], f"{replica}: whose values they are")
    for value in values:
        expect(value["at"] and value["change"], lambda: f"{replica}: a value without time or change: {value}")
        expect_equal(value["branch"], "Harbour", f"{replica}: the branch of a value")
    replica.run("conflicts", statuses=(CONFLICTS,))
    expect(replica.status()["conflicts"] > 0, f"{replica}: status does not count the conflict")
