--- Enqueue a job that is there already, or has extras as lib/enqueue lists them.
-- @include lib/attempt
-- @include lib/enqueue_batch
-- @include lib/expiring
-- @include lib/held_slot
-- @include lib/place
-- @include lib/registries
-- @include lib/results
-- @include lib/schedule
-- @lazy lib/messages endMessages
-- @lazy lib/dependencies hasToWait waitFor reaches leaveDependencies
-- @lazy lib/take_unique_key findOther removeJob takeUniqueKey

--- How many dependencies of one job are checked in the call that enqueues it. A job that has more is deferred, and
-- release_dependents checks them.
local MOST_DEPENDENCIES = 250

--- Whether this very call already put the job where it is: its reply was lost and the client sent it again.
-- A unique job is recognized by its token, since two programs may make one in the same moment; any other new job by its
-- creation time, since it may have come into its queue, and further, before the call was sent again. A job that is
-- enqueued once more is there if it has this call's stamp, or waits already where it belongs; in no other state, since
-- then nothing would ever start it. A job that this call has given the slot of another job has the stamp as well, and
-- is not there yet. A deferred job belongs elsewhere if it is for another queue, or for a later time.
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

--- The answer for a job that is already there.
local function answerAgain(extra, known)
  if extra.execution and known.execution == extra.execution then return 'started' end
  local status = known.status
  local waits = status == 'deferred' or status == 'scheduled' or status == 'rate_limited'
  return waits and status or 'queued'
end

--- Why a job may not wait for these: `cycle`; `too_many`, if it would take too long to find out; nil if it may.
local function refusalOf(batch, id, dependencies)
  if redis.call('EXISTS', batch.prefix .. 'job:' .. id .. ':dependents') == 0 then return nil end
  local isCycle = reaches(batch.prefix, dependencies, id)
  return isCycle and 'cycle' or isCycle == nil and 'too_many' or nil
end

--- Remove a job that another one of its id replaces: from its place, its group and its rate limit. It waits for nothing
-- any more; jobs that wait for it wait on.
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

--- Write the job where it belongs. Returns its status. `...`: fields of its hash. The place comes first: if its key is
-- of another type, nothing is written.
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
    -- A key of the limit is of another type. A job that waits for a slot by now is in its place.
    if redis.call('HGET', key, 'status') == 'created' then redis.call('UNLINK', key) end
    error(answer, 0)
  end
  redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp, ...)
  push(prefix, queue, id, extra.front)
  return 'queued'
end

--- What is known of a job that is there already; nil if it has no creation time, which every enqueued job has.
local function readKnown(key, queue)
  local values = redis.call('HMGET', key, 'enqueued_at', 'created_at', 'status', 'origin', 'execution_id')
  if not values[2] then return nil end
  return { enqueuedAt = values[1], createdAt = values[2], status = values[3], queue = values[4] or queue,
    execution = values[5] }
end

--- Enqueue a job. Returns the answer. `...`: fields of its hash, created_at first.
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
    -- The same job enqueued once more, not another one of its id, keeps its results.
    hasHistory = known.status == 'finished' and known.createdAt == createdAt
  end
  local refusal = dependencies and refusalOf(batch, id, dependencies)
  if refusal then return refusal end
  local other = extra.key and findOther(batch, queue, id, extra)
  if other and not extra.replaces then return 'duplicate ' .. other end
  if hasHistory then hasHistory = keepSuccess(prefix, id) end
  if known or other then
    -- The other job must not be gone when this one cannot be put into its place.
    local list = prefix .. 'queue:' .. queue
    if not isOfType(list, 'list') then error({ err = 'WRONGTYPE ' .. list .. ' is no queue. Nothing was written.' }, 0) end
    if known then replace(batch, key, id, known) end
    if other then removeJob(prefix, other, batch.stamp) end
  end
  listQueue(batch, queue)

  local dueMs = tonumber(extra.dueMs) or extra.delayMs and nowMs + extra.delayMs
  -- A job that is due already is not scheduled.
  if dueMs and dueMs <= nowMs then dueMs = nil end
  local most = math.min(MOST_DEPENDENCIES, batch.dependenciesLeft)
  if dependencies then batch.dependenciesLeft = batch.dependenciesLeft - math.min(most, #dependencies) end
  local isUnmet = dependencies and hasToWait(prefix, dependencies, extra.allowFailure, most)
  if dependencies and (isUnmet or dueMs) then waitFor(prefix, id, dependencies, most) end
  local answer = putInPlace(batch, key, id, queue, extra, dueMs, isUnmet, ...)
  if extra.token then redis.call('HSET', key, 'unique', extra.token) end
  if extra.key then takeUniqueKey(batch, queue, id, extra) end
  if hasHistory then redis.call('HSET', key, 'results', 'stream') end
  -- The longest wait in the queue begins when the job comes into it, not while it waits for other jobs.
  if extra.ttlS and not isUnmet and answer ~= 'started' then
    local delayS = dueMs and math.ceil((dueMs - nowMs) / 1000) or 0
    expireAfter(prefix, id, extra.ttlS + delayS, queue, extra.rateLimit)
  end
  if extra.group then
    attempt('SADD', prefix .. 'groups', extra.group)
    attempt('SADD', prefix .. 'group:' .. extra.group, id)
  end
  return answer
end
