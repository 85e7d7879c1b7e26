import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BenchWorld, Leg } from './bench-world.ts'
import type { Figure } from './figure.ts'
import { type LegSamples, measureLegs } from './legs.ts'
import { spreadOf } from './statistics.ts'
import { consumeFrom, type LoadSample, loadText, measureUsage, produceLines } from './throughput.ts'

/** JSON topics of the bench's policy: not masked, masked without a hit, masked with two hits in every record. */
const TOPICS = ['bench-json', 'bench-masked-miss', 'bench-masked-hit'] as const
const RECORDS = 300_000
const RECORD_BYTES = 1_000
const DIFFERENT_LINES = 500
const WARM_UP_ROUNDS = 2
const LEAST_MEGABYTES_PER_CORE = 150

function line(topic: (typeof TOPICS)[number], index: number): string {
  const isHit = topic === 'bench-masked-hit'
  const customer = isHit
    ? { name: 'Ada', ssn: '123-45-6789', email: 'ada@example.com' }
    : { name: 'Ada', city: 'London' }
  const items: object[] = []
  const order = { id: index, customer, items, note: '' }
  while (JSON.stringify(order).length < RECORD_BYTES - 80)
    items.push({ sku: `A-${index % 97}-${items.length}`, title: 'a thing', price: 12.5 })
  const missing = RECORD_BYTES - JSON.stringify(order).length
  return JSON.stringify({ ...order, note: 'x'.repeat(Math.max(0, missing)) })
}

async function writeTopics(world: BenchWorld): Promise<void> {
  const [direct] = world.legs
  if (direct === undefined) throw new Error('a bench without legs')
  const directory = await mkdtemp(join(tmpdir(), 'headgate-bench-lines-'))
  try {
    for (const topic of TOPICS) {
      await world.kafka.createTopics([{ topic, partitions: 3 }])
      const path = join(directory, topic)
      await writeFile(path, Array.from({ length: DIFFERENT_LINES }, (_, index) => line(topic, index)).join('\n'))
      await produceLines(world, direct, topic, path, RECORDS)
    }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Reading uncompressed JSON through the gateway, without a mask and with one, in turn. */
export async function benchMaskedConsume(
  world: BenchWorld,
  rounds: number,
  tell: (text: string) => void,
): Promise<Figure[]> {
  await writeTopics(world)
  const legs: Leg[] = TOPICS.map((name) => ({ ...world.gatewayLeg, name }))
  const bench = {
    name: 'masked',
    warmUpRounds: WARM_UP_ROUNDS,
    measure: (leg: Leg) =>
      measureUsage(leg.pid, RECORDS * RECORD_BYTES, () => consumeFrom(world, leg, leg.name, RECORDS)),
    text: loadText,
  }
  const { samples, foreign } = await measureLegs({ ...world, legs }, rounds, bench, tell)
  for (const topic of TOPICS) await world.deleteTopic(topic)
  return [...figuresOf(samples), foreign]
}

function figuresOf(samples: LegSamples<LoadSample>): Figure[] {
  const plain = samples.get('bench-json') ?? []
  return [...samples].flatMap(([topic, own]): Figure[] => {
    const cpu = own.map(({ cpuSecondsPerGigabyte }) => cpuSecondsPerGigabyte)
    const figure = (what: string, unit: string, digits: number, values: readonly number[]): Figure => ({
      bench: 'masked',
      what: `${topic.replace('bench-', '')}: ${what}`,
      unit,
      digits,
      spread: spreadOf(values),
    })
    const perCore = figure(
      'for each core',
      'MB/s',
      0,
      cpu.map((seconds) => 1_000 / seconds),
    )
    const budget = { bound: 'at least', limit: LEAST_MEGABYTES_PER_CORE } as const
    const shown = [
      topic === 'bench-json' ? perCore : { ...perCore, budget },
      figure('CPU', 's/GB', 2, cpu),
      figure(
        'rate',
        'MiB/s',
        0,
        own.map(({ mebibytesPerSecond }) => mebibytesPerSecond),
      ),
      figure(
        'peak RSS',
        'MB',
        0,
        own.map(({ peakMegabytes }) => peakMegabytes),
      ),
    ]
    if (topic === 'bench-json') return shown
    const ratios = cpu.map((seconds, round) => seconds / (plain[round]?.cpuSecondsPerGigabyte ?? Number.NaN))
    return [...shown, figure('CPU, over that without a mask', 'times', 2, ratios)]
  })
}
