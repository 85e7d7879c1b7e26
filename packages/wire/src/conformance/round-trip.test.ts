import fc from 'fast-check'
import { expect, test } from 'vitest'
import { everyMessageVersion } from './message-arbitrary-fixture.ts'

const RUNS = Number(process.env['HEADGATE_FUZZ_RUNS'] ?? 6)

test('every message of every version comes back as it was, byte for byte, unknown tagged fields included [wire-roundtrip]', () => {
  const versions = everyMessageVersion()

  for (const { name, arbitrary, encode, decode } of versions) {
    fc.assert(
      fc.property(arbitrary, (message) => {
        const bytes = encode(message)
        const decoded = decode(bytes)

        expect(decoded, name).toEqual(message)
        expect(encode(decoded).equals(bytes), name).toBe(true)
      }),
      { numRuns: RUNS },
    )
  }
  expect(versions.length).toBeGreaterThan(500)
}, 120_000)
