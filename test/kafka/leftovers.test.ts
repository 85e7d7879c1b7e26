import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { CLUSTER_FOLDER_PREFIX, claimFolder, sweepLeftovers } from './leftovers.ts'

async function folderOf(owner: string | undefined): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), CLUSTER_FOLDER_PREFIX))
  if (owner !== undefined) await writeFile(join(directory, 'owner'), owner)
  return directory
}

async function endedPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', ''])
  await once(child, 'exit')
  return child.pid ?? 0
}

test('a cluster whose process has ended is removed, and what runs in its folder ends', async () => {
  const directory = await folderOf(`${hostname()} ${await endedPid()}`)
  const broker = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', join(directory, 'server.properties')])
  const ended = once(broker, 'exit')

  await sweepLeftovers()

  expect(await ended).toEqual([null, 'SIGKILL'])
  expect(existsSync(directory)).toBe(false)
})

test('a cluster that belongs to a running process, to another machine or to nobody known is left alone', async () => {
  const own = await folderOf(undefined)
  await claimFolder(own)
  const others = [await folderOf(`elsewhere ${await endedPid()}`), await folderOf(undefined)]

  await sweepLeftovers()

  for (const directory of [own, ...others]) {
    expect(existsSync(directory)).toBe(true)
    await rm(directory, { recursive: true })
  }
})
