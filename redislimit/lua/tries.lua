-- What is known of a key, as "count level windowed until last": takes counted since
-- the last Clear; takes counted and not forgiven; 1 under a limit with a window; the
-- end of the window or of the wait, 0 if there is none; the latest take. Times are
-- microseconds since 1970.
local key = KEYS[1]
local pattern = '^(%d+) (%d+) ([01]) (%d+) (%d+)$'

local function fresh()
  return {count = 0, level = 0, windowed = 0, ends = 0, last = 0}
end

-- Returns nothing for an unknown key.
local function read()
  local stored = redis.call('GET', key)
  if not stored then
    return nil
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

-- The value and its life are one command: nothing can be stored without an end.
local function write(t, ...)
  redis.call('SET', key, string.format('%.0f %.0f %d %.0f %.0f', t.count, t.level, t.windowed, t.ends, t.last), ...)
end
