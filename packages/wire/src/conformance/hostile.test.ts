import { isHeadgateError } from '@headgate/core'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { everyMessageVersion, type MessageVersion } from './message-arbitrary-fixture.ts'

const SEED = 20_261_124
const RANDOM_RUNS = Number(process.env['HEADGATE_FUZZ_RUNS'] ?? 20)
const MIB = 1024 * 1024

/** Decodes what may be anything; gives the code of the error, or `decoded`. Any other error fails the test. */
function outcome({ name, decode }: MessageVersion, bytes: Buffer): string {
  try {
    decode(bytes)
    return 'decoded'
  } catch (error) {
    if (isHeadgateError(error) && error.code.startsWith('ERR_WIRE_')) return error.code
    throw new Error(`${name}: an error without a code of wire's`, { cause: error })
  }
}

function sampleOf(message: MessageVersion): Buffer {
  const [value] = fc.sample(message.arbitrary, { numRuns: 1, seed: SEED + message.version })
  return message.encode(value ?? {})
}

test('a message that is cut at any byte gives a coded error [wire-hostile]', () => {
  for (const message of everyMessageVersion()) {
    const bytes = sampleOf(message)
    for (let cut = 0; cut < bytes.length; cut += 1) {
      expect(outcome(message, bytes.subarray(0, cut)), `${message.name} cut at ${cut}`).not.toBe('decoded')
    }
  }
}, 120_000)

test('random bytes give a coded error or a message, never anything else [wire-hostile]', () => {
  for (const message of everyMessageVersion()) {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        outcome(message, Buffer.from(bytes))
      }),
      { numRuns: RANDOM_RUNS },
    )
  }
}, 120_000)

test('a length or count that lies, wherever it stands, allocates nothing [wire-hostile]', () => {
  const lies = [
    Buffer.from([0x7f, 0xff, 0xff, 0xff]),
    Buffer.from([0xff, 0xff, 0xff, 0xff, 0x07]),
    Buffer.from([0x80, 0x00, 0x00, 0x00]),
  ]
  const before = memoryBytes()
  let most = 0

  for (const message of everyMessageVersion()) {
    const bytes = sampleOf(message)
    for (let at = 0; at < bytes.length; at += 1) {
      for (const lie of lies)
        outcome(message, Buffer.concat([bytes.subarray(0, at), lie, bytes.subarray(at + lie.length)]))
    }
    most = Math.max(most, memoryBytes() - before)
  }

  expect(most).toBeLessThan(256 * MIB)
}, 120_000)

function memoryBytes(): number {
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
