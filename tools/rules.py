#!/usr/bin/env python3
"""Checks the rules of the house that no compiler checks. Prints each breach with its place; exits 1 if there is one.

  * The core imports neither Foundation nor Dispatch, and reads no clock, no randomness and no task.
  * Every relative link in the documents leads somewhere, also to a heading.
  * No source file is longer than it may be.
  * Every Python file compiles.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# What runs alike in the program, in a test and in a simulation.
CORE = ("Causality", "ReplicatedTypes", "Changes", "Replication", "ServiceRecovery", "ChainDirectory")
FORBIDDEN_IN_CORE = {
    "Foundation": re.compile(r"^\s*(?:\w+\s+)?import\s+(?:Foundation\w*|Glibc|Musl|Darwin|Synchronization|os)\b"),
    "Dispatch": re.compile(r"^\s*(?:\w+\s+)?import\s+Dispatch\b"),
    "a clock": re.compile(r"\bDate\(|\b(?:Continuous|Suspending|System|UTC)Clock\b|\bclock_gettime\b|\bgettimeofday\b"),
    "a task": re.compile(r"\bTask(?:Group|Local)?\s*[.({<]|\bwithTaskGroup\b|\bwithThrowingTaskGroup\b|\basync\s+let\b"),
    "randomness": re.compile(
        r"\bSystemRandomNumberGenerator\b|\.random\(in:[^)]*\)(?!.*using:)|\.randomElement\(\)|\.shuffled\(\)|"
        r"\bUUID\(\)|\barc4random\b|\bgetentropy\b|Curve25519\.Signing\.PrivateKey\(\)"),
}
LONGEST_SOURCE = 450

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)|!\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def breaches_of_purity():
    for module in CORE:
        for path in sorted((ROOT / "Sources" / module).rglob("*.swift")):
            name = path.relative_to(ROOT).as_posix()
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                code = line.split("//", 1)[0]
                for what, pattern in FORBIDDEN_IN_CORE.items():
                    if pattern.search(code):
                        yield f"{name}:{number}: the core uses {what}: {line.strip()}"


def headings(path):
    """The anchors of a document, as code hosts make them."""
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    found = set()
    for title in re.findall(r"^#+\s+(.*?)\s*#*$", text, re.MULTILINE):
        anchor = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
        found.add(anchor)
    return found


def breaches_of_links():
    documents = [path for path in ROOT.glob("*.md")]
    for folder in ("Docs", "tools", "Sources", "Tests"):
        documents += (ROOT / folder).rglob("*.md")
    for path in sorted(documents):
        name = path.relative_to(ROOT).as_posix()
        for match in LINK.finditer(FENCE.sub("", path.read_text(encoding="utf-8"))):
            target = match.group(1) or match.group(2)
            if re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue
            file, _, anchor = target.partition("#")
            there = (path.parent / file).resolve() if file else path
            if not there.is_relative_to(ROOT) or not there.exists():
                yield f"{name}: the link to {target} leads nowhere"
            elif anchor and there.suffix == ".md" and anchor not in headings(there):
                yield f"{name}: {file or name} has no heading #{anchor}"


def breaches_of_length():
    for path in sorted((ROOT / "Sources").rglob("*.swift")):
        count = len(path.read_text(encoding="utf-8").splitlines())
        if count > LONGEST_SOURCE:
            yield f"{path.relative_to(ROOT)}: {count} lines; a source file has at most {LONGEST_SOURCE}"


def breaches_of_python():
    for path in sorted((ROOT / "tools").rglob("*.py")):
        try:
            compile(path.read_text(encoding="utf-8"), str(path), "exec")
        except SyntaxError as error:
            yield f"{path.relative_to(ROOT)}:{error.lineno}: {error.msg}"


def main():
    found = [
        breach
        for check in (breaches_of_purity, breaches_of_links, breaches_of_length, breaches_of_python)
        for breach in check()
    ]
    for breach in found:
        print(breach, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
