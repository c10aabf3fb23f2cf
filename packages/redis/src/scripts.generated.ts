// Written by scripts/gen-lua.mjs from lua/*.lua; change those and run `pnpm gen:lua`.
import type { Script, ScriptArgument } from './script.ts'

/**
 * Ask to be told when a job has a result, unless it has ended or has one already.
 *
 * Reply: [status or false, 'over' or 'waiting']
 */
export const awaitResult: Script<[job: string, results: string], [channel: ScriptArgument]> = {
  name: 'await_result',
  sha: '9d145ed3090f0b7e457757d0a8dea0e0b93317ac',
  keyCount: 2,
  lua: "#!lua flags=allow-oom\nlocal jobKey, resultsKey = KEYS[1], KEYS[2]\nlocal channel = ARGV[1]\nlocal job = redis.call('HMGET', jobKey, 'status', 'waiters', 'data')\nlocal status = job[1]\nif not status and not job[3] then return { false, 'over' } end\nif status == 'finished' or status == 'failed' or status == 'stopped' or status == 'canceled'\n  or redis.call('EXISTS', resultsKey) == 1 then\n  return { status, 'over' }\nend\nlocal waiters = job[2] or ''\nif not string.find(',' .. waiters .. ',', ',' .. channel .. ',', 1, true) then\n  redis.call('HSET', jobKey, 'waiters', waiters == '' and channel or waiters .. ',' .. channel)\nend\nreturn { status, 'waiting' }\n",
}

/**
 * Cancel a job: out of wherever it waits, into the canceled registry. A running one runs on.
 *
 * Reply: 'done', 'missing' or 'refused' (already canceled)
 */
export const cancel: Script<
  [job: string],
  [
    prefix: ScriptArgument,
    id: ScriptArgument,
    stamp: ScriptArgument,
    enqueueDependents: ScriptArgument,
    removeFromDependencies: ScriptArgument,
  ]
> = {
  name: 'cancel',
  sha: '21a2f1cde75a0d1bcc132de25e5e95e8ad2ae171',
  keyCount: 1,
  lua: "#!lua flags=allow-oom\nlocal function clock()\n  local time = redis.call('TIME')\n  local seconds = tonumber(time[1])\n  return seconds, seconds * 1000 + math.floor(tonumber(time[2]) / 1000)\nend\nlocal function score(ms)\n  return string.format('%.3f', ms / 1000)\nend\nlocal function fillSlots(prefix, limit, concurrency, nowS, stamp)\n  local allowed = prefix .. 'rl:' .. limit .. ':allowed'\n  local waiting = prefix .. 'rl:' .. limit .. ':rate_limited'\n  local free = concurrency - redis.call('ZCARD', allowed)\n  while free > 0 do\n    local oldest = redis.call('ZPOPMIN', waiting)\n    local id = oldest[1]\n    if not id then return end\n    local key = prefix .. 'job:' .. id\n    local job = redis.call('HMGET', key, 'status', 'origin', 'enqueue_at_front')\n    if job[1] == 'rate_limited' and job[2] then\n      redis.call('ZADD', allowed, nowS, id)\n      redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp)\n      redis.call(job[3] == '1' and 'LPUSH' or 'RPUSH', prefix .. 'queue:' .. job[2], id)\n      free = free - 1\n    end\n  end\nend\nlocal function releaseSlot(prefix, limit, id, nowS, stamp)\n  redis.call('ZREM', prefix .. 'rl:' .. limit .. ':rate_limited', id)\n  if redis.call('ZREM', prefix .. 'rl:' .. limit .. ':allowed', id) == 0 then return end\n  local concurrency = tonumber(redis.call('HGET', prefix .. 'rl:' .. limit, 'concurrency'))\n  if concurrency then fillSlots(prefix, limit, concurrency, nowS, stamp) end\nend\nlocal function push(prefix, queue, id, front)\n  redis.call(front and 'LPUSH' or 'RPUSH', prefix .. 'queue:' .. queue, id)\nend\nlocal function place(prefix, id, queue, front, limit, concurrency, nowS, stamp)\n  local key = prefix .. 'job:' .. id\n  if not limit then\n    redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp)\n    push(prefix, queue, id, front)\n    return 'queued'\n  end\n  redis.call('SADD', prefix .. 'rl-keys', limit)\n  redis.call('HSET', prefix .. 'rl:' .. limit, 'concurrency', concurrency)\n  if redis.call('ZSCORE', prefix .. 'rl:' .. limit .. ':allowed', id) then\n    redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp)\n    push(prefix, queue, id, front)\n    return 'queued'\n  end\n  redis.call('HSET', key, 'status', 'rate_limited', 'enqueue_at_front', front and 1 or 0)\n  redis.call('ZADD', prefix .. 'rl:' .. limit .. ':rate_limited', nowS, id)\n  fillSlots(prefix, limit, tonumber(concurrency), nowS, stamp)\n  return redis.call('HGET', key, 'status')\nend\nlocal function satisfied(status, allowFailure)\n  return not status or status == 'finished' or (allowFailure and status == 'failed')\nend\nlocal function dependenciesMet(prefix, id, allowFailure, except)\n  for _, dependency in ipairs(redis.call('SMEMBERS', prefix .. 'job::' .. id .. ':dependencies')) do\n    if dependency ~= except then\n      local key = prefix .. 'job:' .. dependency\n      local status = redis.call('HGET', key, 'status')\n      if not status and redis.call('EXISTS', key) == 1 then status = 'created' end\n      if not satisfied(status, allowFailure) then return false end\n    end\n  end\n  return true\nend\nlocal function releaseDependents(prefix, id, onlyTolerant, nowS, stamp)\n  local dependents = prefix .. 'job:' .. id .. ':dependents'\n  local children = redis.call('SMEMBERS', dependents)\n  for _, child in ipairs(children) do\n    local key = prefix .. 'job:' .. child\n    local job = redis.call('HMGET', key, 'status', 'origin', 'allow_dependency_failures', 'enqueue_at_front',\n      'rate_limit_key', 'rate_limit_concurrency')\n    local tolerant = job[3] == '1'\n    if not job[1] then\n      redis.call('SREM', dependents, child)\n    elseif job[1] == 'deferred' and (tolerant or not onlyTolerant) and dependenciesMet(prefix, child, tolerant, id) then\n      redis.call('ZREM', prefix .. 'deferred:' .. job[2], child)\n      redis.call('SREM', dependents, child)\n      place(prefix, child, job[2], job[4] == '1', job[5] and job[6] and job[5], job[6], nowS, stamp)\n    end\n  end\nend\nlocal function reaches(prefix, from, id)\n  local seen, todo = {}, { from }\n  while #todo > 0 do\n    local current = table.remove(todo)\n    if current == id then return true end\n    if not seen[current] then\n      seen[current] = true\n      for _, nextId in ipairs(redis.call('SMEMBERS', prefix .. 'job::' .. current .. ':dependencies')) do\n        todo[#todo + 1] = nextId\n      end\n    end\n  end\n  return false\nend\nlocal function leave(prefix, id, status, queue, leases)\n  if status == 'queued' then\n    redis.call('LREM', prefix .. 'queue:' .. queue, 0, id)\n  elseif status == 'started' then\n    if leases then\n      local execution = redis.call('HGET', prefix .. 'job:' .. id, 'execution_id')\n      if execution then redis.call('ZREM', prefix .. 'wip:' .. queue, id .. ':' .. execution) end\n      for _, other in ipairs(redis.call('ZRANGE', prefix .. 'executions:' .. id, 0, -1)) do\n        redis.call('ZREM', prefix .. 'wip:' .. queue, id .. ':' .. other)\n        redis.call('DEL', prefix .. 'execution:' .. id .. ':' .. other)\n      end\n      redis.call('DEL', prefix .. 'executions:' .. id)\n    end\n  elseif status == 'stopped' then\n    redis.call('ZREM', prefix .. 'failed:' .. queue, id)\n  elseif status == 'ready_to_enqueue' then\n    redis.call('ZREM', prefix .. 'ready:' .. queue, id)\n  elseif status == 'finished' or status == 'failed' or status == 'deferred' or status == 'scheduled' or status == 'canceled' then\n    redis.call('ZREM', prefix .. status .. ':' .. queue, id)\n  end\nend\nlocal function erase(prefix, id, group)\n  redis.call('DEL', prefix .. 'job:' .. id, prefix .. 'job:' .. id .. ':dependents',\n    prefix .. 'job::' .. id .. ':dependencies', prefix .. 'results:' .. id)\n  if group and group ~= '' and redis.call('SREM', prefix .. 'group:' .. group, id) == 1\n    and redis.call('EXISTS', prefix .. 'group:' .. group) == 0 then\n    redis.call('SREM', prefix .. 'groups', group)\n  end\nend\nlocal function wake(prefix, id, waiters)\n  if not waiters or waiters == '' then return end\n  for channel in string.gmatch(waiters, '[^,]+') do\n    redis.call('PUBLISH', prefix .. 'notify:' .. channel, id)\n  end\n  redis.call('HDEL', prefix .. 'job:' .. id, 'waiters')\nend\nlocal jobKey = KEYS[1]\nlocal prefix, id, stamp, enqueueDependents, removeFromDependencies = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1', ARGV[5] == '1'\nlocal job = redis.call('HMGET', jobKey, 'status', 'origin', 'waiters', 'rate_limit_key')\nif redis.call('EXISTS', jobKey) == 0 then return 'missing' end\nlocal status, queue = job[1] or 'created', job[2]\nif status == 'canceled' then return 'refused' end\nlocal nowS = clock()\nif queue then\n  leave(prefix, id, status, queue, true)\n  redis.call('ZADD', prefix .. 'canceled:' .. queue, nowS, id)\nend\nredis.call('HSET', jobKey, 'status', 'canceled')\nredis.call('PERSIST', jobKey)\nif removeFromDependencies then\n  for _, dependency in ipairs(redis.call('SMEMBERS', prefix .. 'job::' .. id .. ':dependencies')) do\n    redis.call('SREM', prefix .. 'job:' .. dependency .. ':dependents', id)\n  end\nend\nif enqueueDependents then releaseDependents(prefix, id, false, nowS, stamp) end\nif job[4] then releaseSlot(prefix, job[4], id, nowS, stamp) end\nwake(prefix, id, job[3])\nreturn 'done'\n",
}

