"""`python -m kube_pos`: the same as the command `kube-pos`."""

from __future__ import annotations

import sys

from kube_pos.cli import main

if __name__ == "__main__":
    sys.exit(main())
