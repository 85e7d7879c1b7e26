import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { goThroughSignIn, type SignInPersonOptions, type SignInPersonResult } from '@headgate/testkit'
import type { ClientConnection } from '../clients/connection.ts'
import { type HeadgateRun, startHeadgate } from '../clients/headgate.ts'
import { watchdog } from '../kafka/watchdog.ts'
import { startWorld, type World, type WorldOptions } from '../world/start-world.ts'

export const TOKEN_LIFE_SECONDS = 15

const POLICY = `
rules:
  - id: engineers-work-with-orders
    who: { groups: [engineers] }
    may: { produce: [orders, "orders.*"], consume: [orders, "orders.*"], as: ["engineers-*"] }
`

/** Three brokers behind a gateway with TLS, people at the identity provider, and tokens that live for seconds. */
export function startPeopleWorld(changes: Partial<WorldOptions> = {}): Promise<World> {
  return startWorld({
    brokers: 3,
    clients: [],
    topics: [
      { topic: 'orders', partitions: 3 },
      { topic: 'orders.kcat', partitions: 3 },
      { topic: 'orders.long', partitions: 3 },
      { topic: 'payments', partitions: 1 },
    ],
    policy: POLICY,
    tokenLifetimeSeconds: TOKEN_LIFE_SECONDS,
    ...changes,
  })
}

/** A person's account on a machine: a folder of her own, and the command in it. */
export interface Desk {
  readonly environment: Readonly<Record<string, string>>
  start(...args: string[]): HeadgateRun
  /** Runs a command to its end. */
  run(...args: string[]): Promise<{ readonly code: number | null; readonly out: string; readonly error: string }>
  remove(): Promise<void>
}

/** Sets one up for the world's gateway. */
export async function createDesk(world: World): Promise<Desk> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-desk-'))
  watchdog().watchFolder(folder)
  const environment = { HEADGATE_GATEWAY: world.httpUrl, HEADGATE_CA: world.ca.path, XDG_CONFIG_HOME: folder }
  const start = (...args: string[]): HeadgateRun => startHeadgate(args, environment)
  return {
    environment,
    start,
    run: async (...args) => {
      const run = start(...args)
      return { code: await run.ended, out: run.out(), error: run.error() }
    },
    remove: async () => {
      await rm(folder, { recursive: true, force: true })
      watchdog().forgetFolder(folder)
    },
  }
}

/** Does what a person does who was told an address by `headgate login`. */
export async function followLogin(
  login: HeadgateRun,
  account: string,
  options?: SignInPersonOptions,
): Promise<SignInPersonResult> {
  const [, address = ''] = await login.wrote(/^ {4}(https?:\/\/\S+)\n/m)
  return goThroughSignIn(address, account, options)
}

/** Starts `headgate connect` on a free port; gives how plain clients connect to it. */
export async function startConnect(
  desk: Desk,
): Promise<{ readonly run: HeadgateRun; readonly connection: ClientConnection }> {
  const run = desk.start('connect', '--listen', '127.0.0.1:0')
  const [, bootstrap = ''] = await run.wrote(/: (127\.0\.0\.1:\d+), without/)
  return { run, connection: { bootstrap } }
}
