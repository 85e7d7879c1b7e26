import { runTool } from '../clients/java.ts'
import type { ProgramResult } from '../kafka/program.ts'
import type { BenchWorld, Leg } from './bench-world.ts'
import type { Budget, Figure } from './figure.ts'
import { type LegSamples, measureLegs } from './legs.ts'
import { cpuSeconds, forgetPeak, peakResidentBytes } from './process-usage.ts'
import { spreadOf } from './statistics.ts'

type Tell = (text: string) => void

/** What one run of a load came to. */
export interface LoadSample {
  readonly mebibytesPerSecond: number
  readonly cpuSecondsPerGigabyte: number
  readonly peakMegabytes: number
}

interface Load {
  readonly name: 'produce' | 'consume'
  readonly records: number
  readonly maxCpu: number
  readonly minShare: number
}

/** The size of a record of the load. */
export const RECORD_BYTES = 1_000
const GIGABYTE = 1e9
const PARTITIONS = 3
/** The second round of a new process still takes a tenth more than the fourth. */
const WARM_UP_ROUNDS = 2
const TIMEOUT_MS = 120_000
const JVM = ['-Xms512m', '-Xmx512m', '-XX:+UseG1GC']
const PRODUCE: Load = { name: 'produce', records: 500_000, maxCpu: 1.6, minShare: 85 }
const CONSUME: Load = { name: 'consume', records: 600_000, maxCpu: 0.7, minShare: 70 }
const CONSUMED_TOPIC = 'bench-consume'

let lastName = 0

/** Writing with Kafka's own load generator, each time into a topic of its own. */
export async function benchProduce(world: BenchWorld, rounds: number, tell: Tell): Promise<Figure[]> {
  return await benchLoad(world, PRODUCE, rounds, tell, async (leg, measured) => {
    const topic = nextName('bench-produce')
    await createTopic(world, topic)
    try {
      return await measured(() => produce(world, leg, topic, PRODUCE.records))
    } finally {
      await world.deleteTopic(topic)
    }
  })
}

/** Reading with Kafka's own load generator, each time in a group of its own, what stands in the page cache. */
export async function benchConsume(world: BenchWorld, rounds: number, tell: Tell): Promise<Figure[]> {
  const [direct] = world.legs
  if (direct === undefined) throw new Error('a bench without legs')
  await createTopic(world, CONSUMED_TOPIC)
  await produce(world, direct, CONSUMED_TOPIC, CONSUME.records)
  return await benchLoad(world, CONSUME, rounds, tell, (leg, measured) =>
    measured(() => consumeFrom(world, leg, CONSUMED_TOPIC, CONSUME.records)),
  )
}

async function benchLoad(
  world: BenchWorld,
  load: Load,
  rounds: number,
  tell: Tell,
  run: (leg: Leg, measured: (work: () => Promise<number>) => Promise<LoadSample>) => Promise<LoadSample>,
): Promise<Figure[]> {
  const bench = {
    name: load.name,
    warmUpRounds: WARM_UP_ROUNDS,
    measure: (leg: Leg) => run(leg, (work) => measureUsage(leg.pid, load.records * RECORD_BYTES, work)),
    text: loadText,
  }
  const { samples, foreign } = await measureLegs(world, rounds, bench, tell)
  return [...loadFigures(load, samples), foreign]
}

/** A sample in a few words. */
export function loadText({ mebibytesPerSecond, cpuSecondsPerGigabyte }: LoadSample): string {
  return `${mebibytesPerSecond.toFixed(0)} MiB/s, ${cpuSecondsPerGigabyte.toFixed(2)} CPU s/GB`
}

/** Runs a load that gives its rate, and tells what the process in between took for it. */
export async function measureUsage(
  pid: number | undefined,
  bytes: number,
  work: () => Promise<number>,
): Promise<LoadSample> {
  if (pid === undefined) return { mebibytesPerSecond: await work(), cpuSecondsPerGigabyte: 0, peakMegabytes: 0 }
  forgetPeak(pid)
  const before = cpuSeconds(pid)
  const mebibytesPerSecond = await work()
  return {
    mebibytesPerSecond,
    cpuSecondsPerGigabyte: ((cpuSeconds(pid) - before) * GIGABYTE) / bytes,
    peakMegabytes: peakResidentBytes(pid) / 1e6,
  }
}

