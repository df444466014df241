"""Statements from tables: every true one carried that can be, every altered one refused."""

from __future__ import annotations

import random
import threading

import pytest

from benchmarks.cells import Said
from rag.prompt import Prompt
from rag.prove import Claim, CoverageChecker, Judgement, Prover, Rarity, WitnessedChecker
from rag.prove.speakers import speaker_of
from rag.prove.tables import completed, row_at
from rag.prove.words import read
from rag.quoting import Quoter
from rag.testing import FakeEmbedder, make_document, make_hit
from rag.types import Hit, Passage, Verdict

SALES = """Fenwick Mills plc

Net sales by product for the three- and nine-month periods ended June 25, 2022 and June 26, 2021
were as follows (in millions):

|  |  | Three Months Ended |  | Nine Months Ended |
|  | June 25, | June 26, | June 25, | June 26, |
|  | 2022 | 2021 | 2022 | 2021 |
| Yarn (1) | $ 40,665 | $ 39,570 | $ 162,863 | $ 153,105 |
| Cloth | 7,382 | 8,235 | 28,669 | 26,012 |
| Carpets | 7,224 | 7,368 | 22,118 | 23,610 |
| Total net sales | $ 82,959 | $ 81,434 | $ 304,182 | $ 282,457 |

(1) Yarn includes thread.
"""
INCOME = """CONDENSED STATEMENTS OF INCOME (In thousands, except per share data)

|  | Year Ended December 31, |
|  | 2023 | 2022 |
| Revenue | $ 5,931 | $ 7,103 |
| Cost of revenue | 2,754 | 2,472 |
| Research and development | 1,945 | 1,403 |
| Net income (loss) | $ (680) | $ 2,464 |
| Net income per share: |
| Basic | $ 0.27 | $ 0.99 |
| Diluted | $ 0.25 | $ 0.97 |
| Employees | 1,120 | 1,090 |
"""
BUYBACK = """The following table shows our share repurchases during the third quarter:

|  | Total Number of Shares | Average Price | Value That May Yet |
|  | Purchased | Paid per Share | Be Purchased |
| Period | (In millions) |  | (In billions) |
| August 1, 2022 - August 28, 2022 | 1 | $ 169.07 | $ 11.82 |
| August 29, 2022 - September 25, 2022 | 10 | $ 133.80 | $ 10.40 |
| September 26, 2022 - October 30, 2022 | 17 | $ 123.96 | $ 8.28 |
"""
LAKHS = """Key figures of Kaveri Textiles Limited (₹ in crore)

| Particulars | 2021-22 | 2020-21 |
|---|---|---|
| Turnover | 2,32,822 | 1,94,310 |
| Profit after tax | 11,204 | 9,871 |
"""
PLAIN = """Rivers of Fenland

| River | Length (km) | Mouth |
| Aske | 212 | Quay Bay |
| Brell | 148 | Long Sound |
| Corrow | 95 | Quay Bay |
"""
MARGINS = """Margins of Ulm Tools AG by segment

| Segment | Gross margin in % | Growth (%) |
| Saws | 53.6 | 4.1 |
| Drills | 44.2 | 7.9 |
"""
BALANCE = """Balance sheet of Ulm Tools AG as of March 31, 2021 (amounts in thousands of euros)

| Cash | 4,310 |
| Inventories | 9,120 |
| Goodwill | 700 |
"""
OTHERS = (
    "The ferry runs every hour. Apples were picked in May. A company paid for its sales in 1990."
)
TEXTS = (SALES, INCOME, BUYBACK, LAKHS, PLAIN, MARGINS, BALANCE)
RARITY = Rarity([*TEXTS, OTHERS])


def judge(statement: str, hit: Hit, question: str = "") -> Judgement:
    return CoverageChecker(RARITY, threshold=0.83).judge(Claim(statement, question, (hit,)))


