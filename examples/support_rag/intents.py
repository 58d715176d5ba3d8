"""Which topic a question is about: the nearest of a few example utterances, or `other`."""

from __future__ import annotations

from functools import cache

import bm25s  # pyright: ignore[reportMissingTypeStubs]
from terms import terms

NEAREST = 3  # the examples that have a say, each with its score
LEAST_SCORE = 1.2  # below this the question is like no example

EXAMPLES = {
    "billing": """
        how can I pay, do you accept PayPal, Visa or Apple Pay
        do you take American Express or another payment method at checkout
        when is my card charged for the order, is money reserved on my card
        my card was declined
        the payment failed and my bank wants me to approve it
        download my invoice or receipt, receipt for a guest
        how long do you keep invoices
        company VAT number on the invoice, VAT rate
        when will I get my refund on my bank account
        when does the refund appear, is it on my original payment method
        I was charged twice for one order, duplicate charge on my statement
        pending charge or reservation on my card
        gift card balance, code and validity
        pay with several gift cards
        pay in three instalments, late fee of Marlow Credit
        change or delete a saved card
        are my card numbers stored
        I do not recognise a charge on my bank statement
        trade account credit limit and payment terms
        apply for a trade account
        purchase order, direct debit, interest on late payment
    """,
    "shipping": """
        how long does delivery take, standard or express
        what does delivery cost, when is delivery free
        track my parcel, tracking does not update
        do you ship to another country, customs duties
        delivery to the islands, the Highlands or abroad
        I missed the delivery, the courier left a card
        pick-up point, neighbour, safe place, courier depot
        change the delivery address of my order
        cancel my order before dispatch
        my parcel is lost, tracking says delivered but nothing came
        the item arrived broken or damaged
        click and collect from a shop, collection
        delivery of furniture and large items by a crew
        only part of my order came, more than one parcel
        what are your boxes made of, recycled packaging, paper bin
        what time does the driver come, time slot by text
        can gas canisters be sent outside the country
        where is my order
    """,
    "returns": """
        how many days do I have to return something
        how do I return an item, print the return label
        what does it cost to return a parcel
        is sending something back free
        exchange for another size or colour, exchange for a different product
        the item is faulty, guarantee on tents and boots
        what does the guarantee cover
        which items cannot be returned, underwear, socks, maps, hygiene
        return a gift with a gift receipt, Christmas gifts
        check the status of my return, inspect a return
        trade returns, restocking fee, unopened goods
        repair a zip, tent or jacket, how long do repairs take
        I received the wrong item
        can I send back worn boots, tags, original packaging
        do I get my money back for boots
    """,
    "pricing": """
        do you match the price of another shop, price match
        my promo code is rejected
        can I use a discount code on sale items
        stack two voucher codes
        newsletter code, percent off
        student discount, discount for nurses and teachers
        how much is Fernhill Club membership a year
        cancel my Club membership
        what do members get
        the price dropped after I bought it, difference back
        are prices in euros or pounds, do prices include VAT, exchange rate
        bulk price for trade accounts, quote for many pieces, percentage off orders
        how much is gift wrapping, gift message
        the product was priced wrongly by mistake
        how much is this product, when is the sale
        loyalty points, bonus for a friend, money off
    """,
    "chitchat": """
        hi there, good morning
        hello, how are you today
        thanks, that is kind
        thank you, bye
        are you a robot or a human
        what is your name
        tell me a joke, you are funny
    """,
    "other": """
        write me a poem, song or story
        will it rain, what is the weather
        what is the capital of a country
        fix this code, Python function
        I am ill, which medicine should I take
        write a letter to my landlord
        should I buy shares
        are you hiring, jobs and careers
        which trail or mountain is the easiest
        who should I vote for, election
        how do I file my tax return
        what does a return flight cost
        read me the shipping forecast
        how long do I cook this recipe
        can I take it on a plane, hand luggage
    """,
}


def utterances() -> list[tuple[str, str]]:
    """Every example with its intent."""
    return [
        (intent, line.strip())
        for intent, lines in EXAMPLES.items()
        for line in lines.strip().splitlines()
    ]


@cache
def example_index() -> bm25s.BM25:
    """The search index over the examples."""
    index = bm25s.BM25(method="lucene", k1=0.6, b=0.75)
    index.index([terms(text) or [""] for _, text in utterances()], show_progress=False)
    return index


def classify(question: str) -> str:
    """The intent whose examples score highest among the nearest; `other` where none is near."""
    index = example_index()
    known = sorted({term for term in terms(question) if term in index.vocab_dict})
    if not known:
        return "other"
    intents = [intent for intent, _ in utterances()]
    scored = zip(index.get_scores(known), intents, strict=True)
    nearest = sorted(scored, key=lambda pair: -pair[0])[:NEAREST]
    if nearest[0][0] < LEAST_SCORE:
        return "other"
    votes = dict.fromkeys(EXAMPLES, 0.0)
    for score, intent in nearest:
        votes[intent] += float(score)
    return max(votes, key=lambda intent: votes[intent])
