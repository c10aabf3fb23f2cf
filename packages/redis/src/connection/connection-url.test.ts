import { describe, expect, it } from 'vitest'
import { maskUrl, optionsOfUrl } from './connection-url.ts'

const server = { host: 'h', port: 6379, db: 0 }

describe('optionsOfUrl', () => {
  it.each([
    ['redis://h', server],
    ['redis://h/', server],
    ['redis://h/3', { ...server, db: 3 }],
    ['redis://h?db=2', { ...server, db: 2 }],
    ['redis://h/2?db=2', { ...server, db: 2 }],
    ['redis://h?family=6', { ...server, family: 6 }],
    ['redis://[::1]:7000', { host: '::1', port: 7000, db: 0 }],
    ['redis://:p%40ss@h', { ...server, password: 'p@ss' }],
    ['redis://h?password=p%2540ss', { ...server, password: 'p%40ss' }],
    ['redis://h?password=p%25', { ...server, password: 'p%' }],
    ['redis://h?username=ada&password=x', { ...server, username: 'ada', password: 'x' }],
    ['rediss://h', { ...server, tls: {} }],
    ['unix:///tmp/my%20redis.sock?db=1', { path: '/tmp/my redis.sock', db: 1 }],
    ['/tmp/redis.sock', { path: '/tmp/redis.sock' }],
  ])('reads %s', (url, options) => {
    expect(optionsOfUrl(url)).toEqual(options)
  })

  it.each([
    ['redis://:canary%@h', 'Write a % as %25'],
    ['redis://canary%zz@h', 'The user name in the Redis URL has a %'],
    ['redis://h/0x10', 'Not a database number in redis://h/***'],
    ['redis://h/canary', 'Not a database number in redis://h/***: expected a URL such as redis://host:port/0'],
    ['redis://:x@h/0/canary', 'Not a database number in redis://:***@h/***'],
    ['redis:canary', 'Not a database number in <not a URL>'],
    ['redis://h?db=canary', 'Not a database number in redis://h?db=***'],
    ['http://h/canary?canary=canary', 'Not a Redis URL: http://h/***?***=***'],
    ['default:canary', 'Not a Redis URL: <not a URL>'],
    ['redis://h/-1', 'Not a database number'],
    ['redis://h?db=one', 'Not a database number'],
    ['redis://h/1?db=2', 'two values for the database'],
    ['redis://:canary@h?password=other', 'two values for the password'],
    ['redis://h?db=1&db=1', "has the parameter 'db' twice"],
    ['redis://h?family=5', 'a family of addresses'],
    [
      'redis://h?ssl_cert_reqs=none',
      "'ssl_cert_reqs', which rq does not know. It knows db, username, password, family",
    ],
    ['redis://ada:1?canary@h/0', 'has a parameter, which rq does not know'],
    ['redis://ada:1?canary&1@h/0', 'has a parameter, which rq does not know'],
    ['redis://ada:1/canary@h/0', 'Not a database number in <not a URL>'],
    ['redis://ada:1#canary@h/0', 'Write a # in a password as %23'],
    ['unix://tmp/redis.sock', 'with three slashes'],
    ['http://h', 'Not a Redis URL: http://h'],
  ])('refuses %s, and shows no secret', (url, text) => {
    expect(() => optionsOfUrl(url)).toThrow(
      expect.objectContaining({ code: 'RQ_CONFIG', message: expect.stringContaining(text) }),
    )
    expect(() => optionsOfUrl(url)).not.toThrow('canary')
  })
})

describe('maskUrl', () => {
  it('hides secrets, and what may be a part of one', () => {
    expect(maskUrl('redis://ada:canary@h/1?password=canary')).toBe('redis://***:***@h/1?password=***')
    expect(maskUrl('redis://h/1?db=2&token=canary&canary=1#canary')).toBe('redis://h/1?db=2&***=***#***')
    expect(maskUrl('unix:///tmp/redis.sock')).toBe('unix:///tmp/redis.sock')
    expect(maskUrl('redis://ada:1/canary@h/0')).toBe('<not a URL>')
  })
})
