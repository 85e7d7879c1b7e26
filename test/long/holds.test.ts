import { afterAll, beforeAll, describe, test } from 'vitest'
import { expectHeldThenServed } from '../e2e/held-consumers.ts'
import { HELD_TOPIC, type HoldWorld, startHoldWorld } from '../e2e/hold-world.ts'
import { needsPart } from '../reporter/parts.ts'
import { SWEPT } from '../sweep/recorder.ts'

const HELD_MS = 180_000
const VALUES = Array.from({ length: 30 }, (_, n) => `payment-${n}-${SWEPT}`)

let hold: HoldWorld

beforeAll(async () => {
  hold = await startHoldWorld(['kafkajs', 'java', 'kcat'])
  await hold.produce(HELD_TOPIC, VALUES)
})

afterAll(() => hold?.world.close())

describe('a consumer that is held for three minutes stays in its group, and then reads every record from where it stood', () => {
  test.concurrent('kafkajs [long-hold-kafkajs]', () => expectHeldThenServed(hold, 'kafkajs', VALUES, HELD_MS))

  test.concurrent("Kafka's Java consumer [long-hold-java]", () => expectHeldThenServed(hold, 'java', VALUES, HELD_MS))

  test.concurrent('kcat [long-hold-kcat]', async (context) => {
    needsPart(context, 'kcat')
    await expectHeldThenServed(hold, 'kcat', VALUES, HELD_MS)
  })
})