/**
 * Give up to `want` queued jobs to a worker and lease them, unless workers are suspended.
 *
 * Reply: 'suspended' or flat list of queue, execution id, fields
 */
export const claim: Script<
  [suspended: string],
  [
    prefix: ScriptArgument,
    stamp: ScriptArgument,
    want: ScriptArgument,
    worker: ScriptArgument,
    leaseMs: ScriptArgument,
    executionBase: ScriptArgument,
    ...queues: ScriptArgument[],
  ]
> = {
  name: 'claim',
  sha: '06ae90d8511fd036478044a12d65976415739e20',
  keyCount: 1,
  lua: "#!lua flags=allow-oom\nlocal function clock()\n  local time = redis.call('TIME')\n  local seconds = tonumber(time[1])\n  return seconds, seconds * 1000 + math.floor(tonumber(time[2]) / 1000)\nend\nlocal function score(ms)\n  return string.format('%.3f', ms / 1000)\nend\nlocal function claim(prefix, first, last, want, worker, leaseMs, stamp, executionBase)\n  local handed = {}\n  if want <= 0 then return handed end\n  local _, nowMs = clock()\n  local leaseEnds = score(nowMs + leaseMs)\n  local serial = 0\n  for q = first, last do\n    local queue = ARGV[q]\n    local list = prefix .. 'queue:' .. queue\n    local leases = {}\n    while want > 0 do\n      local ids = redis.call('LPOP', list, want)\n      if not ids then break end\n      for i = 1, #ids do\n        local id = ids[i]\n        local key = prefix .. 'job:' .. id\n        local state = redis.call('HMGET', key, 'status', 'data')\n        if state[2] and (state[1] == 'queued' or state[1] == 'created' or not state[1]) then\n          serial = serial + 1\n          local execution = executionBase .. string.format('%08x', serial)\n          local fields = redis.call('HGETALL', key)\n          fields[#fields + 1] = 'id'\n          fields[#fields + 1] = id\n          redis.call('HSET', key, 'status', 'started', 'started_at', stamp, 'worker_name', worker, 'execution_id', execution)\n          redis.call('PERSIST', key)\n          leases[#leases + 1] = leaseEnds\n          leases[#leases + 1] = id .. ':' .. execution\n          handed[#handed + 1] = queue\n          handed[#handed + 1] = execution\n          handed[#handed + 1] = fields\n          want = want - 1\n        end\n      end\n      if #leases > 0 then\n        redis.call('ZADD', prefix .. 'wip:' .. queue, unpack(leases))\n        leases = {}\n      end\n    end\n  end\n  return handed\nend\nlocal suspendedKey = KEYS[1]\nlocal prefix, stamp, want, worker, leaseMs, executionBase = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], tonumber(ARGV[5]), ARGV[6]\nif redis.call('EXISTS', suspendedKey) == 1 then return 'suspended' end\nreturn claim(prefix, 7, #ARGV, want, worker, leaseMs, stamp, executionBase)\n",
}

/**
 * Drop the ids of a queue whose job is gone; the others keep their order.
 *
 * Reply: int how many were dropped
 */
export const compact: Script<[queue: string], [prefix: ScriptArgument]> = {
  name: 'compact',
  sha: '0b833c483b73c386f3f326176ecdbc021042d603',
  keyCount: 1,
  lua: "#!lua flags=allow-oom\nlocal queueKey = KEYS[1]\nlocal prefix = ARGV[1]\nlocal dropped = 0\nfor _, id in ipairs(redis.call('LRANGE', queueKey, 0, -1)) do\n  if redis.call('EXISTS', prefix .. 'job:' .. id) == 0 then\n    dropped = dropped + redis.call('LREM', queueKey, 1, id)\n  end\nend\nreturn dropped\n",
}

/**
 * Delete a job and everything that is only its own.
 *
 * Reply: 'done' or 'missing'
 */
export const deleteJob: Script<
  [job: string],
  [prefix: ScriptArgument, id: ScriptArgument, stamp: ScriptArgument, deleteDependents: ScriptArgument]
> = {
  name: 'delete_job',
  sha: '2a19d2dc7494a5f114f43978876e9a930fb43d0a',
  keyCount: 1,
  lua: "#!lua flags=allow-oom\nlocal function clock()\n  local time = redis.call('TIME')\n  local seconds = tonumber(time[1])\n  return seconds, seconds * 1000 + math.floor(tonumber(time[2]) / 1000)\nend\nlocal function score(ms)\n  return string.format('%.3f', ms / 1000)\nend\nlocal function fillSlots(prefix, limit, concurrency, nowS, stamp)\n  local allowed = prefix .. 'rl:' .. limit .. ':allowed'\n  local waiting = prefix .. 'rl:' .. limit .. ':rate_limited'\n  local free = concurrency - redis.call('ZCARD', allowed)\n  while free > 0 do\n    local oldest = redis.call('ZPOPMIN', waiting)\n    local id = oldest[1]\n    if not id then return end\n    local key = prefix .. 'job:' .. id\n    local job = redis.call('HMGET', key, 'status', 'origin', 'enqueue_at_front')\n    if job[1] == 'rate_limited' and job[2] then\n      redis.call('ZADD', allowed, nowS, id)\n      redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp)\n      redis.call(job[3] == '1' and 'LPUSH' or 'RPUSH', prefix .. 'queue:' .. job[2], id)\n      free = free - 1\n    end\n  end\nend\nlocal function releaseSlot(prefix, limit, id, nowS, stamp)\n  redis.call('ZREM', prefix .. 'rl:' .. limit .. ':rate_limited', id)\n  if redis.call('ZREM', prefix .. 'rl:' .. limit .. ':allowed', id) == 0 then return end\n  local concurrency = tonumber(redis.call('HGET', prefix .. 'rl:' .. limit, 'concurrency'))\n  if concurrency then fillSlots(prefix, limit, concurrency, nowS, stamp) end\nend\nlocal function leave(prefix, id, status, queue, leases)\n  if status == 'queued' then\n    redis.call('LREM', prefix .. 'queue:' .. queue, 0, id)\n  elseif status == 'started' then\n    if leases then\n      local execution = redis.call('HGET', prefix .. 'job:' .. id, 'execution_id')\n      if execution then redis.call('ZREM', prefix .. 'wip:' .. queue, id .. ':' .. execution) end\n      for _, other in ipairs(redis.call('ZRANGE', prefix .. 'executions:' .. id, 0, -1)) do\n        redis.call('ZREM', prefix .. 'wip:' .. queue, id .. ':' .. other)\n        redis.call('DEL', prefix .. 'execution:' .. id .. ':' .. other)\n      end\n      redis.call('DEL', prefix .. 'executions:' .. id)\n    end\n  elseif status == 'stopped' then\n    redis.call('ZREM', prefix .. 'failed:' .. queue, id)\n  elseif status == 'ready_to_enqueue' then\n    redis.call('ZREM', prefix .. 'ready:' .. queue, id)\n  elseif status == 'finished' or status == 'failed' or status == 'deferred' or status == 'scheduled' or status == 'canceled' then\n    redis.call('ZREM', prefix .. status .. ':' .. queue, id)\n  end\nend\nlocal function erase(prefix, id, group)\n  redis.call('DEL', prefix .. 'job:' .. id, prefix .. 'job:' .. id .. ':dependents',\n    prefix .. 'job::' .. id .. ':dependencies', prefix .. 'results:' .. id)\n  if group and group ~= '' and redis.call('SREM', prefix .. 'group:' .. group, id) == 1\n    and redis.call('EXISTS', prefix .. 'group:' .. group) == 0 then\n    redis.call('SREM', prefix .. 'groups', group)\n  end\nend\nlocal function wake(prefix, id, waiters)\n  if not waiters or waiters == '' then return end\n  for channel in string.gmatch(waiters, '[^,]+') do\n    redis.call('PUBLISH', prefix .. 'notify:' .. channel, id)\n  end\n  redis.call('HDEL', prefix .. 'job:' .. id, 'waiters')\nend\nlocal jobKey = KEYS[1]\nlocal prefix, id, stamp, deleteDependents = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'\nlocal nowS = clock()\nlocal function remove(jobId)\n  local key = prefix .. 'job:' .. jobId\n  local job = redis.call('HMGET', key, 'status', 'origin', 'group_id', 'rate_limit_key', 'waiters')\n  if job[2] then leave(prefix, jobId, job[1] or 'created', job[2], true) end\n  wake(prefix, jobId, job[5])\n  for _, dependency in ipairs(redis.call('SMEMBERS', prefix .. 'job::' .. jobId .. ':dependencies')) do\n    redis.call('SREM', prefix .. 'job:' .. dependency .. ':dependents', jobId)\n  end\n  erase(prefix, jobId, job[3])\n  if job[4] then releaseSlot(prefix, job[4], jobId, nowS, stamp) end\nend\nif redis.call('EXISTS', jobKey) == 0 then return 'missing' end\nif deleteDependents then\n  for _, child in ipairs(redis.call('SMEMBERS', prefix .. 'job:' .. id .. ':dependents')) do remove(child) end\nend\nremove(id)\nreturn 'done'\n",
}

