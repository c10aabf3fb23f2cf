const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']
const FIELDS = 5

/**
 * A cron text as the reader that RQ uses (croniter) takes it, since one that it does not take keeps RQ from reading the record of
 * any cron scheduler: the second comes last, `?` is `*`, the last Friday `L5`. What croniter has no words for is told nearly:
 * `15W` and `LW` as `15` and `L`, `+FRI` as `FRI`, and weekdays of the month beside plain ones as plain ones.
 */
export function pythonCronText(text: string): string {
  const trimmed = text.trim()
  if (trimmed.startsWith('@')) return trimmed.toLowerCase()
  const words = trimmed.toUpperCase().replaceAll('?', '*').split(/\s+/)
  const seconds = words.length > FIELDS ? words.slice(0, 1) : []
  const [minute = '*', hour = '*', day = '*', month = '*', weekday = '*'] = words.slice(-FIELDS)
  return [minute, hour, dayOfMonth(day), month, dayOfWeek(weekday), ...seconds].join(' ')
}

function dayOfMonth(field: string): string {
  return field
    .split(',')
    .map((item) => item.replace(/W$/, ''))
    .join(',')
}

function dayOfWeek(field: string): string {
  const items = field.replace(/^\+/, '').split(',')
  const told = items.flatMap((item) => {
    const [, days = '', which = 'L'] = /^(.*?)(?:#(.)|L)$/.exec(item) ?? []
    return days === '' ? [item] : daysOf(days).map((day) => (which === 'L' ? `L${day}` : `${day}#${which}`))
  })
  const special = told.filter((item) => /[L#]/.test(item))
  const isMixed = special.length > 0 && special.length < told.length
  return isMixed ? told.map((item) => item.replace(/^L|#.$/g, '')).join(',') : told.join(',')
}

/** The numbers of a weekday or of a range of them. */
function daysOf(days: string): number[] {
  const [first = 0, last = first] = days.split('-').map(numberOf)
  return Array.from({ length: last - first + 1 }, (_, n) => (first + n) % WEEKDAYS.length)
}

function numberOf(day: string): number {
  const index = WEEKDAYS.indexOf(day)
  return index === -1 ? Number(day) : index
}
