// Written by scripts/gen-lua.mjs from lua/*.lua; change those and run `pnpm gen:lua`.
import type { Script, ScriptArgument } from './script.ts'

/** The text of a script, from its parts. */
function joined(...parts: readonly string[]): string {
  return `${parts.join('\n')}\n`
}

const LIB_ATTEMPT = String.raw`local function isWrongType(fault)
  local text = type(fault) == 'table' and fault.err or tostring(fault)
  return string.find(text, 'WRONGTYPE', 1, true) ~= nil
end
local function attempt(...)
  local answer = redis.pcall(...)
  if type(answer) ~= 'table' or not answer.err then return answer end
  if not isWrongType(answer) then error(answer, 0) end
  return nil
end
local function guard(run, ...)
  local fine, fault = pcall(run, ...)
  if not fine and not isWrongType(fault) then error(fault, 0) end
  return fine
end`

const LIB_BROKEN = String.raw`local MOST_BROKEN = 1000
local function noteBroken(prefix, queue, id)
  local key = prefix .. 'broken:' .. queue
  if attempt('ZADD', key, redis.call('TIME')[1], id) ~= 1 then return end
  local over = redis.call('ZCARD', key) - MOST_BROKEN
  if over <= 0 then return end
  for _, oldest in ipairs(redis.call('ZRANGE', key, 0, over - 1)) do
    redis.call('ZREM', key, oldest)
    attempt('HDEL', prefix .. 'refused:' .. queue, oldest)
  end
end
local function noteIfBroken(prefix, queue, id)
  if redis.call('EXISTS', prefix .. 'job:' .. id) == 1 then noteBroken(prefix, queue, id) end
end`

const LIB_CLAIM = String.raw`local PLAIN_FIELDS = 8
local call, try = redis.call, redis.pcall
local function readPlain(key)
  local count = try('HLEN', key)
  local values
  if count == PLAIN_FIELDS then
    values = call('HMGET', key, 'status', 'data', 'created_at', 'enqueued_at', 'timeout', 'description',
      'origin', 'last_heartbeat')
  elseif count == PLAIN_FIELDS + 1 then
    values = call('HMGET', key, 'status', 'data', 'created_at', 'enqueued_at', 'timeout', 'description',
      'origin', 'last_heartbeat', 'result_ttl')
    if not values[9] and call('HEXISTS', key, 'waiters') == 0 then return nil end
  else
    return nil
  end
  local hasAll = values[1] and values[2] and values[3] and values[4] and values[5] and values[6] and values[7]
  if hasAll and values[8] == '' then return values end
end
local LONG_MEMBER = string.rep('-', 65)
local MANY_LEASES = 8
local function lease(key, leases)
  local last = #leases
  if last == 0 then return end
  local answer
  if last < 2 * MANY_LEASES then
    answer = redis.pcall('ZADD', key, unpack(leases))
  else
    answer = redis.pcall('ZADD', key, 0, LONG_MEMBER, unpack(leases))
    redis.pcall('ZREM', key, LONG_MEMBER)
  end
  if type(answer) == 'table' then return answer end
end
local function unclaim(prefix, list, leases, claimed, length)
  for at = #leases, 2, -2 do
    local id = string.match(leases[at], '^[^:]+')
    redis.call('HSET', prefix .. 'job:' .. id, 'status', 'queued')
    redis.call('HDEL', prefix .. 'job:' .. id, 'execution_id', 'started_at', 'worker_name')
    redis.call('LPUSH', list, id)
  end
  for at = #claimed, length + 1, -1 do claimed[at] = nil end
end
local function isAnyPaused(prefix, first, last)
  local keys = {}
  for q = first, last do keys[#keys + 1] = prefix .. 'paused:' .. ARGV[q] end
  return #keys > 0 and redis.call('EXISTS', unpack(keys)) > 0
end
local MOST_DROPPED = 1000
local function claim(prefix, first, last, want, worker, leaseMs, stamp, executionBase, largest)
  local claimed = {}
  if want <= 0 then return claimed end
  local jobPrefix = prefix .. 'job:'
  local _, nowMs = clock()
  local leaseEnds = leaseScore(nowMs + leaseMs)
  local nextId = executionIds(executionBase, nowMs)
  local dropped, bytes, fault = 0, 0, nil
  local anyPaused = isAnyPaused(prefix, first, last)
  for q = first, last do
    local queue = ARGV[q]
    local list = prefix .. 'queue:' .. queue
    local isPaused = anyPaused and redis.call('EXISTS', prefix .. 'paused:' .. queue) == 1
    while want > 0 and dropped < MOST_DROPPED and not isPaused do
      local ids = redis.pcall('LPOP', list, want)
      if not ids or ids.err then break end
      local leases, m, length = {}, 0, #claimed
      appendQueue(claimed, queue)
      for i = 1, #ids do
        local id = ids[i]
        local key = jobPrefix .. id
        local values = readPlain(key)
        if values and (values[1] ~= 'queued' or #values[2] > largest) then values = nil end
        local fields, size
        if not values then fields, size = readAny(prefix, queue, id, key, leases, largest) end
        if values or fields then
          local execution = nextId()
          local member = id .. ':' .. execution
          call('HSET', key, 'status', 'started', 'started_at', stamp, 'worker_name', worker, 'execution_id', execution)
          if values then
            bytes = bytes + appendPlain(claimed, member, values)
          else
            if redis.call('PERSIST', key) == 1 then
              redis.call('PERSIST', key .. ':dependents')
              redis.call('PERSIST', prefix .. 'job::' .. id .. ':dependencies')
            end
            appendFull(claimed, id, execution, fields)
            bytes = bytes + size
          end
          leases[m + 1], leases[m + 2] = leaseEnds, member
          m = m + 2
          want = want - 1
        else
          dropped = dropped + 1
        end
        if bytes >= MOST_BYTES then
          for rest = #ids, i + 1, -1 do redis.call('LPUSH', list, ids[rest]) end
          want = 0
          break
        end
      end
      fault = lease(prefix .. 'wip:' .. queue, leases)
      if fault or m == 0 then
        unclaim(prefix, list, leases, claimed, length)
        if fault then break end
      end
    end
  end
  if fault and #claimed == 0 then return fault end
  if dropped >= MOST_DROPPED and #claimed == 0 then return 'again' end
  return claimed
end`

const LIB_CLAIM_ANY = String.raw`local ENDED_FIELDS = { 'result', 'exc_info', 'abandoned_count', 'returned_ms', 'return_for_ms', 'run_again' }
local function forgetEarlierRun(prefix, id, key, status, origin, hasEnded)
  if hasEnded and keepSuccess(prefix, id) then redis.call('HSET', key, 'results', 'stream') end
  redis.call('HDEL', key, unpack(ENDED_FIELDS))
  if not origin or status == 'queued' or status == 'created' or not status then return end
  for _, registry in ipairs({ 'finished', 'failed', 'deferred' }) do
    attempt('ZREM', prefix .. registry .. ':' .. origin, id)
  end
end
local function mayBeLeftOver(status, ttl, isListedOnce, isRunning)
  return ttl and not isListedOnce and status == (isRunning and 'started' or 'finished')
end
local function isClaimedNow(leases, id, execution)
  local member = id .. ':' .. execution
  for at = 2, #leases, 2 do
    if leases[at] == member then return true end
  end
  return false
end
local function readAny(prefix, queue, id, key, leases, largest)
  local isJob = redis.pcall('HEXISTS', key, 'data') == 1
  local known = redis.pcall('HMGET', key, 'status', 'execution_id', 'origin', 'ttl', 'ended_at', 'listed_once')
  local status, execution, origin, ttl = known[1], known[2], known[3], known[4]
  if ttl or not isJob then forgetExpiring(prefix, id) end
  if status == 'canceled' then return false end
  if not isJob then
    noteIfBroken(prefix, queue, id)
    return false
  end
  if execution then
    local isRunning = hasLease(prefix, origin or queue, id, execution) or hasLease(prefix, queue, id, execution)
      or isClaimedNow(leases, id, execution)
    if mayBeLeftOver(status, ttl, known[6], isRunning) then return false end
    if isRunning then
      redis.call('HSET', key, 'run_again', 1)
      return false
    end
  end
  if execution or (status and status ~= 'queued' and status ~= 'created') then
    forgetEarlierRun(prefix, id, key, status, origin, execution and known[5] and known[5] ~= '')
  end
  return readFields(key, largest)
end`

const LIB_CLAIMED = String.raw`local MOST_BYTES = 8 * 1024 * 1024
local function appendQueue(claimed, queue)
  local n = #claimed
  claimed[n + 1], claimed[n + 2], claimed[n + 3] = '', '', queue
end
local function appendPlain(claimed, member, values)
  local n = #claimed
  local data, description = values[2], values[6]
  claimed[n + 1], claimed[n + 2], claimed[n + 3], claimed[n + 4] = member, values[3], values[4], values[5]
  claimed[n + 5], claimed[n + 6], claimed[n + 7] = values[9] or '', description, data
  return #data + #description
end
local function appendFull(claimed, id, execution, fields)
  local n = #claimed
  claimed[n + 1], claimed[n + 2], claimed[n + 3], claimed[n + 4] = '', tostring(#fields), id, execution
  n = n + 4
  for at = 1, #fields do claimed[n + at] = fields[at] end
end
local function firstClaimed(claimed)
  return claimed[4] == '' and claimed[6] or string.match(claimed[4], '^[^:]*')
end
local function pack(claimed)
  return claimed == 'again' and claimed or cmsgpack.pack(claimed)
end`

const LIB_CONFIGURED = String.raw`local function configuredQueues(prefix, first, last)
  local keys = {}
  for at = first, last do keys[#keys + 1] = prefix .. 'configuration:' .. ARGV[at] end
  local found = {}
  if #keys == 0 or redis.call('EXISTS', unpack(keys)) == 0 then return found end
  for at = first, last do
    if redis.call('EXISTS', prefix .. 'configuration:' .. ARGV[at]) == 1 then found[#found + 1] = ARGV[at] end
  end
  return found
end`

const LIB_CRON = String.raw`local function readMs(text)
  local ms = text and string.match(text, '^%d+$') and tonumber(text)
  return ms and ms < 1e15 and ms or nil
end`

const LIB_CRON_SCHEDULER = String.raw`local function otherScheduler(schedulersKey, recordKey, name, instance, nowMs, leaseMs, staleMs)
  local beat = attempt('ZSCORE', schedulersKey, name)
  local known = attempt('HMGET', recordKey, 'hostname', 'instance') or {}
  if not beat or not known[1] or known[2] == instance then return nil end
  local isOurs = known[2] ~= false
  local leftMs = math.ceil(tonumber(beat) * 1000) + (isOurs and leaseMs or staleMs) - nowMs
  if leftMs <= 0 then return nil end
  return { lastBeat = isOurs and beat or nil, leftMs = leftMs }
end
local function writeScheduler(schedulersKey, recordKey, name, instance, nowMs, ttlS, fields)
  if attempt('HGET', recordKey, 'instance') ~= instance then redis.call('DEL', recordKey) end
  attempt('ZADD', schedulersKey, score(nowMs), name)
  redis.call('HSET', recordKey, 'instance', instance, unpack(fields))
  redis.call('EXPIRE', recordKey, ttlS)
end`

const LIB_DEPENDENCIES = String.raw`local MOST_CHECKED = 250
local FEW = 8
local checksLeft = 2500
local function statusOf(prefix, id)
  local key = prefix .. 'job:' .. id
  local known = redis.pcall('HMGET', key, 'status', 'origin')
  return known[1] or (not known.err and redis.call('EXISTS', key) == 1 and 'created') or nil, known[2]
end
local function satisfied(prefix, id, allowFailure)
  local status, queue = statusOf(prefix, id)
  if not status or status == 'finished' or (allowFailure and status == 'failed') then return true end
  if not queue then return false end
  return isListedDespite(prefix, id, status, queue, 'finished')
    or (allowFailure and isListedDespite(prefix, id, status, queue, 'failed'))
end
local function addDependent(prefix, dependency, dependent)
  local key = prefix .. 'job:' .. dependency
  attempt('SADD', key .. ':dependents', dependent)
  local lifeMs = redis.call('PTTL', key)
  if lifeMs == -1 then
    redis.call('PERSIST', key .. ':dependents')
  else
    redis.call('PEXPIRE', key .. ':dependents', lifeMs > 0 and lifeMs or YEAR_S * 1000)
  end
end
local function checkLater(prefix, id)
  attempt('HSET', prefix .. 'unchecked', id, 0)
end
local function waitFor(prefix, id, dependencies, most)
  for first = 1, #dependencies, 1000 do
    local last = math.min(first + 999, #dependencies)
    redis.call('SADD', prefix .. 'job::' .. id .. ':dependencies', unpack(dependencies, first, last))
  end
  if #dependencies > most then return checkLater(prefix, id) end
  for _, dependency in ipairs(dependencies) do addDependent(prefix, dependency, id) end
end
local function hasToWait(prefix, dependencies, allowFailure, most)
  if #dependencies > most then return true end
  for _, dependency in ipairs(dependencies) do
    if not satisfied(prefix, dependency, allowFailure) then return true end
  end
  return false
end
local function checkOne(prefix, id, dependency, allowFailure)
  if satisfied(prefix, dependency, allowFailure) then
    return attempt('SREM', prefix .. 'job::' .. id .. ':dependencies', dependency) == 1
  end
  addDependent(prefix, dependency, id)
  return false
end
local function dependenciesMet(prefix, id, allowFailure)
  local key = prefix .. 'job::' .. id .. ':dependencies'
  local count = attempt('SCARD', key)
  if not count then return false end
  while count > FEW do
    if checksLeft <= 0 then
      checkLater(prefix, id)
      return false
    end
    checksLeft = checksLeft - 1
    if not checkOne(prefix, id, redis.call('SRANDMEMBER', key), allowFailure) then return false end
    count = redis.call('SCARD', key)
  end
  for _, dependency in ipairs(redis.call('SMEMBERS', key)) do checkOne(prefix, id, dependency, allowFailure) end
  return redis.call('EXISTS', key) == 0
end
local function leaveDependencies(prefix, id)
  local key = prefix .. 'job::' .. id .. ':dependencies'
  for _, dependency in ipairs(attempt('SRANDMEMBER', key, MOST_CHECKED) or {}) do
    attempt('SREM', prefix .. 'job:' .. dependency .. ':dependents', id)
  end
end
local function isWaiting(prefix, id, status, queue)
  if status == 'deferred' or status == 'canceled' or not queue then return status == 'deferred' end
  return attempt('ZSCORE', prefix .. 'deferred:' .. queue, id) and true or false
end
local searchLeft = 5000
local function reaches(prefix, from, id)
  local seen, todo = {}, {}
  searchLeft = searchLeft - #from
  if searchLeft < 0 then return nil end
  for at, one in ipairs(from) do todo[at] = one end
  while #todo > 0 do
    local current = table.remove(todo)
    if current == id then return true end
    if not seen[current] then
      seen[current] = true
      local status = redis.pcall('HMGET', prefix .. 'job:' .. current, 'status')[1]
      if status == 'deferred' or status == 'scheduled' then
        local key = prefix .. 'job::' .. current .. ':dependencies'
        local count = attempt('SCARD', key) or 0
        searchLeft = searchLeft - count
        if searchLeft < 0 then return nil end
        for _, nextId in ipairs(count > 0 and redis.call('SMEMBERS', key) or {}) do todo[#todo + 1] = nextId end
      end
    end
  end
  return false
end`

const LIB_DEPENDENTS = String.raw`local RELEASED_AT_ONCE = 250
local WAITING_FIELDS = { 'status', 'origin', 'allow_dependency_failures', 'enqueue_at_front', 'rate_limit_key',
  'rate_limit_concurrency', 'ttl' }
local function moveOn(prefix, id, job, stamp)
  place(prefix, id, job[2], job[4] == '1', job[5] and job[6] and job[5], job[6], stamp)
  attempt('ZREM', prefix .. 'deferred:' .. job[2], id)
  if tonumber(job[7]) then expireAfter(prefix, id, job[7], job[2], job[5]) end
end
local function releaseOne(prefix, id, job, stamp)
  return guard(moveOn, prefix, id, job, stamp)
end
local function release(prefix, id, dependents, mode, stamp)
  local ready, waiting = {}, {}
  for _, child in ipairs(dependents) do
    local job = redis.pcall('HMGET', prefix .. 'job:' .. child, unpack(WAITING_FIELDS))
    local tolerant = job[3] == '1'
    if mode == 'canceled' then
      local key = prefix .. 'job::' .. child .. ':dependencies'
      attempt('SREM', key, id)
      if job[1] == 'scheduled' and redis.call('EXISTS', key) == 0 then
        redis.call('HDEL', prefix .. 'job:' .. child, 'dependency_id', 'dependency_ids')
      end
    end
    local isDeferred = isWaiting(prefix, child, job[1], job[2])
    local mayGo = isDeferred and (tolerant or mode ~= 'allow_failure')
    if mayGo then attempt('SREM', prefix .. 'job::' .. child .. ':dependencies', id) end
    if mayGo and dependenciesMet(prefix, child, tolerant) then
      local since = #dependents > 1 and attempt('ZSCORE', prefix .. 'deferred:' .. job[2], child)
      ready[#ready + 1] = { id = child, job = job, since = tonumber(since or 0) }
    elseif (isDeferred or job[1] == 'scheduled') and mode ~= 'canceled' then
      waiting[#waiting + 1] = child
    end
  end
  table.sort(ready, function(a, b) return a.since < b.since or (a.since == b.since and a.id < b.id) end)
  for _, child in ipairs(ready) do
    if not releaseOne(prefix, child.id, child.job, stamp) then waiting[#waiting + 1] = child.id end
  end
  return waiting
end
local function releaseSetAside(prefix, id, mode, most, stamp)
  local aside = prefix .. 'releasing:' .. id
  local dependents = most > 0 and attempt('SPOP', aside, most) or {}
  local waiting = release(prefix, id, dependents, mode, stamp)
  local lifeMs = redis.call('PTTL', prefix .. 'job:' .. id)
  if #waiting > 0 and lifeMs ~= -2 then
    attempt('SADD', prefix .. 'job:' .. id .. ':dependents', unpack(waiting))
    if lifeMs > 0 then redis.call('PEXPIRE', prefix .. 'job:' .. id .. ':dependents', lifeMs) end
  end
  if (attempt('SCARD', aside) or 0) == 0 then attempt('HDEL', prefix .. 'releasing', id) end
  return #dependents
end
local function releaseDependents(prefix, id, mode, most, stamp)
  local key = prefix .. 'job:' .. id .. ':dependents'
  local count = attempt('SCARD', key) or 0
  if count == 0 then return false, 0 end
  if count > most then
    local aside = prefix .. 'releasing:' .. id
    if attempt('SUNIONSTORE', aside, aside, key) then
      redis.call('DEL', key)
    else
      redis.call('RENAME', key, aside)
    end
    redis.call('PERSIST', aside)
    attempt('HSET', prefix .. 'releasing', id, mode)
    return true, releaseSetAside(prefix, id, mode, most, stamp)
  end
  local waiting = release(prefix, id, redis.call('SMEMBERS', key), mode, stamp)
  if #waiting < count then
    redis.call('DEL', key)
    if #waiting > 0 then redis.call('SADD', key, unpack(waiting)) end
  end
  return #waiting > 0, count
end
local function checkMore(prefix, id, cursor, stamp)
  local key = prefix .. 'job::' .. id .. ':dependencies'
  local job = redis.pcall('HMGET', prefix .. 'job:' .. id, unpack(WAITING_FIELDS))
  local isDeferred = isWaiting(prefix, id, job[1], job[2])
  if not isDeferred and job[1] ~= 'scheduled' then
    redis.call('HDEL', prefix .. 'unchecked', id)
    return 1
  end
  local page = redis.pcall('SSCAN', key, cursor, 'COUNT', MOST_CHECKED)
  if page.err then
    redis.call('HDEL', prefix .. 'unchecked', id)
    return 1
  end
  for _, dependency in ipairs(page[2]) do
    if isDeferred then checkOne(prefix, id, dependency, job[3] == '1') else addDependent(prefix, dependency, id) end
  end
  local isMet = isDeferred and redis.call('EXISTS', key) == 0 and releaseOne(prefix, id, job, stamp)
  if isMet or page[1] == '0' then
    redis.call('HDEL', prefix .. 'unchecked', id)
  else
    redis.call('HSET', prefix .. 'unchecked', id, page[1])
  end
  return #page[2] + 1
end
local function hasMoreSteps(prefix)
  return (attempt('HLEN', prefix .. 'releasing') or 0) + (attempt('HLEN', prefix .. 'unchecked') or 0) > 0
end`

const LIB_ENQUEUE = String.raw`local MOST_PUSHED = 1000
local function enqueueOne(batch, id, queue, extra, ...)
  local key = batch.prefix .. 'job:' .. id
  local exists = redis.call('EXISTS', key) == 1
  if batch.mayHaveLeftOver and not exists then removeLeftOver(batch.prefix, id) end
  if exists or extra then
    pushReady(batch)
    return enqueueAny(batch, key, id, queue, exists, extra or {}, ...)
  end
  if queue ~= batch.readyQueue or #batch.ready == MOST_PUSHED then pushReady(batch) end
  listQueue(batch, queue)
  redis.call('HSET', key, 'status', 'queued', 'enqueued_at', batch.stamp, ...)
  batch.ready[#batch.ready + 1], batch.readyQueue = id, queue
  return 'queued'
end
local function nextJob(jobs, at)
  return at + (jobs[at] == true and 5 + jobs[at + 4] or 6)
end
local function findBroken(prefix, jobs)
  if nextJob(jobs, 1) > #jobs then return nil end
  local at, seen = 1, {}
  while at <= #jobs do
    local idAt = jobs[at] == true and at + 1 or at
    local key, queue = prefix .. 'job:' .. jobs[idAt], jobs[idAt + 1]
    if not isOfType(key, 'hash') then return key .. ' is no job' end
    if not seen[queue] and not isOfType(prefix .. 'queue:' .. queue, 'list') then
      return prefix .. 'queue:' .. queue .. ' is no queue'
    end
    seen[queue] = true
    local extra = jobs[at] == true and jobs[at + 3]
    if extra and extra.key and not isOfType(prefix .. 'unique:' .. queue, 'hash') then
      return prefix .. 'unique:' .. queue .. ' holds no unique keys'
    end
    at = nextJob(jobs, at)
  end
end
local function enqueueAll(prefix, queuesKey, stamp, jobs, haveNewIds)
  local broken = findBroken(prefix, jobs)
  if broken then return redis.error_reply('WRONGTYPE ' .. broken .. '. Nothing was written.') end
  local batch = newEnqueueBatch(prefix, queuesKey, stamp, haveNewIds)
  local answers, seen = batch.answers, batch.seen
  local at, last = 1, #jobs
  local id
  while at <= last do
    if jobs[at] == true then
      local lastField = at + 4 + jobs[at + 4]
      id = jobs[at + 1]
      answers[#answers + 1] = enqueueOne(batch, id, jobs[at + 2], jobs[at + 3], unpack(jobs, at + 5, lastField))
      at = lastField + 1
    else
      local queue, createdAt, data, description, timeout = unpack(jobs, at + 1, at + 5)
      id = jobs[at]
      answers[#answers + 1] = enqueueOne(batch, id, queue, false, 'created_at', createdAt, 'data', data,
        'origin', queue, 'last_heartbeat', '', 'description', description, 'timeout', timeout)
      at = at + 6
    end
    seen[id] = true
  end
  pushReady(batch)
  return answers, id
end`

const LIB_ENQUEUE_ANY = String.raw`local MOST_DEPENDENCIES = 250
local function isAlreadyThere(batch, id, queue, extra, createdAt, known)
  if extra.token then return redis.call('HGET', batch.prefix .. 'job:' .. id, 'unique') == extra.token end
  if known.createdAt ~= createdAt then return false end
  if not extra.isAgain or (known.enqueuedAt == batch.stamp and not admitted[id]) then return true end
  if known.status == 'deferred' then
    return known.queue == queue and not (extra.dueMs or extra.delayMs) and extra.dependencies
      and hasToWait(batch.prefix, extra.dependencies, extra.allowFailure, MOST_DEPENDENCIES)
  end
  return known.status == 'rate_limited' and extra.rateLimit
    and attempt('ZSCORE', batch.prefix .. 'rl:' .. extra.rateLimit .. ':rate_limited', id)
end
local function answerAgain(extra, known)
  if extra.execution and known.execution == extra.execution then return 'started' end
  local status = known.status
  local waits = status == 'deferred' or status == 'scheduled' or status == 'rate_limited'
  return waits and status or 'queued'
end
local function refusalOf(batch, id, dependencies)
  if redis.call('EXISTS', batch.prefix .. 'job:' .. id .. ':dependents') == 0 then return nil end
  local isCycle = reaches(batch.prefix, dependencies, id)
  return isCycle and 'cycle' or isCycle == nil and 'too_many' or nil
end
local function replace(batch, key, id, known)
  local prefix = batch.prefix
  local other = redis.call('HMGET', key, 'group_id', 'rate_limit_key', 'ttl', 'messages')
  leave(prefix, id, known.status, known.queue, holdSlot(prefix, other[2], id, known.queue, known.execution))
  local dependencies = prefix .. 'job::' .. id .. ':dependencies'
  if redis.call('EXISTS', dependencies) == 1 then leaveDependencies(prefix, id) end
  leaveGroup(prefix, id, other[1])
  if other[3] then forgetExpiring(prefix, id) end
  endMessages(prefix, id, other[4])
  redis.call('UNLINK', key, dependencies)
  redis.call('PERSIST', key .. ':dependents')
  if other[2] then releaseSlot(prefix, other[2], id, batch.stamp) end
end
local function putInPlace(batch, key, id, queue, extra, dueMs, isUnmet, ...)
  local prefix, stamp = batch.prefix, batch.stamp
  if dueMs then
    schedule(prefix, queue, id, dueMs)
    redis.call('HSET', key, 'status', 'scheduled', ...)
    if extra.front then redis.call('HSET', key, 'enqueue_at_front', 1) end
    return 'scheduled'
  elseif isUnmet then
    redis.call('ZADD', prefix .. 'deferred:' .. queue, deferredScore(), id)
    redis.call('HSET', key, 'status', 'deferred', ...)
    if extra.front then redis.call('HSET', key, 'enqueue_at_front', 1) end
    return 'deferred'
  elseif extra.execution then
    local leaseEnds = leaseScore(batch.nowMs + tonumber(extra.leaseMs))
    redis.call('ZADD', prefix .. 'wip:' .. queue, leaseEnds, id .. ':' .. extra.execution)
    redis.call('HSET', key, 'status', 'started', 'enqueued_at', stamp, 'started_at', stamp,
      'worker_name', extra.worker, 'execution_id', extra.execution, ...)
    return 'started'
  elseif extra.rateLimit then
    redis.call('HSET', key, 'status', 'created', ...)
    local fine, answer = pcall(place, prefix, id, queue, extra.front, extra.rateLimit, extra.concurrency, stamp)
    if fine then return answer end
    if redis.call('HGET', key, 'status') == 'created' then redis.call('UNLINK', key) end
    error(answer, 0)
  end
  redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp, ...)
  push(prefix, queue, id, extra.front)
  return 'queued'
end
local function readKnown(key, queue)
  local values = redis.call('HMGET', key, 'enqueued_at', 'created_at', 'status', 'origin', 'execution_id')
  if not values[2] then return nil end
  return { enqueuedAt = values[1], createdAt = values[2], status = values[3], queue = values[4] or queue,
    execution = values[5] }
end
local function enqueueAny(batch, key, id, queue, exists, extra, ...)
  local prefix, nowMs, dependencies = batch.prefix, batch.nowMs, extra.dependencies
  local known = exists and readKnown(key, queue)
  local hasHistory = false
  if known then
    local _, createdAt = ...
    if not batch.seen[id] and isAlreadyThere(batch, id, queue, extra, createdAt, known) then
      return answerAgain(extra, known)
    end
    if extra.token then return 'duplicate' end
    hasHistory = known.status == 'finished' and known.createdAt == createdAt
  end
  local refusal = dependencies and refusalOf(batch, id, dependencies)
  if refusal then return refusal end
  local other = extra.key and findOther(batch, queue, id, extra)
  if other and not extra.replaces then return 'duplicate ' .. other end
  if hasHistory then hasHistory = keepSuccess(prefix, id) end
  if known or other then
    local list = prefix .. 'queue:' .. queue
    if not isOfType(list, 'list') then error({ err = 'WRONGTYPE ' .. list .. ' is no queue. Nothing was written.' }, 0) end
    if known then replace(batch, key, id, known) end
    if other then removeJob(prefix, other, batch.stamp) end
  end
  listQueue(batch, queue)
  local dueMs = tonumber(extra.dueMs) or extra.delayMs and nowMs + extra.delayMs
  if dueMs and dueMs <= nowMs then dueMs = nil end
  local most = math.min(MOST_DEPENDENCIES, batch.dependenciesLeft)
  if dependencies then batch.dependenciesLeft = batch.dependenciesLeft - math.min(most, #dependencies) end
  local isUnmet = dependencies and hasToWait(prefix, dependencies, extra.allowFailure, most)
  if dependencies and (isUnmet or dueMs) then waitFor(prefix, id, dependencies, most) end
  local answer = putInPlace(batch, key, id, queue, extra, dueMs, isUnmet, ...)
  if extra.token then redis.call('HSET', key, 'unique', extra.token) end
  if extra.key then takeUniqueKey(batch, queue, id, extra) end
  if hasHistory then redis.call('HSET', key, 'results', 'stream') end
  if extra.ttlS and not isUnmet and answer ~= 'started' then
    local delayS = dueMs and math.ceil((dueMs - nowMs) / 1000) or 0
    expireAfter(prefix, id, extra.ttlS + delayS, queue, extra.rateLimit)
  end
  if extra.group then
    attempt('SADD', prefix .. 'groups', extra.group)
    attempt('SADD', prefix .. 'group:' .. extra.group, id)
  end
  return answer
end`