/**
 * Delete up to `most` waiting jobs of a queue, head first.
 *
 * Reply: int how many ids were taken
 */
export const empty: Script<[queue: string], [prefix: ScriptArgument, most: ScriptArgument, stamp: ScriptArgument]> = {
  name: 'empty',
  sha: '3f9814d53846efca50fabbe22bd62b821cbda77a',
  keyCount: 1,
  lua: "#!lua flags=allow-oom\nlocal function clock()\n  local time = redis.call('TIME')\n  local seconds = tonumber(time[1])\n  return seconds, seconds * 1000 + math.floor(tonumber(time[2]) / 1000)\nend\nlocal function score(ms)\n  return string.format('%.3f', ms / 1000)\nend\nlocal function fillSlots(prefix, limit, concurrency, nowS, stamp)\n  local allowed = prefix .. 'rl:' .. limit .. ':allowed'\n  local waiting = prefix .. 'rl:' .. limit .. ':rate_limited'\n  local free = concurrency - redis.call('ZCARD', allowed)\n  while free > 0 do\n    local oldest = redis.call('ZPOPMIN', waiting)\n    local id = oldest[1]\n    if not id then return end\n    local key = prefix .. 'job:' .. id\n    local job = redis.call('HMGET', key, 'status', 'origin', 'enqueue_at_front')\n    if job[1] == 'rate_limited' and job[2] then\n      redis.call('ZADD', allowed, nowS, id)\n      redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp)\n      redis.call(job[3] == '1' and 'LPUSH' or 'RPUSH', prefix .. 'queue:' .. job[2], id)\n      free = free - 1\n    end\n  end\nend\nlocal function releaseSlot(prefix, limit, id, nowS, stamp)\n  redis.call('ZREM', prefix .. 'rl:' .. limit .. ':rate_limited', id)\n  if redis.call('ZREM', prefix .. 'rl:' .. limit .. ':allowed', id) == 0 then return end\n  local concurrency = tonumber(redis.call('HGET', prefix .. 'rl:' .. limit, 'concurrency'))\n  if concurrency then fillSlots(prefix, limit, concurrency, nowS, stamp) end\nend\nlocal function leave(prefix, id, status, queue, leases)\n  if status == 'queued' then\n    redis.call('LREM', prefix .. 'queue:' .. queue, 0, id)\n  elseif status == 'started' then\n    if leases then\n      local execution = redis.call('HGET', prefix .. 'job:' .. id, 'execution_id')\n      if execution then redis.call('ZREM', prefix .. 'wip:' .. queue, id .. ':' .. execution) end\n      for _, other in ipairs(redis.call('ZRANGE', prefix .. 'executions:' .. id, 0, -1)) do\n        redis.call('ZREM', prefix .. 'wip:' .. queue, id .. ':' .. other)\n        redis.call('DEL', prefix .. 'execution:' .. id .. ':' .. other)\n      end\n      redis.call('DEL', prefix .. 'executions:' .. id)\n    end\n  elseif status == 'stopped' then\n    redis.call('ZREM', prefix .. 'failed:' .. queue, id)\n  elseif status == 'ready_to_enqueue' then\n    redis.call('ZREM', prefix .. 'ready:' .. queue, id)\n  elseif status == 'finished' or status == 'failed' or status == 'deferred' or status == 'scheduled' or status == 'canceled' then\n    redis.call('ZREM', prefix .. status .. ':' .. queue, id)\n  end\nend\nlocal function erase(prefix, id, group)\n  redis.call('DEL', prefix .. 'job:' .. id, prefix .. 'job:' .. id .. ':dependents',\n    prefix .. 'job::' .. id .. ':dependencies', prefix .. 'results:' .. id)\n  if group and group ~= '' and redis.call('SREM', prefix .. 'group:' .. group, id) == 1\n    and redis.call('EXISTS', prefix .. 'group:' .. group) == 0 then\n    redis.call('SREM', prefix .. 'groups', group)\n  end\nend\nlocal queueKey = KEYS[1]\nlocal prefix, most, stamp = ARGV[1], ARGV[2], ARGV[3]\nlocal ids = redis.call('LPOP', queueKey, most)\nif not ids then return 0 end\nlocal nowS = clock()\nfor _, id in ipairs(ids) do\n  local job = redis.call('HMGET', prefix .. 'job:' .. id, 'group_id', 'rate_limit_key')\n  erase(prefix, id, job[1])\n  if job[2] then releaseSlot(prefix, job[2], id, nowS, stamp) end\nend\nreturn #ids\n",
}

/**
 * Write jobs and put each in its place.
 *
 * Reply: word[] per job: queued, deferred, scheduled, rate_limited, duplicate, cycle
 */
export const enqueue: Script<
  [queues: string],
  [prefix: ScriptArgument, stamp: ScriptArgument, ...jobs: ScriptArgument[]]
