"""What may be done: the words of operator and class resolved, a lower one may only narrow."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..errors import Conflict, NotAllowed
from ..wire.policy import Fallback, Mode, ModeChange, ModeView, PolicyView, TextPolicy
from ..wire.services import Role
from .charge import Limit
from .limits import limits_of, quotas_of
from .mode_layers import ALLOWED_BELOW as ALLOWED_BELOW
from .mode_layers import Layer, ModeLayers, rules_of_mode
from .patterns import in_both, matches
from .people import People
from .rules import OWN_TEXT, ClassWord, Rules, TextRules

CAREFUL: tuple[Fallback, ...] = ("never", "ask", "auto")
"""The most careful first."""
_SHOWN = 10


class Policy:
    """Resolve what operator, class, notebook and person say. Everything is read from memory."""

    def __init__(
        self,
        operator: Rules | Mode,
        *,
        people: People | None = None,
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        """`operator` is their rules, or only their mode; `on_change` is called after a change."""
        self._operator = operator if isinstance(operator, Rules) else rules_of_mode(operator)
        self.people = people or People()
        self.of_class = ClassWord()
        self._modes = ModeLayers(self._operator.mode or "auto", self.people)
        self._on_change = on_change

    def telling(self, on_change: Callable[[], None]) -> Policy:
        """Call `on_change` after each change from now on; return this."""
        self._on_change = on_change
        return self

    def take(self, word: ClassWord, *, quietly: bool = False) -> None:
        """Let a class's policy be in force, in the place of what was; `quietly` tells nobody."""
        before, self.of_class = self.of_class, word
        if word.rules != before.rules or word.source != before.source:
            self.people.take(word.rules)
            self._modes.take(word)
            if not quietly:
                self._on_change()

    # -- the mode ------------------------------------------------------------------------------

    def effective(self, notebook_mode: Mode | None = None) -> Mode:
        """Return the mode in force, for one notebook where its own word is given.

        Where a notebook and the person exclude each other (local, cloud), the person decides.
        """
        return self._modes.effective(notebook_mode)

    def word(self, person: str, notebook_mode: Mode | None = None) -> Mode | None:
        """Return a notebook's word narrowed to what a person chose, for `effective`."""
        return self._modes.word(person, notebook_mode)

    def view(
        self, role: Role = "admin", notebook_mode: Mode | None = None, *, person: str = ""
    ) -> ModeView:
        """Return the mode with its layers, as a person sees it."""
        return self._modes.view(person, notebook_mode, has_class=bool(self.of_class.source))

    def change(self, change: ModeChange, *, by: str) -> None:
        """Set or clear the layer of a person.

        Raises:
            Conflict: the layer is read from elsewhere.
            NotAllowed: an upper layer forbids the value.
        """
        self._modes.change(change, by, self.of_class.source)
        self._on_change()

    def kept(self) -> dict[str, Layer]:
        """Return what people have chosen, to be kept over a restart."""
        return self._modes.kept()

    def restore(self, kept: dict[str, Layer]) -> None:
        """Take what people had chosen before a restart."""
        if kept:
            self._modes.restore(kept)
            self._on_change()

    # -- what else holds -----------------------------------------------------------------------

    def fallback(self, notebook_fallback: Fallback | None = None) -> Fallback:
        """Return what happens when a local service cannot answer: the most careful word counts."""
        said = (*(rules.fallback for rules in self._rules), notebook_fallback)
        return min((word for word in said if word is not None), key=CAREFUL.index, default="ask")

    def allows_model(self, person: str, *names: str) -> bool:
        """Say whether a person's role may use a model, which any of the names may mean."""
        role = self.people.role(person)
        return all(
            any(matches(name, allowed) for name in names) for allowed in self._allowed_to(role)
        )

    def refuse_model(self, person: str, model: str) -> None:
        """Return where a person's role may use a model.

        Raises:
            NotAllowed: code `model_not_allowed`.
        """
        if not self.allows_model(person, model):
            raise self.model_refusal(person, model)

    def model_refusal(self, person: str, model: str) -> NotAllowed:
        """Return the error that tells a person that a model is none of theirs."""
        allowed = self.models(self.people.role(person)) or ()
        shown = ", ".join(allowed[:_SHOWN])
        named = "".join(one for one in model[:100] if one.isprintable())
        return NotAllowed(
            f"The policy of this class does not let you use the model {named}.",
            f"Use one of: {shown}." if shown else "Ask your teacher which models you may use.",
            code="model_not_allowed",
            param="model",
        )

    def models(self, role: Role) -> tuple[str, ...] | None:
        """Return the patterns of what a role may use; None: everything."""
        found: tuple[str, ...] | None = None
        for allowed in self._allowed_to(role):
            found = allowed if found is None else in_both(found, allowed)
        return found

    def limits(self, person: str, provider: str = "") -> list[Limit]:
        """Return the quotas that concern a person's work, with the daily cap of a provider."""
        return limits_of(self._rules, person, self.people.groups(person), provider)

    @property
    def on_own_machine(self) -> bool:
        """Whether the server is one person's own, and no class is taught on it."""
        return self.people.alone and not self.of_class.source

    @property
    def queue_seconds(self) -> float | None:
        """A wait in line that is expected to be longer counts as not to be had in time."""
        said = [rules.queue_seconds for rules in self._rules]
        return min((one for one in said if one is not None), default=None)

    @property
    def text(self) -> TextRules:
        """What may be asked of text models; in a class, what both operator and class allow.

        Alone on one's own machine all may be asked unless the operator names some.
        """
        own = self._operator.text or TextRules()
        if self.on_own_machine and not own.models:
            return OWN_TEXT
        if not self.of_class.source:
            return own
        theirs = self.of_class.rules.text or TextRules()
        return TextRules(
            models=in_both(own.models, theirs.models),
            max_input_characters=min(own.max_input_characters, theirs.max_input_characters),
            max_output_tokens=min(own.max_output_tokens, theirs.max_output_tokens),
        )

    def policy_view(self, person: str) -> PolicyView:
        """Return what holds besides the mode, as a person sees it."""
        role, groups = self.people.role(person), self.people.groups(person)
        models, text, known = self.models(role), self.text, self.of_class
        quotas = [quota for rules in self._rules for quota in rules.quotas]
        return PolicyView(
            course=known.rules.course,
            fallback=self.fallback(),
            queue_seconds=self.queue_seconds,
            models=None if models is None else list(models),
            quotas=quotas_of(quotas, person, groups, "") if role == "student" else quotas,
            text=TextPolicy(
                models=list(text.models),
                max_input_characters=text.max_input_characters,
                max_output_tokens=text.max_output_tokens,
            ),
            enforced=False,
            source=known.source,
            read_at=known.read_at,
            problem=known.problem,
            groups=sorted(groups),
        )

    def refuse_change(self) -> Conflict:
        """Return the error that tells where the policy is to be changed."""
        if self.of_class.source:
            return Conflict(
                f"The class's policy is read from {self.of_class.source}.",
                "Change it there; it counts within two seconds of a file's change.",
            )
        return Conflict(
            "No policy of a class is read on this server.",
            "Write one (`coursia-genai policy example`) and name it in GenAILab.policy_source.",
        )

    @property
    def _rules(self) -> tuple[Rules, Rules]:
        return self._operator, self.of_class.rules

    def _allowed_to(self, role: Role) -> Sequence[tuple[str, ...]]:
        return [rules.models[role] for rules in self._rules if role in rules.models]
