--- Jobs that wait and may expire. Redis removes the hash of such a job when its time is over, but not its id from where
-- it waits: its queue, the schedule, or a rate limit. The hash `expiring` says, by id, when a job expires and where it
-- waits, so that what is left of its id is found before another job takes the id (ADR 25). A note may be out of date: a
-- Python worker that takes the job leaves it. What it says counts only when there is no job of the id.
-- A key of another type is as good as none: it must not keep jobs from being enqueued or claimed.

--- Note that a job expires. `limit`: false or nil for a job without a rate limit.
local function noteExpiring(prefix, id, expiresMs, queue, limit)
  redis.pcall('HSET', prefix .. 'expiring', id, cjson.encode({ expiresMs, queue, limit or nil }))
end

--- The job does not wait any more, or does not expire.
local function forgetExpiring(prefix, id)
  redis.pcall('HDEL', prefix .. 'expiring', id)
end

--- When a job expires in ms, its queue and its rate limit, or nil; nothing if the note cannot be read.
local function parseNote(note)
  local isJson, parts = pcall(cjson.decode, note)
  if isJson and type(parts) == 'table' and type(parts[1]) == 'number' and type(parts[2]) == 'string' then
    return parts[1], parts[2], type(parts[3]) == 'string' and parts[3] or nil
  end
end

--- As parseNote; nothing if the job has no note.
local function readExpiring(prefix, id)
  local note = redis.pcall('HGET', prefix .. 'expiring', id)
  if note and not note.err then return parseNote(note) end
end

--- Remove what an expired job has left of its id. There is no job of this id.
local function removeLeftOver(prefix, id)
  local expiresMs, queue, limit = readExpiring(prefix, id)
  if not expiresMs then return end
  redis.pcall('LREM', prefix .. 'queue:' .. queue, 0, id)
  redis.pcall('ZREM', prefix .. 'scheduled:' .. queue, id)
  if limit then redis.pcall('ZREM', prefix .. 'rl:' .. limit .. ':rate_limited', id) end
  forgetExpiring(prefix, id)
end
