// Performs a plan with node-smpp: steps as JSON on standard input, what the library saw as one JSON object per line.
// A step that needs a message id names the earlier step whose first one is meant (`of_step`, from zero).
'use strict';

const fs = require('fs');
const smpp = require('smpp');

const { cstring, string } = smpp.types.tlv;
smpp.addTLV('idempotency_key', { id: 0x1450, type: string });
smpp.addTLV('dispatch_id', { id: 0x1451, type: string });
smpp.addTLV('price_request', { id: 0x1421, type: string });
smpp.addTLV('price', { id: 0x1422, type: cstring });

const ALPHANUMERIC = 5;
const INTERNATIONAL = 1;
const E164 = 1;

const plan = JSON.parse(fs.readFileSync(0, 'utf8'));
const tls = plan.certificate && { tls: true, ca: fs.readFileSync(plan.certificate) };
const session = smpp.connect({ host: plan.host, port: plan.port, ...tls });
session.on('error', (error) => {
  console.error(error);
  process.exit(1);
});
session.on('enquire_link', (pdu) => session.send(pdu.response()));

const receipts = [];
session.on('deliver_sm', (pdu) => {
  receipts.push({ id: pdu.receipted_message_id, state: pdu.message_state, from: pdu.source_addr });
  session.send(pdu.response());
  session.emit('receipt');
});

// Resolves with the response to a request.
const ask = (command, options) => new Promise((resolve) => session[command](options, resolve));

const addresses = (step) => ({
  source_addr_ton: ALPHANUMERIC,
  source_addr: step.from,
  dest_addr_ton: INTERNATIONAL,
  dest_addr_npi: E164,
  destination_addr: step.to,
});

const perform = {
  async bind(step) {
    const answer = await ask('bind_' + step.mode, {
      system_id: plan.system_id,
      password: plan.password,
      interface_version: 0x34,
    });
    return { status: answer.command_status, server: answer.system_id };
  },

  // Text that is longer than one short message travels in message_payload, as this library does not split it.
  async submit(step) {
    const carrier = step.text.length > 140 ? 'message_payload' : 'short_message';
    const asks = { registered_delivery: step.receipt ? 1 : 0 };
    return submitted(await ask('submit_sm', { ...addresses(step), ...asks, [carrier]: step.text, ...step.tlvs }));
  },

  async data(step) {
    return submitted(await ask('data_sm', { ...addresses(step), message_payload: step.text, ...step.tlvs }));
  },

  async multi(step) {
    const { destination_addr: _, ...common } = addresses(step);
    const answer = await ask('submit_multi', {
      ...common,
      dest_address: step.to.map((destination_addr) => ({
        dest_addr_ton: INTERNATIONAL,
        dest_addr_npi: E164,
        destination_addr,
      })),
      short_message: step.text,
    });
    const refused = (answer.unsuccess_sme || []).map((sme) => [sme.destination_addr, sme.error_status_code]);
    return { ...submitted(answer), refused };
  },

  async query(step) {
    const answer = await ask('query_sm', {
      message_id: idOf(step),
      source_addr_ton: ALPHANUMERIC,
      source_addr: step.from,
    });
    return { status: answer.command_status, message_id: answer.message_id, state: answer.message_state };
  },

  async cancel(step) {
    const answer = await ask('cancel_sm', { ...addresses(step), message_id: idOf(step) });
    return { status: answer.command_status, command: answer.command };
  },

  // Waits until so many receipts have come since the session began.
  async receipts(step) {
    while (receipts.length < step.count) await new Promise((resolve) => session.once('receipt', resolve));
    return { receipts };
  },

  async enquire_link() {
    const answer = await ask('enquire_link', {});
    return { status: answer.command_status, command: answer.command };
  },

  async unbind() {
    const answer = await ask('unbind', {});
    return { status: answer.command_status, command: answer.command };
  },
};

const seen = [];

const idOf = (step) => seen[step.of_step].message_ids[0];

function submitted(answer) {
  const result = { status: answer.command_status };
  if (!answer.command_status) result.message_ids = [answer.message_id];
  if (answer.price !== undefined) result.price = String(answer.price);
  return result;
}

async function main() {
  await new Promise((resolve) => session.on(tls ? 'secureConnect' : 'connect', resolve));
  for (const step of plan.steps) {
    seen.push(await perform[step.do](step));
    console.log(JSON.stringify(seen.at(-1)));
  }
  session.destroy();
}

main();
