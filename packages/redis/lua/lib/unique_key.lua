--- Keys of which one job at a time holds each: the hash `unique:<q>` says which, by key. An entry is the id of the job,
-- and perhaps behind a space until when it holds the key at least, in ms. It proves nothing: a reader
-- checks the job, so that an entry that was left behind holds nothing (ADR 52).
-- @include lib/attempt
-- @include lib/time

--- A job in one of these registries is over, whatever status a Python program has saved over it.
local ENDED_BADLY = { 'failed', 'canceled' }

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

--- The id of the job that holds a key now, by its entry; nil if none does. `lasts`: how long a job holds its key, as
-- its field `unique_until` says: to its start, to its end (the default), or for as long as it is stored. One that has
-- failed, was stopped or canceled holds it only if that is as long as it is stored.
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

--- As holderOf, for a key.
local function findHolder(prefix, queue, key, nowMs)
  local entry = attempt('HGET', prefix .. 'unique:' .. queue, key)
  return entry and holderOf(prefix, queue, key, entry, nowMs)
end

--- Let a job hold a key, in the place of any other; `forMs`: at least for this long, or nil.
local function takeKey(prefix, queue, key, id, nowMs, forMs)
  attempt('HSET', prefix .. 'unique:' .. queue, key, forMs and string.format('%s %.0f', id, nowMs + forMs) or id)
end

--- Forget that a job holds a key, if it does. `hasFailed`: also before the time until when it holds it at least.
local function freeKey(prefix, queue, key, id, hasFailed)
  local entries = prefix .. 'unique:' .. queue
  local entry = attempt('HGET', entries, key)
  if entry and (entry == id or (hasFailed and string.sub(entry, 1, #id + 1) == id .. ' ')) then
    redis.call('HDEL', entries, key)
  end
end
