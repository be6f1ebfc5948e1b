"""The foot of the window: lamps with words, what is unsent, the age of the list, who is at work, and the clock."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout

from kube_pos.devices.ports import DeviceState, DeviceStatus
from kube_pos.ledger.days import wita
from kube_pos.ledger.quantity import format_number
from kube_pos.ui import device_words, words
from kube_pos.ui.bridge import SyncNews
from kube_pos.ui.context import Context
from kube_pos.ui.controls import Button, label
from kube_pos.ui.devices_page import state_colour
from kube_pos.ui.icons import icon

ONLINE_MS = 10 * 60_000
"""So long after the office's last answer the network lamp still says «connected»."""

_TROUBLE = frozenset(
    {"server_trouble", "clock_skew", "not_trusted", "key_refused", "retired", "stopped_fork", "stopped_damaged"}
)
"""States of sync that do not mend themselves by waiting."""


class Foot(QFrame):
    """Tells the till's health at a glance; a lamp leads to the page that says what to do."""

    place_wanted = Signal(str)
    lock_wanted = Signal()

    def __init__(self, context: Context) -> None:
        """Lay the foot out."""
        super().__init__()
        self._context = context
        self._sync: SyncNews | None = None
        self._printers: dict[str, DeviceStatus] = {}
        self.setObjectName("foot")
        self.setFixedHeight(60)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 14, 4)
        row.setSpacing(2)
        self._lamps = {device: self._lamp("perangkat") for device in device_words.DEVICES}
        self._network = self._lamp("sinkron")
        self._queue = self._lamp("sinkron")
        self._list = self._lamp("sinkron")
        self._user = Button("", context.theme, kind="lamp", icon_name="user")
        self._user.clicked.connect(self.lock_wanted)
        self._clock = label("", "strong")
        for widget in (*self._lamps.values(), self._network, self._queue, self._list):
            row.addWidget(widget)
        row.addStretch(1)
        row.addWidget(self._user)
        row.addSpacing(8)
        row.addWidget(self._clock)
        for device in device_words.DEVICES:
            self.show_status(DeviceStatus(device, DeviceState.OFF, ""))

    def show_status(self, status: DeviceStatus) -> None:
        """Show how a device is."""
        if status.device.startswith("printer"):
            self._printers[status.device] = status
            status = device_words.worst(self._printers.values())
        lamp = self._lamps.get(status.device)
        if lamp is not None:
            name = self._context.say(f"lamp.{status.device}")
            self._light(lamp, name, device_words.lamp_words(self._context.texts, status), status.state)

    def refresh(self) -> None:
        """Read the queue, the list's age, the person and the time."""
        desk, say, texts = self._context.desk, self._context.say, self._context.texts
        status, now = desk.sync_status(), desk.till.clock.now_ms()
        contact = status.last_contact_ms
        self._show_network(heard_lately=contact is not None and now - contact < ONLINE_MS)
        unsent = say("foot.unsent", n=format_number(status.unsent)) if status.unsent else say("foot.all_sent")
        queue_state = DeviceState.ATTENTION if status.unsent else DeviceState.READY
        self._light(self._queue, unsent, self._contact_words(contact, now), queue_state)
        made = desk.till.replica.list_as_of_ms()
        list_state = DeviceState.READY if made is not None else DeviceState.LOST
        self._light(self._list, say("foot.list"), words.age(texts, made, now), list_state)
        self._show_person()
        moment = wita(now)
        behind = desk.till.clock_is_behind_ms() >= 60_000
        day = say("foot.clock_wrong") if behind else f"{moment:%d/%m/%Y}"
        self._clock.setText(f"{moment:%H:%M} WITA\n{day}")

    def hear_sync(self, news: SyncNews) -> None:
        """Take in how sync stands, for the network lamp."""
        self._sync = news

    def _show_network(self, *, heard_lately: bool) -> None:
        code = self._sync.state if self._sync is not None else ""
        if code in _TROUBLE:
            word, state = "lamp.trouble", DeviceState.LOST
        elif heard_lately and code != "offline":
            word, state = "lamp.online", DeviceState.READY
        else:
            word, state = "lamp.offline", DeviceState.ATTENTION
        self._light(self._network, self._context.say("lamp.network"), self._context.say(word), state)

    def _contact_words(self, contact: int | None, now: int) -> str:
        if contact is None:
            return self._context.say("foot.never")
        return self._context.say("foot.last", age=words.age(self._context.texts, contact, now))

    def _show_person(self) -> None:
        session = self._context.shift.session
        self._user.setVisible(session is not None)
        if session is not None:
            role = self._context.texts.say(f"role.{session.staff.role.value}")
            self._user.setText(f"{_short(session.staff.name)}\n{role} · {self._context.say('foot.lock')}")
            self._user.setAccessibleName(self._context.say("foot.lock_name", name=session.staff.name))

    def _lamp(self, place: str) -> Button:
        lamp = Button("", self._context.theme, kind="lamp")
        lamp.setIconSize(QSize(24, 24))
        lamp.clicked.connect(lambda: self.place_wanted.emit(place))
        return lamp

    def _light(self, lamp: Button, name: str, word: str, state: DeviceState) -> None:
        lamp.setIcon(icon(device_words.STATE_ICONS[state], state_colour(self._context, state), 24))
        lamp.setText(f"{name}\n{word}")
        lamp.setAccessibleName(f"{name}: {word}")


def _short(name: str) -> str:
    """Return a name that fits the foot."""
    return name if len(name) <= 16 else f"{name[:15]}…"
