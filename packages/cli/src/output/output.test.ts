import { describe, expect, test } from 'vitest'
import { Output, type OutputOptions, type TextStream } from './output.ts'

function outputTo(options: { terminal: boolean; columns?: number; rows?: number } & Partial<OutputOptions>) {
  const written = { out: '', err: '' }
  const { terminal, columns = 80, rows = 24 } = options
  const stream = (name: 'out' | 'err'): TextStream => ({
    isTTY: terminal,
    columns,
    rows,
    write: (text) => {
      written[name] += text
    },
  })
  const output = new Output({ stdout: stream('out'), stderr: stream('err'), colours: true, quiet: false, ...options })
  return { output, written }
}

describe('Output', () => {
  test('keeps data and messages apart', () => {
    const { output, written } = outputTo({ terminal: false })
    output.print('data')
    output.say('note')
    output.error('bad')
    expect(written).toEqual({ out: 'data\n', err: 'note\nError: bad\n' })
  })

  test('quiet leaves out messages, but no data and no errors', () => {
    const { output, written } = outputTo({ terminal: false, quiet: true })
    output.print('data')
    output.say('note')
    output.error('bad')
    expect(written).toEqual({ out: 'data\n', err: 'Error: bad\n' })
  })

  test('writes no control characters', () => {
    for (const terminal of [true, false]) {
      const { output, written } = outputTo({ terminal })
      output.print('a\x1b[2J\rb')
      output.error('c\x1b]0;x\x07')
      output.json({ k: '\x9b\u202e' })
      expect(written.out).toBe('a\\x1b[2J\\rb\n{\n  "k": "\\u009b\\u202e"\n}\n')
      expect(written.err).toContain('c\\x1b]0;x\\x07')
    }
  })

  test('paints on a terminal only', () => {
    expect(outputTo({ terminal: true }).output.paint.red('x')).toBe('\x1b[31mx\x1b[39m')
    expect(outputTo({ terminal: false }).output.paint.red('x')).toBe('x')
    expect(outputTo({ terminal: true, colours: false }).output.paint.red('x')).toBe('x')
  })

  test('replaces a frame in one write', () => {
    const { output, written } = outputTo({ terminal: true })
    output.frame('one\ntwo')
    output.frame('three')
    expect(written.out).toBe('\x1b[2J\x1b[Hone\x1b[K\ntwo\x1b[K\n\x1b[J\x1b[Hthree\x1b[K\n\x1b[J')
  })

  test('cuts a frame at the height of the terminal, counting wrapped lines', () => {
    const { output, written } = outputTo({ terminal: true, columns: 10, rows: 5 })
    output.frame('1\n2\n3\n4')
    expect(written.out).toContain('4\x1b[K\n\x1b[J')
    output.frame('1\n2\n3\n4\n5')
    expect(written.out).toMatch(/3\S+\n\.\.\. 2 more lines\S+\n\S+$/)
    output.frame(`${output.paint.red('1234567890')}\n12345678901\n3\n4`)
    expect(written.out).toMatch(/12345678901\S+\n\.\.\. 2 more lines\S+\n\S+$/)
  })

  test('prints frames one after the other without a terminal', () => {
    const { output, written } = outputTo({ terminal: false })
    output.frame('one')
    output.frame('two')
    expect(written.out).toBe('one\n\ntwo\n')
  })

  test('shows no progress without a terminal, when quiet, or without colours', async () => {
    for (const options of [{ terminal: false }, { terminal: true, quiet: true }, { terminal: true, colours: false }]) {
      const { output, written } = outputTo(options)
      const progress = await output.progress('x', 10)
      progress.advance(5)
      progress.end()
      expect(written).toEqual({ out: '', err: '' })
    }
  })
})