TRUE = [
    (SALES, "Net sales of carpets were $7,224 million in the three months ended June 25, 2022."),
    (SALES, "Net sales of carpets were 7,224 million in the three months ended June 25, 2022."),
    (SALES, "Net sales of carpets were $7.224 billion in the three months ended June 25, 2022."),
    (SALES, "Net sales of cloth were $26,012 million in the nine months ended June 26, 2021."),
    (SALES, "Total net sales were $82,959 million in the three months ended June 25, 2022."),
    (SALES, "In the nine months ended June 25, 2022 yarn had net sales of $162,863 million."),
    (INCOME, "Revenue was $5,931 thousand in 2023."),
    (INCOME, "Revenue was $5.931 million in the year ended December 31, 2023."),
    (INCOME, "Research and development was $1,403 thousand in 2022."),
    (INCOME, "The basic net income per share was $0.27 in 2023."),
    (INCOME, "The net loss was $680 thousand in 2023."),
    (
        BUYBACK,
        "The average price paid per share was $123.96 from September 26 to October 30, 2022.",
    ),
    (BUYBACK, "17 million shares were purchased from September 26, 2022 to October 30, 2022."),
    (BUYBACK, "The average price paid per share was $133.80 from August 29 to September 25, 2022."),
    (INCOME, "Revenue was $5,931 thousand in 2023 and $7,103 thousand in 2022."),
    (MARGINS, "The gross margin of saws was 53.6% and their growth 4.1%."),
    (LAKHS, "The turnover was ₹2,32,822 crore in 2021-22."),
    (LAKHS, "The profit after tax was ₹9,871 crore in 2020-21."),
    (PLAIN, "The Aske has a length of 212 km."),
    (PLAIN, "The river Corrow is 95 km in length."),
    (MARGINS, "The gross margin of saws was 53.6%."),
    (MARGINS, "The growth of drills was 7.9 percent."),
    (BALANCE, "Inventories were €9,120 thousand as of March 31, 2021."),
    (BALANCE, "Goodwill was 700 thousand euros."),
]
FALSE = [
    pytest.param(
        SALES,
        "Net sales of carpets were $7,224 in the three months ended June 25, 2022.",
        id="no scale",
    ),
    pytest.param(
        SALES,
        "Net sales of carpets were $7,224 thousand in the three months ended June 25, 2022.",
        id="less scale",
    ),
    pytest.param(
        SALES,
        "Net sales of carpets were $7,224 billion in the three months ended June 25, 2022.",
        id="more scale",
    ),
    pytest.param(
        SALES,
        "Net sales of carpets were €7,224 million in the three months ended June 25, 2022.",
        id="currency",
    ),
    pytest.param(
        SALES,
        "Net sales of carpets were 7,224 % in the three months ended June 25, 2022.",
        id="percent",
    ),
    pytest.param(
        SALES,
        "Net sales of carpets were $7,224 million in the nine months ended June 25, 2022.",
        id="other period",
    ),
    pytest.param(
        SALES,
        "Net sales of carpets were $7,224 million in the three months ended June 26, 2021.",
        id="other year",
    ),
    pytest.param(
        SALES,
        "Net sales of carpets were $7,368 million in the three months ended June 25, 2022.",
        id="cell beside it",
    ),
    pytest.param(
        SALES,
        "Net sales of carpets were $22,118 million in the three months ended June 25, 2022.",
        id="cell further on",
    ),
    pytest.param(
        SALES,
        "Net sales of cloth were $7,224 million in the three months ended June 25, 2022.",
        id="other row",
    ),
    pytest.param(
        SALES,
        "Net sales of carpets were $7,382 million in the three months ended June 25, 2022.",
        id="cell above",
    ),
    pytest.param(
        SALES,
        "Total net sales were $7,224 million in the three months ended June 25, 2022.",
        id="part for whole",
    ),
    pytest.param(
        SALES,
        "Net sales were $7,224 million in the three months ended June 25, 2022.",
        id="no label",
    ),
    pytest.param(
        SALES,
        "Net sales of carpets were $7,225 million in the three months ended June 25, 2022.",
        id="digit",
    ),
    pytest.param(
        SALES,
        "Net sales of carpets were not $7,224 million in the three months ended June 25, 2022.",
        id="denied",
    ),
    pytest.param(
        SALES,
        "Net sales of carpets were $7,368 million in 2022 and $7,224 million in 2021.",
        id="years swapped",
    ),
    pytest.param(INCOME, "Revenue was $5,931 million in 2023.", id="millions for thousands"),
    pytest.param(INCOME, "Revenue was $5,931 in 2023.", id="thousands left out"),
    pytest.param(INCOME, "Revenue was $7,103 thousand in 2023.", id="the year before"),
    pytest.param(INCOME, "The cost of revenue was $5,931 thousand in 2023.", id="cost for revenue"),
    pytest.param(INCOME, "Revenue was $2,754 thousand in 2023.", id="revenue for cost"),
    pytest.param(
        INCOME,
        "The basic net income per share was $0.27 thousand in 2023.",
        id="a price is not scaled",
    ),
    pytest.param(
        INCOME, "The diluted net income per share was $0.27 in 2023.", id="basic for diluted"
    ),
    pytest.param(INCOME, "The net income was $680 thousand in 2023.", id="loss for income"),
    pytest.param(
        INCOME, "Fenwick Mills had revenue of $5,931 thousand in 2023.", id="a name from nowhere"
    ),
    pytest.param(INCOME, "There were $1,120 employees in 2023.", id="people are no money"),
    pytest.param(
        BUYBACK,
        "The average price paid per share was $133.80 from September 26 to October 30, 2022.",
        id="other row of days",
    ),
    pytest.param(
        BUYBACK,
        "The average price paid per share was $123.96 from August 29 to September 25, 2022.",
        id="other days",
    ),
    pytest.param(
        BUYBACK,
        "The average price paid per share was $8.28 from September 26 to October 30, 2022.",
        id="other column",
    ),
    pytest.param(
        BUYBACK,
        "The average price paid per share was $123.96 million from September 26, 2022.",
        id="scale of another column",
    ),
    pytest.param(
        BUYBACK,
        "17 shares were purchased from September 26, 2022 to October 30, 2022.",
        id="17 shares",
    ),
    pytest.param(
        BUYBACK,
        "The average price paid per share was 17 million from September 26 to October 30, 2022.",
        id="shares for a price",
    ),
    pytest.param(
        INCOME, "Revenue was $7,103 thousand in 2023 and $5,931 thousand in 2022.", id="swapped"
    ),
    pytest.param(
        INCOME, "Revenue in 2022 and 2023 was $5,931 thousand and $7,103 thousand.", id="in turn"
    ),
    pytest.param(
        MARGINS, "The gross margin of saws was 4.1% and their growth 53.6%.", id="columns swapped"
    ),
    pytest.param(LAKHS, "The turnover was ₹32,822 crore in 2021-22.", id="half a number"),
    pytest.param(LAKHS, "The turnover was ₹2,32,822 in 2021-22.", id="crore left out"),
    pytest.param(LAKHS, "The turnover was ₹2,32,822 lakh in 2021-22.", id="lakh for crore"),
    pytest.param(LAKHS, "The turnover was $2,32,822 crore in 2021-22.", id="dollars for rupees"),
    pytest.param(
        LAKHS, "The profit after tax was ₹2,32,822 crore in 2021-22.", id="turnover for profit"
    ),
    pytest.param(PLAIN, "The Aske has a length of 148 km.", id="other river"),
    pytest.param(PLAIN, "The Brell has a length of 212 km.", id="other river's length"),
    pytest.param(PLAIN, "The Aske has a length of 212 million km.", id="a scale from nowhere"),
    pytest.param(PLAIN, "The Aske has a length of $212.", id="a currency from nowhere"),
    pytest.param(MARGINS, "The gross margin of saws was 44.2%.", id="margin of drills"),
    pytest.param(MARGINS, "The gross margin of saws was 4.1%.", id="growth for margin"),
    pytest.param(MARGINS, "The gross margin of saws was $53.6.", id="money for percent"),
    pytest.param(
        BALANCE, "Inventories were €9,120 as of March 31, 2021.", id="thousands of euros left out"
    ),
    pytest.param(
        BALANCE, "Inventories were $9,120 thousand as of March 31, 2021.", id="dollars for euros"
    ),
    pytest.param(
        BALANCE, "Inventories were €9,120 thousand as of March 31, 2022.", id="another year"
    ),
    pytest.param(
        BALANCE, "Cash was €9,120 thousand as of March 31, 2021.", id="inventories for cash"
    ),
]


