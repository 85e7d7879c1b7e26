import type { BenchWorld } from './bench-world.ts'
import type { Figure } from './figure.ts'
import { withForeignCores } from './process-usage.ts'
import { type SdkProcess, startSdkProcess, timeFirstRecord } from './sdk-process.ts'
import { benchSdkSize } from './sdk-size.ts'
import type { SdkResult, SdkSenders, SdkSetting, SdkWork } from './sdk-work.ts'
import { spreadOf } from './statistics.ts'
import { createTopic, nextName } from './throughput.ts'

type Tell = (text: string) => void

/** A client, and its way. */
interface Client {
  readonly name: string
  readonly setting: SdkSetting
}

interface Load {
  readonly name: string
  readonly records: number
  work(): SdkWork
}

const DIRECT = 'kafkajs direct'
const THROUGH = 'kafkajs through the gateway'
const BARE = [DIRECT, THROUGH]
const SDKS = ['headgate', 'headgate, spans on']
const SIZES = [200, 1_000]
const PRODUCED: Readonly<Record<number, number>> = { 200: 60_000, 1000: 30_000 }
const CONSUMED: Readonly<Record<number, number>> = { 200: 120_000, 1000: 60_000 }
const SENDERS: readonly SdkSenders[] = ['no context', 'unsampled', 'sampled by send', 'sampled']
const IDLE_SECONDS = 10
/** What policy and spans may cost beside what the mends give. */
const AT_LEAST_BARE = { bound: 'at least', limit: 1 } as const

/**
 * `@headgate/kafkajs` with a policy and without masks beside kafkajs 2.2.4, each in a process of its own, in turn.
 *
 * kafkajs goes to Kafka itself, and through the same gateway as the SDK: the first ratio is the whole of the house, the second the
 * SDK alone.
 */
export async function benchSdk(world: BenchWorld, rounds: number, tell: Tell): Promise<Figure[]> {
  const clients = clientsOf(world)
  const topics = await fillTopics(world, clients[0] as Client, tell)
  const figures = [...(await benchLoads(world, clients, loadsOf(topics), rounds, tell))]
  figures.push(...(await benchFirst(world, clients, rounds, tell)))
  figures.push(...(await benchIdleClients(clients, topics.idle, tell)))
  figures.push(...benchSdkSize(rounds, tell))
  return figures
}

function clientsOf({ legs, gatewayLeg, token, headgate }: BenchWorld): Client[] {
  const direct = legs.find(({ name }) => name === 'direct')?.connection.bootstrap ?? ''
  const through = { bootstrap: gatewayLeg.connection.bootstrap, password: token, headgate }
  return [
    { name: DIRECT, setting: { client: 'kafkajs', spans: false, ...through, bootstrap: direct, password: undefined } },
    { name: THROUGH, setting: { client: 'kafkajs', spans: false, ...through } },
    { name: 'headgate', setting: { client: 'headgate', spans: false, ...through } },
    { name: 'headgate, spans on', setting: { client: 'headgate', spans: true, ...through } },
  ]
}

/** A topic to read. */
interface Filled {
  readonly topic: string
  readonly bytes: number
  readonly senders: SdkSenders
}

interface Topics {
  readonly produced: string
  readonly idle: string
  readonly filled: readonly Filled[]
}

/** Topics to read: records with a key and, but for one, the header that a traced producer writes. */
async function fillTopics(world: BenchWorld, { setting }: Client, tell: Tell): Promise<Topics> {
  const [produced, idle] = [nextName('bench-sdk'), nextName('bench-sdk')]
  const filled = SIZES.flatMap((bytes) =>
    SENDERS.map((senders): Filled => ({ topic: nextName('bench-sdk'), bytes, senders })),
  )
  for (const topic of [produced, idle, ...filled.map((it) => it.topic)]) await createTopic(world, topic)
  const filler = startSdkProcess(setting)
  try {
    for (const { topic, bytes, senders } of filled)
      await filler.perform({ kind: 'fill', topic, records: CONSUMED[bytes] ?? 0, bytes, senders })
  } finally {
    await filler.end()
  }
  tell('sdk: topics filled')
  return { produced, idle, filled }
}

function loadsOf({ produced, filled }: Topics): Load[] {
  const produces = SIZES.map((bytes): Load => {
    const records = PRODUCED[bytes] ?? 0
    return { name: `produce ${bytes} B`, records, work: () => ({ kind: 'produce', topic: produced, records, bytes }) }
  })
  const consume = (by: 'eachMessage' | 'eachBatch', { topic, bytes, senders }: Filled): Load => {
    const records = CONSUMED[bytes] ?? 0
    const work = (): SdkWork => ({ kind: 'consume', topic, records, by, group: nextName('bench-sdk') })
    return { name: `${by} ${bytes} B, ${senders}`, records, work }
  }
  const singles = filled.map((it) => consume('eachMessage', it))
  const batches = filled.filter(({ senders }) => senders === 'sampled by send').map((it) => consume('eachBatch', it))
  return [...produces, ...singles, ...batches]
}

type Samples = ReadonlyMap<string, SdkResult[]>

const emptySamples = (clients: readonly Client[]): Samples => new Map(clients.map(({ name }) => [name, []]))

