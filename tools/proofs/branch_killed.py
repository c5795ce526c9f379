"""A branch is killed at any moment of a sync, and of a write."""
import signal
import subprocess

from proofs.harness import DONE, Company, Ledger, expect, expect_agreement

CLAIM = "branch-killed"
ABOUT = "A branch is killed at any time while syncing (200 rounds in full): everything is there once, no queue is stuck."


def prove(proof):
    company = Company(proof)
    ana, boris, hana = company.replicas
    ledger = Ledger()
    ledger.open(ana, "the first")
    usual = ana.sync().seconds
    for number in range(200 if proof.full else 10):
        for turn in range(2):
            ledger.write(ana, proof.random, f"ana {number} {turn}")
            ledger.write(boris, proof.random, f"boris {number} {turn}")
        boris.sync()
        killed(proof, ana.start("sync"), usual * 1.2)
        if number % 4 == 0:
            killed_while_writing(proof, ana, ledger, number)
        # It starts again as if nothing had been.
        usual = (usual + ana.sync_stubbornly().seconds) / 2
        ledger.expect_whole(ana)
        if number % 10 == 9 or not proof.full:
            ana.verify()
        proof.round()
    company.settle()
    for replica in company.replicas:
        ledger.expect_whole(replica)
        replica.verify()
    expect_agreement(company.replicas, proof)
    expect(proof.figures.get("killedWhileRunning", 0) > 0, "no process was killed before its end, so nothing was tried")


def killed(proof, process, longest):
    """Kills a process at a random moment; returns whether it was still running."""
    try:
        process.wait(proof.random.uniform(0, longest))
    except subprocess.TimeoutExpired:
        proof.count("killedWhileRunning")
    status = proof.end(process, by=signal.SIGKILL)
    return status != DONE


def killed_while_writing(proof, replica, ledger, number):
    """A write that is killed is there whole or not at all; one that said that it is done is there."""
    title = f"perhaps {number}"
    process = replica.start("case", "open", "--title", title, "--tag", "a", "--tag", "b")
    unsure = killed(proof, process, 0.08)
    found = replica.rows("SELECT number, step_count FROM recovery_case WHERE title = ?", title)
    expect(len(found) <= 1, f"a case was opened {len(found)} times")
    expect(found or unsure, "a case that was acknowledged is gone")
    if found:
        case, steps = found[0]
        expect(steps == 1, f"a half-written case: {steps} steps")
        ledger.titles[case] = title
        ledger.steps[case].update(replica.steps(case))
        ledger.tags[case] = {"a", "b"}
