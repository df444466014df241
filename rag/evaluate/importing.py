"""Well-known question sets -> a folder of documents and a question set of ours.

Four forms are read: the folders of `corpus` and `questions` that our benchmarks use, SQuAD 2.0
(P. Rajpurkar, R. Jia and P. Liang, "Know What You Don't Know", ACL 2018), BEIR (N. Thakur et al.,
"BEIR: A Heterogeneous Benchmark for Zero-shot Evaluation of Information Retrieval Models", NeurIPS
2021) and ALCE (T. Gao et al., "Enabling Large Language Models to Generate Text with Citations",
EMNLP 2023). What a set marks is taken over as it is: sentences where it marks sentences (an answer
is right then if it cites one), short answers and documents where it gives these, documents alone
where it asks for nothing else. An answer that is right by evidence is right whatever its words: a
set's long answers and key points cannot be told from wrong ones without a judge, and are not taken
over, nor are SQuAD's plausible answers. Nothing is dropped in silence: every question of a set is
written or counted by the reason why not, and so are documents and marks that cannot be used.
"""

from __future__ import annotations

import calendar
import gzip
import hashlib
import json
import re
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rag.documents import read_document
from rag.errors import DocumentError, EvaluationError
from rag.evaluate.sets import NUGGETLESS, draw, parse

