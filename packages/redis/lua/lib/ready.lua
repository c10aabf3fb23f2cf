--- RQ's ready registry of a queue: jobs whose dependencies are done, and which a Python worker is about to queue.
-- @include lib/broken
-- @include lib/place
-- @include lib/schedule

--- Queue up to `most` of these jobs: those that came there by `latest`, a score. Returns how many entries it removed.
local function drainReady(prefix, queue, latest, most, stamp)
  local readyKey = prefix .. 'ready:' .. queue
  local ids = redis.call('ZRANGEBYSCORE', readyKey, '-inf', latest, 'LIMIT', 0, most)
  for _, id in ipairs(ids) do
    local job = redis.pcall('HMGET', prefix .. 'job:' .. id, 'status', 'enqueue_at_front', 'rate_limit_key',
      'rate_limit_concurrency', 'ttl', 'enqueue_at_front_on_retry', 'ended_at')
    if job[1] == 'ready_to_enqueue' then
      local front = job[2] == '1' or (job[6] == '1' and job[7] and job[7] ~= '')
      place(prefix, id, queue, front, job[3] and job[4] and job[3], job[4], stamp)
      if tonumber(job[5]) then expireAfter(prefix, id, job[5], queue, job[3]) end
    elseif job.err then
      noteBroken(prefix, queue, id)
    end
    redis.call('ZREM', readyKey, id)
  end
  return #ids
end
