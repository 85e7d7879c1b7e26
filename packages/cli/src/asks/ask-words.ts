import type { Asked, AskedStep } from './asked.ts'
import { distanceWords, durationWords, timeWords } from './time-words.ts'

const LABEL_WIDTH = 10

function periodOf(ask: Asked): string {
  const { durationMs, windowStartUnixMs, startsAtUnixMs, endsAtUnixMs } = ask
  if (startsAtUnixMs !== undefined && endsAtUnixMs !== undefined) {
    return `${durationWords(durationMs)}, from ${timeWords(startsAtUnixMs)} to ${timeWords(endsAtUnixMs)}`
  }
  if (windowStartUnixMs === undefined) return `${durationWords(durationMs)} from the last approval`
  const end = windowStartUnixMs + durationMs
  return `${durationWords(durationMs)}, from ${timeWords(windowStartUnixMs)} to ${timeWords(end)}, whenever it is approved`
}

function reasonOf({ reason, isReasonRequired }: Asked): string {
  if (reason !== undefined) return reason
  return isReasonRequired ? 'no reason yet, and one is required before it can be approved' : 'no reason was given'
}

function approvalsOf({ people, approvedBy }: Asked): string {
  const count = `${approvedBy.length} of ${people}`
  return approvedBy.length === 0 ? count : `${count}: ${approvedBy.join(', ')}`
}

function stepWords({ kind, atUnixMs, by, reason }: AskedStep): string {
  const who = by === undefined ? 'by the clock' : `by ${by}`
  const why = reason === undefined ? '' : `: ${reason}`
  return `  ${timeWords(atUnixMs)}  ${kind === 'vote' ? 'approved' : kind} ${who}${why}`
}

/** Tells an ask: who wants what, why, for how long, and who decides. */
export function describeAsk(ask: Asked, nowUnixMs: number): string {
  const lines: [string, string][] = [
    ['who', ask.requester],
    ['wants to', `${ask.operation} ${ask.topic}`],
    ['why', reasonOf(ask)],
    ['for', periodOf(ask)],
    ['under', `protection ${ask.protection}, opened by ${ask.origin === 'traffic' ? 'traffic' : 'a request'}`],
    ['approved', approvalsOf(ask)],
  ]
  const notDeciding = [ask.requester, ...ask.owners].join(', ')
  if (ask.state === 'pending') {
    lines.push(['decide by', `${timeWords(ask.decideByUnixMs)} (${distanceWords(ask.decideByUnixMs, nowUnixMs)})`])
    const from = ask.issuers.length === 0 ? '' : ` from ${ask.issuers.join(', ')}`
    lines.push(['deciding', `members of ${ask.groups.join(', ')}${from}; not ${notDeciding}`])
  }
  if (ask.state === 'active' && ask.endsAtUnixMs !== undefined) {
    lines.push(['ends', distanceWords(ask.endsAtUnixMs, nowUnixMs)])
  }
  const rows = lines.map(([label, text]) => `  ${label.padEnd(LABEL_WIDTH)}${text}`)
  return [`${ask.id}  ${ask.state}, revision ${ask.revision}`, '', ...rows, '', ...ask.steps.map(stepWords)].join('\n')
}

function nextOf({ state, decideByUnixMs, startsAtUnixMs, endsAtUnixMs }: Asked, nowUnixMs: number): string {
  if (state === 'pending') return `decide ${distanceWords(decideByUnixMs, nowUnixMs)}`
  if (state === 'approved' && startsAtUnixMs !== undefined) return `starts ${distanceWords(startsAtUnixMs, nowUnixMs)}`
  return state === 'active' && endsAtUnixMs !== undefined ? `ends ${distanceWords(endsAtUnixMs, nowUnixMs)}` : ''
}

/** Tells asks one a line, in columns. */
export function describeAsks(asks: readonly Asked[], nowUnixMs: number): string {
  if (asks.length === 0) return 'no asks'
  const head = ['ask', 'state', 'who', 'wants to', 'approved', 'next', 'why']
  const rows = asks.map((ask) => [
    ...[ask.id, ask.state, ask.requester, `${ask.operation} ${ask.topic}`, `${ask.approvedBy.length} of ${ask.people}`],
    ...[nextOf(ask, nowUnixMs), ask.reason ?? (ask.isReasonRequired ? '(wanted)' : '')],
  ])
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return [head, ...rows].map(line).join('\n')
}

/** Tells what came of a step. */
export function describeOutcome(ask: Asked): string {
  const { state, people, approvedBy, endsAtUnixMs, startsAtUnixMs } = ask
  if (state === 'active' && endsAtUnixMs !== undefined) return `active until ${timeWords(endsAtUnixMs)}`
  if (state === 'approved' && startsAtUnixMs !== undefined) return `approved, starts at ${timeWords(startsAtUnixMs)}`
  if (state !== 'pending') return state
  const missing = people - approvedBy.length
  return `pending: ${missing} more ${missing === 1 ? 'person has' : 'people have'} to approve by ${timeWords(ask.decideByUnixMs)}`
}
