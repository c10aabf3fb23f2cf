--- Who has the name of a cron scheduler, and its record.
-- @include lib/attempt
-- @include lib/time

--- The instance other than `instance` that has a name and counts as alive; nil if there is none. One of ours is alive
-- for `leaseMs` after its last heartbeat. Other programs' write no `instance`, and are alive for `staleMs`; for them
-- `lastBeat` is nil.
local function otherScheduler(schedulersKey, recordKey, name, instance, nowMs, leaseMs, staleMs)
  local beat = attempt('ZSCORE', schedulersKey, name)
  local known = attempt('HMGET', recordKey, 'hostname', 'instance') or {}
  if not beat or not known[1] or known[2] == instance then return nil end
  local isOurs = known[2] ~= false
  local leftMs = math.ceil(tonumber(beat) * 1000) + (isOurs and leaseMs or staleMs) - nowMs
  if leftMs <= 0 then return nil end
  return { lastBeat = isOurs and beat or nil, leftMs = leftMs }
end

--- List a scheduler and write its record, of which nothing by another instance is left. `fields`: names and values, in
-- turn.
local function writeScheduler(schedulersKey, recordKey, name, instance, nowMs, ttlS, fields)
  if attempt('HGET', recordKey, 'instance') ~= instance then redis.call('DEL', recordKey) end
  attempt('ZADD', schedulersKey, score(nowMs), name)
  redis.call('HSET', recordKey, 'instance', instance, unpack(fields))
  redis.call('EXPIRE', recordKey, ttlS)
end
