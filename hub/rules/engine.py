"""Which rules fire when something happens, and who is told. Does no I/O."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import tzinfo

from hub.rules.rule import SILENT, Happening, Kind, Rule, Then
from hub.rules.times import is_within, span_began

MAX_PAUSES = 10_000
MAX_SUBJECT = 300  # characters that are stored and compared
QUIET = Then.model_construct(banner=False, webhook=False, mqtt=False, mail=[])


@dataclass(frozen=True)
class Fired:
    """A rule that fires. `told`: who is told of it, nobody during quiet hours."""

    rule: Rule
    happening: Happening
    told: Then
    quiet: bool = False


class Engine:
    """Keeps the rules in force and what they have fired for a moment ago."""

    def __init__(
        self, zone: tzinfo | None, labels: Callable[[str, str], tuple[str, str]] = lambda kind, device: ("", "")
    ) -> None:
        """`labels`: checkpoint and facing that operators gave a device, by its kind and id."""
        self._zone, self._labels = zone, labels
        self._by_kind: dict[Kind, list[Rule]] = {}
        self._fired: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._silent: dict[tuple[str, str], float] = {}  # since when it was silent when the rule fired

    def use(self, rules: Iterable[Rule]) -> None:
        """These are the rules from now on."""
        self._by_kind = {}
        for rule in rules:
            if rule.enabled:
                self._by_kind.setdefault(rule.when.kind, []).append(rule)

    def remember(self, rule_id: str, subject: str, at: float) -> None:
        """A rule has fired before the hub was started; the oldest first."""
        self._note(rule_id, subject, at)

    def wants(self, kind: Kind) -> bool:
        """Whether any rule is about this."""
        return kind in self._by_kind

    def fires(self, happening: Happening) -> list[Fired]:
        """The rules that fire now."""
        found = []
        label, _ = self._labels(happening.device_kind, happening.device) if happening.device_kind else ("", "")
        for rule in self._by_kind.get(happening.kind, ()):
            if not rule.when.matches(happening, label):
                continue
            began = span_began(rule.when.times, happening.at, self._zone)
            if began is None or not self._is_silent_enough(rule, happening, began):
                continue
            if self._pauses(rule, happening):
                continue
            quiet = is_within(rule.quiet, happening.at, self._zone)
            told = rule.then
            if quiet:
                told = QUIET.model_copy(update={"mail": rule.then.mail if rule.quiet_mail else []})
            found.append(Fired(rule, happening, told, quiet))
        return found

    def _is_silent_enough(self, rule: Rule, happening: Happening, began: float) -> bool:
        """Of a silence: long enough within the times of the rule, and not told of already."""
        if rule.when.kind not in SILENT or happening.silent_since is None:
            return True
        key = rule.id, happening.subject
        if happening.at - max(happening.silent_since, began) < rule.when.minutes * 60:
            return False
        if self._silent.get(key) == happening.silent_since:
            return False
        if len(self._silent) >= MAX_PAUSES:
            self._silent.clear()
        self._silent[key] = happening.silent_since
        return True

    def _pauses(self, rule: Rule, happening: Happening) -> bool:
        key = rule.id, happening.subject[:MAX_SUBJECT]
        before = self._fired.get(key)
        if before is not None and 0 <= happening.at - before < rule.pause_minutes * 60:
            return True
        self._note(*key, happening.at)
        return False

    def _note(self, rule_id: str, subject: str, at: float) -> None:
        key = rule_id, subject
        self._fired[key] = at
        self._fired.move_to_end(key)
        if len(self._fired) > MAX_PAUSES:
            self._fired.popitem(last=False)
