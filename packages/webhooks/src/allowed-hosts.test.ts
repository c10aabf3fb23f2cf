import { describe, expect, it } from 'vitest'
import { AllowedHosts } from './allowed-hosts.ts'

function reach(url: string, allow?: readonly string[]) {
  return new AllowedHosts(allow).reach(new URL(url))
}

describe('AllowedHosts', () => {
  it('without a list: every host, at a public address', () => {
    expect(reach('https://hooks.example.com/a')).toBe('public')
    expect(reach('http://10.0.0.5')).toBe('public')
  })

  it.each([
    ['hooks.example.com', 'https://HOOKS.example.com./a', 'any'],
    ['Hooks.Example.com', 'http://hooks.example.com:8080', 'any'],
    ['hooks.example.com', 'https://example.com', 'none'],
    ['hooks.example.com', 'https://a.hooks.example.com', 'none'],
    ['hooks.example.com', 'https://hooks.example.com.evil.test', 'none'],
    ['*.example.com', 'https://a.b.example.com', 'any'],
    ['*.example.com', 'https://example.com', 'none'],
    ['*.example.com', 'https://evilexample.com', 'none'],
    ['bücher.example', 'https://xn--bcher-kva.example', 'any'],
    ['10.0.0.5', 'http://0xa000005/', 'any'],
    ['10.0.0.5', 'http://10.0.0.50/', 'none'],
    ['::1', 'http://[0:0::1]:99/', 'any'],
    ['[::1]:80', 'http://[::1]/', 'any'],
    ['[::1]:80', 'http://[::1]:81/', 'none'],
    ['localhost:8080', 'http://localhost:8080', 'any'],
    ['localhost:8080', 'http://localhost:8081', 'none'],
    ['localhost:443', 'https://localhost', 'any'],
    ['localhost:443', 'http://localhost', 'none'],
    ['*:443', 'https://example.com', 'public'],
    ['*:443', 'http://example.com', 'none'],
  ])('%s and %s: %s', (pattern, url, expected) => {
    expect(reach(url, [pattern])).toBe(expected)
  })

  it('the asterisk adds all other hosts, at public addresses', () => {
    const allow = ['*', 'hooks.internal']
    expect([reach('http://hooks.internal', allow), reach('http://example.com', allow)]).toEqual(['any', 'public'])
  })

  it.each([
    [[]],
    ['hooks.example.com'],
    [null],
    [[7]],
    [['']],
    [['https://hooks.example.com']],
    [['hooks.example.com/path']],
    [['user@host']],
    [['a b']],
    [['*.*.com*:x']],
    [['10.0.0.0/8']],
    [['host:123456']],
    [['999.1.1.1']],
  ])('%j is refused', (allow) => {
    expect(() => new AllowedHosts(allow)).toThrow(/^Invalid webhooks.allow: got .*, expected hosts such as/)
  })
})
