import { startRedis } from '@rq/testkit'
import { newJob } from '@rq/testkit/storage-conformance'
import { RedisStorage } from '@rq/redis'
import { it } from 'vitest'
it('probe', async () => {
    await using redis = await startRedis({ args: ['--slowlog-log-slower-than', '0', '--slowlog-max-len', '100000'] })
    await using storage = new RedisStorage({ connection: redis.url })
    const client = storage.client()
    for (let batch = 0; batch < 100; batch++) {
      await storage.queues.enqueue(Array.from({ length: 1000 }, (_, n) => newJob({ id: `j${batch}-${n}` }, { delayMs: 3600000 })))
    }
    const members = await client.zrange('rq:scheduled:default', 0, -1)
    for (let at = 0; at < members.length; at += 1000) {
      await client.zadd('rq:scheduled:default', ...members.slice(at, at + 1000).flatMap((id, n) => [at + n, id]))
    }
    for (const most of [500]) {
    await client.call('SLOWLOG', 'RESET')
    await client.call('CONFIG','RESETSTAT')
    await storage.schedules.lead({ name: 'leader', queues: ['default'], pid: 4711, hostname: 'box', createdAtMs: 1 }, 60000)
    const cpu0 = (await client.info('cpu')); const t0 = performance.now()
    for (;;) {
      const promoted = await storage.schedules.promoteDue('default', 'leader', most)
      if (promoted === 'lost') throw new Error('lost the lead')
      if (promoted.waitMs !== 0) break
    }
    const t1 = performance.now(); const cpu1 = (await client.info('cpu')); const cp=(x:string)=>Number(/used_cpu_user_main_thread:([\d.]+)/.exec(x)![1])+Number(/used_cpu_sys_main_thread:([\d.]+)/.exec(x)![1]); console.log('CPU s', cp(cpu1)-cp(cpu0))
    const slow = (await client.call('SLOWLOG', 'GET', '-1')) as any[]
    const d = slow.filter(s => s[3][0].toLowerCase()==='evalsha').map(s => s[2]).sort((a,b)=>a-b)
    console.log(most, 'n', d.length, 'total ms', t1-t0, 'p50', d[d.length>>1], 'p90', d[Math.floor(d.length*.9)], 'max', d.at(-1), d.slice(-6))
    console.log(await client.info('commandstats'))
    }
}, 60000)
