"""The repository itself: modules, documents, the two commands of the README, and the rules that no compiler checks."""
import os
import re
import subprocess

from proofs.harness import ROOT, expect

CLAIM = "package-layout"
ABOUT = "The repository has its modules, documents and commands, and keeps the rules that no compiler checks."

DOCUMENTS = (
    "README.md", "CHANGELOG.md", "Docs/Architecture.md", "Docs/Glossary.md", "Docs/WireFormat.md", "Docs/StorageFormat.md",
    "Docs/Decisions/README.md")
SCRIPTS = ("tools/demo", "tools/test", "tools/check", "tools/prove", "tools/bench", ".ci/run")


def prove(proof):
    for name in DOCUMENTS:
        expect((ROOT / name).is_file(), f"there is no {name}")
    for name in SCRIPTS:
        expect(os.access(ROOT / name, os.X_OK), f"{name} cannot be run")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    expect("tools/demo" in readme and "tools/test" in readme, "the README does not name its two commands")
    manifest = (ROOT / "Package.swift").read_text(encoding="utf-8")
    expect(".treatAllWarnings(as: .error)" in manifest, "warnings are not errors")
    expect(re.search(r"swiftLanguageModes:\s*\[\.v6\]", manifest), "the language mode is not Swift 6")
    expect(not re.search(r'\.package\([^)]*from:', manifest), "a dependency is not pinned to one version")
    architecture = (ROOT / "Docs" / "Architecture.md").read_text(encoding="utf-8")
    for declared in re.split(r"\.(?=(?:target|executableTarget|testTarget|systemLibrary)\()", manifest)[1:]:
        kind, target = re.match(r'(\w+)\(\s*name: "([^"]+)"', declared).groups()
        path = re.search(r'\bpath: "([^"]+)"', declared)
        folder = path.group(1) if path else f"{'Tests' if kind == 'testTarget' else 'Sources'}/{target}"
        expect((ROOT / folder).is_dir(), f"module {target} has no folder")
        expect(kind == "testTarget" or target in architecture, f"the architecture does not name {target}")
    proof.round()
    rules = subprocess.run(["python3", "-B", str(ROOT / "tools" / "rules.py")], capture_output=True, text=True)
    expect(rules.returncode == 0, lambda: f"the rules of the house are broken:\n{rules.stderr[-1500:]}")
    proof.round()
