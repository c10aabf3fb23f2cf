--- Jobs that wait for other jobs.
-- @include lib/place
-- @include lib/schedule

--- How many dependents are released in one step. The others are set aside for release_dependents: `releasing:<id>`
-- holds them, and the hash `releasing` says how those of a job are to be released.
local RELEASED_AT_ONCE = 250
--- How many dependencies are checked before all of them are read.
local CHECKED_FIRST = 16

--- Whether a dependency in this status no longer holds its dependent back. A missing one never does.
local function satisfied(status, allowFailure)
  return not status or status == 'finished' or (allowFailure and status == 'failed')
end

--- The status of a job; nil when there is no such job.
local function statusOf(prefix, id)
  local key = prefix .. 'job:' .. id
  return redis.call('HGET', key, 'status') or (redis.call('EXISTS', key) == 1 and 'created') or nil
end

--- Add a job to the dependents of another, for as long as that one is kept; for a year if there is no such job.
local function addDependent(prefix, dependency, dependent)
  local key = prefix .. 'job:' .. dependency
  redis.call('SADD', key .. ':dependents', dependent)
  local lifeMs = redis.call('PTTL', key)
  if lifeMs == -1 then
    redis.call('PERSIST', key .. ':dependents')
  else
    redis.call('PEXPIRE', key .. ':dependents', lifeMs > 0 and lifeMs or YEAR_S * 1000)
  end
end

