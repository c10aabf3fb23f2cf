--- The release of jobs that wait for other jobs.
-- @include lib/attempt
-- @include lib/dependencies
-- @include lib/place

--- How many dependents are released in one step. The others are set aside for release_dependents: `releasing:<id>`
-- holds them, and the hash `releasing` says how those of a job are to be released.
local RELEASED_AT_ONCE = 250

local WAITING_FIELDS = { 'status', 'origin', 'allow_dependency_failures', 'enqueue_at_front', 'rate_limit_key',
  'rate_limit_concurrency', 'ttl' }

--- Release a deferred job. It stays deferred when the key of its queue, or of its rate limit, is of another type.
local function moveOn(prefix, id, job, stamp)
  place(prefix, id, job[2], job[4] == '1', job[5] and job[6] and job[5], job[6], stamp)
  attempt('ZREM', prefix .. 'deferred:' .. job[2], id)
  -- The time to live in the queue begins now: it does not count while the job waits for others.
  if tonumber(job[7]) then expireAfter(prefix, id, job[7], job[2], job[5]) end
end

--- The same. Returns whether it was released.
local function releaseOne(prefix, id, job, stamp)
  return guard(moveOn, prefix, id, job, stamp)
end

--- Release those of the given dependents of a job that wait for nothing else, in the order in which they were deferred.
-- `mode`: 'all'; 'allow_failure' = those that allow a failed dependency; 'canceled' = all, and the job is no longer a
-- dependency of theirs. Returns those that wait on.
local function release(prefix, id, dependents, mode, stamp)
  local ready, waiting = {}, {}
  for _, child in ipairs(dependents) do
    local job = redis.pcall('HMGET', prefix .. 'job:' .. child, unpack(WAITING_FIELDS))
    local tolerant = job[3] == '1'
    if mode == 'canceled' then
      local key = prefix .. 'job::' .. child .. ':dependencies'
      attempt('SREM', key, id)
      -- When a scheduled job is due, an empty set is filled from these fields.
      if job[1] == 'scheduled' and redis.call('EXISTS', key) == 0 then
        redis.call('HDEL', prefix .. 'job:' .. child, 'dependency_id', 'dependency_ids')
      end
    end
    local isDeferred = isWaiting(prefix, child, job[1], job[2])
    local mayGo = isDeferred and (tolerant or mode ~= 'allow_failure')
    -- Whatever the status of the job says: it may be about to run again.
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

--- Release up to `most` of the dependents that were set aside. Returns how many were checked.
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

--- Release the dependents of a job as `release` does; if there are more than `most`, only the first, and set the others
-- aside. Returns whether any may wait on, and how many were checked.
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
    -- Without it, maintenance finds those that nothing holds back.
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

--- Check more dependencies of a job that has very many, from `cursor` on, and release it if none holds it back. Returns
-- how many were checked.
local function checkMore(prefix, id, cursor, stamp)
  local key = prefix .. 'job::' .. id .. ':dependencies'
  local job = redis.pcall('HMGET', prefix .. 'job:' .. id, unpack(WAITING_FIELDS))
  local isDeferred = isWaiting(prefix, id, job[1], job[2])
  if not isDeferred and job[1] ~= 'scheduled' then
    redis.call('HDEL', prefix .. 'unchecked', id)
    return 1
  end
  -- The key may be no set, and the cursor none. Then maintenance looks at the job.
  local page = redis.pcall('SSCAN', key, cursor, 'COUNT', MOST_CHECKED)
  if page.err then
    redis.call('HDEL', prefix .. 'unchecked', id)
    return 1
  end
  for _, dependency in ipairs(page[2]) do
    -- What a scheduled job waits for is checked when it is due.
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

--- Whether steps of release_dependents are left.
local function hasMoreSteps(prefix)
  return (attempt('HLEN', prefix .. 'releasing') or 0) + (attempt('HLEN', prefix .. 'unchecked') or 0) > 0
end
