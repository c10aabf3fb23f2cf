--- Settle attempts that ended as most do: the job has finished, is kept, and has nothing but what every job has.
-- @include lib/settled_batch
-- @include lib/waiters

--- What the plain successes of one queue that are kept for the same time have in common. `keepS`: more than 0, or -1 =
-- without end. `fieldCount`: how many fields they had after their claim, if they had only those that lib/claim knows;
-- else 0.
local function newPlainGroup(batch, queue, keepS, fieldCount)
  return {
    queue = queue,
    keepS = keepS,
    fieldCount = tonumber(fieldCount),
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
  if value and #value > LONGEST_PUBLISHED then
    noteAwaited(batch, id)
    return id
  end
  return table.concat({ id, batch.worker, execution, startedAt, endedAt, value and '1' or '0', value or '' }, '\n')
end

--- How many values a plain success has.
local PLAIN_WIDTH = 5

--- Whether each of the successes in `list[first..last]` is in the registry of canceled jobs; nil if that is not known.
local function findCanceled(batch, queue, list, first, last)
  local key = batch.prefix .. 'canceled:' .. queue
  if redis.call('EXISTS', key) == 0 then return {} end
  local ids = {}
  for at = first, last, PLAIN_WIDTH do ids[#ids + 1] = list[at] end
  local scores = redis.pcall('ZMSCORE', key, unpack(ids))
  return not scores.err and scores or nil
end

--- Settle the plain successes of a group in `list[first..last]`: id, execution, startedAt, endedAt and value of each;
-- a value of false = returned nothing. Those that have more to them are left to `settleAny`, which is called with these
-- values.
--
-- A job that has as many fields as after its claim has no waiters and no note to run again, and no other program has
-- saved it. Then its execution says that it is the same job and still ours: other claims and recoveries write their
-- own, and a job that took its id has none. Who cancels a job leaves its execution, but lists it as canceled (ADR 36).
local function settlePlainGroup(batch, group, list, first, last, settleAny)
  local call, try, prefix = redis.call, redis.pcall, batch.prefix
  local jobPrefix, fieldCount, score = prefix .. 'job:', group.fieldCount, group.score
  local keepS = group.expires and group.keepS
  local leases, entries, answers = group.leases, group.entries, batch.answers
  local ids, dependentsKeys, endedBy = batch.endedIds, batch.dependentsKeys, batch.endedBy
  local a, l, e, n = #answers, #leases, #entries, #ids
  -- A job that is not kept at its end is not plain.
  local isPlain = not keepsNone(batch, group.queue, 'finished')
  local canceled = fieldCount > 0 and isPlain and findCanceled(batch, group.queue, list, first, last)
  local settled, index = 0, 0
  for at = first, last, PLAIN_WIDTH do
    local id, execution, startedAt, endedAt, value = list[at], list[at + 1], list[at + 2], list[at + 3], list[at + 4]
    local key = jobPrefix .. id
    local isOurs, waiters = false, nil
    index = index + 1
    if canceled and not canceled[index] and try('HLEN', key) == fieldCount then
      isOurs = call('HGET', key, 'execution_id') == execution
    elseif isPlain then
      local held = try('HMGET', key, 'execution_id', 'status', 'waiters', 'run_again', 'messages')
      isOurs = held[1] == execution and held[2] == 'started' and not held[4] and not held[5]
      waiters = held[3]
    end
    if isOurs then
      if value then
        call('HSET', key, 'status', 'finished', 'ended_at', endedAt, 'started_at', startedAt, 'result', value)
      else
        call('HSET', key, 'status', 'finished', 'ended_at', endedAt, 'started_at', startedAt)
      end
      if keepS then call('EXPIRE', key, keepS) end
      answers[a + 1], leases[l + 1] = 'a', id .. ':' .. execution
      entries[e + 1], entries[e + 2] = score, id
      ids[n + 1], dependentsKeys[n + 1], endedBy[n + 1] = id, key .. ':dependents', group
      a, l, e, n = a + 1, l + 1, e + 2, n + 1
      settled = settled + 1
      if waiters then wake(prefix, id, waiters, successNotice(batch, id, execution, startedAt, endedAt, value)) end
    else
      settleAny(id, execution, startedAt, endedAt, value)
      a, l, e, n = #answers, #leases, #entries, #ids
    end
  end
  batch.applied, batch.successful = batch.applied + settled, batch.successful + settled
end
