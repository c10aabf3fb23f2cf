import { callStore } from '../store.js'

export async function saveEvent(project: string, number: number): Promise<void> {
  await callStore('PUT', `/${project}/events/${number}`, { number, seen: new Date() })
}

/** Takes the store a while, and one at a time is all that it bears. */
export async function deleteEvents(project: string, olderThanDays: number): Promise<void> {
  await callStore('DELETE', `/${project}/events?days=${olderThanDays}`)
}
