--- What the settlements of one call have in common. What can be written once for all of them is gathered here and
-- written at the end.
-- @include lib/attempt
-- @include lib/time

local function newBatch(prefix, worker, stamp)
  local nowS, nowMs = clock()
  return {
    prefix = prefix,
    worker = worker,
    stamp = stamp,
    nowS = nowS,
    nowMs = nowMs,
    -- One letter for each settlement, as the script's reply has them.
    answers = {},
    applied = 0,
    successful = 0,
    failed = 0,
    -- Leases to remove, by the key of their set.
    leases = {},
    -- Entries of registries, score and job id in turn, by key.
    entries = {},
    -- Jobs that have ended and are kept: their ids, the keys of their dependents, and how they were settled.
    endedIds = {},
    dependentsKeys = {},
    endedBy = {},
    -- Scores of registry entries, by how long these are kept.
    scores = {},
    -- Dependents that were looked at.
    released = 0,
    -- Whether dependents may be left for release_dependents.
    hasMore = false,
    -- How many jobs each of those queues keeps that have limits, and ids of jobs that a process is about to read. Both
    -- are nil if no queue of the batch has limits, see lib/newest.
    limits = nil,
    awaited = nil,
  }
end

--- Whether a queue keeps no job of a kind: its limit is 0.
local function keepsNone(batch, queue, kind)
  local limits = batch.limits and batch.limits[queue]
  return limits and limits[kind] == 0
end

--- Note that a process which waits for a job has to read it: its queue does not delete it in this step.
local function noteAwaited(batch, id)
  if batch.awaited then batch.awaited[id] = true end
end

local function listAt(map, key)
  local list = map[key]
  if not list then
    list = {}
    map[key] = list
  end
  return list
end

local function append(list, value)
  list[#list + 1] = value
end

--- Append to a list of scores and job ids in turn.
local function appendEntry(entries, score, id)
  local n = #entries
  entries[n + 1], entries[n + 2] = score, id
end

--- The score of a registry entry that expires after `keepS` seconds. As a string: Redis is slow to write a number.
local function expiryScore(batch, keepS)
  local score = batch.scores[keepS]
  if not score then
    score = string.format('%d', batch.nowS + keepS)
    batch.scores[keepS] = score
  end
  return score
end

--- Note that a job has ended and is kept. `settlement`: has `keepS`, and `release`, the dependents that may go on.
local function noteEnd(batch, id, key, settlement)
  local n = #batch.endedIds + 1
  batch.endedIds[n], batch.dependentsKeys[n], batch.endedBy[n] = id, key .. ':dependents', settlement
end

--- Add to the counters in the worker's record, unless the record is gone. `workedS`: seconds worked on all the
-- settlements.
local function countForWorker(batch, workedS)
  local key = batch.prefix .. 'worker:' .. batch.worker
  if batch.successful + batch.failed == 0 or redis.call('EXISTS', key) == 0 then return end
  -- Another program may have written what is no number.
  if batch.successful > 0 then redis.pcall('HINCRBY', key, 'successful_job_count', batch.successful) end
  if batch.failed > 0 then redis.pcall('HINCRBY', key, 'failed_job_count', batch.failed) end
  redis.pcall('HINCRBYFLOAT', key, 'total_working_time', workedS * batch.applied / #batch.answers)
end

--- Write what was gathered.
local function writeBatch(batch)
  for key, members in pairs(batch.leases) do attempt('ZREM', key, unpack(members)) end
  for key, entries in pairs(batch.entries) do
    if #entries > 0 then attempt('ZADD', key, unpack(entries)) end
  end
end
