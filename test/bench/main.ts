/**
 * `npm run bench -- [produce|consume|latency|idle|startup|decide …] [--rounds N] [--json]`
 *
 * Measures real parts on loopback, the legs of a comparison in turn, and prints medians with their spread beside the
 * budgets. It passes no judgement by its exit code. It stops by itself and ends only what it started.
 *
 * @module
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type BenchWorld, startBenchWorld } from './bench-world.ts'
import { benchDecide } from './decide.ts'
import { benchIdle } from './idle.ts'
import { benchLatency } from './latency.ts'
import { type Figure, figureTable, machineLine } from './report.ts'
import { benchStartup } from './startup.ts'
import { benchThroughput } from './throughput.ts'

type Bench = (world: BenchWorld, rounds: number, tell: (text: string) => void) => Promise<Figure[]>

const BENCHES: Readonly<Record<string, Bench>> = {
  startup: benchStartup,
  idle: (world, _, tell) => benchIdle(world, tell),
  latency: benchLatency,
  produce: (world, rounds, tell) => benchThroughput(world, 'produce', rounds, tell),
  consume: (world, rounds, tell) => benchThroughput(world, 'consume', rounds, tell),
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '5' }, json: { type: 'boolean', default: false } },
})
const rounds = Number(values.rounds)
const known = ['decide', ...Object.keys(BENCHES)]
const wanted = positionals.length === 0 ? known : positionals
const unknown = wanted.filter((name) => !known.includes(name))
if (unknown.length > 0 || !Number.isInteger(rounds) || rounds < 1 || rounds > 50) {
  process.stderr.write(`usage: npm run bench -- [${known.join('|')} …] [--rounds 1..50] [--json]\n`)
  process.exit(2)
}
if (!existsSync(join(import.meta.dirname, '../../packages/cli/dist/main.js'))) {
  process.stderr.write('the command has not been built: run `npm run build` first\n')
  process.exit(1)
}

const tell = (text: string): void => {
  process.stderr.write(`  ${text}\n`)
}
const figures: Figure[] = wanted.includes('decide') ? benchDecide(rounds, tell) : []
const withWorld = Object.entries(BENCHES).filter(([name]) => wanted.includes(name))
if (withWorld.length > 0) {
  const world = await startBenchWorld(tell)
  process.once('SIGINT', () => world.close().then(() => process.exit(130)))
  try {
    await world.kafka.createTopics([{ topic: 'bench', partitions: 3 }])
    for (const [, bench] of withWorld) figures.push(...(await bench(world, rounds, tell)))
  } finally {
    await world.close()
  }
}
const machine = machineLine()
process.stdout.write(
  values.json
    ? `${JSON.stringify({ machine, rounds, figures }, null, 2)}\n`
    : `\n${machine}, ${rounds} rounds\n\n${figureTable(figures)}\n`,
)
