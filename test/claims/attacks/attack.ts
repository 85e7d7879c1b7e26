/** One line of the list of attacks: what somebody tries, and what has to come of it. */
export interface Attack {
  /** What tests that show it begin their title with: `T3: …`. */
  readonly id: string
  /** What is tried. */
  readonly tried: string
  /** What has to happen. */
  readonly expected: string
  /** Why nothing shows the line: what it attacks is not built. A line with it must have no test. */
  readonly absent?: string
  /** What of the line does not apply, and why. */
  readonly except?: string
}

/** A family of lines, with the letter that their numbers begin with. */
export interface AttackFamily {
  readonly letter: 'B' | 'T' | 'S' | 'K' | 'P'
  readonly title: string
  readonly attacks: readonly Attack[]
}
