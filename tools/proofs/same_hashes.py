"""Hashes and fingerprints do not depend on the process that makes them."""
from proofs.harness import Company, Ledger, Replica, expect_agreement, expect_equal

CLAIM = "same-hashes"
ABOUT = "Fingerprint and history hash are the same in every process, with and without SWIFT_DETERMINISTIC_HASHING=1."

FIXED = {"SWIFT_DETERMINISTIC_HASHING": "1"}


def prove(proof):
    company = Company(proof)
    hub = company.hub
    ana, boris, hana = company.replicas
    ana.env.update(FIXED)
    ledger = Ledger()
    for number in range(8 if proof.full else 2):
        hub.stop()
        hub.start(env=FIXED if number % 2 else None)
        for turn in range(8):
            ledger.write(ana, proof.random, f"ana {number} {turn}")
            ledger.write(boris, proof.random, f"boris {number} {turn}")
        case = proof.random.choice(sorted(ledger.titles))
        if hana.rows("SELECT 1 FROM recovery_case WHERE number = ?", case):
            hana.set(case, f"category=hana {number}", f"assignee=hana {number}")
        company.settle()
        # Machines that come late fold everything afresh, each in its own way of hashing.
        newcomers = []
        for extra in ({}, FIXED):
            newcomer = Replica(proof, "Newcomer", env=extra).join(hub.url, hub.another_code(company.branch))
            newcomer.sync()
            newcomers.append(newcomer)
        company.settle()
        for newcomer in newcomers:
            newcomer.sync()
        everybody = company.replicas + newcomers
        expect_agreement(everybody, proof)
        for replica in everybody:
            # The same file, asked and recomputed by processes of both kinds, several times.
            answers = []
            for extra in ({}, {}, FIXED):
                answers.append(replica.run("status", "--json", env=extra).json["scopes"])
                replica.run("verify", env=extra)
            expect_equal(answers[1:], answers[:1] * 2, f"{replica}: what processes say of one file")
            proof.count("processesCompared", 6)
        proof.round()
