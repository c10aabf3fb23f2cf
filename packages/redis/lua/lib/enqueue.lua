--- Write jobs and put each in its place: what `enqueue` and a tick of cron have in common.
-- @include lib/time
-- @include lib/dependencies
-- @include lib/registries
-- @include lib/schedule

--- Whether this very call already put the job where it is (its reply was lost and the client sent it again).
local function alreadyThere(known, stamp, createdAt, flags)
  if known[2] ~= createdAt then return false end
  if known[1] == stamp then return true end
  -- A scheduled one may have come into its queue, and further, before the call was sent again.
  return string.find(flags, '[si]')
    or (known[3] == 'deferred' and string.find(flags, 'd', 1, true))
    or (known[3] == 'rate_limited' and string.find(flags, 'r', 1, true))
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
-- f = at the front; u = unique; t = ttl seconds; s = due, epoch ms; i = due in ms from now; d = allow failure 0/1, count, ids of
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

    local ttl, due, limit, concurrency, group, worker, leaseMs, execution
    local allowFailure, dependencies = false, NONE
    local front = false
    for n = 1, plain and 0 or #flags do
      local flag = string.sub(flags, n, n)
      if flag == 'f' then
        front = true
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
    if known[2] and not seen[id] and alreadyThere(known, stamp, createdAt, flags) then
      answer = known[3]
      if execution and known[5] == execution then
        answer = 'started'
      elseif answer ~= 'deferred' and answer ~= 'scheduled' and answer ~= 'rate_limited' then
        answer = 'queued'
      end
    elseif known[2] and string.find(flags, 'u', 1, true) then
      answer = 'duplicate'
    elseif #dependencies > 0 and anyCycle(prefix, id, dependencies) then
      answer = 'cycle'
    else
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
      -- The longest wait in the queue begins when the job comes into it, not while it waits for other jobs.
      if ttl and not unmet then expireAfter(prefix, id, due and math.ceil((due - nowMs) / 1000) + ttl or ttl) end
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
