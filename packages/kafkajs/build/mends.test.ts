import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { KAFKAJS_SOURCE, loadMended } from './load-mended.ts'
import { applyMend, mends } from './mends.ts'
import { patches } from './patches.ts'
import { replacements } from './replacements.ts'

test('each mend meets kafkajs exactly once, and names the report of its fault', () => {
  for (const mend of mends) {
    const before = readFileSync(join(KAFKAJS_SOURCE, mend.file), 'utf8')
    expect(applyMend(before, mend)).not.toBe(before)
    expect(mend.fault).toMatch(/https:\/\/github\.com\/tulios\/kafkajs\//)
  }
})

test('another kafkajs is not mended blindly', () => {
  const [[patch], [replacement]] = [patches, replacements]
  expect(() => applyMend('something else', patch!)).toThrow('found 0')
  expect(() => applyMend('something else', replacement!)).toThrow('expected the file of kafkajs 2.2.4')
})

test('a mended idle request queue plans no timer', () => {
  type Queue = new (options: object) => { throttleCheckTimeoutId: unknown; checkPendingRequests(): void }
  const RequestQueue = loadMended<Queue>('network/requestQueue/index.js')
  const queue = new RequestQueue({ logger: { debug: () => {} }, requestTimeout: 100, enforceRequestTimeout: false })
  queue.checkPendingRequests()

  expect(queue.throttleCheckTimeoutId).toBeNull()
})
