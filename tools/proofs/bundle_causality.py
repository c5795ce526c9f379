"""Changes go by USB stick, and who carries them pushes first: nobody sees an effect before its cause."""
from proofs.harness import Company, expect, expect_agreement, expect_equal

CLAIM = "bundle-causality"
ABOUT = "A third replica carries changes by bundle and pushes first: nobody sees an effect before its cause."


def prove(proof):
    company = Company(proof, machines=3)
    ana, boris, chen = company.machines
    hana = company.headquarters
    company.settle()
    for number in range(10 if proof.full else 3):
        # Ana's case and Boris' answer to it, each carried on by file; Chen alone reaches the hub.
        case = ana.open(f"Spilled tea {number}")
        ana.set(case, "title=the cause")
        carry(proof, ana, boris)
        boris.set(case, "title=an effect")
        boris.step(case, "agreed")
        carry(proof, boris, chen)
        expect_equal(chen.field(case, "title"), "an effect", "what Chen's machine shows of the bundle")
        chen.step(case, "fixed")

        pushers = proof.random.sample([chen, boris], 2)
        for pusher in pushers:
            pusher.sync()
            hana.sync()
            seen = hana.history(case)
            expect(seen, "headquarters sees nothing of the case")
            positions = [row["position"] for row in seen]
            expect(None not in positions, f"headquarters shows changes without position: {positions}")
            titles = hana.field(case, "title")
            expect(titles == "an effect", f"headquarters sees {titles!r}, so a cause without its effect won")
            people = [row["person"] for row in sorted(seen, key=lambda row: row["position"])]
            expect(people.index("ana") < people.index("boris"), f"an effect lies before its cause in the order: {people}")
            expect_equal(hana.conflict(case, "title"), [], "conflicts about what one of them had seen")
        ana.sync()
        company.settle(proof.random.sample(company.replicas, 4))
        for replica in company.replicas:
            expect_equal(replica.steps(case)[1:], ["agreed", "fixed"], f"{replica}: each step once, in order")
            expect_equal(replica.field(case, "status"), "fixed", f"{replica}: the status")
        expect_agreement(company.replicas, proof)
        proof.round()
    for replica in company.replicas:
        replica.verify()


def carry(proof, giver, taker):
    stick = proof.path("bundle")
    giver.run("bundle", "create", stick)
    taker.run("bundle", "apply", stick)
    proof.count("bundles")
