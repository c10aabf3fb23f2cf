--- Settle any attempt: move its job to where the settlement says, if the attempt's execution still owns the job.
-- A settlement is a table:
--   id, execution, queue
--   to                  finished, failed, stopped, queued or scheduled
--   startedAt, endedAt  times of the attempt, as RQ writes them
--   keepS               seconds to keep an ended job; -1 = without end, 0 = not at all
--   counts              successful, failed or none: for the worker's counters
--   release             all, allow_failure or none: the dependents that may go on
--   value               return value for the job's hash, or false
--   extra               table of what most settlements do not have; each is nil or:
--     fields            list of further names and values for the job's hash
--     entry             list of names and values for the results stream
--     entryKeepS        seconds to keep that stream; 0 or less = without end
--     front             true = at the head of the queue
--     delayMs           until it is due; for scheduled
--     ttlS              longest wait in the queue; for queued and scheduled
--     isUnlisted        true = in no registry
--     hasRecord         true = the execution has a record of its own
--     hasDependencies   true = the job has a set of dependencies
--     group, rateLimit  what the job belongs to
--     key               its unique key, which it holds no longer
-- @include lib/broken
-- @include lib/settle_plain
-- @include lib/dependents
-- @include lib/held_slot
-- @include lib/lease
-- @include lib/messages
-- @include lib/registries
-- @include lib/results
-- @include lib/schedule
-- @include lib/unique_key

--- Read whether the execution owns the job: 'owned'; 'again' when this very settlement was applied before (its reply
-- was lost); 'lost' when another execution owns the job; 'gone' when there is no job.
local function ownership(prefix, key, held, s)
  if owns(prefix, s.queue, s.id, s.execution, held[1], held[2]) then return 'owned' end
  if held[1] == s.execution and held[2] == s.to then return 'again' end
  local exists = held[1] or held[2] or redis.call('EXISTS', key) == 1
  return exists and 'lost' or 'gone'
end

--- Decide for a job that was canceled while it ran: it ends as it ended and does not run again. Its dependents stay, as
-- in RQ.
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

--- Remove the lease of the execution, and its record.
local function endExecution(batch, s)
  local member = s.id .. ':' .. s.execution
  append(listAt(batch.leases, batch.prefix .. 'wip:' .. s.queue), member)
  if s.extra.hasRecord then
    redis.call('DEL', batch.prefix .. 'execution:' .. member)
    attempt('ZREM', batch.prefix .. 'executions:' .. s.id, s.execution)
    attempt('SREM', batch.prefix .. 'worker:' .. batch.worker .. ':executions', member)
  end
end

--- Release the dependents of a job, or as many as this call may still look at. Returns whether any may wait on.
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

--- Write where the job stands now. `...`: further names and values.
local function writeStatus(key, s, ...)
  redis.call('HSET', key, 'status', s.to, 'ended_at', s.endedAt, 'started_at', s.startedAt, ...)
  if s.extra.fields then redis.call('HSET', key, unpack(s.extra.fields)) end
end

--- Keep an ended job for as long as the settlement says. `scoreWithoutEnd`: of its entry in the registry.
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

--- Whether a job's queue keeps none like it. One that is listed nowhere is not counted.
local function isNotKept(batch, s)
  if not batch.limits or s.extra.isUnlisted or s.to == 'queued' or s.to == 'scheduled' or s.to == 'canceled' then
    return false
  end
  return keepsNone(batch, s.queue, s.to == 'finished' and 'finished' or 'failed')
end

--- How long a job that is not to be kept stays for those who wait for it, if they have to fetch its result.
local KEPT_FOR_WAITERS_S = 60

--- Keep a job that would be dropped, in no registry, if what came of it does not fit into a notice (ADR 41). As if it
-- was gone, it holds no other job back.
local function keepForWaiters(s)
  if s.to == 'finished' and not s.extra.entry and (not s.value or #s.value <= LONGEST_PUBLISHED) then return end
  s.keepS, s.release, s.extra.isUnlisted = KEPT_FOR_WAITERS_S, 'all', true
  if s.extra.entry then s.extra.entryKeepS = KEPT_FOR_WAITERS_S end
end

--- An ended job that is not kept. A job that is gone holds no other back, however it ended (ADR 22).
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

--- Failed or stopped.
local function fail(batch, key, s, waiters)
  writeStatus(key, s, 'results', 'stream')
  keepEnded(batch, key, s, 'failed', '-1')
  if waiters then noteAwaited(batch, s.id) end
  wake(batch.prefix, s.id, waiters)
end

--- A job that was canceled while it ran, and would have run again.
local function remainCanceled(batch, key, s, waiters)
  writeStatus(key, s)
  redis.call('HDEL', key, 'execution_id')
  attempt('ZADD', batch.prefix .. 'canceled:' .. s.queue, batch.nowS, s.id)
  wake(batch.prefix, s.id, waiters)
end

--- Run again when the time has come: a retry or a repeat.
local function scheduleAgain(batch, key, s)
  writeStatus(key, s)
  if s.extra.front then redis.call('HSET', key, 'enqueue_at_front', 1) end
  schedule(batch.prefix, s.queue, s.id, batch.nowMs + tonumber(s.extra.delayMs))
end

--- Run again at once.
local function queueAgain(batch, key, s)
  writeStatus(key, s, 'enqueued_at', batch.stamp)
  -- An immediate retry keeps its slot of the rate limit; a repeat, which releases dependents, waits for its turn like
  -- any other job.
  local concurrency = s.extra.rateLimit and s.release ~= 'none' and redis.call('HGET', key, 'rate_limit_concurrency')
  if concurrency then
    attempt('ZREM', batch.prefix .. 'rl:' .. s.extra.rateLimit .. ':allowed', s.id)
    place(batch.prefix, s.id, s.queue, s.extra.front, s.extra.rateLimit, concurrency, batch.stamp)
  else
    push(batch.prefix, s.queue, s.id, s.extra.front)
  end
end

--- Queued or scheduled.
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

--- An attempt has ended of a job that a Python program has put into its queue once more: the job runs again, and the
-- result is kept. `isTaken`: whether its id was taken out of the queue since then.
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

--- Settle an attempt. The table may change.
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
  -- Jobs that wait for the slot go before jobs that wait for this job.
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

--- Release the dependents of the jobs of a batch that have ended. Those that wait on are remembered as long as the job
-- is kept.
local function releaseOfEnded(batch)
  for n, id in ipairs(batch.endedIds) do
    local s = batch.endedBy[n]
    local waiting = s.release == 'none' or releaseSome(batch, id, s.release)
    if waiting and tonumber(s.keepS) > 0 then redis.call('EXPIRE', batch.dependentsKeys[n], s.keepS) end
  end
end
