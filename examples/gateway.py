#!/usr/bin/env python3
"""A small SMPP 3.4 gateway: binds, submits one message, and waits for its receipt.

Only Python's standard library is used, so that every octet can be seen. A gateway in production keeps a window of
unanswered messages and binds again when its connection is lost; Tollgate needs nothing else of it.
"""

import argparse
import socket
import struct
import sys
import time

BIND_TRANSCEIVER, SUBMIT_SM, DELIVER_SM = 0x09, 0x04, 0x05
UNBIND, ENQUIRE_LINK, RESPONSE = 0x06, 0x15, 0x80000000
ESME_ROK, ESME_RINVCMDID = 0x00, 0x03

# Tollgate's TLVs, as the shipped configuration numbers them (`[tlv]` in tollgate.toml).
IDEMPOTENCY_KEY, PRICE_REQUEST, PRICE, BALANCE, REASON = 0x1450, 0x1421, 0x1422, 0x1423, 0x1452


def c_string(text):
    return text.encode("ascii") + b"\0"


def tlv(tag, value):
    return struct.pack(">HH", tag, len(value)) + value


def tlvs(octets):
    """The optional parameters at the end of a PDU, by tag."""
    found = {}
    while len(octets) >= 4:
        tag, length = struct.unpack_from(">HH", octets)
        found[tag], octets = octets[4 : 4 + length], octets[4 + length :]
    return found


def text_of(value):
    """A text in a TLV, which ends with a NUL."""
    return value.rstrip(b"\0").decode("ascii")


class Gateway:
    """One connection that is bound as a transceiver."""

    def __init__(self, address, system_id, password):
        self.stream = socket.create_connection(address, timeout=30)
        self.sequence = 0
        self.receipts = []
        no_address_range = struct.pack(">BBB", 0x34, 0, 0) + c_string("")
        body = c_string(system_id) + c_string(password) + c_string("") + no_address_range
        status, _ = self.ask(BIND_TRANSCEIVER, body)
        if status != ESME_ROK:
            raise SystemExit(f"the bind was refused with 0x{status:02X}")

    def submit(self, source, destination, text, key):
        """Submits a text in GSM 03.38 (here: ASCII). Answers status, message id and Tollgate's TLVs."""
        message = text.encode("ascii")
        body = c_string("")  # service_type
        body += struct.pack(">BB", 5, 0) + c_string(source)  # an alphanumeric sender
        body += struct.pack(">BB", 1, 1) + c_string(destination)  # an international number
        body += struct.pack(">BBB", 0, 0, 0) + c_string("") + c_string("")  # at once, valid as long as may be
        body += struct.pack(">BBBB", 1, 0, 0, 0)  # with a receipt; data_coding 0
        body += struct.pack(">B", len(message)) + message
        body += tlv(PRICE_REQUEST, b"1") + (tlv(IDEMPOTENCY_KEY, key.encode("ascii")) if key else b"")
        status, answer = self.ask(SUBMIT_SM, body)
        message_id, _, rest = answer.partition(b"\0")
        return status, message_id.decode("ascii"), tlvs(rest)

    def receipt(self, deadline):
        """The next receipt, or None when it does not come in time."""
        while not self.receipts and time.monotonic() < deadline:
            self.stream.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                self.take(*self.read())
            except TimeoutError:
                break
        return self.receipts.pop(0) if self.receipts else None

    def unbind(self):
        self.ask(UNBIND, b"")
        self.stream.close()

    def ask(self, command, body):
        """Sends a request and reads until its answer is there."""
        self.sequence += 1
        self.stream.settimeout(30)
        self.write(command, ESME_ROK, self.sequence, body)
        while True:
            answer, status, sequence, body = self.read()
            if answer == command | RESPONSE and sequence == self.sequence:
                return status, body
            self.take(answer, status, sequence, body)

    def take(self, command, _status, sequence, body):
        """Answers what the server asks in between."""
        if command == DELIVER_SM:
            # The message id in a receipt's text is decimal, as in the submit_sm_resp.
            self.receipts.append(body[body.index(b"id:") :].split(b"\0")[0].decode("latin1"))
            self.write(DELIVER_SM | RESPONSE, ESME_ROK, sequence, b"\0")
        elif command in (ENQUIRE_LINK, UNBIND):
            self.write(command | RESPONSE, ESME_ROK, sequence, b"")
        elif command < RESPONSE:
            self.write(RESPONSE, ESME_RINVCMDID, sequence, b"")

    def write(self, command, status, sequence, body):
        self.stream.sendall(struct.pack(">IIII", 16 + len(body), command, status, sequence) + body)

    def read(self):
        length, command, status, sequence = struct.unpack(">IIII", self.exactly(16))
        return command, status, sequence, self.exactly(length - 16)

    def exactly(self, octets):
        read = b""
        while len(read) < octets:
            piece = self.stream.recv(octets - len(read))
            if not piece:
                raise SystemExit("the server closed the connection")
            read += piece
        return read


def main():
    parser = argparse.ArgumentParser(description="Submit one message over SMPP and wait for its receipt.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=2775)
    parser.add_argument("--system-id", default="biz_test_001")
    parser.add_argument("--password", default="secret01")
    parser.add_argument("--from", dest="source", default="ACME", help="sender, at most 11 characters")
    parser.add_argument("--to", required=True, help="destination, international and without +")
    parser.add_argument("--text", default="Your code is 493817")
    parser.add_argument("--key", help="idempotency key; a resend with the same key is not charged again")
    parser.add_argument("--wait", type=float, default=10, metavar="SECONDS", help="for the receipt")
    options = parser.parse_args()

    gateway = Gateway((options.host, options.port), options.system_id, options.password)
    status, message_id, extra = gateway.submit(options.source, options.to, options.text, options.key)
    if status != ESME_ROK:
        reason = text_of(extra.get(REASON, b"unknown"))
        print(f"refused with 0x{status:02X}, {reason}")
        gateway.unbind()
        sys.exit(1)
    # A resend with the same key gets the same id and price again, and is charged nothing.
    price, balance = (text_of(extra.get(tag, b"")) for tag in (PRICE, BALANCE))
    print(f"charged {message_id}: price {price}, balance {balance}")
    receipt = gateway.receipt(time.monotonic() + options.wait)
    print(f"receipt {receipt}" if receipt else "no receipt yet; it waits for the next bind")
    gateway.unbind()


if __name__ == "__main__":
    main()
