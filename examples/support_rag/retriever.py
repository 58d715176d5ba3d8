"""Search over the help centre: BM25, with scores that can be compared between questions."""

from __future__ import annotations

import math
import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bm25s  # pyright: ignore[reportMissingTypeStubs]
from help_centre import Document
from terms import terms

K1 = 0.6  # small, because the documents are short: a term found once says most of it
B = 0.5
TITLE_WEIGHT = 3  # a term in the title counts as three in the body
SETTINGS: dict[str, Any] = tomllib.loads(
    (Path(__file__).parent / "retriever.toml").read_text(encoding="utf-8")
)


@dataclass(frozen=True, slots=True)
class Hit:
    """A document found for a question, with its score in [0, 1]."""

    document: Document
    score: float


@dataclass(frozen=True, slots=True)
class Index:
    """Documents ready to be searched; `weights` is each known term's inverse frequency."""

    documents: tuple[Document, ...]
    ranking: bm25s.BM25
    weights: Mapping[str, float]
    unseen_weight: float

    def weight(self, term: str) -> float:
        """How telling a term is; a term that no document has weighs as one that a single has."""
        return self.weights.get(term, self.unseen_weight)

    def share(self, wanted: Sequence[str], found: Sequence[str]) -> float:
        """The weight of the wanted terms that are among the found ones, as a share in [0, 1]."""
        shared = sum(self.weight(term) for term in set(wanted) & set(found))
        total = sum(self.weight(term) for term in set(wanted))
        return shared / total if total else 0.0


def build_index(documents: tuple[Document, ...]) -> Index:
    """Index documents by their titles and bodies."""
    corpus = [terms(f"{document.title} " * TITLE_WEIGHT + document.body) for document in documents]
    ranking = bm25s.BM25(method="lucene", k1=K1, b=B)
    ranking.index(corpus, show_progress=False)
    frequency = Counter(term for document in corpus for term in set(document))
    weights = {term: inverse_frequency(count, len(corpus)) for term, count in frequency.items()}
    return Index(documents, ranking, weights, inverse_frequency(1, len(corpus)))


def inverse_frequency(containing: int, documents: int) -> float:
    """The weight that BM25, in Lucene's form, gives to a term found in so many documents."""
    return math.log(1 + (documents - containing + 0.5) / (containing + 0.5))


def search(index: Index, question: str) -> tuple[Hit, ...]:
    """Find the best documents for a question, best first, at most `limit` by `retriever.toml`.

    A BM25 score is a sum over the question's terms, and no term can add more than its weight.
    The score given is the BM25 score divided by the sum of those weights, unseen terms included:
    0 where nothing was found, near 1 where a document is about every term of the question.
    Documents that score less than `floor` times the best one are left out.
    """
    limit, floor = SETTINGS["limit"], SETTINGS["floor"]
    wanted = sorted(set(terms(question)))
    known = [term for term in wanted if term in index.weights]
    if not known:
        return ()
    possible = sum(index.weight(term) for term in wanted)
    scores = [min(float(score) / possible, 1.0) for score in index.ranking.get_scores(known)]
    ranked = sorted(zip(scores, index.documents, strict=True), key=lambda pair: -pair[0])[:limit]
    best = ranked[0][0]
    return tuple(Hit(document, score) for score, document in ranked if score >= floor * best > 0)
