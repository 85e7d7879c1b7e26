/** Tells whether a file, relative to the root, is source that a package ships: no test, and nothing that tests share. */
export function isShipped(file: string): boolean {
  if (!/^packages\/[^/]+\/src\/.*\.ts$/.test(file)) return false
  return !/\.test\.ts$|-fixture\.ts$|\/src\/testing\//.test(file)
}

/** Tells whether a file is written by a generator. */
export function isGenerated(file: string): boolean {
  return file.startsWith('packages/wire/src/messages/')
}
