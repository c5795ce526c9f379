"""A branch that never saw a hub works for weeks; then it joins, and its history goes with it."""
from proofs.harness import Company, Ledger, Replica, expect, expect_agreement

CLAIM = "offline-first"
ABOUT = "A branch made without a hub records alone, joins later, and keeps every case, person and time."


def prove(proof):
    for number in range(4 if proof.full else 1):
        company = Company(proof, machines=0)
        hub, hana = company.hub, company.headquarters
        # The code's branch has no history yet: the branch's own scope is adopted.
        early = Alone(proof, f"Early {number}")
        early.replica.join(hub.url, hub.branch_code("Mountain"))
        # Here it has one already: the changes are written again into the branch's scope.
        settled = Replica(proof, "Settled").join(hub.url, hub.branch_code("Valley"))
        settled.open("Here before")
        settled.sync()
        late = Alone(proof, f"Late {number}")
        late.replica.join(hub.url, hub.another_code("Valley"))
        for _ in range(2):
            for replica in (early.replica, late.replica, settled, hana):
                replica.sync()
        for one in (early, late):
            found = {title for (title,) in hana.rows("SELECT title FROM recovery_case")}
            expect(one.titles <= found, lambda: f"headquarters lacks {one.titles - found}")
            people = {person for (person,) in hana.rows("SELECT DISTINCT person FROM recovery_case_steps")}
            expect(one.replica.person in people, lambda: f"the persons of the steps are {people}")
        expect_agreement([early.replica, late.replica, settled, hana], proof)
        for replica in (early.replica, late.replica, settled, hana):
            replica.verify()
        proof.round()


class Alone:
    """A branch by itself, with cases of its own."""

    def __init__(self, proof, name):
        self.replica = Replica(proof, name, person=f"person at {name}")
        self.replica.run("init", "--replica", self.replica.file, "--name", name)
        ledger = Ledger()
        for turn in range(8):
            ledger.write(self.replica, proof.random, f"{name} {turn}")
        ledger.expect_whole(self.replica)
        self.replica.verify()
        self.titles = set(ledger.titles.values())
