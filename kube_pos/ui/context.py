"""What every page of the window works with."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from kube_pos.errors import KubePosError
from kube_pos.operations.till import Session
from kube_pos.texts import Texts
from kube_pos.ui import words
from kube_pos.ui.banner import Banner, Tone
from kube_pos.ui.bridge import Bridge, log_fault
from kube_pos.ui.desk import Desk
from kube_pos.ui.theme import Theme


class TillLocked(KubePosError):
    """Something was to be written while nobody is signed in; nothing is stored. Facts: none."""

    code = "till_locked"


class Shift(QObject):
    """Who stands at the till now; nobody while it is locked."""

    changed = Signal()

    def __init__(self) -> None:
        """Begin locked."""
        super().__init__()
        self._session: Session | None = None

    @property
    def session(self) -> Session | None:
        """Return who is signed in."""
        return self._session

    def begin(self, session: Session) -> None:
        """Let someone work."""
        self._session = session
        self.changed.emit()

    def end(self) -> None:
        """Lock the till."""
        self._session = None
        self.changed.emit()


@dataclass(frozen=True, slots=True)
class Context:
    """The till, the thread gate, the look, the banner and the person at work."""

    desk: Desk
    bridge: Bridge
    theme: Theme
    banner: Banner
    shift: Shift

    @property
    def texts(self) -> Texts:
        """Return the sentences of the till's language."""
        return self.desk.texts

    def say(self, key: str, **facts: str | int) -> str:
        """Return a sentence of this room: `ui.<key>`."""
        return self.desk.texts.say(f"ui.{key}", **facts)

    def session(self) -> Session:
        """Return who is signed in. Raises TillLocked: an answer may come after the till was locked."""
        session = self.shift.session
        if session is None:
            raise TillLocked
        return session

    def tell(self, tone: Tone, text: str) -> None:
        """Say something on the banner."""
        self.banner.show_message(tone, text)

    def fail(self, error: Exception) -> None:
        """Tell on the banner what went wrong, and what to do."""
        self.banner.show_message(Tone.BAD, self.words_of(error))

    def words_of(self, error: BaseException) -> str:
        """Return the sentence of an error; an unforeseen one is logged under the code that the sentence names."""
        if isinstance(error, KubePosError) and self.texts.has(f"error.{error.code}") and error.code != "unexpected":
            return words.error_sentence(self.texts, error)
        return self.say("unexpected", code=log_fault(error), folder=self.desk.folder)
