"""What a careful person would write by hand in SQL: `rag_policy.yaml` and ten metrics over three slices.

It asks the stages in order, and treats what is unknown as demur does: what is missing, NaN or out of
bounds is NULL, a rule that cannot be told abstains, and each metric has a lowest and a highest value
that the unknown allow. It knows the data: that files hold the declared types.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

Bounds = tuple[float | None, float | None, float | None]
"""A metric over the known records, and the lowest and highest value that the others allow."""

ENUM = "'billing', 'shipping', 'returns', 'pricing', 'chitchat', 'other'"
INFINITY = "CAST('infinity' AS DOUBLE)"
APPROVED = "'help-centre', 'policy-docs', 'release-notes'"
COLUMNS = """\
request: 'STRUCT(intent VARCHAR, tenant VARCHAR, language VARCHAR, tokens BIGINT, toxicity DOUBLE)',
retrieval: 'STRUCT(documents STRUCT(id VARCHAR, source VARCHAR, score DOUBLE, age_days BIGINT)[])',
answer: 'STRUCT(confidence DOUBLE, citations VARCHAR[], unsupported_claims BIGINT,
  latency_ms DOUBLE, model STRUCT(name VARCHAR, temperature DOUBLE))'"""
"""The columns that DuckDB is told to read of JSON."""


@dataclass(frozen=True)
class Dialect:
    """Where the SQL of two engines differs; `tail` is the 95th percentile."""

    length: str
    some: str
    each: str
    greatest: str
    tail: str


DUCKDB = Dialect(
    length="len({0})",
    some="len(list_filter({0}, lambda d: {1})) > 0",
    each="list_transform({0}, lambda d: {1})",
    greatest="list_max({0})",
    tail="quantile_cont({0}, 0.95)",
)
SPARK = Dialect(
    length="size({0})",
    some="exists({0}, d -> {1})",
    each="transform({0}, d -> {1})",
    greatest="array_max({0})",
    tail="percentile({0}, 0.95)",
)


def json_lines(path: str) -> str:
    """The table expression that reads the records of a JSONL file."""
    return f"read_json('{path}', format = 'newline_delimited', columns = {{{COLUMNS}}})"


def query(source: str, dialect: Dialect = DUCKDB) -> str:
    """The query over a table expression: a row a slice, `kind` and `slice` first."""
    return f"""
WITH signals AS ({_signals(source, dialect)}),
lists AS ({_lists(dialect)}),
rules AS ({_RULES}),
stops AS ({_STOPS}),
decisions AS ({_DECISIONS})
{_metrics(dialect)}"""


def careless(source: str) -> str:
    """The query of someone who takes all data for good, in DuckDB: no bounds, nothing unknown.

    What is missing or malformed answers or refuses as chance has it.
    """
    return f"""
WITH rules AS (
  SELECT request.intent AS intent, request.tenant AS tenant, request.tokens AS tokens,
    len(answer.citations) AS citations, answer.confidence AS confidence,
    answer.latency_ms AS latency, request.toxicity > 0.8 AS toxic,
    len(list_filter(retrieval.documents, lambda d: NOT (d.source IN ({APPROVED})))) > 0 AS outside,
    list_max(list_transform(retrieval.documents, lambda d: d.score)) AS best,
    len(list_filter(retrieval.documents, lambda d: d.age_days <= 365)) = 0 AS stale,
    len(retrieval.documents) = 0 AS empty, request.language AS language,
    answer.unsupported_claims > 0 AS unsupported,
    answer.model.temperature > 1.0 AND answer.model.name = 'draft' AS hot
  FROM {source}),
decisions AS (
  SELECT *, toxic OR outside AS violated,
    CASE
      WHEN NOT (intent IN ('billing', 'shipping', 'returns', 'pricing')) OR toxic OR tokens > 4000
        OR outside THEN 'refuse'
      WHEN empty OR best < 0.55 OR unsupported OR (intent = 'billing' AND citations = 0)
        THEN 'abstain'
      WHEN language <> 'en' OR confidence < 0.7 THEN 'escalate'
      WHEN stale OR hot THEN 'flag'
      ELSE 'answer' END AS action
  FROM rules)
SELECT intent, tenant, action, count(*),
  count(*) FILTER (action IN ('answer', 'flag')), count(*) FILTER (action = 'refuse'),
  count(*) FILTER (violated), count(*) FILTER (action = 'abstain' AND intent = 'billing'),
  avg((citations = 0)::INT) FILTER (action IN ('answer', 'flag')), avg(confidence),
  avg(best) FILTER (action IN ('answer', 'flag')), quantile_cont(latency, 0.95), sum(tokens),
  count(DISTINCT tenant)
FROM decisions
GROUP BY GROUPING SETS ((), (intent), (tenant), (action))"""


