"""Requests from those who have no right: unsigned, wrongly signed, of another branch, replayed."""
import re

from proofs import wire
from proofs.harness import Company, Replica, eventually, expect, expect_agreement, expect_equal
from proofs.proxy import FaultyProxy

CLAIM = "strangers-refused"
ABOUT = "A request from a stranger, another branch, or replayed from another session: refused, one audit line, no effect."

AUDIT = re.compile(r'audit"?\s*[=:]\s*"?refused')


def prove(proof):
    company = Company(proof)
    hub = company.hub
    ana, boris, hana = company.replicas
    other = Replica(proof, "Olga").join(hub.url, hub.branch_code("Station"))
    company.settle()
    other.sync()
    for number in range(10 if proof.full else 2):
        captured = capture(proof, company, other, number)
        company.settle()
        other.sync()
        for name, attack in attacks(proof, company, other, captured):
            before = standing(company, other)
            lines = audit_lines(hub)
            status = attack()
            expect(status in (401, 403), f"{name}: answered with status {status}")
            eventually(lambda: audit_lines(hub) > lines, f"{name} stands in the audit", 5)
            company.settle()
            other.sync()
            expect_equal(audit_lines(hub) - lines, 1, f"audit lines after {name}")
            expect_equal(standing(company, other), before, f"where everybody stands after {name}")
            proof.figures.setdefault("refused", {}).setdefault(name, 0)
            proof.figures["refused"][name] += 1
            proof.round()
        # Whoever has the right still gets through.
        ana.open(f"After the strangers {number}")
        company.settle()
        expect_agreement(company.replicas, proof)
    for replica in company.replicas:
        replica.verify()


def capture(proof, company, other, number):
    """What a listener on the line between a machine of the branch and the hub writes down: the push, as it was sent."""
    with FaultyProxy(company.hub.url) as proxy:
        victim = Replica(proof, f"Victim {number}").join(proxy.url, company.hub.another_code(company.branch))
        victim.sync()
        victim.open(f"What the victim wrote {number}")
        start = len(proxy.exchanges)
        victim.sync()
        pushes = [exchange for exchange in proxy.exchanges[start:] if exchange.is_sync]
    expect(pushes, "no exchange went through the proxy")
    headers = dict(re.findall(r"(?m)^([\w-]+):[ \t]*(.*?)\r?$", pushes[0].head.decode("latin-1")))
    headers = {name.lower(): value for name, value in headers.items()}
    session = bytes.fromhex(re.search(r"session=([0-9a-f]{32})", headers["authorization"]).group(1))
    kept = {name: headers[name] for name in ("content-type", "content-encoding", "accept") if name in headers}
    return {
        "victim": victim, "target": pushes[0].target, "body": pushes[0].body, "headers": kept,
        "authorization": headers["authorization"], "session": session}


def attacks(proof, company, other, captured):
    """(name, a function that returns the status) of each."""
    hub = company.hub
    url, chain = hub.url, hub.chain_id
    target, body, headers = captured["target"], captured["body"], captured["headers"]
    stranger = proof.random.randbytes(32)

    def send(authorization=None, changed=body):
        extra = {"Authorization": authorization} if authorization else {}
        return wire.send(url, target, changed, headers | extra)[0]

    def session_of(seed):
        status, session = wire.open_session(url, chain, wire.replica_id(wire.public_key(seed)))
        expect(session, f"a session for a certified machine: status {status}")
        return session

    def signed(seed, session, changed=body):
        return wire.authorization(seed, session, 1, target, changed)

    victim, olga = wire.seed_of(captured["victim"]), wire.seed_of(other)
    yield "a request without a signature", send
    yield "a session that never was", lambda: send(signed(stranger, proof.random.randbytes(16)))
    yield "a stranger's wish for a session", lambda: wire.open_session(
        url, chain, wire.replica_id(wire.public_key(stranger)))[0]
    yield "a stranger's key in a machine's session", lambda: send(signed(stranger, session_of(victim)))
    yield "another branch's key in a machine's session", lambda: send(signed(olga, session_of(victim)))
    yield "a code in a session without a key", lambda: send(
        f"Amends session={session_of(victim).hex()},counter=1,code={proof.random.randbytes(32).hex()}")
    yield "a signed request with one byte changed", lambda: send(
        signed(victim, session_of(victim)), body[:-1] + bytes([body[-1] ^ 1]))
    yield "captured bytes in another session", lambda: send(
        captured["authorization"].replace(captured["session"].hex(), session_of(victim).hex()))
    yield "captured bytes in another branch's session", lambda: send(
        captured["authorization"].replace(captured["session"].hex(), session_of(olga).hex()))
    yield "captured bytes after the hub forgot the session", lambda: replay_after_restart(hub, send, captured)
    yield "another branch carries the captured push", lambda: carried(send, signed(olga, session_of(olga)))
    yield "a report without the administrator's token", lambda: hub.get(f"/v1/chains/{chain}/report/cases")[0]
    yield "a report with another token", lambda: hub.get(
        f"/v1/chains/{chain}/report/cases", {"Authorization": "Bearer " + stranger.hex()})[0]


def replay_after_restart(hub, send, captured):
    hub.stop()
    hub.start()
    return send(captured["authorization"])


def carried(send, authorization):
    """A well-signed request of a machine that has no right to the scope: its push is refused inside the answer.

    The exchange itself is in order, so that one scope's refusal does not hold back another; it counts as a 403 here.
    """
    status = send(authorization)
    return 403 if status == 200 else status


def audit_lines(hub):
    return len(AUDIT.findall(hub.log_text()))


def standing(company, other):
    """Positions, hashes and fingerprints of everybody, and what the hub counts."""
    found = [tuple(sorted((s["scope"], s["position"], s["historyHash"], s["fingerprint"])
                          for s in replica.status()["scopes"])) for replica in [*company.replicas, other]]
    return found, sorted(company.hub.report().items())
