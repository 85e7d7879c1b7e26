import { printable } from '../../printable.ts'
import { actionOf, quoted } from '../access-words.ts'
import { yamlList } from '../yaml-words.ts'
import type { DraftRule, PolicyDraft } from './draft-rules.ts'
import type { SeenUses } from './seen-access.ts'

const MAX_CLIENT_IDS = 5
const MAX_LEFT_OUT = 50

/** A moment to the minute, such as `2026-11-24T10:00Z`. */
function timeOf(unixMs: number): string {
  return `${new Date(unixMs).toISOString().slice(0, 16)}Z`
}

function ruleLines({ id, issuer, subject, names, cluster, clientIds, firstUnixMs, lastUnixMs }: DraftRule): string[] {
  const shown = clientIds.slice(0, MAX_CLIENT_IDS).map((clientId) => (clientId === '' ? 'none' : quoted(clientId)))
  const more = clientIds.length > MAX_CLIENT_IDS ? ` and ${clientIds.length - MAX_CLIENT_IDS} more` : ''
  const granted = [...names].map(([verb, of]) => `      ${verb}: ${yamlList(of)}`)
  return [
    `  # client ids: ${shown.join(', ')}${more}; seen ${timeOf(firstUnixMs)} to ${timeOf(lastUnixMs)}`,
    `  - id: ${id}`,
    `    who: { issuers: ${yamlList([issuer])}, subjects: ${yamlList([subject])} }`,
    '    may:',
    ...granted,
    ...(cluster.length === 0 ? [] : [`      cluster: [${cluster.join(', ')}]`]),
  ]
}

function leftOutLines({ leftOut }: PolicyDraft): string[] {
  if (leftOut.length === 0) return []
  const lines = leftOut.slice(0, MAX_LEFT_OUT).map(({ use, why }) => {
    const { issuer, subject, resourceType, operation, name } = use
    return `#   ${printable(issuer)}/${printable(subject)}: ${actionOf(resourceType, operation)} ${quoted(name)}: ${why}`
  })
  const rest = leftOut.length - lines.length
  return ['# Seen and left out:', ...lines, ...(rest > 0 ? [`#   and ${rest} more`] : [])]
}

/** Writes a draft as a policy, which can also be a part of one. */
export function draftPolicyText(draft: PolicyDraft, { sinceUnixMs }: SeenUses, nowUnixMs: number): string {
  const { rules } = draft
  return [
    `# Drafted from what was seen from ${timeOf(sinceUnixMs)} to ${timeOf(nowUnixMs)}: all that is granted here was used, and`,
    '# nothing that was not. What happens less often than that is missing: month ends, failovers, people.',
    ...leftOutLines(draft),
    ...(rules.length === 0 ? ['rules: []'] : ['rules:', ...rules.flatMap(ruleLines)]),
    '',
  ].join('\n')
}

/** A draft as plain data, for machines. */
export function draftData({ rules, leftOut }: PolicyDraft): object {
  return {
    rules: rules.map(({ names, cluster, ...rule }) => ({
      ...rule,
      may: { ...Object.fromEntries(names), ...(cluster.length === 0 ? {} : { cluster }) },
    })),
    leftOut: leftOut.map(({ use, why }) => {
      const { issuer, subject, resourceType, operation, name } = use
      return { issuer, subject, does: actionOf(resourceType, operation), resourceType, name, why }
    }),
  }
}
