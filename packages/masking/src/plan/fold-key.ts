/** The form in which keys are compared at any depth: case, width and ligatures make no difference. */
export function foldKey(key: string): string {
  return key.normalize('NFKC').toLowerCase()
}
