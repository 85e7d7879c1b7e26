const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

const UNITS: Readonly<Record<string, number>> = Object.freeze({ s: SECOND_MS, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS })
const DURATION = /^(\d{1,6})([smhd])$/
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)$/

/** Parses a duration such as `90s`, `15m`, `1h`, `2d` to milliseconds; `undefined` when it is none. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit = ''] = DURATION.exec(text) ?? []
  const unitMs = UNITS[unit]
  return count === undefined || unitMs === undefined || Number(count) === 0 ? undefined : Number(count) * unitMs
}

/** Parses a time of RFC 3339, with its zone, to milliseconds since the epoch; `undefined` when it is none. */
export function parseTime(text: string): number | undefined {
  const time = TIME.test(text) ? Date.parse(text) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}

/** Tells a duration in its two largest units, such as `1 h 30 min`. */
export function durationWords(durationMs: number): string {
  const parts: [number, string][] = [
    [Math.floor(durationMs / DAY_MS), 'd'],
    [Math.floor((durationMs % DAY_MS) / HOUR_MS), 'h'],
    [Math.floor((durationMs % HOUR_MS) / MINUTE_MS), 'min'],
    [Math.floor((durationMs % MINUTE_MS) / SECOND_MS), 's'],
  ]
  const first = parts.findIndex(([count]) => count > 0)
  if (first === -1) return 'less than a second'
  const shown = parts.slice(first, first + 2).filter(([count]) => count > 0)
  return shown.map(([count, unit]) => `${count} ${unit}`).join(' ')
}

/** Tells a moment, always in the same zone, so that people in two of them read the same. */
export function timeWords(unixMs: number): string {
  // A gateway that sends what no date holds is not to end a command.
  if (Math.abs(unixMs) > 8.64e15) return 'no time'
  return `${new Date(unixMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`
}

/** Tells how far off a moment is: `in 28 min 4 s`, or `28 min ago`. */
export function distanceWords(unixMs: number, nowUnixMs: number): string {
  const distance = durationWords(Math.abs(unixMs - nowUnixMs))
  return unixMs >= nowUnixMs ? `in ${distance}` : `${distance} ago`
}
