-- SPDX-License-Identifier: GPL-2.0
--
-- The operations of a datagram socket from Lua: by luasocket and lua-posix, and
-- for the filters of sources, which neither has, by calls of C (LuaJIT's ffi).

local socket = require("socket")
local posix = require("posix.sys.socket")
local poll = require("posix.poll")
local fcntl = require("posix.fcntl")
local unistd = require("posix.unistd")
local errno = require("posix.errno")
local ffi = require("ffi")

ffi.cdef [[
int setsockopt(int, int, int, const void *, unsigned int);
int inet_pton(int, const char *, void *);
unsigned int if_nametoindex(const char *);
struct ip_mreq_source { uint32_t group, interface, source; };
struct sockaddr_any { uint16_t family; char rest[126]; };
struct group_source_req { uint32_t interface; uint32_t pad; struct sockaddr_any group, source; };
]]

local SOL_IP, IPV6 = 0, 41
local IP_UNBLOCK_SOURCE, IP_BLOCK_SOURCE = 37, 38
local IP_ADD_SOURCE_MEMBERSHIP, IP_DROP_SOURCE_MEMBERSHIP = 39, 40
local MCAST_BLOCK_SOURCE, MCAST_UNBLOCK_SOURCE = 43, 44
local MCAST_JOIN_SOURCE_GROUP, MCAST_LEAVE_SOURCE_GROUP = 46, 47
local PATIENCE, SILENCE = 20, 0.2

local index = ffi.C.if_nametoindex("veth0")
assert(index > 0)

local four = {
	make = socket.udp4, family = posix.AF_INET, any = "0.0.0.0", lo = "127.0.0.1",
	own = "192.0.2.1", other = "192.0.2.7", group = "239.1.2.4", ssm = "232.1.2.4",
	prefix = "ip", ttl = "ip-multicast-ttl", ifname = "192.0.2.1", ifoption = "192.0.2.1",
}
local six = {
	make = socket.udp6, family = posix.AF_INET6, any = "::", lo = "::1",
	own = "2001:db8::1", other = "2001:db8::7", group = "ff15::1:2:4", ssm = "ff35::1:2:4",
	prefix = "ipv6", ttl = "ipv6-multicast-hops", ifname = index,
}

local count = 0

local function same(is, should, what)
	if is ~= should then
		error(("%s: %s, not %s"):format(what, tostring(is), tostring(should)), 2)
	end
	count = count + 1
end

local opened = {}

local function make(net)
	local one = assert(net.make())
	table.insert(opened, one)
	return one
end

local function bound(net, address, port)
	local one = make(net)
	assert(one:setsockname(address or net.any, port or 0))
	local _, got = one:getsockname()
	return one, tonumber(got)
end

-- What comes to one within a time, and from whom
local function comes(one, text, seconds)
	one:settimeout(PATIENCE)
	local data, from = one:receivefrom()
	same(data, text, "received")
	return from
end

local function silent(one)
	one:settimeout(SILENCE)
	same(select(2, one:receivefrom()), "timeout", "an error of receivefrom")
end

local function address(net, text)
	local bytes = ffi.new("char[16]")
	assert(ffi.C.inet_pton(net.family, text, bytes) == 1)
	return bytes
end

-- setsockopt of a membership by source, for both versions of IP
local function source_option(net, one, name4, name6, source, group)
	local value, level, name
	if net == four then
		value, level, name = ffi.new("struct ip_mreq_source"), SOL_IP, name4
		ffi.copy(ffi.cast("char *", value), address(net, group), 4)
		ffi.copy(ffi.cast("char *", value) + 4, address(net, net.own), 4)
		ffi.copy(ffi.cast("char *", value) + 8, address(net, source), 4)
	else
		value, level, name = ffi.new("struct group_source_req"), IPV6, name6
		value.interface = index
		value.group.family, value.source.family = net.family, net.family
		ffi.copy(value.group.rest + 6, address(net, group), 16)
		ffi.copy(value.source.rest + 6, address(net, source), 16)
	end
	local done = ffi.C.setsockopt(one:getfd(), level, name, value, ffi.sizeof(value))
	assert(done == 0, ("setsockopt %d: errno %d"):format(name, ffi.errno()))
end

local function mcastif(net, one)
	if net == four then
		assert(one:setoption("ip-multicast-if", net.ifoption))
	else
		local value = ffi.new("int[1]", index)
		assert(ffi.C.setsockopt(one:getfd(), IPV6, posix.IPV6_MULTICAST_IF, value, 4) == 0)
	end
end

local function member(net, what, one, group)
	local option = ("%s-%s-membership"):format(net.prefix, what)
	assert(one:setoption(option, { multiaddr = group, interface = net.ifname }))
end

local checks = {}

-- sendto and recvfrom, with a time to wait and without
function checks.exchange(net)
	local server, port = bound(net, net.lo)
	local client, own = bound(net, net.lo)
	for _, seconds in ipairs { 0, 1, PATIENCE } do
		client:settimeout(seconds)
		same(client:sendto("hello", net.lo, port), 5, "sent")
		server:settimeout(PATIENCE)
		local data, from, from_port = server:receivefrom()
		same(data, "hello", "received")
		same(from, net.lo, "from")
		same(tonumber(from_port), own, "from port")
	end
	same(client:sendto("", net.lo, port), 0, "sent")
	same(server:receivefrom(), "", "received")
	-- a part of a long one
	client:sendto(("x"):rep(8000), net.lo, port)
	same(#server:receivefrom(100), 100, "received")
end

function checks.timeouts(net)
	local one = bound(net, net.lo)
	for _, seconds in ipairs { 0, 0.3 } do
		one:settimeout(seconds)
		local began = socket.gettime()
		same(select(2, one:receivefrom()), "timeout", "an error of receivefrom")
		local took = socket.gettime() - began
		same(took > seconds - 0.01 and took < seconds + 10, true, "its time")
	end
	same(#socket.select({ one }, nil, 0.1), 0, "ready")
	local port = select(2, one:getsockname())
	one:sendto("to itself", net.lo, tonumber(port))
	same(#socket.select({ one }, nil, PATIENCE), 1, "ready")
	comes(one, "to itself")
end

function checks.peer(net)
	local server, port = bound(net, net.lo)
	local client = make(net)
	assert(client:setpeername(net.lo, port))
	same(tonumber((select(2, client:getpeername()))), port, "the port of the peer")
	same(client:send("hello"), 5, "sent")
	same(comes(server, "hello"), net.lo, "from")
	assert(client:setpeername("*"))
	assert(client:setpeername(net.lo, 9))
	client:send("nobody")
	client:settimeout(PATIENCE)
	same(select(2, client:receive()), "connection refused", "an error of receive")
end

function checks.membership(net)
	local receiver, port = bound(net)
	local sender = bound(net, net.own)
	mcastif(net, sender)
	member(net, "add", receiver, net.group)
	sender:sendto("joined", net.group, port)
	same(comes(receiver, "joined"), net.own, "from")
	member(net, "drop", receiver, net.group)
	sender:sendto("left", net.group, port)
	silent(receiver)
end

function checks.loop(net)
	local receiver, port = bound(net)
	local sender = bound(net, net.own)
	mcastif(net, sender)
	member(net, "add", receiver, net.group)
	assert(sender:setoption(net.prefix .. "-multicast-loop", false))
	sender:sendto("not here", net.group, port)
	silent(receiver)
	assert(sender:setoption(net.prefix .. "-multicast-loop", true))
	same(sender:getoption(net.prefix .. "-multicast-loop"), true, "loop")
	sender:sendto("here", net.group, port)
	comes(receiver, "here")
end

function checks.ttl(net)
	local receiver, port = bound(net)
	local sender = bound(net, net.own)
	mcastif(net, sender)
	member(net, "add", receiver, net.group)
	for _, ttl in ipairs { 0, 1, 255 } do
		assert(sender:setoption(net.ttl, ttl))
		sender:sendto("ttl " .. ttl, net.group, port)
		comes(receiver, "ttl " .. ttl)
	end
end

function checks.join_source(net)
	local receiver, port = bound(net)
	local sender = bound(net, net.own)
	mcastif(net, sender)
	local join = { IP_ADD_SOURCE_MEMBERSHIP, MCAST_JOIN_SOURCE_GROUP }
	local leave = { IP_DROP_SOURCE_MEMBERSHIP, MCAST_LEAVE_SOURCE_GROUP }
	source_option(net, receiver, join[1], join[2], net.other, net.ssm)
	sender:sendto("of another", net.ssm, port)
	silent(receiver)
	source_option(net, receiver, join[1], join[2], net.own, net.ssm)
	sender:sendto("of this one", net.ssm, port)
	comes(receiver, "of this one")
	source_option(net, receiver, leave[1], leave[2], net.own, net.ssm)
	sender:sendto("left", net.ssm, port)
	silent(receiver)
end

function checks.block_source(net)
	local receiver, port = bound(net)
	local sender = bound(net, net.own)
	mcastif(net, sender)
	member(net, "add", receiver, net.group)
	source_option(net, receiver, IP_BLOCK_SOURCE, MCAST_BLOCK_SOURCE, net.own, net.group)
	sender:sendto("blocked", net.group, port)
	silent(receiver)
	source_option(net, receiver, IP_UNBLOCK_SOURCE, MCAST_UNBLOCK_SOURCE, net.own, net.group)
	sender:sendto("unblocked", net.group, port)
	comes(receiver, "unblocked")
end

function checks.broadcast(net)
	local sender = bound(net)
	if net == six then
		assert(sender:setoption("broadcast", true))	-- has no effect
		return
	end
	local receiver, port = bound(net)
	same(select(2, sender:sendto("refused", "192.0.2.255", port)), "permission denied",
	     "an error of sendto")
	assert(sender:setoption("broadcast", true))
	same(sender:getoption("broadcast"), true, "broadcast")
	sender:sendto("to all", "192.0.2.255", port)
	comes(receiver, "to all")
end

function checks.options(net)
	local one, port = bound(net, net.lo)
	local two = make(net)
	same(select(2, two:setsockname(net.lo, port)), "address already in use",
	     "an error of setsockname")
	one:close()
	for _, option in ipairs { "reuseaddr", "reuseport" } do
		local pair = {}
		for i = 1, 2 do
			pair[i] = make(net)
			assert(pair[i]:setoption(option, true))
			assert(pair[i]:setsockname(net.lo, port))
		end
		for i = 1, 2 do pair[i]:close() end
	end
	assert(two:setoption("recv-buffer-size", 20000))
	same(two:getoption("recv-buffer-size"), 40000, "the receive buffer")
	assert(two:setoption("dontroute", true))
end

-- The same by lua-posix, whose sockets are descriptors
function checks.posix(net)
	local function open()
		local fd = assert(posix.socket(net.family, posix.SOCK_DGRAM, posix.IPPROTO_UDP))
		assert(posix.bind(fd, { family = net.family, addr = net.lo, port = 0 }))
		return fd, assert(posix.getsockname(fd))
	end
	local one, first = open()
	local two, second = open()
	assert(posix.setsockopt(one, posix.SOL_SOCKET, posix.SO_RCVTIMEO, 0, 200000))
	same(select(3, posix.recvfrom(one, 100)), errno.EAGAIN, "errno of recvfrom")
	same(poll.rpoll(one, 100), 0, "ready")
	same(posix.sendto(two, "hello", first), 5, "sent")
	same(poll.rpoll(one, 1000 * PATIENCE), 1, "ready")
	local data, from = posix.recvfrom(one, 100)
	same(data, "hello", "received")
	same(from.port, second.port, "from port")
	same(from.addr, net.lo, "from")
	assert(posix.connect(one, second))
	same(posix.send(one, "back"), 4, "sent")
	same(posix.recv(two, 100), "back", "received")
	fcntl.fcntl(one, fcntl.F_SETFL, fcntl.O_NONBLOCK)
	same(select(3, posix.recv(one, 100)), errno.EAGAIN, "errno of recv")
	assert(posix.shutdown(one, posix.SHUT_RDWR))
	unistd.close(one)
	unistd.close(two)
end

local names = {}
for name in pairs(checks) do table.insert(names, name) end
table.sort(names)

for version, net in pairs { IPv4 = four, IPv6 = six } do
	for _, name in ipairs(names) do
		local good, why = xpcall(checks[name], debug.traceback, net)
		if not good then
			print(("%s: %s: %s"):format(version, name, why))
			os.exit(1)
		end
		for _, one in ipairs(opened) do one:close() end
		opened = {}
	end
end
print(count .. " values are right")