function loadFigures(load: Load, samples: LegSamples<LoadSample>): Figure[] {
  const direct = samples.get('direct') ?? []
  return [...samples].flatMap(([leg, own]): Figure[] => {
    const figure = (
      what: string,
      unit: string,
      digits: number,
      values: readonly number[],
      budget?: Budget,
    ): Figure => ({
      bench: load.name,
      what: `${leg}: ${what}`,
      unit,
      digits,
      spread: spreadOf(values),
      ...(leg === 'gateway' && budget !== undefined ? { budget } : {}),
    })
    const rates = own.map(({ mebibytesPerSecond }) => mebibytesPerSecond)
    const rate = figure('rate', 'MiB/s', 0, rates)
    if (leg === 'direct') return [rate]
    const shares = rates.map((own, round) => (100 * own) / (direct[round]?.mebibytesPerSecond ?? Number.NaN))
    const cpu = own.map(({ cpuSecondsPerGigabyte }) => cpuSecondsPerGigabyte)
    const peaks = own.map(({ peakMegabytes }) => peakMegabytes)
    return [
      figure('CPU', 's/GB', 2, cpu, { bound: 'at most', limit: load.maxCpu }),
      figure('share of the direct rate', '%', 0, shares, { bound: 'at least', limit: load.minShare }),
      rate,
      figure('peak RSS', 'MB', 0, peaks),
    ]
  })
}

/** Creates a topic of three partitions. */
export async function createTopic(world: BenchWorld, topic: string): Promise<void> {
  await world.kafka.createTopics([{ topic, partitions: PARTITIONS }])
}

/** A name that this run has not used. */
export function nextName(prefix: string): string {
  lastName += 1
  return `${prefix}-${lastName}`
}

/** Writes records with Kafka's own load generator; gives MiB a second. */
export async function produce(world: BenchWorld, leg: Leg, topic: string, records: number): Promise<number> {
  const output = await runPerf(world, leg, 'ProducerPerformance', (config) => [
    ...['--topic', topic, '--num-records', String(records), '--record-size', String(RECORD_BYTES)],
    ...['--throughput', '-1', '--command-config', config, '--command-property', 'acks=all'],
  ])
  const last = output.stdout.trim().split('\n').at(-1) ?? ''
  return rateOf(output, /\(([\d.]+) MB\/sec\), [\d.]+ ms avg latency.*99th/.exec(last)?.[1])
}

/** Writes records with Kafka's own load generator, each a line of a file; gives MiB a second. */
export async function produceLines(
  world: BenchWorld,
  leg: Leg,
  topic: string,
  path: string,
  records: number,
): Promise<number> {
  const output = await runPerf(world, leg, 'ProducerPerformance', (config) => [
    ...['--topic', topic, '--num-records', String(records), '--payload-file', path],
    ...['--throughput', '-1', '--command-config', config, '--command-property', 'acks=all'],
  ])
  const last = output.stdout.trim().split('\n').at(-1) ?? ''
  return rateOf(output, /\(([\d.]+) MB\/sec\), [\d.]+ ms avg latency.*99th/.exec(last)?.[1])
}

/** Reads records with Kafka's own load generator, in a group of its own; gives MiB a second. */
export async function consumeFrom(world: BenchWorld, leg: Leg, topic: string, records: number): Promise<number> {
  const output = await runPerf(world, leg, 'ConsumerPerformance', (config) => [
    ...['--topic', topic, '--num-records', String(records)],
    ...['--bootstrap-server', leg.connection.bootstrap, '--group', nextName('bench-group')],
    ...['--timeout', '20000', '--command-config', config],
  ])
  const columns = (output.stdout.trim().split('\n').at(-1) ?? '').split(',')
  // The last but one column leaves out the time in which the group was joined.
  return rateOf(output, columns[8])
}

function runPerf(
  world: BenchWorld,
  leg: Leg,
  tool: string,
  args: (config: string) => readonly string[],
): Promise<ProgramResult> {
  const options = { timeoutMs: TIMEOUT_MS, jvmFlags: JVM, signal: world.signal }
  return runTool(`org.apache.kafka.tools.${tool}`, leg.connection, args, options)
}

function rateOf({ stdout, stderr }: ProgramResult, text: string | undefined): number {
  const rate = Number(text)
  if (rate > 0) return rate
  throw new Error(`the load generator told no rate: ${stdout.slice(-300)} ${stderr.slice(-300)}`)
}
