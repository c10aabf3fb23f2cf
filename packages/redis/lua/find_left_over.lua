#!lua flags=no-writes
--- Look at some of the jobs that wait and may expire, for those whose time is over.
-- @key expiring hash rq:expiring
-- @arg prefix string
-- @arg cursor string 0 = from the start
-- @arg most   int about how many to look at
-- @reply {[next: string, queues: string[], ids: string[]]}
--   cursor of the next call, 0 = that was all; queues whose lists may hold ids of such jobs that are gone; ids of all
--   whose time is over, or whose note cannot be read
-- @include lib/expiring
-- @include lib/time

local expiringKey = KEYS[1]
local prefix, cursor, most = ARGV[1], ARGV[2], ARGV[3]

local _, nowMs = clock()
local page = redis.pcall('HSCAN', expiringKey, cursor, 'COUNT', most)
if page.err then return { '0', {}, {} } end
local notes, queues, ids, isListed = page[2], {}, {}, {}
for at = 1, #notes, 2 do
  local id = notes[at]
  local expiresMs, queue = parseNote(notes[at + 1])
  if not expiresMs or expiresMs <= nowMs then
    ids[#ids + 1] = id
    if expiresMs and not isListed[queue] and redis.call('EXISTS', prefix .. 'job:' .. id) == 0
      and redis.call('TYPE', prefix .. 'queue:' .. queue).ok == 'list' then
      isListed[queue] = true
      queues[#queues + 1] = queue
    end
  end
end
return { page[1], queues, ids }
