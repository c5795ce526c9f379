"""A machine's clock is ten years off: nothing is refused, and only causality decides."""
import datetime
import os

from proofs.harness import Company, Unavailable, expect, expect_agreement, expect_equal

CLAIM = "clock-ahead-behind"
ABOUT = "A clock ten years ahead or behind: nothing is refused, it wins over nothing that saw it, nobody's clock moves."

# What an effective time may lie ahead of the hub's clock, and what a slow machine may add.
ALLOWANCE = datetime.timedelta(minutes=5, seconds=60)


def prove(proof):
    if not any(os.access(os.path.join(folder, "faketime"), os.X_OK) for folder in os.environ["PATH"].split(":")):
        raise Unavailable("faketime is not installed: apt-get install faketime")
    for years in (10, -10) * (3 if proof.full else 1):
        one_clock(proof, years)


def one_clock(proof, years):
    company = Company(proof)
    ana, boris, hana = company.replicas
    case = boris.open("A clock")
    company.settle()
    # The wrong clock runs on, and connections still time out by the true one.
    ana.wrapper = ("faketime", "-f", f"{years * 365:+d}d")
    ana.env["DONT_FAKE_MONOTONIC"] = "1"

    # It writes, the others see that and write after it: the later write stands.
    ana.set(case, "title=by the wrong clock", "category=by the wrong clock")
    ana.sync()
    boris.sync()
    expect_equal(boris.field(case, "title"), "by the wrong clock", "Boris: the title before anybody answers it")
    for later in (boris, hana):
        later.sync()
        later.set(case, f"title=seen by {later.person}", f"category=seen by {later.person}")
        later.sync()
        company.settle()
        for replica in company.replicas:
            expect_equal(replica.field(case, "title"), f"seen by {later.person}", f"{replica}: the later title stands")
            expect_equal(replica.conflict(case, "category"), [], f"{replica}: conflicts about what was seen")

    # It sees the others' writes and writes after them: its write stands.
    ana.set(case, "title=the last word")
    ana.step(case, "fixed")
    company.settle()
    for replica in company.replicas:
        expect_equal(replica.field(case, "title"), "the last word", f"{replica}: what saw everything stands")
        expect_equal(replica.field(case, "status"), "fixed", f"{replica}: a step by the wrong clock counts")

    # Nobody else's clock has moved.
    now = datetime.datetime.now(datetime.timezone.utc)
    for replica in (boris, hana):
        replica.set(case, f"team={replica.person}")
    company.settle()
    for row in hana.history(case):
        off = abs(moment(row["effectiveAt"]) - now)
        if row["person"] != "ana":
            expect(abs(moment(row["recordedAt"]) - now) < ALLOWANCE, lambda: f"another clock moved: {row}")
            expect(off < ALLOWANCE, lambda: f"another's effective time moved: {row}")
        elif years > 0:
            expect(moment(row["effectiveAt"]) - now < ALLOWANCE, lambda: f"a future time counts: {row}")
            proof.count("changesByWrongClock")
        else:
            proof.count("changesByWrongClock")
    for replica in company.replicas:
        replica.verify()
    expect_agreement(company.replicas, proof)
    proof.round()


def moment(value):
    """A time as the programs print it: milliseconds since 1970, or RFC 3339."""
    if isinstance(value, (int, float)):
        return datetime.datetime.fromtimestamp(value / 1000, datetime.timezone.utc)
    return datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