> = {
  name: 'enqueue',
  sha: '16ea97315c743a5abb0d0717ba08c0f68b736ad7',
  keyCount: 1,
  lua: "#!lua\nlocal function clock()\n  local time = redis.call('TIME')\n  local seconds = tonumber(time[1])\n  return seconds, seconds * 1000 + math.floor(tonumber(time[2]) / 1000)\nend\nlocal function score(ms)\n  return string.format('%.3f', ms / 1000)\nend\nlocal function fillSlots(prefix, limit, concurrency, nowS, stamp)\n  local allowed = prefix .. 'rl:' .. limit .. ':allowed'\n  local waiting = prefix .. 'rl:' .. limit .. ':rate_limited'\n  local free = concurrency - redis.call('ZCARD', allowed)\n  while free > 0 do\n    local oldest = redis.call('ZPOPMIN', waiting)\n    local id = oldest[1]\n    if not id then return end\n    local key = prefix .. 'job:' .. id\n    local job = redis.call('HMGET', key, 'status', 'origin', 'enqueue_at_front')\n    if job[1] == 'rate_limited' and job[2] then\n      redis.call('ZADD', allowed, nowS, id)\n      redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp)\n      redis.call(job[3] == '1' and 'LPUSH' or 'RPUSH', prefix .. 'queue:' .. job[2], id)\n      free = free - 1\n    end\n  end\nend\nlocal function releaseSlot(prefix, limit, id, nowS, stamp)\n  redis.call('ZREM', prefix .. 'rl:' .. limit .. ':rate_limited', id)\n  if redis.call('ZREM', prefix .. 'rl:' .. limit .. ':allowed', id) == 0 then return end\n  local concurrency = tonumber(redis.call('HGET', prefix .. 'rl:' .. limit, 'concurrency'))\n  if concurrency then fillSlots(prefix, limit, concurrency, nowS, stamp) end\nend\nlocal function push(prefix, queue, id, front)\n  redis.call(front and 'LPUSH' or 'RPUSH', prefix .. 'queue:' .. queue, id)\nend\nlocal function place(prefix, id, queue, front, limit, concurrency, nowS, stamp)\n  local key = prefix .. 'job:' .. id\n  if not limit then\n    redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp)\n    push(prefix, queue, id, front)\n    return 'queued'\n  end\n  redis.call('SADD', prefix .. 'rl-keys', limit)\n  redis.call('HSET', prefix .. 'rl:' .. limit, 'concurrency', concurrency)\n  if redis.call('ZSCORE', prefix .. 'rl:' .. limit .. ':allowed', id) then\n    redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp)\n    push(prefix, queue, id, front)\n    return 'queued'\n  end\n  redis.call('HSET', key, 'status', 'rate_limited', 'enqueue_at_front', front and 1 or 0)\n  redis.call('ZADD', prefix .. 'rl:' .. limit .. ':rate_limited', nowS, id)\n  fillSlots(prefix, limit, tonumber(concurrency), nowS, stamp)\n  return redis.call('HGET', key, 'status')\nend\nlocal function satisfied(status, allowFailure)\n  return not status or status == 'finished' or (allowFailure and status == 'failed')\nend\nlocal function dependenciesMet(prefix, id, allowFailure, except)\n  for _, dependency in ipairs(redis.call('SMEMBERS', prefix .. 'job::' .. id .. ':dependencies')) do\n    if dependency ~= except then\n      local key = prefix .. 'job:' .. dependency\n      local status = redis.call('HGET', key, 'status')\n      if not status and redis.call('EXISTS', key) == 1 then status = 'created' end\n      if not satisfied(status, allowFailure) then return false end\n    end\n  end\n  return true\nend\nlocal function releaseDependents(prefix, id, onlyTolerant, nowS, stamp)\n  local dependents = prefix .. 'job:' .. id .. ':dependents'\n  local children = redis.call('SMEMBERS', dependents)\n  for _, child in ipairs(children) do\n    local key = prefix .. 'job:' .. child\n    local job = redis.call('HMGET', key, 'status', 'origin', 'allow_dependency_failures', 'enqueue_at_front',\n      'rate_limit_key', 'rate_limit_concurrency')\n    local tolerant = job[3] == '1'\n    if not job[1] then\n      redis.call('SREM', dependents, child)\n    elseif job[1] == 'deferred' and (tolerant or not onlyTolerant) and dependenciesMet(prefix, child, tolerant, id) then\n      redis.call('ZREM', prefix .. 'deferred:' .. job[2], child)\n      redis.call('SREM', dependents, child)\n      place(prefix, child, job[2], job[4] == '1', job[5] and job[6] and job[5], job[6], nowS, stamp)\n    end\n  end\nend\nlocal function reaches(prefix, from, id)\n  local seen, todo = {}, { from }\n  while #todo > 0 do\n    local current = table.remove(todo)\n    if current == id then return true end\n    if not seen[current] then\n      seen[current] = true\n      for _, nextId in ipairs(redis.call('SMEMBERS', prefix .. 'job::' .. current .. ':dependencies')) do\n        todo[#todo + 1] = nextId\n      end\n    end\n  end\n  return false\nend\nlocal function leave(prefix, id, status, queue, leases)\n  if status == 'queued' then\n    redis.call('LREM', prefix .. 'queue:' .. queue, 0, id)\n  elseif status == 'started' then\n    if leases then\n      local execution = redis.call('HGET', prefix .. 'job:' .. id, 'execution_id')\n      if execution then redis.call('ZREM', prefix .. 'wip:' .. queue, id .. ':' .. execution) end\n      for _, other in ipairs(redis.call('ZRANGE', prefix .. 'executions:' .. id, 0, -1)) do\n        redis.call('ZREM', prefix .. 'wip:' .. queue, id .. ':' .. other)\n        redis.call('DEL', prefix .. 'execution:' .. id .. ':' .. other)\n      end\n      redis.call('DEL', prefix .. 'executions:' .. id)\n    end\n  elseif status == 'stopped' then\n    redis.call('ZREM', prefix .. 'failed:' .. queue, id)\n  elseif status == 'ready_to_enqueue' then\n    redis.call('ZREM', prefix .. 'ready:' .. queue, id)\n  elseif status == 'finished' or status == 'failed' or status == 'deferred' or status == 'scheduled' or status == 'canceled' then\n    redis.call('ZREM', prefix .. status .. ':' .. queue, id)\n  end\nend\nlocal function erase(prefix, id, group)\n  redis.call('DEL', prefix .. 'job:' .. id, prefix .. 'job:' .. id .. ':dependents',\n    prefix .. 'job::' .. id .. ':dependencies', prefix .. 'results:' .. id)\n  if group and group ~= '' and redis.call('SREM', prefix .. 'group:' .. group, id) == 1\n    and redis.call('EXISTS', prefix .. 'group:' .. group) == 0 then\n    redis.call('SREM', prefix .. 'groups', group)\n  end\nend\nlocal queuesKey = KEYS[1]\nlocal prefix, stamp = ARGV[1], ARGV[2]\nlocal nowS = clock()\nlocal seen = {}\nlocal function alreadyThere(id, known, createdAt, flags)\n  if seen[id] then return false end\n  if known[1] == stamp then return true end\n  if known[2] ~= createdAt then return false end\n  return (known[3] == 'deferred' and string.find(flags, 'd', 1, true))\n    or (known[3] == 'scheduled' and string.find(flags, 's', 1, true))\n    or (known[3] == 'rate_limited' and string.find(flags, 'r', 1, true))\nend\nlocal function anyCycle(id, dependencies)\n  if redis.call('EXISTS', prefix .. 'job:' .. id .. ':dependents') == 0 then return false end\n  for _, dependency in ipairs(dependencies) do\n    if reaches(prefix, dependency, id) then return true end\n  end\n  return false\nend\nlocal registered = {}\nlocal answers = {}\nlocal at = 3\nwhile at <= #ARGV do\n  local id, queue, flags = ARGV[at], ARGV[at + 1], ARGV[at + 2]\n  local firstField = at + 4\n  local lastField = at + 3 + tonumber(ARGV[at + 3])\n  at = lastField + 1\n  local ttl, due, limit, concurrency, group\n  local allowFailure, dependencies = false, {}\n  local front = false\n  for flag in string.gmatch(flags, '.') do\n    if flag == 'f' then\n      front = true\n    elseif flag == 't' then\n      ttl = ARGV[at]\n      at = at + 1\n    elseif flag == 's' then\n      due = tonumber(ARGV[at])\n      at = at + 1\n    elseif flag == 'd' then\n      allowFailure = ARGV[at] == '1'\n      for n = 1, tonumber(ARGV[at + 1]) do dependencies[n] = ARGV[at + 1 + n] end\n      at = at + 2 + #dependencies\n    elseif flag == 'g' then\n      group = ARGV[at]\n      at = at + 1\n    elseif flag == 'r' then\n      limit, concurrency = ARGV[at], ARGV[at + 1]\n      at = at + 2\n    end\n  end\n  local key = prefix .. 'job:' .. id\n  local known = redis.call('HMGET', key, 'enqueued_at', 'created_at', 'status', 'origin')\n  local answer\n  if known[2] and alreadyThere(id, known, ARGV[firstField + 1], flags) then\n    answer = known[3]\n    if answer ~= 'deferred' and answer ~= 'scheduled' and answer ~= 'rate_limited' then answer = 'queued' end\n  elseif known[2] and string.find(flags, 'u', 1, true) then\n    answer = 'duplicate'\n  elseif #dependencies > 0 and anyCycle(id, dependencies) then\n    answer = 'cycle'\n  else\n    if known[2] then\n      leave(prefix, id, known[3], known[4] or queue, false)\n      redis.call('DEL', key)\n    end\n    if not registered[queue] then\n      registered[queue] = true\n      redis.call('SADD', queuesKey, prefix .. 'queue:' .. queue)\n    end\n    local unmet = false\n    for _, dependency in ipairs(dependencies) do\n      local dependencyKey = prefix .. 'job:' .. dependency\n      local status = redis.call('HGET', dependencyKey, 'status')\n      if not status and redis.call('EXISTS', dependencyKey) == 1 then status = 'created' end\n      if not satisfied(status, allowFailure) then unmet = true end\n    end\n    if unmet or (due and #dependencies > 0) then\n      redis.call('SADD', prefix .. 'job::' .. id .. ':dependencies', unpack(dependencies))\n      for _, dependency in ipairs(dependencies) do\n        redis.call('SADD', prefix .. 'job:' .. dependency .. ':dependents', id)\n      end\n    end\n    if due then\n      redis.call('HSET', key, 'status', 'scheduled', unpack(ARGV, firstField, lastField))\n      if front then redis.call('HSET', key, 'enqueue_at_front', 1) end\n      redis.call('ZADD', prefix .. 'scheduled:' .. queue, score(due), id)\n      answer = 'scheduled'\n    elseif unmet then\n      redis.call('HSET', key, 'status', 'deferred', unpack(ARGV, firstField, lastField))\n      if front then redis.call('HSET', key, 'enqueue_at_front', 1) end\n      redis.call('ZADD', prefix .. 'deferred:' .. queue, nowS, id)\n      answer = 'deferred'\n    elseif limit then\n      redis.call('HSET', key, 'status', 'created', unpack(ARGV, firstField, lastField))\n      answer = place(prefix, id, queue, front, limit, concurrency, nowS, stamp)\n    else\n      redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp, unpack(ARGV, firstField, lastField))\n      push(prefix, queue, id, front)\n      answer = 'queued'\n    end\n    if ttl then\n      redis.call('EXPIRE', key, ttl)\n      redis.call('EXPIRE', prefix .. 'job:' .. id .. ':dependents', ttl)\n      redis.call('EXPIRE', prefix .. 'job::' .. id .. ':dependencies', ttl)\n    end\n    if group then\n      redis.call('SADD', prefix .. 'groups', group)\n      redis.call('SADD', prefix .. 'group:' .. group, id)\n    end\n  end\n  seen[id] = true\n  answers[#answers + 1] = answer\nend\nreturn answers\n",
}

