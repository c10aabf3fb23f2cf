#!lua
--- Give a scheduled job another time.
-- @key job hash rq:job:<id>
-- @arg prefix string
-- @arg id     string
-- @arg due    int epoch ms
-- @reply {'done' | 'missing' | 'refused'} refused: not scheduled
-- @include lib/schedule

local jobKey = KEYS[1]
local prefix, id, due = ARGV[1], ARGV[2], tonumber(ARGV[3])

local job = redis.call('HMGET', jobKey, 'created_at', 'origin', 'ttl', 'status')
if not job[1] then return 'missing' end
-- A job in another status may have left an entry. A job without a status was only saved, by a Python program.
local waits = not job[4] or job[4] == 'scheduled' or job[4] == 'created'
if not waits or not job[2] or not redis.call('ZSCORE', prefix .. 'scheduled:' .. job[2], id) then return 'refused' end
schedule(prefix, job[2], id, due)
local _, nowMs = clock()
local ttlS = tonumber(job[3])
if ttlS and ttlS > 0 then expireAfter(prefix, id, math.max(0, math.ceil((due - nowMs) / 1000)) + ttlS) end
return 'done'
