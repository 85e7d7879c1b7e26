/**
 * `npm run bench -- [decide|wire|masking|startup|idle|latency|produce|consume|masked|audit|sdk …] [--rounds N] [--json]`
 *
 * Measures real parts on loopback, the legs of a comparison in turn, and prints medians with their spread beside the
 * budgets. It passes no judgement by its exit code. It stops by itself and ends only what it started.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { benchAudit } from './audit-cost.ts'
import { type BenchWorld, startBenchWorld } from './bench-world.ts'
import { benchDecide } from './decide.ts'
import type { Figure } from './figure.ts'
import { COMMAND } from './gateway-program.ts'
import { benchIdle } from './idle.ts'
import { benchLatency } from './latency.ts'
import { benchMaskedConsume } from './masked-consume.ts'
import { benchMasking } from './masking.ts'
import { loadNow, machineText, runJson, runText } from './report.ts'
import { benchSdk } from './sdk.ts'
import { benchStartup } from './startup.ts'
import { benchConsume, benchProduce } from './throughput.ts'
import { benchWire } from './wire.ts'

type Tell = (text: string) => void

const IN_PROCESS: Readonly<Record<string, (rounds: number, tell: Tell) => Figure[]>> = {
  decide: benchDecide,
  wire: benchWire,
  masking: benchMasking,
}
// Idle connections come before the load, which leaves a grown heap behind.
const WITH_BROKER: Readonly<Record<string, (world: BenchWorld, rounds: number, tell: Tell) => Promise<Figure[]>>> = {
  startup: benchStartup,
  idle: benchIdle,
  latency: benchLatency,
  produce: benchProduce,
  consume: benchConsume,
  masked: benchMaskedConsume,
  audit: benchAudit,
  sdk: benchSdk,
}
const KNOWN = [...Object.keys(IN_PROCESS), ...Object.keys(WITH_BROKER)]
const MAX_ROUNDS = 50
const tell: Tell = (text) => void process.stderr.write(`  ${text}\n`)

interface Wanted {
  readonly names: readonly string[]
  readonly rounds: number
  readonly json: boolean
}

function wantedBy(args: readonly string[]): Wanted | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { rounds: { type: 'string', default: '5' }, json: { type: 'boolean', default: false } },
    })
    const rounds = Number(values.rounds)
    const isInRange = Number.isInteger(rounds) && rounds >= 1 && rounds <= MAX_ROUNDS
    if (!isInRange || positionals.some((name) => !KNOWN.includes(name))) return undefined
    return { names: positionals.length === 0 ? KNOWN : positionals, rounds, json: values.json }
  } catch {
    return undefined
  }
}

async function figuresWithBroker({ names, rounds }: Wanted): Promise<{ figures: Figure[]; kafka: string }> {
  const benches = Object.entries(WITH_BROKER).filter(([name]) => names.includes(name))
  if (benches.length === 0) return { figures: [], kafka: 'not run' }
  const stopper = new AbortController()
  let world: BenchWorld | undefined
  for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143 })) {
    process.once(signal, () => {
      stopper.abort()
      // What was not ready yet ends with this process.
      void Promise.resolve(world?.close()).finally(() => process.exit(code))
    })
  }
  try {
    world = await startBenchWorld(stopper.signal, tell)
    const figures: Figure[] = []
    for (const [, bench] of benches) figures.push(...(await bench(world, rounds, tell)))
    return { figures, kafka: world.kafka.version }
  } finally {
    await world?.close()
  }
}

async function main(): Promise<number> {
  const wanted = wantedBy(process.argv.slice(2))
  if (wanted === undefined) {
    process.stderr.write(`usage: npm run bench -- [${KNOWN.join('|')} …] [--rounds 1..${MAX_ROUNDS}] [--json]\n`)
    return 2
  }
  if (!existsSync(COMMAND) && wanted.names.some((name) => name in WITH_BROKER)) {
    process.stderr.write('the command has not been built: run `npm run build` first\n')
    return 1
  }
  const [before, date] = [loadNow(), new Date().toISOString().slice(0, 16).replace('T', ' ')]
  const inProcess = Object.entries(IN_PROCESS).filter(([name]) => wanted.names.includes(name))
  const small = inProcess.flatMap(([, bench]) => bench(wanted.rounds, tell))
  const { figures, kafka } = await figuresWithBroker(wanted)
  const facts = {
    machine: machineText(),
    node: process.version,
    kafka,
    rounds: wanted.rounds,
    date: `${date} UTC`,
    load: { before, after: loadNow() },
  }
  process.stdout.write((wanted.json ? runJson : runText)(facts, [...small, ...figures]))
  return 0
}

process.exitCode = await main()
