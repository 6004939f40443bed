// An operator made with node-smpp: answers submit_sm and sends receipts, with faults on demand.
//
// Options come as JSON in the first argument; what happens is printed as one JSON object per line. It ends with its
// standard input.
//
//   port, tls: {key, cert}   where it listens, and the PEM files that make it speak TLS
//   receipts                 "none", or what a receipt carries: "text", "tlvs" or "both"
//   hex_ids                  ids are hexadecimal in responses, and decimal in receipts
//   faults                   by the last two digits of a destination, the statuses of the first tries of a message
//   states                   by the last two digits of a destination, the message_state in its receipt
'use strict';

const fs = require('fs');
const smpp = require('smpp');

const INTERNATIONAL = 1;
const E164 = 1;
const RECEIPT = 0x04;
const DELIVERED = 2;
const WORDS = { 2: 'DELIVRD', 3: 'EXPIRED', 4: 'DELETED', 5: 'UNDELIV', 6: 'ACCEPTD', 7: 'UNKNOWN', 8: 'REJECTD' };

const options = { receipts: 'both', hex_ids: false, faults: {}, states: {}, ...JSON.parse(process.argv[2]) };
const tries = new Map();
let lastId = 1_000_000;

// The octets of a message as they came, not as the library would read them.
smpp.filters.message.decode = (octets) => octets;

const print = (event) => console.log(JSON.stringify(event));
const hex = (octets) => (Buffer.isBuffer(octets) ? octets.toString('hex') : '');
const suffix = (number) => number.slice(-2);

function vendorTlvs(pdu) {
  const tags = Object.keys(pdu).filter((key) => /^\d+$/.test(key));
  return Object.fromEntries(tags.map((tag) => ['0x' + (+tag).toString(16).padStart(4, '0'), hex(pdu[tag])]));
}

// The status of this try of a message.
function status(pdu) {
  const planned = options.faults[suffix(pdu.destination_addr)] || [];
  const message = pdu.destination_addr + hex(pdu.short_message);
  const made = tries.get(message) || 0;
  tries.set(message, made + 1);
  return planned[made] || 0;
}

function submitted(session, pdu) {
  const command_status = status(pdu);
  const id = ++lastId;
  const message_id = options.hex_ids ? id.toString(16).toUpperCase() : String(id);
  print({
    event: 'submit',
    status: command_status,
    message_id: command_status ? null : message_id,
    from: pdu.source_addr,
    to: pdu.destination_addr,
    esm_class: pdu.esm_class,
    data_coding: pdu.data_coding,
    registered_delivery: pdu.registered_delivery,
    octets: hex(pdu.short_message),
    payload: hex(pdu.message_payload),
    sar: [pdu.sar_msg_ref_num, pdu.sar_total_segments, pdu.sar_segment_seqnum].filter((part) => part !== undefined),
    tlvs: vendorTlvs(pdu),
  });
  session.send(pdu.response(command_status ? { command_status } : { message_id }));
  if (!command_status && pdu.registered_delivery & 1) report(session, pdu, id);
}

function report(session, pdu, id) {
  if (options.receipts === 'none') return;
  const state = options.states[suffix(pdu.destination_addr)] || DELIVERED;
  const delivered = state === DELIVERED ? '001' : '000';
  const text = `id:${id} sub:001 dlvrd:${delivered} submit date:2611210000 done date:2611210001 stat:${WORDS[state]} err:000 text:`;
  const receipt = {
    source_addr_ton: INTERNATIONAL,
    source_addr_npi: E164,
    source_addr: pdu.destination_addr,
    destination_addr: pdu.source_addr,
    esm_class: RECEIPT,
    short_message: Buffer.from(options.receipts === 'tlvs' ? '' : text),
  };
  if (options.receipts !== 'text') Object.assign(receipt, { receipted_message_id: String(id), message_state: state });
  session.deliver_sm(receipt, (answer) => print({ event: 'receipt_answered', status: answer.command_status }));
}

function serve(session) {
  session.on('error', (error) => print({ event: 'error', text: error.message }));
  session.on('close', () => print({ event: 'closed' }));
  for (const mode of ['transceiver', 'transmitter', 'receiver']) {
    session.on('bind_' + mode, (pdu) => {
      print({ event: 'bind', mode, system_id: pdu.system_id, encrypted: Boolean(session.socket.encrypted) });
      session.send(pdu.response({ system_id: 'node', sc_interface_version: 0x34 }));
    });
  }
  session.on('submit_sm', (pdu) => submitted(session, pdu));
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => {
    session.send(pdu.response());
    session.close();
  });
  session.on('unknown', (pdu) => session.send(pdu.response()));
}

const tls = options.tls && { key: fs.readFileSync(options.tls.key), cert: fs.readFileSync(options.tls.cert) };
const server = smpp.createServer(tls || {}, serve);
server.listen(options.port, '127.0.0.1', () => print({ event: 'listening', port: server.address().port }));
process.stdin.on('end', () => process.exit(0)).resume();
