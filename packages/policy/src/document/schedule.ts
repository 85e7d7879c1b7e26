import { sortedUnique } from '../canonical.ts'
import type { Fault } from './problem.ts'

/** First minute of the day, and the minute that ends it. One that ends no later than it begins ends the day after. */
export type DailyWindow = readonly [firstMinute: number, endMinute: number]

/**
 * When a rule applies: all members that are present must hold.
 *
 * Days and windows are those of the wall clock in `zone`, which is there whenever they are. A window belongs to the day
 * on which it begins.
 */
export interface Schedule {
  /** The first millisecond. */
  readonly fromUnixMs?: number
  /** The first millisecond no more. */
  readonly untilUnixMs?: number
  /** 1 = Monday to 7 = Sunday; sorted, without repetition. */
  readonly days?: readonly number[]
  /** Sorted, without repetition. */
  readonly between?: readonly DailyWindow[]
  /** A time zone of the IANA database, or `UTC`. */
  readonly zone?: string
}

/** `when` as written. */
export interface ScheduleSource {
  readonly from?: string | undefined
  readonly until?: string | undefined
  readonly days?: readonly string[] | undefined
  readonly between?: readonly string[] | undefined
  readonly in?: string | undefined
}

const DAY_NAMES: readonly string[] = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']
const INSTANT = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/
const WINDOW = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-4]):([0-5]\d)$/
const ZONE = /^[A-Za-z][A-Za-z0-9_+/-]{0,63}$/

/** The minutes of a day. */
export const MINUTES_OF_DAY = 1_440

const fault = (message: string, mend: string): Fault => ({ code: 'ERR_POLICY_SCHEDULE', message, mend })

/** Reads an instant such as `2026-12-01T08:00:00Z` or `2026-12-01T08:00+01:00`; `undefined` where it is none. */
export function parseInstant(text: string): number | undefined {
  const [, day = ''] = INSTANT.exec(text) ?? []
  const unixMs = Date.parse(text)
  if (day === '' || !Number.isSafeInteger(unixMs) || unixMs < 0) return undefined
  // A 30th of February would be read as a day in March.
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day) ? unixMs : undefined
}

/** Checks an instant. */
export function checkInstant(text: string): Fault | undefined {
  if (parseInstant(text) !== undefined) return undefined
  return fault(
    'this is no instant',
    'write day, time and offset, such as `2026-12-01T08:00:00Z` or `2026-12-01T08:00+01:00`',
  )
}

/** Reads days: one such as `mon`, or a run such as `fri-mon`, over the end of the week where it has to. */
function parseDays(text: string): readonly number[] | undefined {
  const [first, last = first, ...others] = text.split('-').map((name) => DAY_NAMES.indexOf(name))
  if (first === undefined || last === undefined || first < 0 || last < 0 || others.length > 0) return undefined
  const count = ((last - first + 7) % 7) + 1
  return Array.from({ length: count }, (_, index) => ((first + index) % 7) + 1)
}

/** Checks days. */
export function checkDays(text: string): Fault | undefined {
  if (parseDays(text) !== undefined) return undefined
  return fault(
    'this is neither a day nor a run of days',
    `write one of ${DAY_NAMES.join(', ')} or a run such as \`mon-fri\``,
  )
}

/** Reads a window of the day such as `08:00-18:00`, or `22:00-06:00` which ends the day after. */
function parseWindow(text: string): DailyWindow | undefined {
  const [, ...digits] = WINDOW.exec(text) ?? []
  const [fromHour, fromMinute, toHour, toMinute] = digits.map(Number)
  if (fromHour === undefined || fromMinute === undefined || toHour === undefined || toMinute === undefined)
    return undefined
  const [first, end] = [fromHour * 60 + fromMinute, toHour * 60 + toMinute]
  return first === end || end > MINUTES_OF_DAY ? undefined : [first, end]
}

/** Checks a window of the day. */
export function checkWindow(text: string): Fault | undefined {
  if (parseWindow(text) !== undefined) return undefined
  return fault(
    'this is no part of a day',
    'write two different times, such as `08:00-18:00`, or `22:00-06:00` over midnight',
  )
}

/** Tells whether this machine knows a time zone. */
export function isTimeZone(name: string): boolean {
  if (!ZONE.test(name)) return false
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) instanceof Intl.DateTimeFormat
  } catch {
    return false
  }
}

/** Checks a time zone. */
export function checkTimeZone(name: string): Fault | undefined {
  return isTimeZone(name)
    ? undefined
    : fault('no such time zone is known here', 'write one such as `Europe/Berlin` or `UTC`')
}

/** Builds a schedule of what has passed the checks. */
export function buildSchedule({ from, until, days, between, in: zone }: ScheduleSource): Schedule {
  const fromUnixMs = from === undefined ? undefined : parseInstant(from)
  const untilUnixMs = until === undefined ? undefined : parseInstant(until)
  const windows = sortedUnique(between ?? [])
    .map(parseWindow)
    .filter((window) => window !== undefined)
  return {
    ...(fromUnixMs === undefined ? {} : { fromUnixMs }),
    ...(untilUnixMs === undefined ? {} : { untilUnixMs }),
    ...(days === undefined ? {} : { days: [...new Set(days.flatMap((text) => parseDays(text) ?? []))].sort() }),
    ...(between === undefined ? {} : { between: windows }),
    ...(zone === undefined ? {} : { zone }),
  }
}

/** A schedule as it is written in a policy, on one line. */
export function scheduleText({ fromUnixMs, untilUnixMs, days, between, zone }: Schedule): string {
  const time = (minute: number): string =>
    `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
  return [
    ...(fromUnixMs === undefined ? [] : [`from ${new Date(fromUnixMs).toISOString()}`]),
    ...(untilUnixMs === undefined ? [] : [`until ${new Date(untilUnixMs).toISOString()}`]),
    ...(days === undefined ? [] : [days.map((day) => DAY_NAMES[day - 1]).join(', ')]),
    ...(between === undefined ? [] : [between.map(([first, end]) => `${time(first)}-${time(end)}`).join(', ')]),
    ...(zone === undefined ? [] : [`in ${zone}`]),
  ].join(' ')
}
