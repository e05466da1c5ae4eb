#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What the tests of the tools share: results as TAP, and a folder to work in.
# To be sourced.

set -u -o pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
PATH=$top/build/tools:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1

tests=0
failures=0
port=20000
protocol=	# what stands before the names of the tests
listener=	# what try ends after the test

# so that what counts the results can tell two files of tests apart
echo "TAP version 13"

# try NAME COMMAND...: passes if COMMAND succeeds; what it said tells why not
try()
{
	local name="$1"

	shift
	[ -z "$protocol" ] || name="$protocol: $name"
	tests=$((tests + 1))
	port=$((port + 1))
	: >errors
	if "$@" >log 2>&1; then
		echo "ok $tests - $name"
	else
		failures=$((failures + 1))
		sed 's/^/# /' log errors
		echo "not ok $tests - $name"
	fi
	if [ -n "$listener" ]; then
		kill "$listener" 2>/dev/null
		wait "$listener"
		listener=
	fi
}

bound()
{
	grep -qi ": 0100007F:$(printf %04X "$port") " "/proc/net/$protocol"
}

# in_time COMMAND...: waits until COMMAND succeeds
in_time()
{
	local end=$((SECONDS + 30))

	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || {
			echo "waited too long: $*"
			return 1
		}
		sleep 0.05
	done
}

# exits STATUS WORDS COMMAND...: COMMAND ends so, and says one line with WORDS
exits()
{
	local should=$1 words=$2 status=0

	shift 2
	"$@" 2>errors || status=$?
	said "$status" "$should" "$words"
}

# said STATUS SHOULD [WORDS]
said()
{
	if [ "$1" -ne "$2" ]; then
		echo "exit status $1, not $2"
		return 1
	fi
	if [ -z "${3-}" ]; then
		[ ! -s errors ]
	else
		grep -qF -- "$3" errors && [ "$(wc -l <errors)" -eq 1 ]
	fi
}

# end: the plan, and whether all went well
end()
{
	echo "1..$tests"
	[ "$failures" -eq 0 ]
}
