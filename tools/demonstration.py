"""The story that tools/demo tells: five branches offline, one case that three people change, and one history."""
import argparse
import collections
import itertools
import os
import shlex
import signal
import sys
import time

from proofs import incidents
from proofs.harness import Broken, Hub, Proof, Replica, eventually, expect, oracle_cuts
from proofs.whole_log import locations_of

BRANCHES = 5
SHARE_OF_LOG = {True: 1, False: 10}  # percent of its rows, short and long


class Story:
    """Prints what happens, for people; colours where they look at a terminal."""

    def __init__(self):
        self.colours = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self.chapters = itertools.count(1)

    def _paint(self, code, words):
        return f"\x1b[{code}m{words}\x1b[0m" if self.colours else words

    def chapter(self, title):
        print("\n" + self._paint("1", f"{next(self.chapters)}. {title}") + "\n", flush=True)

    def tell(self, words):
        print("   " + words, flush=True)

    def command(self, who, *arguments):
        line = " ".join(shlex.quote(str(part)) for part in arguments)
        print("   " + self._paint("2", f"{who} $ ") + self._paint("36", line), flush=True)

    def output(self, text, lines=None):
        shown = text.rstrip("\n").splitlines()
        for line in shown[:lines]:
            print("   | " + line)
        if lines and len(shown) > lines:
            print(f"   | ... and {len(shown) - lines} more lines")
        sys.stdout.flush()

    def good(self, words):
        print("   " + self._paint("32", words), flush=True)


class Teller:
    """Runs commands of people, and shows them."""

    def __init__(self, story):
        self.story = story

    def run(self, replica, *arguments, lines=None, statuses=(0,)):
        self.story.command(replica.name, "amends", *arguments)
        ended = replica.run(*arguments, statuses=statuses)
        self.story.output(ended.out, lines)
        return ended


