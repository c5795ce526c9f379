"""Lists and runs claims: see tools/prove."""
import argparse
import concurrent.futures
import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import time
import traceback

import proofs
from proofs.harness import Broken, Programs, Proof, Unavailable, data_folder

DEFAULT_SEED = 1


def own_claims():
    """{name: module} of the claims in this package, in the order of the files."""
    found = {}
    for entry in pkgutil.iter_modules(proofs.__path__):
        if entry.name.startswith("_"):
            continue
        module = importlib.import_module(f"proofs.{entry.name}")
        if hasattr(module, "CLAIM"):
            found[module.CLAIM] = module
    return found


def library_claims(programs):
    """{name: one line} of the claims that amends-prove tries in its own process."""
    if not programs.prove.exists():
        return {}
    listed = subprocess.run([programs.prove, "--list"], check=True, capture_output=True, text=True).stdout
    claims = {}
    for line in listed.splitlines():
        name, _, about = line.strip().partition(" ")
        if name:
            claims[name] = about.strip()
    return claims


def prove_own(module, options):
    began = time.monotonic()
    proof = Proof(seed=options.seed, full=options.full, data=options.data)
    reason = None
    try:
        with proof:
            module.prove(proof)
        if proof.rounds == 0:
            reason = "Nothing was tried."
    except (Broken, Unavailable) as error:
        reason = str(error)
    except Exception:
        reason = traceback.format_exc()
    return outcome(module.CLAIM, reason, proof.rounds, proof.seed, proof.figures, began)


def prove_library(name, programs, options):
    began = time.monotonic()
    command = [programs.prove, name, "--seed", str(options.seed), "--json"] + (["--full"] if options.full else [])
    environment = os.environ | {"AMENDS_DATA": str(data_folder(options.data))}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    try:
        found = json.loads(ended.stdout)
    except ValueError:
        reason = f"amends-prove ended with status {ended.returncode}: {(ended.stderr or ended.stdout)[-1500:]}"
        return outcome(name, reason, 0, options.seed, {}, began)
    reason = None
    if not found["pass"] or ended.returncode:
        reason = ended.stderr.strip()[-1500:] or found.get("reason") or "It does not hold."
    elif not found["rounds"]:
        reason = "Nothing was tried."
    return outcome(name, reason, found["rounds"], found["seed"], found.get("figures") or {}, began)


def outcome(claim, reason, rounds, seed, figures, began):
    figures = dict(figures, seconds=round(time.monotonic() - began, 1))
    if reason is not None:
        figures["reason"] = reason
    return {"claim": claim, "pass": reason is None, "rounds": rounds, "seed": seed, "figures": figures}


def told(found):
    """An outcome for people."""
    figures = dict(found["figures"])
    reason, seconds = figures.pop("reason", None), figures.pop("seconds")
    shown = ", ".join(f"{name} {json.dumps(value, ensure_ascii=False)}" for name, value in figures.items())
    mark = "passed" if found["pass"] else "FAILED"
    line = f"{mark}  {found['claim']:<24} rounds {found['rounds']}, seed {found['seed']}, {seconds:g} s"
    if shown:
        line += f"; {shown}"
    if reason:
        line += "\n        " + reason.replace("\n", "\n        ")
        line += f"\n        again: tools/prove {found['claim']} --seed {found['seed']}"
    return line


def prove_one(name, options):
    claims = own_claims()
    if name in claims:
        return prove_own(claims[name], options)
    programs = Programs()
    if name in library_claims(programs):
        return prove_library(name, programs, options)
    sys.exit(f"There is no claim {name}. tools/prove --list shows the claims.")


def prove_all(options):
    """Every claim in a process of its own, so many at a time as there are jobs."""
    names = [*library_claims(Programs()), *own_claims()]
    passed = failed = 0

    def run(name):
        command = [sys.executable, "-B", "-m", "proofs", name, "--seed", str(options.seed), "--json"]
        command += ["--full"] if options.full else []
        command += ["--data", options.data] if options.data else []
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        running.append(process)
        out, err = process.communicate()
        try:
            return json.loads(out)
        except ValueError:
            return outcome(name, err[-1500:] or "It printed nothing.", 0, options.seed, {}, time.monotonic())

    running = []
    pool = concurrent.futures.ThreadPoolExecutor(options.jobs)
    try:
        for found in pool.map(run, names):
            print(json.dumps(found, ensure_ascii=False) if options.json else told(found), flush=True)
            passed, failed = passed + found["pass"], failed + (not found["pass"])
    finally:
        # Where this is ended from outside, no claim goes on by itself.
        pool.shutdown(wait=False, cancel_futures=True)
        for process in running:
            if process.poll() is None:
                process.terminate()
    print(f"{passed} passed, {failed} failed", file=sys.stderr if options.json else sys.stdout, flush=True)
    return 0 if passed and not failed else 1


def main():
    parser = argparse.ArgumentParser(
        prog="tools/prove", description="Proves a claim that Amends makes about itself.",
        epilog="Example: tools/prove lost-responses --seed 7 --full")
    parser.add_argument("name", metavar="NAME", nargs="?", help="the claim to prove")
    parser.add_argument("--list", action="store_true", help="print the claims, one a line")
    parser.add_argument("--all", action="store_true", help="prove every claim")
    parser.add_argument("--full", action="store_true", help="the long form")
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, metavar="N", help="where chance begins (default 1)")
    parser.add_argument("--data", metavar="DIR", help="where the real data lies (default ../shared/data)")
    parser.add_argument("--json", action="store_true", help="print each outcome as a JSON object")
    parser.add_argument("--jobs", type=int, default=min(2, os.cpu_count() or 1), help="claims at a time with --all")
    options = parser.parse_args()

    # An end from outside is an end like any other: what was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if options.list:
        listed = library_claims(Programs()) | {name: module.ABOUT for name, module in own_claims().items()}
        for name, about in listed.items():
            print(f"{name:<24} {about}")
        if not Programs().prove.exists():
            print("The claims of amends-prove are not listed: it is not built yet.", file=sys.stderr)
        return 0
    if options.all:
        return prove_all(options)
    if not options.name:
        parser.print_help()
        return 2
    found = prove_one(options.name, options)
    print(json.dumps(found, ensure_ascii=False) if options.json else told(found))
    return 0 if found["pass"] else 1


if __name__ == "__main__":
    sys.exit(main())
