import { isHeadgateError } from '@headgate/core'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { everyMessageVersion, type MessageVersion } from './message-arbitrary-fixture.ts'

const SEED = 20_261_124
const RANDOM_RUNS = Number(process.env['HEADGATE_FUZZ_RUNS'] ?? 20)

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
  for (const message of everyMessageVersion()) {
    const bytes = sampleOf(message)
    const lying = LIES.flatMap((lie) =>
      Array.from(bytes, (_, at) => Buffer.concat([bytes.subarray(0, at), lie, bytes.subarray(at + lie.length)])),
    )

    const made = buffersMade(() => {
      for (const each of lying) outcome(message, each)
    })
    expect(made, message.name).toBe(0)
  }
}, 120_000)

/** 2147483647 in four bytes and as a compact length, and the smallest int32. */
const LIES = ['7fffffff', 'ffffffff07', '80000000'].map((hex) => Buffer.from(hex, 'hex'))

/** How many buffers are made while `run` runs; what is decoded only views the bytes it was given. */
function buffersMade(run: () => void): number {
  const spies = [vi.spyOn(Buffer, 'alloc'), vi.spyOn(Buffer, 'allocUnsafe'), vi.spyOn(Buffer, 'from')]
  try {
    run()
    return spies.reduce((sum, { mock }) => sum + mock.calls.length, 0)
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
}
