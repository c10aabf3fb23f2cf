--- Read what a job's hash holds, however large what another program has written there.

--- The fields of a job that rq knows. Others are not read from a hash that is large. A function, so that a call that
-- meets no large job makes no table.
local function jobFields()
  return { 'data', 'created_at', 'status', 'origin', 'description', 'enqueued_at', 'started_at', 'ended_at',
    'last_heartbeat', 'worker_name', 'execution_id', 'group_id', 'signature', 'timeout', 'result_ttl', 'failure_ttl',
    'ttl', 'retries_left', 'retry_max', 'retry_on', 'number_of_retries', 'repeats_left', 'repeats_done',
    'abandoned_count', 'returned_ms', 'return_for_ms', 'retry_intervals', 'repeat_intervals',
    'enqueue_at_front_on_retry', 'enqueue_at_front',
    'allow_dependency_failures', 'success_callback_name', 'success_callback_timeout', 'failure_callback_name',
    'failure_callback_timeout', 'failure_callback_when', 'stopped_callback_name', 'stopped_callback_timeout',
    'dependency_id', 'dependency_ids', 'rate_limit_key', 'rate_limit_concurrency', 'unique_key', 'unique_until',
    'webhooks', 'meta', 'results', 'result', 'exc_info' }
end

--- A hash of more fields is not one of ours, and Redis would only estimate its size.
local MOST_FIELDS = 64

--- How much memory the hash takes, if it is no more than `bytes`. False as well where Redis does not say it.
local function usedWithin(key, bytes)
  if redis.call('HLEN', key) > MOST_FIELDS then return false end
  local used = redis.pcall('MEMORY', 'USAGE', key, 'SAMPLES', MOST_FIELDS)
  return type(used) == 'number' and used <= bytes and used
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

--- From a hash that is larger, only the fields are read that a job has, each after its length.
local LARGE = 1024 * 1024

--- How many bytes a field may have for a reader that takes payloads of at most `largest`.
local function mostOf(name, largest)
  if name == 'data' or name == 'meta' or name == 'result' then return math.max(largest, LARGE) end
  -- As long as these lists may be, see the package job.
  if name == 'dependency_ids' then return 4 * LARGE end
  return name == 'webhooks' and 2 * LARGE or LARGE
end

--- A job for a reader that takes payloads of at most `largest` bytes; a limit below 1 MB counts as 1 MB. A longer value
-- is left out, and so is any other that is longer than ours can be. Returns names and values in turn, about how many
-- bytes they have, and names and bytes of those that were left out, or nil.
local function readShown(key, largest)
  local used = usedWithin(key, LARGE)
  if used then return redis.call('HGETALL', key), used end
  local names, bytes, leftOut = {}, 0, {}
  for _, name in ipairs(jobFields()) do
    local length = redis.call('HSTRLEN', key, name)
    if length > mostOf(name, largest) then
      leftOut[#leftOut + 1], leftOut[#leftOut + 2] = name, length
    elseif length > 0 or name == 'data' then
      -- A job has `data`, also if it is empty.
      names[#names + 1], bytes = name, bytes + length
    end
  end
  return #names == 0 and {} or readNamed(key, names), bytes, leftOut
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
  if usedWithin(key, largest) then
    local fields = redis.call('HGETALL', key)
    return fields, bytesOf(fields)
  end
  local short, bytes, longest = {}, 0, 0
  local names = jobFields()
  for _, name in ipairs(names) do
    local length = redis.call('HSTRLEN', key, name)
    bytes = bytes + length
    if length > longest then longest = length end
    if length <= SHORT and name ~= 'data' then short[#short + 1] = name end
  end
  if longest <= largest and bytes <= 2 * largest then return readNamed(key, names), bytes end
  local fields = readNamed(key, short)
  local n = #fields
  fields[n + 1], fields[n + 2], fields[n + 3], fields[n + 4] = 'data', '', 'left_out', tostring(bytes)
  return fields, 0
end
