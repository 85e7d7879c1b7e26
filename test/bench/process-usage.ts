import { readFileSync } from 'node:fs'

const TICKS_PER_SECOND = 100

/** User and system CPU seconds of a process so far, all its threads included. */
export function cpuSeconds(pid: number): number {
  // The name in parentheses may hold spaces; what follows does not.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** Resident memory of a process in bytes. */
export function residentBytes(pid: number): number {
  return statusKiB(pid, 'VmRSS') * 1024
}

function statusKiB(pid: number, key: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? Number.NaN)
}