/**
 * Read jobs whole.
 *
 * Reply: per job: flat list of fields, empty when it is not there
 */
export const fetch: Script<[first: string], [prefix: ScriptArgument, ...ids: ScriptArgument[]]> = {
  name: 'fetch',
  sha: '0932cc58ce555bdd11e91e693a820175a795804c',
  keyCount: 1,
  lua: "#!lua flags=no-writes\nlocal prefix = ARGV[1]\nlocal jobs = {}\nfor at = 2, #ARGV do jobs[at - 1] = redis.call('HGETALL', prefix .. 'job:' .. ARGV[at]) end\nreturn jobs\n",
}

/**
 * Put claimed jobs that were never begun back at the head of their queues, in the order given; no attempt is spent.
 *
 * Reply: int how many were put back
 */
export const giveBack: Script<[queues: string], [prefix: ScriptArgument, ...leases: ScriptArgument[]]> = {
  name: 'give_back',
  sha: '43d5c99aca3f0ca2eb76510b6bebcf939b06cf93',
  keyCount: 1,
  lua: "#!lua flags=allow-oom\nlocal prefix = ARGV[1]\nlocal returned = 0\nfor at = #ARGV - 2, 2, -3 do\n  local queue, id, execution = ARGV[at], ARGV[at + 1], ARGV[at + 2]\n  local key = prefix .. 'job:' .. id\n  redis.call('ZREM', prefix .. 'wip:' .. queue, id .. ':' .. execution)\n  local held = redis.call('HMGET', key, 'execution_id', 'status')\n  if held[1] == execution and held[2] == 'started' then\n    redis.call('HSET', key, 'status', 'queued')\n    redis.call('HDEL', key, 'execution_id', 'started_at', 'worker_name')\n    redis.call('LPUSH', prefix .. 'queue:' .. queue, id)\n    returned = returned + 1\n  end\nend\nreturn returned\n",
}

/**
 * Renew a worker's leases and its record, and say which leases are no longer its own.
 *
 * Reply: flat list of the job ids and execution ids that were lost
 */
export const heartbeat: Script<
  [workers: string],
  [
    prefix: ScriptArgument,
    name: ScriptArgument,
    stamp: ScriptArgument,
    ttlS: ScriptArgument,
    leaseMs: ScriptArgument,
    state: ScriptArgument,
    currentJob: ScriptArgument,
    queueCount: ScriptArgument,
    fieldCount: ScriptArgument,
    ...rest: ScriptArgument[],
  ]
> = {
  name: 'heartbeat',
  sha: 'e136fe500dcaa43a1c584cadbc362122cc00be50',
  keyCount: 1,
  lua: "#!lua flags=allow-oom\nlocal function clock()\n  local time = redis.call('TIME')\n  local seconds = tonumber(time[1])\n  return seconds, seconds * 1000 + math.floor(tonumber(time[2]) / 1000)\nend\nlocal function score(ms)\n  return string.format('%.3f', ms / 1000)\nend\nlocal workersKey = KEYS[1]\nlocal prefix, name, stamp, ttlS, leaseMs = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])\nlocal state, currentJob, queueCount, fieldCount = ARGV[6], ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9])\nlocal firstQueue, lastQueue = 10, 9 + queueCount\nlocal firstField, lastField = lastQueue + 1, lastQueue + fieldCount\nlocal key = prefix .. 'worker:' .. name\nif redis.call('EXISTS', key) == 0 then\n  redis.call('HSET', key, unpack(ARGV, firstField, lastField))\n  redis.call('SADD', workersKey, key)\n  for at = firstQueue, lastQueue do redis.call('SADD', prefix .. 'workers:' .. ARGV[at], key) end\nend\nredis.call('HSET', key, 'last_heartbeat', stamp, 'state', state)\nif currentJob == '' then\n  redis.call('HDEL', key, 'current_job')\nelse\n  redis.call('HSET', key, 'current_job', currentJob)\nend\nredis.call('EXPIRE', key, ttlS)\nlocal nowS, nowMs = clock()\nlocal leaseEnds = score(nowMs + leaseMs)\nlocal recordTtlS = math.ceil(leaseMs / 1000) + 60\nlocal lost = {}\nfor at = lastField + 1, #ARGV, 3 do\n  local queue, id, execution = ARGV[at], ARGV[at + 1], ARGV[at + 2]\n  local jobKey = prefix .. 'job:' .. id\n  local member = id .. ':' .. execution\n  local held = redis.call('HMGET', jobKey, 'execution_id', 'status')\n  if held[1] == execution and (held[2] == 'started' or held[2] == 'canceled') then\n    if held[2] == 'started' then redis.call('ZADD', prefix .. 'wip:' .. queue, leaseEnds, member) end\n    redis.call('HSET', jobKey, 'last_heartbeat', stamp)\n    local executionKey = prefix .. 'execution:' .. member\n    local now = score(nowMs)\n    if redis.call('EXISTS', executionKey) == 0 then\n      redis.call('HSET', executionKey, 'id', execution, 'job_id', id, 'created_at', now, 'worker_name', name)\n    end\n    redis.call('HSET', executionKey, 'last_heartbeat', now)\n    redis.call('EXPIRE', executionKey, recordTtlS)\n    redis.call('ZADD', prefix .. 'executions:' .. id, nowS + recordTtlS, execution)\n    redis.call('EXPIRE', prefix .. 'executions:' .. id, recordTtlS)\n    redis.call('SADD', key .. ':executions', member)\n    redis.call('EXPIRE', key .. ':executions', recordTtlS)\n  else\n    lost[#lost + 1] = id\n    lost[#lost + 1] = execution\n    redis.call('ZREM', prefix .. 'wip:' .. queue, member)\n  end\nend\nreturn lost\n",
}

/**
 * Read the leases of a queue.
 *
 * Reply: flat list of member (job id, colon, execution id) and the end of its lease in epoch seconds
 */
export const leases: Script<[wip: string], []> = {
  name: 'leases',
  sha: 'f3bec46700d4e8115f351262f365c28795c5a1d4',
  keyCount: 1,
  lua: "#!lua flags=no-writes\nlocal wipKey = KEYS[1]\nreturn redis.call('ZRANGE', wipKey, 0, -1, 'WITHSCORES')\n",
}

/**
 * Take over jobs whose lease has ended. Each is leased anew to the caller, who decides what becomes of it.
 *
 * Reply: flat list of queue, execution id, fields
 */
export const recover: Script<
  [wip: string],
  [
    prefix: ScriptArgument,
    queue: ScriptArgument,
    worker: ScriptArgument,
    leaseMs: ScriptArgument,
    most: ScriptArgument,
    stamp: ScriptArgument,
    executionBase: ScriptArgument,
  ]
