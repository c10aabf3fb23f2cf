#!lua flags=allow-oom
--- Write into a worker's record which jobs it knows by name, unless the record is gone or that of another instance.
-- @key worker hash rq:worker:<w>
-- @arg instance string
-- @arg names    string JSON: the list `names`, and `more`, the number of those that are not in it
-- @reply {flag} 1 if the record was the worker's
-- @include lib/attempt

local workerKey = KEYS[1]
local instance, names = ARGV[1], ARGV[2]

if attempt('HGET', workerKey, 'instance') ~= instance then return 0 end
redis.call('HSET', workerKey, 'job_names', names)
return 1