const LIB_ENQUEUE_BATCH = String.raw`local function newEnqueueBatch(prefix, queuesKey, stamp, haveNewIds)
  local _, nowMs = clock()
  return {
    prefix = prefix,
    queuesKey = queuesKey,
    stamp = stamp,
    mayHaveLeftOver = not haveNewIds and redis.call('EXISTS', prefix .. 'expiring') == 1,
    nowMs = nowMs,
    dependenciesLeft = 2500,
    answers = {},
    listed = {},
    seen = {},
    ready = {},
    readyQueue = nil,
  }
end
local function pushReady(batch)
  if #batch.ready == 0 then return end
  local answer = redis.pcall('RPUSH', batch.prefix .. 'queue:' .. batch.readyQueue, unpack(batch.ready))
  if type(answer) ~= 'number' then
    for _, id in ipairs(batch.ready) do redis.call('UNLINK', batch.prefix .. 'job:' .. id) end
    error(answer, 0)
  end
  batch.ready = {}
end
local function isOfType(key, right)
  local kind = redis.call('TYPE', key).ok
  return kind == right or kind == 'none'
end
local function listQueue(batch, queue)
  if batch.listed[queue] then return end
  batch.listed[queue] = true
  redis.call('SADD', batch.queuesKey, batch.prefix .. 'queue:' .. queue)
end`

const LIB_EXECUTION_IDS = String.raw`local DIGITS = { '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f' }
local function executionIds(base, nowMs)
  local sixteens, digit, head = nowMs * 4, #DIGITS, nil
  return function()
    if digit == #DIGITS then
      head = base .. string.format('%07x', sixteens % 268435456)
      sixteens, digit = sixteens + 1, 0
    end
    digit = digit + 1
    return head .. DIGITS[digit]
  end
end`

const LIB_EXPIRING = String.raw`local function noteExpiring(prefix, id, expiresMs, queue, limit)
  redis.pcall('HSET', prefix .. 'expiring', id, cjson.encode({ expiresMs, queue, limit or nil }))
end
local function forgetExpiring(prefix, id)
  redis.pcall('HDEL', prefix .. 'expiring', id)
end
local function parseNote(note)
  local isJson, parts = pcall(cjson.decode, note)
  if isJson and type(parts) == 'table' and type(parts[1]) == 'number' and type(parts[2]) == 'string' then
    return parts[1], parts[2], type(parts[3]) == 'string' and parts[3] or nil
  end
end
local function readExpiring(prefix, id)
  local note = redis.pcall('HGET', prefix .. 'expiring', id)
  if note and not note.err then return parseNote(note) end
end
local function removeLeftOver(prefix, id)
  local expiresMs, queue, limit = readExpiring(prefix, id)
  if not expiresMs then return end
  redis.pcall('LREM', prefix .. 'queue:' .. queue, 0, id)
  redis.pcall('ZREM', prefix .. 'scheduled:' .. queue, id)
  if limit then redis.pcall('ZREM', prefix .. 'rl:' .. limit .. ':rate_limited', id) end
  forgetExpiring(prefix, id)
end`

const LIB_FAIL_SCHEDULED = String.raw`local function failScheduled(prefix, queue, id, reason, stamp)
  local key = prefix .. 'job:' .. id
  if redis.call('TYPE', key).ok ~= 'hash' then return noteIfBroken(prefix, queue, id) end
  local job = redis.call('HMGET', key, 'status', 'waiters', 'rate_limit_key', 'messages')
  pcall(leave, prefix, id, job[1] or 'created', queue)
  for _, place in ipairs(job[3] and { ':allowed', ':rate_limited' } or {}) do
    redis.pcall('ZREM', prefix .. 'rl:' .. job[3] .. place, id)
  end
  redis.call('HSET', key, 'status', 'failed', 'origin', queue, 'ended_at', stamp, 'exc_info',
    'SchedulingError: the job could not be moved into its queue: ' .. reason)
  redis.call('PERSIST', key)
  forgetExpiring(prefix, id)
  redis.pcall('ZADD', prefix .. 'failed:' .. queue, -1, id)
  endMessages(prefix, id, job[4])
  wake(prefix, id, job[2])
end`

const LIB_FAULT = String.raw`local function faultOf(prefix, id, refused)
  local key = prefix .. 'job:' .. id
  local kind = redis.call('TYPE', key).ok
  if kind == 'none' then return nil end
  local execution, reason = string.match(refused or '', '^([^\n]*)\n(.*)$')
  if kind ~= 'hash' or redis.call('HEXISTS', key, 'data') == 0 then return kind, reason or '' end
  if execution and redis.call('HGET', key, 'execution_id') == execution then return kind, reason end
  return nil
end`

const LIB_FIELDS = String.raw`local function jobFields()
  return { 'data', 'created_at', 'status', 'origin', 'description', 'enqueued_at', 'started_at', 'ended_at',
    'last_heartbeat', 'worker_name', 'execution_id', 'group_id', 'signature', 'timeout', 'result_ttl', 'failure_ttl',
    'ttl', 'retries_left', 'retry_max', 'retry_on', 'number_of_retries', 'repeats_left', 'repeats_done',
    'abandoned_count', 'returned_ms', 'return_for_ms', 'retry_intervals', 'repeat_intervals',
    'enqueue_at_front_on_retry', 'enqueue_at_front',
    'allow_dependency_failures', 'success_callback_name', 'success_callback_timeout', 'failure_callback_name',
    'failure_callback_timeout', 'failure_callback_when', 'stopped_callback_name', 'stopped_callback_timeout',
    'dependency_id', 'dependency_ids', 'rate_limit_key', 'rate_limit_concurrency', 'unique_key', 'unique_until',
    'webhooks', 'meta', 'results', 'result', 'exc_info' }
end
local MOST_FIELDS = 64
local function usedWithin(key, bytes)
  if redis.call('HLEN', key) > MOST_FIELDS then return false end
  local used = redis.pcall('MEMORY', 'USAGE', key, 'SAMPLES', MOST_FIELDS)
  return type(used) == 'number' and used <= bytes and used
end
local function readNamed(key, names)
  local fields = {}
  local values = redis.call('HMGET', key, unpack(names))
  for n, name in ipairs(names) do
    if values[n] then fields[#fields + 1], fields[#fields + 2] = name, values[n] end
  end
  return fields
end
local LARGE = 1024 * 1024
local function mostOf(name, largest)
  if name == 'data' or name == 'meta' or name == 'result' then return math.max(largest, LARGE) end
  if name == 'dependency_ids' then return 4 * LARGE end
  return name == 'webhooks' and 2 * LARGE or LARGE
end
local function readShown(key, largest)
  local used = usedWithin(key, LARGE)
  if used then return redis.call('HGETALL', key), used end
  local names, bytes, leftOut = {}, 0, {}
  for _, name in ipairs(jobFields()) do
    local length = redis.call('HSTRLEN', key, name)
    if length > mostOf(name, largest) then
      leftOut[#leftOut + 1], leftOut[#leftOut + 2] = name, length
    elseif length > 0 or name == 'data' then
      names[#names + 1], bytes = name, bytes + length
    end
  end
  return #names == 0 and {} or readNamed(key, names), bytes, leftOut
end
local function bytesOf(fields)
  local bytes = 0
  for at = 1, #fields do bytes = bytes + #fields[at] end
  return bytes
end
local SHORT = 1024
local function readFields(key, largest)
  if usedWithin(key, largest) then
    local fields = redis.call('HGETALL', key)
    return fields, bytesOf(fields)
  end
  local short, bytes, longest = {}, 0, 0
  local names = jobFields()
  for _, name in ipairs(names) do
    local length = redis.call('HSTRLEN', key, name)
    bytes = bytes + length
    if length > longest then longest = length end
    if length <= SHORT and name ~= 'data' then short[#short + 1] = name end
  end
  if longest <= largest and bytes <= 2 * largest then return readNamed(key, names), bytes end
  local fields = readNamed(key, short)
  local n = #fields
  fields[n + 1], fields[n + 2], fields[n + 3], fields[n + 4] = 'data', '', 'left_out', tostring(bytes)
  return fields, 0
end`

const LIB_GIVE_BACK = String.raw`local function giveBack(prefix, queue, id, execution, stamp)
  local key = prefix .. 'job:' .. id
  local hadLease = attempt('ZREM', prefix .. 'wip:' .. queue, id .. ':' .. execution) == 1
  local held = redis.pcall('HMGET', key, 'execution_id', 'status', 'ttl', 'rate_limit_key')
  if held[1] ~= execution or held[2] == 'canceled' or not (hadLease or held[2] == 'started') then
    if hadLease then freeHeldSlot(prefix, queue, id, execution, stamp) end
    return false
  end
  push(prefix, queue, id, true)
  redis.call('HSET', key, 'status', 'queued')
  redis.call('HDEL', key, 'execution_id', 'started_at', 'worker_name')
  if tonumber(held[3]) then expireAfter(prefix, id, held[3], queue, held[4]) end
  return true
end`

const LIB_HELD_SLOT = String.raw`local function holdSlot(prefix, limit, id, queue, execution)
  if not (limit and queue and execution) then return nil end
  local member = id .. ':' .. execution
  if attempt('HEXISTS', prefix .. 'rl-held', member) == 1 then return execution end
  local allowed = prefix .. 'rl:' .. limit .. ':allowed'
  local since = attempt('ZSCORE', allowed, id)
  if not since or not hasLease(prefix, queue, id, execution) then return nil end
  if not attempt('HSET', prefix .. 'rl-held', member, limit) then return nil end
  redis.call('ZREM', allowed, id)
  redis.call('ZADD', allowed, since, heldName(id, execution, queue))
  return execution
end
local function freeHeldSlot(prefix, queue, id, execution, stamp)
  local member = id .. ':' .. execution
  local limit = attempt('HGET', prefix .. 'rl-held', member)
  if not limit then return false end
  redis.call('HDEL', prefix .. 'rl-held', member)
  releaseSlot(prefix, limit, heldName(id, execution, queue), stamp)
  return true
end`

const LIB_HISTORY = String.raw`local MOST_HISTORY = 1000
local function remember(historyKey, id, nowMs)
  attempt('ZADD', historyKey, score(nowMs), id)
  attempt('ZREMRANGEBYRANK', historyKey, 0, -(MOST_HISTORY + 1))
  redis.call('EXPIRE', historyKey, YEAR_S)
end
local MOST_CHECKED = 10
local ENDED = { finished = true, failed = true, stopped = true, canceled = true }
local function isRunning(prefix, historyKey, start)
  for _, id in ipairs(attempt('ZREVRANGE', historyKey, 0, MOST_CHECKED - 1) or {}) do
    if string.sub(id, 1, #start) == start then
      local status = attempt('HGET', prefix .. 'job:' .. id, 'status')
      if status and not ENDED[status] then return true end
    end
  end
  return false
end`

const LIB_INTERMEDIATE = String.raw`local STUCK_MS = 60000
local MOST_LOOKED_AT = 1000
local function putBackStuck(prefix, queue, nowMs)
  local list = prefix .. 'queue:' .. queue .. ':intermediate'
  local seenKey = prefix .. 'stuck:' .. queue
  local ids = attempt('LRANGE', list, 0, MOST_LOOKED_AT - 1) or {}
  if #ids == 0 then
    redis.call('DEL', seenKey)
    return
  end
  local known, still = {}, {}
  local flat = attempt('HGETALL', seenKey) or {}
  for at = 1, #flat, 2 do known[flat[at]] = tonumber(flat[at + 1]) end
  for _, id in ipairs(ids) do
    local key = prefix .. 'job:' .. id
    local job = redis.pcall('HMGET', key, 'status', 'enqueued_at')
    local status = job[1]
    local field = id .. ' ' .. (job[2] or '')
    if redis.pcall('HEXISTS', key, 'data') ~= 1 or status == 'canceled' then
      redis.call('LREM', list, 1, id)
      if status ~= 'canceled' then noteIfBroken(prefix, queue, id) end
    elseif status == 'started' then
    elseif known[field] and nowMs - known[field] > STUCK_MS then
      push(prefix, queue, id, true)
      redis.call('LREM', list, 1, id)
    else
      still[field] = known[field] or nowMs
    end
  end
  redis.call('DEL', seenKey)
  for field, sinceMs in pairs(still) do redis.call('HSET', seenKey, field, sinceMs) end
  redis.call('EXPIRE', seenKey, 86400)
end`

const LIB_LEASE = String.raw`local function hasLease(prefix, queue, id, execution)
  return attempt('ZSCORE', prefix .. 'wip:' .. queue, id .. ':' .. execution) and true or false
end
local function owns(prefix, queue, id, execution, held, status)
  if held ~= execution then return false end
  return status == 'started' or status == 'canceled' or hasLease(prefix, queue, id, execution)
end
local function isInQueue(prefix, queue, id)
  return attempt('LPOS', prefix .. 'queue:' .. queue, id) and true or false
end`

const LIB_MESSAGES = String.raw`local KEPT_AFTER_END_S = 60
local function endMessages(prefix, id, field)
  if not field then return end
  redis.call('UNLINK', prefix .. 'posts:' .. id)
  redis.call('EXPIRE', prefix .. 'messages:' .. id, KEPT_AFTER_END_S)
end`

const LIB_NEWEST = String.raw`local ORDERED_KINDS = { 'finished', 'failed' }
local function orderOf(prefix, kind, queue)
  return prefix .. kind .. '-order:' .. queue
end
local function limitOf(word)
  local limit = tonumber(word or nil)
  return limit and limit >= 0 and limit or nil
end
local function limitsOf(prefix, queue)
  local found = attempt('HMGET', prefix .. 'configuration:' .. queue, 'keep_finished', 'keep_failed') or {}
  return { finished = limitOf(found[1]), failed = limitOf(found[2]) }
end
local function countLiving(key, nowS)
  return (attempt('ZCARD', key) or 0) - (attempt('ZCOUNT', key, 0, nowS) or 0)
end
local function isOf(kind, status)
  return status == kind or (kind == 'failed' and status == 'stopped')
end
local function deleteEnded(prefix, queue, kind, removed, stamp)
  local keys, dependents = {}, {}
  for _, id in ipairs(removed) do
    local key = prefix .. 'job:' .. id
    local job = redis.pcall('HMGET', key, 'status', 'origin', 'group_id', 'rate_limit_key', 'ttl', 'waiters',
      'dependency_ids', 'dependency_id', 'messages')
    if job[2] == queue and isOf(kind, job[1]) then
      local hasMore = job[3] or job[4] or job[5] or job[6] or job[7] or job[8] or job[9]
      if hasMore then
        removeJob(prefix, id, stamp)
      else
        keys[#keys + 1] = key
        keys[#keys + 1] = prefix .. 'results:' .. id
        dependents[#dependents + 1] = key .. ':dependents'
      end
    end
  end
  if #keys == 0 then return end
  redis.call('UNLINK', unpack(keys))
  if redis.call('EXISTS', unpack(dependents)) == 0 then return end
  for _, key in ipairs(dependents) do redis.call('EXPIRE', key, YEAR_S) end
end
local function takeOldest(registry, order, excess, most, spared, nowS)
  local removed, passed = {}, 0
  while excess > 0 and most > 0 do
    local ids = attempt('ZRANGE', order, passed, passed + math.min(excess, most) - 1)
    if not ids or #ids == 0 then return removed, 0 end
    most = most - #ids
    local seen = {}
    for _, id in ipairs(ids) do
      if spared and spared[id] then
        passed, excess = passed + 1, excess - 1
      else
        seen[#seen + 1] = id
        local expiry = tonumber(redis.call('ZSCORE', registry, id) or nil)
        if expiry then removed[#removed + 1] = id end
        if expiry and (expiry < 0 or expiry > nowS) then excess = excess - 1 end
      end
    end
    if #seen > 0 then redis.call('ZREM', order, unpack(seen)) end
  end
  return removed, math.max(excess, 0)
end
local function deleteOldest(prefix, queue, kind, limit, most, stamp, spared)
  local registry, order = prefix .. kind .. ':' .. queue, orderOf(prefix, kind, queue)
  local nowS = clock()
  local living = countLiving(registry, nowS)
  if living <= limit then return 0 end
  local excess = math.min(living, attempt('ZCARD', order) or 0) - limit
  local removed, left = takeOldest(registry, order, excess, most, spared, nowS)
  if #removed > 0 then
    redis.call('ZREM', registry, unpack(removed))
    deleteEnded(prefix, queue, kind, removed, stamp)
  end
  return left
end
local function readLimits(prefix, list, first, last)
  local limits = {}
  for at = first, last do limits[list[at]] = limitsOf(prefix, list[at]) end
  return limits
end
local MORE_AT_ONCE = 50
local function keepNewest(batch)
  for queue, limits in pairs(batch.limits) do
    for _, kind in ipairs(ORDERED_KINDS) do
      local entries = batch.entries[batch.prefix .. kind .. ':' .. queue]
      if limits[kind] and entries and #entries > 0 then
        local ended = {}
        for at = 2, #entries, 2 do ended[at - 1], ended[at] = scoreInTurn(), entries[at] end
        attempt('ZADD', orderOf(batch.prefix, kind, queue), unpack(ended))
        local most = #entries + MORE_AT_ONCE
        deleteOldest(batch.prefix, queue, kind, limits[kind], most, batch.stamp, batch.awaited)
      end
    end
  end
end`

const LIB_OLDER_STATUS = String.raw`local function holds(command, key, id)
  return attempt(command, key, id) and true or false
end
local function isRun(prefix, id, queue)
  if redis.call('EXISTS', prefix .. 'executions:' .. id) == 1 then return true end
  local wip, execution = prefix .. 'wip:' .. queue, attempt('HGET', prefix .. 'job:' .. id, 'execution_id')
  return holds('ZSCORE', wip, id) or (execution and holds('ZSCORE', wip, id .. ':' .. execution))
end
local function isTrueStatus(prefix, id, status, queue)
  if status == 'canceled' then return true end
  if status == 'started' then return isRun(prefix, id, queue) end
  if status == 'queued' then
    local list = prefix .. 'queue:' .. queue
    return holds('LPOS', list, id) or holds('LPOS', list .. ':intermediate', id)
  end
  if status == 'rate_limited' then
    local limit = attempt('HGET', prefix .. 'job:' .. id, 'rate_limit_key')
    return limit and holds('ZSCORE', prefix .. 'rl:' .. limit .. ':rate_limited', id)
  end
  local registry = status == 'stopped' and 'failed' or status == 'ready_to_enqueue' and 'ready' or status
  return holds('ZSCORE', prefix .. registry .. ':' .. queue, id)
end
local function isListedDespite(prefix, id, status, queue, registry)
  return holds('ZSCORE', prefix .. registry .. ':' .. queue, id)
    and not isTrueStatus(prefix, id, status or 'created', queue)
end`

const LIB_PAUSED = String.raw`local function isPaused(paused, queue)
  return paused and string.find(',' .. paused .. ',', ',' .. queue .. ',', 1, true) ~= nil
end`

const LIB_PLACE = String.raw`local function place(prefix, id, queue, front, limit, concurrency, stamp)
  local key = prefix .. 'job:' .. id
  if not limit then
    push(prefix, queue, id, front)
    redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp)
    return 'queued'
  end
  attempt('SADD', prefix .. 'rl-keys', limit)
  redis.call('HSET', prefix .. 'rl:' .. limit, 'concurrency', concurrency)
  if redis.call('ZSCORE', prefix .. 'rl:' .. limit .. ':allowed', id) then
    push(prefix, queue, id, front)
    redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp)
    return 'queued'
  end
  redis.call('ZADD', prefix .. 'rl:' .. limit .. ':rate_limited', scoreInTurn(), id)
  redis.call('HSET', key, 'status', 'rate_limited', 'enqueue_at_front', front and 1 or 0)
  fillSlots(prefix, limit, tonumber(concurrency) or 1, stamp, queue)
  return redis.call('HGET', key, 'status')
end`

const LIB_PROMOTE = String.raw`local DUE_FIELDS = { 'created_at', 'status', 'origin', 'ttl', 'enqueue_at_front', 'enqueue_at_front_on_retry',
  'started_at', 'ended_at', 'dependency_id', 'dependency_ids', 'allow_dependency_failures', 'rate_limit_key',
  'rate_limit_concurrency', 'execution_id' }
local function readDue(prefix, id)
  local values = redis.call('HMGET', prefix .. 'job:' .. id, unpack(DUE_FIELDS))
  if not values[1] then return nil end
  local job = {}
  for n, name in ipairs(DUE_FIELDS) do job[name] = values[n] ~= '' and values[n] end
  return job
end
local function isScheduled(prefix, queue, id, job)
  return job.status ~= 'canceled' and not (job.status == 'queued' and isInQueue(prefix, queue, id))
end
local function isRunning(prefix, queue, id, job)
  return job.execution_id and hasLease(prefix, job.origin or queue, id, job.execution_id)
end
local function goesToFront(job)
  return job.enqueue_at_front == '1' or (job.enqueue_at_front_on_retry == '1' and job.ended_at)
end
local function dependencyCount(prefix, id, job)
  if job.started_at or not (job.dependency_id or job.dependency_ids) then return 0 end
  local count = redis.call('SCARD', prefix .. 'job::' .. id .. ':dependencies')
  if count > 0 then return count end
  local fine, listed = pcall(cjson.decode, job.dependency_ids or '')
  local ids = {}
  for _, dependency in ipairs(fine and type(listed) == 'table' and listed or { job.dependency_id }) do
    if type(dependency) == 'string' then ids[#ids + 1] = dependency end
  end
  if #ids > 0 then waitFor(prefix, id, ids, MOST_CHECKED) end
  return #ids
end
local function promote(prefix, queue, id, job, front, stamp)
  local key = prefix .. 'job:' .. id
  if isRunning(prefix, queue, id, job) then
    redis.call('HSET', key, 'run_again', 1)
    return 0
  end
  if job.origin ~= queue then redis.call('HSET', key, 'origin', queue) end
  local count = dependencyCount(prefix, id, job)
  if count > 0 and not dependenciesMet(prefix, id, job.allow_dependency_failures == '1') then
    redis.call('ZADD', prefix .. 'deferred:' .. queue, deferredScore(), id)
    redis.call('HSET', key, 'status', 'deferred')
    redis.call('PERSIST', key)
    redis.call('PERSIST', prefix .. 'job::' .. id .. ':dependencies')
    if job.ttl then forgetExpiring(prefix, id) end
  else
    local limit = job.rate_limit_key and job.rate_limit_concurrency and job.rate_limit_key
    place(prefix, id, queue, front, limit, job.rate_limit_concurrency, stamp)
    if job.ttl then expireAfter(prefix, id, job.ttl, queue, limit) end
  end
  return math.min(count, MOST_CHECKED)
end`

const LIB_PUSH = String.raw`local function push(prefix, queue, id, front)
  local key = prefix .. 'queue:' .. queue
  if redis.call(front and 'LPUSH' or 'RPUSH', key, id) == 1 then attempt('SADD', prefix .. 'queues', key) end
end`

const LIB_RATE_LIMIT = String.raw`local function heldName(id, execution, queue)
  return id .. ':' .. execution .. ':' .. queue
end
local function isHolder(prefix, limit, name)
  local id, execution, queue = string.match(name, '^([^:]+):([^:]+):(.+)$')
  if id then
    local ends = attempt('ZSCORE', prefix .. 'wip:' .. queue, id .. ':' .. execution)
    local _, nowMs = clock()
    if ends and tonumber(ends) > tonumber(leaseScore(nowMs)) then return true end
    attempt('HDEL', prefix .. 'rl-held', id .. ':' .. execution)
    return false
  end
  local job = redis.pcall('HMGET', prefix .. 'job:' .. name, 'status', 'rate_limit_key', 'execution_id', 'origin')
  if job[2] ~= limit then return false end
  if job[1] == 'queued' or job[1] == 'started' then return true end
  return job[4] and ((job[3] and hasLease(prefix, job[4], name, job[3])) or isInQueue(prefix, job[4], name))
end
local function freeDeadSlots(prefix, limit, first, last)
  local allowed = prefix .. 'rl:' .. limit .. ':allowed'
  local freed = 0
  for _, name in ipairs(attempt('ZRANGE', allowed, first, last) or {}) do
    if not isHolder(prefix, limit, name) then freed = freed + redis.call('ZREM', allowed, name) end
  end
  return freed
end
local idle = {}
local function isIdle(prefix, queue)
  if idle[queue] == nil then
    local kind = redis.call('TYPE', prefix .. 'queue:' .. queue).ok
    idle[queue] = (kind ~= 'list' and kind ~= 'none')
      or redis.call('EXISTS', prefix .. 'paused:' .. queue) == 1
      or attempt('SCARD', prefix .. 'workers:' .. queue) == 0
  end
  return idle[queue]
end
local MOST_HOLDERS = 100
local function findIdleHolder(prefix, limit)
  local holders = attempt('ZRANGE', prefix .. 'rl:' .. limit .. ':allowed', 0, MOST_HOLDERS - 1, 'WITHSCORES') or {}
  for at = 1, #holders, 2 do
    local id = holders[at]
    local job = redis.pcall('HMGET', prefix .. 'job:' .. id, 'status', 'origin', 'rate_limit_key', 'execution_id')
    if job[1] == 'queued' and job[2] and job[3] == limit and isIdle(prefix, job[2])
      and not (job[4] and hasLease(prefix, job[2], id, job[4])) then
      return id, job[2], holders[at + 1]
    end
  end
end
local function takeSlot(prefix, limit, id, queue, since)
  attempt('LREM', prefix .. 'queue:' .. queue, 0, id)
  redis.call('ZREM', prefix .. 'rl:' .. limit .. ':allowed', id)
  redis.call('ZADD', prefix .. 'rl:' .. limit .. ':rate_limited', since, id)
  redis.call('HSET', prefix .. 'job:' .. id, 'status', 'rate_limited')
end
local PAGE, MOST_READ = 100, 1000
local function searchServed(prefix, limit)
  local key = prefix .. 'rl:' .. limit
  local page, at, from, passed, read, most = {}, 1, '-inf', 0, 0, PAGE
  local hasJumped, isOver = false, false
  local function stop(looked)
    isOver = true
    if looked then
      redis.call('HSET', key, 'looked', looked)
    elseif hasJumped then
      redis.call('HDEL', key, 'looked')
    end
  end
  local function readOn()
    local last = page[#page]
    if read > 0 and #page < 2 * PAGE then return stop() end
    if read == most then
      if hasJumped then return stop(last) end
      local looked = redis.call('HGET', key, 'looked')
      if tonumber(looked or nil) then from, passed = looked, 0 end
      hasJumped, most, read = true, MOST_READ, 0
    end
    page = redis.call('ZRANGE', key .. ':rate_limited', from, '+inf', 'BYSCORE', 'LIMIT', passed, PAGE, 'WITHSCORES')
    at, read = 1, read + PAGE
    if #page == 0 then stop() end
  end
  return function()
    while true do
      if not isOver and at > #page then readOn() end
      if isOver then return nil end
      local id = page[at]
      at = at + 2
      local queue = redis.pcall('HMGET', prefix .. 'job:' .. id, 'origin')[1]
      if not queue or not isIdle(prefix, queue) then return id end
      passed = passed + 1
    end
  end
end
local admitted = {}
local MOST_GONE = 5000
local function readWaiting(prefix, id)
  local job = redis.pcall('HMGET', prefix .. 'job:' .. id, 'status', 'origin', 'enqueue_at_front')
  return job[2] and job[1] ~= 'canceled' and job or nil
end
local function admit(prefix, limit, id, job, stamp)
  push(prefix, job[2], id, job[3] == '1')
  redis.call('ZREM', prefix .. 'rl:' .. limit .. ':rate_limited', id)
  redis.call('ZADD', prefix .. 'rl:' .. limit .. ':allowed', scoreInTurn(), id)
  redis.call('HSET', prefix .. 'job:' .. id, 'status', 'queued', 'enqueued_at', stamp)
  admitted[id] = true
end
local function fillSlots(prefix, limit, concurrency, stamp, queue)
  local key = prefix .. 'rl:' .. limit
  if redis.call('EXISTS', key .. ':rate_limited') == 0 then return end
  local held = attempt('ZCARD', key .. ':allowed')
  if not held then return end
  local free = concurrency - held
  if free <= 0 then free = free + freeDeadSlots(prefix, limit, 0, 9) end
  if free <= 0 and queue and isIdle(prefix, queue) then return end
  local gone, nextServed = 0, searchServed(prefix, limit)
  local holder, itsQueue, since
  while redis.call('EXISTS', key .. ':rate_limited') == 1 and gone < MOST_GONE and free >= 0 do
    if free == 0 and not holder then
      holder, itsQueue, since = findIdleHolder(prefix, limit)
      if not holder then return end
    end
    local id = nextServed()
    if not id and holder then return end
    id = id or redis.call('ZRANGE', key .. ':rate_limited', 0, 0)[1]
    local job = readWaiting(prefix, id)
    if not job then
      redis.call('ZREM', key .. ':rate_limited', id)
      gone = gone + 1
    else
      if holder then takeSlot(prefix, limit, holder, itsQueue, since) else free = free - 1 end
      admit(prefix, limit, id, job, stamp)
      holder = nil
    end
  end
end
local function slotsOf(prefix, limit)
  return tonumber(attempt('HGET', prefix .. 'rl:' .. limit, 'concurrency') or nil)
end
local function releaseSlot(prefix, limit, name, stamp)
  attempt('ZREM', prefix .. 'rl:' .. limit .. ':rate_limited', name)
  if attempt('ZREM', prefix .. 'rl:' .. limit .. ':allowed', name) ~= 1 then return end
  local slots = slotsOf(prefix, limit)
  if slots then guard(fillSlots, prefix, limit, slots, stamp) end
end`

