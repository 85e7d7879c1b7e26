import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as sleep } from 'node:timers/promises'

/** What is kept between runs: `HEADGATE_CACHE`, else `headgate` in `XDG_CACHE_HOME` or `~/.cache`. */
function cacheDirectory(env: NodeJS.ProcessEnv = process.env): string {
  const own = env['HEADGATE_CACHE']
  if (own) return own
  const xdg = env['XDG_CACHE_HOME']
  return join(xdg && isAbsolute(xdg) ? xdg : join(homedir(), '.cache'), 'headgate')
}

/**
 * The cached folder `name`; where there is none, `make` fills a new one, which then appears under its name at once
 * and whole. Two processes that ask together make it once.
 */
export async function cached(name: string, make: (directory: string) => Promise<void>): Promise<string> {
  const cache = cacheDirectory()
  const directory = join(cache, name)
  if (existsSync(directory)) return directory
  await mkdir(cache, { recursive: true, mode: 0o700 })
  await withLock(join(cache, `${name}.lock`), async () => {
    if (existsSync(directory)) return
    await removeUnfinished(cache, name)
    const unfinished = join(cache, `.${name}.${process.pid}`)
    await mkdir(unfinished)
    await make(unfinished)
    await rename(unfinished, directory)
  })
  return directory
}

// INVARIANT: called with the lock of `name` held, so nobody is still filling what is removed.
async function removeUnfinished(cache: string, name: string): Promise<void> {
  for (const entry of await readdir(cache)) {
    if (entry.startsWith(`.${name}.`)) await rm(join(cache, entry), { recursive: true, force: true })
  }
}

/**
 * Runs `work` while no other process on this machine holds the lock. An SQLite transaction is the lock: the operating
 * system gives it back when its holder dies, however it dies, so there is no stale lock to judge.
 */
async function withLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const lock = new DatabaseSync(file, { timeout: 0 })
  try {
    while (!tryLock(lock)) await sleep(100)
    return await work()
  } finally {
    lock.close()
  }
}

function tryLock(lock: DatabaseSync): boolean {
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return true
  } catch (error) {
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return false
    throw error
  }
}

const SQLITE_BUSY = 5
