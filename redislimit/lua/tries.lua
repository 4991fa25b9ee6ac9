-- What is known of a key, as "count level windowed until last": takes counted since
-- the last clear; takes counted and not forgiven; 1 under a limit with a window; the
-- end of the window or of the wait, 0 if there is none; the latest take. Times are
-- microseconds since 1970.
local pattern = '^(%d+) (%d+) ([01]) (%d+) (%d+)$'

local minute, day = 60 * 1000, 24 * 60 * 60 * 1000 -- in milliseconds, as PX has it
local slack = 5 * minute -- by which the clocks of replicas may differ

local function fresh()
  return {count = 0, level = 0, windowed = 0, ends = 0, last = 0}
end

local function copy(t)
  return {count = t.count, level = t.level, windowed = t.windowed, ends = t.ends, last = t.last, life = t.life}
end

local function read(stored)
  if not stored then
    return fresh()
  end
  local count, level, windowed, ends, last = string.match(stored, pattern)
  if not count then
    error('what is stored is no count of tries')
  end
  return {
    count = tonumber(count), level = tonumber(level), windowed = tonumber(windowed),
    ends = tonumber(ends), last = tonumber(last),
  }
end

local function text(t)
  return string.format('%.0f %.0f %d %.0f %.0f', t.count, t.level, t.windowed, t.ends, t.last)
end

-- The value and its life are one command: nothing can be stored without an end. A
-- tally that was not taken keeps the life that it has.
local function write(key, t)
  if t.count <= 0 then
    redis.call('DEL', key)
  elseif t.life then
    redis.call('SET', key, text(t), 'PX', string.format('%.0f', math.ceil(t.life) + slack))
  else
    redis.call('SET', key, text(t), 'KEEPTTL')
  end
end

local function passed(t, now)
  return t.windowed == 1 and now >= t.ends
end

-- Returns how long to wait, 0 if the take was counted, and the tally as it is then.
local function take(t, now, l)
  t = copy(t)
  if l.window > 0 then
    if t.windowed == 0 or passed(t, now) then
      t = fresh()
      t.windowed, t.ends = 1, now + l.window
    end
    if t.count >= l.free then
      return t.ends - now, t
    end
    t.count, t.last, t.life = t.count + 1, now, (t.ends - now) / 1000
    return 0, t
  end
  if t.windowed == 1 then
    t = fresh()
  end
  if t.ends > now then
    return t.ends - now, t
  end
  now = math.max(now, t.last) -- a clock that was set back: no time has passed
  if l.longest > 0 then
    t.level = t.level - math.min(math.floor((now - t.last) / l.longest), t.level)
  end
  t.count, t.level = t.count + 1, t.level + 1
  t.last, t.ends = now, 0
  local doublings = t.level - l.free
  if doublings >= 0 then
    -- 60 of them exceed every longest wait, and overflow nothing.
    local pause = math.min(l.wait * 2 ^ math.min(doublings, 60), l.longest)
    if pause > 0 then
      t.ends = now + pause
    end
  end
  t.life = math.max(day * math.min(t.count, 30), (t.ends - now) / 1000)
  return 0, t
end

local function refund(t)
  t = copy(t)
  if t.count > 0 then
    t.count, t.level = t.count - 1, math.max(t.level - 1, 0)
    if t.windowed == 0 then
      t.ends = 0
    end
  end
  return t
end
