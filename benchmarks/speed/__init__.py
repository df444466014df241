"""How long answers take: with what was read before and without, against other systems.

    python -m benchmarks.speed run --out FILE [--ways …] [--questions FILE --index FOLDER] [--busy]
    python -m benchmarks.speed generation --out FILE     our words a second against llama.cpp's own
    python -m benchmarks.speed users --out FILE          1, 2 and 4 people at once
    python -m benchmarks.speed sizes --out FILE          17, 1,000 and 100,000 passages
    python -m benchmarks.speed memory --out FILE         what 1,000 questions leave behind
    python -m benchmarks.speed before --out FILE --commit EARLIER      cold, against that commit
    python -m benchmarks.speed score FILE… [--save]      prints the tables, keeps the figures
    python -m benchmarks.speed plot FILE                 draws what is kept

Every question is asked in each way in turn, so that a noisy machine is noisy for all of them; the
ratios are medians over questions. An interrupted run goes on where it was.

    ways.py         the ways of asking one question, and what each took
    loads.py        several people at once
    generation.py   writing against llama.cpp alone, on the same batches
    sizes.py        small and large collections
    before.py       cold, against an earlier commit
    memory.py       a thousand questions within the budgets
    figures.py      rows -> figures and tables; pure
    plots.py        figures -> drawings
"""

from benchmarks.speed.figures import saved

__all__ = ["saved"]
