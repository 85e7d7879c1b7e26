import type { PolicyDocument, Rule } from '../document/document.ts'
import type { Schedule } from '../document/schedule.ts'
import { holdsAt, nextChangeAfter } from '../program/schedule-time.ts'
import { PolicyTooIntricateError } from './errors.ts'

const DAY_MS = 86_400_000
/** How far ahead schedules that come again are looked at: over both changes of the clocks. */
const YEAR_MS = 366 * DAY_MS
const WEEK_MS = 7 * DAY_MS
const MAX_STEPS = 50_000
const MAX_MOMENTS = 256

/**
 * One instant for each combination of rules that applies together some time in the coming year, or in the week around an
 * instant that a schedule names. `[undefined]` where no rule has a schedule, so that time makes no difference, or where no
 * time is told, so that nothing is known of schedules.
 *
 * @throws PolicyTooIntricateError `ERR_POLICY_TOO_INTRICATE` where there are too many
 */
export function momentsOf(
  documents: readonly PolicyDocument[],
  nowUnixMs: number | undefined,
): readonly (number | undefined)[] {
  const rules: readonly Rule[] = documents.flatMap((document) => document.rules)
  const schedules = rules.flatMap(({ when }) => when ?? [])
  if (schedules.length === 0 || nowUnixMs === undefined) return [undefined]
  const found = new Map<string, number>()
  let steps = 0
  for (const [from, until] of spansOf(schedules, nowUnixMs)) {
    for (let at = from; at < until; at = Math.min(...schedules.map((schedule) => nextChangeAfter(schedule, at)))) {
      const standing = schedules.map((schedule) => (holdsAt(schedule, at) ? '1' : '0')).join('')
      if (!found.has(standing)) found.set(standing, at)
      steps += schedules.length
      if (steps > MAX_STEPS || found.size > MAX_MOMENTS) {
        throw new PolicyTooIntricateError('combinations of schedules', MAX_MOMENTS)
      }
    }
  }
  return [...found.values()].sort((a, b) => a - b)
}

function spansOf(
  schedules: readonly Schedule[],
  nowUnixMs: number,
): readonly (readonly [from: number, until: number])[] {
  const named = schedules.flatMap(({ fromUnixMs, untilUnixMs }) => [fromUnixMs ?? [], untilUnixMs ?? []].flat())
  const around = [...new Set(named)].map((at) => [Math.max(0, at - WEEK_MS), at + WEEK_MS] as const)
  return [[nowUnixMs, nowUnixMs + YEAR_MS], ...around]
}
