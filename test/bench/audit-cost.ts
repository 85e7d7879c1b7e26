import type { BenchWorld, Leg } from './bench-world.ts'
import type { Figure } from './figure.ts'
import { measureLegs } from './legs.ts'
import { spreadOf } from './statistics.ts'
import {
  consumeFrom,
  createTopic,
  type LoadSample,
  loadText,
  measureUsage,
  nextName,
  produce,
  RECORD_BYTES,
} from './throughput.ts'

type Measure = (leg: Leg) => Promise<LoadSample>

const RECORDS = 500_000
const WARM_UP_ROUNDS = 2
const TOPIC = 'bench-audited'

/** What the trail adds to what the gateway takes, in one run: the same load over a gateway with a trail and one without. */
export async function benchAudit(world: BenchWorld, rounds: number, tell: (text: string) => void): Promise<Figure[]> {
  const without = await world.startUnaudited()
  const legs = [{ ...world.gatewayLeg, name: 'with a trail' }, without]
  const pids = [...world.pids, ...(without.pid === undefined ? [] : [without.pid])]
  const both = { ...world, legs, pids }
  await createTopic(world, TOPIC)
  await produce(world, without, TOPIC, RECORDS)
  const loads: Readonly<Record<string, Measure>> = {
    'audit produce': (leg) => measureProduce(world, leg),
    'audit consume': (leg) =>
      measureUsage(leg.pid, RECORDS * RECORD_BYTES, () => consumeFrom(world, leg, TOPIC, RECORDS)),
  }
  const figures: Figure[] = []
  for (const [name, measure] of Object.entries(loads))
    figures.push(...(await compare(both, name, measure, rounds, tell)))
  return figures
}

async function measureProduce(world: BenchWorld, leg: Leg): Promise<LoadSample> {
  const topic = nextName('bench-produce')
  await createTopic(world, topic)
  try {
    return await measureUsage(leg.pid, RECORDS * RECORD_BYTES, () => produce(world, leg, topic, RECORDS))
  } finally {
    await world.deleteTopic(topic)
  }
}

async function compare(
  world: BenchWorld,
  name: string,
  measure: Measure,
  rounds: number,
  tell: (text: string) => void,
): Promise<Figure[]> {
  const bench = { name, warmUpRounds: WARM_UP_ROUNDS, measure, text: loadText }
  const { samples, foreign } = await measureLegs(world, rounds, bench, tell)
  const [on = [], off = []] = world.legs.map((leg) => samples.get(leg.name))
  const cpu = (own: readonly LoadSample[]): number[] => own.map((sample) => sample.cpuSecondsPerGigabyte)
  const [cpuOn, cpuOff] = [cpu(on), cpu(off)]
  const ratios = cpuOn.map((own, round) => own / (cpuOff[round] ?? Number.NaN))
  const rates = on.map((own, round) => (100 * own.mebibytesPerSecond) / (off[round]?.mebibytesPerSecond ?? Number.NaN))
  return [
    { bench: name, what: 'with a trail: CPU', unit: 's/GB', digits: 2, spread: spreadOf(cpuOn) },
    { bench: name, what: 'without a trail: CPU', unit: 's/GB', digits: 2, spread: spreadOf(cpuOff) },
    { bench: name, what: 'CPU with over without', unit: '', digits: 2, spread: spreadOf(ratios) },
    { bench: name, what: 'rate with over without', unit: '%', digits: 0, spread: spreadOf(rates) },
    foreign,
  ]
}
