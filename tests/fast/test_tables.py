"""Statements from tables: every true one carried that can be, every altered one refused."""

from __future__ import annotations

import pytest

from rag.prove import Claim, CoverageChecker, Judgement, Prover, Rarity
from rag.prove.speakers import speaker_of
from rag.prove.tables import row_at
from rag.prove.words import read
from rag.testing import make_document, make_hit
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
OTHERS = "The ferry runs every hour. Apples were picked in May. A company paid for its sales in 1990."
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
    (BUYBACK, "The average price paid per share was $123.96 from September 26 to October 30, 2022."),
    (BUYBACK, "17 million shares were purchased from September 26, 2022 to October 30, 2022."),
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
    pytest.param(SALES, "Net sales of carpets were $7,224 in the three months ended June 25, 2022.", id="no scale"),
    pytest.param(SALES, "Net sales of carpets were $7,224 thousand in the three months ended June 25, 2022.", id="less scale"),
    pytest.param(SALES, "Net sales of carpets were $7,224 billion in the three months ended June 25, 2022.", id="more scale"),
    pytest.param(SALES, "Net sales of carpets were €7,224 million in the three months ended June 25, 2022.", id="currency"),
    pytest.param(SALES, "Net sales of carpets were 7,224 % in the three months ended June 25, 2022.", id="percent"),
    pytest.param(SALES, "Net sales of carpets were $7,224 million in the nine months ended June 25, 2022.", id="other period"),
    pytest.param(SALES, "Net sales of carpets were $7,224 million in the three months ended June 26, 2021.", id="other year"),
    pytest.param(SALES, "Net sales of carpets were $7,368 million in the three months ended June 25, 2022.", id="cell beside it"),
    pytest.param(SALES, "Net sales of carpets were $22,118 million in the three months ended June 25, 2022.", id="cell further on"),
    pytest.param(SALES, "Net sales of cloth were $7,224 million in the three months ended June 25, 2022.", id="other row"),
    pytest.param(SALES, "Net sales of carpets were $7,382 million in the three months ended June 25, 2022.", id="cell above"),
    pytest.param(SALES, "Total net sales were $7,224 million in the three months ended June 25, 2022.", id="part for whole"),
    pytest.param(SALES, "Net sales were $7,224 million in the three months ended June 25, 2022.", id="no label"),
    pytest.param(SALES, "Net sales of carpets were $7,225 million in the three months ended June 25, 2022.", id="digit"),
    pytest.param(SALES, "Net sales of carpets were not $7,224 million in the three months ended June 25, 2022.", id="denied"),
    pytest.param(SALES, "Net sales of carpets were $7,368 million in 2022 and $7,224 million in 2021.", id="years swapped"),
    pytest.param(INCOME, "Revenue was $5,931 million in 2023.", id="millions for thousands"),
    pytest.param(INCOME, "Revenue was $5,931 in 2023.", id="thousands left out"),
    pytest.param(INCOME, "Revenue was $7,103 thousand in 2023.", id="the year before"),
    pytest.param(INCOME, "The cost of revenue was $5,931 thousand in 2023.", id="cost for revenue"),
    pytest.param(INCOME, "Revenue was $2,754 thousand in 2023.", id="revenue for cost"),
    pytest.param(INCOME, "The basic net income per share was $0.27 thousand in 2023.", id="a price is not scaled"),
    pytest.param(INCOME, "The diluted net income per share was $0.27 in 2023.", id="basic for diluted"),
    pytest.param(INCOME, "The net income was $680 thousand in 2023.", id="loss for income"),
    pytest.param(INCOME, "Fenwick Mills had revenue of $5,931 thousand in 2023.", id="a name from nowhere"),
    pytest.param(INCOME, "There were $1,120 employees in 2023.", id="people are no money"),
    pytest.param(BUYBACK, "The average price paid per share was $133.80 from September 26 to October 30, 2022.", id="other row of days"),
    pytest.param(BUYBACK, "The average price paid per share was $123.96 from August 29 to September 25, 2022.", id="other days"),
    pytest.param(BUYBACK, "The average price paid per share was $8.28 from September 26 to October 30, 2022.", id="other column"),
    pytest.param(BUYBACK, "The average price paid per share was $123.96 million from September 26 to October 30, 2022.", id="scale of another column"),
    pytest.param(BUYBACK, "17 shares were purchased from September 26, 2022 to October 30, 2022.", id="17 shares"),
    pytest.param(BUYBACK, "The average price paid per share was 17 million from September 26 to October 30, 2022.", id="shares for a price"),
    pytest.param(LAKHS, "The turnover was ₹32,822 crore in 2021-22.", id="half a number"),
    pytest.param(LAKHS, "The turnover was ₹2,32,822 in 2021-22.", id="crore left out"),
    pytest.param(LAKHS, "The turnover was ₹2,32,822 lakh in 2021-22.", id="lakh for crore"),
    pytest.param(LAKHS, "The turnover was $2,32,822 crore in 2021-22.", id="dollars for rupees"),
    pytest.param(LAKHS, "The profit after tax was ₹2,32,822 crore in 2021-22.", id="turnover for profit"),
    pytest.param(PLAIN, "The Aske has a length of 148 km.", id="other river"),
    pytest.param(PLAIN, "The Brell has a length of 212 km.", id="other river's length"),
    pytest.param(PLAIN, "The Aske has a length of 212 million km.", id="a scale from nowhere"),
    pytest.param(PLAIN, "The Aske has a length of $212.", id="a currency from nowhere"),
    pytest.param(MARGINS, "The gross margin of saws was 44.2%.", id="margin of drills"),
    pytest.param(MARGINS, "The gross margin of saws was 4.1%.", id="growth for margin"),
    pytest.param(MARGINS, "The gross margin of saws was $53.6.", id="money for percent"),
    pytest.param(BALANCE, "Inventories were €9,120 as of March 31, 2021.", id="thousands of euros left out"),
    pytest.param(BALANCE, "Inventories were $9,120 thousand as of March 31, 2021.", id="dollars for euros"),
    pytest.param(BALANCE, "Inventories were €9,120 thousand as of March 31, 2022.", id="another year"),
    pytest.param(BALANCE, "Cash was €9,120 thousand as of March 31, 2021.", id="inventories for cash"),
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
