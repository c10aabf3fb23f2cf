--- Claim queued jobs and lease them.
-- @include lib/claimed
-- @include lib/execution_ids
-- @lazy lib/claim_any readAny

--- Number of fields of a plain job, which has what every job has, perhaps a `result_ttl` or `waiters`, and no more. The
-- last two are read only to see that they are there: a hash of as many other fields is no plain job. `origin` is its
-- queue, and `last_heartbeat` is empty, as before the first start: a job that ran and was given back is no plain one,
-- since the reply has no place for it. lib/settle_plain counts the fields again.
local PLAIN_FIELDS = 8

local call, try = redis.call, redis.pcall

--- Read a plain job. Returns its values, the last of which may be its `result_ttl`; nothing for any other job, and for
-- a key that is no hash: an error would lose the ids that were taken out of the list with this one.
local function readPlain(key)
  local count = try('HLEN', key)
  local values
  if count == PLAIN_FIELDS then
    values = call('HMGET', key, 'status', 'data', 'created_at', 'enqueued_at', 'timeout', 'description',
      'origin', 'last_heartbeat')
  elseif count == PLAIN_FIELDS + 1 then
    values = call('HMGET', key, 'status', 'data', 'created_at', 'enqueued_at', 'timeout', 'description',
      'origin', 'last_heartbeat', 'result_ttl')
    if not values[9] and call('HEXISTS', key, 'waiters') == 0 then return nil end
  else
    return nil
  end
  local hasAll = values[1] and values[2] and values[3] and values[4] and values[5] and values[6] and values[7]
  if hasAll and values[8] == '' then return values end
end

--- A member that makes Redis keep the leases in a skip list. Redis keeps a small sorted set as a list, and every
-- insertion reads that list, which is slow with many leases. A member of more than 64 bytes turns it into a skip list
-- until the set is empty.
local LONG_MEMBER = string.rep('-', 65)
--- With this many leases at once the extra commands pay.
local MANY_LEASES = 8

--- Add leases to their set. `leases`: end and member in turn. Returns the error of a key that is no sorted set.
local function lease(key, leases)
  local last = #leases
  if last == 0 then return end
  local answer
  if last < 2 * MANY_LEASES then
    answer = redis.pcall('ZADD', key, unpack(leases))
  else
    answer = redis.pcall('ZADD', key, 0, LONG_MEMBER, unpack(leases))
    redis.pcall('ZREM', key, LONG_MEMBER)
  end
  if type(answer) == 'table' then return answer end
end

--- Put claimed jobs back that cannot be leased, if any, and take them and the name of their queue out of the reply,
-- which had `length` strings before.
local function unclaim(prefix, list, leases, claimed, length)
  for at = #leases, 2, -2 do
    local id = string.match(leases[at], '^[^:]+')
    redis.call('HSET', prefix .. 'job:' .. id, 'status', 'queued')
    redis.call('HDEL', prefix .. 'job:' .. id, 'execution_id', 'started_at', 'worker_name')
    redis.call('LPUSH', list, id)
  end
  for at = #claimed, length + 1, -1 do claimed[at] = nil end
end

--- Whether any of the queues named in `ARGV[first..last]` is paused.
local function isAnyPaused(prefix, first, last)
  local keys = {}
  for q = first, last do keys[#keys + 1] = prefix .. 'paused:' .. ARGV[q] end
  return #keys > 0 and redis.call('EXISTS', unpack(keys)) > 0
end

--- How many ids of jobs that cannot start one call drops, at most.
local MOST_DROPPED = 1000

--- Claim up to `want` jobs from the queues named in `ARGV[first..last]`, in that order, or fewer if they are large.
-- Returns them as lib/claimed says; no value of a job has more than `largest` bytes. Drops ids of jobs that cannot
-- start, see lib/claim_any. Returns the word again instead of an empty list when it has dropped so many that it did not
-- come to an end, or the error that kept it from leasing jobs. Skips paused queues.
local function claim(prefix, first, last, want, worker, leaseMs, stamp, executionBase, largest)
  local claimed = {}
  if want <= 0 then return claimed end
  local jobPrefix = prefix .. 'job:'
  local _, nowMs = clock()
  local leaseEnds = leaseScore(nowMs + leaseMs)
  local nextId = executionIds(executionBase, nowMs)
  local dropped, bytes, fault = 0, 0, nil
  local anyPaused = isAnyPaused(prefix, first, last)
  for q = first, last do
    local queue = ARGV[q]
    local list = prefix .. 'queue:' .. queue
    local isPaused = anyPaused and redis.call('EXISTS', prefix .. 'paused:' .. queue) == 1
    while want > 0 and dropped < MOST_DROPPED and not isPaused do
      -- A key that is no list must not end the claim: jobs of other queues may be leased already.
      local ids = redis.pcall('LPOP', list, want)
      if not ids or ids.err then break end
      local leases, m, length = {}, 0, #claimed
      appendQueue(claimed, queue)
      for i = 1, #ids do
        local id = ids[i]
        local key = jobPrefix .. id
        local values = readPlain(key)
        if values and (values[1] ~= 'queued' or #values[2] > largest) then values = nil end
        local fields, size
        if not values then fields, size = readAny(prefix, queue, id, key, leases, largest) end
        if values or fields then
          local execution = nextId()
          local member = id .. ':' .. execution
          call('HSET', key, 'status', 'started', 'started_at', stamp, 'worker_name', worker, 'execution_id', execution)
          if values then
            bytes = bytes + appendPlain(claimed, member, values)
          else
            -- The time to live in the queue does not count once the job has started. It may also be left from an
            -- earlier end.
            if redis.call('PERSIST', key) == 1 then
              redis.call('PERSIST', key .. ':dependents')
              redis.call('PERSIST', prefix .. 'job::' .. id .. ':dependencies')
            end
            appendFull(claimed, id, execution, fields)
            bytes = bytes + size
          end
          leases[m + 1], leases[m + 2] = leaseEnds, member
          m = m + 2
          want = want - 1
        else
          dropped = dropped + 1
        end
        if bytes >= MOST_BYTES then
          for rest = #ids, i + 1, -1 do redis.call('LPUSH', list, ids[rest]) end
          want = 0
          break
        end
      end
      fault = lease(prefix .. 'wip:' .. queue, leases)
      if fault or m == 0 then
        unclaim(prefix, list, leases, claimed, length)
        if fault then break end
      end
    end
  end
  if fault and #claimed == 0 then return fault end
  if dropped >= MOST_DROPPED and #claimed == 0 then return 'again' end
  return claimed
end
