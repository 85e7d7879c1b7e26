import { Secret } from '@headgate/core'
import { encodeBatch, encodeRecords } from '@headgate/wire'
import fc from 'fast-check'
import type { IHeaders, KafkaMessage } from 'kafkajs'
import { expect, test } from 'vitest'
import { MaskCompiler } from '../../packages/gateway/src/data-plane/records/compiled-mask.ts'
import { maskRecordSet } from '../../packages/gateway/src/data-plane/records/mask-record-set.ts'
import { type DecodedBatch, decodeSet } from '../../packages/gateway/src/data-plane/records/record-set-fixture.ts'
import { maskIncoming } from '../../packages/kafkajs/src/masking/mask-incoming.ts'
import { MaskTally } from '../../packages/kafkajs/src/masking/mask-tally.ts'
import { anyMessage, anyOnUnreadable, anyRecordRules } from '../../packages/kafkajs/src/testing/arbitraries.ts'
import {
  clientMask,
  gatewayMask,
  maskOnce,
  messageOf,
  obligationOf,
} from '../../packages/kafkajs/src/testing/obligations.ts'

// The gateway masks record sets in place, the client what kafkajs makes of them: two programs over one plan.

const tokenKeys = [{ kid: 'k1', secret: new Secret(new Uint8Array(32).fill(7)) }]
const tokenRules = obligationOf({ key: { type: 'token', label: 'user' } }, 'withhold')
const token = `${maskOnce(gatewayMask(tokenRules, tokenKeys), messageOf({ key: Buffer.from('c-7') }))?.key}`

/** One batch that holds these records, as a broker has them. */
function encodeSet(messages: readonly KafkaMessage[]): Buffer {
  const records = messages.map(({ key, value, headers = {} }, offsetDelta) => ({
    attributes: 0,
    timestampDelta: 0n,
    offsetDelta,
    key,
    value,
    headers: Object.entries(headers).flatMap(([name, items]) =>
      (Array.isArray(items) ? items : [items]).map((item) => ({
        key: Buffer.from(name),
        value: item === undefined ? null : Buffer.from(item),
      })),
    ),
  }))
  const lastOffsetDelta = records.length - 1
  const times = { baseTimestamp: 1n, maxTimestamp: 1n }
  const producer = { producerId: -1n, producerEpoch: -1, baseSequence: -1 }
  const header = { baseOffset: 0n, partitionLeaderEpoch: 1, magic: 2, attributes: 0, lastOffsetDelta }
  return encodeBatch({ ...header, ...times, ...producer, recordCount: records.length }, encodeRecords(records))
}

/** As kafkajs hands a record out: repeated headers are one list. */
function toMessage({ key, value, headers, offset }: DecodedBatch['records'][number]): KafkaMessage {
  const grouped = new Map<string, (Buffer | null)[]>()
  for (const header of headers) {
    const name = header.key.toString()
    grouped.set(name, [...(grouped.get(name) ?? []), header.value])
  }
  const entries = [...grouped].map(([name, items]) => [name, items.length === 1 ? items[0] : items])
  return messageOf({ key, value, headers: Object.fromEntries(entries) as IHeaders, offset: `${offset}` })
}

const decode = (set: Buffer): KafkaMessage[] =>
  decodeSet(set).flatMap(({ isControl, records }) => (isControl ? [] : records.map(toMessage)))

test('of record sets that the gateway has masked the client changes nothing, and both mask the same [masks-agree]', () => {
  const batch = fc.array(anyMessage(token), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(anyRecordRules, anyOnUnreadable, batch, (rules, onUnreadable, messages) => {
      const obligation = obligationOf(rules, onUnreadable)
      const set = encodeSet(messages)
      const mask = new MaskCompiler(tokenKeys).compile(obligation)
      const form = onUnreadable === 'placeholder' ? 'placeholder' : 'marker'
      const shown = decode(maskRecordSet(set, { mask, fetchOffset: 0n, form }).records)

      const again = shown.map((message) => maskIncoming(clientMask(obligation), message, new MaskTally()))
      expect(again).toEqual(shown)
      const inClient = decode(set).flatMap((message) => maskOnce(gatewayMask(obligation, tokenKeys), message) ?? [])
      expect(inClient).toEqual(shown)
    }),
    { numRuns: Number(process.env['HEADGATE_FUZZ_RUNS'] ?? 3_000) },
  )
})
