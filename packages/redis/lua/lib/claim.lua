--- Hand out queued jobs and lease them.
-- @include lib/time

--- Read a job. Returns its status, whether it can be run, 'plain' or 'full', and its values or its whole field list.
-- A plain job has the fields that most jobs have and no others. It is handed over as the values of the first six alone.
local function readJob(key)
  local values = redis.call('HMGET', key, 'data', 'created_at', 'enqueued_at', 'timeout', 'description', 'result_ttl',
    'status', 'origin', 'last_heartbeat')
  local present = 0
  for i = 1, 9 do
    if values[i] then present = present + 1 end
  end
  local status, data = values[7], values[1]
  if present ~= redis.call('HLEN', key) then return status, data, 'full', redis.call('HGETALL', key) end
  -- A reply ends where its table has nothing.
  values[7] = nil
  return status, data, 'plain', values
end

--- Take up to `want` jobs from the queues named in `ARGV[first..last]`, in that order.
-- Ids whose job is gone or not waiting (a list may hold an id twice) are dropped.
-- Returns a flat list: queue, execution id, job id, 'plain' or 'full', values or fields, and so on.
local function claim(prefix, first, last, want, worker, leaseMs, stamp, executionBase)
  local handed = {}
  if want <= 0 then return handed end
  local _, nowMs = clock()
  local leaseEnds = leaseScore(nowMs + leaseMs)
  local serial = firstSerial(nowMs)
  for q = first, last do
    local queue = ARGV[q]
    local list = prefix .. 'queue:' .. queue
    while want > 0 do
      local ids = redis.call('LPOP', list, want)
      if not ids then break end
      local leases = {}
      for i = 1, #ids do
        local id = ids[i]
        local key = prefix .. 'job:' .. id
        local status, data, form, fields = readJob(key)
        if data and (status == 'queued' or status == 'created' or not status) then
          serial = serial + 1
          local execution = executionBase .. string.format('%08x', serial)
          redis.call('HSET', key, 'status', 'started', 'started_at', stamp, 'worker_name', worker, 'execution_id', execution)
          -- A time to live in the queue, or one left from an earlier end, is over when the job starts.
          if form == 'full' and redis.call('PERSIST', key) == 1 then
            redis.call('PERSIST', key .. ':dependents')
            redis.call('PERSIST', prefix .. 'job::' .. id .. ':dependencies')
          end
          local n, m = #handed, #leases
          handed[n + 1], handed[n + 2], handed[n + 3], handed[n + 4], handed[n + 5] = queue, execution, id, form, fields
          leases[m + 1], leases[m + 2] = leaseEnds, id .. ':' .. execution
          want = want - 1
        end
      end
      if #leases > 0 then redis.call('ZADD', prefix .. 'wip:' .. queue, unpack(leases)) end
    end
  end
  return handed
end