async function benchLoads(
  world: BenchWorld,
  clients: readonly Client[],
  loads: readonly Load[],
  rounds: number,
  tell: Tell,
): Promise<Figure[]> {
  const processes = new Map(clients.map(({ name, setting }) => [name, startSdkProcess(setting)]))
  const samples = new Map(loads.map(({ name }) => [name, emptySamples(clients)]))
  const disturbances: number[] = []
  const pids = [...world.pids, ...[...processes.values()].map(({ pid }) => pid)]
  try {
    // In round 0 code becomes warm; it does not count.
    for (let round = 0; round <= rounds; round += 1) {
      for (const load of loads) {
        for (const name of rotated([...processes.keys()], round)) {
          world.signal.throwIfAborted()
          const process = processes.get(name) as SdkProcess
          const { result, foreignCores } = await withForeignCores(pids, () => process.perform(load.work()))
          tell(`sdk ${round}/${rounds} ${load.name}, ${name}: ${rateOf(load, result).toFixed(0)} k/s`)
          if (round === 0) continue
          samples.get(load.name)?.get(name)?.push(result)
          disturbances.push(foreignCores)
        }
      }
    }
  } finally {
    for (const process of processes.values()) await process.end()
  }
  const foreign = { ...figureOf('taken by other processes meanwhile', 'cores', 2), spread: spreadOf(disturbances) }
  return [...loads.flatMap((load) => loadFigures(load, samples.get(load.name) as Samples)), foreign]
}

const rateOf = ({ records }: Load, { seconds }: SdkResult): number => records / seconds / 1e3

const figureOf = (what: string, unit: string, digits: number): Omit<Figure, 'spread'> => ({
  bench: 'sdk',
  what,
  unit,
  digits,
})

function loadFigures(load: Load, samples: Samples): Figure[] {
  const rates = (name: string): number[] => (samples.get(name) ?? []).map((result) => rateOf(load, result))
  const cpu = (name: string): number[] =>
    (samples.get(name) ?? []).map(({ cpuSeconds }) => (cpuSeconds / load.records) * 1e6)
  const named = (what: string): string => `${load.name}: ${what}`
  const ratios = SDKS.flatMap((sdk) =>
    [...BARE].reverse().map((bare): Figure => {
      const values = rates(sdk).map((rate, round) => rate / (rates(bare)[round] ?? Number.NaN))
      const budget = bare === THROUGH && sdk !== 'headgate' ? { budget: AT_LEAST_BARE } : {}
      return { ...figureOf(named(`${sdk}, over ${bare}`), '×', 2), spread: spreadOf(values), ...budget }
    }),
  )
  const costs = SDKS.map((sdk): Figure => {
    const values = cpu(sdk).map((own, round) => own / (cpu(THROUGH)[round] ?? Number.NaN))
    return { ...figureOf(named(`${sdk}: CPU of a record over ${THROUGH}`), '×', 2), spread: spreadOf(values) }
  })
  const absolutes = [...samples.keys()].flatMap((name): Figure[] => [
    { ...figureOf(named(name), 'k/s', 0), spread: spreadOf(rates(name)) },
    { ...figureOf(named(`${name}, CPU of a record`), 'µs', 1), spread: spreadOf(cpu(name)) },
  ])
  return [...ratios, ...costs, ...absolutes]
}

async function benchFirst(
  world: BenchWorld,
  clients: readonly Client[],
  rounds: number,
  tell: Tell,
): Promise<Figure[]> {
  const topic = nextName('bench-sdk')
  await createTopic(world, topic)
  const cold = new Map<string, number[]>(clients.map(({ name }) => [name, []]))
  const warm = new Map<string, number[]>(clients.map(({ name }) => [name, []]))
  const processes = new Map(clients.map(({ name, setting }) => [name, startSdkProcess(setting)]))
  try {
    for (let round = 0; round <= rounds; round += 1) {
      for (const { name, setting } of rotated(clients, round)) {
        world.signal.throwIfAborted()
        const coldMs = await timeFirstRecord(setting, topic)
        const again = await processes.get(name)?.perform({ kind: 'first', topic })
        tell(`sdk ${round}/${rounds} first record, ${name}: ${coldMs.toFixed(0)} ms`)
        if (round === 0) continue
        cold.get(name)?.push(coldMs)
        warm.get(name)?.push((again?.seconds ?? Number.NaN) * 1e3)
      }
    }
  } finally {
    for (const process of processes.values()) await process.end()
  }
  const figures = (what: string, samples: ReadonlyMap<string, number[]>): Figure[] =>
    [...samples].map(([name, own]) => ({ ...figureOf(`${what}: ${name}`, 'ms', 0), spread: spreadOf(own) }))
  return [...figures('process start to first record', cold), ...figures('new client to first record', warm)]
}

/** All at once: they are idle. */
async function benchIdleClients(clients: readonly Client[], topic: string, tell: Tell): Promise<Figure[]> {
  const processes = clients.map(({ setting }) => startSdkProcess(setting))
  try {
    const works = processes.map((process) =>
      process.perform({ kind: 'idle', topic, group: nextName('bench-sdk'), seconds: IDLE_SECONDS }),
    )
    const results = await Promise.all(works)
    tell('sdk: idle clients measured')
    return results.map(({ seconds, cpuSeconds }, index) => ({
      ...figureOf(`idle producer and consumer: ${clients[index]?.name}`, '% of a core', 2),
      spread: spreadOf([(100 * cpuSeconds) / seconds]),
    }))
  } finally {
    for (const process of processes) await process.end()
  }
}

function rotated<T>(items: readonly T[], by: number): readonly T[] {
  const at = by % items.length
  return [...items.slice(at), ...items.slice(0, at)]
}
