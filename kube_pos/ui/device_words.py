"""A device's status in words: a short one for its lamp, a sentence with the remedy for its page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from kube_pos.devices.ports import DeviceState, DeviceStatus
from kube_pos.texts import Texts

DEVICES = ("scanner", "camera", "printer")

STATE_TONES = {
    DeviceState.OFF: "off",
    DeviceState.STARTING: "info",
    DeviceState.READY: "good",
    DeviceState.ATTENTION: "warn",
    DeviceState.LOST: "bad",
}
STATE_ICONS = {
    DeviceState.OFF: "off",
    DeviceState.STARTING: "clock",
    DeviceState.READY: "check",
    DeviceState.ATTENTION: "warning",
    DeviceState.LOST: "cross",
}


_BADNESS = (DeviceState.LOST, DeviceState.ATTENTION, DeviceState.STARTING, DeviceState.READY, DeviceState.OFF)


def worst(printers: Iterable[DeviceStatus]) -> DeviceStatus:
    """Return the status that the one lamp of both printers shows."""
    found = min(printers, key=lambda status: _BADNESS.index(status.state))
    return replace(found, device="printer")


def lamp_words(texts: Texts, status: DeviceStatus) -> str:
    """Return the word on a lamp: «Siap», «Terputus»."""
    return texts.say(f"ui.lamp.{status.state.value}")


def sentence(texts: Texts, status: DeviceStatus) -> str:
    """Return what is the matter with a device and what to do; the plain state when it has no sentence of its own."""
    key = f"device.{status.detail}"
    if status.detail and texts.has(key):
        return texts.say(key, **dict(status.facts))
    return texts.say(f"ui.devices.state_{status.state.value}")