DOCUMENTS, QUESTIONS = "documents", "questions.jsonl"
KINDS = ("folder", "squad2", "beir", "alce")
_ANY = r"(?s)."  # of a set that marks sentences and gives no words: citing one is what counts
# Why a question of a set is not written.
NOT_DRAWN = "not drawn"
NO_SENTENCE = "no marked sentence found"
NO_MARK = "neither answer nor document"
NO_HOLDER = "no document holds an answer"
_MAX_NAME = 60  # characters, of at most four bytes: with its ending within 255
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
        skipped: how many questions, documents, or marks of questions are not used, by reason.
    """

    folder: Path
    documents: int
    questions: int
    skipped: Mapping[str, int]

    @property
    def questions_skipped(self) -> int:
        """Questions of the set that are not written; with `questions` all that it holds."""
        return sum(self.skipped.get(r, 0) for r in (NOT_DRAWN, NO_SENTENCE, NO_MARK, NO_HOLDER))


@dataclass(frozen=True, slots=True)
class Text:
    """A document of a set.

    Attributes:
        where: the place in the set's file, for messages.
        id: the set's own.
        facts: title, date, publisher, where known.
    """

    where: str
    id: str
    text: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Item:
    """A question of a set, with what the set knows.

    Attributes:
        where: the place in the set's file, for messages.
        answers: what a right answer gives: of each group one, accepted as it is spelled there.
        sentences: verbatim evidence.
        gold: ids of the documents that hold the answer.
        sides: where documents disagree, the spellings of each value.
        unfit: why the question cannot be used, where the set's form shows it.
    """

    where: str
    id: str
    text: str
    answerable: bool
    answers: tuple[tuple[str, ...], ...] = ()
    sentences: tuple[str, ...] = ()
    gold: tuple[str, ...] = ()
    sides: tuple[tuple[str, ...], ...] = ()
    unfit: str = ""


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
    target = out.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".importing-", dir=target.parent) as work:
            half = Path(work) / target.name
            done = _write(texts, items, half, sample, seed)
            if not done.questions:
                counted = ", ".join(f"{reason} ({n})" for reason, n in done.skipped.items())
                raise EvaluationError(
                    f"{path.name} holds no question that can be used"
                    f"{f': {counted}' if counted else ''}; give a set with marked answers."
                )
            if target.exists():
                target.rmdir()
            half.rename(target)
    except OSError as error:
        raise EvaluationError(
            f"{out.name} cannot be written ({error.strerror}); free the disk or give another "
            "folder."
        ) from error
    return replace(done, folder=out)


def _write(
    texts: Iterable[Text], items: Iterable[Item], folder: Path, sample: int | None, seed: int
) -> Imported:
    """Write documents and questions into a folder that is not there yet."""
    names, skipped = write_documents(texts, folder / DOCUMENTS)
    questions, left_out = our_questions(items, names, folder / DOCUMENTS)
    skipped.update(left_out)
    drawn = draw([parse(q, f"question {q['id']}") for q in questions], sample, seed=seed)
    chosen = {question.id for question in drawn}
    lines = [json.dumps(q, ensure_ascii=False) for q in questions if q["id"] in chosen]
    skipped[NOT_DRAWN] = len(questions) - len(lines)
    (folder / QUESTIONS).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    counted = {reason: count for reason, count in skipped.items() if count}
    return Imported(folder, len(names), len(lines), counted)


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


def write_documents(texts: Iterable[Text], folder: Path) -> tuple[dict[str, str], Counter[str]]:
    """Write each document as Markdown with front matter, and see that it can be read again.

    Returns:
        The files' names by document id, and how many documents could not be used, by reason.

    Raises:
        EvaluationError: an id is used twice.
        OSError: they cannot be written.
    """
    folder.mkdir(parents=True)
    names: dict[str, str] = {}
    taken: set[str] = set()
    seen: dict[str, str] = {}
    skipped = Counter[str]()
    for one in texts:
        _only_once(one.id, one.where, seen)
        name = file_name(one.id)
        if name.lower() in taken:  # ids may differ in signs that no file may have
            digest = hashlib.sha256(one.id.encode()).hexdigest()[:8]
            name = f"{name.removesuffix('.md')}-{digest}.md"
        front = "".join(f"{key}: {json.dumps(value)}\n" for key, value in one.facts.items())
        # Without facts of its own a text that begins with a line of dashes would be read as facts.
        head = f"---\n{front}---\n\n" if front or one.text.lstrip().startswith("---") else ""
        file = folder / name
        file.write_text(f"{head}{one.text}\n", encoding="utf-8")
        try:
            read_document(file, root=folder)
        except DocumentError:  # what no reader takes would be missing from the index
            file.unlink()
            skipped["document that cannot be read as text"] += 1
            continue
        names[one.id] = name
        taken.add(name.lower())
    return names, skipped


def _only_once(id: str, where: str, seen: dict[str, str]) -> None:
    """Refuse an id that stands elsewhere too: its marks could mean either."""
    if id in seen:
        raise EvaluationError(
            f"{where}: the id {id!r} is that of {seen[id]} too; give each its own id."
        )
    seen[id] = where


def file_name(id: str) -> str:
    """Return the file a document of that id is written to; one that no listing hides."""
    name = re.sub(r"[^\w.-]", "_", id)[:_MAX_NAME]
    return f"_{name}.md" if name.startswith(".") else f"{name}.md"


def our_questions(
    items: Iterable[Item], names: Mapping[str, str], folder: Path
) -> tuple[list[dict[str, Any]], Counter[str]]:
    """Return questions in the form of our sets, and what could not be used, by reason.

    Args:
        items: of the set.
        names: files by document id.
        folder: where they are.

    Raises:
        EvaluationError: an id is used twice.
    """
    texts: dict[str, str] = {}

    def text_of(source: str) -> str:
        if source not in texts:
            texts[source] = read_document(folder / source, root=folder).text
        return texts[source]

    skipped = Counter[str]()
    questions = []
    seen: dict[str, str] = {}
    for item in items:
        _only_once(item.id, item.where, seen)
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
    if item.unfit:
        skipped[item.unfit] += 1
        return None
    if not item.answerable:
        return question
    question["gold"] = list(gold)
    groups = [[a for a in group if re.search(r"\w", a)] for group in item.answers]
    skipped["answer without a word"] += sum(map(len, item.answers)) - sum(map(len, groups))
    groups = [group for group in groups if group]
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
            skipped[NO_SENTENCE] += 1
            return None
        nugget = _nugget("Cite the marked sentences.", [_ANY], evidence)
        question |= {"kind": "long", "nuggets": [nugget], "by_evidence": True}
    elif groups and gold:
        question["nuggets"] = [
            _nugget(group[0], [pattern(s) for answer in group for s in spellings(answer)], [])
            for group in groups
        ]
        question["kind"] = "short"
    elif gold:
        question["kind"] = NUGGETLESS
    else:
        skipped[NO_MARK] += 1
        return None
    if groups and not item.sentences:
        question["answers"] = list(dict.fromkeys(a for group in groups for a in group))
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
            yield Text(
                row.where,
                row.word("doc_id"),
                row.word("text"),
                row.facts(title="title", date="date", publisher="source"),
            )

    def items() -> Iterator[Item]:
        for row in _rows(_must(path / "questions.jsonl")):
            answers = row.words("answers")
            wrong = row.words("wrong_answers")
            sides = tuple((side,) for side in (*answers, *wrong)) if wrong or _split(row) else ()
            gold = (*row.words("gold_docs"), *row.words("misinfo_docs"))
            yield Item(
                where=row.where,
                id=row.word("qid"),
                text=row.word("question"),
                answerable=row.flag("answerable"),
                answers=(answers,),
                sentences=row.words("gold_sentences"),
                gold=gold,
                sides=sides,
            )

    return texts(), items()


def _split(row: _Row) -> bool:
    """Tell whether a question has several right answers, each of another document."""
    return row.value.get("qtype") == "conflict" and len(row.words("answers")) > 1


def _squad2(path: Path) -> Read:
    paragraphs: list[tuple[Text, list[_Row]]] = []
    titles = Counter[str]()
    for number, article in enumerate(_list(_json(path), "data", path.name)):
        where = f"{path.name}, data[{number}]"
        title = _Row(article, where).word("title")
        titles[title] += 1
        unlike = f"{title}-{titles[title]}" if titles[title] > 1 else title
        for place, value in enumerate(_list(article, "paragraphs", where)):
            row = _Row(value, f"{where}.paragraphs[{place}]")
            qas = [
                _Row(qa, f"{row.where}.qas[{i}]")
                for i, qa in enumerate(_list(value, "qas", row.where))
            ]
            facts = {"title": title.replace("_", " ")}
            text = Text(row.where, f"{unlike}-{place}", row.word("context"), facts)
            paragraphs.append((text, qas))

    def items() -> Iterator[Item]:
        for text, qas in paragraphs:
            for row in qas:
                possible = not row.flag("is_impossible", missing=False)
                answers = _list(row.value, "answers", row.where) if possible else []
                group = tuple(dict.fromkeys(_Row(a, row.where).word("text") for a in answers))
                yield Item(
                    where=row.where,
                    id=row.word("id"),
                    text=row.word("question"),
                    answerable=possible,
                    answers=(group,),
                    gold=(text.id,),
                )

    return [text for text, _ in paragraphs], items()


def _beir(path: Path) -> Read:
    relevant = _relevant(path)

    def texts() -> Iterator[Text]:
        for row in _rows(_must(path / "corpus.jsonl")):
            # Many a document of these sets is but a title, some are nothing at all.
            text = row.maybe("text") or row.maybe("title")
            yield Text(row.where, row.word("_id"), text, row.facts(title="title"))

    def items() -> Iterator[Item]:
        for row in _rows(_must(path / "queries.jsonl")):
            id = row.word("_id")
            gold = tuple(relevant.get(id, ()))
            yield Item(row.where, id, row.word("text"), answerable=True, gold=gold)

    return texts(), items()


def _relevant(path: Path) -> dict[str, list[str]]:
    """Return the relevant documents of each query of a BEIR folder, of its test part if there."""
    files = sorted(f for f in (path / "qrels").glob("*") if f.name.endswith((".tsv", ".tsv.gz")))
    if not files:
        raise EvaluationError(f"{path.name}: qrels/*.tsv is missing; give the whole BEIR folder.")
    file = next((f for f in files if f.name.startswith("test.")), files[0])
    relevant: dict[str, list[str]] = {}
    for number, line in enumerate(_read(file).split("\n"), 1):
        if not line.strip():
            continue
        cells = line.rstrip("\r").split("\t")
        scored = len(cells) == 3 and re.fullmatch(r"-?\d+(\.\d+)?", cells[2])
        if not scored and (number > 1 or len(cells) != 3):  # the first line names the columns
            raise EvaluationError(
                f"{file.name}, line {number}: not query, document and score, with tabs between; "
                "correct it."
            )
        if scored and float(cells[2]) > 0:
            relevant.setdefault(cells[0], []).append(cells[1])
    return relevant


def _alce(path: Path) -> Read:
    """Read an ALCE file; its documents were retrieved, not marked.

    What holds an answer is known by the answer's words alone. A question for which none does, or
    that has no short answers (ELI5), cannot be told right from wrong here and is left out.
    """
    value = _json(path)
    if not isinstance(value, list):
        raise EvaluationError(f"{path.name}: not a list of questions; give an ALCE file.")
    texts: dict[str, Text] = {}
    items = []
    for number, one in enumerate(value, 1):
        row = _Row(one, f"{path.name}, item {number}")
        ids = []
        for place, doc in enumerate(_list(row.value, "docs", row.where)):
            held = _Row(doc, f"{row.where}, docs[{place}]")
            facts, text = held.facts(title="title"), held.word("text")
            digest = hashlib.sha256(f"{facts.get('title', '')}\n{text}".encode()).hexdigest()[:16]
            texts.setdefault(digest, Text(held.where, digest, text, facts))
            ids.append(digest)
        groups = _alce_answers(row)
        known = [re.compile(pattern(a), re.IGNORECASE) for group in groups for a in group]
        gold = tuple(id for id in ids if any(a.search(texts[id].text) for a in known))
        items.append(
            Item(
                where=row.where,
                id=row.maybe("sample_id") or row.maybe("id") or str(number),
                text=row.word("question"),
                answerable=True,
                answers=groups,
                gold=gold,
                unfit="" if gold else NO_HOLDER if groups else NO_MARK,
            )
        )
    return texts.values(), items


def _alce_answers(row: _Row) -> tuple[tuple[str, ...], ...]:
    """Return the answers of an ALCE item, each with its spellings: ASQA's pairs, else answers."""
    pairs = row.value.get("qa_pairs")
    if isinstance(pairs, list):
        found = [
            _Row(p, f"{row.where}, qa_pairs[{i}]").words("short_answers")
            for i, p in enumerate(pairs)
        ]
    else:
        answers = row.value.get("answers") or []
        if not isinstance(answers, list):
            raise row.wrong("answers", 'is no list of texts; write ["…"] or [["…"]]')
        found = [
            _Row({"answers": [a] if isinstance(a, str) else a}, f"{row.where}, answers[{i}]").words(
                "answers"
            )
            for i, a in enumerate(answers)
        ]
    worded = (tuple(a for a in group if re.search(r"\w", a)) for group in found)
    return tuple(group for group in worded if group)


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
        return self._whole(name, value)

    def maybe(self, name: str) -> str:
        """Return a text or number that may be missing, "" where it is."""
        value = self.value.get(name)
        return "" if value is None or not str(value).strip() else self.word(name)

    def facts(self, **names: str) -> dict[str, str]:
        """Return what is known of a document, by our names of its fields."""
        return {ours: known for ours, theirs in names.items() if (known := self.maybe(theirs))}

    def _whole(self, name: str, value: str) -> str:
        """Refuse half a sign (a lone surrogate), which no file can hold."""
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise self.wrong(
                name, f"holds half a character ({value[error.start]!a}); write it whole"
            ) from error
        return value

    def words(self, name: str) -> tuple[str, ...]:
        value = self.value.get(name) or []
        if not isinstance(value, list) or not all(isinstance(x, str) for x in value):
            raise self.wrong(name, 'is not a list of texts; write ["…"]')
        return tuple(dict.fromkeys(self._whole(name, x) for x in value if x.strip()))

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
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
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
