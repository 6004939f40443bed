"""An operator made with smpp34: answers submit_sm and sends receipts, in TLVs and text.

Options come as JSON in the first argument: `port`. What happens is printed as one JSON object per line. It ends with its
standard input.
"""

import asyncio
import json
import sys

import smpp34

RECEIPT = 0x04
DELIVERED = 2


def show(**event):
    print(json.dumps(event), flush=True)


async def report(session, submit, message_id):
    """The delivery receipt for a message, and what it was answered with."""
    text = f"id:{message_id} sub:001 dlvrd:001 submit date:2611210000 done date:2611210001 stat:DELIVRD err:000 text:"
    answer = await session.deliver_sm(
        submit.source_addr,
        text.encode(),
        source_addr=submit.destination_addr,
        source_addr_ton=1,
        source_addr_npi=1,
        esm_class=RECEIPT,
        tlvs=[
            smpp34.Tlv(smpp34.TLV_RECEIPTED_MESSAGE_ID, message_id.encode() + b"\0"),
            smpp34.Tlv(smpp34.TLV_MESSAGE_STATE, bytes([DELIVERED])),
        ],
    )
    show(event="receipt_answered", status=answer.command_status)


def submitted(session, submit, message_id):
    show(
        **{"event": "submit", "from": submit.source_addr, "to": submit.destination_addr},
        status=0,
        message_id=message_id,
        esm_class=submit.esm_class,
        data_coding=submit.data_coding,
        registered_delivery=submit.registered_delivery,
        octets=submit.short_message.hex(),
        tlvs={f"0x{tlv.tag:04x}": tlv.value.hex() for tlv in submit.tlvs},
    )
    submit.accept(message_id)
    if submit.registered_delivery & 1:
        return asyncio.create_task(report(session, submit, message_id))


async def serve(port):
    server = smpp34.Server("127.0.0.1", port, system_id="smpp34")
    await server.start()
    show(event="listening", port=port)
    sessions, reports, last_id = {}, set(), 500
    while True:
        event = await server.next()
        if isinstance(event, smpp34.Esme):
            sessions[event.session_id] = event
            show(event="bind", mode="transceiver", system_id=event.system_id)
        elif isinstance(event, smpp34.SubmitSmEvent):
            last_id += 1
            reports.add(submitted(sessions[event.session_id], event, f"{last_id:X}"))
        elif isinstance(event, smpp34.Unbound):
            show(event="closed")


async def main():
    options = json.loads(sys.argv[1])
    serving = asyncio.create_task(serve(options["port"]))
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await asyncio.wait([serving, ended], return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()
    serving.cancel()


asyncio.run(main())
