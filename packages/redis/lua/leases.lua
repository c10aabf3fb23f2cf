#!lua flags=no-writes
--- Read the leases of a queue.
-- @key wip zset leases of the queue
-- @reply flat list of member (job id, colon, execution id) and the end of its lease in epoch seconds

local wipKey = KEYS[1]
return redis.call('ZRANGE', wipKey, 0, -1, 'WITHSCORES')
