"""The command `kube-pos`: opens the till, or answers for support and automation.

Exit codes: 0 done, 1 refused or failed (the sentence says why), 2 a wrong call.
"""

from __future__ import annotations

import argparse
import locale
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from kube_pos import cli_bench, cli_demo, cli_keeping, cli_support, cli_update
from kube_pos.clock import SystemClock
from kube_pos.errors import KubePosError
from kube_pos.folder import default_path
from kube_pos.texts import DEFAULT_LANGUAGE, LANGUAGES, Texts
from kube_pos.upstream import commands as upstream_commands


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    asked = list(sys.argv[1:] if words is None else words)
    texts = Texts(_language(asked))
    parser = _parser(texts)
    args = parser.parse_args(asked)
    try:
        return _run(args, texts)
    except KubePosError as error:
        print(texts.error(error), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser(texts: Texts) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kube-pos", description=texts.say("cli.about"))
    parser.add_argument("--language", choices=LANGUAGES, help=texts.say("cli.language"))
    parser.add_argument("--folder", type=Path, default=None, help=texts.say("cli.folder"))
    commands = parser.add_subparsers(dest="command", metavar=texts.say("cli.command"))
    cli_demo.add_commands(commands, texts)
    cli_support.add_commands(commands, texts)
    cli_keeping.add_commands(commands, texts)
    cli_update.add_commands(commands, texts)
    cli_bench.add_commands(commands, texts)
    upstream = commands.add_parser("upstream", help=texts.say("cli.upstream"))
    upstream_commands.add_commands(upstream.add_subparsers(dest="upstream_command", required=True), texts)
    return parser


def _run(args: argparse.Namespace, texts: Texts) -> int:
    folder: Path = args.folder or default_path()
    match args.command:
        case None:
            return cli_demo.open_till(folder, texts, chosen=args.language)
        case "demo":
            return cli_demo.run(args, texts)
        case "bench":
            return cli_bench.run(args, texts)
        case command if command in cli_keeping.COMMANDS:
            return cli_keeping.run(args, folder, texts)
        case command if command in cli_update.COMMANDS:
            return cli_update.run(args, folder, texts)
        case "upstream":
            return upstream_commands.run(args, texts, SystemClock(getattr(args, "clock_shift_ms", 0) or 0))
        case _:
            return cli_support.run(args, folder, texts)


def _language(words: Sequence[str]) -> str:
    """Return the language asked for, else the computer's, else Indonesian; help needs it before parsing."""
    for place, word in enumerate(words):
        if word == "--language" and place + 1 < len(words) and words[place + 1] in LANGUAGES:
            return words[place + 1]
        if word.startswith("--language=") and word.partition("=")[2] in LANGUAGES:
            return word.partition("=")[2]
    system = os.environ.get("LC_ALL") or os.environ.get("LANG") or (locale.getlocale()[0] or "")
    return "en" if system.startswith("en") else DEFAULT_LANGUAGE
