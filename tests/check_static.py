"""Builds the widget anew and fails when static/ in the repository is not exactly that."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def main() -> int:
    subprocess.run(["npm", "run", "--silent", "build"], cwd=ROOT / "widget", check=True)
    changed = subprocess.run(
        ["git", "status", "--porcelain", "--", "static"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    if changed:
        print("static/ is not what widget/ builds; run `make widget` and commit the result:\n" + changed)
        return 1
    print("static/ is what widget/ builds.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
