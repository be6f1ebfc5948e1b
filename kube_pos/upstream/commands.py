"""The command `kube-pos upstream …`: what an officer does without the web console.

Only the options are loaded at once. The service and its libraries are loaded when one of these commands runs, since a
till that starts must not wait for them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kube_pos.clock import Clock
from kube_pos.errors import KubePosError
from kube_pos.texts import Texts
from kube_pos.upstream.command_options import add_options


def add_commands(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
    texts: Texts,
    default_database: Path | None = None,
) -> None:
    """Add the sub-commands to `kube-pos upstream`, whose `dest` must be `upstream_command`.

    Without a default database, every sub-command asks for one.
    """
    add_options(subparsers, texts, default_database)


def run(args: argparse.Namespace, texts: Texts, clock: Clock) -> int:
    """Run the sub-command that was parsed; return 0 when it was done, 1 when it was refused or failed.

    The caller has shifted the clock by `args.clock_shift_ms`, where there is one.
    """
    from kube_pos.upstream.command_handlers import handle  # noqa: PLC0415 - heavy, and no till needs it

    try:
        handle(args, texts, clock)
    except KubePosError as error:
        sys.stderr.write(f"{texts.error(error)}\n")
        return 1
    return 0
