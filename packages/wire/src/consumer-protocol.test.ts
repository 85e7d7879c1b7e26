import { isHeadgateError } from '@headgate/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  CONSUMER_PROTOCOL_VERSION,
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from './consumer-protocol.ts'
import { defaultConsumerProtocolAssignment } from './messages/consumer-protocol-assignment.ts'
import { defaultConsumerProtocolSubscription } from './messages/consumer-protocol-subscription.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 10 })
const owned = fc.array(fc.record({ topic: text, partitions: fc.array(fc.nat(), { maxLength: 3 }) }), { maxLength: 3 })
const userData = fc.option(fc.uint8Array({ maxLength: 10 }).map((bytes) => Buffer.from(bytes)))
const versions = Array.from({ length: CONSUMER_PROTOCOL_VERSION + 1 }, (_, version) => version)

test.each(versions)(
  'a subscription and an assignment of version %i come back as they were [wire-roundtrip]',
  (version) => {
    fc.assert(
      fc.property(fc.array(text, { maxLength: 3 }), userData, owned, (topics, bytes, partitions) => {
        const subscription = {
          ...defaultConsumerProtocolSubscription(),
          topics,
          userData: bytes,
          ownedPartitions: version >= 1 ? partitions : [],
          generationId: version >= 2 ? 7 : -1,
          rackId: version >= 3 ? 'rack' : null,
        }
        const assignment = { assignedPartitions: partitions, userData: bytes }

        expect(decodeSubscription(encodeSubscription(subscription, version))).toEqual({
          version,
          message: subscription,
        })
        expect(decodeAssignment(encodeAssignment(assignment, version))).toEqual({ version, message: assignment })
      }),
    )
  },
)

test('a newer version is read as the newest that is known, and what it adds at the end is left', () => {
  const subscription = { ...defaultConsumerProtocolSubscription(), topics: ['orders'] }
  const newer = Buffer.concat([encodeSubscription(subscription, CONSUMER_PROTOCOL_VERSION), Buffer.from('more')])
  newer.writeInt16BE(CONSUMER_PROTOCOL_VERSION + 5)

  expect(decodeSubscription(newer)).toEqual({ version: CONSUMER_PROTOCOL_VERSION + 5, message: subscription })
})

test('cut and random bytes give a coded error or a message [wire-hostile]', () => {
  const bytes = encodeAssignment({ ...defaultConsumerProtocolAssignment(), userData: Buffer.from('x') }, 3)
  for (let end = 0; end < bytes.length; end++)
    expect(code(() => decodeAssignment(bytes.subarray(0, end)))).toMatch(/^ERR_/)

  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (random) => {
      code(() => decodeSubscription(Buffer.from(random)))
      code(() => decodeAssignment(Buffer.from(random)))
    }),
  )
})

function code(run: () => unknown): string {
  try {
    run()
    return 'none'
  } catch (cause) {
    if (isHeadgateError(cause) && cause.code.startsWith('ERR_WIRE_')) return cause.code
    throw cause
  }
}
