--- The limits of a queue on how many finished and failed jobs it keeps: fields of `configuration:<q>`. The registries
-- are sorted by when their jobs expire, so a queue with a limit has them in the order in which they ended as well:
-- `finished-order:<q>` and `failed-order:<q>`. An entry there may be left over from a job that is in the registry no
-- longer; who takes the oldest looks into the registry, too (ADR 53).
-- @include lib/remove_job

local ORDERED_KINDS = { 'finished', 'failed' }

local function orderOf(prefix, kind, queue)
  return prefix .. kind .. '-order:' .. queue
end

--- A limit; nil for what another program has written that is none.
local function limitOf(word)
  local limit = tonumber(word or nil)
  return limit and limit >= 0 and limit or nil
end

--- How many jobs of each kind a queue keeps at most; without those kinds that have no limit.
local function limitsOf(prefix, queue)
  local found = attempt('HMGET', prefix .. 'configuration:' .. queue, 'keep_finished', 'keep_failed') or {}
  return { finished = limitOf(found[1]), failed = limitOf(found[2]) }
end

--- How many entries of a registry have not expired.
local function countLiving(key, nowS)
  return (attempt('ZCARD', key) or 0) - (attempt('ZCOUNT', key, 0, nowS) or 0)
end

local function isOf(kind, status)
  return status == kind or (kind == 'failed' and status == 'stopped')
end

--- Delete ended jobs of a queue. `removed`: their ids; they are in the registry no longer. A job that is not of this
-- kind any more, since a Python program has enqueued it once more, stays.
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
  -- As lib/registries says of a job that is erased.
  if redis.call('EXISTS', unpack(dependents)) == 0 then return end
  for _, key in ipairs(dependents) do redis.call('EXPIRE', key, YEAR_S) end
end

--- Of the oldest jobs in an order: those to delete, `excess` of them that have not expired, after a look at up to
-- `most`. Drops those from the order that it looks at, but for the ids `spared`, which stay for now. Returns also how
-- many are still too many, as far as their order is known.
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

--- Delete the oldest jobs of a kind that are more than the queue keeps. The arguments and the reply are as above.
local function deleteOldest(prefix, queue, kind, limit, most, stamp, spared)
  local registry, order = prefix .. kind .. ':' .. queue, orderOf(prefix, kind, queue)
  local nowS = clock()
  local living = countLiving(registry, nowS)
  if living <= limit then return 0 end
  -- Jobs that Python workers ended are not in the order until maintenance: those that are must not go in their place.
  local excess = math.min(living, attempt('ZCARD', order) or 0) - limit
  local removed, left = takeOldest(registry, order, excess, most, spared, nowS)
  if #removed > 0 then
    redis.call('ZREM', registry, unpack(removed))
    deleteEnded(prefix, queue, kind, removed, stamp)
  end
  return left
end

--- The limits of the queues named in `list[first..last]`, by queue.
local function readLimits(prefix, list, first, last)
  local limits = {}
  for at = first, last do limits[list[at]] = limitsOf(prefix, list[at]) end
  return limits
end

--- How many more jobs a batch looks at than it has added, so that it makes up for batches that did not know of the
-- limit.
local MORE_AT_ONCE = 50

--- Note the order in which the jobs of a batch ended, and delete the oldest ones, in the queues of `batch.limits`.
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
end
