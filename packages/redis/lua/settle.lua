#!lua flags=allow-oom
--- Apply what attempts came to, each only if its execution still owns the job, then hand out the next jobs.
-- @key suspended string exists while workers are suspended
-- @arg prefix string
-- @arg stamp string ISO time of this call
-- @arg want int jobs to claim afterwards, 0 = none
-- @arg worker string
-- @arg leaseMs int
-- @arg executionBase string random; execution ids are made of it
-- @arg successes int for the worker's counters
-- @arg failures int
-- @arg workedS float seconds worked
-- @arg settlements string packed as lib/handed does; per settlement: job id, execution id, queue, to, keepS, flags,
--   ended_at, started_at, number of further field texts, those, then what the flags announce; or for one with the queue, to, keepS and
--   flags of the one before: job id, execution id, '"', ended_at, started_at, return value; or with ',' and without a value
--   flags: f = at the front; a = release all dependents; t = release those that allow failure; e = an execution record exists;
--   d = has dependencies; s = due in ms (to = scheduled); x = count, texts of a results stream entry, its keepS;
--   r = rate limit key; g = group; l = ttl in seconds (to = queued or scheduled); n = counted neither as success nor as failure;
--   u = in no registry (to = failed)
-- @arg queues... string names in order of service
-- @reply a letter for each: applied, lost, gone; then 'suspended' or what lib/handed packs; then 1 when dependents were set aside for
--   release_dependents, else 0
-- @include lib/claim
-- @include lib/dependencies
-- @include lib/registries
-- @include lib/schedule
-- @include lib/waiters

local suspendedKey = KEYS[1]
local prefix, stamp, want, worker = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local leaseMs, executionBase = tonumber(ARGV[5]), ARGV[6]
local successes, failures, workedS = tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9]
local settlements = cmsgpack.unpack(ARGV[10])
local firstQueue, lastQueue = 11, #ARGV

local nowS, nowMs = clock()
local answers, applied = {}, 0
local ended = {}
local registered = {}
-- Made once for all settlements that have them in common.
local queueKeys = {}
local expiries = {}
local releasable = RELEASED_AT_ONCE

local function listAt(map, key)
  local list = map[key]
  if not list then
    list = {}
    map[key] = list
  end
  return list
end

local function keysOf(queue)
  local keys = queueKeys[queue]
  if not keys then
    keys = { wip = prefix .. 'wip:' .. queue, finished = prefix .. 'finished:' .. queue, failed = prefix .. 'failed:' .. queue }
    queueKeys[queue] = keys
  end
  return keys
end

--- When what is kept for so long is over, as text: Redis is slow to write a number.
local function expiry(keepS)
  local at = expiries[keepS]
  if not at then
    at = string.format('%d', nowS + keepS)
    expiries[keepS] = at
  end
  return at
end

local function register(key, at, id)
  local list = listAt(registered, key)
  local n = #list
  list[n + 1], list[n + 2] = at, id
end

-- Jobs that have ended and stay: their sets of dependents, looked at together, since hardly any has one.
local stayed, dependentsKeys, releases, keptS = {}, {}, {}, {}

--- Longer values are not sent along with the news, since there may be many who wait.
local LONGEST_TOLD = 4096

--- All that there is to know of a success whose value is in the hash: id, worker, execution id, times, whether there is a value, and it.
-- `value`: false when there is none.
local function newsOf(id, execution, startedAt, endedAt, value)
  if value and #value > LONGEST_TOLD then return id end
  return table.concat({ id, worker, execution, startedAt, endedAt, value and '1' or '0', value or '' }, '\n')
end

--- A job has ended and is kept for so long. `keepText`: the same, as it came; `release`: as the flags say, or nil.
local function stay(id, key, keepS, keepText, release, hasDependencies)
  local n = #stayed + 1
  stayed[n], dependentsKeys[n], releases[n], keptS[n] = id, key .. ':dependents', release or false, keepS
  if keepS <= 0 then return end
  redis.call('EXPIRE', key, keepText)
  if hasDependencies then redis.call('EXPIRE', prefix .. 'job::' .. id .. ':dependencies', keepText) end
end

--- Release the dependents of a job, or as many as this step has left to do. Returns whether any may wait on.
local function releaseSome(id, mode)
  local waiting, seen = releaseDependents(prefix, id, mode, releasable, nowS, stamp)
  releasable = releasable - seen
  return waiting
