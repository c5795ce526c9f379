"""Two machines of one branch and headquarters change one case offline, and sync in every order."""
import itertools

from proofs.harness import Company, expect, expect_agreement, expect_equal

CLAIM = "concurrent-edits"
ABOUT = "Two replicas of a branch and headquarters edit one case offline: all converge, whatever the order of syncing."


def prove(proof):
    company = Company(proof)
    hub = company.hub
    orders = list(itertools.permutations(company.replicas))
    for number in range(len(orders) * (5 if proof.full else 1)):
        order = orders[number] if number < len(orders) else proof.random.sample(company.replicas, 3)
        one_round(proof, company, order, number)
    for replica in company.replicas:
        replica.verify()
    expect(sum(hub.report().values()) == proof.rounds, lambda: f"the hub's report: {hub.report()}")


def one_round(proof, company, order, number):
    ana, boris, hana = company.replicas
    case = ana.open(f"Cold soup {number}")
    company.settle()

    # Offline: everybody writes the same fields, and something of their own.
    words = {replica: f"{replica.person} {number}" for replica in company.replicas}
    for severity, replica in enumerate(company.replicas, 1):
        replica.set(
            case, f"title={words[replica]}", f"team={words[replica]}", f"category={words[replica]}",
            f"assignee={words[replica]}", f"severity={severity}", f"tags+={words[replica]}")
    ana.step(case, "acknowledged")
    boris.step(case, "listened")
    hana.step(case, "agreed")

    for replica in order:
        replica.sync()
    # Who came early has not seen those who came late.
    for replica in proof.random.sample(company.replicas, 3):
        replica.sync()

    expect_agreement(company.replicas, proof)
    titles = {replica.field(case, "title") for replica in company.replicas}
    expect(len(titles) == 1 and titles <= set(words.values()), lambda: f"titles after syncing: {titles}")
    for replica in company.replicas:
        for field in ("category", "assignee"):
            values = [value["value"] for value in replica.conflict(case, field)]
            expect_equal(values, sorted(words.values()), f"{replica}: the values of {field} to choose from")
        expect_equal(replica.field(case, "severity"), 3, f"{replica}: the severity, greatest while people disagree")
        expect_equal(replica.field(case, "status"), "agreed", f"{replica}: the status")
        expect_equal(
            sorted(replica.steps(case)[1:]), ["acknowledged", "agreed", "listened"], f"{replica}: steps of all three")
        tags = {tag for (tag,) in replica.rows(
            "SELECT value FROM recovery_case_tags JOIN recovery_case USING (rid) WHERE number = ?", case)}
        expect_equal(tags, set(words.values()), f"{replica}: tags of all three")
    proof.round()
