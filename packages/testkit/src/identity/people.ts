/** Somebody who signs in herself, at a page of the identity provider. */
export interface IdentityPerson {
  /** Also the subject of her tokens. */
  readonly account: string
  readonly name: string
  readonly groups: readonly string[]
  /** What else tokens say of her. */
  readonly claims?: Readonly<Record<string, unknown>>
}

/** The people of the tests and the demo. They are made up, and so is where they work. */
export const PEOPLE: readonly IdentityPerson[] = Object.freeze([
  { account: 'ada', name: 'Ada', groups: ['payments-leads', 'engineers'] },
  { account: 'barbara', name: 'Barbara', groups: ['payments-leads', 'engineers'] },
  { account: 'grace', name: 'Grace', groups: ['analytics', 'engineers'] },
  { account: 'katherine', name: 'Katherine', groups: ['fraud'] },
  { account: 'linus', name: 'Linus', groups: ['auditors'] },
])

/** The password of a person at the test identity provider. */
export function passwordOf(account: string): string {
  return `${account}-password`
}