> = {
  name: 'recover',
  sha: '5e47b0dec12e510dd2bc8152b493a989a83fa101',
  keyCount: 1,
  lua: "#!lua flags=allow-oom\nlocal function clock()\n  local time = redis.call('TIME')\n  local seconds = tonumber(time[1])\n  return seconds, seconds * 1000 + math.floor(tonumber(time[2]) / 1000)\nend\nlocal function score(ms)\n  return string.format('%.3f', ms / 1000)\nend\nlocal wipKey = KEYS[1]\nlocal prefix, queue, worker, leaseMs, most = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]\nlocal stamp, executionBase = ARGV[6], ARGV[7]\nlocal _, nowMs = clock()\nlocal taken = {}\nlocal serial = 0\nfor _, member in ipairs(redis.call('ZRANGEBYSCORE', wipKey, 0, score(nowMs), 'LIMIT', 0, most)) do\n  local id, execution = string.match(member, '^([^:]+):?(.*)$')\n  local key = prefix .. 'job:' .. id\n  local held = redis.call('HMGET', key, 'status', 'execution_id', 'data')\n  redis.call('ZREM', wipKey, member)\n  redis.call('DEL', prefix .. 'execution:' .. member)\n  redis.call('ZREM', prefix .. 'executions:' .. id, execution)\n  if held[1] == 'started' and held[3] and (not held[2] or held[2] == execution) then\n    serial = serial + 1\n    local own = executionBase .. string.format('%08x', serial)\n    redis.call('HSET', key, 'execution_id', own)\n    redis.call('HINCRBY', key, 'abandoned_count', 1)\n    redis.call('ZADD', wipKey, score(nowMs + leaseMs), id .. ':' .. own)\n    local fields = redis.call('HGETALL', key)\n    fields[#fields + 1] = 'id'\n    fields[#fields + 1] = id\n    taken[#taken + 1] = queue\n    taken[#taken + 1] = own\n    taken[#taken + 1] = fields\n  end\nend\nreturn taken\n",
}

/**
 * Write a worker's record and list it, unless a living worker has the name.
 *
 * Reply: 'registered' or 'taken'
 */
export const register: Script<
  [workers: string],
  [
    prefix: ScriptArgument,
    name: ScriptArgument,
    ttlS: ScriptArgument,
    queueCount: ScriptArgument,
    ...rest: ScriptArgument[],
  ]
> = {
  name: 'register',
  sha: '830daa5185ea8794cfb9985c512caa16ded8bc53',
  keyCount: 1,
  lua: "#!lua flags=allow-oom\nlocal workersKey = KEYS[1]\nlocal prefix, name, ttlS, queueCount = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])\nlocal key = prefix .. 'worker:' .. name\nlocal known = redis.call('HMGET', key, 'birth', 'death', 'pid', 'hostname')\nif known[1] and not known[2] then\n  local mine = {}\n  for at = 5 + queueCount, #ARGV, 2 do mine[ARGV[at]] = ARGV[at + 1] end\n  if known[3] ~= mine.pid or known[4] ~= mine.hostname then return 'taken' end\nend\nredis.call('DEL', key)\nredis.call('HSET', key, unpack(ARGV, 5 + queueCount))\nredis.call('EXPIRE', key, ttlS)\nredis.call('SADD', workersKey, key)\nfor at = 5, 4 + queueCount do redis.call('SADD', prefix .. 'workers:' .. ARGV[at], key) end\nreturn 'registered'\n",
}

/**
 * Drop the entries of a registry whose time is over.
 *
 * Reply: int how many were dropped
 */
export const registryCleanup: Script<[registry: string], []> = {
  name: 'registry_cleanup',
  sha: 'df2ea235d491c9290930cc43fa52ab2bcb34336e',
  keyCount: 1,
  lua: "#!lua flags=allow-oom\nlocal registryKey = KEYS[1]\nreturn redis.call('ZREMRANGEBYSCORE', registryKey, 0, redis.call('TIME')[1])\n",
}

/**
 * Put a failed or stopped job back into its queue.
 *
 * Reply: 'done', 'missing' or 'refused' (not in the failed registry)
 */
export const requeue: Script<
  [job: string],
  [prefix: ScriptArgument, id: ScriptArgument, stamp: ScriptArgument, atFront: ScriptArgument]
> = {
  name: 'requeue',
  sha: '5d87dcfda263d3c5150be3ad7f4df4851d2b7c4e',
  keyCount: 1,
  lua: "#!lua\nlocal function clock()\n  local time = redis.call('TIME')\n  local seconds = tonumber(time[1])\n  return seconds, seconds * 1000 + math.floor(tonumber(time[2]) / 1000)\nend\nlocal function score(ms)\n  return string.format('%.3f', ms / 1000)\nend\nlocal function fillSlots(prefix, limit, concurrency, nowS, stamp)\n  local allowed = prefix .. 'rl:' .. limit .. ':allowed'\n  local waiting = prefix .. 'rl:' .. limit .. ':rate_limited'\n  local free = concurrency - redis.call('ZCARD', allowed)\n  while free > 0 do\n    local oldest = redis.call('ZPOPMIN', waiting)\n    local id = oldest[1]\n    if not id then return end\n    local key = prefix .. 'job:' .. id\n    local job = redis.call('HMGET', key, 'status', 'origin', 'enqueue_at_front')\n    if job[1] == 'rate_limited' and job[2] then\n      redis.call('ZADD', allowed, nowS, id)\n      redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp)\n      redis.call(job[3] == '1' and 'LPUSH' or 'RPUSH', prefix .. 'queue:' .. job[2], id)\n      free = free - 1\n    end\n  end\nend\nlocal function releaseSlot(prefix, limit, id, nowS, stamp)\n  redis.call('ZREM', prefix .. 'rl:' .. limit .. ':rate_limited', id)\n  if redis.call('ZREM', prefix .. 'rl:' .. limit .. ':allowed', id) == 0 then return end\n  local concurrency = tonumber(redis.call('HGET', prefix .. 'rl:' .. limit, 'concurrency'))\n  if concurrency then fillSlots(prefix, limit, concurrency, nowS, stamp) end\nend\nlocal function push(prefix, queue, id, front)\n  redis.call(front and 'LPUSH' or 'RPUSH', prefix .. 'queue:' .. queue, id)\nend\nlocal function place(prefix, id, queue, front, limit, concurrency, nowS, stamp)\n  local key = prefix .. 'job:' .. id\n  if not limit then\n    redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp)\n    push(prefix, queue, id, front)\n    return 'queued'\n  end\n  redis.call('SADD', prefix .. 'rl-keys', limit)\n  redis.call('HSET', prefix .. 'rl:' .. limit, 'concurrency', concurrency)\n  if redis.call('ZSCORE', prefix .. 'rl:' .. limit .. ':allowed', id) then\n    redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp)\n    push(prefix, queue, id, front)\n    return 'queued'\n  end\n  redis.call('HSET', key, 'status', 'rate_limited', 'enqueue_at_front', front and 1 or 0)\n  redis.call('ZADD', prefix .. 'rl:' .. limit .. ':rate_limited', nowS, id)\n  fillSlots(prefix, limit, tonumber(concurrency), nowS, stamp)\n  return redis.call('HGET', key, 'status')\nend\nlocal jobKey = KEYS[1]\nlocal prefix, id, stamp, atFront = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'\nlocal job = redis.call('HMGET', jobKey, 'origin', 'rate_limit_key', 'rate_limit_concurrency', 'data')\nif redis.call('EXISTS', jobKey) == 0 then return 'missing' end\nif not job[1] or redis.call('ZREM', prefix .. 'failed:' .. job[1], id) == 0 then return 'refused' end\nlocal nowS = clock()\nredis.call('PERSIST', jobKey)\nredis.call('HDEL', jobKey, 'execution_id', 'abandoned_count', 'exc_info', 'result')\nredis.call('HSET', jobKey, 'started_at', '', 'ended_at', '')\nredis.call('SADD', prefix .. 'queues', prefix .. 'queue:' .. job[1])\nplace(prefix, id, job[1], atFront, job[2] and job[3] and job[2], job[3], nowS, stamp)\nreturn 'done'\n",
}

/**
 * Write a job's record without putting it anywhere. Its status stays; a new job is `created`.
 *
 * Reply: 'done'
 */
export const saveJob: Script<[job: string], [...fields: ScriptArgument[]]> = {
  name: 'save_job',
  sha: '6e71acd146163146c30b17371b3f8790d59b38f3',
  keyCount: 1,
  lua: "#!lua\nlocal jobKey = KEYS[1]\nredis.call('HSETNX', jobKey, 'status', 'created')\nredis.call('HSET', jobKey, unpack(ARGV))\nreturn 'done'\n",
}

/**
 * Replace a job's meta, unless the job is gone or another execution owns it by now.
 *
 * Reply: 'done', 'missing' or 'refused'
 */
export const saveMeta: Script<[job: string], [meta: ScriptArgument, execution: ScriptArgument]> = {
  name: 'save_meta',
  sha: 'c3dfdc585797602cebcb485d63d66106a4e30917',
  keyCount: 1,
  lua: "#!lua flags=allow-oom\nlocal jobKey = KEYS[1]\nlocal meta, execution = ARGV[1], ARGV[2]\nif redis.call('EXISTS', jobKey) == 0 then return 'missing' end\nif execution ~= '' and redis.call('HGET', jobKey, 'execution_id') ~= execution then return 'refused' end\nredis.call('HSET', jobKey, 'meta', meta)\nreturn 'done'\n",
}

