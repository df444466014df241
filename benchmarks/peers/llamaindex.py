"""LlamaIndex's CitationQueryEngine with the settings of its documentation.

Nodes of 1024 tokens (SentenceSplitter's default), the three nearest, cut to sources of 512 tokens,
its own prompt for citations. Tokens are counted with the model's tokenizer.
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

TOP_K = 3
CHUNK = 512


class LlamaIndexPeer:
    """An `Answerer` around the engine.

    Args:
        index: whose documents it indexes in its own way.
        settings: name the model and the embedder.
    """

    system = "llamaindex"

    def __init__(self, index: Index, settings: Settings) -> None:
        self.index = index
        self.settings = settings
        self.versions: Mapping[str, str] = {
            "llama-index-core": metadata.version("llama-index-core")
        }
        self._lent = Lent(settings)
        self._documents = {d.source: d for d in index.documents.values()}
        self._engine = self._open()

    def _open(self) -> Any:
        from llama_index.core import Document, VectorStoreIndex, set_global_tokenizer
        from llama_index.core.base.embeddings.base import BaseEmbedding
        from llama_index.core.llms import CompletionResponse, CustomLLM, LLMMetadata
        from llama_index.core.query_engine import CitationQueryEngine

        lent, n_ctx = self._lent, self.settings.n_ctx
        set_global_tokenizer(lambda text: range(lent.embedder.count_tokens([text])[0]))

        class Model(CustomLLM):  # type: ignore[misc]
            @property
            def metadata(self) -> LLMMetadata:
                return LLMMetadata(
                    context_window=n_ctx, num_output=MOST_TOKENS, model_name=lent.llm.name
                )

            def complete(self, prompt: str, formatted: bool = False, **_: Any) -> Any:
                return CompletionResponse(text="".join(lent.write(prompt)))

            def stream_complete(self, prompt: str, formatted: bool = False, **_: Any) -> Any:
                text = ""
                for piece in lent.write(prompt):
                    text += piece
                    yield CompletionResponse(text=text, delta=piece)

        class Vectors(BaseEmbedding):  # type: ignore[misc]
            def _get_query_embedding(self, query: str) -> list[float]:
                return lent.embed([query], query=True)[0]

            async def _aget_query_embedding(self, query: str) -> list[float]:
                return self._get_query_embedding(query)

            def _get_text_embedding(self, text: str) -> list[float]:
                return lent.embed([text])[0]

            def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
                return lent.embed(texts)

        documents = [
            Document(text=d.text, metadata={"title": d.title, "source": d.source})
            for d in self._documents.values()
        ]
        for document in documents:
            document.excluded_llm_metadata_keys = ["source"]
            document.excluded_embed_metadata_keys = ["source"]
        built = VectorStoreIndex.from_documents(documents, embed_model=Vectors())
        return CitationQueryEngine.from_args(
            built, llm=Model(), similarity_top_k=TOP_K, citation_chunk_size=CHUNK
        )

    def ask(self, question: str) -> Answer:
        """Ask the engine."""
        self._lent.begin()
        response = self._engine.query(question)
        given = [
            Given(node.node.metadata["source"], _without_label(node.node.get_content()))
            for node in response.source_nodes
        ]
        return answer_of(
            question,
            str(response),
            given,
            self._documents,
            model=self._lent.llm.name,
            timings=self._lent.timings(),
        )

    def close(self) -> None:
        """Free the model."""
        self._lent.llm.close()


def _without_label(text: str) -> str:
    """Return a source's text without "Source 1:" and the line of its title."""
    lines = text.split("\n")
    while lines and (lines[0].startswith(("Source ", "title: ")) or not lines[0].strip()):
        del lines[0]
    return "\n".join(lines)
