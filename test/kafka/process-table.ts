import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { promisify } from 'node:util'

/** A running process. */
export interface ProcessLine {
  readonly pid: number
  /** Program and arguments, joined by blanks. */
  readonly command: string
}

/** The processes that run now; on Linux without `ps`, which small images lack. */
export function runningProcesses(): Promise<ProcessLine[]> {
  return process.platform === 'linux' ? fromProc() : fromPs()
}

async function fromProc(): Promise<ProcessLine[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry))
  return await Promise.all(
    pids.map(async (pid) => {
      // A process may end while its line is read.
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      return { pid: Number(pid), command: command.replaceAll('\0', ' ') }
    }),
  )
}

async function fromPs(): Promise<ProcessLine[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-ww', '-o', 'pid=,args='], { maxBuffer: 2 ** 26 })
  return stdout.split('\n').map((line) => ({ pid: Number.parseInt(line, 10), command: line.replace(/^\s*\d+\s/, '') }))
}
