--- Write jobs and put each in its place: what `enqueue` and a tick of cron have in common.
-- @include lib/time
-- @include lib/dependencies
-- @include lib/registries
-- @include lib/results
-- @include lib/schedule

--- Whether this very call already put the job where it is (its reply was lost and the client sent it again).
-- A unique one is told by its token, since two programs may make one in the same moment, any other new one by when it was created:
-- it may have come into its queue, and further, before the call was sent again. One that is enqueued once more is there when this
-- stamp says so, or when it waits already; not when nobody knows of it any more, so that nothing would ever start it. One that this
-- call has given the slot of another job has the stamp as well, and is not there yet.
local function alreadyThere(prefix, id, known, createdAt, call)
  if call.token then return redis.call('HGET', prefix .. 'job:' .. id, 'unique') == call.token end
  if known[2] ~= createdAt then return false end
  if not call.again or (known[1] == call.stamp and not admitted[id]) then return true end
  if known[3] == 'deferred' then
    return #call.dependencies > 0 and firstUnsatisfied(prefix, call.dependencies, call.allowFailure)
  end
  return known[3] == 'rate_limited' and call.limit
    and redis.call('ZSCORE', prefix .. 'rl:' .. call.limit .. ':rate_limited', id)
end

--- Take a job away that another one of its id replaces: out of its place, its group and its rate limit, and it waits for nothing
-- any more. Those that wait for it wait on.
local function replace(prefix, id, known, nowS, stamp)
  leave(prefix, id, known.status, known.origin)
  local dependencies = prefix .. 'job::' .. id .. ':dependencies'
  for _, dependency in ipairs(redis.call('SMEMBERS', dependencies)) do
    redis.call('SREM', prefix .. 'job:' .. dependency .. ':dependents', id)
  end
  local key = prefix .. 'job:' .. id
  local other = redis.call('HMGET', key, 'group_id', 'rate_limit_key')
  leaveGroup(prefix, id, other[1])
  redis.call('DEL', key, dependencies)
  redis.call('PERSIST', key .. ':dependents')
  if other[2] then releaseSlot(prefix, other[2], id, nowS, stamp) end
end

local NONE = {}

local function anyCycle(prefix, id, dependencies)
  if redis.call('EXISTS', prefix .. 'job:' .. id .. ':dependents') == 0 then return false end
  for _, dependency in ipairs(dependencies) do
    if reaches(prefix, dependency, id) then return true end
  end
  return false
end

--- `unpack` takes some thousands at most.
local MOST_PUSHED = 1000

