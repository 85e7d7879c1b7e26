import { runTool } from '../clients/java.ts'
import type { BenchWorld, Leg } from './bench-world.ts'
import { cpuSeconds } from './process-usage.ts'
import type { Figure } from './report.ts'
import { spreadOf, spreadText } from './statistics.ts'

const RECORDS = 400_000
const RECORD_BYTES = 1_000
const GIGABYTE = 1_000_000_000
const TOPIC = 'bench'
const TIMEOUT_MS = 120_000
const JVM = ['-Xmx512m', '-XX:+UseG1GC']

interface Sample {
  readonly mebibytesPerSecond: number
  readonly cpuSecondsPerGigabyte: number
}

interface Load {
  readonly name: 'produce' | 'consume'
  readonly budgetCpu: number
  readonly budgetShare: number
  run(leg: Leg): Promise<number>
}

const LOADS: Readonly<Record<'produce' | 'consume', Load>> = {
  produce: { name: 'produce', budgetCpu: 1.6, budgetShare: 85, run: produce },
  consume: { name: 'consume', budgetCpu: 0.7, budgetShare: 70, run: consume },
}

/** CPU of the process in between and share of the direct rate, with Kafka's own load generators. */
export async function benchThroughput(
  world: BenchWorld,
  name: 'produce' | 'consume',
  rounds: number,
  tell: (text: string) => void,
): Promise<Figure[]> {
  const load = LOADS[name]
  const samples = new Map<string, Sample[]>(world.legs.map((leg) => [leg.name, []]))
  // The first round warms up the broker, the generators' files and the just-in-time compilers; it does not count.
  for (let round = 0; round <= rounds; round += 1) {
    for (const leg of world.legs) {
      const sample = await measure(load, leg)
      if (round > 0) samples.get(leg.name)?.push(sample)
      tell(
        `${name} ${round === 0 ? 'warm-up' : `round ${round} of ${rounds}`}: ${leg.name} ${sample.mebibytesPerSecond.toFixed(1)} MiB/s`,
      )
    }
  }
  return figures(load, samples)
}

async function measure(load: Load, leg: Leg): Promise<Sample> {
  const before = leg.pid === undefined ? 0 : cpuSeconds(leg.pid)
  const mebibytesPerSecond = await load.run(leg)
  const after = leg.pid === undefined ? 0 : cpuSeconds(leg.pid)
  return { mebibytesPerSecond, cpuSecondsPerGigabyte: ((after - before) * GIGABYTE) / (RECORDS * RECORD_BYTES) }
}

function figures(load: Load, samples: ReadonlyMap<string, readonly Sample[]>): Figure[] {
  const direct = samples.get('direct') ?? []
  return [...samples].flatMap(([leg, own]): Figure[] => {
    const isOurs = leg === 'gateway'
    const rate = spreadOf(own.map(({ mebibytesPerSecond }) => mebibytesPerSecond))
    const rateFigure = { bench: load.name, what: `${leg}: MiB/s`, value: spreadText(rate, 1), number: rate.median }
    if (leg === 'direct') return [rateFigure]
    const cpu = spreadOf(own.map(({ cpuSecondsPerGigabyte }) => cpuSecondsPerGigabyte))
    const share = spreadOf(
      own.map(
        ({ mebibytesPerSecond }, round) =>
          (100 * mebibytesPerSecond) / (direct[round]?.mebibytesPerSecond ?? Number.NaN),
      ),
    )
    const budget = (text: string, isMet: boolean): object => (isOurs ? { budget: text, isMet } : {})
    return [
      rateFigure,
      {
        bench: load.name,
        what: `${leg}: share of direct, %`,
        value: spreadText(share, 0),
        number: share.median,
        ...budget(`≥ ${load.budgetShare}`, share.median >= load.budgetShare),
      },
      {
        bench: load.name,
        what: `${leg}: CPU s/GB`,
        value: spreadText(cpu),
        number: cpu.median,
        ...budget(`≤ ${load.budgetCpu}`, cpu.median <= load.budgetCpu),
      },
    ]
  })
}

async function produce(leg: Leg): Promise<number> {
  const args = (config: string): string[] => [
    ...[
      '--topic',
      TOPIC,
      '--num-records',
      String(RECORDS),
      '--record-size',
      String(RECORD_BYTES),
      '--throughput',
      '-1',
    ],
    ...['--command-config', config, '--command-property', 'acks=all'],
  ]
  const { stdout, stderr } = await runTool('org.apache.kafka.tools.ProducerPerformance', leg.connection, args, {
    timeoutMs: TIMEOUT_MS,
    jvmFlags: JVM,
  })
  const rate = /\(([\d.]+) MB\/sec\), [\d.]+ ms avg latency.*99th/.exec(stdout.trim().split('\n').at(-1) ?? '')?.[1]
  if (rate === undefined) throw new Error(`the producer of ${leg.name} told no rate: ${stderr.slice(-500)}`)
  return Number(rate)
}

async function consume(leg: Leg): Promise<number> {
  const args = (config: string): string[] => [
    ...['--topic', TOPIC, '--num-records', String(RECORDS), '--bootstrap-server', leg.connection.bootstrap],
    ...['--group', `bench-${Math.random().toString(36).slice(2)}`, '--timeout', '20000', '--command-config', config],
  ]
  const { stdout, stderr } = await runTool('org.apache.kafka.tools.ConsumerPerformance', leg.connection, args, {
    timeoutMs: TIMEOUT_MS,
    jvmFlags: JVM,
  })
  // The last but one column leaves out the time in which the group was joined.
  const columns = (stdout.trim().split('\n').at(-1) ?? '').split(',').map((cell) => cell.trim())
  const rate = Number(columns[8])
  if (!(rate > 0))
    throw new Error(`the consumer of ${leg.name} told no rate: ${stdout.slice(-300)} ${stderr.slice(-300)}`)
  return rate
}
