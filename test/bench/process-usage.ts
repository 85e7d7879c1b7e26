import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const TICKS_PER_SECOND = 100
/** Where user time, its own and that of ended children, stands in `/proc/<pid>/stat`, behind the name. */
const USER_TIME = 11
const RESET_PEAK = '5'

/** User and system CPU seconds of a process so far, all its threads included. */
export function cpuSeconds(pid: number): number {
  const [user = 0, system = 0] = cpuTicks(pid)
  return (user + system) / TICKS_PER_SECOND
}

/** Resident memory of a process in bytes. */
export function residentBytes(pid: number): number {
  return statusKiB(pid, 'VmRSS') * 1024
}

/** The most memory that was resident since {@link forgetPeak}, in bytes. */
export function peakResidentBytes(pid: number): number {
  return statusKiB(pid, 'VmHWM') * 1024
}

/** Makes the kernel begin anew with the peak of a process. */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, RESET_PEAK)
}

/** Runs `work`, and tells how many cores were busy meanwhile with what is neither this process, its children nor `pids`. */
export async function withForeignCores<T>(
  pids: readonly number[],
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly foreignCores: number }> {
  const startedAt = performance.now()
  const before = foreignSeconds(pids)
  const result = await work()
  const seconds = (performance.now() - startedAt) / 1_000
  return { result, foreignCores: Math.max(0, foreignSeconds(pids) - before) / seconds }
}

/** Waits until others leave the machine alone for half a second, for `maxMs` at most. */
export async function quietMachine(pids: readonly number[], maxForeignCores: number, maxMs: number): Promise<void> {
  const deadline = performance.now() + maxMs
  while (performance.now() < deadline) {
    const { foreignCores } = await withForeignCores(pids, () => sleep(500))
    if (foreignCores <= maxForeignCores) return
  }
}

function foreignSeconds(pids: readonly number[]): number {
  // cpu  user nice system idle iowait irq softirq …: what the network does for a process counts as the process's own time.
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = readFileSync('/proc/stat', 'utf8')
    .slice(5)
    .split(' ', 7)
    .map(Number)
  const own = cpuTicks(process.pid).reduce((sum, ticks) => sum + ticks, 0) / TICKS_PER_SECOND
  const others = pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0)
  return (user + nice + system + irq + softirq) / TICKS_PER_SECOND - own - others
}

/** User and system ticks of a process, then those of its children that have ended. */
function cpuTicks(pid: number): number[] {
  // The name in parentheses may hold spaces; what follows does not.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return fields.slice(USER_TIME, USER_TIME + 4).map(Number)
}

function statusKiB(pid: number, key: string): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? Number.NaN)
}
