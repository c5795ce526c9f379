"""Runs hubs and replicas as real processes in a folder of their own, and ends exactly what it started."""
import collections
import contextlib
import itertools
import json
import os
import pathlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
ORACLE = ROOT / "tools" / "oracle" / "incident_counts.py"

# Exit statuses of the programs.
DONE, FAILED, USAGE, CONFLICTS, NOT_EXCHANGED, DAMAGE = range(6)


class Broken(Exception):
    """The claim does not hold; the message says what was seen."""


class Unavailable(Exception):
    """The claim cannot be tried here; the message says what is missing."""


def expect(condition, message):
    if not condition:
        raise Broken(message() if callable(message) else message)


def expect_equal(found, wanted, what):
    if found != wanted:
        raise Broken(f"{what}: expected {shortened(wanted)}, found {shortened(found)}")


def shortened(value, length=400):
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= length else text[:length] + "..."


def eventually(question, what, seconds=30.0, interval=0.02):
    """Asks until the answer is true, and returns it. Fails at the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise Broken(f"waited {seconds:g} s in vain until {what}")
        time.sleep(interval)  # between two questions, not instead of one


class Programs:
    """Where the programs lie: AMENDS_BIN, else the release build."""

    def __init__(self):
        folder = pathlib.Path(os.environ.get("AMENDS_BIN") or ROOT / ".build" / "release").resolve()
        self.amends = folder / "amends"
        self.hub = folder / "amends-hub"
        self.prove = folder / "amends-prove"


# Runs a command and writes its greatest resident memory, in KiB, to the file that is named first.
MEASURE = """
import os, sys
pid = os.spawnv(os.P_NOWAIT, sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(pid, 0)
with open(sys.argv[1], "w") as file:
    file.write(str(usage.ru_maxrss))
sys.exit(os.waitstatus_to_exitcode(status))
"""


class Result:
    """What a process that has ended left behind."""

    def __init__(self, command, status, out, err, seconds):
        self.command, self.status, self.seconds = command, status, seconds
        self.out_bytes, self.err_bytes = out, err

    @property
    def out(self):
        return self.out_bytes.decode("utf-8", "replace")

    @property
    def err(self):
        return self.err_bytes.decode("utf-8", "replace")

    @property
    def json(self):
        try:
            return json.loads(self.out_bytes)
        except ValueError as error:
            raise Broken(f"{self}: this is not JSON ({error}): {shortened(self.out)!r}") from error

    def __str__(self):
        return f"`{' '.join(shortened(str(part), 120) for part in self.command)}` (status {self.status})"

    def said(self):
        return f"{self}\n{shortened((self.err or self.out).strip(), 1500)}"


def data_folder(named=None):
    """Where the real data lies, which is not part of the repository."""
    return pathlib.Path(named or ROOT.parent / "shared" / "data").absolute()


class Proof:
    """One run of a claim: its seed, its folder, its processes, its figures."""

    def __init__(self, seed=1, full=False, data=None, programs=None, prefix="amends-proof-"):
        self.seed, self.full, self.prefix = seed, full, prefix
        self.data = data_folder(data)
        self.programs = programs or Programs()
        self.random = random.Random(seed)
        self.rounds = 0
        self.figures = {}
        self._numbers = itertools.count(1)
        self._running = {}

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=self.prefix))
        (self.folder / "home").mkdir()
        return self

    def __exit__(self, *_):
        for process in list(self._running.values()):
            self.end(process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def round(self):
        self.rounds += 1

    def count(self, name, by=1):
        self.figures[name] = self.figures.get(name, 0) + by

    def log_file(self):
        """The incident log, where it is present."""
        path = self.data / "uci_incident_dev.csv.gz"
        return path if path.exists() else None

    def path(self, name):
        return self.folder / f"{next(self._numbers):03}-{name}"

    def environment(self, extra=None):
        """The environment of every process: nothing of the caller's but PATH."""
        kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
        home = str(self.folder / "home")
        return kept | {"HOME": home, "LANG": "C.UTF-8", "TZ": "UTC", "NO_COLOR": "1"} | (extra or {})

    def start(self, command, env=None, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        process = subprocess.Popen(
            [str(part) for part in command], env=self.environment(env), stdin=stdin, stdout=stdout, stderr=stderr)
        self._running[process.pid] = process
        return process

    def peak_bytes(self, command, timeout=600.0):
        """Runs a command to its end: what came of it, and the greatest resident memory that it had.

        A process is given out as having had what the one that started it held, so a small one starts it.
        """
        peak = self.path("peak")
        result = self.run([sys.executable, "-I", "-S", "-c", MEASURE, peak, *command], timeout=timeout)
        return result, int(peak.read_text()) * 1024

    def run(self, command, env=None, input=None, timeout=120.0, statuses=(DONE,)):
        """Runs a command to its end.

        Output goes through files, so that no pipe fills up and the process's memory can be read at its end.
        `statuses` are the exit statuses that are right; None takes any.
        """
        with contextlib.ExitStack() as files:
            out, err = (files.enter_context(tempfile.TemporaryFile()) for _ in range(2))
            source = files.enter_context(tempfile.TemporaryFile())
            if input is not None:
                source.write(input)
                source.seek(0)
            began = time.monotonic()
            process = self.start(command, env, source if input is not None else subprocess.DEVNULL, out, err)
            killed = False
            while process.returncode is None:
                pid, status = os.waitpid(process.pid, os.WNOHANG if timeout else 0)
                if pid:
                    process.returncode = os.waitstatus_to_exitcode(status)
                elif time.monotonic() - began > timeout:
                    process.send_signal(signal.SIGKILL)
                    killed, timeout = True, 0
                else:
                    time.sleep(min(0.01, 0.0005 + (time.monotonic() - began) / 20))
            self._running.pop(process.pid, None)
            seconds = time.monotonic() - began
            for file in (out, err):
                file.seek(0)
            result = Result(command, process.returncode, out.read(), err.read(), seconds)
        if killed:
            raise Broken(f"{result.said()}\nIt did not end in {seconds:.0f} s.")
        if statuses is not None and result.status not in statuses:
            raise Broken(f"{result.said()}\nExpected status {' or '.join(map(str, statuses))}.")
        return result

    def end(self, process, by=signal.SIGTERM, seconds=15.0):
        """Ends a process that this proof started, and returns its exit status."""
        if process.poll() is None:
            process.send_signal(by)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._running.pop(process.pid, None)
        return process.returncode


class Hub:
    """A hub of one chain: `amends-hub` on a port of its own."""

    def __init__(self, proof, chain="Corner Cafés", name="hub"):
        self.proof, self.chain = proof, chain
        self.data = proof.path(name)
        self.process = None
        self.port = 0
        self.log = proof.path(f"{name}.log")
        made = self.command("init", "--chain", chain, "--json").json
        self.admin_token, self.chain_id = made["adminToken"], made["chain"]

    def command(self, *arguments, statuses=(DONE,), env=None):
        verbs = list(itertools.takewhile(lambda part: not str(part).startswith("-"), arguments))
        # A command's options may stand anywhere behind its verbs.
        return self.proof.run(
            [self.proof.programs.hub, *verbs, *arguments[len(verbs):], "--data", self.data], statuses=statuses, env=env)

    def start(self, env=None, wrapper=(), options=()):
        """Serves, and returns once the hub listens. After the first time it listens on the same port again."""
        ready = self.proof.path("ready")
        with open(self.log, "ab") as log:
            self.process = self.proof.start(
                [*wrapper, self.proof.programs.hub, "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.port}",
                 "--ready-file", ready, *options],
                env=env, stdout=log, stderr=log)
        eventually(lambda: ready.exists() or self.process.poll() is not None, "the hub listens")
        expect(self.process.poll() is None, lambda: f"the hub did not start:\n{self.last_words()}")
        self.url = ready.read_text().strip()
        self.port = urllib.parse.urlsplit(self.url).port
        return self

    def stop(self):
        return self.proof.end(self.process)

    def kill(self):
        return self.proof.end(self.process, by=signal.SIGKILL)

    def wait_for_its_end(self, seconds=30.0):
        eventually(lambda: self.process.poll() is not None, "the hub has ended", seconds)
        return self.proof.end(self.process)

    def log_text(self):
        return self.log.read_text("utf-8", "replace")

    def last_words(self):
        return shortened(self.log_text()[-1500:], 1500)

    def branch_code(self, name, headquarters=False):
        extra = ["--headquarters"] if headquarters else []
        return self.command("branch", "add", name, *extra, "--json").json["code"]

    def another_code(self, name):
        return self.command("branch", "code", name, "--json").json["code"]

    def report(self):
        """{(branch, status): count}, zero counts left out."""
        rows = self.command("report", "cases", "--json").json
        return {(row["branch"], row["status"]): row["count"] for row in rows if row["count"]}

    def get(self, path, headers=None, seconds=20.0):
        """(status, body, headers) of a plain request."""
        request = urllib.request.Request(self.url.rstrip("/") + path, headers=headers or {})
        try:
            with urllib.request.urlopen(request, timeout=seconds) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read(), error.headers


class Replica:
    """A replica file and the person who sits before it: `amends` with AMENDS_REPLICA and AMENDS_PERSON."""

    def __init__(self, proof, name, person=None, env=None, wrapper=()):
        self.proof, self.name, self.person = proof, name, person or name.lower()
        self.folder = proof.path(name.replace(" ", "-").lower())
        self.folder.mkdir()
        self.file = self.folder / "replica.sqlite"
        self.env = dict(env or {})
        self.wrapper = tuple(wrapper)

    def __str__(self):
        return self.name

    # Running

    def full_environment(self, extra=None):
        return {"AMENDS_REPLICA": str(self.file), "AMENDS_PERSON": self.person} | self.env | (extra or {})

    def command(self, *arguments):
        return [*self.wrapper, self.proof.programs.amends, *arguments]

    def run(self, *arguments, statuses=(DONE,), timeout=120.0, env=None, input=None):
        return self.proof.run(
            self.command(*arguments), env=self.full_environment(env), statuses=statuses, timeout=timeout, input=input)

    def start(self, *arguments, env=None, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        return self.proof.start(self.command(*arguments), env=self.full_environment(env), stdout=stdout, stderr=stderr)

    def join(self, url, code, statuses=(DONE,)):
        self.run("join", url, "--code", code, "--replica", self.file, statuses=statuses)
        return self

    # Writing

    def open(self, title, *more, **options):
        return self.run("case", "open", "--title", title, *more, "--json", **options).json["case"]

    def step(self, case, kind, *more, **options):
        return self.run("case", "step", case, kind, *more, **options)

    def set(self, case, *assignments, **options):
        return self.run("case", "set", case, *assignments, **options)

    # Exchanging

    def sync(self, statuses=(DONE,), **options):
        return self.run("sync", "--json", statuses=statuses, **options)

    def sync_stubbornly(self, attempts=10):
        """Syncs until an attempt exchanges everything, as a person or a timer would."""
        for _ in range(attempts):
            result = self.sync(statuses=None)
            if result.status == DONE:
                return result
            expect(result.status in (FAILED, NOT_EXCHANGED), lambda: f"a sync ended oddly: {result.said()}")
        raise Broken(f"{attempts} attempts did not exchange everything: {result.said()}")

    # Reading

    def status(self):
        return self.run("status", "--json").json

    def conflicts(self, statuses=(DONE, CONFLICTS)):
        return self.run("conflicts", "--json", statuses=statuses).json

    def conflict(self, case, field):
        """The values that people have to choose from, sorted; none where nothing is in conflict."""
        for entry in self.conflicts():
            if entry["case"] == case and entry["field"] == field:
                return sorted(entry["values"], key=lambda value: str(value["value"]))
        return []

    def history(self, case):
        return self.run("log", case, "--json").json

    def verify(self):
        """Nothing is damaged."""
        found = self.run("verify", "--json", statuses=None)
        expect(found.status == DONE, lambda: f"{self}: {found.said()}\n{shortened(found.out, 1500)}")
        expect(found.json["ok"] is True and not found.json["damage"], lambda: f"{self}: {found.out}")

    def rows(self, sql, *values):
        """What a plain SQLite reader sees of the file."""
        connection = sqlite3.connect(f"file:{urllib.parse.quote(str(self.file))}?mode=ro", uri=True, timeout=30)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()

    def field(self, case, field):
        found = self.rows(f'SELECT "{field}" FROM recovery_case WHERE number = ?', case)
        expect(len(found) == 1, lambda: f"{self} has {len(found)} cases {case}")
        return found[0][0]

    def counts(self):
        return dict(self.rows("SELECT status, count(*) FROM recovery_case GROUP BY 1"))

    def steps(self, case):
        """The kinds of a case's steps, in the order in which they are listed."""
        return [kind for (kind,) in self.rows(
            "SELECT s.kind FROM recovery_case_steps s JOIN recovery_case c USING (rid) WHERE c.number = ? "
            "ORDER BY s.key, s.change", case)]


class Company:
    """A hub, a branch with several machines, and headquarters."""

    def __init__(self, proof, machines=2, branch="Harbour", headquarters=True, hub_env=None, url=None):
        self.proof = proof
        self.hub = Hub(proof).start(env=hub_env)
        self.branch = branch
        self.url = url(self.hub) if url else self.hub.url
        people = ["Ana", "Boris", "Chen", "Dora", "Emil", "Fatima"]
        self.machines = []
        for number in range(machines):
            code = self.hub.branch_code(branch) if number == 0 else self.hub.another_code(branch)
            self.machines.append(Replica(proof, people[number]).join(self.url, code))
        self.headquarters = None
        if headquarters:
            code = self.hub.branch_code("Headquarters", headquarters=True)
            self.headquarters = Replica(proof, "Hana").join(self.url, code)

    @property
    def replicas(self):
        return self.machines + ([self.headquarters] if self.headquarters else [])

    def settle(self, order=None):
        """Everybody exchanges twice: once to give, once to receive what others gave later."""
        for _ in range(2):
            for replica in order or self.replicas:
                replica.sync()


def expect_agreement(replicas, proof=None):
    """Every pair of replicas with a scope in common is at the same place with the same history and state."""
    standings = {}
    for replica in replicas:
        status = replica.status()
        expect_equal(status["waiting"], 0, f"{replica}: changes that wait to be sent")
        for scope in status["scopes"]:
            standing = (scope["position"], scope["historyHash"], scope["fingerprint"])
            standings.setdefault(scope["scope"], []).append((replica.name, standing))
    pairs = 0
    for scope, found in standings.items():
        for (one, first), (other, second) in itertools.combinations(found, 2):
            expect_equal(second, first, f"scope {scope}: where {other} stands, against {one}")
            pairs += 1
    expect(pairs or len(replicas) < 2, "no two replicas have a scope in common")
    if proof:
        proof.count("pairsCompared", pairs)
    return pairs


class Ledger:
    """What was acknowledged to whoever wrote it, kept outside the programs: what must be there, once."""

    KINDS = ("acknowledged", "listened", "apologised", "informed", "agreed", "note")

    def __init__(self):
        self.titles = {}
        self.steps = collections.defaultdict(collections.Counter)
        self.tags = collections.defaultdict(set)

    def open(self, replica, title):
        case = replica.open(title)
        self.titles[case] = title
        self.steps[case].update(replica.steps(case))
        return case

    def step(self, replica, case, kind):
        replica.step(case, kind)
        self.steps[case][kind] += 1

    def tag(self, replica, case, tag):
        replica.set(case, f"tags+={tag}")
        self.tags[case].add(tag)

    def write(self, replica, random, label):
        """One write of any kind: a new case, or a step or a tag of one that the replica has."""
        known = [number for (number,) in replica.rows("SELECT number FROM recovery_case ORDER BY number")]
        known = [number for number in known if number in self.titles]
        choice = random.randrange(4) if known else 0
        if choice == 0:
            self.open(replica, f"case {label}")
        elif choice == 1:
            self.tag(replica, random.choice(known), f"tag {label}")
        else:
            self.step(replica, random.choice(known), random.choice(self.KINDS))

    def expect_whole(self, replica, exactly=True):
        """Every acknowledged write is there once. `exactly`: and there is nothing else."""
        titles = dict(replica.rows("SELECT number, title FROM recovery_case"))
        steps = collections.defaultdict(collections.Counter)
        for number, kind in replica.rows(
                "SELECT c.number, s.kind FROM recovery_case_steps s JOIN recovery_case c USING (rid)"):
            steps[number][kind] += 1
        tags = collections.defaultdict(set)
        for number, tag in replica.rows(
                "SELECT c.number, t.value FROM recovery_case_tags t JOIN recovery_case c USING (rid)"):
            tags[number].add(tag)
        if exactly:
            expect_equal(titles, self.titles, f"{replica}: the cases")
        for case, title in self.titles.items():
            expect_equal(titles.get(case), title, f"{replica}: the title of {case}")
            found, wanted = steps[case], self.steps[case]
            lost, extra = wanted - found, found - wanted
            expect(not lost and not (exactly and extra), lambda: f"{replica}, {case}: lost {lost}, too many {extra}")
            expect(self.tags[case] <= tags[case], lambda: f"{replica}, {case}: lost {self.tags[case] - tags[case]}")
            expect(not exactly or tags[case] == self.tags[case], lambda: f"{replica}, {case}: tags {tags[case]}")


def oracle_counts(file, until=None, locations=()):
    """{(branch, status): cases} by the independent counter, and its totals."""
    command = ["python3", "-B", str(ORACLE), str(file), "--json"]
    for location in locations:
        command += ["--location", location]
    if until:
        command += ["--until", until]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return {(row["branch"], row["status"]): row["cases"] for row in found["counts"]}, found


def oracle_cuts(file, percentages):
    """{percentage: T}"""
    wanted = ",".join(f"{percentage:g}" for percentage in percentages)
    command = ["python3", "-B", str(ORACLE), str(file), "--cuts", wanted, "--json"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return {row["percent"]: row["until"] for row in found}
