import { quotedList } from '../access-words.ts'
import type { SeenUses } from './seen-access.ts'
import type { UnusedGrant } from './unused-grants.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

/** An age in whole days, or in hours below two days. */
function ageWords(ms: number): string {
  const [count, unit] = ms < 2 * DAY_MS ? [Math.floor(ms / HOUR_MS), 'hour'] : [Math.floor(ms / DAY_MS), 'day']
  return count === 0 ? 'less than an hour' : `${count} ${unit}${count === 1 ? '' : 's'}`
}

/** One line for each rule of which something was not used: place, rule, age, and what. */
export function describeUnusedGrants(
  grants: readonly UnusedGrant[],
  { sinceUnixMs }: SeenUses,
  nowUnixMs: number,
): string {
  const watched = ageWords(nowUnixMs - sinceUnixMs)
  const lines = grants.map(({ ruleId, source, isWhole, unused, sinceUnixMs: since, lastUnixMs }) => {
    const place = `${source.path}:${source.line}:${source.column}`
    const never = since === undefined ? 'not in force there' : `never in ${ageWords(nowUnixMs - since)}`
    const age = lastUnixMs === undefined ? never : `last used ${ageWords(nowUnixMs - lastUnixMs)} ago`
    const what = unused.map(({ verb, names }) => `${verb} ${quotedList(names)}`).join('; ')
    return `${place}: rule \`${ruleId}\` ${isWhole ? 'is not used' : 'grants more than is used'} (${age}): ${what}`
  })
  const count = grants.length === 1 ? '1 rule grants' : `${grants.length} rules grant`
  return [...lines, `${count} what nobody was seen to use in ${watched}`].join('\n')
}
