"""Where citations stand: real documents, questions on them, and every place looked up again.

    python -m benchmarks.located run --out FILE [--model NAME]    resumes
    python -m benchmarks.located score FILE [--wrong] [--save]
    python -m benchmarks.located sweep [--only PART] [--wrong]    every sentence, no model

    questions.jsonl  each question, the kind of place it is about, and the places that answer it
    asking.py        documents -> an index -> one kept line a question
    second.py        a file read a second time, by other libraries than the readers of `rag`
    scoring.py       citations held against the second reading and against the accepted places
    sweeping.py      every sentence of every document held against the second reading
    keeping.py       figures -> a result file without any words of the documents

The documents are other people's and are read where they lie (`benchmarks.documents`). A question
states no words of theirs: what an answer has to hold is kept as a SHA-256.
"""
