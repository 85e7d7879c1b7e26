import type { BenchWorld, Leg } from './bench-world.ts'
import type { Figure } from './figure.ts'
import { quietMachine, withForeignCores } from './process-usage.ts'
import { spreadOf } from './statistics.ts'

/** Samples of every leg, in the order of the rounds: those at the same place belong together. */
export type LegSamples<T> = ReadonlyMap<Leg['name'], readonly T[]>

/** What is done in every round, on every leg. */
export interface LegBench<T> {
  readonly name: string
  /** Rounds that do not count, in which whatever is compiled just in time gets warm. */
  readonly warmUpRounds: number
  measure(leg: Leg): Promise<T>
  /** A sample in a few words. */
  text(sample: T): string
}

const MAX_FOREIGN_CORES = 0.25
const MAX_TRIES = 3
const QUIET_WAIT_MS = 10_000

interface Sample<T> {
  readonly result: T
  readonly foreignCores: number
}

/**
 * Measures the legs in turn, round by round; every round begins with another leg.
 *
 * Where other processes take more than a quarter of a core meanwhile, the sample is taken again, twice at most, and the
 * quietest one counts.
 */
export async function measureLegs<T>(
  world: BenchWorld,
  rounds: number,
  bench: LegBench<T>,
  tell: (text: string) => void,
): Promise<{ readonly samples: LegSamples<T>; readonly foreign: Figure }> {
  const samples = new Map<Leg['name'], T[]>(world.legs.map(({ name }) => [name, []]))
  const disturbances: number[] = []
  for (let round = 1; round <= bench.warmUpRounds; round += 1) {
    for (const leg of world.legs) {
      world.signal.throwIfAborted()
      tell(`${bench.name} warm-up ${leg.name}: ${bench.text(await bench.measure(leg))}`)
    }
  }
  for (let round = 1; round <= rounds; round += 1) {
    for (const leg of rotated(world.legs, round)) {
      const { result, foreignCores } = await quietest(world, () => bench.measure(leg))
      samples.get(leg.name)?.push(result)
      disturbances.push(foreignCores)
      tell(
        `${bench.name} ${round}/${rounds} ${leg.name}: ${bench.text(result)} (others ${foreignCores.toFixed(2)} cores)`,
      )
    }
  }
  const foreign = {
    bench: bench.name,
    what: 'taken by other processes meanwhile',
    unit: 'cores',
    spread: spreadOf(disturbances),
    digits: 2,
  }
  return { samples, foreign }
}

async function quietest<T>(world: BenchWorld, measure: () => Promise<T>): Promise<Sample<T>> {
  let best: Sample<T> | undefined
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    world.signal.throwIfAborted()
    await quietMachine(world.pids, MAX_FOREIGN_CORES, QUIET_WAIT_MS)
    const sample = await withForeignCores(world.pids, measure)
    if (best === undefined || sample.foreignCores < best.foreignCores) best = sample
    if (best.foreignCores <= MAX_FOREIGN_CORES) break
  }
  return best as Sample<T>
}

function rotated<T>(items: readonly T[], by: number): readonly T[] {
  const at = by % items.length
  return [...items.slice(at), ...items.slice(0, at)]
}
