"""`amends sync --watch`: woken by the hub, polling behind it, patient when told to wait."""
import time

from proofs.harness import Company, Replica, eventually, expect, expect_agreement
from proofs.proxy import FaultyProxy, Fault

CLAIM = "watch-wakes"
ABOUT = "sync --watch is woken by the hub, outlives its restart, honours Retry-After, and ends when asked."

BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 3\r\nContent-Type: application/problem+json\r\n"
    b"Content-Length: 2\r\nConnection: close\r\n\r\n{}")
# Woken means long before a poll: those come after tens of seconds.
SOON = 8.0
AFTER_RESTART = 60.0


def prove(proof):
    company = Company(proof)
    hub = company.hub
    ana, boris, hana = company.replicas
    company.settle()
    watcher = boris.start("sync", "--watch")
    delays = []
    for number in range(20 if proof.full else 4):
        title = f"Woken {number}"
        ana.open(title)
        ana.sync()
        began = time.monotonic()
        has(boris, title, SOON)
        delays.append(time.monotonic() - began)
        # Its own writes leave without being asked for.
        own = f"Own {number}"
        boris.open(own)
        arrives(hana, own, AFTER_RESTART)
        proof.round()
    proof.figures["greatestDelay"] = round(max(delays), 2)

    hub.kill()
    ana.open("While the hub was away")
    hub.start()
    ana.sync()
    has(boris, "While the hub was away", AFTER_RESTART)
    proof.round()
    status = proof.end(watcher)
    expect(status == 0, f"a watch that is asked to end ends with status {status}")
    company.settle()
    expect_agreement(company.replicas, proof)
    retry_after(proof, company)


def has(replica, title, seconds):
    eventually(
        lambda: replica.rows("SELECT 1 FROM recovery_case WHERE title = ?", title), f"{replica} has {title!r}", seconds)


def arrives(replica, title, seconds):
    def asked():
        replica.sync()
        return replica.rows("SELECT 1 FROM recovery_case WHERE title = ?", title)

    eventually(asked, f"{title!r} arrives at {replica}", seconds, interval=0.2)


def retry_after(proof, company):
    """The hub says: not now, in three seconds. Nobody asks before."""
    refused = []

    def plan(exchange):
        if exchange.is_sync and not refused:
            refused.append(time.monotonic())
            return Fault(instead=BUSY)
        if exchange.is_sync and len(refused) == 1:
            refused.append(time.monotonic())
        return Fault()

    with FaultyProxy(company.hub.url, plan) as proxy:
        wilma = Replica(proof, "Wilma").join(proxy.url, company.hub.another_code(company.branch))
        refused.clear()
        wilma.open("Patience")
        watcher = wilma.start("sync", "--watch")
        eventually(lambda: len(refused) > 1, "the machine asks again", AFTER_RESTART)
        proof.end(watcher)
        waited = refused[1] - refused[0]
        expect(waited >= 2.9, f"asked again after {waited:.1f} s, told to wait 3 s")
        proof.figures["waited"] = round(waited, 1)
        wilma.sync()
    proof.round()
