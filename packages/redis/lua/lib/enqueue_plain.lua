--- Enqueue jobs that have nothing but what every job has, unless one of them is there already; then the script goes on, for which
-- nothing has been done. This comes before all else in its script: to make the functions of the other files, which happens at each
-- call, takes longer than this does for a single job.
if ARGV[4] == '1' then
  local prefix, stamp, texts = ARGV[1], ARGV[2], cmsgpack.unpack(ARGV[3])
  local keys, count = {}, 0
  for at = 1, #texts, 7 do
    count = count + 1
    keys[count] = prefix .. 'job:' .. texts[at]
  end
  if redis.call('EXISTS', unpack(keys)) == 0 then
    local queue, ready, waiting = nil, {}, 0
    for n = 1, count do
      local id, itsQueue, _, createdAt, data, description, timeout = unpack(texts, 7 * n - 6, 7 * n)
      if itsQueue ~= queue then
        if waiting > 0 then redis.call('RPUSH', prefix .. 'queue:' .. queue, unpack(ready, 1, waiting)) end
        queue, waiting = itsQueue, 0
        redis.call('SADD', KEYS[1], prefix .. 'queue:' .. queue)
      end
      redis.call('HSET', keys[n], 'status', 'queued', 'enqueued_at', stamp, 'created_at', createdAt, 'data', data,
        'origin', queue, 'last_heartbeat', '', 'description', description, 'timeout', timeout)
      waiting = waiting + 1
      ready[waiting] = id
    end
    redis.call('RPUSH', prefix .. 'queue:' .. queue, unpack(ready, 1, waiting))
    return count
  end
end
