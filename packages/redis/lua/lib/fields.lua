--- Read what a job's hash holds, however large what another program has written there.

--- The fields of a job that rq knows. Others are not read from a hash that is large.
local FIELDS = { 'data', 'created_at', 'status', 'origin', 'description', 'enqueued_at', 'started_at', 'ended_at',
  'last_heartbeat', 'worker_name', 'execution_id', 'group_id', 'signature', 'timeout', 'result_ttl', 'failure_ttl',
  'ttl', 'retries_left', 'retry_max', 'retry_on', 'number_of_retries', 'repeats_left', 'repeats_done',
  'abandoned_count', 'retry_intervals', 'repeat_intervals', 'enqueue_at_front_on_retry', 'enqueue_at_front', 'allow_dependency_failures',
  'success_callback_name', 'success_callback_timeout', 'failure_callback_name', 'failure_callback_timeout',
  'failure_callback_when',
  'stopped_callback_name', 'stopped_callback_timeout', 'dependency_id', 'dependency_ids', 'rate_limit_key',
  'rate_limit_concurrency', 'unique_key', 'unique_until', 'webhooks', 'meta', 'results', 'result', 'exc_info' }

--- A hash of more fields is not one of ours, and Redis would only estimate its size.
local MOST_FIELDS = 64

--- Whether the hash takes no more memory than that. False as well where Redis does not say it.
local function isWithin(key, bytes)
  if redis.call('HLEN', key) > MOST_FIELDS then return false end
  local used = redis.pcall('MEMORY', 'USAGE', key, 'SAMPLES', MOST_FIELDS)
  return type(used) == 'number' and used <= bytes
end

--- The fields with these names, those that are there: names and values in turn, as HGETALL returns them.
local function readNamed(key, names)
  local fields = {}
  local values = redis.call('HMGET', key, unpack(names))
  for n, name in ipairs(names) do
    if values[n] then fields[#fields + 1], fields[#fields + 2] = name, values[n] end
  end
  return fields
end

--- From a hash that is larger, only the fields are read that a job has.
local LARGE = 1024 * 1024

--- A whole job, for a reader that decides itself what it takes: names and values in turn.
local function readWhole(key)
  return isWithin(key, LARGE) and redis.call('HGETALL', key) or readNamed(key, FIELDS)
end

--- Bytes of names and values in turn.
local function bytesOf(fields)
  local bytes = 0
  for at = 1, #fields do bytes = bytes + #fields[at] end
  return bytes
end

--- What is kept of a job that is too large: fields of at most this many bytes.
local SHORT = 1024

--- A job, whose key has `data`, for a worker that takes values of at most `largest` bytes, and of twice as many
-- together. Of one that is too large: the fields that are short, an empty `data`, and in `left_out` how many bytes it
-- has. Returns names and values in turn, and how many bytes count for the reply.
local function readFields(key, largest)
  if isWithin(key, largest) then
    local fields = redis.call('HGETALL', key)
    return fields, bytesOf(fields)
  end
  local short, bytes, longest = {}, 0, 0
  for _, name in ipairs(FIELDS) do
    local length = redis.call('HSTRLEN', key, name)
    bytes = bytes + length
    if length > longest then longest = length end
    if length <= SHORT and name ~= 'data' then short[#short + 1] = name end
  end
  if longest <= largest and bytes <= 2 * largest then return readNamed(key, FIELDS), bytes end
  local fields = readNamed(key, short)
  local n = #fields
  fields[n + 1], fields[n + 2], fields[n + 3], fields[n + 4] = 'data', '', 'left_out', tostring(bytes)
  return fields, 0
end
