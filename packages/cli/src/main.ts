#!/usr/bin/env node
// INVARIANT: nothing is imported here that an older Node has not: what it lacks would be told in words of its own, before ours.
import { describeOldNode } from './supported-node.ts'

// The build puts the command beside this file, as a file of its own.
const COMMAND = import.meta.url.endsWith('.ts') ? './command-process.ts' : './command-process.js'

const problem = describeOldNode(process.versions.node)
if (problem === undefined) {
  await import(new URL(COMMAND, import.meta.url).href)
} else {
  process.stderr.write(`${problem}\n`)
  process.exitCode = 1
}
