import { quotedList } from '../access-words.ts'
import type { SeenUses } from './seen-access.ts'
import type { UntoldGrant, UnusedGrant, UnusedNames } from './unused-grants.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

/** An age in whole days, or in hours below two days. */
function ageWords(ms: number): string {
  const [count, unit] = ms < 2 * DAY_MS ? [Math.floor(ms / HOUR_MS), 'hour'] : [Math.floor(ms / DAY_MS), 'day']
  return count === 0 ? 'less than an hour' : `${count} ${unit}${count === 1 ? '' : 's'}`
}

function namesWords(all: readonly UnusedNames[]): string {
  return all.map(({ verb, names }) => (names.length === 0 ? verb : `${verb} ${quotedList(names)}`)).join('; ')
}

function untoldWords({ ruleId, source, untold, why, topics }: UntoldGrant): string {
  const place = `${source.path}:${source.line}:${source.column}`
  const because =
    why === 'shown' ? `who read ${quotedList(topics)} may have been shown it` : 'nothing that is kept says so'
  return `${place}: rule \`${ruleId}\`: it cannot be told whether this is used, for ${because}: ${namesWords(untold)}`
}

/** One line for each rule of which something was not used: place, rule, age, and what; then what cannot be told. */
export function describeUnusedGrants(
  grants: readonly UnusedGrant[],
  untold: readonly UntoldGrant[],
  { sinceUnixMs }: SeenUses,
  nowUnixMs: number,
): string {
  const watched = ageWords(nowUnixMs - sinceUnixMs)
  const lines = grants.map(({ ruleId, source, isWhole, unused, sinceUnixMs: since, lastUnixMs }) => {
    const place = `${source.path}:${source.line}:${source.column}`
    const never = since === undefined ? 'not in force there' : `never in ${ageWords(nowUnixMs - since)}`
    const age = lastUnixMs === undefined ? never : `last used ${ageWords(nowUnixMs - lastUnixMs)} ago`
    const how = isWhole ? 'is not used' : 'grants more than is used'
    return `${place}: rule \`${ruleId}\` ${how} (${age}): ${namesWords(unused)}`
  })
  const count = grants.length === 1 ? '1 rule grants' : `${grants.length} rules grant`
  return [...lines, ...untold.map(untoldWords), `${count} what nobody was seen to use in ${watched}`].join('\n')
}
