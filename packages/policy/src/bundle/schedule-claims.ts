import * as z from 'zod'
import { type DailyWindow, isTimeZone, MINUTES_OF_DAY, type Schedule } from '../document/schedule.ts'

const instant = z.int().nonnegative().exactOptional()
const minute = z.int().nonnegative()
const window: z.ZodType<DailyWindow> = z
  .tuple([minute.max(MINUTES_OF_DAY - 1), minute.max(MINUTES_OF_DAY)])
  .readonly()
  .refine(([first, end]) => first !== end)

/** When a rule applies, in a bundle. A zone that this machine does not know refuses the bundle. */
export const scheduleClaims: z.ZodType<Schedule> = z
  .strictObject({
    fromUnixMs: instant,
    untilUnixMs: instant,
    days: z.array(z.int().min(1).max(7)).min(1).readonly().exactOptional(),
    between: z.array(window).min(1).readonly().exactOptional(),
    zone: z.string().refine(isTimeZone).exactOptional(),
  })
  .refine((schedule) => Object.keys(schedule).length > 0)
  .refine(({ days, between, zone }) => (zone === undefined) === (days === undefined && between === undefined))
