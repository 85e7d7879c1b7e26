import fc from 'fast-check'
import { expect, test } from 'vitest'
import { buildSchedule, type Schedule } from '../document/schedule.ts'
import { holdsAt, nextChangeAfter } from './schedule-time.ts'

const MINUTE_MS = 60_000
const at = (text: string): number => Date.parse(text)
const changes = (schedule: Schedule, from: string, count: number): string[] => {
  const found: string[] = []
  let unixMs = at(from)
  while (found.length < count) {
    const before = holdsAt(schedule, unixMs)
    unixMs = nextChangeAfter(schedule, unixMs)
    if (holdsAt(schedule, unixMs) !== before) found.push(new Date(unixMs).toISOString())
  }
  return found
}

test('P5: a window is one of the wall clock in its zone, not of UTC', () => {
  const berlin = buildSchedule({ between: ['08:00-18:00'], in: 'Europe/Berlin' })
  const utc = buildSchedule({ between: ['08:00-18:00'], in: 'UTC' })
  expect(holdsAt(berlin, at('2026-07-01T06:30:00Z'))).toBe(true)
  expect(holdsAt(utc, at('2026-07-01T06:30:00Z'))).toBe(false)
  expect(changes(berlin, '2026-07-01T00:00:00Z', 2)).toEqual(['2026-07-01T06:00:00.000Z', '2026-07-01T16:00:00.000Z'])
  expect(changes(berlin, '2026-12-01T00:00:00Z', 2)).toEqual(['2026-12-01T07:00:00.000Z', '2026-12-01T17:00:00.000Z'])
})

test('P5: the boundary is the millisecond itself, and the end is no part of a window', () => {
  const schedule = buildSchedule({ from: '2026-12-01T08:00:00Z', until: '2026-12-01T09:00:00Z' })
  const [from, until] = [at('2026-12-01T08:00:00Z'), at('2026-12-01T09:00:00Z')]
  expect([from - 1, from, until - 1, until].map((each) => holdsAt(schedule, each))).toEqual([false, true, true, false])
  expect([from - 1, from, until - 1, until].map((each) => nextChangeAfter(schedule, each))).toEqual([
    from,
    until,
    until,
    Number.POSITIVE_INFINITY,
  ])
})

test('P5: a window over midnight belongs to the day on which it begins', () => {
  const schedule = buildSchedule({ days: ['fri'], between: ['22:00-06:00'], in: 'UTC' })
  // 2026-11-27 is a Friday.
  expect(holdsAt(schedule, at('2026-11-27T05:00:00Z'))).toBe(false)
  expect(holdsAt(schedule, at('2026-11-27T23:00:00Z'))).toBe(true)
  expect(holdsAt(schedule, at('2026-11-28T05:59:59.999Z'))).toBe(true)
  expect(holdsAt(schedule, at('2026-11-28T23:00:00Z'))).toBe(false)
  expect(changes(schedule, '2026-11-24T00:00:00Z', 2)).toEqual(['2026-11-27T22:00:00.000Z', '2026-11-28T06:00:00.000Z'])
})

test('P5: what would begin in an hour that the clocks leave out begins at its end', () => {
  const schedule = buildSchedule({ between: ['02:30-04:00'], in: 'Europe/Berlin' })
  expect(changes(schedule, '2027-03-28T00:00:00Z', 2)).toEqual(['2027-03-28T01:00:00.000Z', '2027-03-28T02:00:00.000Z'])
})

test('P5: an hour that comes twice counts twice', () => {
  const schedule = buildSchedule({ between: ['02:00-02:30'], in: 'Europe/Berlin' })
  expect(changes(schedule, '2026-10-24T23:00:00Z', 4)).toEqual([
    '2026-10-25T00:00:00.000Z',
    '2026-10-25T00:30:00.000Z',
    '2026-10-25T01:00:00.000Z',
    '2026-10-25T01:30:00.000Z',
  ])
})

test('P5: a zone whose clocks change by half an hour', () => {
  const schedule = buildSchedule({ between: ['02:15-03:00'], in: 'Australia/Lord_Howe' })
  // The clocks go from 02:00 to 02:30 on 2026-10-04, at 15:30 UTC of the day before.
  expect(changes(schedule, '2026-10-03T12:00:00Z', 2)).toEqual(['2026-10-03T15:30:00.000Z', '2026-10-03T16:00:00.000Z'])
})

test('an unknown zone is an error, never a guess', () => {
  expect(() => holdsAt({ days: [1], zone: 'Atlantis/Capital' }, 0)).toThrow(RangeError)
})

const DAY_WORDS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/** The reference in the words of a calendar: which day and time it is there, and was there a day ago. */
function holdsNaively(
  { fromUnixMs = 0, untilUnixMs = Infinity, days, between, zone = 'UTC' }: Schedule,
  unixMs: number,
): boolean {
  if (unixMs < fromUnixMs || unixMs >= untilUnixMs) return false
  if (days === undefined && between === undefined) return true
  const words = new Date(unixMs).toLocaleString('en-GB', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  const [, weekday = '', hour, minute] = /(\w+).*?(\d\d):(\d\d)/.exec(words) ?? []
  const today = DAY_WORDS.indexOf(weekday) + 1
  const yesterday = today === 1 ? 7 : today - 1
  const now = Number(hour) * 60 + Number(minute)
  const may = (day: number): boolean => days === undefined || days.includes(day)
  if (between === undefined) return may(today)
  return between.some(([first, end]) =>
    first < end
      ? first <= now && now < end && may(today)
      : (now >= first && may(today)) || (now < end && may(yesterday)),
  )
}

const minute = fc.integer({ min: 0, max: 1439 })
const schedule = fc
  .record(
    {
      days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }).map((days) => days.sort()),
      between: fc.array(
        fc.tuple(minute, minute).filter(([a, b]) => a !== b),
        { minLength: 1, maxLength: 3 },
      ),
    },
    { requiredKeys: [] },
  )
  .filter((each) => Object.keys(each).length > 0)
const zone = fc.constantFrom(
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'Pacific/Apia',
)
const instant = fc.oneof(
  fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2028-01-01T00:00:00Z') }),
  // Around the changes of clocks.
  fc.integer({ min: at('2026-10-24T12:00:00Z'), max: at('2026-10-26T00:00:00Z') }),
  fc.integer({ min: at('2027-03-27T12:00:00Z'), max: at('2027-03-29T00:00:00Z') }),
)

test('P5: a schedule holds as the calendar of its zone says, and no change is missed', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(schedule, zone, instant, (parts, where, unixMs) => {
      const each: Schedule = { ...parts, zone: where }
      const now = holdsNaively(each, unixMs)
      expect(holdsAt(each, unixMs)).toBe(now)
      const next = nextChangeAfter(each, unixMs)
      expect(next).toBeGreaterThan(unixMs)
      for (let later = Math.floor(unixMs / MINUTE_MS + 1) * MINUTE_MS; later < next; later += MINUTE_MS) {
        if (holdsAt(each, later) !== now) expect(new Date(later).toISOString()).toBe('no change before the next')
      }
    }),
    { numRuns: 200 },
  )
})
