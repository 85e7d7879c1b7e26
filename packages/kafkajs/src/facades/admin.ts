import { Operation } from '@headgate/policy'
import type { Admin } from '#kafkajs'
import type { Ask } from '../access/ask.ts'
import type { Gate } from '../access/gate.ts'
import { adminSurface } from '../access/surface.ts'
import { type Client, createLifecycle } from './client.ts'
import { copyMembers } from './group-description.ts'

type Answer<M extends keyof Admin> = Admin[M] extends (...args: never[]) => Promise<infer R> ? R : never
type Call = (...args: unknown[]) => Promise<unknown>

/** The methods that ask the cluster something, each of them by its row in the table. */
type AdminCall = Exclude<keyof typeof adminSurface, 'connect' | 'disconnect' | 'on' | 'logger'>

const canDescribeGroup = (gate: Gate, name: string): boolean =>
  gate.allows({ resourceType: 'group', operation: Operation.Describe, name })

/** What is taken out of an answer because the policy does not show it. */
const showing: { readonly [M in AdminCall]?: (answer: Answer<M>, gate: Gate) => Answer<M> } = Object.freeze({
  listTopics: (names, gate) => names.filter((name) => gate.shows(name)),
  fetchTopicMetadata: ({ topics }, gate) => ({ topics: topics.filter(({ name }) => gate.shows(name)) }),
  fetchOffsets: (offsets, gate) => offsets.filter(({ topic }) => gate.shows(topic)),
  listGroups: ({ groups }, gate) => ({ groups: groups.filter(({ groupId }) => canDescribeGroup(gate, groupId)) }),
  describeGroups: ({ groups }) => ({ groups: groups.map(copyMembers) }),
})

function createCall(inner: Admin, gate: Gate, method: AdminCall): Call {
  const asksOf = adminSurface[method] as (scope: undefined, ...args: unknown[]) => readonly Ask[]
  const call = inner[method] as Call
  const show = showing[method] as ((answer: unknown, gate: Gate) => unknown) | undefined
  return async (...given) => {
    // What is decided on is what is sent: no getter and no later change comes between.
    const args = structuredClone(given)
    await gate.admit(`admin.${method}`, asksOf(undefined, ...args))
    const answer = await call(...args)
    return show === undefined ? answer : show(answer, gate)
  }
}

/** kafkajs resolves every topic of a group where none is named; here each of them must be allowed first. */
async function fetchOffsets(
  admin: Admin,
  options: Parameters<Admin['fetchOffsets']>[0],
): ReturnType<Admin['fetchOffsets']> {
  if (!options.resolveOffsets || (options.topics ?? []).length > 0) return admin.fetchOffsets(options)
  const committed = await admin.fetchOffsets({ groupId: options.groupId })
  const topics = committed.map(({ topic }) => topic)
  return topics.length === 0 ? [] : admin.fetchOffsets({ ...options, topics })
}

/** Creates the facade over an administrator of kafkajs. */
export function createAdmin(inner: Admin, client: Client): Admin {
  const own = {
    ...createLifecycle(inner, client, async () => {}),
    events: inner.events,
    on: inner.on,
    logger: inner.logger,
  }
  const methods = (Object.keys(adminSurface) as (keyof typeof adminSurface)[]).filter((method) => !(method in own))
  const calls = methods.map((method) => [method, createCall(inner, client.gate, method as AdminCall)])
  // One entry for each row of the table, and the table has a row for each method.
  const admin = { ...Object.fromEntries(calls), ...own } as Admin
  return { ...admin, fetchOffsets: (options) => fetchOffsets(admin, options) }
}
