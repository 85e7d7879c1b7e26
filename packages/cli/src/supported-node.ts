/** The least Node that the command runs on, as its manifest says: from here on `node:sqlite` is quiet. */
const LEAST_MAJOR = 24
const CODE = 'ERR_CLI_NODE_VERSION'

/** Tells what to do where a Node is older than the command needs; nothing where it is not. */
export function describeOldNode(version: string): string | undefined {
  const [major = 0] = version.split('.').map(Number)
  if (major >= LEAST_MAJOR) return undefined
  return `headgate: it needs Node ${LEAST_MAJOR} or newer, and this is ${version}: run it on a newer one (${CODE})`
}
