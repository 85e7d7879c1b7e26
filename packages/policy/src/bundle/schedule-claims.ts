import * as z from 'zod/mini'
import { type DailyWindow, isTimeZone, MINUTES_OF_DAY, type Schedule } from '../document/schedule.ts'

const instant = z.exactOptional(z.int().check(z.nonnegative()))
const minute = (last: number): z.ZodMiniType<number> => z.int().check(z.nonnegative(), z.maximum(last))
const window: z.ZodMiniType<DailyWindow> = z
  .readonly(z.tuple([minute(MINUTES_OF_DAY - 1), minute(MINUTES_OF_DAY)]))
  .check(z.refine(([first, end]) => first !== end))

/** When a rule applies, in a bundle. A zone that this machine does not know refuses the bundle. */
export const scheduleClaims: z.ZodMiniType<Schedule> = z
  .strictObject({
    fromUnixMs: instant,
    untilUnixMs: instant,
    days: z.exactOptional(z.readonly(z.array(z.int().check(z.minimum(1), z.maximum(7))).check(z.minLength(1)))),
    between: z.exactOptional(z.readonly(z.array(window).check(z.minLength(1)))),
    zone: z.exactOptional(z.string().check(z.refine(isTimeZone))),
  })
  .check(
    z.refine((schedule) => Object.keys(schedule).length > 0),
    z.refine(({ days, between, zone }) => (zone === undefined) === (days === undefined && between === undefined)),
  )
