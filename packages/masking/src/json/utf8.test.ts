import { isUtf8 } from 'node:buffer'
import { expect, test } from 'vitest'
import { compilePlan } from '../plan/compile-plan.ts'
import { maskJsonBytes } from './mask-json-bytes.ts'

// The first and last byte of every range in Unicode's table 3-7, and their neighbours.
const EDGES = [
  0x22, 0x61, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef,
  0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
]
const NEXT = [0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0]

const plans = [
  compilePlan([{ fields: 'a', with: { type: 'default' } }]),
  compilePlan([{ detect: ['us-ssn'], with: { type: 'default' } }]),
]

function sequences(): number[][] {
  const all: number[][] = []
  for (let first = 0x80; first < 0x100; first += 1)
    for (let second = 0; second < 0x100; second += 1) if (second !== 0x22 && second !== 0x5c) all.push([first, second])
  for (const first of EDGES.filter((byte) => byte >= 0x80))
    for (const second of NEXT)
      for (const third of [...NEXT, 0x61])
        all.push([first, second, third], ...NEXT.map((fourth) => [first, second, third, fourth]))
  return all
}

function verdict(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) return 'not-utf8'
  try {
    JSON.parse(Buffer.from(bytes).toString())
    return 'taken'
  } catch {
    return 'not-json'
  }
}

test('strings and keys are taken exactly where Node.js takes their bytes for UTF-8', () => {
  const wrong: string[] = []
  for (const sequence of sequences())
    for (const [before, behind] of [
      ['{"x":"', '"}'],
      ['{"b', '":1}'],
      ['{"a":"a', 'a"}'],
    ] as const) {
      const record = Buffer.concat([Buffer.from(before), Buffer.from(sequence), Buffer.from(behind)])
      const want = verdict(record)
      for (const plan of plans) {
        const result = maskJsonBytes(plan, record)
        const got = result.status === 'withheld' ? result.reason : 'taken'
        if (got !== want) wrong.push(`${record.toString('hex')}: ${got} instead of ${want}`)
      }
    }
  expect(wrong).toEqual([])
})

test('a sequence that is cut at the end of a record is withheld as no UTF-8', () => {
  for (const plan of plans)
    for (const cut of ['{"x":"é', '{"x":"€', '{"x":"😀', '"é']) {
      const whole = Buffer.from(cut)
      for (let end = whole.length - 1; verdict(whole.subarray(0, end)) === 'not-utf8'; end -= 1)
        expect(maskJsonBytes(plan, whole.subarray(0, end))).toMatchObject({ status: 'withheld', reason: 'not-utf8' })
    }
})
