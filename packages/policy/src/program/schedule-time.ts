import { MINUTES_OF_DAY, type Schedule } from '../document/schedule.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
/** How far {@link nextChangeAfter} looks; behind it somebody has to look again. */
const HORIZON_MS = DAY_MS

const formats = new Map<string, Intl.DateTimeFormat>()
const OFFSET = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/

/** What the wall clock of a zone is ahead of UTC. @throws RangeError where this machine does not know the zone */
function offsetMsAt(zone: string, unixMs: number): number {
  let format = formats.get(zone)
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en', { timeZone: zone, timeZoneName: 'longOffset' })
    formats.set(zone, format)
  }
  const [, sign, hours, minutes, seconds = 0] = OFFSET.exec(format.format(unixMs)) ?? []
  if (sign === undefined) return 0
  const ms = (Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds)) * 1_000
  return sign === '-' ? -ms : ms
}

/**
 * Tells whether a schedule holds at an instant. Pure.
 *
 * @throws RangeError where this machine does not know the zone
 */
export function holdsAt(schedule: Schedule, unixMs: number): boolean {
  const { fromUnixMs = Number.NEGATIVE_INFINITY, untilUnixMs = Number.POSITIVE_INFINITY, zone } = schedule
  if (unixMs < fromUnixMs || unixMs >= untilUnixMs) return false
  return zone === undefined || holdsOnWallClock(schedule, unixMs + offsetMsAt(zone, unixMs))
}

function holdsOnWallClock({ days, between }: Schedule, wallMs: number): boolean {
  const dayCount = Math.floor(wallMs / DAY_MS)
  const minute = Math.floor((wallMs - dayCount * DAY_MS) / MINUTE_MS)
  // The first of January 1970 was a Thursday.
  const isDay = (count: number): boolean => days === undefined || days.includes(((((count + 3) % 7) + 7) % 7) + 1)
  if (between === undefined) return isDay(dayCount)
  return between.some(([first, end]) => {
    if (first < end) return first <= minute && minute < end && isDay(dayCount)
    return (minute >= first && isDay(dayCount)) || (minute < end && isDay(dayCount - 1))
  })
}

/**
 * The first instant after `unixMs` at which the schedule may hold where it did not, or the other way round. Never too
 * late: where nothing changes for a day, the end of that day, when it has to be looked at again. `Infinity` where nothing
 * will ever change. Pure.
 *
 * @throws RangeError where this machine does not know the zone
 */
export function nextChangeAfter(schedule: Schedule, unixMs: number): number {
  const { fromUnixMs, untilUnixMs } = schedule
  const bounds = [fromUnixMs, untilUnixMs].filter((bound) => bound !== undefined && bound > unixMs)
  const next = Math.min(...bounds.map(Number))
  const isOver = untilUnixMs !== undefined && unixMs >= untilUnixMs
  const isAhead = fromUnixMs !== undefined && unixMs < fromUnixMs
  if (schedule.zone === undefined || isOver || isAhead) return next
  return Math.min(next, nextWallChange(schedule, schedule.zone, unixMs))
}

/** Goes by hours: within one whose offset is the same at both ends, only the edges of windows and midnight count. */
function nextWallChange(schedule: Schedule, zone: string, unixMs: number): number {
  const edges = [...new Set([0, ...(schedule.between ?? []).flat().map((minute) => minute % MINUTES_OF_DAY)])]
  const now = holdsAt(schedule, unixMs)
  const horizon = unixMs + HORIZON_MS
  let from = Math.floor(unixMs / HOUR_MS) * HOUR_MS
  let offset = offsetMsAt(zone, from)
  for (; from < horizon; from += HOUR_MS) {
    const offsetAfter = offsetMsAt(zone, from + HOUR_MS)
    const candidates = offset === offsetAfter ? edgesWithin(edges, from, offset) : minutesWithin(from)
    offset = offsetAfter
    const change = candidates.find((at) => at > unixMs && holdsAt(schedule, at) !== now)
    if (change !== undefined) return change
  }
  return horizon
}

function edgesWithin(edges: readonly number[], from: number, offset: number): number[] {
  const wallMs = (((from + offset) % DAY_MS) + DAY_MS) % DAY_MS
  return edges
    .map((minute) => from + ((minute * MINUTE_MS - wallMs + DAY_MS) % DAY_MS))
    .filter((at) => at <= from + HOUR_MS)
    .sort((a, b) => a - b)
}

/** Clocks are put forward and back at whole minutes. */
function minutesWithin(from: number): number[] {
  return Array.from({ length: 61 }, (_, minute) => from + minute * MINUTE_MS)
}
