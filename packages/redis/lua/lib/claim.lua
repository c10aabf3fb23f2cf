--- Hand out queued jobs and lease them.
-- @include lib/time

--- Take up to `want` jobs from the queues named in `ARGV[first..last]`, in that order.
-- Ids whose job is gone or not waiting (a list may hold an id twice) are dropped.
-- Returns a flat list: queue, execution id, fields of the job, and so on.
local function claim(prefix, first, last, want, worker, leaseMs, stamp, executionBase)
  local handed = {}
  if want <= 0 then return handed end
  local _, nowMs = clock()
  local leaseEnds = score(nowMs + leaseMs)
  local serial = 0
  for q = first, last do
    local queue = ARGV[q]
    local list = prefix .. 'queue:' .. queue
    local leases = {}
    while want > 0 do
      local ids = redis.call('LPOP', list, want)
      if not ids then break end
      for i = 1, #ids do
        local id = ids[i]
        local key = prefix .. 'job:' .. id
        local state = redis.call('HMGET', key, 'status', 'data')
        if state[2] and (state[1] == 'queued' or state[1] == 'created' or not state[1]) then
          serial = serial + 1
          local execution = executionBase .. string.format('%08x', serial)
          local fields = redis.call('HGETALL', key)
          fields[#fields + 1] = 'id'
          fields[#fields + 1] = id
          redis.call('HSET', key, 'status', 'started', 'started_at', stamp, 'worker_name', worker, 'execution_id', execution)
          redis.call('PERSIST', key)
          leases[#leases + 1] = leaseEnds
          leases[#leases + 1] = id .. ':' .. execution
          handed[#handed + 1] = queue
          handed[#handed + 1] = execution
          handed[#handed + 1] = fields
          want = want - 1
        end
      end
      if #leases > 0 then
        redis.call('ZADD', prefix .. 'wip:' .. queue, unpack(leases))
        leases = {}
      end
    end
  end
  return handed
end
