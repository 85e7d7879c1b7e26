import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { applyMend, mends } from './mends.ts'

const require = createRequire(import.meta.url)
const source = join(dirname(require.resolve('kafkajs/package.json')), 'src')

test('each mend meets kafkajs exactly once, and names the report of its fault', () => {
  for (const mend of mends) {
    const before = readFileSync(join(source, mend.file), 'utf8')
    expect(applyMend(before, mend)).toContain(mend.to)
    expect(mend.fault).toMatch(/https:\/\/github\.com\/tulios\/kafkajs\//)
  }
})

test('another kafkajs is not mended blindly', () => {
  const [mend] = mends
  expect(() => applyMend('something else', mend!)).toThrow('found 0')
})

test('a mended idle request queue plans no timer', () => {
  const [mend] = mends
  const file = join(source, mend!.file)
  const module = {
    exports: {} as new (options: object) => { throttleCheckTimeoutId: unknown; checkPendingRequests(): void },
  }
  const load = new Function('require', 'module', applyMend(readFileSync(file, 'utf8'), mend!))
  load(createRequire(file), module)
  const queue = new module.exports({ logger: { debug: () => {} }, requestTimeout: 100, enforceRequestTimeout: false })
  queue.checkPendingRequests()

  expect(queue.throttleCheckTimeoutId).toBeNull()
})