const LIB_READY = String.raw`local function drainReady(prefix, queue, latest, most, stamp)
  local readyKey = prefix .. 'ready:' .. queue
  local ids = redis.call('ZRANGEBYSCORE', readyKey, '-inf', latest, 'LIMIT', 0, most)
  for _, id in ipairs(ids) do
    local job = redis.pcall('HMGET', prefix .. 'job:' .. id, 'status', 'enqueue_at_front', 'rate_limit_key',
      'rate_limit_concurrency', 'ttl', 'enqueue_at_front_on_retry', 'ended_at')
    if job[1] == 'ready_to_enqueue' then
      local front = job[2] == '1' or (job[6] == '1' and job[7] and job[7] ~= '')
      place(prefix, id, queue, front, job[3] and job[4] and job[3], job[4], stamp)
      if tonumber(job[5]) then expireAfter(prefix, id, job[5], queue, job[3]) end
    elseif job.err then
      noteBroken(prefix, queue, id)
    end
    redis.call('ZREM', readyKey, id)
  end
  return #ids
end`

const LIB_REGISTER_WAITER = String.raw`local LONGEST_WAITERS = 4096
local function registerWaiter(jobKey, waiters, channel)
  waiters = waiters or ''
  if string.find(',' .. waiters .. ',', ',' .. channel .. ',', 1, true) then return end
  local all = waiters == '' and channel or waiters .. ',' .. channel
  if #all > LONGEST_WAITERS then all = string.match(string.sub(all, -LONGEST_WAITERS), ',(.*)$') or channel end
  redis.call('HSET', jobKey, 'waiters', all)
end`

const LIB_REGISTRIES = String.raw`local HAS_ZSET = { finished = true, failed = true, deferred = true, scheduled = true, canceled = true }
local function dropLeases(prefix, id, queue, kept)
  local execution = attempt('HGET', prefix .. 'job:' .. id, 'execution_id')
  local executions = attempt('ZRANGE', prefix .. 'executions:' .. id, 0, -1) or {}
  local leases = {}
  if execution then leases[1] = id .. ':' .. execution end
  for _, other in ipairs(executions) do
    leases[#leases + 1] = id .. ':' .. other
    redis.call('DEL', prefix .. 'execution:' .. id .. ':' .. other)
  end
  redis.call('DEL', prefix .. 'executions:' .. id)
  local found = false
  for _, member in ipairs(leases) do
    if kept and member == id .. ':' .. kept then
      found = true
    elseif attempt('ZREM', prefix .. 'wip:' .. queue, member) == 1 then
      found = true
    end
  end
  return found
end
local function leavePlace(prefix, id, status, queue)
  local removed
  if status == 'queued' then
    removed = attempt('LREM', prefix .. 'queue:' .. queue, 0, id)
  elseif status == 'stopped' then
    removed = attempt('ZREM', prefix .. 'failed:' .. queue, id)
  elseif status == 'ready_to_enqueue' then
    removed = attempt('ZREM', prefix .. 'ready:' .. queue, id)
  elseif HAS_ZSET[status] then
    removed = attempt('ZREM', prefix .. status .. ':' .. queue, id)
  end
  return removed and removed > 0
end
local function isElsewhere(prefix, id, status)
  if status == 'created' or status == 'canceled' then return true end
  if status ~= 'rate_limited' then return false end
  local limit = attempt('HGET', prefix .. 'job:' .. id, 'rate_limit_key')
  return limit and attempt('ZSCORE', prefix .. 'rl:' .. limit .. ':rate_limited', id)
end
local function leave(prefix, id, status, queue, kept)
  local isLeased = dropLeases(prefix, id, queue, kept)
  if leavePlace(prefix, id, status, queue) or isLeased or not status or isElsewhere(prefix, id, status) then return end
  for _, other in ipairs({ 'scheduled', 'deferred', 'finished', 'failed', 'queued' }) do
    if other ~= status then leavePlace(prefix, id, other, queue) end
  end
end
local function leaveGroup(prefix, id, group)
  if group and group ~= '' and attempt('SREM', prefix .. 'group:' .. group, id) == 1
    and redis.call('EXISTS', prefix .. 'group:' .. group) == 0 then
    attempt('SREM', prefix .. 'groups', group)
  end
end
local function erase(prefix, id, group)
  redis.call('UNLINK', prefix .. 'job:' .. id, prefix .. 'job::' .. id .. ':dependencies', prefix .. 'results:' .. id)
  redis.call('EXPIRE', prefix .. 'job:' .. id .. ':dependents', YEAR_S)
  leaveGroup(prefix, id, group)
end`

const LIB_REMOVE_JOB = String.raw`local function removeJob(prefix, id, stamp)
  local job = redis.pcall('HMGET', prefix .. 'job:' .. id, 'status', 'origin', 'group_id', 'rate_limit_key', 'waiters',
    'execution_id', 'ttl', 'messages')
  if job[2] then leave(prefix, id, job[1] or 'created', job[2], holdSlot(prefix, job[4], id, job[2], job[6])) end
  wake(prefix, id, job[5])
  if job[7] then forgetExpiring(prefix, id) end
  leaveDependencies(prefix, id)
  endMessages(prefix, id, job[8])
  erase(prefix, id, job[3])
  if job[4] then releaseSlot(prefix, job[4], id, stamp) end
end`

const LIB_RESULTS = String.raw`local function addResult(key, fields)
  local answer = redis.pcall('XADD', key, 'MAXLEN', 10, '*', unpack(fields))
  if not answer.err then return end
  redis.call('UNLINK', key)
  redis.call('XADD', key, 'MAXLEN', 10, '*', unpack(fields))
end
local function keepSuccess(prefix, id)
  local job = redis.call('HMGET', prefix .. 'job:' .. id, 'execution_id', 'worker_name', 'started_at', 'ended_at',
    'result', 'results')
  local key = prefix .. 'results:' .. id
  local isInStream = job[6] == 'stream' or (not job[5] and redis.call('EXISTS', key) == 1)
  if not job[1] or isInStream then return false end
  local fields = { 'type', 1, 'execution_id', job[1], 'worker_name', job[2] or '', 'started_at', job[3] or '',
    'ended_at', job[4] or '' }
  if job[5] then fields[11], fields[12] = 'value', job[5] end
  addResult(key, fields)
  redis.call('EXPIRE', key, YEAR_S)
  return true
end`

const LIB_SCHEDULE = String.raw`local function schedule(prefix, queue, id, dueMs)
  local key = prefix .. 'scheduled:' .. queue
  redis.call('ZADD', key, score(dueMs), id)
  if redis.call('ZRANGE', key, 0, 0)[1] == id then redis.call('PUBLISH', prefix .. 'notify:scheduled', queue) end
end
local function expireAfter(prefix, id, seconds, queue, limit)
  seconds = math.floor(tonumber(seconds) or 0)
  if not (seconds > 0 and seconds < 1e15) then return end
  local _, nowMs = clock()
  noteExpiring(prefix, id, nowMs + seconds * 1000, queue, limit)
  seconds = string.format('%.0f', seconds)
  redis.call('EXPIRE', prefix .. 'job:' .. id, seconds)
  redis.call('EXPIRE', prefix .. 'job:' .. id .. ':dependents', seconds)
  redis.call('EXPIRE', prefix .. 'job::' .. id .. ':dependencies', seconds)
end`

const LIB_SETTLE_PLAIN = String.raw`local function newPlainGroup(batch, queue, keepS, fieldCount)
  return {
    queue = queue,
    keepS = keepS,
    fieldCount = tonumber(fieldCount),
    expires = tonumber(keepS) > 0,
    score = tonumber(keepS) > 0 and expiryScore(batch, keepS) or '+inf',
    release = 'all',
    leases = listAt(batch.leases, batch.prefix .. 'wip:' .. queue),
    entries = listAt(batch.entries, batch.prefix .. 'finished:' .. queue),
  }
end
local LONGEST_PUBLISHED = 4096
local function successNotice(batch, id, execution, startedAt, endedAt, value)
  if value and #value > LONGEST_PUBLISHED then
    noteAwaited(batch, id)
    return id
  end
  return table.concat({ id, batch.worker, execution, startedAt, endedAt, value and '1' or '0', value or '' }, '\n')
end
local PLAIN_WIDTH = 5
local function findCanceled(batch, queue, list, first, last)
  local key = batch.prefix .. 'canceled:' .. queue
  if redis.call('EXISTS', key) == 0 then return {} end
  local ids = {}
  for at = first, last, PLAIN_WIDTH do ids[#ids + 1] = list[at] end
  local scores = redis.pcall('ZMSCORE', key, unpack(ids))
  return not scores.err and scores or nil
end
local function settlePlainGroup(batch, group, list, first, last, settleAny)
  local call, try, prefix = redis.call, redis.pcall, batch.prefix
  local jobPrefix, fieldCount, score = prefix .. 'job:', group.fieldCount, group.score
  local keepS = group.expires and group.keepS
  local leases, entries, answers = group.leases, group.entries, batch.answers
  local ids, dependentsKeys, endedBy = batch.endedIds, batch.dependentsKeys, batch.endedBy
  local a, l, e, n = #answers, #leases, #entries, #ids
  local isPlain = not keepsNone(batch, group.queue, 'finished')
  local canceled = fieldCount > 0 and isPlain and findCanceled(batch, group.queue, list, first, last)
  local settled, index = 0, 0
  for at = first, last, PLAIN_WIDTH do
    local id, execution, startedAt, endedAt, value = list[at], list[at + 1], list[at + 2], list[at + 3], list[at + 4]
    local key = jobPrefix .. id
    local isOurs, waiters = false, nil
    index = index + 1
    if canceled and not canceled[index] and try('HLEN', key) == fieldCount then
      isOurs = call('HGET', key, 'execution_id') == execution
    elseif isPlain then
      local held = try('HMGET', key, 'execution_id', 'status', 'waiters', 'run_again', 'messages')
      isOurs = held[1] == execution and held[2] == 'started' and not held[4] and not held[5]
      waiters = held[3]
    end
    if isOurs then
      if value then
        call('HSET', key, 'status', 'finished', 'ended_at', endedAt, 'started_at', startedAt, 'result', value)
      else
        call('HSET', key, 'status', 'finished', 'ended_at', endedAt, 'started_at', startedAt)
      end
      if keepS then call('EXPIRE', key, keepS) end
      answers[a + 1], leases[l + 1] = 'a', id .. ':' .. execution
      entries[e + 1], entries[e + 2] = score, id
      ids[n + 1], dependentsKeys[n + 1], endedBy[n + 1] = id, key .. ':dependents', group
      a, l, e, n = a + 1, l + 1, e + 2, n + 1
      settled = settled + 1
      if waiters then wake(prefix, id, waiters, successNotice(batch, id, execution, startedAt, endedAt, value)) end
    else
      settleAny(id, execution, startedAt, endedAt, value)
      a, l, e, n = #answers, #leases, #entries, #ids
    end
  end
  batch.applied, batch.successful = batch.applied + settled, batch.successful + settled
end`

const LIB_SETTLED_BATCH = String.raw`local function newBatch(prefix, worker, stamp)
  local nowS, nowMs = clock()
  return {
    prefix = prefix,
    worker = worker,
    stamp = stamp,
    nowS = nowS,
    nowMs = nowMs,
    answers = {},
    applied = 0,
    successful = 0,
    failed = 0,
    leases = {},
    entries = {},
    endedIds = {},
    dependentsKeys = {},
    endedBy = {},
    scores = {},
    released = 0,
    hasMore = false,
    limits = nil,
    awaited = nil,
  }
end
local function keepsNone(batch, queue, kind)
  local limits = batch.limits and batch.limits[queue]
  return limits and limits[kind] == 0
end
local function noteAwaited(batch, id)
  if batch.awaited then batch.awaited[id] = true end
end
local function listAt(map, key)
  local list = map[key]
  if not list then
    list = {}
    map[key] = list
  end
  return list
end
local function append(list, value)
  list[#list + 1] = value
end
local function appendEntry(entries, score, id)
  local n = #entries
  entries[n + 1], entries[n + 2] = score, id
end
local function expiryScore(batch, keepS)
  local score = batch.scores[keepS]
  if not score then
    score = string.format('%d', batch.nowS + keepS)
    batch.scores[keepS] = score
  end
  return score
end
local function noteEnd(batch, id, key, settlement)
  local n = #batch.endedIds + 1
  batch.endedIds[n], batch.dependentsKeys[n], batch.endedBy[n] = id, key .. ':dependents', settlement
end
local function countForWorker(batch, workedS)
  local key = batch.prefix .. 'worker:' .. batch.worker
  if batch.successful + batch.failed == 0 or redis.call('EXISTS', key) == 0 then return end
  if batch.successful > 0 then redis.pcall('HINCRBY', key, 'successful_job_count', batch.successful) end
  if batch.failed > 0 then redis.pcall('HINCRBY', key, 'failed_job_count', batch.failed) end
  redis.pcall('HINCRBYFLOAT', key, 'total_working_time', workedS * batch.applied / #batch.answers)
end
local function writeBatch(batch)
  for key, members in pairs(batch.leases) do attempt('ZREM', key, unpack(members)) end
  for key, entries in pairs(batch.entries) do
    if #entries > 0 then attempt('ZADD', key, unpack(entries)) end
  end
end`

const LIB_SETTLEMENT = String.raw`local function ownership(prefix, key, held, s)
  if owns(prefix, s.queue, s.id, s.execution, held[1], held[2]) then return 'owned' end
  if held[1] == s.execution and held[2] == s.to then return 'again' end
  local exists = held[1] or held[2] or redis.call('EXISTS', key) == 1
  return exists and 'lost' or 'gone'
end
local function decideCanceled(s)
  s.release = 'none'
  if s.to == 'queued' or s.to == 'scheduled' then s.to = 'canceled' end
end
local function count(batch, s)
  batch.applied = batch.applied + 1
  if s.counts == 'successful' then
    batch.successful = batch.successful + 1
  elseif s.counts == 'failed' then
    batch.failed = batch.failed + 1
  end
end
local function endExecution(batch, s)
  local member = s.id .. ':' .. s.execution
  append(listAt(batch.leases, batch.prefix .. 'wip:' .. s.queue), member)
  if s.extra.hasRecord then
    redis.call('DEL', batch.prefix .. 'execution:' .. member)
    attempt('ZREM', batch.prefix .. 'executions:' .. s.id, s.execution)
    attempt('SREM', batch.prefix .. 'worker:' .. batch.worker .. ':executions', member)
  end
end
local function releaseSome(batch, id, mode)
  local most = RELEASED_AT_ONCE - batch.released
  local waiting, seen = releaseDependents(batch.prefix, id, mode, most, batch.stamp)
  batch.released = batch.released + seen
  batch.hasMore = batch.released == RELEASED_AT_ONCE or checksLeft <= 0
  return waiting
end
local function writeEntry(batch, s)
  local key = batch.prefix .. 'results:' .. s.id
  addResult(key, s.extra.entry)
  if tonumber(s.extra.entryKeepS) > 0 then
    redis.call('EXPIRE', key, s.extra.entryKeepS)
  else
    redis.call('PERSIST', key)
  end
end
local function writeStatus(key, s, ...)
  redis.call('HSET', key, 'status', s.to, 'ended_at', s.endedAt, 'started_at', s.startedAt, ...)
  if s.extra.fields then redis.call('HSET', key, unpack(s.extra.fields)) end
end
local function keepEnded(batch, key, s, registry, scoreWithoutEnd)
  local expires = tonumber(s.keepS) > 0
  if not s.extra.isUnlisted then
    local entries = listAt(batch.entries, batch.prefix .. registry .. ':' .. s.queue)
    appendEntry(entries, expires and expiryScore(batch, s.keepS) or scoreWithoutEnd, s.id)
  end
  noteEnd(batch, s.id, key, s)
  if not expires then return end
  redis.call('EXPIRE', key, s.keepS)
  if s.extra.hasDependencies then redis.call('EXPIRE', batch.prefix .. 'job::' .. s.id .. ':dependencies', s.keepS) end
end
local function isNotKept(batch, s)
  if not batch.limits or s.extra.isUnlisted or s.to == 'queued' or s.to == 'scheduled' or s.to == 'canceled' then
    return false
  end
  return keepsNone(batch, s.queue, s.to == 'finished' and 'finished' or 'failed')
end
local KEPT_FOR_WAITERS_S = 60
local function keepForWaiters(s)
  if s.to == 'finished' and not s.extra.entry and (not s.value or #s.value <= LONGEST_PUBLISHED) then return end
  s.keepS, s.release, s.extra.isUnlisted = KEPT_FOR_WAITERS_S, 'all', true
  if s.extra.entry then s.extra.entryKeepS = KEPT_FOR_WAITERS_S end
end
local function drop(batch, s, waiters)
  wake(batch.prefix, s.id, waiters,
    s.to == 'finished' and successNotice(batch, s.id, s.execution, s.startedAt, s.endedAt, s.value))
  releaseSome(batch, s.id, 'all')
  erase(batch.prefix, s.id, s.extra.group)
end
local function finish(batch, key, s, waiters)
  if s.value then
    writeStatus(key, s, 'result', s.value)
  else
    writeStatus(key, s)
  end
  keepEnded(batch, key, s, 'finished', '+inf')
  if not waiters then return end
  if s.extra.entry then noteAwaited(batch, s.id) end
  wake(batch.prefix, s.id, waiters,
    not s.extra.entry and successNotice(batch, s.id, s.execution, s.startedAt, s.endedAt, s.value))
end
local function fail(batch, key, s, waiters)
  writeStatus(key, s, 'results', 'stream')
  keepEnded(batch, key, s, 'failed', '-1')
  if waiters then noteAwaited(batch, s.id) end
  wake(batch.prefix, s.id, waiters)
end
local function remainCanceled(batch, key, s, waiters)
  writeStatus(key, s)
  redis.call('HDEL', key, 'execution_id')
  attempt('ZADD', batch.prefix .. 'canceled:' .. s.queue, batch.nowS, s.id)
  wake(batch.prefix, s.id, waiters)
end
local function scheduleAgain(batch, key, s)
  writeStatus(key, s)
  if s.extra.front then redis.call('HSET', key, 'enqueue_at_front', 1) end
  schedule(batch.prefix, s.queue, s.id, batch.nowMs + tonumber(s.extra.delayMs))
end
local function queueAgain(batch, key, s)
  writeStatus(key, s, 'enqueued_at', batch.stamp)
  local concurrency = s.extra.rateLimit and s.release ~= 'none' and redis.call('HGET', key, 'rate_limit_concurrency')
  if concurrency then
    attempt('ZREM', batch.prefix .. 'rl:' .. s.extra.rateLimit .. ':allowed', s.id)
    place(batch.prefix, s.id, s.queue, s.extra.front, s.extra.rateLimit, concurrency, batch.stamp)
  else
    push(batch.prefix, s.queue, s.id, s.extra.front)
  end
end
local function runAgain(batch, key, s, waiters)
  if s.extra.entry then redis.call('HSET', key, 'results', 'stream') end
  if s.release ~= 'none' then releaseSome(batch, s.id, s.release) end
  redis.call('HDEL', key, 'execution_id')
  if s.to == 'scheduled' then
    scheduleAgain(batch, key, s)
  else
    queueAgain(batch, key, s)
  end
  local ttlS = tonumber(s.extra.ttlS or 0)
  if ttlS > 0 then
    expireAfter(batch.prefix, s.id, ttlS + math.ceil((s.extra.delayMs or 0) / 1000), s.queue, s.extra.rateLimit)
  end
  if s.extra.entry then wake(batch.prefix, s.id, waiters) end
end
local function endAndRunAgain(batch, key, s, waiters, isTaken)
  if s.value then
    writeStatus(key, s, 'result', s.value)
  else
    writeStatus(key, s)
  end
  if s.extra.entry or (s.to == 'finished' and tonumber(s.keepS) ~= 0 and keepSuccess(batch.prefix, s.id)) then
    redis.call('HSET', key, 'results', 'stream')
  end
  redis.call('HSET', key, 'status', 'queued')
  redis.call('HDEL', key, 'execution_id', 'result', 'run_again')
  if isTaken then
    redis.call('HSET', key, 'enqueued_at', batch.stamp)
    push(batch.prefix, s.queue, s.id)
  end
  if s.release ~= 'none' then releaseSome(batch, s.id, s.release) end
  wake(batch.prefix, s.id, waiters)
end
local function settle(batch, s)
  local key = batch.prefix .. 'job:' .. s.id
  local held = redis.pcall('HMGET', key, 'execution_id', 'status', 'waiters', 'run_again', 'messages')
  if held.err then noteBroken(batch.prefix, s.queue, s.id) end
  local found = ownership(batch.prefix, key, held, s)
  endExecution(batch, s)
  if s.extra.rateLimit and (found ~= 'owned' or held[2] == 'canceled') then
    freeHeldSlot(batch.prefix, s.queue, s.id, s.execution, batch.stamp)
  end
  if found ~= 'owned' then
    append(batch.answers, found == 'again' and 'a' or found == 'lost' and 'l' or 'g')
    return
  end
  append(batch.answers, 'a')
  count(batch, s)
  if held[2] == 'canceled' then
    attempt('ZREM', batch.prefix .. 'canceled:' .. s.queue, s.id)
    decideCanceled(s)
  end
  if isNotKept(batch, s) then s.keepS = '0' end
  if held[3] and tonumber(s.keepS) == 0 and isResultAwaited(held[3]) then keepForWaiters(s) end
  if s.extra.rateLimit and s.to ~= 'queued' then
    releaseSlot(batch.prefix, s.extra.rateLimit, s.id, batch.stamp)
  end
  if s.extra.key then freeKey(batch.prefix, s.queue, s.extra.key, s.id, s.to ~= 'finished') end
  if s.extra.entry then writeEntry(batch, s) end
  if s.to == 'queued' or s.to == 'scheduled' then
    return runAgain(batch, key, s, held[3])
  elseif held[2] ~= 'canceled' and (held[4] or (held[2] == 'queued' and isInQueue(batch.prefix, s.queue, s.id))) then
    return endAndRunAgain(batch, key, s, held[3], held[4])
  end
  endMessages(batch.prefix, s.id, held[5])
  if s.to == 'canceled' then
    remainCanceled(batch, key, s, held[3])
  elseif tonumber(s.keepS) == 0 then
    drop(batch, s, held[3])
  elseif s.to == 'finished' then
    finish(batch, key, s, held[3])
  else
    fail(batch, key, s, held[3])
  end
end
local function releaseOfEnded(batch)
  for n, id in ipairs(batch.endedIds) do
    local s = batch.endedBy[n]
    local waiting = s.release == 'none' or releaseSome(batch, id, s.release)
    if waiting and tonumber(s.keepS) > 0 then redis.call('EXPIRE', batch.dependentsKeys[n], s.keepS) end
  end
end`

const LIB_TAKE_UNIQUE_KEY = String.raw`local function findOther(batch, queue, id, extra)
  local entries = batch.prefix .. 'unique:' .. queue
  if not isOfType(entries, 'hash') then
    error({ err = 'WRONGTYPE ' .. entries .. ' holds no unique keys. Nothing was written.' }, 0)
  end
  local holder = findHolder(batch.prefix, queue, extra.key, batch.nowMs)
  return holder ~= id and holder or nil
end
local function takeUniqueKey(batch, queue, id, extra)
  takeKey(batch.prefix, queue, extra.key, id, batch.nowMs, tonumber(extra.keyMs))
end`

const LIB_TIME = String.raw`local function clock()
  local time = redis.call('TIME')
  local seconds = tonumber(time[1])
  return seconds, seconds * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local function score(ms)
  return string.format('%.3f', ms / 1000)
end
local PYTHON_SLACK_MS = 60000
local function leaseScore(endsMs)
  return score(endsMs + PYTHON_SLACK_MS)
end
local YEAR_S = 365 * 24 * 60 * 60
local turn = 0
local function scoreInTurn(laterS)
  local time = redis.call('TIME')
  turn = turn + 1
  return string.format('%d.%06d', tonumber(time[1]) + math.floor((tonumber(time[2]) + turn) / 1000000) + (laterS or 0),
    (tonumber(time[2]) + turn) % 1000000)
end
local function deferredScore()
  return scoreInTurn(3155760000)
end`

