const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']
const FIELDS = 5

/**
 * Translate a cron text for croniter, the parser of RQ: one text that it cannot parse keeps RQ from reading any cron
 * scheduler. The second comes last, `?` is `*`, the last Friday is `L5`. Where croniter has no equal, the result is
 * only close: `15W` and `LW` become `15` and `L`, `+FRI` becomes `FRI`, and weekdays of the month that are combined
 * with plain weekdays become plain ones.
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
  const translated = items.flatMap((item) => {
    const [, days = '', which = 'L'] = /^(.*?)(?:#(.)|L)$/.exec(item) ?? []
    return days === '' ? [item] : daysOf(days).map((day) => (which === 'L' ? `L${day}` : `${day}#${which}`))
  })
  const special = translated.filter((item) => /[L#]/.test(item))
  const isMixed = special.length > 0 && special.length < translated.length
  return isMixed ? translated.map((item) => item.replace(/^L|#.$/g, '')).join(',') : translated.join(',')
}

/** The numbers of a weekday, or of a range of weekdays; Sunday is 0. */
function daysOf(days: string): number[] {
  const [first = 0, last = first] = days.split('-').map(numberOf)
  return Array.from({ length: last - first + 1 }, (_, n) => (first + n) % WEEKDAYS.length)
}

function numberOf(day: string): number {
  const index = WEEKDAYS.indexOf(day)
  return index === -1 ? Number(day) : index
}
