import { describe, expect, test } from 'vitest'
import { redisError } from './redis-error.ts'

const WHERE = 'redis://localhost:6379/0'

/** As ioredis makes it of what the server sends. */
function reply(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' })
}

describe('redisError', () => {
  test.each([
    ['OOM command not allowed when used memory > maxmemory.', 'RQ_REDIS_OUT_OF_MEMORY', true],
    ["NOPERM this user has no permissions to run the 'eval' command", 'RQ_REDIS_AUTH', false],
    ["ERR The user executing the script can't run this command or subcommand", 'RQ_REDIS_AUTH', false],
    ["ERR The user executing the script can't publish to the channel mentioned in the command", 'RQ_REDIS_AUTH', false],
    ['ACL failure in script: No permissions to access a key', 'RQ_REDIS_AUTH', false],
    ['NOAUTH Authentication required.', 'RQ_REDIS_AUTH', false],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'RQ_REDIS_AUTH', false],
    ['ERR invalid password', 'RQ_REDIS_AUTH', false],
    ["ERR Error compiling script (new function): user_script:1: unexpected symbol near '#'", 'RQ_REDIS_VERSION', false],
    ["CROSSSLOT Keys in request don't hash to the same slot", 'RQ_CONFIG', false],
    ['ERR Script attempted to access a non local key in a cluster node', 'RQ_CONFIG', false],
    ['MOVED 3999 127.0.0.1:6381', 'RQ_CONFIG', false],
    ['ERR max number of clients reached', 'RQ_REDIS_UNREACHABLE', true],
    ['LOADING Redis is loading the dataset in memory', 'RQ_REDIS', true],
    ["READONLY You can't write against a read only replica.", 'RQ_REDIS', true],
    ['BUSY Redis is busy running a script.', 'RQ_REDIS', true],
    ['BUSYGROUP Consumer Group name already exists', 'RQ_REDIS', false],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'RQ_REDIS', false],
  ])('tells by its first word what the reply %s is', (message, code, retryable) => {
    expect(redisError(reply(message), WHERE)).toMatchObject({ code, retryable })
  })

  test.each([
    'NOAUTH',
    'WRONGPASS',
    'invalid password',
    'OOM command not allowed',
    "The user executing the script can't run",
    'non local key',
    "unexpected symbol near '#'",
    'ECONNREFUSED',
    'Connection is closed',
    'no reply for',
  ])('does not take a name in a reply for its kind: %s', (name) => {
    const error = redisError(reply(`WRONGTYPE rq:queue:${name} is no queue. Nothing was written.`), WHERE)
    expect(error).toMatchObject({ code: 'RQ_REDIS', retryable: false })
  })

  test.each(['connect ECONNREFUSED 127.0.0.1:6379', 'read ECONNRESET', 'Connection is closed.', 'Command timed out'])(
    'takes what a connection says for an outage: %s',
    (message) => {
      expect(redisError(new Error(message), WHERE)).toMatchObject({ code: 'RQ_REDIS_UNREACHABLE', retryable: true })
    },
  )

  test('says why there is no connection when the server was full', () => {
    const error = new Error('Reached the max retries per request limit (which is 2).')
    const full = reply('ERR max number of clients reached')
    expect(redisError(error, WHERE, full).message).toContain('maxclients is reached')
  })
})