const LIB_TIME_TEXT = String.raw`local function timeText(ms)
  local seconds = math.floor(ms / 1000)
  local days = math.floor(seconds / 86400) + 719468
  local era = math.floor(days / 146097)
  local dayOfEra = days - era * 146097
  local yearOfEra = math.floor((dayOfEra - math.floor(dayOfEra / 1460) + math.floor(dayOfEra / 36524)
    - math.floor(dayOfEra / 146096)) / 365)
  local dayOfYear = dayOfEra - (365 * yearOfEra + math.floor(yearOfEra / 4) - math.floor(yearOfEra / 100))
  local monthFromMarch = math.floor((5 * dayOfYear + 2) / 153)
  local day = dayOfYear - math.floor((153 * monthFromMarch + 2) / 5) + 1
  local month = monthFromMarch < 10 and monthFromMarch + 3 or monthFromMarch - 9
  local year = yearOfEra + era * 400 + (month <= 2 and 1 or 0)
  local ofDay = seconds % 86400
  return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03d000Z', year, month, day, math.floor(ofDay / 3600),
    math.floor(ofDay % 3600 / 60), ofDay % 60, ms % 1000)
end
local function secondsOfText(text)
  local year, month, day, hour, minute, second, fraction =
    string.match(text or '', '^(%d%d%d%d)-(%d%d)-(%d%d)[T ](%d%d):(%d%d):(%d%d)%.?(%d*)Z?$')
  if not year then return nil end
  local marchYear = tonumber(year) - (tonumber(month) <= 2 and 1 or 0)
  local era = math.floor(marchYear / 400)
  local yearOfEra = marchYear - era * 400
  local monthFromMarch = (tonumber(month) + 9) % 12
  local dayOfYear = math.floor((153 * monthFromMarch + 2) / 5) + tonumber(day) - 1
  local dayOfEra = yearOfEra * 365 + math.floor(yearOfEra / 4) - math.floor(yearOfEra / 100) + dayOfYear
  local days = era * 146097 + dayOfEra - 719468
  local seconds = days * 86400 + tonumber(hour) * 3600 + tonumber(minute) * 60 + tonumber(second)
  return string.format('%d.%s', seconds, string.sub(fraction .. '000000', 1, 6))
end`

const LIB_TIMETABLE = String.raw`local MOST_FIELDS = 1000
local function numberOf(text)
  local number = text and string.match(text, '^%d+$') and tonumber(text)
  return number and number < 1e15 and number or nil
end
local function setNext(prefix, queue, name, scheduleKey, nextMs)
  local due = prefix .. 'schedules:' .. queue
  if nextMs and nextMs ~= '' then
    redis.call('HSET', scheduleKey, 'next', nextMs)
    redis.call('ZADD', due, score(tonumber(nextMs)), name)
  else
    redis.call('HDEL', scheduleKey, 'next')
    attempt('ZREM', due, name)
  end
end
local function enqueueCopy(prefix, queuesKey, scheduleKey, historyKey, id, stamp)
  local _, nowMs = clock()
  local fields, extra, queue = { 'created_at', stamp }, {}, 'default'
  local all = redis.call('HGETALL', scheduleKey)
  for at = 1, #all, 2 do
    local field, value = string.match(all[at], '^job:(.+)$'), all[at + 1]
    if field and field ~= 'created_at' and #fields < MOST_FIELDS then
      fields[#fields + 1], fields[#fields + 2] = field, value
    elseif all[at] == 'queue' then
      queue = value
    elseif all[at] == 'extra' then
      local isRead, list = pcall(cmsgpack.unpack, value)
      if isRead and type(list) == 'table' and type(list[1]) == 'table' then extra = list[1] end
    end
  end
  if not isOfType(prefix .. 'job:' .. id, 'hash') then return redis.error_reply('WRONGTYPE ' .. id .. ' is no job') end
  if not isOfType(prefix .. 'queue:' .. queue, 'list') then
    return redis.error_reply('WRONGTYPE ' .. queue .. ' is no queue')
  end
  extra.token = stamp .. id
  local answers = enqueueAll(prefix, queuesKey, stamp, { true, id, queue, extra, #fields, unpack(fields) })
  local answer = answers[1]
  if answer == 'duplicate' or answer == 'cycle' or answer == 'too_many' then return 'taken' end
  remember(historyKey, id, nowMs)
  return 'enqueued'
end`

const LIB_UNIQUE_KEY = String.raw`local ENDED_BADLY = { 'failed', 'canceled' }
local function isListed(prefix, registry, queue, id)
  return attempt('ZSCORE', prefix .. registry .. ':' .. queue, id) and true or false
end
local function hasEndedBadly(prefix, id, status, queue)
  if status == 'failed' or status == 'stopped' or status == 'canceled' then return true end
  for _, registry in ipairs(ENDED_BADLY) do
    if isListed(prefix, registry, queue, id) then return true end
  end
  return false
end
local function holderOf(prefix, queue, key, entry, nowMs)
  local id, untilMs = string.match(entry, '^([^ ]+) ?(%d*)$')
  if not id then return nil end
  local isHeld = (tonumber(untilMs) or 0) > nowMs
  local job = redis.pcall('HMGET', prefix .. 'job:' .. id, 'status', 'origin', 'unique_key', 'unique_until')
  if job.err or job[2] ~= queue or job[3] ~= key then return isHeld and id or nil end
  local status, lasts = job[1], job[4] or 'ended'
  if lasts == 'deleted' then return id end
  if hasEndedBadly(prefix, id, status, queue) then return nil end
  if isHeld then return id end
  if status == 'finished' or isListed(prefix, 'finished', queue, id) then return nil end
  if lasts == 'started' and status == 'started' then return nil end
  return id
end
local function findHolder(prefix, queue, key, nowMs)
  local entry = attempt('HGET', prefix .. 'unique:' .. queue, key)
  return entry and holderOf(prefix, queue, key, entry, nowMs)
end
local function takeKey(prefix, queue, key, id, nowMs, forMs)
  attempt('HSET', prefix .. 'unique:' .. queue, key, forMs and string.format('%s %.0f', id, nowMs + forMs) or id)
end
local function freeKey(prefix, queue, key, id, hasFailed)
  local entries = prefix .. 'unique:' .. queue
  local entry = attempt('HGET', entries, key)
  if entry and (entry == id or (hasFailed and string.sub(entry, 1, #id + 1) == id .. ' ')) then
    redis.call('HDEL', entries, key)
  end
end`

const LIB_WAITERS = String.raw`local function wake(prefix, id, waiters, notice)
  if not waiters or waiters == '' then return end
  for channel in string.gmatch(waiters, '[^,]+') do
    redis.call('PUBLISH', prefix .. 'notify:' .. channel, notice or id)
  end
  redis.call('HDEL', prefix .. 'job:' .. id, 'waiters')
end
local function isResultAwaited(waiters)
  for channel in string.gmatch(waiters, '[^,]+') do
    if not string.find(channel, '^[mp]%-') then return true end
  end
  return false
end`

const LIB_WORKER_NAME = String.raw`local function otherInstance(key, instance, nowMs)
  local known = attempt('HMGET', key, 'birth', 'death', 'instance', 'alive_until') or {}
  if not known[1] or known[2] or known[3] == instance then return nil end
  local seconds = tonumber(known[4] or nil)
  local untilMs = seconds and math.floor(seconds * 1000)
  if untilMs and untilMs <= nowMs then return nil end
  return { aliveUntil = known[4] or nil, untilMs = untilMs }
end`

const LIB_WORKER_STATE = String.raw`local function showState(prefix, worker, shown, claimed)
  if shown == '' or claimed == 'again' then return end
  local state = claimed == 'suspended' and claimed or (#claimed > 0 and 'busy' or 'idle')
  local key = prefix .. 'worker:' .. worker
  if state == shown or redis.call('EXISTS', key) == 0 then return end
  if state == 'busy' then
    attempt('HSET', key, 'state', state, 'current_job', firstClaimed(claimed))
  else
    attempt('HSET', key, 'state', state)
    attempt('HDEL', key, 'current_job')
  end
end`

/**
 * Add messages to those that a job sent, or to those that were posted to it. The oldest go when there are too many.
 *
 * Keys: job (rq:job:<id>), list (rq:messages:<id>)
 *
 * Reply: refused: another execution owns the job, or the job is over
 */
export const addMessages: Script<
  [job: string, list: string],
  [
    prefix: string,
    id: string,
    from: string,
    execution: string,
    attempt: number,
    call: string,
    most: number,
    mostBytes: number,
    keepS: number,
    ...payloads: ScriptArgument[],
  ],
  'done' | 'missing' | 'refused'
> = {
  name: 'add_messages',
  sha: 'f4412760a4511201b566f4da20957fac47d02cda',
  keyCount: 2,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua`,
    LIB_TIME,
    String.raw`local jobKey, listKey = KEYS[1], KEYS[2]
local prefix, id, from, execution, attemptNumber = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local call, most, mostBytes, keepS = ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
local firstPayload = 10
local isSent = from == 'job'
local job = redis.call('HMGET', jobKey, 'status', 'execution_id', 'messages', 'waiters')
local status, field = job[1], job[3]
if redis.call('EXISTS', jobKey) == 0 then return 'missing' end
if execution ~= '' and job[2] ~= execution then return 'refused' end
local isOver = status == 'finished' or status == 'failed' or status == 'stopped'
if isOver or (status == 'canceled' and not isSent) then return 'refused' end
local sent, sentBytes, posted, postedBytes = string.match(field or '', '^(%d+) (%d+) (%d+) (%d+)$')
if not sent then
  redis.call('UNLINK', prefix .. 'messages:' .. id, prefix .. 'posts:' .. id)
  sent, sentBytes, posted, postedBytes = 0, 0, 0, 0
end
local newest = redis.call('LRANGE', listKey, -1, -1)[1]
if newest and string.match(newest, '^%d+ %d+ %d+ %d+ (%x+)\n') == call then return 'done' end
local number, bytes = tonumber(isSent and sent or posted), tonumber(isSent and sentBytes or postedBytes)
local _, nowMs = clock()
local count
for at = firstPayload, #ARGV do
  number, bytes = number + 1, bytes + #ARGV[at]
  local header = string.format('%.0f %.0f %s %.0f %s\n', number, bytes, attemptNumber, nowMs, call)
  count = redis.call('RPUSH', listKey, header .. ARGV[at])
end
local function bytesKept()
  local first = redis.call('LRANGE', listKey, 0, 0)[1]
  local header, upTo = string.match(first, '^(%d+ (%d+) %d+ %d+ %x+\n)')
  return upTo and bytes - tonumber(upTo) + #first - #header or math.huge
end
if count > most then redis.call('LPOP', listKey, count - most) end
while bytesKept() > mostBytes do redis.call('LPOP', listKey) end
redis.call('EXPIRE', listKey, keepS)
if isSent then
  sent, sentBytes = number, bytes
else
  posted, postedBytes = number, bytes
end
redis.call('HSET', jobKey, 'messages', string.format('%.0f %.0f %.0f %.0f', sent, sentBytes, posted, postedBytes))
for channel in string.gmatch(job[4] or '', isSent and '(m%-[^,]+)' or '(p%-[^,]+)') do
  redis.call('PUBLISH', prefix .. 'notify:' .. channel, id)
end
return 'done'`,
  ),
}

/**
 * Return a job that has a result or has ended; register a caller that waits for that otherwise.
 *
 * Keys: job (rq:job:<id>), results (rq:results:<id>)
 *
 * Reply: over: names and values of the job, none if there is no such job; id, and names and values, of its last entry in the stream, empty if there is none. waiting: of a job whose results go to the stream, the id of the last entry there, 0-0 if there is none
 */
export const awaitResult: Script<
  [job: string, results: string],
  [
    channel: string,
    untilEnd: boolean,
  ],
  [word: Buffer, job: Buffer[], entry: Buffer, result: Buffer[]]
> = {
  name: 'await_result',
  sha: '9484f196dbac85bb21b66e03f5bd4dc425533926',
  keyCount: 2,
  repliesInBytes: true,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    LIB_FIELDS,
    LIB_REGISTER_WAITER,
    String.raw`local jobKey, resultsKey = KEYS[1], KEYS[2]
local channel, untilEnd = ARGV[1], ARGV[2] == '1'
local function lastEntry()
  return (attempt('XREVRANGE', resultsKey, '+', '-', 'COUNT', 1) or {})[1]
end
local job = redis.call('HMGET', jobKey, 'status', 'waiters', 'data', 'results')
local status = job[1]
if not status and not job[3] then return { 'over', {}, '', {} } end
if status == 'finished' or status == 'failed' or status == 'stopped' or status == 'canceled'
  or (not untilEnd and redis.call('EXISTS', resultsKey) == 1) then
  local last = lastEntry()
  return { 'over', (readShown(jobKey, math.huge)), last and last[1] or '', last and last[2] or {} }
end
registerWaiter(jobKey, job[2], channel)
if job[4] == 'stream' or (job[3] and string.byte(job[3]) == 0x78) then
  local last = lastEntry()
  return { 'waiting', {}, last and last[1] or '0-0', {} }
end
return { 'waiting', {}, '', {} }`,
  ),
}

/**
 * List ids that were set aside, see lib/broken, longest first. Leaves out those with which nothing is wrong any more.
 *
 * Keys: broken (rq:broken:<q>), refused (rq:refused:<q>)
 *
 * Reply: for each: id, when it was found in epoch seconds, type of its key, why the store refused the end of its job, or empty
 */
export const brokenJobs: Script<
  [broken: string, refused: string],
  [
    prefix: string,
    most: number,
  ],
  string[]
> = {
  name: 'broken_jobs',
  sha: '7d42587726c045e954781b06d7b8ca0f4da03747',
  keyCount: 2,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=no-writes`,
    LIB_ATTEMPT,
    LIB_FAULT,
    String.raw`local brokenKey, refusedKey = KEYS[1], KEYS[2]
local prefix, most = ARGV[1], tonumber(ARGV[2])
local found = {}
local entries = redis.call('ZRANGE', brokenKey, 0, -1, 'WITHSCORES')
for at = 1, #entries, 2 do
  if #found >= 4 * most then break end
  local id = entries[at]
  local kind, reason = faultOf(prefix, id, attempt('HGET', refusedKey, id))
  if kind then
    local n = #found
    found[n + 1], found[n + 2], found[n + 3], found[n + 4] = id, entries[at + 1], kind, reason
  end
end
return found`,
  ),
}

/**
 * Cancel a job: remove it from wherever it waits, and list it as canceled. A job that runs keeps running, and keeps its slot of a rate limit.
 *
 * Keys: job (rq:job:<id>)
 *
 * Reply: refused: already canceled; more: done, and dependents were set aside for release_dependents
 */
export const cancel: Script<
  [job: string],
  [
    prefix: string,
    id: string,
    stamp: string,
    enqueueDependents: boolean,
    removeFromDependencies: boolean,
  ],
  'done' | 'missing' | 'refused' | 'more'
> = {
  name: 'cancel',
  sha: 'b7d3268c7d2cff33dce32607662f5596ce0dc45c',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    LIB_TIME,
    LIB_LEASE,
    LIB_OLDER_STATUS,
    LIB_EXPIRING,
    LIB_SCHEDULE,
    LIB_DEPENDENCIES,
    LIB_PUSH,
    LIB_RATE_LIMIT,
    LIB_PLACE,
    LIB_DEPENDENTS,
    LIB_HELD_SLOT,
    LIB_MESSAGES,
    LIB_REGISTRIES,
    LIB_WAITERS,
    String.raw`local jobKey = KEYS[1]
local prefix, id, stamp = ARGV[1], ARGV[2], ARGV[3]
local enqueueDependents, removeFromDependencies = ARGV[4] == '1', ARGV[5] == '1'
local job = redis.call('HMGET', jobKey, 'status', 'origin', 'waiters', 'rate_limit_key', 'execution_id', 'messages')
if redis.call('EXISTS', jobKey) == 0 then return 'missing' end
local status, queue = job[1] or 'created', job[2]
if status == 'canceled' then return 'refused' end
local nowS = clock()
if queue then
  leave(prefix, id, status, queue, holdSlot(prefix, job[4], id, queue, job[5]))
  attempt('ZADD', prefix .. 'canceled:' .. queue, nowS, id)
end
redis.call('HSET', jobKey, 'status', 'canceled')
redis.call('HDEL', jobKey, 'run_again')
if redis.call('PERSIST', jobKey) == 1 then
  redis.call('PERSIST', jobKey .. ':dependents')
  redis.call('PERSIST', prefix .. 'job::' .. id .. ':dependencies')
  forgetExpiring(prefix, id)
end
if status ~= 'started' then endMessages(prefix, id, job[6]) end
if removeFromDependencies then leaveDependencies(prefix, id) end
if job[4] then releaseSlot(prefix, job[4], id, stamp) end
local answer = 'done'
if enqueueDependents then
  local _, seen = releaseDependents(prefix, id, 'canceled', RELEASED_AT_ONCE, stamp)
  if (seen == RELEASED_AT_ONCE or checksLeft <= 0) and hasMoreSteps(prefix) then answer = 'more' end
end
wake(prefix, id, job[3])
return answer`,
  ),
}

/**
 * Claim up to `want` queued jobs for a worker and lease them, unless workers are suspended.
 *
 * Keys: suspended (rq:suspended)
 *
 * Reply: the word suspended or again (see lib/claim), or what lib/claimed packs
 */
export const claim: Script<
  [suspended: string],
  [
    prefix: string,
    stamp: string,
    want: number,
    worker: string,
    leaseMs: number,
    largest: number,
    executionBase: string,
    shown: string,
    ...queues: string[],
  ],
  Buffer
> = {
  name: 'claim',
  sha: '5888e109c62dbdc591fad37dd1afe0805ebffc54',
  keyCount: 1,
  repliesInBytes: true,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_CLAIMED,
    LIB_TIME,
    LIB_EXECUTION_IDS,
    String.raw`local readAny
local function make_claim_any()`,
    LIB_ATTEMPT,
    LIB_BROKEN,
    LIB_EXPIRING,
    LIB_FIELDS,
    LIB_LEASE,
    LIB_RESULTS,
    LIB_CLAIM_ANY,
    String.raw`return readAny
end
function readAny(...)
  readAny = make_claim_any()
  return readAny(...)
end`,
    LIB_CLAIM,
    LIB_ATTEMPT,
    LIB_WORKER_STATE,
    String.raw`local suspendedKey = KEYS[1]
local prefix, stamp, want, worker = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local leaseMs, largest, executionBase, shown = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7], ARGV[8]
if redis.call('EXISTS', suspendedKey) == 1 then
  showState(prefix, worker, shown, 'suspended')
  return 'suspended'
end
local claimed = claim(prefix, 9, #ARGV, want, worker, leaseMs, stamp, executionBase, largest)
showState(prefix, worker, shown, claimed)
return claimed.err and claimed or pack(claimed)`,
  ),
}

/**
 * Claim a job for a worker that waits. This is sent right behind a command that blocks until the queue has a job, so it may run much later: it takes nothing for a worker that has left meanwhile, nor from a queue that the worker has paused meanwhile, and finds the time of the start itself.
 *
 * Keys: suspended (rq:suspended)
 *
 * Reply: the word suspended or again (see lib/claim), or what lib/claimed packs; 1 = the queue has more jobs
 */
export const claimWaiting: Script<
  [suspended: string],
  [
    prefix: string,
    aheadMs: number,
    want: number,
    worker: string,
    instance: string,
    leaseMs: number,
    largest: number,
    executionBase: string,
    shown: string,
    queue: string,
  ],
  [claimed: Buffer, isMore: number]
> = {
  name: 'claim_waiting',
  sha: '2a99bbb2d605d42ce5f18f3962b549b520de257f',
  keyCount: 1,
  repliesInBytes: true,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    LIB_CLAIMED,
    LIB_TIME,
    LIB_EXECUTION_IDS,
    String.raw`local readAny
local function make_claim_any()`,
    LIB_BROKEN,
    LIB_EXPIRING,
    LIB_FIELDS,
    LIB_LEASE,
    LIB_RESULTS,
    LIB_CLAIM_ANY,
    String.raw`return readAny
end
function readAny(...)
  readAny = make_claim_any()
  return readAny(...)
end`,
    LIB_CLAIM,
    LIB_PAUSED,
    LIB_TIME_TEXT,
    LIB_WORKER_STATE,
    String.raw`local suspendedKey = KEYS[1]
local prefix, aheadMs, want, worker, instance = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]
local leaseMs, largest, executionBase, shown = tonumber(ARGV[6]), tonumber(ARGV[7]), ARGV[8], ARGV[9]
local queueAt = 10
local record = attempt('HMGET', prefix .. 'worker:' .. worker, 'instance', 'death', 'paused') or {}
if record[1] ~= instance or record[2] or isPaused(record[3], ARGV[queueAt]) then return { pack({}), 0 } end
if redis.call('EXISTS', suspendedKey) == 1 then
  showState(prefix, worker, shown, 'suspended')
  return { 'suspended', 0 }
end
local _, nowMs = clock()
local stamp = timeText(nowMs + aheadMs)
local claimed = claim(prefix, queueAt, queueAt, want, worker, leaseMs, stamp, executionBase, largest)
showState(prefix, worker, shown, claimed)
if claimed.err then return claimed end
local isMore = #claimed > 0 and (attempt('LLEN', prefix .. 'queue:' .. ARGV[queueAt]) or 0) > 0
return { pack(claimed), isMore and 1 or 0 }`,
  ),
}

/**
 * Mark the ids of a part of a queue whose job is gone: the caller removes the marks, all at once. Marks count that are there already: an earlier caller may have died before it removed them, or the reply to it was lost.
 *
 * Keys: queue (rq:queue:<q>)
 *
 * Reply: number of ids in this part, and of marks among them
 */
export const compact: Script<
  [queue: string],
  [
    prefix: string,
    first: number,
    last: number,
    mark: string,
  ],
  [seen: number, marked: number]
> = {
  name: 'compact',
  sha: '0ab27d7481cd1848d19ddbc52fc3c8858f04ea8c',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    String.raw`local queueKey = KEYS[1]
local prefix, first, last, mark = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local ids = redis.call('LRANGE', queueKey, first, last)
local start = last - #ids
local marked = 0
for n, id in ipairs(ids) do
  if id == mark then
    marked = marked + 1
  elseif redis.call('EXISTS', prefix .. 'job:' .. id) == 0 then
    redis.call('LSET', queueKey, start + n, mark)
    marked = marked + 1
  end
end
return { #ids, marked }`,
  ),
}

/**
 * Change how many ended jobs a queue keeps.
 *
 * Keys: configuration (rq:configuration:<q>)
 *
 * Reply: the limits now
 */
export const configure: Script<
  [configuration: string],
  [
    prefix: string,
    queue: string,
    ...limits: string[],
  ],
  [finished: string | null, failed: string | null]
> = {
  name: 'configure',
  sha: '5407648862cc4736ecdcba6ca6fedea9318f51e6',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    LIB_LEASE,
    LIB_OLDER_STATUS,
    LIB_EXPIRING,
    LIB_TIME,
    LIB_SCHEDULE,
    LIB_DEPENDENCIES,
    LIB_PUSH,
    LIB_RATE_LIMIT,
    LIB_HELD_SLOT,
    LIB_MESSAGES,
    LIB_REGISTRIES,
    LIB_WAITERS,
    LIB_REMOVE_JOB,
    LIB_NEWEST,
    String.raw`local configurationKey = KEYS[1]
local prefix, queue = ARGV[1], ARGV[2]
for at = 3, #ARGV, 2 do
  local field, value = ARGV[at], ARGV[at + 1]
  if value == '' then
    attempt('HDEL', configurationKey, field)
    redis.call('UNLINK', orderOf(prefix, string.match(field, '^keep_(.+)$'), queue))
  else
    redis.call('HSET', configurationKey, field, value)
  end
end
return redis.call('HMGET', configurationKey, 'keep_finished', 'keep_failed')`,
  ),
}

/**
 * Count the jobs of queues in each place, without expired entries.
 *
 * Keys: all (rq:queues)
 *
 * Reply: for each queue: waiting, started, finished, failed, deferred, scheduled, canceled, and 1 if it is paused; the time; when the job at its head was enqueued, or empty
 */
export const countQueues: Script<
  [all: string],
  [
    prefix: string,
    first: string,
    ...others: string[],
  ],
  [counts: number[], nowMs: number, headSince: string][]
> = {
  name: 'count_queues',
  sha: 'e5933bbadb102204f271ad8f1549d4235b5f34a4',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=no-writes`,
    LIB_ATTEMPT,
    LIB_TIME,
    String.raw`local prefix = ARGV[1]
local now, nowMs = clock()
local function count(command, key)
  return attempt(command, key) or 0
end
local function living(key)
  local count = count('ZCARD', key)
  if count == 0 then return 0 end
  return count - redis.call('ZCOUNT', key, 0, now)
end
local MOST_EXPIRED = 10
local function headSince(name)
  for _, id in ipairs(attempt('LRANGE', prefix .. 'queue:' .. name, 0, MOST_EXPIRED) or {}) do
    local since = attempt('HGET', prefix .. 'job:' .. id, 'enqueued_at')
    if since then return since end
  end
  return ''
end
local pauses = {}
for at = 2, #ARGV do pauses[at - 1] = prefix .. 'paused:' .. ARGV[at] end
local paused = redis.call('MGET', unpack(pauses))
local counts = {}
for at = 2, #ARGV do
  local name = ARGV[at]
  local numbers = {
    count('LLEN', prefix .. 'queue:' .. name),
    count('ZCARD', prefix .. 'wip:' .. name),
    living(prefix .. 'finished:' .. name),
    living(prefix .. 'failed:' .. name),
    count('ZCARD', prefix .. 'deferred:' .. name),
    count('ZCARD', prefix .. 'scheduled:' .. name),
    count('ZCARD', prefix .. 'canceled:' .. name),
    paused[at - 1] and 1 or 0,
  }
  counts[at - 1] = { numbers, nowMs, numbers[1] > 0 and headSince(name) or '' }
end
return counts`,
  ),
}

/**
 * Count the jobs that wait for a slot, by queue. Looks at a thousand jobs at most.
 *
 * Keys: all (rq:rl-keys)
 *
 * Reply: number of limits that are counted, `offset` for the next one; names of queues, each followed by a number
 */
export const countRateLimited: Script<
  [all: string],
  [
    prefix: string,
    offset: number,
    ...limits: string[],
  ],
  [done: number, offset: number, counts: string[]]
> = {
  name: 'count_rate_limited',
  sha: '1f52aa9a9c20b27ae80034bf6fd6cd2191b9b35c',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=no-writes`,
    LIB_ATTEMPT,
    String.raw`local prefix, offset = ARGV[1], tonumber(ARGV[2])
local MOST = 1000
local byQueue, done, left = {}, 0, MOST
for at = 3, #ARGV do
  local ids = attempt('ZRANGE', prefix .. 'rl:' .. ARGV[at] .. ':rate_limited', offset, offset + left - 1) or {}
  for _, id in ipairs(ids) do
    local queue = attempt('HGET', prefix .. 'job:' .. id, 'origin')
    if queue then byQueue[queue] = (byQueue[queue] or 0) + 1 end
  end
  if #ids == left then
    offset = offset + left
    break
  end
  left = left - #ids
  done, offset = done + 1, 0
end
local counts = {}
for queue, count in pairs(byQueue) do
  counts[#counts + 1] = queue
  counts[#counts + 1] = tostring(count)
end
return { done, offset, counts }`,
  ),
}

/**
 * Count the entries of a registry that have not expired.
 *
 * Keys: registry (rq:finished:<q>)
 *
 * Reply: 
 */
export const countUnexpired: Script<
  [registry: string],
  [
  ],
  number
