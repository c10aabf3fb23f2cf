import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { QUEUE, type Subject } from '../subject.ts'

const PEER = fileURLToPath(new URL('../../python/peer.py', import.meta.url))

/** The first Python with RQ: `RQ_PYTHON`, the system's own, or the one on the path. */
function find(): { path: string; version: string } | undefined {
  for (const path of [process.env.RQ_PYTHON, '/usr/bin/python3', 'python3']) {
    if (path === undefined) continue
    try {
      const version = execFileSync(path, ['-c', 'import rq; print(rq.VERSION)'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      return { path, version: String(version).trim() }
    } catch {
      // Not there, or without RQ.
    }
  }
  return undefined
}

export const pythonRq: Subject = {
  name: 'python-rq',
  finished: { key: `rq:finished:${QUEUE}`, command: 'zcard' },
  kinds: ['inline', 'process'],
  settings: 'defaults (pickle, results kept 500 s); inline: SimpleWorker, process: Worker (forks)',
  share: 0.02,
  needs: 'RQ in Python: python3, or that of RQ_PYTHON',
  version: () => find()?.version,
  foreign: {
    async fill(url, jobs, payload) {
      await run('fill', url, { jobs, payload })
    },
    async enqueue(url, how, jobs) {
      const said = await run(how === 'bulk' ? 'enqueue-bulk' : 'enqueue', url, { jobs })
      return (JSON.parse(said) as { seconds: number }).seconds
    },
  },
  async open({ url }) {
    let worker: ChildProcess | undefined
    return {
      enqueue: () => Promise.reject(new Error('Python enqueues by itself.')),
      async work({ kind }) {
        worker = start('work', url, { kind })
      },
      workerPid: () => worker?.pid,
      async close() {
        if (worker === undefined || worker.exitCode !== null) return
        const gone = once(worker, 'exit')
        worker.kill('SIGKILL')
        await gone
      },
    }
  },
}

function start(what: string, url: string, argument: object): ChildProcess {
  const python = find()
  if (python === undefined) throw new Error('There is no Python with RQ.')
  return spawn(python.path, [PEER, what, url, JSON.stringify(argument)], { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function run(what: string, url: string, argument: object): Promise<string> {
  const child = start(what, url, argument)
  let said = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const [code] = (await once(child, 'close')) as [number]
  if (code !== 0) throw new Error(`Python ended with code ${code}.`)
  return said
}
