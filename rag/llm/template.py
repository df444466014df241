"""A model's own chat template, cut where our words go in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import ModelError

if TYPE_CHECKING:
    from rag.llm.context import Context
    from rag.prompt import Prompt


@dataclass(frozen=True, slots=True)
class Steps:
    """The tokens of a prompt, by the steps they are evaluated in.

    Attributes:
        system: system words with the beginning of the template.
        both: the same and the reading.
        question: what is asked of the reading, without what is said or wanted.
        said: what is to be judged.
        wanted: what is wanted in words, with the end of the template.
    """

    system: tuple[int, ...]
    both: tuple[int, ...]
    question: tuple[int, ...]
    said: tuple[int, ...]
    wanted: tuple[int, ...]

    @property
    def asking(self) -> tuple[int, ...]:
        """What comes after the question."""
        return self.said + self.wanted

    @property
    def asked(self) -> tuple[int, ...]:
        """Everything up to the end of the question."""
        return self.both + self.question

    def __len__(self) -> int:
        return len(self.both) + len(self.question) + len(self.said) + len(self.wanted)


@dataclass(frozen=True, slots=True)
class Template:
    """Tokens of a chat template around system words and a user's turn.

    Attributes:
        folded: the template knows no system turn: system words open the user's turn.
    """

    head: tuple[int, ...]
    middle: tuple[int, ...]
    tail: tuple[int, ...]
    folded: bool

    def steps(self, prompt: Prompt, context: Context) -> Steps:
        """Return the tokens of a prompt by step.

        No text of the prompt becomes a control token: only the model's own template does.
        """
        tokenize = context.tokenize
        between = tokenize("\n\n") if self.folded else self.middle
        system = self.head + tokenize(prompt.system) + between
        return Steps(
            system,
            system + tokenize(prompt.reading),
            tokenize(prompt.question),
            tokenize(prompt.said),
            tokenize(prompt.wanted) + self.tail,
        )


def read_template(context: Context, path: Path) -> Template:
    """Return the template that a model's file carries.

    Raises:
        ModelError: it carries none, or one that cannot be used.
    """
    source = context.chat_template()
    if not source:
        raise ModelError(
            f"{path.name} carries no chat template, so it is not an instruction-following "
            "model. Choose a GGUF whose name says 'instruct' or 'chat'."
        )
    head, middle, tail, folded = cut_template(source, context.bos_text, context.eos_text, path)
    tokens = context.tokenize(head, special=True)
    if context.adds_bos and tokens[:1] != (context.bos,):
        tokens = (context.bos, *tokens)
    return Template(
        tokens,
        context.tokenize(middle, special=True),
        context.tokenize(tail, special=True),
        folded,
    )


def cut_template(source: str, bos: str, eos: str, path: Path) -> tuple[str, str, str, bool]:
    """Render a chat template around two marks and return what stands before, between, after.

    Returns:
        Head, middle and tail text, and whether the template knows no system turn (then the
        middle is empty and system words open the user's turn).

    Raises:
        ModelError: the template cannot be rendered or drops our words.
    """
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def refuse(message: str) -> str:
        raise jinja2.TemplateError(message)

    # Private-use characters that no template strips or changes.
    system_mark, user_mark = "\ue000", "\ue001"
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = lambda form: ""
    with_system = [
        {"role": "system", "content": system_mark},
        {"role": "user", "content": user_mark},
    ]
    folded = [{"role": "user", "content": system_mark + user_mark}]
    reason = ""
    for messages, is_folded in ((with_system, False), (folded, True)):
        try:
            text = environment.from_string(source).render(
                messages=messages,
                add_generation_prompt=True,
                bos_token=bos,
                eos_token=eos,
                tools=None,
                enable_thinking=False,
            )
        except jinja2.TemplateError as error:
            reason = str(error)
            continue
        head, found, rest = text.partition(system_mark)
        middle, found_too, tail = rest.partition(user_mark)
        if found and found_too:
            return head, middle, tail, is_folded
        reason = "it leaves out what it is given"
    raise ModelError(
        f"the chat template of {path.name} cannot be used: {reason}. Choose another GGUF file."
    )