> = {
  name: 'count_unexpired',
  sha: 'c8da80c9af4c9060ff317fd302b2361faf1ffb41',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=no-writes`,
    String.raw`local registryKey = KEYS[1]
return redis.call('ZCARD', registryKey) - redis.call('ZCOUNT', registryKey, 0, redis.call('TIME')[1])`,
  ),
}

/**
 * Renew the entry and the record of a cron scheduler, unless another living instance has its name by now. Write them again if they are gone.
 *
 * Keys: schedulers (rq:cron_schedulers), record (rq:cron_scheduler:<s>)
 *
 * Reply: Redis's time in ms
 */
export const cronHeartbeat: Script<
  [schedulers: string, record: string],
  [
    name: string,
    instance: string,
    leaseMs: number,
    staleMs: number,
    ttlS: number,
    ...fields: ScriptArgument[],
  ],
  [name: 'held' | 'taken', nowMs: number]
> = {
  name: 'cron_heartbeat',
  sha: '0fe8eef7cd63886af25f21ef73a7bbed61045715',
  keyCount: 2,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    LIB_TIME,
    LIB_CRON_SCHEDULER,
    String.raw`local schedulersKey, recordKey = KEYS[1], KEYS[2]
local name, instance, leaseMs, staleMs, ttlS = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local _, nowMs = clock()
if otherScheduler(schedulersKey, recordKey, name, instance, nowMs, leaseMs, staleMs) then return { 'taken', nowMs } end
writeScheduler(schedulersKey, recordKey, name, instance, nowMs, ttlS, { unpack(ARGV, 6) })
return { 'held', nowMs }`,
  ),
}

/**
 * Read the state of a cron job and store its rule. A new rule is in force from now on.
 *
 * Keys: state (rq:cron_state:<c>)
 *
 * Reply: last tick decided, or empty; since when the rule is in force; since when it is paused, or empty; when it was resumed, or empty; Redis's time. All in ms.
 */
export const cronOpen: Script<
  [state: string],
  [
    slot: string,
    rule: string,
  ],
  [tick: string, since: string, paused: string, resumed: string, nowMs: number]
> = {
  name: 'cron_open',
  sha: '4d4d6e014f74331795b4c8e3189c28ead87da892',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua`,
    LIB_ATTEMPT,
    LIB_TIME,
    LIB_HISTORY,
    LIB_CRON,
    String.raw`local stateKey = KEYS[1]
local slot, rule = ARGV[1], ARGV[2]
local nowS, nowMs = clock()
local state = redis.call('HMGET', stateKey, 'tick' .. slot, 'since' .. slot, 'paused', 'resumed', 'rule' .. slot)
if state[5] ~= rule or not readMs(state[2]) then
  state[2] = string.format('%.0f', nowS * 1000)
  redis.call('HSET', stateKey, 'rule' .. slot, rule, 'since' .. slot, state[2])
end
redis.call('EXPIRE', stateKey, YEAR_S)
local function known(text)
  return readMs(text) and text or ''
end
return { known(state[1]), state[2], known(state[3]), known(state[4]), nowMs }`,
  ),
}

/**
 * Pause a cron job, or resume it. Ticks during the pause are not made up for.
 *
 * Keys: state (rq:cron_state:<c>)
 *
 * Reply: 1 if that changed anything
 */
export const cronPause: Script<
  [state: string],
  [
    pause: boolean,
  ],
  0 | 1
> = {
  name: 'cron_pause',
  sha: '22be41ea299d137d0c21f8c5a6c5aa2d1c17f7f2',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    LIB_TIME,
    LIB_HISTORY,
    LIB_CRON,
    String.raw`local stateKey = KEYS[1]
local pause = ARGV[1] == '1'
local _, nowMs = clock()
local isPaused = redis.call('HEXISTS', stateKey, 'paused') == 1
if pause == isPaused then return 0 end
if pause then
  redis.call('HSET', stateKey, 'paused', nowMs)
else
  redis.call('HDEL', stateKey, 'paused')
  redis.call('HSET', stateKey, 'resumed', nowMs)
end
redis.call('EXPIRE', stateKey, YEAR_S)
return 1`,
  ),
}

/**
 * Register a cron scheduler, unless another living instance has its name.
 *
 * Keys: schedulers (rq:cron_schedulers), record (rq:cron_scheduler:<s>)
 *
 * Reply: of the instance that has the name: what each of its heartbeats changes, or empty; and how long it counts as alive
 */
export const cronRegister: Script<
  [schedulers: string, record: string],
  [
    name: string,
    instance: string,
    leaseMs: number,
    staleMs: number,
    ttlS: number,
    ...fields: ScriptArgument[],
  ],
  [answer: 'registered' | 'taken', lastBeat: string, leftMs: number]
> = {
  name: 'cron_register',
  sha: '2ff59ea75e235fd0596c3d31498d69ad6127e542',
  keyCount: 2,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua`,
    LIB_ATTEMPT,
    LIB_TIME,
    LIB_CRON_SCHEDULER,
    String.raw`local schedulersKey, recordKey = KEYS[1], KEYS[2]
local name, instance, leaseMs, staleMs, ttlS = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local _, nowMs = clock()
local other = otherScheduler(schedulersKey, recordKey, name, instance, nowMs, leaseMs, staleMs)
if other then return { 'taken', other.lastBeat or '', other.leftMs } end
writeScheduler(schedulersKey, recordKey, name, instance, nowMs, ttlS, { unpack(ARGV, 6) })
return { 'registered', '', 0 }`,
  ),
}

/**
 * List the live cron schedulers, longest without a heartbeat first. Dead ones are dropped from the set.
 *
 * Keys: schedulers (rq:cron_schedulers)
 *
 * Reply: names, each followed by its last heartbeat in epoch seconds
 */
export const cronSchedulers: Script<
  [schedulers: string],
  [
    staleS: number,
  ],
  string[]
> = {
  name: 'cron_schedulers',
  sha: 'c34a0cb98c9c448ef37f0e4a4f9c6b7bee71315f',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_TIME,
    String.raw`local schedulersKey = KEYS[1]
local staleS = tonumber(ARGV[1])
local _, nowMs = clock()
redis.call('ZREMRANGEBYSCORE', schedulersKey, 0, score(nowMs - staleS * 1000))
return redis.call('ZRANGE', schedulersKey, 0, -1, 'WITHSCORES')`,
  ),
}

/**
 * Enqueue the job of a tick of cron, unless the tick was decided already, is not due, or the cron job is paused.
 *
 * Keys: queues (rq:queues), state (rq:cron_state:<c>), history (rq:cron_job:<c>:jobs)
 *
 * Reply: tick: the last one decided, or empty; nowMs: Redis's time. Both in ms.
 */
export const cronTick: Script<
  [queues: string, state: string, history: string],
  [
    prefix: string,
    stamp: string,
    slot: string,
    tick: number | '',
    latest: number | '',
    overlap: string,
    job: Uint8Array,
  ],
  [answer: 'enqueued' | 'taken' | 'paused' | 'overlap' | 'duplicate' | 'cycle' | 'too_many' | 'early', tick: string, nowMs: number]
> = {
  name: 'cron_tick',
  sha: '5a3fd8b59d337834d2f4ec0929d620bdd0b79396',
  keyCount: 3,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua`,
    LIB_TIME,
    LIB_ENQUEUE_BATCH,
    LIB_ATTEMPT,
    LIB_EXPIRING,
    LIB_LEASE,
    LIB_PUSH,
    LIB_RATE_LIMIT,
    LIB_HELD_SLOT,
    LIB_PLACE,
    LIB_REGISTRIES,
    LIB_RESULTS,
    LIB_SCHEDULE,
    String.raw`local endMessages
local function make_messages()`,
    LIB_MESSAGES,
    String.raw`return endMessages
end
function endMessages(...)
  endMessages = make_messages()
  return endMessages(...)
end`,
    String.raw`local hasToWait, waitFor, reaches, leaveDependencies
local function make_dependencies()`,
    LIB_OLDER_STATUS,
    LIB_DEPENDENCIES,
    String.raw`return hasToWait, waitFor, reaches, leaveDependencies
end
function hasToWait(...)
  hasToWait, waitFor, reaches, leaveDependencies = make_dependencies()
  return hasToWait(...)
end
function waitFor(...)
  hasToWait, waitFor, reaches, leaveDependencies = make_dependencies()
  return waitFor(...)
end
function reaches(...)
  hasToWait, waitFor, reaches, leaveDependencies = make_dependencies()
  return reaches(...)
end
function leaveDependencies(...)
  hasToWait, waitFor, reaches, leaveDependencies = make_dependencies()
  return leaveDependencies(...)
end`,
    String.raw`local findOther, removeJob, takeUniqueKey
local function make_take_unique_key()`,
    LIB_OLDER_STATUS,
    LIB_DEPENDENCIES,
    LIB_MESSAGES,
    LIB_WAITERS,
    LIB_REMOVE_JOB,
    LIB_UNIQUE_KEY,
    LIB_TAKE_UNIQUE_KEY,
    String.raw`return findOther, removeJob, takeUniqueKey
end
function findOther(...)
  findOther, removeJob, takeUniqueKey = make_take_unique_key()
  return findOther(...)
end
function removeJob(...)
  findOther, removeJob, takeUniqueKey = make_take_unique_key()
  return removeJob(...)
end
function takeUniqueKey(...)
  findOther, removeJob, takeUniqueKey = make_take_unique_key()
  return takeUniqueKey(...)
end`,
    LIB_ENQUEUE_ANY,
    LIB_ENQUEUE,
    LIB_HISTORY,
    LIB_CRON,
    String.raw`local queuesKey, stateKey, historyKey = KEYS[1], KEYS[2], KEYS[3]
local prefix, stamp, slot, tick, latest, overlap = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local job = cmsgpack.unpack(ARGV[7])
local _, nowMs = clock()
local state = redis.call('HMGET', stateKey, 'tick' .. slot, 'paused', 'resumed')
local decided = readMs(state[1]) and state[1] or ''
if tick ~= '' then
  if tonumber(tick) > nowMs then return { 'early', decided, nowMs } end
  if decided ~= '' and tonumber(decided) > tonumber(latest) then return { 'taken', decided, nowMs } end
  local resumed = readMs(state[3])
  if resumed and tonumber(tick) <= resumed then return { 'taken', decided, nowMs } end
  if state[2] then return { 'paused', decided, nowMs } end
  redis.call('HSET', stateKey, 'tick' .. slot, tick)
  redis.call('EXPIRE', stateKey, YEAR_S)
  if overlap ~= 'allow' and isRunning(prefix, historyKey, overlap) then return { 'overlap', tick, nowMs } end
end
local answers, id = enqueueAll(prefix, queuesKey, stamp, job)
local answer = answers[1]
if answer ~= 'duplicate' and answer ~= 'cycle' and answer ~= 'too_many' then
  remember(historyKey, id, nowMs)
  answer = 'enqueued'
end
return { answer, tick ~= '' and tick or decided, nowMs }`,
  ),
}

/**
 * Remove a cron scheduler from the list, unless the record is not its own. The record can be read a little longer.
 *
 * Keys: schedulers (rq:cron_schedulers), record (rq:cron_scheduler:<s>)
 *
 * Reply: 1 if the record was its own
 */
export const cronUnregister: Script<
  [schedulers: string, record: string],
  [
    name: string,
    instance: string,
    ttlS: number,
  ],
  0 | 1
> = {
  name: 'cron_unregister',
  sha: '2e8165201eebe69eb04f96eb27e8276f257e8823',
  keyCount: 2,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    String.raw`local schedulersKey, recordKey = KEYS[1], KEYS[2]
local name, instance, ttlS = ARGV[1], ARGV[2], ARGV[3]
if attempt('HGET', recordKey, 'instance') ~= instance then return 0 end
attempt('ZREM', schedulersKey, name)
redis.call('EXPIRE', recordKey, ttlS)
redis.call('HDEL', recordKey, 'instance')
return 1`,
  ),
}

/**
 * Delete a job and everything that belongs to it alone.
 *
 * Keys: job (rq:job:<id>)
 *
 * Reply: more: there are more dependents, and the job itself is still there
 */
export const deleteJob: Script<
  [job: string],
  [
    prefix: string,
    id: string,
    stamp: string,
    mostDependents: number,
  ],
  'done' | 'missing' | 'more'
> = {
  name: 'delete_job',
  sha: 'fc1ab0cf58d1993bc4f22a3a64d5947424d00afa',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    LIB_LEASE,
    LIB_OLDER_STATUS,
    LIB_EXPIRING,
    LIB_TIME,
    LIB_SCHEDULE,
    LIB_DEPENDENCIES,
    LIB_PUSH,
    LIB_RATE_LIMIT,
    LIB_HELD_SLOT,
    LIB_MESSAGES,
    LIB_REGISTRIES,
    LIB_WAITERS,
    LIB_REMOVE_JOB,
    String.raw`local jobKey = KEYS[1]
local prefix, id, stamp, mostDependents = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local function isDependent(other)
  if attempt('SISMEMBER', prefix .. 'job::' .. other .. ':dependencies', id) == 1 then return true end
  local listed = redis.pcall('HMGET', prefix .. 'job:' .. other, 'dependency_id', 'dependency_ids')
  return listed[1] == id or (listed[2] and string.find(listed[2], '"' .. id .. '"', 1, true))
end
if redis.call('EXISTS', jobKey) == 0 then return 'missing' end
local left = mostDependents
for _, key in ipairs({ prefix .. 'releasing:' .. id, jobKey .. ':dependents' }) do
  if left ~= 0 then
    local children = attempt('SPOP', key, left > 0 and left or attempt('SCARD', key) or 0) or {}
    for _, child in ipairs(children) do
      if isDependent(child) then removeJob(prefix, child, stamp) end
    end
    if left > 0 then left = left - #children end
  end
end
if mostDependents > 0 and left == 0 then return 'more' end
if mostDependents ~= 0 then attempt('HDEL', prefix .. 'releasing', id) end
removeJob(prefix, id, stamp)
return 'done'`,
  ),
}

/**
 * Delete the oldest ended jobs of a kind that are more than their queue keeps, some of them.
 *
 * Keys: registry (rq:failed:<q>)
 *
 * Reply: how many are still too many
 */
export const deleteOldest: Script<
  [registry: string],
  [
    prefix: string,
    queue: string,
    kind: string,
    most: number,
    stamp: string,
  ],
  number
> = {
  name: 'delete_oldest',
  sha: '0ecb624da964f0580ca10f8f227fa6da217bf5bf',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    LIB_LEASE,
    LIB_OLDER_STATUS,
    LIB_EXPIRING,
    LIB_TIME,
    LIB_SCHEDULE,
    LIB_DEPENDENCIES,
    LIB_PUSH,
    LIB_RATE_LIMIT,
    LIB_HELD_SLOT,
    LIB_MESSAGES,
    LIB_REGISTRIES,
    LIB_WAITERS,
    LIB_REMOVE_JOB,
    LIB_NEWEST,
    String.raw`local prefix, queue, kind, most, stamp = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local limit = limitsOf(prefix, queue)[kind]
if not limit then return 0 end
return deleteOldest(prefix, queue, kind, limit, most, stamp)`,
  ),
}

/**
 * Queue jobs that a Python worker found ready and left behind (RQ's ready registry).
 *
 * Keys: ready (rq:ready:<q>)
 *
 * Reply: number of entries removed
 */
export const drainReady: Script<
  [ready: string],
  [
    prefix: string,
    queue: string,
    stamp: string,
    most: number,
  ],
  number
> = {
  name: 'drain_ready',
  sha: '327386e06ba4e045e88fe8d4a5d549fe774af3f0',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    LIB_BROKEN,
    LIB_LEASE,
    LIB_PUSH,
    LIB_TIME,
    LIB_RATE_LIMIT,
    LIB_PLACE,
    LIB_EXPIRING,
    LIB_SCHEDULE,
    LIB_READY,
    String.raw`local prefix, queue, stamp, most = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
return drainReady(prefix, queue, '+inf', most, stamp)`,
  ),
}

/**
 * Take the slots of a rate limit from jobs that are gone or over, drop waiting jobs that cannot use one, and admit the next ones.
 *
 * Keys: limits (rq:rl-keys)
 *
 * Reply: number of slots freed
 */
export const dropDeadSlots: Script<
  [limits: string],
  [
    prefix: string,
    limit: string,
    stamp: string,
    first: number,
    last: number,
  ],
  number
> = {
  name: 'drop_dead_slots',
  sha: '48a1f0addd85fb548683a01877daf14ffeb41d11',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_TIME,
    LIB_ATTEMPT,
    LIB_LEASE,
    LIB_OLDER_STATUS,
    LIB_PUSH,
    LIB_RATE_LIMIT,
    String.raw`local limitsKey = KEYS[1]
local prefix, limit, stamp, first, last = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local MOST_CHECKED = 1000
local key = prefix .. 'rl:' .. limit
local freed = freeDeadSlots(prefix, limit, first, last)
for _, id in ipairs(attempt('ZRANGE', key .. ':rate_limited', 0, MOST_CHECKED - 1) or {}) do
  local job = redis.pcall('HMGET', prefix .. 'job:' .. id, 'status', 'rate_limit_key', 'origin')
  local waits = job[2] == limit and (job[1] == 'rate_limited'
    or (job[3] and not attempt('ZSCORE', key .. ':allowed', id)
      and not isTrueStatus(prefix, id, job[1] or 'created', job[3])))
  if not waits then redis.call('ZREM', key .. ':rate_limited', id) end
end
local slots = slotsOf(prefix, limit)
if slots then guard(fillSlots, prefix, limit, slots, stamp) end
if redis.call('EXISTS', key .. ':allowed', key .. ':rate_limited') == 0 then
  redis.call('DEL', key)
  redis.call('SREM', limitsKey, limit)
end
return freed`,
  ),
}

/**
 * Drop workers whose record is gone from a set of workers: they died without unregistering.
 *
 * Keys: workers (rq:workers)
 *
 * Reply: number of workers dropped
 */
export const dropDeadWorkers: Script<
  [workers: string],
  [
    ...members: string[],
  ],
  number
> = {
  name: 'drop_dead_workers',
  sha: '049cda5c554cac69a35298e0abdc3447ec62d609',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    String.raw`local workersKey = KEYS[1]
local dropped = 0
for _, key in ipairs(ARGV) do
  if redis.call('EXISTS', key) == 0 then dropped = dropped + redis.call('SREM', workersKey, key) end
end
return dropped`,
  ),
}

/**
 * Drop entries of a registry that have expired, a page of them.
 *
 * Keys: registry (rq:finished:<q>)
 *
 * Reply: number of entries dropped; `most`: there may be more
 */
export const dropExpired: Script<
  [registry: string],
  [
    most: number,
  ],
  number
> = {
  name: 'drop_expired',
  sha: '8d9dc11e11efb2b291551371446b07e51b574f70',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    String.raw`local registryKey = KEYS[1]
local most = tonumber(ARGV[1])
local expired = math.min(most, redis.call('ZCOUNT', registryKey, 0, redis.call('TIME')[1]))
if expired == 0 then return 0 end
local first = redis.call('ZCOUNT', registryKey, '-inf', '(0')
return redis.call('ZREMRANGEBYRANK', registryKey, first, first + expired - 1)`,
  ),
}

/**
 * Forget jobs that waited and might expire, and whose time is over or whose note cannot be read. What was left of their ids in lists is removed by now.
 *
 * Keys: expiring (rq:expiring)
 *
 * Reply: number of jobs forgotten
 */
export const dropLeftOver: Script<
  [expiring: string],
  [
    prefix: string,
    ...ids: string[],
  ],
  number
> = {
  name: 'drop_left_over',
  sha: '28bec1633752ccb59a70adb0964021116666bbe4',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_EXPIRING,
    LIB_TIME,
    String.raw`local prefix = ARGV[1]
local function isRemoved(id, queue, limit)
  if limit then redis.pcall('ZREM', prefix .. 'rl:' .. limit .. ':rate_limited', id) end
  return not redis.pcall('ZSCORE', prefix .. 'scheduled:' .. queue, id)
end
local _, nowMs = clock()
local forgotten = 0
for at = 2, #ARGV do
  local id = ARGV[at]
  local expiresMs, queue, limit = readExpiring(prefix, id)
  local isOver = expiresMs and expiresMs <= nowMs
    and (redis.call('EXISTS', prefix .. 'job:' .. id) == 1 or isRemoved(id, queue, limit))
  if isOver or not expiresMs then
    forgetExpiring(prefix, id)
    forgotten = forgotten + 1
  end
end
return forgotten`,
  ),
}

/**
 * Drop entries of a registry whose job is gone. Those whose key is of another type are set aside.
 *
 * Keys: registry (rq:failed:<q>)
 *
 * Reply: number of entries dropped
 */
export const dropOrphans: Script<
  [registry: string],
  [
    prefix: string,
    queue: string,
    ...ids: string[],
  ],
  number
> = {
  name: 'drop_orphans',
  sha: '6533fa60981030a58e9552a4541bf9dab6ebb509',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    LIB_BROKEN,
    String.raw`local registryKey = KEYS[1]
local prefix, queue = ARGV[1], ARGV[2]
local dropped = 0
for at = 3, #ARGV do
  local id = ARGV[at]
  local kind = redis.call('TYPE', prefix .. 'job:' .. id).ok
  if kind ~= 'hash' then dropped = dropped + redis.call('ZREM', registryKey, id) end
  if kind ~= 'hash' and kind ~= 'none' then noteBroken(prefix, queue, id) end
end
return dropped`,
  ),
}

/**
 * Look at some of the unique keys of a queue, and drop those that no job holds.
 *
 * Keys: unique (rq:unique:<q>)
 *
 * Reply: cursor of the next call, 0 = that was all
 */
export const dropUniqueKeys: Script<
  [unique: string],
  [
    prefix: string,
    queue: string,
    cursor: string,
    most: number,
  ],
  string
> = {
  name: 'drop_unique_keys',
  sha: '8261f960980c392cb84bc6e7e6f6c7a2de2a27ad',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    LIB_TIME,
    LIB_UNIQUE_KEY,
    String.raw`local uniqueKey = KEYS[1]
local prefix, queue, cursor, most = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local page = attempt('HSCAN', uniqueKey, cursor, 'COUNT', most)
if not page then return '0' end
local _, nowMs = clock()
local entries = page[2]
for at = 1, #entries, 2 do
  local key, entry = entries[at], entries[at + 1]
  if not holderOf(prefix, queue, key, entry, nowMs) then redis.call('HDEL', uniqueKey, key) end
end
return page[1]`,
  ),
}

/**
 * Delete up to `most` waiting jobs of a queue, head first.
 *
 * Keys: queue (rq:queue:<q>)
 *
 * Reply: number of ids removed
 */
export const empty: Script<
  [queue: string],
  [
    prefix: string,
    most: number,
    stamp: string,
    forget: boolean,
  ],
  number
> = {
  name: 'empty',
  sha: '4089074f39924932160bcd7af26155e2d9c3fbc7',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    LIB_EXPIRING,
    LIB_MESSAGES,
    LIB_LEASE,
    LIB_PUSH,
    LIB_TIME,
    LIB_RATE_LIMIT,
    LIB_REGISTRIES,
    LIB_WAITERS,
    String.raw`local queueKey = KEYS[1]
local prefix, most, stamp, forget = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'
local ids = redis.call('LPOP', queueKey, most) or {}
for _, id in ipairs(ids) do
  local job = redis.pcall('HMGET', prefix .. 'job:' .. id, 'group_id', 'rate_limit_key', 'status', 'waiters',
    'ttl', 'messages')
  if not job[3] or job[3] == 'queued' or job[3] == 'created' then
    wake(prefix, id, job[4])
    endMessages(prefix, id, job[6])
    erase(prefix, id, job[1])
    if job[5] then forgetExpiring(prefix, id) end
    if job[2] then releaseSlot(prefix, job[2], id, stamp) end
  end
end
if forget and redis.call('EXISTS', queueKey) == 0 then attempt('SREM', prefix .. 'queues', queueKey) end
return #ids`,
  ),
}

/**
 * Write jobs and put each in its place.
 *
 * Keys: queues (rq:queues)
 *
 * Reply: an answer for each job, for one whose unique key another one holds with the id of that; or the number of jobs, when all are queued
 */
export const enqueue: Script<
  [queues: string],
  [
    prefix: string,
    stamp: string,
    jobs: Uint8Array,
    traits: number,
    ...waiter: string[],
  ],
  number | ('queued' | 'deferred' | 'scheduled' | 'rate_limited' | 'started' | 'duplicate' | 'cycle' | 'too_many' | (`duplicate ${string}`))[]
