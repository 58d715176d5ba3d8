"""The answer: sentences picked from the documents found, cited, with a confidence and a check.

Nothing is generated here, so nothing can be invented; but a case may bring the `draft` of a
language model in place of the extracted answer, and the same check then judges that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from help_centre import SENTENCE_END, Document
from retriever import Hit, Index
from terms import terms

CITATION = re.compile(r"\s*\[([a-z0-9-]+)\]")
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
SENTENCES = 2
LEAST_SUPPORT = 0.75


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as the user would read it, with what the policy is told about it."""

    text: str
    citations: tuple[str, ...]
    confidence: float
    unsupported_claims: int


def extract(index: Index, question: str, hits: Sequence[Hit]) -> Answer:
    """Answer with the sentences of the best document that share most with the question."""
    if not hits:
        return Answer("", (), 0.0, 0)
    best = hits[0].document
    wanted = terms(question)
    by_share = sorted(
        range(len(best.sentences)),
        key=lambda position: -index.share(wanted, terms(best.sentences[position])),
    )
    text = " ".join(best.sentences[position] for position in sorted(by_share[:SENTENCES]))
    return Answer(
        text=text,
        citations=(best.id,),
        confidence=confidence(index, question, text, hits),
        unsupported_claims=unsupported_claims(text, [best]),
    )


def check_draft(index: Index, question: str, draft: str, hits: Sequence[Hit]) -> Answer:
    """A draft written elsewhere, which cites documents as `[id]`, judged like our own answers."""
    citations = tuple(dict.fromkeys(CITATION.findall(draft)))
    text = CITATION.sub("", draft).strip()
    cited = [hit.document for hit in hits if hit.document.id in citations]
    return Answer(
        text=text,
        citations=citations,
        confidence=confidence(index, question, text, hits),
        unsupported_claims=unsupported_claims(text, cited),
    )


def confidence(index: Index, question: str, text: str, hits: Sequence[Hit]) -> float:
    """How much of the question the answer speaks to, in [0, 1].

        0.6 * coverage + 0.25 * focus + 0.15 * margin

    coverage: the weight of the question's terms that the best document has, as a share;
    focus: the same for the answer's sentences together with the document's title;
    margin: by how much the best document leads the next, relative to its own score.
    """
    if not hits:
        return 0.0
    best = hits[0]
    wanted = terms(question)
    title = terms(best.document.title)
    coverage = index.share(wanted, title + terms(best.document.body))
    focus = index.share(wanted, title + terms(text))
    margin = 1 - (hits[1].score / best.score if len(hits) > 1 else 0.0)
    return round(0.6 * coverage + 0.25 * focus + 0.15 * margin, 4)


def unsupported_claims(text: str, cited: Sequence[Document]) -> int:
    """How many claims of a text the cited documents do not bear out.

    A sentence is one claim, and each number in it another. A number is borne out where a cited
    document has it; a sentence, where one sentence of a cited document has three quarters of
    its terms.
    """
    numbers = {number for document in cited for number in NUMBER.findall(document.body)}
    sources = [frozenset(terms(sentence)) for document in cited for sentence in document.sentences]
    claims = [sentence for sentence in SENTENCE_END.split(text) if terms(sentence)]
    unborne_sentences = sum(not is_borne_out(claim, sources) for claim in claims)
    unborne_numbers = sum(number not in numbers for number in NUMBER.findall(text))
    return unborne_sentences + unborne_numbers


def is_borne_out(sentence: str, sources: Sequence[frozenset[str]]) -> bool:
    """Whether one source sentence has enough of this sentence's terms."""
    claimed = frozenset(terms(sentence))
    return any(len(claimed & source) >= LEAST_SUPPORT * len(claimed) for source in sources)


def token_count(text: str) -> int:
    """An estimate of a text's tokens: one for every four characters, rounded up."""
    return -(-len(text) // 4)


def cost_usd(question: str, hits: Sequence[Hit], text: str, price: Mapping[str, float]) -> float:
    """What a language model would charge to read the question and documents and write the text."""
    read = token_count(question) + sum(token_count(hit.document.body) for hit in hits)
    return round(read * price["read"] + token_count(text) * price["written"], 8)
