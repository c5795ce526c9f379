"""The exchange in which nobody has anything to say: one round trip, few bytes, and no write on either side."""
import contextlib
import hashlib

from proofs.harness import Company, eventually, expect, expect_equal
from proofs.proxy import FaultyProxy, Fault, dechunked

CLAIM = "empty-exchange"
ABOUT = "An exchange with nothing to say is one round trip of under 300 bytes a way and writes to no disk."

# What a hub says to one who begins to listen; the connection then ends, so a watch asks again and is woken again.
WAKE_UP = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    b"event: listening\r\ndata: {}\r\n\r\n")
GREATEST_BODY = 300
PATIENCE = 90.0


def prove(proof):
    with contextlib.ExitStack() as stack:
        proxies = []

        def through_proxy(hub):
            proxies.append(stack.enter_context(FaultyProxy(hub.url, plan)))
            return proxies[0].url

        company = Company(proof, machines=1, url=through_proxy)
        for number in range(40 if proof.full else 10):
            company.hub.branch_code(f"Branch {number}")
        branch, headquarters = company.replicas
        for number in range(5):
            branch.open(f"Case {number}")
        company.settle()
        try_one(proof, company.hub, proxies[0], branch, "branch")
        try_one(proof, company.hub, proxies[0], headquarters, "headquarters")


def plan(exchange):
    return Fault(instead=WAKE_UP) if exchange.is_event_stream else Fault()


def try_one(proof, hub, proxy, replica, name):
    count = 100 if proof.full else 25
    replica.sync()
    standing = replica.status()["scopes"]

    def answered():
        return [(exchange, answer) for exchange, answer in list(proxy.answers) if exchange.is_sync]

    first = len(answered())
    watcher = replica.start("sync", "--watch")
    # The first ones may still have something to note.
    eventually(lambda: len(answered()) >= first + 4, "the watch exchanges", PATIENCE)
    before = (disk_writes(watcher.pid), disk_writes(hub.process.pid), files(replica.file), files(database(hub)))
    start = len(answered())
    eventually(lambda: len(answered()) >= start + count, f"{count} exchanges", PATIENCE)
    after = (disk_writes(watcher.pid), disk_writes(hub.process.pid), files(replica.file), files(database(hub)))
    expect_equal(proof.end(watcher), 0, f"{name}: the watch's end")
    for number, what in enumerate(("the machine's writes", "the hub's writes", "the machine's files", "the hub's files")):
        expect_equal(after[number], before[number], f"{name}: {what}")
    requests, answers = set(), set()
    for exchange, answer in answered()[start:start + count]:
        status, headers, body = dechunked(answer)
        expect(" 200 " in status, f"{name}: an exchange was answered {status}")
        requests.add((len(exchange.body), len(exchange.head)))
        answers.add((len(body), len(answer) - len(body)))
    expect(max(body for body, _ in requests) < GREATEST_BODY, f"{name}: bodies of requests: {requests}")
    expect(max(body for body, _ in answers) < GREATEST_BODY, f"{name}: bodies of answers: {answers}")
    proof.figures[f"{name}RequestBody"], proof.figures[f"{name}RequestHead"] = max(requests)
    proof.figures[f"{name}AnswerBody"], proof.figures[f"{name}AnswerHead"] = max(answers)
    expect_equal(replica.status()["scopes"], standing, f"{name}: where it stands")
    # One exchange a synchronisation, and a program that is started for one opens a session first.
    found = replica.sync().json
    expect_equal((found["roundTrips"], found["sent"], found["received"]), (1, 0, 0), f"{name}: what a sync tells")
    proof.count("exchanges", count)
    proof.round()


def database(hub):
    return hub.data / hub.chain_id / "hub.sqlite"


def disk_writes(process):
    """Bytes that a process has caused to be written, as Linux counts them."""
    with open(f"/proc/{process}/io") as file:
        return int(dict(line.split(": ") for line in file.read().splitlines())["write_bytes"])


def files(path):
    """The bytes of a database and of its write-ahead log."""
    found = {}
    for suffix in ("", "-wal"):
        file = path.with_name(path.name + suffix)
        if file.exists():
            found[suffix] = (file.stat().st_size, hashlib.sha256(file.read_bytes()).hexdigest())
    return found
