"""Uses the client that openapi-python-client made of the document: logs in, makes an account, repeats that, and reads a list
and a problem.

Usage: python client.py FOLDER BASE EMAIL PASSWORD, where FOLDER has the package `tollgate_client`.
"""

import sys

folder, base, email, password = sys.argv[1:]
sys.path.insert(0, folder)

from tollgate_client import AuthenticatedClient, Client  # noqa: E402
from tollgate_client.api.accounts import create_account, get_account, list_accounts  # noqa: E402
from tollgate_client.api.auth import login  # noqa: E402
from tollgate_client.api.wallets import list_transactions  # noqa: E402
from tollgate_client.models import Login, NewAccount  # noqa: E402

token = login.sync(client=Client(base_url=base), body=Login(email=email, password=password)).access_token
client = AuthenticatedClient(base_url=base, token=token)
new = NewAccount(id="made_in_python", plan="starter")
made = [create_account.sync_detailed(client=client, body=new, idempotency_key="python-1") for _ in range(2)]
assert [answer.status_code for answer in made] == [201, 201], made
assert [answer.headers.get("idempotency-replayed") for answer in made] == [None, "true"], made
assert made[0].parsed.credentials.password and not made[1].parsed.credentials.password
ids = [account.id for account in list_accounts.sync(client=client, limit=100).items]
assert "made_in_python" in ids, ids
missing = get_account.sync_detailed("nobody", client=client)
assert (missing.status_code, missing.parsed.code) == (404, "not_found"), missing
page = list_transactions.sync("made_in_python", client=client)
assert page.items == [], page
# What was generated reads JSON; a file is fetched as it is.
address = "/v1/accounts/made_in_python/transactions"
file = client.get_httpx_client().get(address, params={"format": "csv"})
assert file.text.startswith("id,account,kind,amount,"), file
print("python: well")
