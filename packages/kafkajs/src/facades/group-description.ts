import type { GroupDescription } from '#kafkajs'
import { copyBuffer } from './messages.ts'

/** Copies a group's description with bytes of its own; what is no description passes as it is. */
export function copyMembers(group: GroupDescription): GroupDescription {
  if (group?.members === undefined) return group
  const members = group.members.map((member) => ({
    ...member,
    memberMetadata: copyBuffer(member.memberMetadata),
    memberAssignment: copyBuffer(member.memberAssignment),
  }))
  return { ...group, members }
}