--- Enqueue the jobs that a list of texts describes. Returns one answer for each.
-- Per job: id, queue, flags, number of field texts, field texts, then what the flags announce; or for a plain job, which has
-- nothing but what every job has: id, queue, 'p', created_at, data, description, timeout.
-- f = at the front; a = a job from anywhere once more; u = unique: token of this call; t = ttl seconds; s = due, epoch ms; i = due in ms from now; d = allow failure 0/1, count, ids of
-- dependencies; g = group; r = rate limit key, concurrency; b = lease it at once to: worker, lease in ms, execution id
local function enqueueAll(prefix, queuesKey, stamp, texts)
  local nowS, nowMs = clock()
  local registered = {}
  local seen = {}
  local answers = {}
  -- Plain jobs, which are pushed together, before anything else happens.
  local ready, readyQueue = {}, nil
  local function pushReady()
    if #ready == 0 then return end
    redis.call('RPUSH', prefix .. 'queue:' .. readyQueue, unpack(ready))
    ready = {}
  end
  local at, last = 1, #texts
  while at <= last do
    local id, queue, flags, createdAt, data, description, timeout = unpack(texts, at, at + 6)
    local plain = flags == 'p'
    local firstField, lastField
    if plain then
      at = at + 7
    else
      firstField = at + 4
      lastField = at + 3 + tonumber(texts[at + 3])
      createdAt = texts[firstField + 1]
      at = lastField + 1
    end

    local ttl, due, limit, concurrency, group, worker, leaseMs, execution, token, again
    local allowFailure, dependencies = false, NONE
    local front = false
    for n = 1, plain and 0 or #flags do
      local flag = string.sub(flags, n, n)
      if flag == 'f' then
        front = true
      elseif flag == 'a' then
        again = true
      elseif flag == 'u' then
        token = texts[at]
        at = at + 1
      elseif flag == 't' then
        ttl = tonumber(texts[at])
        at = at + 1
      elseif flag == 's' then
        due = tonumber(texts[at])
        at = at + 1
      elseif flag == 'i' then
        due = nowMs + tonumber(texts[at])
        at = at + 1
      elseif flag == 'd' then
        allowFailure = texts[at] == '1'
        dependencies = {}
        for i = 1, tonumber(texts[at + 1]) do dependencies[i] = texts[at + 1 + i] end
        at = at + 2 + #dependencies
      elseif flag == 'g' then
        group = texts[at]
        at = at + 1
      elseif flag == 'r' then
        limit, concurrency = texts[at], texts[at + 1]
        at = at + 2
      elseif flag == 'b' then
        worker, leaseMs, execution = texts[at], tonumber(texts[at + 1]), texts[at + 2]
        at = at + 3
      end
    end

    -- What is due already is not scheduled at all.
    if due and due <= nowMs then due = nil end

    local key = prefix .. 'job:' .. id
    local known = NONE
    local exists = redis.call('EXISTS', key) == 1
    if exists or not plain or queue ~= readyQueue or #ready == MOST_PUSHED then pushReady() end
    if exists then
      known = redis.call('HMGET', key, 'enqueued_at', 'created_at', 'status', 'origin', 'execution_id')
    end
    local answer
    local call = known[2] and { token = token, again = again, stamp = stamp, dependencies = dependencies,
      allowFailure = allowFailure, limit = limit }
    if call and not seen[id] and alreadyThere(prefix, id, known, createdAt, call) then
      answer = known[3]
      if execution and known[5] == execution then
        answer = 'started'
      elseif answer ~= 'deferred' and answer ~= 'scheduled' and answer ~= 'rate_limited' then
        answer = 'queued'
      end
    elseif known[2] and token then
      answer = 'duplicate'
    elseif #dependencies > 0 and anyCycle(prefix, id, dependencies) then
      answer = 'cycle'
    else
      -- The same job, not another one of its id.
      local hasHistory = known[3] == 'finished' and known[2] == createdAt and keepSuccess(prefix, id)
      if known[2] then
        replace(prefix, id, { status = known[3], origin = known[4] or queue }, nowS, stamp)
      end
      if not registered[queue] then
        registered[queue] = true
        redis.call('SADD', queuesKey, prefix .. 'queue:' .. queue)
      end

      local unmet = #dependencies > 0 and firstUnsatisfied(prefix, dependencies, allowFailure) ~= nil
      if unmet or (due and #dependencies > 0) then waitFor(prefix, id, dependencies) end

      if plain then
        redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp, 'created_at', createdAt, 'data', data,
          'origin', queue, 'last_heartbeat', '', 'description', description, 'timeout', timeout)
        ready[#ready + 1], readyQueue = id, queue
        answer = 'queued'
      elseif due then
        redis.call('HSET', key, 'status', 'scheduled', unpack(texts, firstField, lastField))
        if front then redis.call('HSET', key, 'enqueue_at_front', 1) end
        schedule(prefix, queue, id, due)
        answer = 'scheduled'
      elseif unmet then
        redis.call('HSET', key, 'status', 'deferred', unpack(texts, firstField, lastField))
        if front then redis.call('HSET', key, 'enqueue_at_front', 1) end
        redis.call('ZADD', prefix .. 'deferred:' .. queue, deferredScore(), id)
        answer = 'deferred'
      elseif execution then
        redis.call('HSET', key, 'status', 'started', 'enqueued_at', stamp, 'started_at', stamp, 'worker_name', worker,
          'execution_id', execution, unpack(texts, firstField, lastField))
        redis.call('ZADD', prefix .. 'wip:' .. queue, leaseScore(nowMs + leaseMs), id .. ':' .. execution)
        answer = 'started'
      elseif limit then
        redis.call('HSET', key, 'status', 'created', unpack(texts, firstField, lastField))
        answer = place(prefix, id, queue, front, limit, concurrency, nowS, stamp)
      else
        redis.call('HSET', key, 'status', 'queued', 'enqueued_at', stamp, unpack(texts, firstField, lastField))
        push(prefix, queue, id, front)
        answer = 'queued'
      end
      if token then redis.call('HSET', key, 'unique', token) end
      if hasHistory then redis.call('HSET', key, 'results', 'stream') end
      -- The longest wait in the queue begins when the job comes into it, not while it waits for other jobs.
      if ttl and not unmet and answer ~= 'started' then expireAfter(prefix, id, due and math.ceil((due - nowMs) / 1000) + ttl or ttl) end
      if group then
        redis.call('SADD', prefix .. 'groups', group)
        redis.call('SADD', prefix .. 'group:' .. group, id)
      end
    end
    seen[id] = true
    answers[#answers + 1] = answer
  end
  pushReady()
  return answers
end
