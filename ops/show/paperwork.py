"""What the billing of a business leaves behind: invoices, payments, credit notes, statements, subscriptions and bundles on offer; and
who is told of it."""

from datetime import datetime, timedelta, timezone

from . import receiver
from .api import Api
from .business import ADMIN, PASSWORD, RESELLER

DAYS = 30
NUMBERS = ("254722000101", "254733000102", "2348031000103", "447700900104", "256772000105")
# An account that pays by invoice: it has credit and no top-ups.
POSTPAID = "metrogas"
READING = "Your meter was read. " * 40


def instant(time):
    """A time as the API takes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def make(base):
    """Makes the papers, and gives the ids of what a test looks at."""
    admin = Api(base, ADMIN, PASSWORD)
    endpoints(admin)
    admin.post("/v1/accounts", {"id": POSTPAID, "plan": "professional", "settings": {"name": "Metro Gas", "credit_limit": "500.00"}})
    for to in NUMBERS * 4:
        admin.post("/v1/charges", {"account": POSTPAID, "from": "METROGAS", "to": to, "text": READING})
    end = datetime.now(timezone.utc)
    period = {"period_start": instant(end - timedelta(days=DAYS)), "period_end": instant(end)}
    return {**documents(admin, period), **payments(admin), **offers(admin)}


def endpoints(admin):
    """Receivers of events: of a customer, of a reseller whose receiver is down, and of the house."""
    there = receiver.listen()
    down = "http://127.0.0.1:9/events"
    for account, url, types in (("acme", there, ["invoice.*", "payment.*", "statement.*"]), (RESELLER, down, ["*"]), (None, there, ["*"])):
        admin.post("/v1/webhook-endpoints", {"account": account, "url": url, "event_types": types, "accounts_below": account == RESELLER})


def documents(admin, period):
    """An invoice that is open in part, with a credit note; a draft; a statement."""
    party = {"name": "Metro Gas Ltd", "address_lines": ["Riverside Drive 7"], "city": "Nairobi", "country": "KE", "email": "books@metrogas.example"}
    admin.put(f"/v1/accounts/{POSTPAID}/invoice-terms", {"party": party, "tax": {"category": "standard", "rate_percent": "16"}})
    draft = admin.post("/v1/invoices", {"account": POSTPAID, **period})
    number = admin.post(f"/v1/invoices/{draft['id']}/send", {})["invoice_number"]
    admin.post(f"/v1/invoices/{number}/pay", {"amount": "1.00", "reference": "TT 4711"})
    note = admin.post(f"/v1/invoices/{number}/credit-notes", {"amount": "0.50", "reason": "A message was sent twice"})
    admin.post("/v1/invoices", {"account": "nordbank", **period})
    statement = admin.post("/v1/statements", {"account": "acme", **period})
    return {"invoice": number, "note": note["credit_note_number"], "statement": statement["statement_number"]}


def payments(admin):
    """A bank transfer that came and was refunded in part, and one that is awaited."""
    came = admin.post("/v1/payments", {"account": "acme", "amount": "150.00", "provider": "manual"})
    admin.post(f"/v1/payments/{came['id']}/confirm", {"bank_reference": "MT103 88120"})
    admin.post(f"/v1/payments/{came['id']}/refunds", {"amount": "25.00", "reason": "Paid too much"})
    admin.post("/v1/payments", {"account": "nordbank", "amount": "4000.00", "provider": "manual"})
    return {"payment": came["id"]}


def offers(admin):
    """Bundles and subscription plans, and a customer who subscribes."""
    kenya = {"name": "kenya-1000", "unit": "segments", "units": 1000, "price": "17.00", "currency": "USD", "countries": ["KE"], "validity": {"kind": "days", "days": 30}}
    admin.post("/v1/bundle-products", kenya)
    admin.post("/v1/subscription-plans", {"name": "growth", "description": "1,000 segments to Kenya each month", "price": "15.00", "currency": "USD",
                                          "period": {"kind": "month"}, "bundle": "kenya-1000", "trial_days": 0})
    admin.post("/v1/accounts/orbitpay/subscription", {"plan": "growth"})
    admin.post("/v1/accounts/nordbank/bundles", {"product": "kenya-1000"})
    return {}
