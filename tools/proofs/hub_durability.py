"""The hub is killed without warning, and the machines that sent it changes are gone for ever."""
import signal
import shutil
import subprocess

from proofs.harness import DONE, Company, Ledger, Replica, expect, expect_agreement

CLAIM = "hub-durability"
ABOUT = "kill -9 of the hub loses nothing acknowledged, also when the machine that sent it is lost afterwards."


def prove(proof):
    company = Company(proof, machines=1)
    hub, hana = company.hub, company.headquarters
    ledger = Ledger()
    for number in range(25 if proof.full else 5):
        senders = [Replica(proof, f"Sender {place}").join(hub.url, hub.another_code(company.branch)) for place in (1, 2)]
        written = []
        for sender in senders:
            own = Ledger()
            for turn in range(4):
                own.write(sender, proof.random, f"{sender} {number} {turn}")
            written.append(own)
        # Both send at once; the hub is killed when the first has its acknowledgement, whatever the other is at.
        running = [sender.start("sync", stdout=subprocess.DEVNULL) for sender in senders]
        running[0].wait(60)
        hub.kill()
        for sender, own, process in zip(senders, written, running):
            process.wait(60)
            proof.end(process, by=signal.SIGKILL)
            if process.returncode == DONE:
                proof.count("acknowledged")
                ledger.titles.update(own.titles)
                ledger.steps.update(own.steps)
                ledger.tags.update(own.tags)
                shutil.rmtree(sender.folder)
        hub.start()
        hana.sync()
        ledger.expect_whole(hana, exactly=False)
        # The sender that was not acknowledged still has everything, and sends it now.
        for sender, own, process in zip(senders, written, running):
            if process.returncode != DONE:
                proof.count("sentAgain")
                sender.sync_stubbornly()
                ledger.titles.update(own.titles)
                ledger.steps.update(own.steps)
                ledger.tags.update(own.tags)
        hana.sync()
        ledger.expect_whole(hana)
        proof.round()
    company.settle()
    expect_agreement(company.replicas, proof)
    for replica in company.replicas:
        ledger.expect_whole(replica)
        replica.verify()
    expect(proof.figures.get("acknowledged", 0) > 0, "no sync was acknowledged, so nothing was tried")