@pytest.mark.parametrize(("text", "statement"), TRUE)
def test_carried(text: str, statement: str) -> None:
    found = judge(statement, make_hit(text, title="Figures"))
    assert found.verdict is Verdict.SUPPORTED, found.reason


@pytest.mark.parametrize(("text", "statement"), FALSE)
@pytest.mark.parametrize("asks", [False, True], ids=["unasked", "asked of"])
def test_refused(text: str, statement: str, asks: bool) -> None:
    # Whoever asks of a false figure must not be told that it is so.
    question = f"Is it right: {statement.removesuffix('.')}?" if asks else ""
    found = judge(statement, make_hit(text, title="Figures"), question)
    assert found.verdict is not Verdict.SUPPORTED


def part(text: str, first: str, last: str, *, title: str = "Figures") -> Hit:
    """Return some lines of a document as a passage of it."""
    whole = make_hit(text, title=title)
    start, end = text.index(first), text.index(last) + len(last)
    inside = tuple(s for s in whole.passage.sentences if start <= s.start and s.end <= end)
    id_ = f"{whole.document.id}:{start}-{end}"
    passage = Passage(id_, whole.document.id, start, end, text[start:end], inside)
    return Hit(passage, whole.document, 1.0)


CARPETS = "Net sales of carpets were $7,224 million in the three months ended June 25, 2022."


