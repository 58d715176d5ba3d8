"""A plain classifier of CLINC150's queries: naive Bayes over weighted words and pairs of them.

It is quick, and a formula without iteration: every machine gets the same numbers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.naive_bayes import MultinomialNB
from sklearn.pipeline import make_pipeline

OUT_OF_SCOPE = "oos"
DOMAINS = {
    "banking": """account_blocked balance bill_balance bill_due freeze_account interest_rate
        min_payment order_checks pay_bill pin_change report_fraud routing spending_history
        transactions transfer""",
    "credit_cards": """application_status apr card_declined credit_limit credit_limit_change
        credit_score damaged_card expiration_date improve_credit_score international_fees new_card
        redeem_rewards replacement_card_duration report_lost_card rewards_balance""",
    "kitchen_and_dining": """accept_reservations calories cancel_reservation confirm_reservation
        cook_time food_last how_busy ingredient_substitution ingredients_list meal_suggestion
        nutrition_info recipe restaurant_reservation restaurant_reviews restaurant_suggestion""",
    "home": """calendar calendar_update next_song order order_status play_music reminder
        reminder_update shopping_list shopping_list_update smart_home todo_list todo_list_update
        update_playlist what_song""",
    "auto_and_commute": """current_location directions distance gas gas_type jump_start
        last_maintenance mpg oil_change_how oil_change_when schedule_maintenance tire_change
        tire_pressure traffic uber""",
    "travel": """book_flight book_hotel car_rental carry_on exchange_rate flight_status
        international_visa lost_luggage plug_type timezone translate travel_alert
        travel_notification travel_suggestion vaccines""",
    "utility": """alarm calculator date definition find_phone flip_coin make_call
        measurement_conversion roll_dice share_location spelling text time timer weather""",
    "work": """direct_deposit income insurance insurance_change meeting_schedule next_holiday payday
        pto_balance pto_request pto_request_status pto_used rollover_401k schedule_meeting taxes
        w2""",
    "small_talk": """are_you_a_bot do_you_have_pets fun_fact goodbye greeting how_old_are_you
        meaning_of_life tell_joke thank_you what_are_your_hobbies what_can_i_ask_you
        what_is_your_name where_are_you_from who_do_you_work_for who_made_you""",
    "meta": """cancel change_accent change_ai_name change_language change_speed change_user_name
        change_volume maybe no repeat reset_settings sync_device user_name whisper_mode yes""",
}
"""The intents of each domain, as the data's authors group them; the files do not say."""
DOMAIN_OF = {intent: domain for domain, names in DOMAINS.items() for intent in names.split()}


def records(folder: Path) -> list[dict[str, Any]]:
    """The 3,000 queries of the validation file and 200 out of scope, classified.

    The classifier learns from the training file alone, and that has nothing out of scope.
    """
    learnt = _rows(folder / "train.jsonl")
    names = ("val", "oos_train", "oos_val")
    rows = [
        (f"{name}/{at}", row)
        for name in names
        for at, row in enumerate(_rows(folder / f"{name}.jsonl"))
    ]
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
        MultinomialNB(alpha=0.03),
    )
    model.fit([one["text"] for one in learnt], [one["intent"] for one in learnt])
    probabilities = model.predict_proba([row["text"] for _, row in rows])
    intents = [str(model.classes_[at]) for at in probabilities.argmax(axis=1)]
    return [
        {
            "id": name,
            "request": {"text": row["text"]},
            "classifier": {
                "intent": intent,
                "domain": DOMAIN_OF[intent],
                "confidence": float(confidence),
            },
            "outcome": {"intent": row["intent"], "in_scope": row["intent"] != OUT_OF_SCOPE},
        }
        for (name, row), intent, confidence in zip(
            rows, intents, probabilities.max(axis=1), strict=True
        )
    ]


def _rows(file: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]
