--- Settle attempts that ended as most do: the job has finished, is kept, and has nothing but what every job has.
-- @include lib/settled_batch
-- @include lib/waiters

--- What the plain successes of one queue that are kept for the same time have in common; `keepS` is more than 0, or -1
-- = without end.
local function newPlainGroup(batch, queue, keepS)
  return {
    queue = queue,
    keepS = keepS,
    expires = tonumber(keepS) > 0,
    score = tonumber(keepS) > 0 and expiryScore(batch, keepS) or '+inf',
    release = 'all',
    leases = listAt(batch.leases, batch.prefix .. 'wip:' .. queue),
    entries = listAt(batch.entries, batch.prefix .. 'finished:' .. queue),
  }
end

--- Longer values are not published: many processes may wait for the same job.
local LONGEST_PUBLISHED = 4096

--- What the waiting processes need to know of a success whose value is in the hash: id, worker, execution, times,
-- whether it has a value, and the value. Only the id when the value is too long.
local function successNotice(batch, id, execution, startedAt, endedAt, value)
  if value and #value > LONGEST_PUBLISHED then return id end
  return table.concat({ id, batch.worker, execution, startedAt, endedAt, value and '1' or '0', value or '' }, '\n')
end

--- Returns whether it was settled; else it is for lib/settlement. `value`: false = returned nothing.
local function settlePlain(batch, group, id, execution, startedAt, endedAt, value)
  local key = batch.prefix .. 'job:' .. id
  local held = redis.pcall('HMGET', key, 'execution_id', 'status', 'waiters', 'run_again')
  if held[1] ~= execution or held[2] ~= 'started' or held[4] then return false end
  append(batch.answers, 'a')
  append(group.leases, id .. ':' .. execution)
  batch.applied = batch.applied + 1
  batch.successful = batch.successful + 1
  if value then
    redis.call('HSET', key, 'status', 'finished', 'ended_at', endedAt, 'started_at', startedAt, 'result', value)
  else
    redis.call('HSET', key, 'status', 'finished', 'ended_at', endedAt, 'started_at', startedAt)
  end
  appendEntry(group.entries, group.score, id)
  noteEnd(batch, id, key, group)
  if group.expires then redis.call('EXPIRE', key, group.keepS) end
  if held[3] then
    wake(batch.prefix, id, held[3], successNotice(batch, id, execution, startedAt, endedAt, value))
  end
  return true
end
