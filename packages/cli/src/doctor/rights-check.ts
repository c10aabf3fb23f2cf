import { type Check, note, ok, problem } from './finding.ts'

const MOST_NAMED = 8
/** How this part of the facts is called. */
export const RIGHTS = 'rights'
const ADVICE = 'Give the user the rights of its role: ACL SETUSER, see docs/acl.md.'

/** Whether the user may do all that a role needs; it is enough to be fit for one. */
export const rights: Check = ({ missing, unread }) => {
  const refused = unread.find(({ what }) => what === RIGHTS)
  if (refused !== undefined) return problem('Rights', refused.why, ADVICE)
  if (missing === undefined) return note('Rights', 'They are not known: this server does not tell them')
  const roles = Object.entries(missing)
  const fit = roles.filter(([, lacks]) => lacks.length === 0).map(([role]) => role)
  if (fit.length === roles.length) return ok('Rights', 'enough for every role')
  const [nearest = ['', []], ...others] = roles
    .filter(([, lacks]) => lacks.length > 0)
    .sort(([, a], [, b]) => a.length - b.length)
  const [role, lacks] = nearest
  if (fit.length > 0) {
    const unfit = [role, ...others.map(([name]) => name)]
    return note('Rights', `enough for: ${fit.join(', ')}; not for: ${unfit.join(', ')}`)
  }
  const shown = lacks.slice(0, MOST_NAMED).join(', ')
  const more = lacks.length > MOST_NAMED ? ` and ${lacks.length - MOST_NAMED} more` : ''
  return problem('Rights', `Not enough for any role. For ${role} it lacks ${shown}${more}.`, ADVICE)
}
