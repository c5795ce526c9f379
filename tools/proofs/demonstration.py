"""tools/demo, as a newcomer runs it."""
import subprocess

from proofs.harness import ROOT, expect

CLAIM = "demonstration"
ABOUT = "tools/demo runs without questions in under two minutes, proves agreement, and leaves nothing running."

LONGEST_SECONDS = 120


def prove(proof):
    environment = proof.environment({"AMENDS_BIN": str(proof.programs.amends.parent), "TMPDIR": str(proof.folder)})
    for data in ([str(proof.data)] if proof.log_file() else []) + [str(proof.folder / "nothing")]:
        ended = proof.run(
            [ROOT / "tools" / "demo", *([] if proof.full else ["--short"]), "--data", data, "--seed", proof.seed],
            env=environment, timeout=LONGEST_SECONDS)
        expect("same position, history hash and fingerprint" in ended.out, lambda: f"no proof of agreement:\n{ended.out}")
        expect("What to try next" in ended.out, "it does not say what to try next")
        expect("\x1b" not in ended.out, "it colours what goes to a file")
        if data.endswith("nothing"):
            expect("generated" in ended.out, "it does not say that its incidents are generated")
        left = [path.name for path in proof.folder.iterdir() if path.name.startswith("amends-demo")]
        expect(not left, f"it leaves {left}")
        running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
        own = [line for line in running.splitlines() if str(proof.folder) in line and "proofs" not in line]
        expect(not own, f"it leaves processes running: {own}")
        proof.round()