def test_the_head_of_a_table_is_cited_from_another_passage() -> None:
    hit = part(SALES, "| Carpets", "304,182 | $ 282,457 |")
    found = judge(CARPETS, hit)
    assert found.verdict is Verdict.SUPPORTED
    quotes = [sentence.text for _, sentence in found.sentences]
    assert quotes[0].startswith("| Carpets")
    assert any(quote.endswith("were as follows (in millions):") for quote in quotes)
    assert "|  |  | Three Months Ended |  | Nine Months Ended |" in quotes
    assert [s.text for s in found.beside] == quotes[1:]
    for cited, sentence in found.sentences:
        assert cited.document.text[sentence.start : sentence.end] == sentence.text


def test_a_scale_that_a_draft_leaves_out_is_put_in_and_proven() -> None:
    hit = part(SALES, "| Carpets", "304,182 | $ 282,457 |")
    draft = CARPETS.replace(" million", "")
    proof = Prover(CoverageChecker(RARITY, threshold=0.83)).prove(draft, "", (hit,), (hit,))
    assert proof.supported
    assert (proof.text, proof.written) == (CARPETS, draft)


def test_a_scale_is_not_put_into_a_wrong_statement() -> None:
    hit = part(SALES, "| Carpets", "304,182 | $ 282,457 |")
    draft = CARPETS.replace(" million", "").replace("three", "nine")
    assert not Prover(CoverageChecker(RARITY)).prove(draft, "", (hit,), (hit,)).supported


@pytest.mark.parametrize(
    ("caption", "label", "cell", "numbers"),
    [
        pytest.param("Sales", "Cloth", "12", {(12.0, "")}, id="nothing told"),
        pytest.param("Sales (in millions)", "Cloth", "12", {(12e6, "")}, id="brackets"),
        pytest.param("Sales in € million", "Cloth", "12", {(12e6, ""), (12e6, "€")}, id="in"),
        pytest.param("Sales ($ thousands)", "Cloth", "12", {(12e3, ""), (12e3, "$")}, id="sign"),
        pytest.param("Sales ($000s)", "Cloth", "12", {(12e3, ""), (12e3, "$")}, id="000s"),
        pytest.param("We sold 3 million reels.", "Cloth", "12", {(12.0, "")}, id="prose"),
        pytest.param("Sales (in millions)", "Growth rate", "12", set(), id="a rate: open"),
        pytest.param("Sales (in millions)", "Growth", "12%", {(12.0, "%")}, id="per cent"),
        pytest.param("In millions, or (in thousands)", "Cloth", "12", set(), id="two: open"),
        pytest.param("(In $ millions, except shares)", "Shares", "12", set(), id="except: open"),
        pytest.param(
            "(In $ millions, except per share)",
            "Gain per share",
            "12",
            {(12.0, ""), (12.0, "$")},
            id="except: a price",
        ),
    ],
)
def test_scale_and_unit(
    caption: str, label: str, cell: str, numbers: set[tuple[float, str]]
) -> None:
    text = f"{caption}\n\n| Item | Amount |\n| Wool | 10 |\n| {label} | {cell} |\n"
    row = row_at(make_document(text), text.index(f"| {label} |"))
    assert row is not None
    assert row.cells[0].numbers == numbers


REPORT = (
    "All references to “Fenwick,” “we,” “our” or the “Company” mean Fenwick Mills plc and its "
    "subsidiaries.\n\nOne customer made up 12% of our receivables in May 2021. "
    "We have a credit line of $575 million with Ostbank. The Company bought 7 looms in Ulm. "
    "Lutz said: “We sold 40 looms to Ostbank.”\n"
)


