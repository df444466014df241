"""Well-known question sets -> a folder of documents and a question set of ours.

Four forms are read: the folders of `corpus` and `questions` that our benchmarks use, SQuAD 2.0
(P. Rajpurkar, R. Jia and P. Liang, "Know What You Don't Know", ACL 2018), BEIR (N. Thakur et al.,
"BEIR: A Heterogeneous Benchmark for Zero-shot Evaluation of Information Retrieval Models", NeurIPS
2021) and ALCE (T. Gao et al., "Enabling Large Language Models to Generate Text with Citations",
EMNLP 2023). What a set marks is taken over as it is: sentences where it marks sentences (an answer
is right then if it cites one), short answers and documents where it gives these, documents alone
where it asks for nothing else. Nothing is dropped in silence: what cannot be used is counted by
reason.
"""

from __future__ import annotations

import calendar
import gzip
import hashlib
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rag.documents import read_document
from rag.errors import EvaluationError
from rag.evaluate.sets import NUGGETLESS, draw, parse

DOCUMENTS, QUESTIONS = "documents", "questions.jsonl"
KINDS = ("folder", "squad2", "beir", "alce")
_ANY = r"(?s)."  # of a set that marks sentences and gives no words: citing one is what counts
_MAX_NAME = 80
_MONTH = rf"(?P<month>{'|'.join(calendar.month_name[1:])})"
_DAY_FIRST = re.compile(rf"(?P<day>\d{{1,2}}) {_MONTH},? (?P<year>\d{{4}})", re.IGNORECASE)
_MONTH_FIRST = re.compile(rf"{_MONTH} (?P<day>\d{{1,2}}),? (?P<year>\d{{4}})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import.

    Attributes:
        folder: with `documents/` and `questions.jsonl`.
        documents: how many were written.
        questions: how many were written.
        skipped: how many questions, or marks of questions, could not be used, by reason.
    """

    folder: Path
    documents: int
    questions: int
    skipped: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Text:
    """A document of a set.

    Attributes:
        id: the set's own.
        facts: title, date, publisher, where known.
    """

    id: str
    text: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Item:
    """A question of a set, with what the set knows.

    Attributes:
        answers: accepted short answers; several spellings of one thing.
        sentences: verbatim evidence.
        gold: ids of the documents that hold the answer.
        sides: where documents disagree, the spellings of each value.
        each: every answer must be given, not any one of them.
    """

    id: str
    text: str
    answerable: bool
    answers: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    gold: tuple[str, ...] = ()
    sides: tuple[tuple[str, ...], ...] = ()
    each: bool = False


def import_set(
    path: Path, out: Path, *, kind: str = "", sample: int | None = None, seed: int = 0
) -> Imported:
    """Write a set as documents and questions.

    Args:
        path: the file or folder of the set.
        out: new folder for both; it is there only when all is written.
        kind: one of `KINDS`; found out where it is "".
        sample: only so many questions, drawn; all documents are written in any case.
        seed: of the draw.

    Raises:
        EvaluationError: the set cannot be read, an item is malformed (the message names file, place
            and field), or `out` is there already.
    """
    kind = kind or kind_of(path)
    if kind not in KINDS:
        raise EvaluationError(f"{kind!r} is no form of a set; give one of {', '.join(KINDS)}.")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise EvaluationError(f"{out.name} is there already; give a new folder.")
    texts, items = _READERS[kind](path)
    half = out.with_name(f"{out.name}.part")
    shutil.rmtree(half, ignore_errors=True)
    try:
        written = write_documents(texts, half / DOCUMENTS)
        questions, skipped = our_questions(items, written, half / DOCUMENTS)
        parsed = [parse(q, f"question {q['id']}") for q in questions]
        chosen = {question.id for question in draw(parsed, sample, seed=seed)}
        lines = [json.dumps(q, ensure_ascii=False) for q in questions if q["id"] in chosen]
        if not lines:
            raise EvaluationError(f"{path.name} holds no question that can be used; see its form.")
        (half / QUESTIONS).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        if out.exists():
            out.rmdir()
        half.rename(out)
    except OSError as error:
        raise EvaluationError(
            f"{out.name} cannot be written ({error.strerror}); free the disk or give another "
            "folder."
        ) from error
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return Imported(out, len(written), len(lines), skipped)


def kind_of(path: Path) -> str:
    """Return the form of a set by what its file or folder holds.

    Raises:
        EvaluationError: it is none that is known.
    """
    if path.is_dir():
        if _either(path / "queries.jsonl") and _either(path / "corpus.jsonl"):
            return "beir"
        if _either(path / "questions.jsonl") and _either(path / "corpus.jsonl"):
            return "folder"
    elif path.is_file():
        value = _json(path)
        if isinstance(value, dict) and isinstance(value.get("data"), list):
            return "squad2"
        if isinstance(value, list) and value and isinstance(value[0], dict) and "docs" in value[0]:
            return "alce"
    raise EvaluationError(
        f"{path.name} is no set in a known form: a folder with corpus.jsonl and questions.jsonl or "
        "queries.jsonl (BEIR), a SQuAD 2.0 file or an ALCE file; give one of these."
    )


def write_documents(texts: Iterable[Text], folder: Path) -> dict[str, str]:
    """Write each document as Markdown with front matter; return their files' names by id.

    Raises:
        OSError: they cannot be written.
    """
    folder.mkdir(parents=True)
    names: dict[str, str] = {}
    taken: set[str] = set()
    for one in texts:
        if one.id in names:
            continue
        name = file_name(one.id)
        if name.lower() in taken:  # ids may differ in signs that no file may have
            digest = hashlib.sha256(one.id.encode()).hexdigest()[:8]
            name = f"{name.removesuffix('.md')}-{digest}.md"
        names[one.id] = name
        taken.add(name.lower())
        front = "\n".join(f"{key}: {json.dumps(value)}" for key, value in one.facts.items())
        head = f"---\n{front}\n---\n\n" if front else ""
        (folder / name).write_text(f"{head}{one.text}\n", encoding="utf-8")
    return names


def file_name(id: str) -> str:
    """Return the file a document of that id is written to."""
    return re.sub(r"[^\w.-]", "_", id)[:_MAX_NAME] + ".md"


def our_questions(
    items: Iterable[Item], names: Mapping[str, str], folder: Path
) -> tuple[list[dict[str, Any]], Counter[str]]:
    """Return questions in the form of our sets, and what could not be used, by reason.

    Args:
        items: of the set.
        names: files by document id.
        folder: where they are.
    """
    texts: dict[str, str] = {}

    def text_of(source: str) -> str:
        if source not in texts:
            texts[source] = read_document(folder / source, root=folder).text
        return texts[source]

    skipped = Counter[str]()
    questions = []
    for item in items:
        gold = [names[id] for id in dict.fromkeys(item.gold) if id in names]
        if len(gold) < len(set(item.gold)):
            skipped["gold document not in the corpus"] += 1
        question = _question(item, gold, text_of, skipped)
        if question is not None:
            questions.append(question)
    return questions, skipped


def _question(
    item: Item, gold: Sequence[str], text_of: Callable[[str], str], skipped: Counter[str]
) -> dict[str, Any] | None:
    """Return a question in our form, None where nothing could tell whether an answer is right."""
    question: dict[str, Any] = {
        "id": item.id,
        "question": item.text,
        "answerable": item.answerable,
        "kind": "unanswerable",
        "nuggets": [],
    }
    if not item.answerable:
        return question
    question["gold"] = list(gold)
    answers = tuple(answer for answer in item.answers if re.search(r"\w", answer))
    if item.sentences:
        evidence = []
        for sentence in item.sentences:
            places = [
                {"source": source, "quote": quote}
                for source in gold
                if (quote := find_quote(sentence, text_of(source)))
            ]
            evidence += places[:1]
            skipped["marked sentence not found"] += not places
        if not evidence:
            skipped["no marked sentence found"] += 1
            return None
        nugget = _nugget("Cite the marked sentences.", [_ANY], evidence)
        question |= {"kind": "long", "nuggets": [nugget], "by_evidence": True}
    elif answers and gold:
        groups = [[answer] for answer in answers] if item.each else [list(answers)]
        question["nuggets"] = [
            _nugget(group[0], [pattern(s) for answer in group for s in spellings(answer)], [])
            for group in groups
        ]
        question["kind"] = "short"
    elif gold:
        question["kind"] = NUGGETLESS
    else:
        skipped["neither answer nor document"] += 1
        return None
    if answers and not item.sentences:
        question["answers"] = list(answers)
    if len(set(gold)) > 1 and item.sentences:
        question["kind"] = "multi-document"
    if len(item.sides) > 1:
        question |= {
            "kind": "conflict",
            "sides": [[s for x in side for s in spellings(x)] for side in item.sides],
        }
    return question


def _nugget(text: str, accept: list[str], evidence: list[dict[str, str]]) -> dict[str, Any]:
    return {"text": text, "accept": accept, "required": True, "evidence": evidence}


def pattern(answer: str) -> str:
    """Return an expression that finds a short answer, whatever stands between its words."""
    return r"\b" + r"\W+".join(map(re.escape, re.findall(r"\w+", answer))) + r"\b"


def spellings(answer: str) -> list[str]:
    """Return a short answer, and of a day its other usual order: "24 October 1975"."""
    day = _DAY_FIRST.fullmatch(answer.strip())
    if day:
        return [answer, f"{day['month']} {day['day']}, {day['year']}"]
    day = _MONTH_FIRST.fullmatch(answer.strip())
    return [answer, f"{day['day']} {day['month']} {day['year']}"] if day else [answer]


def find_quote(sentence: str, text: str) -> str:
    """Return a sentence as it stands in a text, white space aside; "" where it does not."""
    if sentence in text:
        return sentence
    words = sentence.split()
    found = re.search(r"\s+".join(map(re.escape, words)), text) if words else None
    return found[0] if found else ""


# --- readers ---------------------------------------------------------------------------------

Read = tuple[Iterable[Text], Iterable[Item]]


def _folder(path: Path) -> Read:
    def texts() -> Iterator[Text]:
        for row in _rows(_must(path / "corpus.jsonl")):
            facts = {
                key: str(row.value[name])
                for key, name in (("title", "title"), ("date", "date"), ("publisher", "source"))
                if row.value.get(name)
            }
            yield Text(row.word("doc_id"), row.word("text"), facts)

    def items() -> Iterator[Item]:
        for row in _rows(_must(path / "questions.jsonl")):
            answers = row.words("answers")
            wrong = row.words("wrong_answers")
            sides = tuple((side,) for side in (*answers, *wrong)) if wrong or _split(row) else ()
            gold = (*row.words("gold_docs"), *row.words("misinfo_docs"))
            yield Item(
                id=row.word("qid"),
                text=row.word("question"),
                answerable=row.flag("answerable"),
                answers=answers,
                sentences=row.words("gold_sentences"),
                gold=gold,
                sides=sides,
            )

    return texts(), items()


def _split(row: _Row) -> bool:
    """Tell whether a question has several right answers, each of another document."""
    return row.value.get("qtype") == "conflict" and len(row.words("answers")) > 1


def _squad2(path: Path) -> Read:
    paragraphs: list[tuple[str, str, str, list[_Row]]] = []
    for number, article in enumerate(_list(_json(path), "data", path.name)):
        where = f"{path.name}, data[{number}]"
        title = _Row(article, where).word("title")
        for place, value in enumerate(_list(article, "paragraphs", where)):
            row = _Row(value, f"{where}.paragraphs[{place}]")
            qas = [
                _Row(qa, f"{row.where}.qas[{i}]")
                for i, qa in enumerate(_list(value, "qas", row.where))
            ]
            paragraphs.append((f"{title}-{place}", title, row.word("context"), qas))

    def items() -> Iterator[Item]:
        for id, _, _, qas in paragraphs:
            for row in qas:
                impossible = row.flag("is_impossible", missing=False)
                answers = [] if impossible else _list(row.value, "answers", row.where)
                texts = tuple(dict.fromkeys(_Row(a, row.where).word("text") for a in answers))
                yield Item(row.word("id"), row.word("question"), not impossible, texts, gold=(id,))

    texts = (
        Text(id, text, {"title": title.replace("_", " ")}) for id, title, text, _ in paragraphs
    )
    return texts, items()


def _beir(path: Path) -> Read:
    relevant: dict[str, list[str]] = {}
    files = sorted((path / "qrels").glob("*.tsv"))
    if not files:
        raise EvaluationError(f"{path.name}: qrels/*.tsv is missing; give the whole BEIR folder.")
    file = next((f for f in files if f.stem == "test"), files[0])
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        cells = line.split("\t")
        if len(cells) != 3:
            raise EvaluationError(
                f"{file.name}, line {number}: not query, document and score, with tabs between; "
                "correct it."
            )
        if cells[2].lstrip("-").isdigit() and int(cells[2]) > 0:
            relevant.setdefault(cells[0], []).append(cells[1])

    def texts() -> Iterator[Text]:
        for row in _rows(_must(path / "corpus.jsonl")):
            title = str(row.value.get("title") or "")
            yield Text(row.word("_id"), row.word("text"), {"title": title} if title else {})

    def items() -> Iterator[Item]:
        for row in _rows(_must(path / "queries.jsonl")):
            id = row.word("_id")
            if id in relevant:
                yield Item(id, row.word("text"), True, gold=tuple(relevant[id]))

    return texts(), items()


def _alce(path: Path) -> Read:
    value = _json(path)
    if not isinstance(value, list):
        raise EvaluationError(f"{path.name}: not a list of questions; give an ALCE file.")
    rows = [_Row(one, f"{path.name}, item {i}") for i, one in enumerate(value, 1)]
    texts: dict[str, Text] = {}
    items = []
    for number, row in enumerate(rows, 1):
        ids = []
        for place, doc in enumerate(_list(row.value, "docs", row.where)):
            one = _Row(doc, f"{row.where}, docs[{place}]")
            title, text = str(doc.get("title") or ""), one.word("text")
            id = hashlib.sha256(f"{title}\n{text}".encode()).hexdigest()[:16]
            texts[id] = Text(id, text, {"title": title} if title else {})
            ids.append(id)
        groups = _alce_answers(row)
        every = [answer for group in groups for answer in group]
        gold = tuple(
            id for id in ids if any(re.search(pattern(a), texts[id].text, re.I) for a in every)
        ) or tuple(ids)
        items.append(
            Item(
                id=str(row.value.get("sample_id") or row.value.get("id") or number),
                text=row.word("question"),
                answerable=True,
                answers=tuple(group[0] for group in groups),
                gold=gold,
                each=len(groups) > 1,
            )
        )
    return texts.values(), items


def _alce_answers(row: _Row) -> list[list[str]]:
    """Return the answers of an ALCE item, each with its spellings: ASQA's pairs, else answers."""
    pairs = row.value.get("qa_pairs")
    if isinstance(pairs, list):
        found = [_Row(p, f"{row.where}, qa_pairs[{i}]") for i, p in enumerate(pairs)]
        return [list(one.words("short_answers")) for one in found if one.words("short_answers")]
    answers = row.value.get("answers")
    if isinstance(answers, list):
        groups = [[a] if isinstance(a, str) else a for a in answers]
        if all(isinstance(g, list) and g and all(isinstance(x, str) for x in g) for g in groups):
            return groups
        raise row.wrong("answers", 'is no list of texts; write ["…"] or [["…"]]')
    answer = row.value.get("answer")
    return [[answer]] if isinstance(answer, str) and len(answer.split()) < 12 else []


_READERS: dict[str, Callable[[Path], Read]] = {
    "folder": _folder,
    "squad2": _squad2,
    "beir": _beir,
    "alce": _alce,
}


@dataclass(frozen=True, slots=True)
class _Row:
    """One JSON object of a set, with where it stands."""

    value: Mapping[str, Any]
    where: str

    def __post_init__(self) -> None:
        if not isinstance(self.value, Mapping):
            raise EvaluationError(f"{self.where}: not a JSON object; write {{…}}.")

    def wrong(self, name: str, problem: str) -> EvaluationError:
        return EvaluationError(f"{self.where}: field '{name}' {problem}.")

    def word(self, name: str) -> str:
        value = self.value.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(name, "is missing or not a text; write a JSON string")
        return value

    def words(self, name: str) -> tuple[str, ...]:
        value = self.value.get(name) or []
        if not isinstance(value, list) or not all(isinstance(x, str) for x in value):
            raise self.wrong(name, 'is not a list of texts; write ["…"]')
        return tuple(dict.fromkeys(x for x in value if x.strip()))

    def flag(self, name: str, *, missing: bool | None = None) -> bool:
        value = self.value.get(name, missing)
        if not isinstance(value, bool):
            raise self.wrong(name, "is neither true nor false; write one of them")
        return value


def _either(path: Path) -> Path | None:
    """Return a file, plain or gzipped, None where there is neither."""
    return next((p for p in (path, path.with_name(f"{path.name}.gz")) if p.is_file()), None)


def _must(path: Path) -> Path:
    found = _either(path)
    if found is None:
        raise EvaluationError(f"{path.parent.name}: {path.name} is missing; give the whole folder.")
    return found


def _read(path: Path) -> str:
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise EvaluationError(
            f"{path.name} cannot be read ({error}); give a whole file in UTF-8."
        ) from error


def _json(path: Path) -> Any:
    try:
        return json.loads(_read(path))
    except json.JSONDecodeError as error:
        raise EvaluationError(
            f"{path.name}, line {error.lineno}: not JSON ({error.msg}); give the whole file."
        ) from error


def _rows(path: Path) -> Iterator[_Row]:
    for number, line in enumerate(_read(path).split("\n"), 1):
        if line.strip():
            where = f"{path.name}, line {number}"
            try:
                value = json.loads(line)
            except json.JSONDecodeError as error:
                raise EvaluationError(
                    f"{where}: not JSON ({error.msg}); write one object a line."
                ) from error
            yield _Row(value, where)


def _list(value: Any, name: str, where: str) -> list[Any]:
    found = value.get(name) if isinstance(value, Mapping) else None
    if not isinstance(found, list):
        raise EvaluationError(f"{where}: field '{name}' is missing or not a list; write […].")
    return found
