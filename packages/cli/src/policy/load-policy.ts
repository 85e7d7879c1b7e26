import { isAbsolute, relative, resolve } from 'node:path'
import { readPolicyFiles } from '@headgate/gateway'
import type { PolicyDocument, PolicyParseResult, SourcePosition } from '@headgate/policy'
import type { CommandIo } from '../command.ts'

/** Reads a policy that a command names; places in it are told relative to the user's folder. */
export function loadPolicy(io: CommandIo, file: string): PolicyParseResult {
  const { result } = readPolicyFiles(resolve(io.folder, file))
  return result.ok ? { ...result, document: shorten(io, result.document) } : result
}

function shorten(io: CommandIo, { topics, rules, owners, version }: PolicyDocument): PolicyDocument {
  const near = <T extends { readonly source: SourcePosition }>(entry: T): T => ({
    ...entry,
    source: { ...entry.source, path: shortPath(io, entry.source.path) },
  })
  return { version, topics: topics.map(near), rules: rules.map(near), owners: owners.map(near) }
}

/** A path as the user sees it: relative to the folder where it lies there. */
export function shortPath(io: CommandIo, path: string): string {
  const short = relative(io.folder, path)
  return short.startsWith('..') || isAbsolute(short) ? path : short
}
