"""Performs a plan with smpplib: steps as JSON on standard input, what the library saw as one JSON object per line.

A step that needs a message id names the earlier step whose first one is meant (`of_step`, from zero).
"""

import json
import sys

import smpplib.client
import smpplib.command
import smpplib.consts as consts
import smpplib.exceptions
import smpplib.gsm
import smpplib.smpp

# The library knows optional parameters by name only, so vendors' ones are added to its tables.
VENDOR_TLVS = {"idempotency_key": 0x1450, "dispatch_id": 0x1451, "price_request": 0x1421, "price": 0x1422}
consts.OPTIONAL_PARAMS.update(VENDOR_TLVS)
for command in (smpplib.command.SubmitSM, smpplib.command.SubmitSMResp):
    for name in VENDOR_TLVS:
        command.params[name] = smpplib.command.Param(type=str, max=65)
        setattr(command, name, None)
    command.params_order = tuple(command.params_order) + tuple(VENDOR_TLVS)


class Session:
    def __init__(self, plan):
        self.client = smpplib.client.Client(
            plan["host"], plan["port"], timeout=10, allow_unknown_opt_params=True
        )
        self.login = {"system_id": plan["system_id"], "password": plan["password"]}
        self.answer = None
        self.seen = []
        self.client.set_message_sent_handler(lambda pdu: self.keep(pdu))
        self.client.set_query_resp_handler(lambda pdu: self.keep(pdu))

    def keep(self, pdu):
        self.answer = pdu

    def wait(self):
        """The next answer; an error status is raised by the library itself."""
        self.answer = None
        while self.answer is None:
            self.client.read_once(auto_send_enquire_link=False)
        return self.answer

    def bind(self, step):
        self.client.connect()
        answer = getattr(self.client, "bind_" + step["mode"])(**self.login)
        return {"status": answer.status, "server": text(answer.system_id)}

    def submit(self, step):
        parts, coding, esm_class = smpplib.gsm.make_parts(step["text"])
        seen = {"status": 0, "data_coding": coding, "message_ids": []}
        for part in parts:
            self.client.send_message(
                source_addr_ton=consts.SMPP_TON_ALNUM,
                source_addr=step["from"],
                dest_addr_ton=consts.SMPP_TON_INTL,
                dest_addr_npi=consts.SMPP_NPI_ISDN,
                destination_addr=step["to"],
                short_message=part,
                data_coding=coding,
                esm_class=esm_class,
                **step.get("tlvs", {}),
            )
            answer = self.wait()
            seen["message_ids"].append(text(answer.message_id))
            if answer.price is not None:
                seen["price"] = text(answer.price)
        return seen

    def query(self, step):
        self.client.query_message(
            message_id=self.seen[step["of_step"]]["message_ids"][0],
            source_addr_ton=consts.SMPP_TON_ALNUM,
            source_addr=step["from"],
        )
        answer = self.wait()
        return {"status": answer.status, "message_id": text(answer.message_id), "state": answer.message_state}

    def enquire_link(self, _step):
        self.client.send_pdu(smpplib.smpp.make_pdu("enquire_link", client=self.client))
        answer = self.client.read_pdu()
        return {"status": answer.status, "command": answer.command}

    def unbind(self, _step):
        answer = self.client.unbind()
        self.client.disconnect()
        return {"status": answer.status, "command": answer.command}


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def main():
    plan = json.load(sys.stdin)
    session = Session(plan)
    for step in plan["steps"]:
        try:
            seen = getattr(session, step["do"])(step)
        except smpplib.exceptions.PDUError as error:
            seen = {"status": error.args[1], "raised": type(error).__name__}
        session.seen.append(seen)
        print(json.dumps(seen), flush=True)
    session.client._socket = None  # a session left open on purpose is no reason to warn


main()