@pytest.mark.parametrize(
    ("statement", "carried"),
    [
        ("One customer made up 12% of Fenwick's receivables in May 2021.", True),
        ("Fenwick has a credit line of $575 million with Ostbank.", True),
        ("Fenwick Mills bought 7 looms in Ulm.", True),
        ("Fenwick made up 12% of receivables in May 2021.", False),
        ("Ostbank has a credit line of $575 million with Fenwick.", False),
        ("7 looms were bought by Fenwick in Ulm.", True),
        ("Brell has a credit line of $575 million with Ostbank.", False),
        ("Fenwick sold 40 looms to Ostbank.", False),
        ("Fenwick has a credit line of $575 billion with Ostbank.", False),
    ],
)
def test_we_is_whom_the_document_says(statement: str, carried: bool) -> None:
    hit = part(REPORT, "One customer", "looms to Ostbank.”", title="FORM 10-Q")
    found = judge(statement, hit)
    assert (found.verdict is Verdict.SUPPORTED) == carried
    assert bool(found.beside) >= carried


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Fenwick Mills plc and its subsidiaries (“we”, the “Company”) make yarn.", "fenwick mill"),
        ("In this report “we” and “us” refer to Fenwick Mills plc.", "fenwick mill"),
        ("Each of the terms the “Company” and “Aske” as used herein refers to Aske Inc.", "ask"),
        ("Ada Quist, Chief Officer of Aske Corporation (the “Company”), certifies this.", "ask"),
        ("Aske Inc. (the “Company”) buys Brell Inc. from Corrow Ltd.\n\n"
         "Brell Inc. (the “Company”) makes rope.", None),
        ("“We will not sell,” said Fenwick Mills.", None),
        ("We are Fenwick Mills.", None),
    ],
)  # fmt: skip
def test_who_speaks(text: str, names: str | None) -> None:
    found = speaker_of(text)
    assert (" ".join(sorted(found.names)) if found else None) == names


def test_indian_groups_are_one_number() -> None:
    assert read("2,32,822 jobs and ₹ 1,186 crore").numbers == {(232822.0, ""), (1.186e10, "₹")}
    assert read("1,234,567 and 12,345").numbers == {(1234567.0, ""), (12345.0, "")}
    assert read("$ 123.96 or 5 rupees").numbers == {(123.96, "$"), (5.0, "₹")}


class Asked:
    """A witness that says yes and keeps what it was asked."""

    def __init__(self) -> None:
        self.prompts: list[Prompt] = []

    def log_odds(self, prompt: Prompt, *, cancel: threading.Event | None = None) -> float:
        self.prompts.append(prompt)
        return 3.0


def test_every_judgement_is_shown_what_is_cited_beside_a_row() -> None:
    hit, witness = part(SALES, "| Carpets", "304,182 | $ 282,457 |"), Asked()
    coverage = CoverageChecker(RARITY, threshold=0.83)
    checker = WitnessedChecker(coverage, witness, RARITY, threshold=0.5)
    question = "What were net sales of carpets?"
    proof = Prover(checker, also=coverage).prove(CARPETS, question, (hit,), (hit,))
    assert proof.supported
    quoter = Quoter(FakeEmbedder(), witness, RARITY, lambda question, passages: [])
    assert quoter.holds(question, proof, None) == 3.0
    quoter.judge_proof(question, proof, 3.0, None)
    assert len(witness.prompts) == 3
    for prompt in witness.prompts:
        assert "(in millions)" in prompt.reading
        assert not prompt.of  # nothing to be kept as the passage's own reading


@pytest.mark.parametrize(
    ("draft", "whole"),
    [
        ("Carpets made 7,224 on June 25, 2022.", "Carpets made 7,224 million on June 25, 2022."),
        ("They made $7,224 million.", "They made $7,224 million."),
        ("They made 7,224 % of it.", "They made 7,224 % of it."),
        ("They made 7,225.", "They made 7,225."),
        ("They made 17,224.", "They made 17,224."),
    ],
)
def test_only_a_bare_figure_of_the_table_is_given_its_scale(draft: str, whole: str) -> None:
    row = row_at(make_document(SALES), SALES.index("| Carpets |"))
    assert row is not None
    assert completed(draft, [row]) == whole


def test_what_the_benchmark_says_of_a_cell_is_altered_in_one_thing() -> None:
    hit = make_hit(SALES, title="Figures")
    row = row_at(hit.document, SALES.index("| Carpets |"))
    assert row is not None
    said = Said(hit, row, row.cells[0])
    true = "Carpets was 7,224 million for Three Months Ended June 25, 2022."
    assert said.text() == true
    altered = dict(said.altered(random.Random(1)))
    assert altered["scale left out"] == true.replace(" million", "")
    assert altered["another scale"] == true.replace("million", "billion")
    assert set(altered) >= {
        "another cell of the row", "another column's head", "another row's label"
    }  # fmt: skip
    assert judge(true, hit).verdict is Verdict.SUPPORTED
    for text in altered.values():
        assert text != true
        assert judge(text, hit).verdict is not Verdict.SUPPORTED
