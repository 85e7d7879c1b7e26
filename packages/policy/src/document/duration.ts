import type { Fault } from './problem.ts'

const UNIT_MS: ReadonlyMap<string, number> = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
])

const MAX_DAYS = 365
const DURATION = /^([1-9][0-9]{0,7})([smhd])$/

/** Reads a duration such as `90s`, `30m`, `1h` or `7d`, in milliseconds. `undefined` where it is none, or too long. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit = ''] = DURATION.exec(text) ?? []
  const ms = Number(count) * (UNIT_MS.get(unit) ?? Number.NaN)
  return ms <= MAX_DAYS * 86_400_000 ? ms : undefined
}

/** Checks a duration. */
export function checkDuration(text: string): Fault | undefined {
  if (parseDuration(text) !== undefined) return undefined
  return {
    code: 'ERR_POLICY_DURATION',
    message: `this is no duration of at most ${MAX_DAYS} days`,
    mend: 'write a whole number and its unit, such as `90s`, `30m`, `1h` or `7d`',
  }
}