end

--- Release the dependents of the jobs that stay; those that wait on are known as long as the job.
local function releaseOfStayed()
  if #stayed == 0 or redis.call('EXISTS', unpack(dependentsKeys)) == 0 then return end
  for n, id in ipairs(stayed) do
    local waiting = not releases[n] or releaseSome(id, releases[n])
    if waiting and keptS[n] > 0 then redis.call('EXPIRE', dependentsKeys[n], keptS[n]) end
  end
end

local at, last = 1, #settlements
local queue, to, keepText, keepS, flags
while at <= last do
  local id, execution, head = settlements[at], settlements[at + 1], settlements[at + 2]
  local endedAt, startedAt, firstField, lastField, value
  if head == '"' or head == ',' then
    endedAt, startedAt = settlements[at + 3], settlements[at + 4]
    value = head == '"' and settlements[at + 5]
    at = at + (value and 6 or 5)
  else
    queue, to, keepText, flags, endedAt, startedAt = head, unpack(settlements, at + 3, at + 7)
    keepS = tonumber(keepText)
    firstField = at + 9
    lastField = at + 8 + tonumber(settlements[at + 8])
    value = settlements[lastField - 1] == 'result' and settlements[lastField]
    at = lastField + 1
  end

  local front, release, executionRecord, hasDependencies, delayMs, limit, group, ttl, uncounted, unlisted
  local firstEntry, lastEntry, entryKeepS
  -- What most settlements say needs no loop.
  if flags == 'a' then release = 'a' end
  for n = 1, flags == 'a' and 0 or #flags do
    local flag = string.sub(flags, n, n)
    if flag == 'f' then
      front = true
    elseif flag == 'a' or flag == 't' then
      release = flag
    elseif flag == 'e' then
      executionRecord = true
    elseif flag == 'd' then
      hasDependencies = true
    elseif flag == 's' then
      delayMs = tonumber(settlements[at])
      at = at + 1
    elseif flag == 'x' then
      firstEntry = at + 1
      lastEntry = at + tonumber(settlements[at])
      entryKeepS = tonumber(settlements[lastEntry + 1])
      at = lastEntry + 2
    elseif flag == 'r' then
      limit = settlements[at]
      at = at + 1
    elseif flag == 'g' then
      group = settlements[at]
      at = at + 1
    elseif flag == 'n' then
      uncounted = true
    elseif flag == 'u' then
      unlisted = true
    elseif flag == 'l' then
      ttl = tonumber(settlements[at])
      at = at + 1
    end
  end

  local key = prefix .. 'job:' .. id
  local held = redis.call('HMGET', key, 'execution_id', 'status', 'waiters')
  local member = id .. ':' .. execution
  local queueKey = keysOf(queue)
  local leases = listAt(ended, queueKey.wip)
  leases[#leases + 1] = member
  if executionRecord then
    redis.call('DEL', prefix .. 'execution:' .. member)
    redis.call('ZREM', prefix .. 'executions:' .. id, execution)
    redis.call('SREM', prefix .. 'worker:' .. worker .. ':executions', member)
  end

  if held[1] ~= execution or (held[2] ~= 'started' and held[2] ~= 'canceled') then
    -- The same again, because its reply was lost.
    local again = held[1] == execution and held[2] == to
    answers[#answers + 1] = again and 'a' or (held[1] or held[2] or redis.call('EXISTS', key) == 1) and 'l' or 'g'
    if to == 'finished' or (release == 'a' and (to == 'queued' or to == 'scheduled')) then
      successes = successes - 1
    elseif not uncounted then
      failures = failures - 1
    end
  else
    answers[#answers + 1] = 'a'
    applied = applied + 1
    if held[2] == 'canceled' then
      -- Canceled while it ran: it ends as it ended, but the jobs that waited for it stay (RQ).
      redis.call('ZREM', prefix .. 'canceled:' .. queue, id)
      release = nil
      if to == 'queued' or to == 'scheduled' then to, keepS = 'canceled', -1 end
    end
    -- Those who wait for the slot go before those who wait for the job.
    if limit and to ~= 'queued' then releaseSlot(prefix, limit, id, nowS, stamp) end
    if firstEntry then
      redis.call('XADD', prefix .. 'results:' .. id, 'MAXLEN', '~', 10, '*', unpack(settlements, firstEntry, lastEntry))
      if entryKeepS > 0 then
        redis.call('EXPIRE', prefix .. 'results:' .. id, entryKeepS)
      else
        redis.call('PERSIST', prefix .. 'results:' .. id)
      end
    end

    if (to == 'finished' or to == 'failed' or to == 'stopped') and keepS == 0 then
      wake(prefix, id, held[3])
      if release then
        -- The dependents see a job that is over: gone, which satisfies them, as RQ has it.
        redis.call('HSET', key, 'status', to)
        releaseSome(id, release)
      end
      erase(prefix, id, group)
    elseif to == 'finished' then
      if firstField then
        redis.call('HSET', key, 'status', 'finished', 'ended_at', endedAt, 'started_at', startedAt,
          unpack(settlements, firstField, lastField))
      elseif value then
        redis.call('HSET', key, 'status', 'finished', 'ended_at', endedAt, 'started_at', startedAt, 'result', value)
      else
        redis.call('HSET', key, 'status', 'finished', 'ended_at', endedAt, 'started_at', startedAt)
      end
      register(queueKey.finished, keepS < 0 and '+inf' or expiry(keepS), id)
      stay(id, key, keepS, keepText, release, hasDependencies)
      if held[3] then
        wake(prefix, id, held[3], not firstEntry and newsOf(id, execution, startedAt, endedAt, value))
      end
    elseif to == 'failed' or to == 'stopped' then
      redis.call('HSET', key, 'status', to, 'results', 'stream', 'ended_at', endedAt, 'started_at', startedAt,
        unpack(settlements, firstField, lastField))
      if not unlisted then register(queueKey.failed, keepS < 0 and '-1' or expiry(keepS), id) end
      stay(id, key, keepS, keepText, release, hasDependencies)
      wake(prefix, id, held[3])
    elseif to == 'canceled' then
      redis.call('HSET', key, 'status', 'canceled', 'ended_at', endedAt, 'started_at', startedAt,
        unpack(settlements, firstField, lastField))
      redis.call('HDEL', key, 'execution_id')
      redis.call('ZADD', prefix .. 'canceled:' .. queue, nowS, id)
      wake(prefix, id, held[3])
    else
      if firstEntry then redis.call('HSET', key, 'results', 'stream') end
      if release then releaseSome(id, release) end
      redis.call('HDEL', key, 'execution_id')
      if to == 'scheduled' then
        redis.call('HSET', key, 'status', 'scheduled', 'ended_at', endedAt, 'started_at', startedAt,
        unpack(settlements, firstField, lastField))
        if front then redis.call('HSET', key, 'enqueue_at_front', 1) end
        schedule(prefix, queue, id, nowMs + delayMs)
      else
        redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp, 'ended_at', endedAt, 'started_at', startedAt,
        unpack(settlements, firstField, lastField))
        -- An immediate retry keeps its slot; a repeat waits for its turn like any other job.
        local concurrency = limit and release and redis.call('HGET', key, 'rate_limit_concurrency')
        if concurrency then
          redis.call('ZREM', prefix .. 'rl:' .. limit .. ':allowed', id)
          place(prefix, id, queue, front, limit, concurrency, nowS, stamp)
        else
          push(prefix, queue, id, front)
        end
      end
      if ttl then expireAfter(prefix, id, ttl + math.ceil((delayMs or 0) / 1000)) end
      if firstEntry then wake(prefix, id, held[3]) end
    end
  end
end

for key, members in pairs(ended) do redis.call('ZREM', key, unpack(members)) end
for key, members in pairs(registered) do redis.call('ZADD', key, unpack(members)) end
releaseOfStayed()

local workerKey = prefix .. 'worker:' .. worker
if successes + failures > 0 and redis.call('EXISTS', workerKey) == 1 then
  if successes > 0 then redis.call('HINCRBY', workerKey, 'successful_job_count', successes) end
  if failures > 0 then redis.call('HINCRBY', workerKey, 'failed_job_count', failures) end
  redis.call('HINCRBYFLOAT', workerKey, 'total_working_time', workedS * applied / #answers)
end

local setAside = releasable == 0 and redis.call('EXISTS', prefix .. 'releasing') or 0
if want > 0 and redis.call('EXISTS', suspendedKey) == 1 then return { table.concat(answers), 'suspended', setAside } end
local handed = claim(prefix, firstQueue, lastQueue, want, worker, leaseMs, stamp, executionBase)
return { table.concat(answers), pack(handed), setAside }
