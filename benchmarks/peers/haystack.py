"""Haystack: its splitter, store, retriever and prompt builder, asked for numbered references.

Documents are split by 200 words (DocumentSplitter's default), the ten nearest (the retriever's
default) are put before the model with numbers, as many as fit into its context.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import metadata
from typing import Any

from benchmarks.peers.citing import Given, answer_of
from benchmarks.peers.parts import MOST_TOKENS, Lent
from rag.config import Settings
from rag.index import Index
from rag.types import Answer

TOP_K = 10
PROMPT = """Answer the question in complete sentences, from the documents below and nothing else.
End each sentence with the number of the document that states it, in square brackets, such as [1].
If the documents do not state it, reply that the documents do not contain the answer.
{% for document in documents %}
Document[{{ loop.index }}]: {{ document.content }}
{% endfor %}
Question: {{ question }}
Answer:"""


class HaystackPeer:
    """An `Answerer` around a Haystack pipeline.

    Args:
        index: whose documents it indexes in its own way.
        settings: name the model and the embedder.
    """

    system = "haystack"

    def __init__(self, index: Index, settings: Settings) -> None:
        self.index = index
        self.settings = settings
        self.versions: Mapping[str, str] = {"haystack-ai": metadata.version("haystack-ai")}
        self._lent = Lent(settings)
        self._documents = {d.source: d for d in index.documents.values()}
        self._retriever, self._builder = self._open()

    def _open(self) -> tuple[Any, Any]:
        from haystack import Document
        from haystack.components.builders import PromptBuilder
        from haystack.components.preprocessors import DocumentSplitter
        from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
        from haystack.document_stores.in_memory import InMemoryDocumentStore

        splitter = DocumentSplitter(split_by="word", split_length=200)
        splitter.warm_up()
        whole = [
            Document(content=d.text, meta={"source": d.source, "title": d.title})
            for d in self._documents.values()
        ]
        parts = splitter.run(documents=whole)["documents"]
        vectors = self._lent.embed([part.content for part in parts])
        store = InMemoryDocumentStore(embedding_similarity_function="cosine")
        store.write_documents(
            [
                Document(content=part.content, meta=part.meta, embedding=vector)
                for part, vector in zip(parts, vectors, strict=True)
            ]
        )
        builder = PromptBuilder(template=PROMPT, required_variables=["documents", "question"])
        return InMemoryEmbeddingRetriever(store, top_k=TOP_K), builder

    def ask(self, question: str) -> Answer:
        """Retrieve, build the prompt and let the model write."""
        self._lent.begin()
        (vector,) = self._lent.embed([question], query=True)
        found = self._retriever.run(query_embedding=vector)["documents"]
        room = self.settings.n_ctx - MOST_TOKENS
        while True:
            prompt = self._builder.run(documents=found, question=question)["prompt"]
            # A word piece of the embedder is about a token of the model; a fifth is kept free.
            if len(found) < 2 or self._lent.embedder.count_tokens([prompt])[0] < 0.8 * room:
                break
            found = found[:-1]
        reply = "".join(self._lent.write(prompt))
        given = [Given(part.meta["source"], part.content) for part in found]
        return answer_of(
            question,
            reply,
            given,
            self._documents,
            model=self._lent.llm.name,
            timings=self._lent.timings(),
        )

    def close(self) -> None:
        """Free the model."""
        self._lent.llm.close()