/**
 * Apply what attempts came to, each only if its execution still owns the job, then hand out the next jobs.
 *
 * Reply: answers: applied, lost, gone; then 'suspended' or the flat list of queue, execution id, fields
 */
export const settle: Script<
  [suspended: string],
  [
    prefix: ScriptArgument,
    stamp: ScriptArgument,
    want: ScriptArgument,
    worker: ScriptArgument,
    leaseMs: ScriptArgument,
    executionBase: ScriptArgument,
    successes: ScriptArgument,
    failures: ScriptArgument,
    workedS: ScriptArgument,
    queueCount: ScriptArgument,
    ...rest: ScriptArgument[],
  ]
> = {
  name: 'settle',
  sha: '05a7bb21ea17a0dfb9ad4aa420648a29321da294',
  keyCount: 1,
  lua: "#!lua flags=allow-oom\nlocal function clock()\n  local time = redis.call('TIME')\n  local seconds = tonumber(time[1])\n  return seconds, seconds * 1000 + math.floor(tonumber(time[2]) / 1000)\nend\nlocal function score(ms)\n  return string.format('%.3f', ms / 1000)\nend\nlocal function claim(prefix, first, last, want, worker, leaseMs, stamp, executionBase)\n  local handed = {}\n  if want <= 0 then return handed end\n  local _, nowMs = clock()\n  local leaseEnds = score(nowMs + leaseMs)\n  local serial = 0\n  for q = first, last do\n    local queue = ARGV[q]\n    local list = prefix .. 'queue:' .. queue\n    local leases = {}\n    while want > 0 do\n      local ids = redis.call('LPOP', list, want)\n      if not ids then break end\n      for i = 1, #ids do\n        local id = ids[i]\n        local key = prefix .. 'job:' .. id\n        local state = redis.call('HMGET', key, 'status', 'data')\n        if state[2] and (state[1] == 'queued' or state[1] == 'created' or not state[1]) then\n          serial = serial + 1\n          local execution = executionBase .. string.format('%08x', serial)\n          local fields = redis.call('HGETALL', key)\n          fields[#fields + 1] = 'id'\n          fields[#fields + 1] = id\n          redis.call('HSET', key, 'status', 'started', 'started_at', stamp, 'worker_name', worker, 'execution_id', execution)\n          redis.call('PERSIST', key)\n          leases[#leases + 1] = leaseEnds\n          leases[#leases + 1] = id .. ':' .. execution\n          handed[#handed + 1] = queue\n          handed[#handed + 1] = execution\n          handed[#handed + 1] = fields\n          want = want - 1\n        end\n      end\n      if #leases > 0 then\n        redis.call('ZADD', prefix .. 'wip:' .. queue, unpack(leases))\n        leases = {}\n      end\n    end\n  end\n  return handed\nend\nlocal function fillSlots(prefix, limit, concurrency, nowS, stamp)\n  local allowed = prefix .. 'rl:' .. limit .. ':allowed'\n  local waiting = prefix .. 'rl:' .. limit .. ':rate_limited'\n  local free = concurrency - redis.call('ZCARD', allowed)\n  while free > 0 do\n    local oldest = redis.call('ZPOPMIN', waiting)\n    local id = oldest[1]\n    if not id then return end\n    local key = prefix .. 'job:' .. id\n    local job = redis.call('HMGET', key, 'status', 'origin', 'enqueue_at_front')\n    if job[1] == 'rate_limited' and job[2] then\n      redis.call('ZADD', allowed, nowS, id)\n      redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp)\n      redis.call(job[3] == '1' and 'LPUSH' or 'RPUSH', prefix .. 'queue:' .. job[2], id)\n      free = free - 1\n    end\n  end\nend\nlocal function releaseSlot(prefix, limit, id, nowS, stamp)\n  redis.call('ZREM', prefix .. 'rl:' .. limit .. ':rate_limited', id)\n  if redis.call('ZREM', prefix .. 'rl:' .. limit .. ':allowed', id) == 0 then return end\n  local concurrency = tonumber(redis.call('HGET', prefix .. 'rl:' .. limit, 'concurrency'))\n  if concurrency then fillSlots(prefix, limit, concurrency, nowS, stamp) end\nend\nlocal function push(prefix, queue, id, front)\n  redis.call(front and 'LPUSH' or 'RPUSH', prefix .. 'queue:' .. queue, id)\nend\nlocal function place(prefix, id, queue, front, limit, concurrency, nowS, stamp)\n  local key = prefix .. 'job:' .. id\n  if not limit then\n    redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp)\n    push(prefix, queue, id, front)\n    return 'queued'\n  end\n  redis.call('SADD', prefix .. 'rl-keys', limit)\n  redis.call('HSET', prefix .. 'rl:' .. limit, 'concurrency', concurrency)\n  if redis.call('ZSCORE', prefix .. 'rl:' .. limit .. ':allowed', id) then\n    redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp)\n    push(prefix, queue, id, front)\n    return 'queued'\n  end\n  redis.call('HSET', key, 'status', 'rate_limited', 'enqueue_at_front', front and 1 or 0)\n  redis.call('ZADD', prefix .. 'rl:' .. limit .. ':rate_limited', nowS, id)\n  fillSlots(prefix, limit, tonumber(concurrency), nowS, stamp)\n  return redis.call('HGET', key, 'status')\nend\nlocal function satisfied(status, allowFailure)\n  return not status or status == 'finished' or (allowFailure and status == 'failed')\nend\nlocal function dependenciesMet(prefix, id, allowFailure, except)\n  for _, dependency in ipairs(redis.call('SMEMBERS', prefix .. 'job::' .. id .. ':dependencies')) do\n    if dependency ~= except then\n      local key = prefix .. 'job:' .. dependency\n      local status = redis.call('HGET', key, 'status')\n      if not status and redis.call('EXISTS', key) == 1 then status = 'created' end\n      if not satisfied(status, allowFailure) then return false end\n    end\n  end\n  return true\nend\nlocal function releaseDependents(prefix, id, onlyTolerant, nowS, stamp)\n  local dependents = prefix .. 'job:' .. id .. ':dependents'\n  local children = redis.call('SMEMBERS', dependents)\n  for _, child in ipairs(children) do\n    local key = prefix .. 'job:' .. child\n    local job = redis.call('HMGET', key, 'status', 'origin', 'allow_dependency_failures', 'enqueue_at_front',\n      'rate_limit_key', 'rate_limit_concurrency')\n    local tolerant = job[3] == '1'\n    if not job[1] then\n      redis.call('SREM', dependents, child)\n    elseif job[1] == 'deferred' and (tolerant or not onlyTolerant) and dependenciesMet(prefix, child, tolerant, id) then\n      redis.call('ZREM', prefix .. 'deferred:' .. job[2], child)\n      redis.call('SREM', dependents, child)\n      place(prefix, child, job[2], job[4] == '1', job[5] and job[6] and job[5], job[6], nowS, stamp)\n    end\n  end\nend\nlocal function reaches(prefix, from, id)\n  local seen, todo = {}, { from }\n  while #todo > 0 do\n    local current = table.remove(todo)\n    if current == id then return true end\n    if not seen[current] then\n      seen[current] = true\n      for _, nextId in ipairs(redis.call('SMEMBERS', prefix .. 'job::' .. current .. ':dependencies')) do\n        todo[#todo + 1] = nextId\n      end\n    end\n  end\n  return false\nend\nlocal function leave(prefix, id, status, queue, leases)\n  if status == 'queued' then\n    redis.call('LREM', prefix .. 'queue:' .. queue, 0, id)\n  elseif status == 'started' then\n    if leases then\n      local execution = redis.call('HGET', prefix .. 'job:' .. id, 'execution_id')\n      if execution then redis.call('ZREM', prefix .. 'wip:' .. queue, id .. ':' .. execution) end\n      for _, other in ipairs(redis.call('ZRANGE', prefix .. 'executions:' .. id, 0, -1)) do\n        redis.call('ZREM', prefix .. 'wip:' .. queue, id .. ':' .. other)\n        redis.call('DEL', prefix .. 'execution:' .. id .. ':' .. other)\n      end\n      redis.call('DEL', prefix .. 'executions:' .. id)\n    end\n  elseif status == 'stopped' then\n    redis.call('ZREM', prefix .. 'failed:' .. queue, id)\n  elseif status == 'ready_to_enqueue' then\n    redis.call('ZREM', prefix .. 'ready:' .. queue, id)\n  elseif status == 'finished' or status == 'failed' or status == 'deferred' or status == 'scheduled' or status == 'canceled' then\n    redis.call('ZREM', prefix .. status .. ':' .. queue, id)\n  end\nend\nlocal function erase(prefix, id, group)\n  redis.call('DEL', prefix .. 'job:' .. id, prefix .. 'job:' .. id .. ':dependents',\n    prefix .. 'job::' .. id .. ':dependencies', prefix .. 'results:' .. id)\n  if group and group ~= '' and redis.call('SREM', prefix .. 'group:' .. group, id) == 1\n    and redis.call('EXISTS', prefix .. 'group:' .. group) == 0 then\n    redis.call('SREM', prefix .. 'groups', group)\n  end\nend\nlocal function wake(prefix, id, waiters)\n  if not waiters or waiters == '' then return end\n  for channel in string.gmatch(waiters, '[^,]+') do\n    redis.call('PUBLISH', prefix .. 'notify:' .. channel, id)\n  end\n  redis.call('HDEL', prefix .. 'job:' .. id, 'waiters')\nend\nlocal suspendedKey = KEYS[1]\nlocal prefix, stamp, want, worker = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]\nlocal leaseMs, executionBase = tonumber(ARGV[5]), ARGV[6]\nlocal successes, failures, workedS = tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9]\nlocal firstQueue, lastQueue = 11, 10 + tonumber(ARGV[10])\nlocal nowS, nowMs = clock()\nlocal answers = {}\nlocal ended = {}\nlocal registered = {}\nlocal function gather(map, key, ...)\n  local list = map[key]\n  if not list then\n    list = {}\n    map[key] = list\n  end\n  for _, value in ipairs({ ... }) do list[#list + 1] = value end\nend\nlocal function keep(id, keepS, hasDependencies)\n  if keepS <= 0 then return end\n  redis.call('EXPIRE', prefix .. 'job:' .. id, keepS)\n  redis.call('EXPIRE', prefix .. 'job:' .. id .. ':dependents', keepS)\n  if hasDependencies then redis.call('EXPIRE', prefix .. 'job::' .. id .. ':dependencies', keepS) end\nend\nlocal at = lastQueue + 1\nwhile at <= #ARGV do\n  local id, execution, queue, to, keepS, flags = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], tonumber(ARGV[at + 4]), ARGV[at + 5]\n  local firstField = at + 7\n  local lastField = at + 6 + tonumber(ARGV[at + 6])\n  at = lastField + 1\n  local front, release, executionRecord, hasDependencies, delayMs, limit, group\n  local firstEntry, lastEntry, entryKeepS\n  for flag in string.gmatch(flags, '.') do\n    if flag == 'f' then\n      front = true\n    elseif flag == 'a' or flag == 't' then\n      release = flag\n    elseif flag == 'e' then\n      executionRecord = true\n    elseif flag == 'd' then\n      hasDependencies = true\n    elseif flag == 's' then\n      delayMs = tonumber(ARGV[at])\n      at = at + 1\n    elseif flag == 'x' then\n      firstEntry = at + 1\n      lastEntry = at + tonumber(ARGV[at])\n      entryKeepS = tonumber(ARGV[lastEntry + 1])\n      at = lastEntry + 2\n    elseif flag == 'r' then\n      limit = ARGV[at]\n      at = at + 1\n    elseif flag == 'g' then\n      group = ARGV[at]\n      at = at + 1\n    end\n  end\n  local key = prefix .. 'job:' .. id\n  local held = redis.call('HMGET', key, 'execution_id', 'status', 'waiters')\n  local member = id .. ':' .. execution\n  gather(ended, prefix .. 'wip:' .. queue, member)\n  if executionRecord then\n    redis.call('DEL', prefix .. 'execution:' .. member)\n    redis.call('ZREM', prefix .. 'executions:' .. id, execution)\n    redis.call('SREM', prefix .. 'worker:' .. worker .. ':executions', member)\n  end\n  if held[1] ~= execution or (held[2] ~= 'started' and held[2] ~= 'canceled') then\n    answers[#answers + 1] = (held[1] or held[2] or redis.call('EXISTS', key) == 1) and 'lost' or 'gone'\n  else\n    answers[#answers + 1] = 'applied'\n    if held[2] == 'canceled' then\n      redis.call('ZREM', prefix .. 'canceled:' .. queue, id)\n      release = nil\n      if to == 'queued' or to == 'scheduled' then to, keepS = 'canceled', -1 end\n    end\n    if firstEntry then\n      redis.call('XADD', prefix .. 'results:' .. id, 'MAXLEN', '~', 10, '*', unpack(ARGV, firstEntry, lastEntry))\n      if entryKeepS > 0 then\n        redis.call('EXPIRE', prefix .. 'results:' .. id, entryKeepS)\n      else\n        redis.call('PERSIST', prefix .. 'results:' .. id)\n      end\n    end\n    if (to == 'finished' or to == 'failed' or to == 'stopped') and keepS == 0 then\n      wake(prefix, id, held[3])\n      if release then\n        redis.call('HSET', key, 'status', to)\n        releaseDependents(prefix, id, release == 't', nowS, stamp)\n      end\n      erase(prefix, id, group)\n    elseif to == 'finished' then\n      redis.call('HSET', key, 'status', 'finished', unpack(ARGV, firstField, lastField))\n      gather(registered, prefix .. 'finished:' .. queue, keepS < 0 and '+inf' or nowS + keepS, id)\n      if release then releaseDependents(prefix, id, false, nowS, stamp) end\n      keep(id, keepS, hasDependencies)\n      wake(prefix, id, held[3])\n    elseif to == 'failed' or to == 'stopped' then\n      redis.call('HSET', key, 'status', to, 'results', 'stream', unpack(ARGV, firstField, lastField))\n      gather(registered, prefix .. 'failed:' .. queue, keepS < 0 and -1 or nowS + keepS, id)\n      if release then releaseDependents(prefix, id, release == 't', nowS, stamp) end\n      keep(id, keepS, hasDependencies)\n      wake(prefix, id, held[3])\n    elseif to == 'canceled' then\n      redis.call('HSET', key, 'status', 'canceled', unpack(ARGV, firstField, lastField))\n      redis.call('ZADD', prefix .. 'canceled:' .. queue, nowS, id)\n      wake(prefix, id, held[3])\n    else\n      if firstEntry then redis.call('HSET', key, 'results', 'stream') end\n      if release then releaseDependents(prefix, id, false, nowS, stamp) end\n      redis.call('HDEL', key, 'execution_id')\n      if to == 'scheduled' then\n        redis.call('HSET', key, 'status', 'scheduled', unpack(ARGV, firstField, lastField))\n        if front then redis.call('HSET', key, 'enqueue_at_front', 1) end\n        redis.call('ZADD', prefix .. 'scheduled:' .. queue, score(nowMs + delayMs), id)\n      else\n        redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp, unpack(ARGV, firstField, lastField))\n        push(prefix, queue, id, front)\n      end\n      if firstEntry then wake(prefix, id, held[3]) end\n    end\n    if limit and to ~= 'queued' then releaseSlot(prefix, limit, id, nowS, stamp) end\n  end\nend\nfor key, members in pairs(ended) do redis.call('ZREM', key, unpack(members)) end\nfor key, members in pairs(registered) do redis.call('ZADD', key, unpack(members)) end\nlocal workerKey = prefix .. 'worker:' .. worker\nif successes + failures > 0 and redis.call('EXISTS', workerKey) == 1 then\n  if successes > 0 then redis.call('HINCRBY', workerKey, 'successful_job_count', successes) end\n  if failures > 0 then redis.call('HINCRBY', workerKey, 'failed_job_count', failures) end\n  redis.call('HINCRBYFLOAT', workerKey, 'total_working_time', workedS)\nend\nif want > 0 and redis.call('EXISTS', suspendedKey) == 1 then return { answers, 'suspended' } end\nreturn { answers, claim(prefix, firstQueue, lastQueue, want, worker, leaseMs, stamp, executionBase) }\n",
}

/**
 * Take a worker off the lists; its record stays for a minute, with the time of its death.
 *
 * Reply: 'ok'
 */
export const unregister: Script<
  [workers: string],
  [prefix: ScriptArgument, name: ScriptArgument, stamp: ScriptArgument, ...queues: ScriptArgument[]]
> = {
  name: 'unregister',
  sha: '8918cd7f9683aa3a41fb1232002a3ac8149b42ea',
  keyCount: 1,
  lua: "#!lua flags=allow-oom\nlocal workersKey = KEYS[1]\nlocal prefix, name, stamp = ARGV[1], ARGV[2], ARGV[3]\nlocal key = prefix .. 'worker:' .. name\nredis.call('SREM', workersKey, key)\nfor at = 4, #ARGV do redis.call('SREM', prefix .. 'workers:' .. ARGV[at], key) end\nif redis.call('EXISTS', key) == 1 then\n  redis.call('HSET', key, 'death', stamp)\n  redis.call('EXPIRE', key, 60)\nend\nredis.call('DEL', key .. ':executions')\nreturn 'ok'\n",
}
