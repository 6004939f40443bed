"""What is on offer, and the papers of two accounts: bundles, subscriptions, a price list of the reseller, an invoice each."""

from datetime import datetime, timedelta, timezone

PRODUCTS = [
    {"name": "kenya-5000", "currency": "USD", "price": "80.00", "units": 5000, "unit": "segments", "countries": ["KE"], "validity": {"kind": "days", "days": 30}},
    {"name": "east-africa-20000", "currency": "USD", "price": "290.00", "units": 20000, "unit": "segments", "countries": ["KE", "UG", "TZ", "RW"], "validity": {"kind": "calendar_month"}},
]
PLANS = [
    {"name": "support", "description": "Answers within a day", "price": "15.00", "currency": "USD", "period": {"kind": "month"}, "tokens": 1000},
    {"name": "care", "description": "Answers within an hour", "price": "40.00", "currency": "USD", "period": {"kind": "month"}, "tokens": 5000},
    {"name": "partner", "description": "An engineer of your own, for a year", "price": "500.00", "currency": "USD", "period": {"kind": "year"}, "tokens": 80000, "trial_days": 14},
]
RECIPIENT = "254722000001"


def make(admin, reseller, customer, child):
    """Makes what is on offer, and gives the ids of the papers and messages that each of the two looks at."""
    for product in PRODUCTS:
        admin.post("/v1/bundle-products", product)
    for plan in PLANS:
        admin.post("/v1/subscription-plans", plan)
    admin.post(f"/v1/accounts/{customer}/subscription", {"plan": "support"})
    admin.post("/v1/price-lists", {"name": "retail", "owner": reseller, "currency": "USD", "mark_ups": [{"countries": ["KE"], "percent": "20"}, {"per_segment": "0.01"}]})
    admin.patch(f"/v1/accounts/{child}", {"price_list": "retail"})
    messages = {"customer": charge(admin, customer), "reseller": charge(admin, child)}
    admin.post(f"/v1/accounts/{customer}/bundles", {"product": "kenya-5000"})
    return {"messages": messages, "invoices": {"customer": invoice(admin, customer), "reseller": invoice(admin, reseller)}}


def charge(admin, account):
    """Charges a message, and gives its id."""
    return admin.post("/v1/charges", {"account": account, "from": "ACME", "to": RECIPIENT, "text": "A first message"})["message_id"]


def invoice(admin, account):
    """Sends an invoice for the time up to now, and gives its number."""
    now = datetime.fromisoformat(admin.get("/v1/clock")["now"])
    period = {"period_start": (now - timedelta(days=1)).astimezone(timezone.utc).isoformat(), "period_end": now.isoformat()}
    draft = admin.post("/v1/invoices", {"account": account, **period})
    return admin.post(f"/v1/invoices/{draft['id']}/send")["invoice_number"]