def _signals(source: str, dialect: Dialect) -> str:
    size = dialect.length.format("answer.citations")
    none = dialect.some.format("answer.citations", "d IS NULL")
    documents = dialect.some.format("retrieval.documents", "d IS NULL")
    return f"""
  SELECT
    CASE WHEN request.intent IN ({ENUM}) THEN request.intent END AS intent,
    request.tenant AS tenant,
    request.language AS language,
    CASE WHEN request.tokens >= 0 THEN request.tokens END AS tokens,
    CASE WHEN request.toxicity BETWEEN 0 AND 1 THEN request.toxicity END AS toxicity,
    CASE WHEN NOT ({documents}) THEN retrieval.documents END AS documents,
    CASE WHEN NOT ({none}) THEN {size} END AS citations,
    CASE WHEN answer.confidence BETWEEN 0 AND 1 THEN answer.confidence END AS confidence,
    CASE WHEN answer.unsupported_claims >= 0 THEN answer.unsupported_claims END AS claims,
    CASE WHEN answer.latency_ms >= 0 AND answer.latency_ms < {INFINITY}
      THEN answer.latency_ms END AS latency,
    CASE WHEN answer.model.temperature BETWEEN 0 AND 2 THEN answer.model.temperature END AS heat,
    answer.model.name AS model
  FROM {source}"""


def _lists(dialect: Dialect) -> str:
    def some(condition: str) -> str:
        return dialect.some.format("documents", condition)

    best = dialect.greatest.format(dialect.each.format("documents", "d.score"))
    return f"""
  SELECT *,
    {dialect.length.format("documents")} AS size,
    CASE WHEN {some(f"NOT (d.source IN ({APPROVED}))")} THEN TRUE
      WHEN {some("d.source IS NULL")} THEN NULL
      WHEN documents IS NOT NULL THEN FALSE END AS out_of_bounds,
    CASE WHEN NOT ({some("(d.score BETWEEN 0 AND 1) IS NOT TRUE")}) THEN {best} END AS best,
    CASE WHEN {some("d.age_days BETWEEN 0 AND 365")} THEN FALSE
      WHEN {some("(d.age_days >= 0) IS NOT TRUE")} THEN NULL
      WHEN documents IS NOT NULL THEN TRUE END AS stale
  FROM signals"""


_RULES = """
  SELECT *,
    NOT (intent IN ('billing', 'shipping', 'returns', 'pricing')) AS unsupported_intent,
    toxicity > 0.8 AS toxic,
    tokens > 4000 AS long,
    language <> 'en' AS foreign_language,
    size = 0 AS empty,
    size > 0 AND best < 0.55 AS weak,
    claims > 0 AS unsupported,
    intent = 'billing' AND citations = 0 AS uncited,
    confidence < 0.7 AS unsure,
    heat > 1.0 AND model = 'draft' AS hot
  FROM lists"""

_DECISIONS = """
  SELECT intent, tenant, tokens, citations, confidence, latency, best,
    toxic IS TRUE OR request_unknown OR (NOT at_request AND (out_of_bounds IS TRUE OR retrieval_unknown))
      OR (NOT at_request AND NOT at_retrieval AND answer_unknown) AS violated,
    CASE
      WHEN at_request THEN CASE WHEN unsupported_intent OR toxic OR long THEN 'refuse'
        WHEN request_unknown THEN 'abstain' ELSE 'escalate' END
      WHEN at_retrieval THEN CASE WHEN out_of_bounds THEN 'refuse' ELSE 'abstain' END
      WHEN unsupported OR uncited OR answer_unknown THEN 'abstain'
      WHEN unsure THEN 'escalate'
      WHEN stale OR hot THEN 'flag'
      ELSE 'answer' END AS action,
    NOT CASE WHEN at_request THEN request_held WHEN at_retrieval THEN retrieval_held
      ELSE FALSE END AS came
  FROM stops"""
"""`came` says whether the record counts at the answer: no rule that held stopped it before."""

_STOPS = """
  SELECT *, request_held OR request_unknown AS at_request,
    retrieval_held OR retrieval_unknown AS at_retrieval
  FROM (
    SELECT *,
      (unsupported_intent OR toxic OR long OR foreign_language) IS TRUE AS request_held,
      unsupported_intent IS NULL OR toxic IS NULL OR long IS NULL OR foreign_language IS NULL
        AS request_unknown,
      (out_of_bounds OR empty OR weak) IS TRUE AS retrieval_held,
      out_of_bounds IS NULL OR empty IS NULL OR weak IS NULL OR stale IS NULL AS retrieval_unknown,
      unsupported IS NULL OR uncited IS NULL OR unsure IS NULL OR hot IS NULL AS answer_unknown
    FROM rules) AS asked"""


