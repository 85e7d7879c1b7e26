export { type Clock, type ClockTimer, systemClock } from './clock.ts'
export { type ErrorDetails, HeadgateError, type HeadgateErrorOptions, isHeadgateError } from './errors.ts'
export { type LogFields, type LogPort, shownFields, silentLog } from './log.ts'
export { Secret } from './secret.ts'
