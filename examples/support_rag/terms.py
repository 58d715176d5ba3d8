"""Text to search terms: lower case, no filler words, light stemming, a few synonyms."""

from __future__ import annotations

import re

WORD = re.compile(r"[^\W_]+(?:[.,]\d+)*(?:'[a-z]+)?")

FILLER = frozenset(
    """
    a about above after again all also am an and any are as ask at be because been before being
    but by can can't cannot come could did didn't do does doesn't doing don't down each else for
    from get getting give go going got had has hasn't have haven't he hello her here hi his how
    i i'd i'll i'm i've if in into is isn't it it's its just keeps let like made make may me
    might more most must my need nor not now of off often oh ok on once only or our out own
    please pls put should so some soon still tell than thank thanks that that's the their them
    then there these they this those through to too under until up us use used using very want
    was wasn't way we were what what's when where which while who why will with won't would yes
    yet you your
    """.split()
)

SYNONYMS = {
    "accepted": "accept",
    "bought": "buy",
    "broke": "broken",
    "christmas": "december",
    "coupon": "code",
    "defective": "faulty",
    "much": "cost",
    "ordering": "order",
    "package": "parcel",
    "packages": "parcels",
    "post": "send",
    "sent": "send",
    "ship": "deliver",
    "shipped": "delivered",
    "shipping": "delivery",
    "ships": "delivers",
    "shop's": "shop",
    "voucher": "code",
    "vouchers": "codes",
}

NUMBER_WORDS = {
    word: str(number)
    for number, word in enumerate("zero one two three four five six seven eight nine ten".split())
}

ENDINGS = ("ingly", "ings", "ing", "edly", "ies", "ed", "es", "s", "y", "e")
SHORTEST_STEM = 3


def terms(text: str) -> list[str]:
    """The search terms of a text, in order and with repetitions."""
    words = WORD.findall(text.lower().replace("’", "'"))
    return [stem(standard(word)) for word in words if word not in FILLER]


def standard(word: str) -> str:
    """A word as the help centre writes it: synonyms replaced, numbers in digits."""
    word = word.removesuffix("'s").replace(",", "")
    return NUMBER_WORDS.get(word) or SYNONYMS.get(word, word)


def stem(word: str) -> str:
    """A word without its English ending: `delivered` and `delivery` become `deliver`."""
    if word[0].isdigit():
        return word
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM:
            return undouble(word.removesuffix(ending))
    return undouble(word)


def undouble(word: str) -> str:
    """One consonant for two at the end: `cancell` becomes `cancel`."""
    return word[:-1] if len(word) > SHORTEST_STEM and word[-1] == word[-2] else word
