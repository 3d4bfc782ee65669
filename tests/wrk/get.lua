-- GETs of the paths in a file, one after the other. Arguments: file, value of the Authorization header.

local paths, header, number = {}, {}, 0

function init(args)
    for line in io.lines(args[1]) do paths[#paths + 1] = line end
    if args[2] then header["Authorization"] = args[2] end
end

function request()
    number = number % #paths + 1
    return wrk.format("GET", paths[number], header)
end

function done(summary, latency)
    local errors = summary.errors
    local wrong = errors.connect + errors.read + errors.write + errors.status + errors.timeout
    io.write(string.format("\nfigures %d %d %d %d %d\n", summary.requests, summary.duration, wrong,
        latency:percentile(50), latency:percentile(99)))
end
