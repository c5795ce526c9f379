"""A field that shows the latest value keeps, lists and gives back the one that it hides."""
from proofs.harness import Company, expect, expect_agreement, expect_equal

CLAIM = "latest-keeps"
ABOUT = "A latest field shows the greatest time, lists the value that it hides, explains itself and can bring it back."


def prove(proof):
    company = Company(proof)
    ana = company.machines[0]
    for number in range(8 if proof.full else 3):
        case = ana.open(f"Late {number}")
        company.settle()
        first, second = proof.random.sample(company.replicas, 2)
        first.set(case, "title=said first")
        second.set(case, "title=said second")
        company.settle(proof.random.sample(company.replicas, 3))

        for replica in company.replicas:
            expect_equal(replica.field(case, "title"), "said second", f"{replica}: the title shown")
            values = [value["value"] for value in replica.conflict(case, "title")]
            expect_equal(values, ["said first", "said second"], f"{replica}: the inbox keeps both titles")
            told = replica.run("explain", case, "title", "--json").json
            expect("said second" in str(told["winner"]), lambda: f"{replica}: explain names another winner: {told}")
            expect("said first" in str(told["over"]), lambda: f"{replica}: explain hides the other value: {told}")
            expect(told["reason"], lambda: f"{replica}: explain gives no reason: {told}")
        proof.random.choice(company.replicas).run("resolve", case, "title", "said first")
        company.settle()
        for replica in company.replicas:
            expect_equal(replica.field(case, "title"), "said first", f"{replica}: the title brought back")
            expect_equal(replica.conflict(case, "title"), [], f"{replica}: conflicts after it was brought back")
        expect_agreement(company.replicas, proof)
        proof.round()