def main():
    parser = argparse.ArgumentParser(prog="tools/demo", description="Shows Amends at work on this machine.")
    parser.add_argument("--short", action="store_true", help="fewer incidents")
    parser.add_argument("--data", metavar="DIR", help="where the incident log lies (default ../shared/data)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="for the generated incidents (default 1)")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()
    story = Story()
    try:
        with Proof(seed=options.seed, full=not options.short, data=options.data, prefix="amends-demo-") as stage:
            perform(stage, story, options)
    except Broken as broken:
        print(f"\nThe demonstration came to a halt: {broken}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped; nothing is left running.", file=sys.stderr)
        return 130
    what_next(story)
    story.tell(f"This took {time.monotonic() - began:.0f} s. Nothing is left running, and its files are removed.")
    return 0


def perform(stage, story, options):
    teller = Teller(story)
    file, until = incident_log(stage, story, options)
    locations = locations_of(file)[0][:BRANCHES]

    story.chapter("A hub, headquarters, and five branches")
    hub = Hub(stage, chain="Corner Cafes").start()
    story.tell("The hub is one process; everybody else reaches it over HTTP, when there is a network.")
    story.command("admin", "amends-hub", "init", "--data", "hub", "--chain", hub.chain)
    story.command("admin", "amends-hub", "serve", "--data", "hub", "--listen", f"127.0.0.1:{hub.port}")
    story.tell("Each machine joins with a one-time code, and makes its own key:")
    story.command("admin", "amends-hub", "branch", "add", locations[0], "--data", "hub")
    story.command("Ana", "amends", "join", hub.url, "--code", "...", "--replica", "ana.sqlite")

    people = ["Ana", "Chen", "Dora", "Emil", "Fatima"]
    machines = [
        Replica(stage, person).join(hub.url, hub.branch_code(location)) for person, location in zip(people, locations)]
    ana = machines[0]
    boris = Replica(stage, "Boris").join(hub.url, hub.another_code(locations[0]))
    hana = Replica(stage, "Hana").join(hub.url, hub.branch_code("Headquarters", headquarters=True))
    everybody = [*machines, boris, hana]
    for person, location in zip(people, locations):
        story.tell(f"{person:<8} at {location}")
    story.tell(f"{'Boris':<8} at {locations[0]}, on a second machine")
    story.tell(f"{'Hana':<8} at headquarters, who holds every branch's cases")

    story.chapter("The network is down: every branch records on its own")
    hub.stop()
    for replica, location in zip(machines, locations):
        arguments = ["import", "incident-log", file, "--location", location] + (["--until", until] if until else [])
        shown = [*arguments[:2], file.name, *arguments[3:]]
        story.command(replica.name, "amends", *shown)
        counts = replica.run(*arguments, "--json", timeout=300).json
        story.tell(f"{counts['imported']} rows of {location} became steps of cases; {counts['elsewhere']} are elsewhere.")
    case = ana.open("Cold soup, table 4", "--severity", "2", "--category", "food")
    story.command(
        "Ana", "amends", "case", "open", "--title", "Cold soup, table 4", "--severity", "2", "--category", "food")
    story.tell(f"The case is {case}. It is saved on Ana's disk, with no hub in sight.")

    story.chapter("The network is back: everybody syncs")
    hub.start()
    teller.run(ana, "sync")
    for replica in [*everybody, *everybody]:
        replica.sync()
    story.tell("Once the others have done the same, headquarters and the second machine have Ana's case.")

    story.chapter("Three people change one case at the same time, offline")
    hub.stop()
    teller.run(ana, "case", "set", case, "category=waiting time", "severity=3")
    teller.run(ana, "case", "step", case, "apologised", "--note", "in person")
    teller.run(boris, "case", "set", case, "category=kitchen", "title=Cold soup at table 4, twice")
    teller.run(boris, "case", "step", case, "comp_offered", "--note", "a dessert")
    teller.run(hana, "case", "set", case, "title=Cold soup (reported by letter)", "tags+=letter")
    hub.start()
    for replica in [hana, boris, ana, hana, boris, *machines[1:]]:
        replica.sync()
    story.tell("They sync, in any order. Steps and tags are all there; of the severities the greater counts; the")
    story.tell("later title is shown and the earlier one kept; the category is a question that a person answers.")

    story.chapter("What headquarters sees")
    story.command("admin", "amends-hub", "report", "cases", "--data", "hub")
    story.output(hub.command("report", "cases").out, lines=14)
    teller.run(hana, "conflicts", statuses=(3,))
    teller.run(hana, "explain", case, "title")
    teller.run(hana, "resolve", case, "category", "kitchen")
    for replica in [hana, ana, boris, hana]:
        replica.sync()
    expect(ana.field(case, "category") == "kitchen", "what headquarters settled did not reach Ana")
    story.tell("Hana's answer has reached Ana and Boris. The case's history, at Ana's machine:")
    teller.run(ana, "log", case)

    story.chapter("Does everybody agree?")
    for replica in everybody:
        replica.sync()
    eventually(lambda: all(replica.status()["waiting"] == 0 for replica in everybody), "nothing waits")
    agreement(story, everybody)
    different = [replica for replica in everybody if replica is not hana
                 and replica.run("diff", replica.file, hana.file, statuses=None).status]
    expect(not different, lambda: f"`amends diff` finds differences at {[str(replica) for replica in different]}")
    story.good(f"`amends diff` against headquarters finds nothing at {len(everybody) - 1} of {len(everybody) - 1} machines.")
    for replica in (ana, hana):
        teller.run(replica, "verify")


def incident_log(stage, story, options):
    """The real log up to a share of its rows, or a generated one."""
    real = stage.log_file()
    if real:
        percent = SHARE_OF_LOG[options.short]
        story.tell(f"The incidents are those of a real log: {real.name}, its first {percent} % of rows.")
        return real, oracle_cuts(real, [percent])[percent]
    story.tell(f"There is no incident log in {stage.data}: the incidents are generated, from seed {stage.seed}.")
    names = [f"{name} Street" for name in ("Harbour", "Station", "Market", "Mill", "Garden")]
    rows = incidents.rows(stage.seed, 60 if options.short else 300, names)
    return incidents.write(stage.path("incidents.csv"), rows), None


def agreement(story, replicas):
    """Every pair of machines that holds the same scope: where each stands."""
    places = collections.defaultdict(list)
    for replica in replicas:
        for scope in replica.status()["scopes"]:
            places[scope["scope"]].append((replica, scope))
    story.tell(f"{'pair':<20}{'scope':<16}{'position':>9}  {'history hash':<14}{'fingerprint':<14}")
    pairs = 0
    for name in sorted(places):
        for (one, first), (other, second) in itertools.combinations(places[name], 2):
            keys = ("position", "historyHash", "fingerprint")
            same = all(first[key] == second[key] for key in keys)
            story.tell(
                f"{one.name + ' = ' + other.name:<20}{shown_scope(first):<16}{first['position']:>9}  "
                f"{first['historyHash'][:12]:<14}{first['fingerprint'][:12]:<14}")
            expect(same, f"{one} and {other} differ in {name}: {first} and {second}")
            pairs += 1
    expect(pairs, "no two machines hold the same scope")
    story.good(f"All {pairs} pairs have the same position, history hash and fingerprint.")


def shown_scope(scope):
    name = str(scope.get("name") or scope["scope"])
    return name if len(name) <= 14 else name[:13] + "…"


def what_next(story):
    story.chapter("What to try next")
    for line in (
        "amends init --name 'My branch'               a branch of your own, without any hub",
        "amends case open --title 'Late order'        the first case (say who you are: export AMENDS_PERSON=you)",
        "amends case list                             what there is",
        "amends --help                                everything else, with examples",
        "tools/prove --list                           what Amends claims of itself; each can be tried",
        "README.md, Docs/Architecture.md              how it works, and why",
    ):
        story.tell(line)
    print()
    story.tell(f"The programs lie in {os.environ['AMENDS_BIN']}.")


if __name__ == "__main__":
    sys.exit(main())
