"""An operator made with smppy: takes messages one at a time, with an empty message_id, and sends no receipts.

Options come as JSON in the first argument: `port`. What happens is printed as one JSON object per line. It ends with its
standard input.
"""

import asyncio
import json
import sys

import smppy


def show(**event):
    print(json.dumps(event), flush=True)


class Operator(smppy.Application):
    async def handle_bound_client(self, client):
        show(event="bind", mode="transceiver", system_id=client.system_id)
        return client

    async def handle_unbound_client(self, client):
        show(event="closed")

    async def handle_sms_received(self, client, source_number, dest_number, text):
        number = lambda value: value.decode() if isinstance(value, bytes) else value
        show(**{"event": "submit", "from": number(source_number), "to": number(dest_number)}, status=0, text=text)


async def main():
    port = json.loads(sys.argv[1])["port"]
    loop = asyncio.get_running_loop()
    operator = Operator("smppy")
    # The library's own create_server runs the loop by itself, which would leave none to see the end of standard input.
    server = await loop.create_server(lambda: smppy.server.SmppProtocol(app=operator), "127.0.0.1", port)
    show(event="listening", port=port)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(main())
