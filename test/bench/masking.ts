import { compilePlan, type MaskRule, maskJsonBytes, type PlanOptions } from '@headgate/masking'
import jsonMask from 'json-mask'
import type { Budget, Figure } from './figure.ts'
import { spreadOf } from './statistics.ts'

interface Leg {
  readonly what: string
  /** Masks one record and gives the bytes of the result. */
  readonly mask: (bytes: Buffer) => Buffer
  readonly budget?: Budget
}

const VARIANTS = 64
const TURNS = 12
const BYTES_A_TURN = 1_500_000
const HIT: Budget = { bound: 'at least', limit: 2 }
const NOT_HIT: Budget = { bound: 'at least', limit: 3 }

const hits: readonly MaskRule[] = [
  { fields: 'customer(email,ssn)', with: { type: 'constant', value: 'HIDDEN' } },
  { fields: 'card/number', with: { type: 'keep-last', count: 4 } },
  { fields: 'items/note', with: { type: 'default' } },
]
const misses: readonly MaskRule[] = [
  { fields: 'client(email,ssn)', with: { type: 'constant', value: 'HIDDEN' } },
  { fields: 'account/number', with: { type: 'keep-last', count: 4 } },
  { fields: 'lines/note', with: { type: 'default' } },
]
const everywhere: readonly MaskRule[] = [
  { detect: ['payment-card', 'us-ssn'], anywhere: ['password'], with: { type: 'constant', value: 'HIDDEN' } },
]

/**
 * Masking of JSON records beside `JSON.parse` and `JSON.stringify`, and beside a projection by json-mask between the two.
 *
 * The ways take short turns within a round, of which the best of each counts, since other work on the machine only ever
 * slows one down; a figure is the way's records a second over those of parse and stringify.
 */
export function benchMasking(rounds: number, tell: (text: string) => void): Figure[] {
  return [200, 1_000, 10_000].flatMap((size) => {
    const records = Array.from({ length: VARIANTS }, (_, seed) => recordOf(size, seed))
    const legs = createLegs()
    const samples = Array.from({ length: rounds + 1 }, () => sampleRound(legs, records)).slice(1)
    tell(`masking: ${size} B done`)
    const base = samples.map(([first = Number.NaN]) => first / 1_000)
    const figure = (what: string): Omit<Figure, 'spread' | 'unit' | 'digits'> => ({
      bench: 'masking',
      what: `${size} B: ${what}`,
    })
    const ratios = legs.slice(1).map(({ what, budget }, index): Figure => {
      const spread = spreadOf(samples.map((sample) => (sample[index + 1] ?? Number.NaN) / (sample[0] ?? Number.NaN)))
      const plain = { ...figure(what), unit: 'x', digits: 2, spread }
      return budget === undefined ? plain : { ...plain, budget }
    })
    return [{ ...figure('parse + stringify'), unit: 'k/s', digits: 1, spread: spreadOf(base) }, ...ratios]
  })
}

const keepsSome = 'id,customer(name,city),items(sku,quantity,price)'
const keepsAll = 'id,customer,card,status,currency,items(sku,quantity,price,tags,note,gift),total,createdAt'

function createLegs(): Leg[] {
  const projection = jsonMask.compile(keepsSome)
  const maskBy = (rules: readonly MaskRule[], options: PlanOptions = {}): ((bytes: Buffer) => Buffer) => {
    const plan = compilePlan(rules, options)
    return (bytes) => {
      const result = maskJsonBytes(plan, bytes)
      if (result.status === 'withheld') throw new Error('the bench masks a record that is withheld')
      return result.status === 'masked' ? result.bytes : bytes
    }
  }
  return [
    { what: 'parse + stringify', mask: (bytes) => Buffer.from(JSON.stringify(JSON.parse(bytes.toString('utf8')))) },
    {
      what: 'json-mask between the two',
      mask: (bytes) => Buffer.from(JSON.stringify(jsonMask.filter(JSON.parse(bytes.toString('utf8')), projection))),
    },
    { what: 'every rule hits', mask: maskBy(hits), budget: HIT },
    { what: 'no rule hits', mask: maskBy(misses), budget: NOT_HIT },
    { what: 'detectors and keys anywhere', mask: maskBy(everywhere) },
    { what: 'a list that keeps some', mask: maskBy([], { only: [keepsSome] }), budget: HIT },
    { what: 'a list that keeps all', mask: maskBy([], { only: [keepsAll] }), budget: HIT },
    { what: 'a list, and every rule hits', mask: maskBy(hits, { only: [`${keepsSome},card`] }), budget: HIT },
  ]
}

/** The best turn of each leg, in records a second. */
function sampleRound(legs: readonly Leg[], records: readonly Buffer[]): number[] {
  const turns = Array.from({ length: TURNS }, () => legs.map((leg) => recordsEachSecond(leg, records)))
  return legs.map((_leg, index) => Math.max(...turns.map((turn) => turn[index] ?? Number.NaN)))
}

function recordsEachSecond({ mask }: Leg, records: readonly Buffer[]): number {
  const bytes = records.reduce((sum, record) => sum + record.length, 0)
  const times = Math.ceil(BYTES_A_TURN / bytes)
  let written = 0
  const startedAt = performance.now()
  for (let n = 0; n < times; n += 1) for (const record of records) written += mask(record).length
  const seconds = (performance.now() - startedAt) / 1_000
  if (written === 0) throw new Error('the bench masked nothing')
  return (times * records.length) / seconds
}

/** An order of about this many bytes, another one for each seed. */
function recordOf(size: number, seed: number): Buffer {
  const customer = { name: `Ada Lovelace ${seed}`, email: `ada${seed}@example.com`, ssn: '536-22-1234', city: 'Zürich' }
  const order = { id: 1_000_000_007 + seed, customer, card: { number: '4111111111111111', brand: 'visa' } }
  if (size <= 200) return Buffer.from(JSON.stringify(order))
  const items: object[] = []
  let record = Buffer.alloc(0)
  while (record.length < size) {
    const n = items.length
    const note = `left at the door, ring twice, ask for ${n}`
    items.push({
      sku: `SKU-${seed}-${n}`,
      quantity: (n % 5) + 1,
      price: 19.99 + n,
      tags: ['new', 'sale'],
      note,
      gift: n % 2 === 0,
    })
    record = Buffer.from(
      JSON.stringify({
        ...order,
        status: 'paid',
        currency: 'EUR',
        items,
        total: 1234.5,
        createdAt: '2026-11-24T10:00:00.000Z',
      }),
    )
  }
  return record
}
