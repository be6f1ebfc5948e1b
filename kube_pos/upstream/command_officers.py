"""The command `kube-pos upstream officer`: who may sign in to the console. A password is made, never typed."""

from __future__ import annotations

import argparse
import secrets
import sys

from kube_pos.clock import Clock
from kube_pos.texts import Texts
from kube_pos.upstream.console.officers import (
    OfficerNameMissing,
    OfficerRole,
    OfficerTaken,
    OfficerUnknown,
    officers,
    put_officer,
)
from kube_pos.upstream.database import Database


def officer(args: argparse.Namespace, database: Database, texts: Texts, clock: Clock) -> None:
    """Add an officer, reset one's password, or list all; raises OfficerNameMissing, OfficerUnknown or OfficerTaken."""
    if args.deed == "list":
        with database.read() as connection:
            for name, role in officers(connection):
                sys.stdout.write(f"{name}\t{role.value}\n")
        return
    password = secrets.token_urlsafe(15)
    with database.write() as connection:
        known = dict(officers(connection))
        if not args.name:
            raise OfficerNameMissing
        if args.deed == "reset" and args.name not in known:
            raise OfficerUnknown(name=args.name)
        if args.deed == "add" and args.name in known:
            raise OfficerTaken(name=args.name)
        role = known[args.name] if args.deed == "reset" else OfficerRole(args.role)
        put_officer(connection, args.name, role, password, clock.now_ms())
    told = texts.say("console_officer.done", name=args.name, role=role.value, password=password)
    sys.stdout.write(f"{told}\n")