def _metrics(dialect: Dialect) -> str:
    answered = "action IN ('answer', 'flag')"

    known = "CASE WHEN came THEN latency END"

    def quantile(value: str) -> str:
        return dialect.tail.format(value)

    return f"""
  SELECT
    CASE WHEN grouping(intent) = 0 THEN 'request.intent' WHEN grouping(tenant) = 0
      THEN 'request.tenant' WHEN grouping(action) = 0 THEN 'decision.action' ELSE '' END AS kind,
    CASE WHEN grouping(intent) = 0 THEN coalesce(intent, '(unknown)') WHEN grouping(tenant) = 0
      THEN coalesce(tenant, '(unknown)') WHEN grouping(action) = 0 THEN action ELSE '' END AS slice,
    count(*) AS n,
    count(CASE WHEN {answered} THEN 1 END) AS answered,
    count(CASE WHEN action = 'refuse' THEN 1 END) AS refused,
    count(CASE WHEN violated THEN 1 END) AS violated,
    count(CASE WHEN intent = 'billing' AND action = 'abstain' THEN 1 END) AS billing_abstained,
    count(CASE WHEN intent = 'billing' THEN 1 END) AS billing,
    count(CASE WHEN intent IS NULL AND action = 'abstain' THEN 1 END) AS maybe_billing_abstained,
    count(CASE WHEN intent IS NULL THEN 1 END) AS maybe_billing,
    count(CASE WHEN {answered} AND citations = 0 THEN 1 END) AS uncited,
    count(CASE WHEN {answered} THEN citations END) AS uncited_known,
    count(CASE WHEN came THEN 1 END) AS came,
    sum(CASE WHEN came THEN confidence END) AS confidence,
    count(CASE WHEN came THEN confidence END) AS confidence_known,
    sum(CASE WHEN {answered} THEN best END) AS best,
    count(CASE WHEN {answered} THEN best END) AS best_known,
    {quantile(known)} AS latency,
    {quantile(f"CASE WHEN came THEN coalesce({known}, 0) END")} AS latency_low,
    {quantile(f"CASE WHEN came THEN coalesce({known}, {INFINITY}) END")} AS latency_high,
    sum(CAST(tokens AS DOUBLE)) AS tokens,
    count(tokens) AS tokens_known,
    count(DISTINCT tenant) AS tenants,
    count(tenant) AS tenants_known
  FROM decisions
  GROUP BY GROUPING SETS ((), (intent), (tenant), (action))"""


def values(row: Mapping[str, Any]) -> dict[str, Bounds]:
    """The ten metrics of one row of the query."""
    count = row["n"]
    held = row["billing_abstained"], row["billing"]
    maybe = row["maybe_billing_abstained"], row["maybe_billing"]
    return {
        "answered": _sure(_divided(row["answered"], count)),
        "refused": _sure(_divided(row["refused"], count)),
        "violated": _sure(_divided(row["violated"], count)),
        "billing_abstained": _rate_where(held, maybe),
        "uncited": _rate(row["uncited"], row["uncited_known"], row["answered"]),
        "confidence": _mean(row["confidence"], row["confidence_known"], row["came"], 0.0, 1.0),
        "best": _mean(row["best"], row["best_known"], row["answered"], -inf, inf),
        "latency_p95": (row["latency"], row["latency_low"], row["latency_high"]),
        "tokens": _sum(row["tokens"], count - row["tokens_known"]),
        "tenants": (
            row["tenants"],
            row["tenants"],
            row["tenants"] + count - row["tenants_known"],
        ),
    }


def _sure(value: float | None) -> Bounds:
    return value, value, value


def _divided(total: float, count: float) -> float | None:
    return total / count if count else None


def _rate(true: int, known: int, count: int) -> Bounds:
    highest = _divided(true + count - known, count)
    return _divided(true, known), _divided(true, count), highest


def _rate_where(held: Sequence[int], maybe: Sequence[int]) -> Bounds:
    """A rate where for some it is unknown whether they count: these count as is worst."""
    (true, sure), (maybe_true, open_) = held, maybe
    low = _divided(true, sure + open_ - maybe_true)
    high = _divided(true + maybe_true, sure + maybe_true)
    return _divided(true, sure), high if low is None else low, low if high is None else high


def _mean(total: float | None, known: int, count: int, low: float, high: float) -> Bounds:
    sum_, unknown = total or 0.0, count - known
    ends = (_divided(sum_ + (unknown * end if unknown else 0.0), count) for end in (low, high))
    return _divided(sum_, known), *ends


def _sum(total: float | None, unknown: int) -> Bounds:
    """A sum of numbers that are not negative and have no upper bound."""
    sum_ = total or 0.0
    return sum_, sum_, sum_ + (inf if unknown else 0.0)
