--- Results of runs before the latest one (ADR 1).
-- @include lib/time

--- Add an entry to a results stream. A key that cannot have another entry is replaced: it is of another type, or its
-- last id is the last one that there is.
local function addResult(key, fields)
  local answer = redis.pcall('XADD', key, 'MAXLEN', 10, '*', unpack(fields))
  if not answer.err then return end
  redis.call('UNLINK', key)
  redis.call('XADD', key, 'MAXLEN', 10, '*', unpack(fields))
end

--- Copy the success in the hash of a finished job to its results stream, because the job will run again. The value is
-- copied as it is, into fields of ours: Lua in Redis has no base64. The next result sets another expiry. Returns
-- whether there was one.
local function keepSuccess(prefix, id)
  local job = redis.call('HMGET', prefix .. 'job:' .. id, 'execution_id', 'worker_name', 'started_at', 'ended_at',
    'result', 'results')
  local key = prefix .. 'results:' .. id
  -- A job that a Python program enqueued has its results in the stream, and no field that says so.
  local isInStream = job[6] == 'stream' or (not job[5] and redis.call('EXISTS', key) == 1)
  if not job[1] or isInStream then return false end
  local fields = { 'type', 1, 'execution_id', job[1], 'worker_name', job[2] or '', 'started_at', job[3] or '',
    'ended_at', job[4] or '' }
  if job[5] then fields[11], fields[12] = 'value', job[5] end
  addResult(key, fields)
  redis.call('EXPIRE', key, YEAR_S)
  return true
end
