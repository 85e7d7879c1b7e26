import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { runningProcesses } from './process-table.ts'

/** How the folder of a cluster begins, among the system's temporary ones. */
export const CLUSTER_FOLDER_PREFIX = 'headgate-kafka-'

const OWNER_FILE = 'owner'

/** Notes in a cluster's folder which process it belongs to. */
export async function claimFolder(directory: string): Promise<void> {
  await writeFile(join(directory, OWNER_FILE), `${hostname()} ${process.pid}`)
}

/**
 * Removes clusters of this user whose process has ended, and their brokers. There are some only where the watchdog was killed
 * as well, or the machine went down.
 */
export async function sweepLeftovers(): Promise<void> {
  const parent = tmpdir()
  const entries = (await readdir(parent)).filter((entry) => entry.startsWith(CLUSTER_FOLDER_PREFIX))
  for (const entry of entries) {
    const directory = join(parent, entry)
    if (await isAbandoned(directory)) await removeCluster(directory)
  }
}

// A folder that does not say whose it is, or whose owner lives on a machine that shares this folder, is left alone.
async function isAbandoned(directory: string): Promise<boolean> {
  try {
    if ((await stat(directory)).uid !== process.getuid?.()) return false
    const [host, pid] = (await readFile(join(directory, OWNER_FILE), 'utf8')).split(' ')
    return host === hostname() && !isAlive(Number(pid))
  } catch {
    return false
  }
}

async function removeCluster(directory: string): Promise<void> {
  for (const pid of await processesNaming(directory)) endProcess(pid)
  // A broker in its last moment may still make a file, so that the first removal finds the folder not empty.
  await rm(directory, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
}

/**
 * The processes whose command line names the folder. Its name is like no other, so a process number that the system has given
 * to somebody else meanwhile is never taken for a broker's.
 */
async function processesNaming(directory: string): Promise<number[]> {
  const naming = (await runningProcesses()).filter(({ command }) => command.includes(`${directory}/`))
  return naming.map(({ pid }) => pid).filter((pid) => pid !== process.pid)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}
