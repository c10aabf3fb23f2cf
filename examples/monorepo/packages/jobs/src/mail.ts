export async function sendMail(to: string, subject: string): Promise<string> {
  return `${subject} was sent to ${to}`
}