> = {
  name: 'enqueue',
  sha: '894734e95be18c45c8f9d0906f98df76921d8639',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua`,
    String.raw`local queuesKey = KEYS[1]
local prefix, stamp, jobs, traits, waiter = ARGV[1], ARGV[2], cmsgpack.unpack(ARGV[3]), ARGV[4], ARGV[5]
local keys, count = {}, 0
if traits == '3' or traits == '1' then
  for at = 1, #jobs, 6 do
    count = count + 1
    keys[count] = prefix .. 'job:' .. jobs[at]
  end
end
local found = 1
if traits == '3' then
  found = redis.call('EXISTS', unpack(keys))
elseif traits == '1' then
  local expiring = prefix .. 'expiring'
  keys[count + 1] = expiring
  found = redis.call('EXISTS', unpack(keys))
  if found == 1 and redis.call('EXISTS', expiring) == 1 then
    local ids = {}
    for n = 1, count do ids[n] = jobs[6 * n - 5] end
    found = 0
    for _, note in ipairs(redis.pcall('HMGET', expiring, unpack(ids))) do
      if note then found = 1 end
    end
  end
end
local pushed = {}
local function pushWritten(queue, last, ids)
  local list = prefix .. 'queue:' .. queue
  local answer = redis.pcall('RPUSH', list, unpack(ids))
  if type(answer) == 'number' then
    pushed[#pushed + 1] = { list, #ids }
    return nil
  end
  for at = #pushed, 1, -1 do redis.call('RPOP', unpack(pushed[at])) end
  redis.call('UNLINK', unpack(keys, 1, last))
  return answer
end
if found == 0 then
  local queue, ready = nil, {}
  for n = 1, count do
    local id, itsQueue, createdAt, data, description, timeout = unpack(jobs, 6 * n - 5, 6 * n)
    if itsQueue ~= queue then
      local fault = queue and pushWritten(queue, n - 1, ready)
      if fault then return fault end
      queue, ready = itsQueue, {}
      redis.call('SADD', queuesKey, prefix .. 'queue:' .. queue)
    end
    redis.call('HSET', keys[n], 'status', 'queued', 'enqueued_at', stamp, 'created_at', createdAt, 'data', data,
      'origin', queue, 'last_heartbeat', '', 'description', description, 'timeout', timeout)
    ready[#ready + 1] = id
  end
  if waiter then
    for n = 1, count do redis.call('HSET', keys[n], 'waiters', waiter) end
  end
  return pushWritten(queue, count, ready) or count
end`,
    LIB_TIME,
    LIB_ENQUEUE_BATCH,
    LIB_ATTEMPT,
    LIB_EXPIRING,
    LIB_LEASE,
    LIB_PUSH,
    LIB_RATE_LIMIT,
    LIB_HELD_SLOT,
    LIB_PLACE,
    LIB_REGISTRIES,
    LIB_RESULTS,
    LIB_SCHEDULE,
    String.raw`local endMessages
local function make_messages()`,
    LIB_MESSAGES,
    String.raw`return endMessages
end
function endMessages(...)
  endMessages = make_messages()
  return endMessages(...)
end`,
    String.raw`local hasToWait, waitFor, reaches, leaveDependencies
local function make_dependencies()`,
    LIB_OLDER_STATUS,
    LIB_DEPENDENCIES,
    String.raw`return hasToWait, waitFor, reaches, leaveDependencies
end
function hasToWait(...)
  hasToWait, waitFor, reaches, leaveDependencies = make_dependencies()
  return hasToWait(...)
end
function waitFor(...)
  hasToWait, waitFor, reaches, leaveDependencies = make_dependencies()
  return waitFor(...)
end
function reaches(...)
  hasToWait, waitFor, reaches, leaveDependencies = make_dependencies()
  return reaches(...)
end
function leaveDependencies(...)
  hasToWait, waitFor, reaches, leaveDependencies = make_dependencies()
  return leaveDependencies(...)
end`,
    String.raw`local findOther, removeJob, takeUniqueKey
local function make_take_unique_key()`,
    LIB_OLDER_STATUS,
    LIB_DEPENDENCIES,
    LIB_MESSAGES,
    LIB_WAITERS,
    LIB_REMOVE_JOB,
    LIB_UNIQUE_KEY,
    LIB_TAKE_UNIQUE_KEY,
    String.raw`return findOther, removeJob, takeUniqueKey
end
function findOther(...)
  findOther, removeJob, takeUniqueKey = make_take_unique_key()
  return findOther(...)
end
function removeJob(...)
  findOther, removeJob, takeUniqueKey = make_take_unique_key()
  return removeJob(...)
end
function takeUniqueKey(...)
  findOther, removeJob, takeUniqueKey = make_take_unique_key()
  return takeUniqueKey(...)
end`,
    LIB_ENQUEUE_ANY,
    LIB_ENQUEUE,
    String.raw`return enqueueAll(prefix, queuesKey, stamp, jobs, tonumber(traits) >= 2)`,
  ),
}

/**
 * Enqueue one plain job whose id no job has had, as most calls do: what the script enqueue does with it, without what that does for others. Writes nothing if there is such a job: then this call was sent twice, or an id was made twice.
 *
 * Keys: queues (rq:queues)
 *
 * Reply: whether it is queued
 */
export const enqueuePlain: Script<
  [queues: string],
  [
    prefix: string,
    stamp: string,
    id: string,
    queue: string,
    createdAt: string,
    data: string | Uint8Array,
    description: string,
    timeout: number,
    ...waiter: string[],
  ],
  0 | 1
> = {
  name: 'enqueue_plain',
  sha: '47eea3a7decd06b77dfd1b572a13c8d598a3e667',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua`,
    String.raw`local queuesKey = KEYS[1]
local prefix, id, queue, waiter = ARGV[1], ARGV[3], ARGV[4], ARGV[9]
local call, key, list = redis.call, prefix .. 'job:' .. id, prefix .. 'queue:' .. queue
if call('EXISTS', key) == 1 then return 0 end
call('SADD', queuesKey, list)
local answer = redis.pcall('RPUSH', list, id)
if type(answer) == 'table' then return answer end
call('HSET', key, 'status', 'queued', 'enqueued_at', ARGV[2], 'created_at', ARGV[5], 'data', ARGV[6],
  'origin', queue, 'last_heartbeat', '', 'description', ARGV[7], 'timeout', ARGV[8])
if waiter then call('HSET', key, 'waiters', waiter) end
return 1`,
  ),
}

/**
 * Read everything that decides whether a job will run.
 *
 * Keys: job (rq:job:<id>)
 *
 * Reply: empty if there is no such job; else names and values of its hash (see lib/fields), its index in its queue, when it is due in epoch seconds, whether workers are suspended, whether its queue is paused, number of workers of its queue, how many of them have paused it, names of the others that hold it back by their canClaim, each followed by why and since when, ids of its dependencies each followed by a status or '', holders of the slots of its rate limit, number of jobs that wait for a slot before it, whether release_dependents has to check it still, whether a scheduler leads its queue, the time, why the store refused the end of its last run if it was set aside
 */
export const explain: Script<
  [job: string],
  [
    prefix: string,
    id: string,
  ],
  [] | [ fields: Buffer[], position: number | null, due: Buffer | null, suspended: 0 | 1, paused: 0 | 1, workers: number, pausedWorkers: number, heldBy: Buffer[], dependencies: Buffer[], slotHolders: Buffer[], waitingBefore: number | null, releasing: 0 | 1, hasScheduler: 0 | 1, nowMs: number, refusal: Buffer | null]
> = {
  name: 'explain',
  sha: '0c6476b73be32ffec41ff23000ccf970daa49cbf',
  keyCount: 1,
  repliesInBytes: true,
  lua: joined(
    String.raw`#!lua flags=no-writes`,
    LIB_ATTEMPT,
    LIB_FAULT,
    LIB_FIELDS,
    LIB_PAUSED,
    LIB_TIME,
    String.raw`local jobKey = KEYS[1]
local prefix, id = ARGV[1], ARGV[2]
local MOST_READ = 250
local LARGEST = 1024 * 1024
if redis.call('HEXISTS', jobKey, 'data') == 0 then return {} end
local fields = readFields(jobKey, LARGEST)
local job = redis.call('HMGET', jobKey, 'origin', 'rate_limit_key')
local queue, limit = job[1] or '', job[2]
local _, nowMs = clock()
local dependencies, releasing = {}, attempt('HEXISTS', prefix .. 'unchecked', id) or 0
for _, dependency in ipairs(attempt('SRANDMEMBER', prefix .. 'job::' .. id .. ':dependencies', MOST_READ) or {}) do
  local key = prefix .. 'job:' .. dependency
  local status = attempt('HGET', key, 'status') or (redis.call('EXISTS', key) == 1 and 'created') or ''
  dependencies[#dependencies + 1] = dependency
  dependencies[#dependencies + 1] = status
  releasing = math.max(releasing, attempt('SISMEMBER', prefix .. 'releasing:' .. dependency, id) or 0)
end
local function heldSince(held)
  for reason, since, name in string.gmatch(held or '', '(%l+):(%d+):([^,]+)') do
    if name == queue then return reason, since end
  end
end
local pausedWorkers, heldBy = 0, {}
for _, key in ipairs(attempt('SRANDMEMBER', prefix .. 'workers:' .. queue, MOST_READ) or {}) do
  local holds = attempt('HMGET', key, 'paused', 'held') or {}
  local reason, since = heldSince(holds[2])
  if isPaused(holds[1], queue) then
    pausedWorkers = pausedWorkers + 1
  elseif reason then
    heldBy[#heldBy + 1] = string.sub(key, #prefix + #'worker:' + 1)
    heldBy[#heldBy + 1] = reason
    heldBy[#heldBy + 1] = since
  end
end
local _, refusal = faultOf(prefix, id, attempt('HGET', prefix .. 'refused:' .. queue, id))
return {
  fields,
  attempt('LPOS', prefix .. 'queue:' .. queue, id) or false,
  attempt('ZSCORE', prefix .. 'scheduled:' .. queue, id) or false,
  redis.call('EXISTS', prefix .. 'suspended'),
  redis.call('EXISTS', prefix .. 'paused:' .. queue),
  attempt('SCARD', prefix .. 'workers:' .. queue) or 0,
  pausedWorkers,
  heldBy,
  dependencies,
  limit and attempt('ZRANGE', prefix .. 'rl:' .. limit .. ':allowed', 0, MOST_READ - 1) or {},
  limit and attempt('ZRANK', prefix .. 'rl:' .. limit .. ':rate_limited', id) or false,
  releasing,
  redis.call('EXISTS', prefix .. 'scheduler-lock:' .. queue),
  nowMs,
  refusal ~= '' and refusal or false,
}`,
  ),
}

/**
 * Read jobs, without values that are too large for their reader. Ends when it has read 8 MB, so that no call blocks Redis for long; the first job is always read.
 *
 * Keys: first (rq:job:<id>)
 *
 * Reply: of as many jobs as were read, names and values of the hash; empty if there is no such job, or its key is no hash. Of each value that was left out: the index of the job, name, bytes
 */
export const fetch: Script<
  [first: string],
  [
    prefix: string,
    largest: number,
    ...ids: string[],
  ],
  [jobs: Buffer[][], leftOut: Buffer[]]
> = {
  name: 'fetch',
  sha: '936b656edaf9376c9ea191279a5cf848a4bab2ae',
  keyCount: 1,
  repliesInBytes: true,
  lua: joined(
    String.raw`#!lua flags=no-writes`,
    LIB_FIELDS,
    String.raw`local prefix, largest = ARGV[1], tonumber(ARGV[2])
local MOST_READ = 8 * 1024 * 1024
local jobs, leftOut, read = {}, {}, 0
for at = 3, #ARGV do
  local key = prefix .. 'job:' .. ARGV[at]
  local n = #jobs + 1
  if redis.call('TYPE', key).ok ~= 'hash' then
    jobs[n] = {}
  else
    local fields, bytes, without = readShown(key, largest)
    jobs[n] = fields
    for of = 1, without and #without or 0, 2 do
      local last = #leftOut
      leftOut[last + 1], leftOut[last + 2], leftOut[last + 3] = tostring(n - 1), without[of], tostring(without[of + 1])
    end
    read = read + bytes
    if read > MOST_READ then break end
  end
end
return { jobs, leftOut }`,
  ),
}

/**
 * Look at some of the jobs that wait and may expire, for those whose time is over.
 *
 * Keys: expiring (rq:expiring)
 *
 * Reply: cursor of the next call, 0 = that was all; queues whose lists may hold ids of such jobs that are gone; ids of all whose time is over, or whose note cannot be read
 */
export const findLeftOver: Script<
  [expiring: string],
  [
    prefix: string,
    cursor: string,
    most: number,
  ],
  [next: string, queues: string[], ids: string[]]
> = {
  name: 'find_left_over',
  sha: '44925654c113186fb13075499d2111bd34a19b79',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=no-writes`,
    LIB_EXPIRING,
    LIB_TIME,
    String.raw`local expiringKey = KEYS[1]
local prefix, cursor, most = ARGV[1], ARGV[2], ARGV[3]
local _, nowMs = clock()
local page = redis.pcall('HSCAN', expiringKey, cursor, 'COUNT', most)
if page.err then return { '0', {}, {} } end
local notes, queues, ids, isListed = page[2], {}, {}, {}
for at = 1, #notes, 2 do
  local id = notes[at]
  local expiresMs, queue = parseNote(notes[at + 1])
  if not expiresMs or expiresMs <= nowMs then
    ids[#ids + 1] = id
    if expiresMs and not isListed[queue] and redis.call('EXISTS', prefix .. 'job:' .. id) == 0
      and redis.call('TYPE', prefix .. 'queue:' .. queue).ok == 'list' then
      isListed[queue] = true
      queues[#queues + 1] = queue
    end
  end
end
return { page[1], queues, ids }`,
  ),
}

/**
 * Find the entries of a part of a registry whose job is gone, or whose key is of another type.
 *
 * Keys: registry (rq:failed:<q>)
 *
 * Reply: their ids
 */
export const findOrphans: Script<
  [registry: string],
  [
    prefix: string,
    first: number,
    last: number,
  ],
  string[]
> = {
  name: 'find_orphans',
  sha: 'ad839f37aefaf9f49812f89ad7b4b83fba44ded7',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=no-writes`,
    String.raw`local registryKey = KEYS[1]
local prefix, first, last = ARGV[1], ARGV[2], ARGV[3]
local gone = {}
for _, id in ipairs(redis.call('ZRANGE', registryKey, first, last)) do
  if redis.call('TYPE', prefix .. 'job:' .. id).ok ~= 'hash' then gone[#gone + 1] = id end
end
return gone`,
  ),
}

/**
 * Find the queues in which `recover` has something to do, so that an idle worker makes one call for all of its queues.
 *
 * Keys: all (rq:queues)
 *
 * Reply: Redis's time in ms; 1 if Redis was paused or unreachable, and then nothing is found; the queues; those of all that are configured
 */
export const findRecoverable: Script<
  [all: string],
  [
    prefix: string,
    leaseMs: number,
    sentMs: number,
    ...queues: string[],
  ],
  [nowMs: number, stalled: 0 | 1, found: string[], configured: string[]]
> = {
  name: 'find_recoverable',
  sha: 'ef857331f960822bddf118f556e9a2de0d65ce0f',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=no-writes`,
    LIB_ATTEMPT,
    LIB_CONFIGURED,
    LIB_TIME,
    String.raw`local prefix, leaseMs, sentMs = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local FIRST = 4
local _, nowMs = clock()
local configured = configuredQueues(prefix, FIRST, #ARGV)
if sentMs > 0 and nowMs - sentMs > leaseMs / 3 then return { nowMs, 1, {}, configured } end
local function leftByPython(queue)
  return prefix .. 'queue:' .. queue .. ':intermediate', prefix .. 'stuck:' .. queue, prefix .. 'ready:' .. queue
end
local leases, left = {}, {}
for at = FIRST, #ARGV do
  leases[#leases + 1] = prefix .. 'wip:' .. ARGV[at]
  local list, stuck, ready = leftByPython(ARGV[at])
  left[#left + 1], left[#left + 2], left[#left + 3] = list, stuck, ready
end
local hasLeases = redis.call('EXISTS', unpack(leases)) > 0
local hasLeft = redis.call('EXISTS', unpack(left)) > 0
local function hasEnded(key)
  local ended = attempt('ZCOUNT', key, 0, leaseScore(nowMs))
  return not ended or ended > 0
end
local found = {}
for at = FIRST, #ARGV do
  local isFound = hasLeases and hasEnded(leases[at - FIRST + 1])
  if isFound or hasLeft and redis.call('EXISTS', leftByPython(ARGV[at])) > 0 then found[#found + 1] = ARGV[at] end
end
return { nowMs, 0, found, configured }`,
  ),
}

/**
 * Forget ids that were set aside, and with which nothing is wrong any more.
 *
 * Keys: broken (rq:broken:<q>), refused (rq:refused:<q>)
 *
 * Reply: number of ids forgotten
 */
export const forgetMended: Script<
  [broken: string, refused: string],
  [
    prefix: string,
  ],
  number
> = {
  name: 'forget_mended',
  sha: '3dea73e420530b87766b48d8a891e1b2e26971c7',
  keyCount: 2,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    LIB_FAULT,
    String.raw`local brokenKey, refusedKey = KEYS[1], KEYS[2]
local prefix = ARGV[1]
local forgotten = 0
for _, id in ipairs(redis.call('ZRANGE', brokenKey, 0, -1)) do
  if not faultOf(prefix, id, attempt('HGET', refusedKey, id)) then
    redis.call('ZREM', brokenKey, id)
    attempt('HDEL', refusedKey, id)
    forgotten = forgotten + 1
  end
end
return forgotten`,
  ),
}

/**
 * Put claimed jobs, started or not, back at the head of their queues, in the order given; no attempt is counted.
 *
 * Keys: queues (rq:queues)
 *
 * Reply: lost: the execution no longer owned the job
 */
export const giveBack: Script<
  [queues: string],
  [
    prefix: string,
    stamp: string,
    ...leases: string[],
  ],
  ('returned' | 'lost')[]
> = {
  name: 'give_back',
  sha: '30e9a2957fb3087ed5eb9f952d5a8aff6c01c2bb',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    LIB_PUSH,
    LIB_EXPIRING,
    LIB_TIME,
    LIB_SCHEDULE,
    String.raw`local freeHeldSlot
local function make_held_slot()`,
    LIB_LEASE,
    LIB_RATE_LIMIT,
    LIB_HELD_SLOT,
    String.raw`return freeHeldSlot
end
function freeHeldSlot(...)
  freeHeldSlot = make_held_slot()
  return freeHeldSlot(...)
end`,
    LIB_GIVE_BACK,
    String.raw`local prefix, stamp = ARGV[1], ARGV[2]
local answers = {}
for n = (#ARGV - 2) / 3, 1, -1 do
  local queue, id, execution = unpack(ARGV, 3 * n, 3 * n + 2)
  answers[n] = giveBack(prefix, queue, id, execution, stamp) and 'returned' or 'lost'
end
return answers`,
  ),
}

/**
 * Renew a worker's leases, and its record unless another instance has its name by now. Returns the leases that it has lost.
 *
 * Keys: workers (rq:workers)
 *
 * Reply: lost leases: each job id followed by its execution id; the worker's queues that are configured
 */
export const heartbeat: Script<
  [workers: string],
  [
    prefix: string,
    name: string,
    instance: string,
    stamp: string,
    ttlS: number,
    leaseMs: number,
    state: string,
    currentJob: string,
    keepState: boolean,
    queueCount: number,
    fieldCount: number,
    ...rest: ScriptArgument[],
  ],
  [name: 'held' | 'taken', lost: string[], configured: string[]]
> = {
  name: 'heartbeat',
  sha: 'fefa0189725b423aa7ca1aed832fd9fed3b5e20d',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_TIME,
    LIB_ATTEMPT,
    LIB_LEASE,
    LIB_WORKER_NAME,
    LIB_CONFIGURED,
    String.raw`local workersKey = KEYS[1]
local prefix, name, instance, stamp, ttlS, leaseMs = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local state, currentJob, keepState = ARGV[7], ARGV[8], ARGV[9] == '1'
local queueCount, fieldCount = tonumber(ARGV[10]), tonumber(ARGV[11])
local firstQueue, lastQueue = 12, 11 + queueCount
local firstField, lastField = lastQueue + 1, lastQueue + fieldCount
local nowS, nowMs = clock()
local key = prefix .. 'worker:' .. name
local function writeRecord()
  local isThere = attempt('HGET', key, 'instance') == instance
  if not isThere then
    redis.call('DEL', key)
    redis.call('HSET', key, unpack(ARGV, firstField, lastField))
    attempt('SADD', workersKey, key)
    for at = firstQueue, lastQueue do attempt('SADD', prefix .. 'workers:' .. ARGV[at], key) end
  end
  redis.call('HSET', key, 'last_heartbeat', stamp, 'alive_until', score(nowMs + leaseMs))
  redis.call('EXPIRE', key, ttlS)
  if isThere and keepState then return end
  redis.call('HSET', key, 'state', state)
  if currentJob == '' then
    redis.call('HDEL', key, 'current_job')
  else
    redis.call('HSET', key, 'current_job', currentJob)
  end
end
local isTaken = otherInstance(key, instance, nowMs) ~= nil
if not isTaken then writeRecord() end
local leaseEnds = leaseScore(nowMs + leaseMs)
local recordTtlS = math.ceil(leaseMs / 1000) + 60
local lost = {}
for at = lastField + 1, #ARGV, 3 do
  local queue, id, execution = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local jobKey = prefix .. 'job:' .. id
  local member = id .. ':' .. execution
  local held = redis.pcall('HMGET', jobKey, 'execution_id', 'status')
  local status = held[2]
  if owns(prefix, queue, id, execution, held[1], status) then
    if status ~= 'canceled' then
      attempt('ZADD', prefix .. 'wip:' .. queue, leaseEnds, member)
    else
      attempt('ZADD', prefix .. 'wip:' .. queue, 'XX', leaseEnds, member)
    end
    if status ~= 'started' and status ~= 'canceled' and not (status == 'queued' and isInQueue(prefix, queue, id)) then
      redis.call('HSET', jobKey, 'status', 'started')
    end
    redis.call('HSET', jobKey, 'last_heartbeat', stamp)
    local executionKey = prefix .. 'execution:' .. member
    local now = score(nowMs)
    if redis.call('EXISTS', executionKey) == 0 then
      attempt('HSET', executionKey, 'id', execution, 'job_id', id, 'created_at', now, 'worker_name', name)
    end
    attempt('HSET', executionKey, 'last_heartbeat', now)
    redis.call('EXPIRE', executionKey, recordTtlS)
    attempt('ZADD', prefix .. 'executions:' .. id, nowS + recordTtlS, execution)
    redis.call('EXPIRE', prefix .. 'executions:' .. id, recordTtlS)
    attempt('SADD', key .. ':executions', member)
    redis.call('EXPIRE', key .. ':executions', recordTtlS)
  else
    lost[#lost + 1] = id
    lost[#lost + 1] = execution
    if attempt('HEXISTS', prefix .. 'rl-held', member) == 1 then
      attempt('ZADD', prefix .. 'wip:' .. queue, 'XX', leaseEnds, member)
    else
      attempt('ZREM', prefix .. 'wip:' .. queue, member)
    end
  end
end
return { isTaken and 'taken' or 'held', lost, configuredQueues(prefix, firstQueue, lastQueue) }`,
  ),
}

/**
 * Lead the queues that no scheduler leads, and keep leading those led already: the locks live for one lease from now.
 *
 * Keys: scheduler (rq:scheduler:<s>)
 *
 * Reply: the queues that it leads; ms until the first lock of another one ends, at most leaseMs, which is also the answer when it leads all
 */
export const lead: Script<
  [scheduler: string],
  [
    prefix: string,
    name: string,
    leaseMs: number,
    stamp: string,
    recordTtlS: number,
    queueCount: number,
    ...rest: ScriptArgument[],
  ],
  [led: string[], freeInMs: number]
> = {
  name: 'lead',
  sha: '201736edca23d3c919c80ad7879fc987a9039866',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    String.raw`local schedulerKey = KEYS[1]
local prefix, name, leaseMs, stamp = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local recordTtlS, queueCount = ARGV[5], tonumber(ARGV[6])
local led, freeInMs = {}, tonumber(leaseMs)
for at = 7, 6 + queueCount do
  local lock = prefix .. 'scheduler-lock:' .. ARGV[at]
  local holder = attempt('GET', lock)
  if not holder or holder == name then
    redis.call('SET', lock, name, 'PX', leaseMs)
    led[#led + 1] = ARGV[at]
  else
    local leftMs = redis.call('PTTL', lock)
    if leftMs >= 0 and leftMs < freeInMs then freeInMs = leftMs end
  end
end
if #led > 0 then
  local isWritten = attempt('HSET', schedulerKey, 'last_heartbeat', stamp, unpack(ARGV, 7 + queueCount))
  if not isWritten then
    redis.call('DEL', schedulerKey)
    redis.call('HSET', schedulerKey, 'last_heartbeat', stamp, unpack(ARGV, 7 + queueCount))
  end
  redis.call('EXPIRE', schedulerKey, recordTtlS)
end
return { led, freeInMs }`,
  ),
}

/**
 * Read the leases of a job.
 *
 * Keys: wip (rq:wip:<q>), job (rq:job:<id>), executions (rq:executions:<id>)
 *
 * Reply: execution ids (empty in versions of Python RQ without executions), each followed by the end of its lease in epoch seconds
 */
export const leases: Script<
  [wip: string, job: string, executions: string],
  [
    id: string,
  ],
  string[]
> = {
  name: 'leases',
  sha: '5dc5dadda54fcb036e23a4401e7405ea6a306e39',
  keyCount: 3,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=no-writes`,
    LIB_TIME,
    String.raw`local wipKey, jobKey, executionsKey = KEYS[1], KEYS[2], KEYS[3]
local id = ARGV[1]
local own = redis.call('HGET', jobKey, 'execution_id')
local found = {}
local function append(execution, member)
  local ends = redis.call('ZSCORE', wipKey, member)
  if not ends then return end
  local slackMs = execution == own and PYTHON_SLACK_MS or 0
  found[#found + 1] = execution
  found[#found + 1] = score(tonumber(ends) * 1000 - slackMs)
end
if own then append(own, id .. ':' .. own) end
for _, execution in ipairs(redis.call('ZRANGE', executionsKey, 0, -1)) do
  if execution ~= own then append(execution, id .. ':' .. execution) end
end
append('', id)
return found`,
  ),
}

/**
 * Take the turn to tidy what no other worker has tidied for an interval, and keep a turn for another interval: queues, and what all queues share.
 *
 * Keys: shared (rq:maintenance)
 *
 * Reply: whether it is the caller's turn to tidy what is shared; and which queues
 */
export const maintenanceTurn: Script<
  [shared: string],
  [
    prefix: string,
    instance: string,
    forMs: number,
    ...queues: string[],
  ],
  [shared: 0 | 1, queues: string[]]
> = {
  name: 'maintenance_turn',
  sha: '7f05f69ff1201bfc4cd8b2e46df6fb1de45e7715',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    String.raw`local sharedKey = KEYS[1]
local prefix, instance, forMs = ARGV[1], ARGV[2], ARGV[3]
local function take(key)
  local holder = attempt('GET', key)
  if holder and holder ~= instance then return false end
  redis.call('SET', key, instance, 'PX', forMs)
  return true
end
local taken = {}
for at = 4, #ARGV do
  if take(prefix .. 'maintenance:' .. ARGV[at]) then taken[#taken + 1] = ARGV[at] end
end
return { take(sharedKey) and 1 or 0, taken }`,
  ),
}

/**
 * Find out what the user of this connection may not do. No command is run.
 *
 * Keys: queues (rq:queues)
 *
 * Reply: the names of those that it may not send; `publish`, or channels such as `&rq:notify:*` that it may not use; null if the server cannot say
 */
export const missingRights: Script<
  [queues: string],
  [
    prefix: string,
    key: string,
    ...calls: string[],
  ],
  string[] | null
> = {
  name: 'missing_rights',
  sha: 'ffde76054da227314a050c646ca960d7e67aa79a',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=no-writes`,
    String.raw`local prefix, key = ARGV[1], ARGV[2]
if not redis.acl_check_cmd then return false end
local function isAllowed(...)
  local isKnown, allowed = pcall(redis.acl_check_cmd, ...)
  return isKnown and allowed
end
local missing = {}
for at = 3, #ARGV do
  local name, rest = string.match(ARGV[at], '^([^/]+)/?(.*)$')
  local words = {}
  for word in string.gmatch(name .. ' ' .. rest, '%S+') do words[#words + 1] = word == '%k' and key or word end
  if not isAllowed(unpack(words)) then missing[#missing + 1] = name end
end
local channels = {}
for _, kind in ipairs({ 'notify', 'events', 'listeners', 'pubsub' }) do
  local start = prefix .. kind .. ':'
  if not isAllowed('publish', start .. 'x', 'x') then channels[#channels + 1] = '&' .. start .. '*' end
end
if #channels == 4 then channels = { 'publish' } end
for _, right in ipairs(channels) do missing[#missing + 1] = right end
return missing`,
  ),
}

/**
 * Read which functions the schedules of a queue enqueue, and which jobs its workers know by name. Of very many, some.
 *
 * Keys: workers (rq:workers:<q>)
 *
 * Reply: name and function of each schedule that has a next tick, soonest first; how many workers the queue has; of workers whose record is there, name and `job_names`, empty for one that shows none
 */
export const namesInUse: Script<
  [workers: string],
  [
    prefix: string,
    queue: string,
  ],
  [schedules: string[], workers: number, shown: string[]]
> = {
  name: 'names_in_use',
  sha: '0843a1f5eaa65fd43bcc5f97a7d67ebe1e3ffbf5',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=no-writes`,
    LIB_ATTEMPT,
    String.raw`local workersKey = KEYS[1]
local prefix, queue = ARGV[1], ARGV[2]
local MOST_READ = 250
local schedules, shown = {}, {}
for _, name in ipairs(attempt('ZRANGE', prefix .. 'schedules:' .. queue, 0, MOST_READ - 1) or {}) do
  schedules[#schedules + 1] = name
  schedules[#schedules + 1] = attempt('HGET', prefix .. 'schedule:' .. name, 'func') or ''
end
local workers = attempt('SCARD', workersKey) or 0
for _, key in ipairs(attempt('SRANDMEMBER', workersKey, MOST_READ) or {}) do
  if attempt('HEXISTS', key, 'birth') == 1 then
    shown[#shown + 1] = string.sub(key, #(prefix .. 'worker:') + 1)
    shown[#shown + 1] = attempt('HGET', key, 'job_names') or ''
  else
    workers = workers - 1
  end
end
return { schedules, workers, shown }`,
  ),
}

/**
 * Bring the order in which the jobs of a registry ended into line with it, a page of both: add those that another program has listed there, or that ended before the queue had a limit, and drop those that are there no longer.
 *
 * Keys: registry (rq:failed:<q>)
 *
 * Reply: unlimited: the queue has no limit for them, so there is no order
 */
export const orderEnded: Script<
  [registry: string],
  [
    prefix: string,
    queue: string,
    kind: string,
    first: number,
    last: number,
  ],
  'done' | 'unlimited'
> = {
  name: 'order_ended',
  sha: 'e66dc28c7cf5949868b58f69a3b31cae2cebb52c',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    LIB_LEASE,
    LIB_OLDER_STATUS,
    LIB_EXPIRING,
    LIB_TIME,
    LIB_SCHEDULE,
    LIB_DEPENDENCIES,
    LIB_PUSH,
    LIB_RATE_LIMIT,
    LIB_HELD_SLOT,
    LIB_MESSAGES,
    LIB_REGISTRIES,
    LIB_WAITERS,
    LIB_REMOVE_JOB,
    LIB_NEWEST,
    LIB_TIME_TEXT,
    String.raw`local registryKey = KEYS[1]
local prefix, queue, kind, first, last = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local order = orderOf(prefix, kind, queue)
if not limitsOf(prefix, queue)[kind] then return 'unlimited' end
local function missing(key, other)
  local absent = {}
  for _, id in ipairs(attempt('ZRANGE', key, first, last) or {}) do
    if not attempt('ZSCORE', other, id) then absent[#absent + 1] = id end
  end
  return absent
end
local ended = {}
for _, id in ipairs(missing(registryKey, order)) do
  ended[#ended + 1] = secondsOfText(redis.pcall('HMGET', prefix .. 'job:' .. id, 'ended_at')[1]) or 0
  ended[#ended + 1] = id
end
local leftOver = missing(order, registryKey)
if #leftOver > 0 then redis.call('ZREM', order, unpack(leftOver)) end
if #ended > 0 then attempt('ZADD', order, unpack(ended)) end
return 'done'`,
  ),
}

/**
 * Move a scheduled job on now instead of at its time. It still waits for its dependencies and its rate limit.
 *
 * Keys: job (rq:job:<id>)
 *
 * Reply: refused: not scheduled
 */
export const promote: Script<
  [job: string],
  [
    prefix: string,
    id: string,
    stamp: string,
    atFront: boolean,
  ],
  'done' | 'missing' | 'refused'
> = {
  name: 'promote',
  sha: 'fb9365258e10b48511a0876b719674e5feffff3e',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua`,
    LIB_ATTEMPT,
    LIB_LEASE,
    LIB_OLDER_STATUS,
    LIB_EXPIRING,
    LIB_TIME,
    LIB_SCHEDULE,
    LIB_DEPENDENCIES,
    LIB_PUSH,
    LIB_RATE_LIMIT,
    LIB_PLACE,
    LIB_PROMOTE,
    String.raw`local jobKey = KEYS[1]
local prefix, id, stamp, atFront = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1'
local job = readDue(prefix, id)
if not job then return 'missing' end
local queue = redis.call('HGET', jobKey, 'origin')
if not queue or not isScheduled(prefix, queue, id, job) then return 'refused' end
if not attempt('ZSCORE', prefix .. 'scheduled:' .. queue, id) then return 'refused' end
promote(prefix, queue, id, job, atFront or goesToFront(job), stamp)
redis.call('ZREM', prefix .. 'scheduled:' .. queue, id)
return 'done'`,
  ),
}

/**
 * Move jobs whose time has come out of the schedule of a queue, earliest first, while the scheduler leads the queue.
 *
 * Keys: scheduled (rq:scheduled:<q>), lock (rq:scheduler-lock:<q>)
 *
 * Reply: lost: it no longer leads; else number of jobs moved, ms until there is more to do (-1 = nothing is scheduled), Redis's time in ms, ids of entries that can never be moved, each followed by the reason
 */
export const promoteDue: Script<
  [scheduled: string, lock: string],
  [
    prefix: string,
    queue: string,
    leader: string,
    stamp: string,
    most: number,
  ],
  'lost' | [moved: number, waitMs: number, nowMs: number, setAside: string[]]
> = {
  name: 'promote_due',
  sha: '758409086f0a864faedf5881a01795a6e3a0ffb4',
  keyCount: 2,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    LIB_LEASE,
    LIB_OLDER_STATUS,
    LIB_EXPIRING,
    LIB_TIME,
    LIB_SCHEDULE,
    LIB_DEPENDENCIES,
    LIB_PUSH,
    LIB_RATE_LIMIT,
    LIB_PLACE,
    LIB_PROMOTE,
    String.raw`local failScheduled
local function make_fail_scheduled()`,
    LIB_BROKEN,
    LIB_MESSAGES,
    LIB_REGISTRIES,
    LIB_WAITERS,
    LIB_FAIL_SCHEDULED,
    String.raw`return failScheduled
end
function failScheduled(...)
  failScheduled = make_fail_scheduled()
  return failScheduled(...)
end`,
    String.raw`local scheduledKey, lockKey = KEYS[1], KEYS[2]
local prefix, queue, leader, stamp, most = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local GRACE_MS = 2000
local LOOK_AGAIN_MS = 1000
local LONGEST_WAIT_MS = 1e15
if redis.call('GET', lockKey) ~= leader then return 'lost' end
local _, nowMs = clock()
local gone, head, tail, setAside = {}, {}, {}, {}
local moved, kept, work = 0, 0, 0
local function flush()
  local key = prefix .. 'queue:' .. queue
  local length = #tail > 0 and redis.call('RPUSH', key, unpack(tail)) or -1
  if #head > 0 then length = redis.call('LPUSH', key, unpack(head)) end
  if length == #head + #tail then redis.call('SADD', prefix .. 'queues', key) end
  head, tail = {}, {}
end
local function move(id, dueS)
  local key = prefix .. 'job:' .. id
  local plain = redis.call('HMGET', key, 'status', 'origin', 'enqueue_at_front', 'enqueue_at_front_on_retry', 'ttl',
    'dependency_id', 'rate_limit_key')
  if plain[1] == 'scheduled' and plain[2] == queue and not (plain[4] or plain[5] or plain[6] or plain[7]) then
    redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp)
    local list = plain[3] == '1' and head or tail
    list[#list + 1] = id
    gone[#gone + 1] = id
    moved = moved + 1
    return
  end
  local job = readDue(prefix, id)
  if job and isScheduled(prefix, queue, id, job) then
    flush()
    work = work + 2 + promote(prefix, queue, id, job, goesToFront(job), stamp)
    gone[#gone + 1] = id
    moved = moved + 1
  elseif tonumber(dueS) * 1000 > nowMs - GRACE_MS then
    kept = kept + 1
  else
    gone[#gone + 1] = id
  end
end
local function setAsideFor(fault, id)
  local reason = type(fault) == 'table' and fault.err or tostring(fault)
  local lasts = type(fault) ~= 'table' or string.find(reason, '^WRONGTYPE') or string.find(reason, '^ERR')
  if not lasts or string.find(reason, 'The user executing', 1, true) then error(fault) end
  gone[#gone + 1] = id
  setAside[#setAside + 1] = id
  setAside[#setAside + 1] = reason
  failScheduled(prefix, queue, id, reason, stamp)
end
local kind = redis.call('TYPE', prefix .. 'queue:' .. queue).ok
if kind ~= 'list' and kind ~= 'none' then
  return redis.error_reply('WRONGTYPE The key of the queue ' .. queue .. ' holds a ' .. kind)
end
local due = redis.call('ZRANGEBYSCORE', scheduledKey, '-inf', score(nowMs), 'WITHSCORES', 'LIMIT', 0, most)
for at = 1, #due, 2 do
  if work >= most then break end
  work = work + 1
  local fine, fault = pcall(move, due[at], due[at + 1])
  if not fine then setAsideFor(fault, due[at]) end
end
flush()
if #gone > 0 then redis.call('ZREM', scheduledKey, unpack(gone)) end
local waitMs = -1
if work >= most and #gone > 0 then
  waitMs = 0
else
  local nextDue = redis.call('ZRANGEBYSCORE', scheduledKey, '(' .. score(nowMs), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if nextDue[2] then waitMs = math.ceil(math.min(tonumber(nextDue[2]) * 1000 - nowMs, LONGEST_WAIT_MS)) end
  if kept > 0 and (waitMs < 0 or waitMs > LOOK_AGAIN_MS) then waitMs = LOOK_AGAIN_MS end
end
return { moved, waitMs, nowMs, setAside }`,
  ),
}

/**
 * Read the messages of a job behind a given one; if there are none, register who waits for the next one.
 *
 * Keys: job (rq:job:<id>), list (rq:messages:<id>)
 *
 * Reply: open, over, or missing: no such job; the number of the last message, how many are gone that were not read, and the others, as lib/messages says
 */
export const readMessages: Script<
  [job: string, list: string],
  [
    from: string,
    channel: string,
    after: number,
  ],
  [word: Buffer, last: Buffer, lost: Buffer, messages: Buffer[]]
> = {
  name: 'read_messages',
  sha: '4c762fd3a4479e386a4a253f50badd5b654d8ce7',
  keyCount: 2,
  repliesInBytes: true,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_REGISTER_WAITER,
    String.raw`local jobKey, listKey = KEYS[1], KEYS[2]
local from, channel, after = ARGV[1], ARGV[2], tonumber(ARGV[3])
local function numberAt(index)
  local message = redis.call('LRANGE', listKey, index, index)[1]
  return message and tonumber(string.match(message, '^%d+'))
end
local job = redis.call('HMGET', jobKey, 'status', 'messages', 'waiters', 'data')
local status, field = job[1], job[2]
local exists = status or job[4]
local word = not exists and 'missing' or 'open'
if status == 'finished' or status == 'failed' or status == 'stopped' or status == 'canceled' then word = 'over' end
local first = (field or not exists) and numberAt(0)
local last = tonumber(string.match(field or '', from == 'job' and '^(%d+)' or '^%d+ %d+ (%d+)')) or 0
if not field and first then last = numberAt(-1) end
local oldest = first or last + 1
local start = after < 0 and oldest or after + 1
local lost = math.max(0, oldest - start)
local messages = first and redis.call('LRANGE', listKey, math.max(0, start - first), -1) or {}
if #messages == 0 and lost == 0 and word == 'open' then registerWaiter(jobKey, job[3], channel) end
return { word, string.format('%.0f', last), string.format('%.0f', lost), messages }`,
  ),
}

/**
 * Read the jobs of leases, as a claim returns them; not of those that are lost.
 *
 * Keys: queues (rq:queues)
 *
 * Reply: what lib/claimed packs
 */
export const reclaim: Script<
  [queues: string],
  [
    prefix: string,
    largest: number,
    ...leases: string[],
  ],
  Buffer
> = {
  name: 'reclaim',
  sha: 'f14b00b50df0e8da4d5e7e4716ae523974745253',
  keyCount: 1,
  repliesInBytes: true,
  lua: joined(
    String.raw`#!lua flags=no-writes`,
    LIB_CLAIMED,
    LIB_FIELDS,
    String.raw`local prefix, largest = ARGV[1], tonumber(ARGV[2])
local found = {}
for at = 3, #ARGV, 3 do
  local queue, id, execution = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  local key = prefix .. 'job:' .. id
  local held = redis.pcall('HMGET', key, 'execution_id', 'status')
  if held[1] == execution and held[2] ~= 'canceled' and redis.call('HEXISTS', key, 'data') == 1 then
    appendQueue(found, queue)
    appendFull(found, id, execution, (readFields(key, largest)))
  end
end
return pack(found)`,
  ),
}

/**
 * Take over jobs whose lease has ended: each is leased anew to the caller, which decides what becomes of it. Jobs that a dead Python worker took and did not start go back to the queue, and so do those that one of our workers had prefetched and, as far as is known, not started. Jobs that a Python worker found ready and did not queue are queued. Looks at a page of leases at a time, those that end last first: so jobs that go back to the head of the queue keep their order from page to page.
 *
 * Keys: wip (rq:wip:<q>)
 *
 * Reply: Redis's time in ms; the word stalled, or what lib/claimed packs; `from` of the next call, -1 = nothing is left; whether the queue is configured
 */
export const recover: Script<
  [wip: string],
  [
    prefix: string,
    queue: string,
    worker: string,
    leaseMs: number,
    largest: number,
    most: number,
    stamp: string,
    executionBase: string,
    sentMs: number,
    from: number,
  ],
  [nowMs: number, taken: Buffer, next: number, configured: 0 | 1]
> = {
  name: 'recover',
  sha: 'd60e6845c9a189500161f702d712bf6369eee7c2',
  keyCount: 1,
  repliesInBytes: true,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    LIB_BROKEN,
    LIB_TIME,
    LIB_PUSH,
    LIB_INTERMEDIATE,
    LIB_EXPIRING,
    LIB_SCHEDULE,
    LIB_CLAIMED,
    LIB_FIELDS,
    LIB_EXECUTION_IDS,
    String.raw`local freeHeldSlot
local function make_held_slot()`,
    LIB_LEASE,
    LIB_RATE_LIMIT,
    LIB_HELD_SLOT,
    String.raw`return freeHeldSlot
end
function freeHeldSlot(...)
  freeHeldSlot = make_held_slot()
  return freeHeldSlot(...)
end`,
    String.raw`local drainReady
local function make_ready()`,
    LIB_LEASE,
    LIB_RATE_LIMIT,
    LIB_PLACE,
    LIB_READY,
    String.raw`return drainReady
end
function drainReady(...)
  drainReady = make_ready()
  return drainReady(...)
end`,
    String.raw`local wipKey = KEYS[1]
local prefix, queue, worker, leaseMs, largest = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local most, stamp, executionBase = tonumber(ARGV[6]), ARGV[7], ARGV[8]
local sentMs, from = tonumber(ARGV[9]), tonumber(ARGV[10])
local nowS, nowMs = clock()
local isConfigured = redis.call('EXISTS', prefix .. 'configuration:' .. queue)
if sentMs > 0 and nowMs - sentMs > leaseMs / 3 then return { nowMs, 'stalled', -1, isConfigured } end
local taken = {}
appendQueue(taken, queue)
local nextId = executionIds(executionBase, nowMs)
local left, bytes, isFull = 0, 0, false
local READY_S = 5
local function isStartedByPython(id, job)
  return not job[2] or (job[3] and not attempt('ZSCORE', prefix .. 'wip:' .. job[3], id .. ':' .. job[2]))
end
local OFTEN = 3
local SMALL = 64 * 1024
local PREFETCHED = 'f'
local function countAbandoned(key)
  local count = redis.pcall('HINCRBY', key, 'abandoned_count', 1)
  if type(count) == 'number' then return count end
  redis.call('HSET', key, 'abandoned_count', 1)
  return 1
end
local back = {}
local function takesJobs()
  local kind = redis.call('TYPE', prefix .. 'queue:' .. queue).ok
  return kind == 'list' or kind == 'none'
end
local function putBack(id, key)
  redis.call('HSET', key, 'status', 'queued')
  redis.call('HDEL', key, 'execution_id', 'started_at', 'worker_name')
  local job = redis.call('HMGET', key, 'ttl', 'rate_limit_key')
  if tonumber(job[1]) then expireAfter(prefix, id, job[1], queue, job[2]) end
  back[#back + 1] = id
end
guard(putBackStuck, prefix, queue, nowMs)
if redis.call('EXISTS', prefix .. 'ready:' .. queue) == 1 then
  guard(drainReady, prefix, queue, nowS - READY_S, most, stamp)
end
local ended = redis.call('ZREVRANGEBYSCORE', wipKey, leaseScore(nowMs), 0, 'WITHSCORES', 'LIMIT', from, most)
for at = #ended - 1, 1, -2 do
  isFull = bytes >= MOST_BYTES
  if isFull then break end
  local member = ended[at]
  local id, execution = string.match(member, '^([^:]*):?(.*)$')
  local key = prefix .. 'job:' .. id
  local isJob = redis.pcall('HEXISTS', key, 'data') == 1
  local held = redis.pcall('HMGET', key, 'status', 'execution_id', 'origin')
  local ours = held[2] == execution
  local heldSlot = (not ours or held[1] == 'canceled') and freeHeldSlot(prefix, queue, id, execution, stamp)
  if not ours and not heldSlot and isJob and tonumber(ended[at + 1]) * 1000 > nowMs then
    left = left + 1
  else
    redis.call('ZREM', wipKey, member)
    if not isJob then noteIfBroken(prefix, queue, id) end
    local hadHeartbeat = redis.call('DEL', prefix .. 'execution:' .. member) == 1
    attempt('ZREM', prefix .. 'executions:' .. id, execution)
    local isAbandoned = ours and held[1] ~= 'canceled' or held[1] == 'started' and isStartedByPython(id, held)
    if isAbandoned and isJob then
      local often = countAbandoned(key) >= OFTEN
      if ours and not hadHeartbeat and not often and string.sub(execution, 1, 1) == PREFETCHED and takesJobs() then
        putBack(id, key)
      else
        local own = nextId()
        redis.call('HSET', key, 'status', 'started', 'execution_id', own)
        redis.call('ZADD', wipKey, leaseScore(nowMs + leaseMs), id .. ':' .. own)
        local few = often and math.min(SMALL, largest) or largest
        local fields, size = readFields(key, few)
        appendFull(taken, id, own, fields)
        bytes = bytes + size
      end
    end
  end
end
for at = #back, 1, -1 do redis.call('LPUSH', prefix .. 'queue:' .. queue, back[at]) end
return { nowMs, pack(taken), isFull and from or #ended == 2 * most and from + left or -1, isConfigured }`,
  ),
}

/**
 * Write a worker's record and list it, unless another instance has the name. The name of an instance that has sent no heartbeat for the length of its lease is free. Other programs' workers write no `alive_until`: theirs is free when the record is gone.
 *
 * Keys: workers (rq:workers)
 *
 * Reply: of the instance that has the name: until when it counts as alive, which each of its heartbeats changes, or empty; and how long that is; the worker's queues that are configured
 */
export const register: Script<
  [workers: string],
  [
    prefix: string,
    name: string,
    instance: string,
    ttlS: number,
    leaseMs: number,
    queueCount: number,
    ...rest: ScriptArgument[],
  ],
  [answer: 'registered' | 'taken', aliveUntil: string, leftMs: number, configured: string[]]
> = {
  name: 'register',
  sha: 'b24241421876182710cfdb0178fe576d608c5b32',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    LIB_TIME,
    LIB_WORKER_NAME,
    LIB_CONFIGURED,
    String.raw`local workersKey = KEYS[1]
local prefix, name, instance, ttlS, leaseMs = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local queueCount = tonumber(ARGV[6])
local firstQueue, lastQueue = 7, 6 + queueCount
local key = prefix .. 'worker:' .. name
local _, nowMs = clock()
local other = otherInstance(key, instance, nowMs)
if other then
  local leftMs = other.untilMs and other.untilMs - nowMs or redis.call('PTTL', key)
  return { 'taken', other.aliveUntil or '', leftMs, {} }
end
redis.call('DEL', key)
redis.call('HSET', key, 'alive_until', score(nowMs + leaseMs), unpack(ARGV, lastQueue + 1))
redis.call('EXPIRE', key, ttlS)
attempt('SADD', workersKey, key)
for at = firstQueue, lastQueue do attempt('SADD', prefix .. 'workers:' .. ARGV[at], key) end
return { 'registered', '', 0, configuredQueues(prefix, firstQueue, lastQueue) }`,
  ),
}

/**
 * Release more of the dependents that were set aside because they were many, and check more dependencies of jobs that have very many.
 *
 * Keys: releasing (rq:releasing), unchecked (rq:unchecked)
 *
 * Reply: 1 when there are more
 */
export const releaseDependents: Script<
  [releasing: string, unchecked: string],
  [
    prefix: string,
    stamp: string,
  ],
  0 | 1
> = {
  name: 'release_dependents',
  sha: '45a1aa954d933ae0e24bfcff0ddfb0103b7bd41b',
  keyCount: 2,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    LIB_LEASE,
    LIB_OLDER_STATUS,
    LIB_EXPIRING,
    LIB_TIME,
    LIB_SCHEDULE,
    LIB_DEPENDENCIES,
    LIB_PUSH,
    LIB_RATE_LIMIT,
    LIB_PLACE,
    LIB_DEPENDENTS,
    String.raw`local releasingKey, uncheckedKey = KEYS[1], KEYS[2]
local prefix, stamp = ARGV[1], ARGV[2]
local left = RELEASED_AT_ONCE
while left > 0 do
  local next = attempt('HRANDFIELD', releasingKey, 1, 'WITHVALUES') or {}
  if #next == 0 then break end
  left = left - math.max(1, releaseSetAside(prefix, next[1], next[2], left, stamp))
end
while left > 0 do
  local next = attempt('HRANDFIELD', uncheckedKey, 1, 'WITHVALUES') or {}
  if #next == 0 then break end
  left = left - checkMore(prefix, next[1], next[2], stamp)
end
return hasMoreSteps(prefix) and 1 or 0`,
  ),
}

/**
 * Release the deferred jobs of a part of a registry that no other job holds back any more: what they waited for is gone, or ended in a program that released nothing.
 *
 * Keys: deferred (rq:deferred:<q>)
 *
 * Reply: number of entries in this part, and of those released
 */
export const releaseUnheld: Script<
  [deferred: string],
  [
    prefix: string,
    stamp: string,
    first: number,
    last: number,
  ],
  [seen: number, released: number]
> = {
  name: 'release_unheld',
  sha: '8fa76016d9e998a584841b6d022f4abcbb3874b8',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    LIB_LEASE,
    LIB_OLDER_STATUS,
    LIB_EXPIRING,
    LIB_TIME,
    LIB_SCHEDULE,
    LIB_DEPENDENCIES,
    LIB_PUSH,
    LIB_RATE_LIMIT,
    LIB_PLACE,
    LIB_DEPENDENTS,
    String.raw`local deferredKey = KEYS[1]
local prefix, stamp, first, last = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local released = 0
local ids = redis.call('ZRANGE', deferredKey, first, last)
for _, id in ipairs(ids) do
  local job = redis.pcall('HMGET', prefix .. 'job:' .. id, unpack(WAITING_FIELDS))
  local isDeferred = job[2] and (job[1] == 'deferred' or isListedDespite(prefix, id, job[1], job[2], 'deferred'))
  if isDeferred and attempt('HEXISTS', prefix .. 'unchecked', id) ~= 1
    and dependenciesMet(prefix, id, job[3] == '1') and releaseOne(prefix, id, job, stamp) then
    released = released + 1
  end
end
return { #ids, released }`,
  ),
}

/**
 * Put a failed or stopped job back into its queue.
 *
 * Keys: job (rq:job:<id>)
 *
 * Reply: refused: not in the failed registry
 */
export const requeue: Script<
  [job: string],
  [
    prefix: string,
    id: string,
    stamp: string,
    atFront: boolean,
    queue: string,
  ],
  'done' | 'missing' | 'refused'
> = {
  name: 'requeue',
  sha: 'a99429bd26208c107c308a21ed97856f77738540',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua`,
    LIB_ATTEMPT,
    LIB_LEASE,
    LIB_PUSH,
    LIB_TIME,
    LIB_RATE_LIMIT,
    LIB_PLACE,
    LIB_EXPIRING,
    LIB_SCHEDULE,
    LIB_UNIQUE_KEY,
    String.raw`local jobKey = KEYS[1]
local prefix, id, stamp, atFront, registryQueue = ARGV[1], ARGV[2], ARGV[3], ARGV[4] == '1', ARGV[5]
local job = redis.call('HMGET', jobKey, 'origin', 'rate_limit_key', 'rate_limit_concurrency', 'ttl',
  'unique_key')
if redis.call('EXISTS', jobKey) == 0 then
  if registryQueue ~= '' then redis.call('ZREM', prefix .. 'failed:' .. registryQueue, id) end
  return 'missing'
end
if not job[1] or not redis.call('ZSCORE', prefix .. 'failed:' .. job[1], id) then return 'refused' end
place(prefix, id, job[1], atFront, job[2] and job[3] and job[2], job[3], stamp)
redis.call('ZREM', prefix .. 'failed:' .. job[1], id)
redis.call('PERSIST', jobKey)
redis.call('PERSIST', jobKey .. ':dependents')
redis.call('PERSIST', prefix .. 'job::' .. id .. ':dependencies')
redis.call('HDEL', jobKey, 'execution_id', 'abandoned_count', 'returned_ms', 'return_for_ms', 'exc_info', 'result')
redis.call('HSET', jobKey, 'started_at', '', 'ended_at', '')
attempt('SADD', prefix .. 'queues', prefix .. 'queue:' .. job[1])
if job[5] then
  local _, nowMs = clock()
  if not findHolder(prefix, job[1], job[5], nowMs) then takeKey(prefix, job[1], job[5], id, nowMs) end
end
if tonumber(job[4]) then expireAfter(prefix, id, job[4], job[1], job[2]) end
return 'done'`,
  ),
}

/**
 * Give a scheduled job another time.
 *
 * Keys: job (rq:job:<id>)
 *
 * Reply: refused: not scheduled
 */
export const reschedule: Script<
  [job: string],
  [
    prefix: string,
    id: string,
    due: number,
  ],
  'done' | 'missing' | 'refused'
> = {
  name: 'reschedule',
  sha: '907154463810c519e155aa1764e36948ab79ff33',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua`,
    LIB_ATTEMPT,
    LIB_LEASE,
    LIB_OLDER_STATUS,
    LIB_EXPIRING,
    LIB_TIME,
    LIB_SCHEDULE,
    LIB_DEPENDENCIES,
    LIB_PUSH,
    LIB_RATE_LIMIT,
    LIB_PLACE,
    LIB_PROMOTE,
    String.raw`local jobKey = KEYS[1]
local prefix, id, due = ARGV[1], ARGV[2], tonumber(ARGV[3])
local job = readDue(prefix, id)
if not job then return 'missing' end
local queue = job.origin
if not queue or not redis.call('ZSCORE', prefix .. 'scheduled:' .. queue, id) or not isScheduled(prefix, queue, id, job)
then
  return 'refused'
end
schedule(prefix, queue, id, due)
if not isRunning(prefix, queue, id, job) then redis.call('HSET', jobKey, 'status', 'scheduled') end
local _, nowMs = clock()
local ttlS = tonumber(job.ttl or '')
if ttlS and ttlS > 0 then
  local delayS = math.max(0, math.ceil((due - nowMs) / 1000))
  expireAfter(prefix, id, delayS + ttlS, queue, job.rate_limit_key)
end
return 'done'`,
  ),
}

/**
 * Write a job's record and put the job nowhere. Its status stays; a new job is `created`.
 *
 * Keys: job (rq:job:<id>)
 *
 * Reply: 
 */
export const saveJob: Script<
  [job: string],
  [
    prefix: string,
    id: string,
    ...fields: ScriptArgument[],
  ],
  'done'
> = {
  name: 'save_job',
  sha: '5b202ea50733f8ec882491907d5628fd611ca758',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua`,
    LIB_EXPIRING,
    String.raw`local jobKey = KEYS[1]
local prefix, id = ARGV[1], ARGV[2]
if redis.call('HSETNX', jobKey, 'status', 'created') == 1 then removeLeftOver(prefix, id) end
redis.call('HSET', jobKey, unpack(ARGV, 3))
return 'done'`,
  ),
}

/**
 * The schedules of a queue that are due, earliest first. Names without a schedule are dropped.
 *
 * Keys: due (rq:schedules:<q>)
 *
 * Reply: Redis's time; ms until the next one is due, -1: there is none, 0: more are due; name, revision, rule, anchor, next, latest and count of each, empty where it has none
 */
export const scheduleDue: Script<
  [due: string],
  [
    prefix: string,
    most: number,
  ],
  [nowMs: number, waitMs: number, rows: string[]]
> = {
  name: 'schedule_due',
  sha: '5121a3a7d80e3dd2b95ec7d42dc4fd4f99ec2953',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    LIB_TIME,
    String.raw`local dueKey = KEYS[1]
local prefix, most = ARGV[1], tonumber(ARGV[2])
local LONGEST_RULE = 4096
local LONGEST_WAIT_MS = 1e15
local _, nowMs = clock()
local rows = {}
local names = redis.call('ZRANGEBYSCORE', dueKey, '-inf', score(nowMs), 'LIMIT', 0, most)
for _, name in ipairs(names) do
  local key = prefix .. 'schedule:' .. name
  local length = attempt('HSTRLEN', key, 'rule')
  local known = length and redis.call('HMGET', key, 'revision', 'anchor', 'next', 'latest', 'count')
  if not known or not known[1] or not known[3] then
    redis.call('ZREM', dueKey, name)
  else
    local rule = length <= LONGEST_RULE and redis.call('HGET', key, 'rule') or ''
    local row = { name, known[1], rule, known[2] or '', known[3], known[4] or '', known[5] or '' }
    for at = 1, #row do rows[#rows + 1] = row[at] end
  end
end
if #names == most then return { nowMs, 0, rows } end
local later = redis.call('ZRANGEBYSCORE', dueKey, '(' .. score(nowMs), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
local waitMs = later[2] and math.ceil(math.min(tonumber(later[2]) * 1000 - nowMs, LONGEST_WAIT_MS)) or -1
return { nowMs, waitMs, rows }`,
  ),
}

/**
 * List schedules by name, in the order of their bytes, each without the job that it enqueues. Ends when it has read 8 MB, so that no call blocks Redis for long; the first schedule is always read.
 *
 * Keys: schedules (rq:schedules)
 *
 * Reply: where the next call begins, null: nowhere; of each schedule its name, the id of its newest job, the status of that job, and its fields: empty where it has none
 */
export const scheduleList: Script<
  [schedules: string],
  [
    prefix: string,
    after: string,
    most: number,
    ...fields: string[],
  ],
  [after: string | null, rows: string[][]]
> = {
  name: 'schedule_list',
  sha: '2a17881d763259bc0aa44853fd7aa3d4836abf7b',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=no-writes`,
    LIB_ATTEMPT,
    String.raw`local schedulesKey = KEYS[1]
local prefix, after, most = ARGV[1], ARGV[2], tonumber(ARGV[3])
local fields = { unpack(ARGV, 4) }
local MOST_READ = 8 * 1024 * 1024
local names = redis.call('ZRANGE', schedulesKey, after == '' and '-' or '(' .. after, '+', 'BYLEX', 'LIMIT', 0, most)
local rows, read, last = {}, 0, #names == most and names[most] or false
for _, name in ipairs(names) do
  local values = attempt('HMGET', prefix .. 'schedule:' .. name, unpack(fields))
  if values and values[1] then
    local id = (attempt('ZRANGE', prefix .. 'schedule-jobs:' .. name, -1, -1) or {})[1] or ''
    local status = id ~= '' and attempt('HGET', prefix .. 'job:' .. id, 'status') or ''
    local row = { name, id, status }
    for at = 1, #fields do
      row[#row + 1] = values[at] or ''
      read = read + #row[#row]
    end
    rows[#rows + 1] = row
  end
  if read > MOST_READ then
    last = name
    break
  end
end
return { last, rows }`,
  ),
}

/**
 * Read a schedule.
 *
 * Keys: schedule (rq:schedule:<n>)
 *
 * Reply: Redis's time in ms; names and values, none when there is no such schedule
 */
export const scheduleRead: Script<
  [schedule: string],
  [
  ],
  [nowMs: number, fields: Buffer[]]
> = {
  name: 'schedule_read',
  sha: '742f8b7f74f734dbcfa41c91737dd76c97b17d3a',
  keyCount: 1,
  repliesInBytes: true,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_TIME,
    String.raw`local scheduleKey = KEYS[1]
local _, nowMs = clock()
return { nowMs, redis.call('HGETALL', scheduleKey) }`,
  ),
}

/**
 * Remove a schedule and its history. Its jobs stay.
 *
 * Keys: schedules (rq:schedules), schedule (rq:schedule:<n>), history (rq:schedule-jobs:<n>)
 *
 * Reply: 1 if there was one
 */
export const scheduleRemove: Script<
  [schedules: string, schedule: string, history: string],
  [
    prefix: string,
    name: string,
  ],
  0 | 1
> = {
  name: 'schedule_remove',
  sha: 'b318fd7a39055c84b590046154265f9412f6be2c',
  keyCount: 3,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    String.raw`local schedulesKey, scheduleKey, historyKey = KEYS[1], KEYS[2], KEYS[3]
local prefix, name = ARGV[1], ARGV[2]
local queue = attempt('HGET', scheduleKey, 'queue')
if queue then attempt('ZREM', prefix .. 'schedules:' .. queue, name) end
attempt('ZREM', schedulesKey, name)
redis.call('UNLINK', historyKey)
return redis.call('UNLINK', scheduleKey)`,
  ),
}

/**
 * Enqueue a copy of the job of a schedule now. Its ticks stay.
 *
 * Keys: queues (rq:queues), schedule (rq:schedule:<n>), history (rq:schedule-jobs:<n>)
 *
 * Reply: gone: there is no such schedule
 */
export const scheduleRun: Script<
  [queues: string, schedule: string, history: string],
  [
    prefix: string,
    stamp: string,
    id: string,
  ],
  'enqueued' | 'taken' | 'gone'
> = {
  name: 'schedule_run',
  sha: '584eb39158cbc0588e48dd5da860246ee17dc470',
  keyCount: 3,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua`,
    LIB_TIME,
    LIB_ENQUEUE_BATCH,
    LIB_ATTEMPT,
    LIB_EXPIRING,
    LIB_LEASE,
    LIB_PUSH,
    LIB_RATE_LIMIT,
    LIB_HELD_SLOT,
    LIB_PLACE,
    LIB_REGISTRIES,
    LIB_RESULTS,
    LIB_SCHEDULE,
    String.raw`local endMessages
local function make_messages()`,
    LIB_MESSAGES,
    String.raw`return endMessages
end
function endMessages(...)
  endMessages = make_messages()
  return endMessages(...)
end`,
    String.raw`local hasToWait, waitFor, reaches, leaveDependencies
local function make_dependencies()`,
    LIB_OLDER_STATUS,
    LIB_DEPENDENCIES,
    String.raw`return hasToWait, waitFor, reaches, leaveDependencies
end
function hasToWait(...)
  hasToWait, waitFor, reaches, leaveDependencies = make_dependencies()
  return hasToWait(...)
end
function waitFor(...)
  hasToWait, waitFor, reaches, leaveDependencies = make_dependencies()
  return waitFor(...)
end
function reaches(...)
  hasToWait, waitFor, reaches, leaveDependencies = make_dependencies()
  return reaches(...)
end
function leaveDependencies(...)
  hasToWait, waitFor, reaches, leaveDependencies = make_dependencies()
  return leaveDependencies(...)
end`,
    String.raw`local findOther, removeJob, takeUniqueKey
local function make_take_unique_key()`,
    LIB_OLDER_STATUS,
    LIB_DEPENDENCIES,
    LIB_MESSAGES,
    LIB_WAITERS,
    LIB_REMOVE_JOB,
    LIB_UNIQUE_KEY,
    LIB_TAKE_UNIQUE_KEY,
    String.raw`return findOther, removeJob, takeUniqueKey
end
function findOther(...)
  findOther, removeJob, takeUniqueKey = make_take_unique_key()
  return findOther(...)
end
function removeJob(...)
  findOther, removeJob, takeUniqueKey = make_take_unique_key()
  return removeJob(...)
end
function takeUniqueKey(...)
  findOther, removeJob, takeUniqueKey = make_take_unique_key()
  return takeUniqueKey(...)
end`,
    LIB_ENQUEUE_ANY,
    LIB_ENQUEUE,
    LIB_HISTORY,
    LIB_TIMETABLE,
    String.raw`local queuesKey, scheduleKey, historyKey = KEYS[1], KEYS[2], KEYS[3]
local prefix, stamp, id = ARGV[1], ARGV[2], ARGV[3]
if redis.call('HEXISTS', scheduleKey, 'queue') == 0 then return 'gone' end
return enqueueCopy(prefix, queuesKey, scheduleKey, historyKey, id, stamp)`,
  ),
}

/**
 * Move a schedule on by one step, and enqueue a copy of its job.
 *
 * Keys: queues (rq:queues), schedule (rq:schedule:<n>), history (rq:schedule-jobs:<n>)
 *
 * Reply: changed, early: nothing has changed
 */
export const scheduleTick: Script<
  [queues: string, schedule: string, history: string],
  [
    prefix: string,
    name: string,
    stamp: string,
    revision: string,
    next: number,
    tick: number | '',
    id: string,
    skip: boolean,
    then: number | '',
    times: number | '',
  ],
  'enqueued' | 'skipped' | 'overlap' | 'taken' | 'changed' | 'early'
> = {
  name: 'schedule_tick',
  sha: 'fd0275e81eb49520bfbcd1ef7c3b7f772c93d051',
  keyCount: 3,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua`,
    LIB_TIME,
    LIB_ENQUEUE_BATCH,
    LIB_ATTEMPT,
    LIB_EXPIRING,
    LIB_LEASE,
    LIB_PUSH,
    LIB_RATE_LIMIT,
    LIB_HELD_SLOT,
    LIB_PLACE,
    LIB_REGISTRIES,
    LIB_RESULTS,
    LIB_SCHEDULE,
    String.raw`local endMessages
local function make_messages()`,
    LIB_MESSAGES,
    String.raw`return endMessages
end
function endMessages(...)
  endMessages = make_messages()
  return endMessages(...)
end`,
    String.raw`local hasToWait, waitFor, reaches, leaveDependencies
local function make_dependencies()`,
    LIB_OLDER_STATUS,
    LIB_DEPENDENCIES,
    String.raw`return hasToWait, waitFor, reaches, leaveDependencies
end
function hasToWait(...)
  hasToWait, waitFor, reaches, leaveDependencies = make_dependencies()
  return hasToWait(...)
end
function waitFor(...)
  hasToWait, waitFor, reaches, leaveDependencies = make_dependencies()
  return waitFor(...)
end
function reaches(...)
  hasToWait, waitFor, reaches, leaveDependencies = make_dependencies()
  return reaches(...)
end
function leaveDependencies(...)
  hasToWait, waitFor, reaches, leaveDependencies = make_dependencies()
  return leaveDependencies(...)
end`,
    String.raw`local findOther, removeJob, takeUniqueKey
local function make_take_unique_key()`,
    LIB_OLDER_STATUS,
    LIB_DEPENDENCIES,
    LIB_MESSAGES,
    LIB_WAITERS,
    LIB_REMOVE_JOB,
    LIB_UNIQUE_KEY,
    LIB_TAKE_UNIQUE_KEY,
    String.raw`return findOther, removeJob, takeUniqueKey
end
function findOther(...)
  findOther, removeJob, takeUniqueKey = make_take_unique_key()
  return findOther(...)
end
function removeJob(...)
  findOther, removeJob, takeUniqueKey = make_take_unique_key()
  return removeJob(...)
end
function takeUniqueKey(...)
  findOther, removeJob, takeUniqueKey = make_take_unique_key()
  return takeUniqueKey(...)
end`,
    LIB_ENQUEUE_ANY,
    LIB_ENQUEUE,
    LIB_HISTORY,
    LIB_TIMETABLE,
    String.raw`local queuesKey, scheduleKey, historyKey = KEYS[1], KEYS[2], KEYS[3]
local prefix, name, stamp, revision, nextMs = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local tick, id, skip, thenMs, times = ARGV[6], ARGV[7], ARGV[8] == '1', ARGV[9], tonumber(ARGV[10])
local known = redis.call('HMGET', scheduleKey, 'revision', 'next', 'queue', 'latest', 'count')
if known[1] ~= revision or known[2] ~= nextMs or not known[3] then return 'changed' end
local _, nowMs = clock()
if tonumber(nextMs) > nowMs or (tick ~= '' and tonumber(tick) > nowMs) then return 'early' end
local answer = 'skipped'
local latest = numberOf(known[4])
if tick ~= '' then
  if latest and tonumber(tick) <= latest then
    answer = 'taken'
  elseif skip and isRunning(prefix, historyKey, '') then
    answer = 'overlap'
  else
    answer = enqueueCopy(prefix, queuesKey, scheduleKey, historyKey, id, stamp)
    if type(answer) == 'table' then return answer end
  end
  if answer ~= 'taken' then redis.call('HSET', scheduleKey, 'latest', tick) end
end
if answer == 'enqueued' then
  local count = (numberOf(known[5]) or 0) + 1
  redis.call('HSET', scheduleKey, 'count', count)
  if times and count >= times then thenMs = '' end
end
setNext(prefix, known[3], name, scheduleKey, thenMs)
return answer`,
  ),
}

/**
 * Write a schedule in place of the one that the caller has read, or of none, and notify the scheduler of its queue.
 *
 * Keys: schedules (rq:schedules), schedule (rq:schedule:<n>)
 *
 * Reply: changed: another program has changed it since; nothing was written
 */
export const scheduleWrite: Script<
  [schedules: string, schedule: string],
  [
    prefix: string,
    name: string,
    revision: string,
    next: number | '',
    queue: string,
    then: number | '',
    ...fields: ScriptArgument[],
  ],
  'written' | 'changed'
> = {
  name: 'schedule_write',
  sha: 'a219f5e624fc7432feacfdae4483b6eba1f9db17',
  keyCount: 2,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua`,
    LIB_TIME,
    LIB_ENQUEUE_BATCH,
    LIB_ATTEMPT,
    LIB_EXPIRING,
    LIB_LEASE,
    LIB_PUSH,
    LIB_RATE_LIMIT,
    LIB_HELD_SLOT,
    LIB_PLACE,
    LIB_REGISTRIES,
    LIB_RESULTS,
    LIB_SCHEDULE,
    String.raw`local endMessages
local function make_messages()`,
    LIB_MESSAGES,
    String.raw`return endMessages
end
function endMessages(...)
  endMessages = make_messages()
  return endMessages(...)
end`,
    String.raw`local hasToWait, waitFor, reaches, leaveDependencies
local function make_dependencies()`,
    LIB_OLDER_STATUS,
    LIB_DEPENDENCIES,
    String.raw`return hasToWait, waitFor, reaches, leaveDependencies
end
function hasToWait(...)
  hasToWait, waitFor, reaches, leaveDependencies = make_dependencies()
  return hasToWait(...)
end
function waitFor(...)
  hasToWait, waitFor, reaches, leaveDependencies = make_dependencies()
  return waitFor(...)
end
function reaches(...)
  hasToWait, waitFor, reaches, leaveDependencies = make_dependencies()
  return reaches(...)
end
function leaveDependencies(...)
  hasToWait, waitFor, reaches, leaveDependencies = make_dependencies()
  return leaveDependencies(...)
end`,
    String.raw`local findOther, removeJob, takeUniqueKey
local function make_take_unique_key()`,
    LIB_OLDER_STATUS,
    LIB_DEPENDENCIES,
    LIB_MESSAGES,
    LIB_WAITERS,
    LIB_REMOVE_JOB,
    LIB_UNIQUE_KEY,
    LIB_TAKE_UNIQUE_KEY,
    String.raw`return findOther, removeJob, takeUniqueKey
end
function findOther(...)
  findOther, removeJob, takeUniqueKey = make_take_unique_key()
  return findOther(...)
end
function removeJob(...)
  findOther, removeJob, takeUniqueKey = make_take_unique_key()
  return removeJob(...)
end
function takeUniqueKey(...)
  findOther, removeJob, takeUniqueKey = make_take_unique_key()
  return takeUniqueKey(...)
end`,
    LIB_ENQUEUE_ANY,
    LIB_ENQUEUE,
    LIB_HISTORY,
    LIB_TIMETABLE,
    String.raw`local schedulesKey, scheduleKey = KEYS[1], KEYS[2]
local prefix, name, revision, nextMs, queue, thenMs = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6]
local due = prefix .. 'schedules:' .. queue
for key, kind in pairs({ [schedulesKey] = 'zset', [scheduleKey] = 'hash', [due] = 'zset' }) do
  if not isOfType(key, kind) then return redis.error_reply('WRONGTYPE ' .. key .. ' is no ' .. kind) end
end
local known = redis.call('HMGET', scheduleKey, 'revision', 'next', 'queue')
if (known[1] or '') ~= revision or (known[2] or '') ~= nextMs then return 'changed' end
if known[3] and known[3] ~= queue then attempt('ZREM', prefix .. 'schedules:' .. known[3], name) end
redis.call('DEL', scheduleKey)
redis.call('HSET', scheduleKey, unpack(ARGV, 7))
redis.call('ZADD', schedulesKey, 0, name)
setNext(prefix, queue, name, scheduleKey, thenMs)
if thenMs ~= '' then redis.call('PUBLISH', prefix .. 'notify:schedules', queue) end
return 'written'`,
  ),
}

/**
 * Set a running job aside when the store refuses each end of it: its execution ends, so that no worker takes it over, and the reason is noted. The job's own keys may be what is wrong, so of them only the owner is written, if that is possible: what the execution still sends, as a heartbeat that was under way, must not let the job run without its slot. The lease ends last: if the script fails before that, the job is taken over.
 *
 * Keys: broken (rq:broken:<q>), refused (rq:refused:<q>)
 *
 * Reply: lost: the execution no longer owned the job, and only what it held is dropped
 */
export const setAside: Script<
  [broken: string, refused: string],
  [
    prefix: string,
    stamp: string,
    worker: string,
    queue: string,
    id: string,
    execution: string,
    limit: string,
    reason: string,
  ],
  'done' | 'lost'
> = {
  name: 'set_aside',
  sha: '3b16fe00c7605c2787df914bc2cae0213a06b4f2',
  keyCount: 2,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    LIB_BROKEN,
    LIB_LEASE,
    LIB_PUSH,
    LIB_TIME,
    LIB_RATE_LIMIT,
    LIB_HELD_SLOT,
    String.raw`local brokenKey, refusedKey = KEYS[1], KEYS[2]
local prefix, stamp, worker, queue, id = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local execution, limit, reason = ARGV[6], ARGV[7], ARGV[8]
local member = id .. ':' .. execution
local ended = execution .. '-ended'
local key = prefix .. 'job:' .. id
local held = redis.pcall('HMGET', key, 'execution_id', 'status')
if not held.err and held[1] == ended then return 'done' end
local isOurs = held.err and hasLease(prefix, queue, id, execution)
  or not held.err and owns(prefix, queue, id, execution, held[1], held[2])
if isOurs and held[2] ~= 'canceled' then
  noteBroken(prefix, queue, id)
  if not held.err then redis.call('HSET', key, 'execution_id', ended) end
  if attempt('ZSCORE', brokenKey, id) then attempt('HSET', refusedKey, id, ended .. '\n' .. reason) end
end
redis.call('DEL', prefix .. 'execution:' .. member)
attempt('ZREM', prefix .. 'executions:' .. id, execution)
attempt('SREM', prefix .. 'worker:' .. worker .. ':executions', member)
if limit ~= '' then
  if not freeHeldSlot(prefix, queue, id, execution, stamp) and isOurs then releaseSlot(prefix, limit, id, stamp) end
end
attempt('ZREM', prefix .. 'wip:' .. queue, member)
return isOurs and 'done' or 'lost'`,
  ),
}

/**
 * Apply what attempts came to, each only if its execution still owns the job, then claim the next jobs.
 *
 * Keys: suspended (rq:suspended)
 *
 * Reply: a letter for each settlement: a = applied, l = lost, g = gone; the word suspended or again (see lib/claim), or what lib/claimed packs; whether dependents were set aside for release_dependents
 */
export const settle: Script<
  [suspended: string],
  [
    prefix: string,
    stamp: string,
    want: number,
    worker: string,
    leaseMs: number,
    largest: number,
    executionBase: string,
    workedS: number,
    shown: string,
    settlements: Uint8Array,
    ...queues: string[],
  ],
  [answers: Buffer, claimed: Buffer, hasMore: 0 | 1]
> = {
  name: 'settle',
  sha: 'd519d9e8d65e83291ee37929bb3a20c36f8cad92',
  keyCount: 1,
  repliesInBytes: true,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_CLAIMED,
    LIB_TIME,
    LIB_EXECUTION_IDS,
    String.raw`local readAny
local function make_claim_any()`,
    LIB_ATTEMPT,
    LIB_BROKEN,
    LIB_EXPIRING,
    LIB_FIELDS,
    LIB_LEASE,
    LIB_RESULTS,
    LIB_CLAIM_ANY,
    String.raw`return readAny
end
function readAny(...)
  readAny = make_claim_any()
  return readAny(...)
end`,
    LIB_CLAIM,
    LIB_ATTEMPT,
    LIB_WORKER_STATE,
    LIB_SETTLED_BATCH,
    LIB_WAITERS,
    LIB_SETTLE_PLAIN,
    String.raw`local settle, releaseOfEnded
local function make_settlement()`,
    LIB_BROKEN,
    LIB_LEASE,
    LIB_OLDER_STATUS,
    LIB_EXPIRING,
    LIB_SCHEDULE,
    LIB_DEPENDENCIES,
    LIB_PUSH,
    LIB_RATE_LIMIT,
    LIB_PLACE,
    LIB_DEPENDENTS,
    LIB_HELD_SLOT,
    LIB_MESSAGES,
    LIB_REGISTRIES,
    LIB_RESULTS,
    LIB_UNIQUE_KEY,
    LIB_SETTLEMENT,
    String.raw`return settle, releaseOfEnded
end
function settle(...)
  settle, releaseOfEnded = make_settlement()
  return settle(...)
end
function releaseOfEnded(...)
  settle, releaseOfEnded = make_settlement()
  return releaseOfEnded(...)
end`,
    String.raw`local readLimits, keepNewest
local function make_newest()`,
    LIB_LEASE,
    LIB_OLDER_STATUS,
    LIB_EXPIRING,
    LIB_SCHEDULE,
    LIB_DEPENDENCIES,
    LIB_PUSH,
    LIB_RATE_LIMIT,
    LIB_HELD_SLOT,
    LIB_MESSAGES,
    LIB_REGISTRIES,
    LIB_REMOVE_JOB,
    LIB_NEWEST,
    String.raw`return readLimits, keepNewest
end
function readLimits(...)
  readLimits, keepNewest = make_newest()
  return readLimits(...)
end
function keepNewest(...)
  readLimits, keepNewest = make_newest()
  return keepNewest(...)
end`,
    String.raw`local suspendedKey = KEYS[1]
local prefix, stamp, want, worker = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local leaseMs, largest, executionBase, workedS, shown = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7], ARGV[8], ARGV[9]
local settlements = cmsgpack.unpack(ARGV[10])
local firstQueue, lastQueue = 11, #ARGV
local function settlementOf(id, execution, queue, to, startedAt, endedAt, keepS, counts, release, value, extra)
  return { id = id, execution = execution, queue = queue, to = to, startedAt = startedAt, endedAt = endedAt,
    keepS = keepS, counts = counts, release = release, value = value, extra = extra }
end
local batch = newBatch(prefix, worker, stamp)
local at, last = 1, #settlements
if type(settlements[1]) == 'string' then
  at = 2 + tonumber(settlements[1])
  batch.limits, batch.awaited = readLimits(prefix, settlements, 2, at - 1), {}
end
while at <= last do
  if settlements[at] then
    settle(batch, settlementOf(unpack(settlements, at + 1, at + 11)))
    at = at + 12
  else
    local queue, keepS, fieldCount, n = unpack(settlements, at + 1, at + 4)
    local behind = at + 5 + PLAIN_WIDTH * tonumber(n)
    local group = newPlainGroup(batch, queue, keepS, fieldCount)
    settlePlainGroup(batch, group, settlements, at + 5, behind - 1, function(id, execution, startedAt, endedAt, value)
      settle(batch, settlementOf(id, execution, queue, 'finished', startedAt, endedAt, keepS, 'successful',
        group.release, value, {}))
    end)
    at = behind
  end
end
writeBatch(batch)
if #batch.endedIds > 0 and redis.call('EXISTS', unpack(batch.dependentsKeys)) > 0 then releaseOfEnded(batch) end
if batch.limits then keepNewest(batch) end
countForWorker(batch, workedS)
local answers = table.concat(batch.answers)
local hasMore = batch.hasMore and math.min(1, redis.call('EXISTS', prefix .. 'releasing', prefix .. 'unchecked')) or 0
if want > 0 and redis.call('EXISTS', suspendedKey) == 1 then
  showState(prefix, worker, shown, 'suspended')
  return { answers, 'suspended', hasMore }
end
local claimed = claim(prefix, firstQueue, lastQueue, want, worker, leaseMs, stamp, executionBase, largest)
showState(prefix, worker, shown, claimed)
return { answers, pack(claimed.err and {} or claimed), hasMore }`,
  ),
}

/**
 * Write into a worker's record which of its queues it claims nothing from, unless the record is gone or that of another instance.
 *
 * Keys: worker (rq:worker:<w>)
 *
 * Reply: 1 if the record was the worker's
 */
export const showHolds: Script<
  [worker: string],
  [
    instance: string,
    paused: string,
    held: string,
  ],
  0 | 1
> = {
  name: 'show_holds',
  sha: '975693f5851901738aec2eac09341f65436fead9',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    String.raw`local workerKey = KEYS[1]
local instance, paused, held = ARGV[1], ARGV[2], ARGV[3]
local function show(field, value)
  if value == '' then
    redis.call('HDEL', workerKey, field)
  else
    redis.call('HSET', workerKey, field, value)
  end
end
if attempt('HGET', workerKey, 'instance') ~= instance then return 0 end
show('paused', paused)
show('held', held)
return 1`,
  ),
}

/**
 * Write into a worker's record which jobs it knows by name, unless the record is gone or that of another instance.
 *
 * Keys: worker (rq:worker:<w>)
 *
 * Reply: 1 if the record was the worker's
 */
export const showJobNames: Script<
  [worker: string],
  [
    instance: string,
    names: string,
  ],
  0 | 1
> = {
  name: 'show_job_names',
  sha: '7e3f0b96b728f698751871b1f84ba366dfec05f4',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    String.raw`local workerKey = KEYS[1]
local instance, names = ARGV[1], ARGV[2]
if attempt('HGET', workerKey, 'instance') ~= instance then return 0 end
redis.call('HSET', workerKey, 'job_names', names)
return 1`,
  ),
}

/**
 * Stop leading queues, and notify the schedulers that stand by. Locks of others stay.
 *
 * Keys: scheduler (rq:scheduler:<s>)
 *
 * Reply: 1 if the scheduler had a record
 */
export const stopLeading: Script<
  [scheduler: string],
  [
    prefix: string,
    name: string,
    ...queues: string[],
  ],
  number
> = {
  name: 'stop_leading',
  sha: '98b674493d8a8ab2ef6361f1c95d95fcd9826f11',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    String.raw`local schedulerKey = KEYS[1]
local prefix, name = ARGV[1], ARGV[2]
for at = 3, #ARGV do
  local lock = prefix .. 'scheduler-lock:' .. ARGV[at]
  if attempt('GET', lock) == name then
    redis.call('DEL', lock)
    redis.call('PUBLISH', prefix .. 'notify:scheduler', ARGV[at])
  end
end
return redis.call('DEL', schedulerKey)`,
  ),
}

/**
 * Drop members of a group whose job is gone, or is another one of the same id that is not of the group. Drop the group with its last member.
 *
 * Keys: group (rq:group:<g>)
 *
 * Reply: the others
 */
export const tidyGroup: Script<
  [group: string],
  [
    prefix: string,
    name: string,
    ...ids: string[],
  ],
  string[]
> = {
  name: 'tidy_group',
  sha: 'a465fd4e4f3f846548b75fc26ebaabd91f2bad88',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    String.raw`local groupKey = KEYS[1]
local prefix, name = ARGV[1], ARGV[2]
local members = {}
for at = 3, #ARGV do
  local id = ARGV[at]
  local group = redis.pcall('HGET', prefix .. 'job:' .. id, 'group_id')
  if group == name or (group and group.err) then
    members[#members + 1] = id
  else
    redis.call('SREM', groupKey, id)
  end
end
if redis.call('EXISTS', groupKey) == 0 then attempt('SREM', prefix .. 'groups', name) end
return members`,
  ),
}

/**
 * Remove a worker from the lists, unless another instance has its name by now. Its record stays for a minute, idle and with the time of its death.
 *
 * Keys: workers (rq:workers)
 *
 * Reply: 
 */
export const unregister: Script<
  [workers: string],
  [
    prefix: string,
    name: string,
    instance: string,
    stamp: string,
    ...queues: string[],
  ],
  'ok'
> = {
  name: 'unregister',
  sha: '8d21bbfa34a6efbc17bdc5dcd476bb8907cc5020',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    LIB_ATTEMPT,
    LIB_TIME,
    LIB_WORKER_NAME,
    String.raw`local workersKey = KEYS[1]
local prefix, name, instance, stamp = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local key = prefix .. 'worker:' .. name
local _, nowMs = clock()
if otherInstance(key, instance, nowMs) then return 'ok' end
attempt('SREM', workersKey, key)
for at = 5, #ARGV do attempt('SREM', prefix .. 'workers:' .. ARGV[at], key) end
if (attempt('HLEN', key) or 0) > 0 then
  redis.call('HSET', key, 'death', stamp, 'state', 'idle')
  redis.call('HDEL', key, 'current_job')
  redis.call('EXPIRE', key, 60)
end
redis.call('DEL', key .. ':executions')
local function leaveTurn(turnKey)
  if attempt('GET', turnKey) == instance then redis.call('DEL', turnKey) end
end
leaveTurn(prefix .. 'maintenance')
for at = 5, #ARGV do leaveTurn(prefix .. 'maintenance:' .. ARGV[at]) end
return 'ok'`,
  ),
}

/**
 * Change fields of a job, unless the job is gone or another execution owns it.
 *
 * Keys: job (rq:job:<id>)
 *
 * Reply: refused: another execution owns the job
 */
export const updateJob: Script<
  [job: string],
  [
    execution: string,
    ...fields: ScriptArgument[],
  ],
  'done' | 'missing' | 'refused'
> = {
  name: 'update_job',
  sha: 'a4ed3a9816d93007fe92c93721ae71d6fd5cfa28',
  keyCount: 1,
  repliesInBytes: false,
  lua: joined(
    String.raw`#!lua flags=allow-oom`,
    String.raw`local jobKey = KEYS[1]
local execution = ARGV[1]
if redis.call('EXISTS', jobKey) == 0 then return 'missing' end
if execution ~= '' and redis.call('HGET', jobKey, 'execution_id') ~= execution then return 'refused' end
redis.call('HSET', jobKey, unpack(ARGV, 2))
return 'done'`,
  ),
}