--- Write down what a job waits for, on both sides.
local function waitFor(prefix, id, dependencies)
  -- `unpack` takes some thousands at most.
  for first = 1, #dependencies, 1000 do
    local last = math.min(first + 999, #dependencies)
    redis.call('SADD', prefix .. 'job::' .. id .. ':dependencies', unpack(dependencies, first, last))
  end
  for _, dependency in ipairs(dependencies) do addDependent(prefix, dependency, id) end
end

--- The first of the dependencies that is not satisfied, ignoring `except`; nil if all are.
local function firstUnsatisfied(prefix, dependencies, allowFailure, except)
  for _, dependency in ipairs(dependencies) do
    if dependency ~= except and not satisfied(statusOf(prefix, dependency), allowFailure) then return dependency end
  end
  return nil
end

--- Whether all dependencies of a job are satisfied, ignoring `except`. Adds the job again to the dependents of one that
-- is not: that one may have been deleted and enqueued again.
local function dependenciesMet(prefix, id, allowFailure, except)
  local key = prefix .. 'job::' .. id .. ':dependencies'
  -- Of very many dependencies a few at random show in most cases that the job has to wait.
  local some = redis.call('SRANDMEMBER', key, CHECKED_FIRST)
  local unsatisfied = firstUnsatisfied(prefix, some, allowFailure, except)
  if not unsatisfied and #some == CHECKED_FIRST then
    unsatisfied = firstUnsatisfied(prefix, redis.call('SMEMBERS', key), allowFailure, except)
  end
  if unsatisfied then addDependent(prefix, unsatisfied, id) end
  return not unsatisfied
end

--- Whether a job waits for other jobs. A Python program may have written an older status, so the registry counts, too.
local function isWaiting(prefix, id, status, queue)
  if status == 'deferred' or status == 'canceled' or not queue then return status == 'deferred' end
  return redis.call('ZSCORE', prefix .. 'deferred:' .. queue, id) and true or false
end

--- Release a deferred job.
local function releaseOne(prefix, id, job, nowS, stamp)
  redis.call('ZREM', prefix .. 'deferred:' .. job[2], id)
  place(prefix, id, job[2], job[4] == '1', job[5] and job[6] and job[5], job[6], nowS, stamp)
  -- The time to live in the queue begins now: it does not count while the job waits for others.
  if tonumber(job[7]) then expireAfter(prefix, id, job[7]) end
end

--- Release those of the given dependents of a job that wait for nothing else, in the order in which they were deferred.
-- `mode`: 'all'; 'allow_failure' = those that allow a failed dependency; 'canceled' = all, and the job is no longer a
-- dependency of theirs. Returns those that wait on.
local function release(prefix, id, dependents, mode, nowS, stamp)
  local ready, waiting = {}, {}
  for _, child in ipairs(dependents) do
    local job = redis.call('HMGET', prefix .. 'job:' .. child, 'status', 'origin', 'allow_dependency_failures',
      'enqueue_at_front', 'rate_limit_key', 'rate_limit_concurrency', 'ttl')
    local tolerant = job[3] == '1'
    if mode == 'canceled' then
      local key = prefix .. 'job::' .. child .. ':dependencies'
      redis.call('SREM', key, id)
      -- When a scheduled job is due, an empty set is filled from these fields.
      if job[1] == 'scheduled' and redis.call('EXISTS', key) == 0 then
        redis.call('HDEL', prefix .. 'job:' .. child, 'dependency_id', 'dependency_ids')
      end
    end
    local isDeferred = isWaiting(prefix, child, job[1], job[2])
    local mayGo = isDeferred and (tolerant or mode ~= 'allow_failure')
    if mayGo and dependenciesMet(prefix, child, tolerant, id) then
      local since = #dependents > 1 and redis.call('ZSCORE', prefix .. 'deferred:' .. job[2], child)
      ready[#ready + 1] = { id = child, job = job, since = tonumber(since or 0) }
    elseif (isDeferred or job[1] == 'scheduled') and mode ~= 'canceled' then
      waiting[#waiting + 1] = child
    end
  end
  table.sort(ready, function(a, b) return a.since < b.since or (a.since == b.since and a.id < b.id) end)
  for _, child in ipairs(ready) do releaseOne(prefix, child.id, child.job, nowS, stamp) end
  return waiting
end

--- Release up to `most` of the dependents that were set aside. Returns how many were checked.
local function releaseSetAside(prefix, id, mode, most, nowS, stamp)
  local aside = prefix .. 'releasing:' .. id
  local dependents = most > 0 and redis.call('SPOP', aside, most) or {}
  local waiting = release(prefix, id, dependents, mode, nowS, stamp)
  local lifeMs = redis.call('PTTL', prefix .. 'job:' .. id)
  if #waiting > 0 and lifeMs ~= -2 then
    redis.call('SADD', prefix .. 'job:' .. id .. ':dependents', unpack(waiting))
    if lifeMs > 0 then redis.call('PEXPIRE', prefix .. 'job:' .. id .. ':dependents', lifeMs) end
  end
  if redis.call('EXISTS', aside) == 0 then redis.call('HDEL', prefix .. 'releasing', id) end
  return #dependents
end

--- Release the dependents of a job as `release` does; if there are more than `most`, only the first, and set the others
-- aside. Returns whether any may wait on, and how many were checked.
local function releaseDependents(prefix, id, mode, most, nowS, stamp)
  local key = prefix .. 'job:' .. id .. ':dependents'
  local count = redis.call('SCARD', key)
  if count == 0 then return false, 0 end
  if count > most then
    local aside = prefix .. 'releasing:' .. id
    if redis.call('EXISTS', aside) == 1 then
      redis.call('SUNIONSTORE', aside, aside, key)
      redis.call('DEL', key)
    else
      redis.call('RENAME', key, aside)
      redis.call('PERSIST', aside)
    end
    redis.call('HSET', prefix .. 'releasing', id, mode)
    return true, releaseSetAside(prefix, id, mode, most, nowS, stamp)
  end
  local waiting = release(prefix, id, redis.call('SMEMBERS', key), mode, nowS, stamp)
  if #waiting < count then
    redis.call('DEL', key)
    if #waiting > 0 then redis.call('SADD', key, unpack(waiting)) end
  end
  return #waiting > 0, count
end

--- Whether the job `from` waits for `id`, directly or through other jobs. A job that does not wait may still have a set
-- of dependencies, which is ignored.
local function reaches(prefix, from, id)
  local seen, todo = {}, { from }
  while #todo > 0 do
    local current = table.remove(todo)
    if current == id then return true end
    if not seen[current] then
      seen[current] = true
      local status = redis.call('HGET', prefix .. 'job:' .. current, 'status')
      if status == 'deferred' or status == 'scheduled' then
        for _, nextId in ipairs(redis.call('SMEMBERS', prefix .. 'job::' .. current .. ':dependencies')) do
          todo[#todo + 1] = nextId
        end
      end
    end
  end
  return false
end
