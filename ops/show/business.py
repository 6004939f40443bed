"""Who takes part in the business that is shown: customers, resellers with customers of their own, and what they have asked for."""

from . import offers
from .api import Api

PASSWORD = "look around 4 once"
ADMIN = "operations@example.com"
SMPP_PASSWORD = "gateway7"

RESELLER = "brightreach"
# Account, name, plan, parent, first top-up, settings.
ACCOUNTS = [
    ("acme", "Acme Retail", "professional", None, "2500.00", {"low_balance_threshold": "100.00"}),
    ("nordbank", "Nordbank", "enterprise", None, "9000.00", {"senders": {"policy": "approved"}, "low_balance_threshold": "500.00"}),
    # Its customers pay by a plan with volume tiers, the last of which are below what it pays itself: it knows that.
    (RESELLER, "BrightReach Messaging", "enterprise", None, "5000.00", {"is_reseller": True, "chain": True, "below_cost": "allow"}),
    ("tinyshop", "Tiny Shop", "starter", RESELLER, "40.00", {"low_balance_threshold": "50.00"}),
    ("cityclinic", "City Clinic", "starter", RESELLER, "300.00", {"caps": [{"name": "daily", "span": "day", "max_amount": "100.00"}]}),
    ("orbitpay", "Orbit Pay", "professional", None, "1200.00", {"credit_limit": "1000.00"}),
]
# Role, e-mail address, name, account.
USERS = [
    ("reseller", "reseller@example.com", "Rina Reseller", RESELLER),
    ("customer", "customer@example.com", "Carl Customer", "acme"),
    ("customer", "clinic@example.com", "Clara Clinic", "cityclinic"),
]
SENDERS = [
    ("acme", "ACME", "transactional", "approve"),
    ("acme", "ACME Sale", "marketing", None),
    ("nordbank", "NORDBANK", "otp", "approve"),
    ("nordbank", "NB Alerts", "service", None),
    ("orbitpay", "PayPal", "service", "reject"),
    ("tinyshop", "TinyShop", "marketing", None),
]
TEMPLATES = [
    ("nordbank", "Log-in code", "Your code is {code}. Nobody at Nordbank will ask for it.", "otp", "approve"),
    ("acme", "Parcel on its way", "Your parcel {number} arrives on {day}.", "transactional", None),
]
# A supplier's list that waits for somebody to look at it: one price is ten times what it was.
PRICE_LIST = """Beta Networks - wholesale SMS
Currency;EUR

Country;Network;MCC;MNC;Rate per SMS;Effective date
Kenya;Safaricom;639;02;0,0131;01.12.2026
Kenya;Airtel;639;03;0,134;01.12.2026
Nigeria;all networks;621;*;0,0255;01.12.2026
Rates exclude taxes
"""
# Gateways that submit: account, messages per second, what they send.
SOURCE = "ACME"
SOURCES = {"nordbank": "NORDBANK"}
GATEWAYS = [("acme", 6, "real"), ("orbitpay", 4, "flawed"), ("cityclinic", 2, "real"), ("tinyshop", 1, "short"), ("nordbank", 3, "short")]


def make(base):
    """Makes the accounts, users and what they have asked for, and gives the ids of what a test looks at."""
    admin = Api(base, ADMIN, PASSWORD)
    for name, title, plan, parent, paid, settings in ACCOUNTS:
        body = {"id": name, "plan": plan, "password": SMPP_PASSWORD, "settings": {"name": title, "system_id": name, **settings}}
        if parent:
            body["parent"] = parent
        admin.post("/v1/accounts", body)
        admin.post(f"/v1/accounts/{name}/topups", {"amount": paid, "reference": f"first-{name}"})
    for role, email, name, account in USERS:
        admin.post("/v1/users", {"role": role, "email": email, "name": name, "account": account, "password": PASSWORD})
    for account, name, category, decision in SENDERS:
        made = admin.post("/v1/nicknames", {"account": account, "name": name, "category": category, "description": f"Messages of {account}"})
        moderate(admin, "nicknames", made, decision)
    for account, name, body, category, decision in TEMPLATES:
        made = admin.post("/v1/templates", {"account": account, "name": name, "body": body, "category": category})
        moderate(admin, "templates", made, decision)
    made = admin.send("POST", "/v1/imports?operator=beta&name=Beta%20December", PRICE_LIST, "text/csv")
    return {"import": made["id"], **offers.make(admin, RESELLER, "acme", "cityclinic")}


def moderate(admin, kind, made, decision):
    """Decides about a sender ID or a template."""
    if decision:
        reason = {"reason": "The name belongs to somebody else"} if decision == "reject" else {}
        admin.post(f"/v1/{kind}/{made['id']}/moderate", {"decision": decision, **reason})
