"""Follow-up questions: resolved against their conversation, and suggested.

    python -m benchmarks.followups run --out FILE [--half tuned|held]   resolve every question
    python -m benchmarks.followups score FILE [--save] [--wrong]        the table of it
    python -m benchmarks.followups ask --out FILE                       ask the samples' follow-ups
    python -m benchmarks.followups suggest --out FILE [--sets NAME ...] suggest questions

`conversations.jsonl` is our own: conversations on many topics, each with questions that follow it.
Of a question that stands by itself ("self") it is expected that it comes back to the letter; of one
that leans on the conversation that what is asked in its place has the words of `all` (any of those
between bars) and none of `none`. Topics of the half "tuned" were looked at while rules and prompt
were made, those of "held" only counted. Questions of the shared public sets, each asked after the
one before it in its set, are counted too: nearly all stand by themselves.
"""

from pathlib import Path

RESULTS = Path(__file__).parents[1] / "results" / "followups"


def kept() -> str:
    """Return the table of the newest kept figures."""
    from benchmarks.followups.resolving import table
    from benchmarks.runs import newest

    return table(newest(RESULTS, ""))
